"""How lasers change between far-apart modes: plain, tempered, with synapses that tire."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import label_posterior
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.lasers.depression import Depression
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_neuron
from lasersampling.sampling.neurons.tempering import Tempering
from lasersampling.statistics import jackknife_error, total_variation
from lasersampling.statistics.mixing import coverage, draws_per_independent, held_modes, switches

WAYS = {
    "plain": {},
    "tempered": {"tempering": Tempering()},
    "depressed": {"depression": Depression(utilisation=0.01, recovery_time_ns=70.0)},
    "compensated": {
        "depression": Depression(utilisation=0.01, recovery_time_ns=70.0, reference_interval_ns=2.5)
    },
}
CERTAIN = 0.8
GROUP, WITHIN, BETWEEN = 4, 1.4, -1.4
POINTS = 600
NUMBERS = {
    "switches": "changes of mode per us of laser time; per 400 sweeps of Gibbs",
    "coverage": "fraction of the modes that a chain visits",
    "cost_ns": "laser time per independent mode; sweeps of Gibbs",
    "tv": "total variation of the frequencies of modes, from the reference",
}


class Case(NamedTuple):
    """A machine with modes: which mode a state is in, and how often it should be."""

    title: str
    machine: ls.BoltzmannMachine
    n_modes: int
    modes: Callable[[np.ndarray], np.ndarray]
    expected: np.ndarray | None


def two_groups() -> Case:
    """Two groups that support themselves and suppress each other; exactly known."""
    sign = np.repeat([1.0, -1.0], GROUP)
    weights = np.where(np.outer(sign, sign) > 0.0, WITHIN, BETWEEN)
    np.fill_diagonal(weights, 0.0)
    # The second group is a little more likely, so that a bias would show.
    biases = -0.5 * weights.sum(axis=1) - 0.1 * sign
    machine = ls.BoltzmannMachine(weights, biases)

    def modes(states: np.ndarray) -> np.ndarray:
        balance = states[..., :GROUP].sum(axis=-1) - states[..., GROUP:].sum(axis=-1, dtype=int)
        return np.where(np.abs(balance) >= GROUP // 2, (balance < 0).astype(int), -1)

    every = (np.arange(4**GROUP)[:, None] >> np.arange(2 * GROUP)) & 1
    found, law = modes(every), ls.exact_distribution(machine)
    expected = np.array([law[found == mode].sum() for mode in (0, 1)])
    return Case("two groups of four", machine, 2, modes, expected / expected.sum())


def digits() -> Case:
    """The shipped machine of digits: ten labels, as the machine itself reads the pixels."""
    machine = load_picture_model("digits").machine

    def modes(states: np.ndarray) -> np.ndarray:
        images = states[..., : machine.n_visible].reshape(-1, machine.n_visible)
        posterior = label_posterior(machine, images)
        label = np.where(posterior.max(axis=1) >= CERTAIN, posterior.argmax(axis=1), -1)
        return label.reshape(states.shape[:-1])

    return Case("digits, 134 lasers", machine, machine.n_label, modes, None)


def measured(case: Case, samples: ls.Samples, expected: np.ndarray) -> tuple[dict, np.ndarray]:
    """Each of `NUMBERS` with its error over chains, and the modes of the chains."""
    found = case.modes(samples.states)
    n_draws = samples.n_draws
    per_draw = samples.interval_ns or 1.0
    # A Gibbs sweep stands for a refractory time of 2.5 ns.
    duration_us = n_draws * (samples.interval_ns or 2.5) * 1e-3
    held = held_modes(found)
    each = np.stack([(found == mode).sum(axis=1) for mode in range(case.n_modes)], axis=1)
    # Chains that were never in a mode count for none.
    each = each[each.sum(axis=1) > 0]
    shares = each / each.sum(axis=1, keepdims=True)

    def jackknifed(function: Callable[[np.ndarray], float]) -> tuple[float, float]:
        rows = np.arange(len(each))
        left_out = [function(rows[rows != row]) for row in rows]
        return function(rows), float(jackknife_error(left_out))

    def of_chains(values: np.ndarray) -> tuple[float, float]:
        return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))

    def deviation(rows: np.ndarray) -> float:
        return total_variation(each[rows].sum(axis=0) / each[rows].sum(), expected)

    return {
        "switches": of_chains(switches(found) / duration_us),
        "coverage": of_chains(coverage(found, case.n_modes)),
        "cost_ns": jackknifed(lambda rows: per_draw * draws_per_independent(shares[rows], n_draws)),
        "tv": jackknifed(deviation),
    }, held


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path("results/mixing.h5"),
    duration_ns: Annotated[float, typer.Option(min=100.0, help="Laser time per chain.")] = 4000.0,
    chains: Annotated[int, typer.Option(min=4, help="Chains of each way.")] = 24,
    sweeps: Annotated[int, typer.Option(min=100, help="Gibbs sweeps per chain.")] = 4000,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    only: Annotated[str | None, typer.Option(help="groups or digits; both by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the chains.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Compare ways to change between modes, for two machines, and Gibbs sampling beside them."""
    makers = {"groups": two_groups, "digits": digits}
    if only is not None and only not in makers:
        raise ls.InputError.single("--only", repr(only), "groups or digits")
    if smoke:
        duration_ns, chains, sweeps, only = 200.0, 4, 200, only or "groups"
    reporter = Reporter(quiet=False, as_json=False)
    lasers = {name: ls.Lasers(device, interval_ns=2.5, **way) for name, way in WAYS.items()}
    names = [*lasers, "gibbs"]
    config = to_toml({
        "duration_ns": duration_ns, "chains": chains, "sweeps": sweeps, "device": device,
        "ways": WAYS,
    })  # fmt: skip
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        inputs=[device],
        figures=["mixing"],
    ) as file:
        with reporter.progress(f"calibrating {device} (once)") as progress:
            calibration = lasers["plain"].calibrated(progress)
        write_neuron(file, lasers["plain"].neuron)
        write_calibration(file, calibration)
        shown = {name: make for name, make in makers.items() if only in (None, name)}
        for key, make in shown.items():
            case = make()
            # Gibbs has the reference of what cannot be counted out: longer, and another seed.
            gibbs = ls.Gibbs(burn_in=sweeps // 4)
            expected = case.expected
            if expected is None:
                long = ls.Gibbs(burn_in=sweeps // 4, thin=20)
                reference = long.sample(
                    case.machine, sweeps // 4, n_chains=4 * chains, seed=seed + 1
                )
                found = case.modes(reference.states)
                expected = (
                    np.bincount(found[found >= 0], minlength=case.n_modes) / (found >= 0).sum()
                )
            strips = np.full((len(names), POINTS), -1)
            table = {name: np.empty((len(names), 2)) for name in NUMBERS}
            for row, name in enumerate(names):
                with reporter.progress(f"{case.title}: {name}") as progress:
                    if name == "gibbs":
                        samples = gibbs.sample(
                            case.machine, sweeps, n_chains=chains, seed=seed, progress=progress
                        )
                    else:
                        samples = lasers[name].sample(
                            case.machine, lasers[name].draws_in(duration_ns), n_chains=chains,
                            seed=seed, progress=progress,
                        )  # fmt: skip
                numbers, modes = measured(case, samples, expected)
                # One sweep for a refractory time, so that all strips have one axis.
                per_draw = samples.interval_ns or 2.5
                at = (np.arange(POINTS) * duration_ns / POINTS / per_draw).astype(int)
                strips[row] = modes[0, np.minimum(at, samples.n_draws - 1)]
                for what, (value, error) in numbers.items():
                    table[what][row] = value, error
                    file.metric(
                        f"{key}_{name}_{what}", value, error,
                        description=f"{case.title}, {name}: {NUMBERS[what]}",
                    )  # fmt: skip
                    print(f"{key} {name} {what}: {value:.4g} +- {error:.2g}", flush=True)
            for what, values in table.items():
                file.write(f"mixing/{key}_{what}", values[:, 0], ("way",), units="1",
                           description=NUMBERS[what])  # fmt: skip
                file.write(f"mixing/{key}_{what}_se", values[:, 1], ("way",), units="1",
                           description="its standard error over chains")  # fmt: skip
            file.write(f"mixing/{key}_strips", strips, ("way", "point"), units="1",
                       description="mode of a chain over time, -1 for none yet")  # fmt: skip
            file.attributes("mixing", {f"{key}_title": case.title})
        file.write("mixing/way", names, ("way",), units="1", description="how it is sampled")
        file.attributes("mixing", {"duration_ns": duration_ns, "cases": ", ".join(shown)})
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
