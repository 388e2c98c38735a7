"""How lasers change between distant modes: plain, with tempering, with short-term depression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.boltzmann import label_posterior
from lasersampling.experiments import Run, chosen_of, kept, option
from lasersampling.sampling import Sampler
from lasersampling.statistics import (
    coverage,
    draws_per_independent,
    held_modes,
    jackknife_error,
    switches,
)

Array = NDArray[Any]
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "tempered": {"tempering": ls.Tempering()},
    "depressed": {"depression": ls.Depression(utilisation=0.01, recovery_time_ns=70.0)},
    "compensated": {
        "depression": ls.Depression(
            utilisation=0.01, recovery_time_ns=70.0, reference_interval_ns=2.5
        )
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
    modes: Callable[[Array], Array]
    expected: Array | None


def two_groups() -> Case:
    """Two groups that support themselves and suppress each other; exactly known."""
    sign = np.repeat([1.0, -1.0], GROUP)
    weights = np.where(np.outer(sign, sign) > 0.0, WITHIN, BETWEEN)
    np.fill_diagonal(weights, 0.0)
    # The second group is a little more likely, so that a bias would show.
    biases = -0.5 * weights.sum(axis=1) - 0.1 * sign
    machine = ls.BoltzmannMachine(weights, biases)

    def modes(states: Array) -> Array:
        balance = states[..., :GROUP].sum(axis=-1) - states[..., GROUP:].sum(axis=-1, dtype=int)
        return np.where(np.abs(balance) >= GROUP // 2, (balance < 0).astype(int), -1)

    every = (np.arange(4**GROUP)[:, None] >> np.arange(2 * GROUP)) & 1
    found, law = modes(every), ls.exact_distribution(machine)
    expected = np.array([law[found == mode].sum() for mode in (0, 1)])
    return Case("two groups of four", machine, 2, modes, expected / expected.sum())


def digits() -> Case:
    """The shipped machine of digits: ten labels, as the machine itself reads the pixels."""
    machine = ls.load_picture_model("digits").machine

    def modes(states: Array) -> Array:
        images = states[..., : machine.n_visible].reshape(-1, machine.n_visible)
        posterior = label_posterior(machine, images)
        label = np.where(posterior.max(axis=1) >= CERTAIN, posterior.argmax(axis=1), -1)
        return label.reshape(states.shape[:-1])

    return Case("digits, 134 lasers", machine, machine.n_label, modes, None)


def measured(
    case: Case, samples: ls.Samples, expected: Array
) -> tuple[dict[str, tuple[float, float]], Array]:
    """Each of `NUMBERS` with its error over chains, and the modes of the chains."""
    found = case.modes(samples.states)
    n_draws = samples.n_draws
    per_draw = samples.interval_ns or 1.0
    # A Gibbs sweep counts as a refractory time of 2.5 ns.
    duration_us = n_draws * (samples.interval_ns or 2.5) * 1e-3
    held = held_modes(found)
    each = np.stack([(found == mode).sum(axis=1) for mode in range(case.n_modes)], axis=1)
    # Chains that were never in a mode count for none.
    each = each[each.sum(axis=1) > 0]
    shares = each / each.sum(axis=1, keepdims=True)

    def jackknifed(function: Callable[[Array], float]) -> tuple[float, float]:
        rows = np.arange(len(each))
        left_out = [function(rows[rows != row]) for row in rows]
        return function(rows), float(jackknife_error(left_out))

    def of_chains(values: Array) -> tuple[float, float]:
        return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))

    def deviation(rows: Array) -> float:
        return ls.total_variation(each[rows].sum(axis=0) / each[rows].sum(), expected)

    return {
        "switches": of_chains(switches(found) / duration_us),
        "coverage": of_chains(coverage(found, case.n_modes)),
        "cost_ns": jackknifed(lambda rows: per_draw * draws_per_independent(shares[rows], n_draws)),
        "tv": jackknifed(deviation),
    }, held


MACHINES = {"groups": two_groups, "digits": digits}


@dataclass(frozen=True)
class Settings:
    """Compare methods to change between modes with Gibbs sampling, for two machines."""

    duration_ns: float = option(4000.0, "Laser time per chain.", min=100.0)
    chains: int = option(24, "Chains of each way.", min=4)
    sweeps: int = option(4000, "Gibbs sweeps per chain.", min=100)
    device: str = option("D6", "Device file or name.")
    only: tuple[str, ...] = option((), "groups or digits; both by default.")

    def __post_init__(self) -> None:
        chosen_of(MACHINES, self.only)

    def smallest(self) -> Settings:
        only = self.only or ("groups",)
        return replace(self, duration_ns=200.0, chains=4, sweeps=200, only=only)


def main(settings: Settings, run: Run) -> None:
    lasers = {
        name: ls.Lasers(settings.device, interval_ns=2.5, **way) for name, way in WAYS.items()
    }
    samplers: dict[str, tuple[Sampler, int]] = {
        name: (own, own.draws_in(settings.duration_ns)) for name, own in lasers.items()
    }
    samplers["gibbs"] = ls.Gibbs(burn_in=settings.sweeps // 4), settings.sweeps
    names = list(samplers)
    config = {
        "duration_ns": settings.duration_ns, "chains": settings.chains,
        "sweeps": settings.sweeps, "device": settings.device, "ways": WAYS,
    }  # fmt: skip
    with run.results(config) as file:
        run.calibrate(file, lasers["plain"])
        shown = chosen_of(MACHINES, settings.only)
        for key in shown:
            case = MACHINES[key]()
            expected = case.expected
            if expected is None:
                # Gibbs sampling is the reference where states cannot be enumerated: longer, and
                # with another seed.
                long = ls.Gibbs(burn_in=settings.sweeps // 4, thin=20)
                reference = kept(
                    "samples",
                    partial(
                        long.sample,
                        case.machine,
                        settings.sweeps // 4,
                        n_chains=4 * settings.chains,
                        seed=run.seed + 1,
                    ),
                )
                found = case.modes(reference.states)
                expected = (
                    np.bincount(found[found >= 0], minlength=case.n_modes) / (found >= 0).sum()
                )
            strips = np.full((len(names), POINTS), -1)
            table = {name: np.empty((len(names), 2)) for name in NUMBERS}
            for row, (name, (sampler, n_draws)) in enumerate(samplers.items()):
                with run.progress(f"{case.title}: {name}") as progress:
                    samples = kept(
                        "samples",
                        partial(
                            sampler.sample,
                            case.machine,
                            n_draws,
                            n_chains=settings.chains,
                            seed=run.seed,
                            progress=progress,
                        ),
                    )
                numbers, modes = measured(case, samples, expected)
                # One sweep for a refractory time, so that all strips have one axis.
                per_draw = samples.interval_ns or 2.5
                at = (np.arange(POINTS) * settings.duration_ns / POINTS / per_draw).astype(int)
                strips[row] = modes[0, np.minimum(at, samples.n_draws - 1)]
                for what, (value, error) in numbers.items():
                    table[what][row] = value, error
                    file.metric(
                        f"{key}_{name}_{what}", value, error,
                        description=f"{case.title}, {name}: {NUMBERS[what]}",
                    )  # fmt: skip
                    print(f"{key} {name} {what}: {value:.4g} +- {error:.2g}")
            for what, values in table.items():
                file.write(f"mixing/{key}_{what}", values[:, 0], ("way",), units="1",
                           description=NUMBERS[what])  # fmt: skip
                file.write(f"mixing/{key}_{what}_se", values[:, 1], ("way",), units="1",
                           description="its standard error over chains")  # fmt: skip
            file.write(f"mixing/{key}_strips", strips, ("way", "point"), units="1",
                       description="mode of a chain over time, -1 for none yet")  # fmt: skip
            file.attributes("mixing", {f"{key}_title": case.title})
        file.write("mixing/way", names, ("way",), units="1", description="how it is sampled")
        file.attributes("mixing", {"duration_ns": settings.duration_ns, "cases": ", ".join(shown)})


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["mixing"])
