"""What imperfections cost: machines translated, learned in the loop, and learned elsewhere."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import Target, target_from_table
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.hardware import Imperfections, load_imperfections
from lasersampling.results import ResultsFile
from lasersampling.results.figures import save_figures
from lasersampling.results.records import write_calibration, write_neuron
from lasersampling.sampling.laser_sampler import Lasers
from lasersampling.training.distribution_learning import LearningSettings, learn

N_UNITS = 5
WAYS = ("translation", "learned", "moved")


class Kind(NamedTuple):
    """An imperfection, its strengths, and what has such a strength."""

    label: str
    strengths: tuple[float, ...]
    tables: Callable[[float], dict[str, Any]]


def kinds(tau_ns: float) -> dict[str, Kind]:
    def mismatch(quantity: str) -> Callable[[float], dict[str, Any]]:
        return lambda std: {quantity: {"mismatch": {"std": std}}}

    return {
        "pump": Kind("pump mismatch", (0.005, 0.01, 0.02, 0.05), mismatch("pump")),
        "threshold": Kind("threshold mismatch", (0.005, 0.01, 0.02, 0.05), mismatch("threshold")),
        "coupling": Kind("coupling mismatch", (0.1, 0.2, 0.4), mismatch("coupling")),
        "bits": Kind(
            "bits per weight", (5, 4, 3, 2), lambda n: {"coupling": {"grid": {"bits": int(n)}}}
        ),
        "jitter": Kind(
            "jitter (tau)", (0.1, 0.2, 0.4), lambda s: {"spikes": {"jitter_std": s * tau_ns}}
        ),
        "lost": Kind("lost spikes", (0.05, 0.1, 0.2), lambda p: {"spikes": {"lost": p}}),
    }


class Trial:
    """One target: its machine, and the machine that an ideal device learned for it."""

    def __init__(self, number: int, device: str, settings: LearningSettings, n_draws: int) -> None:
        self._number, self._device, self._n_draws = number, device, n_draws
        self._settings = settings
        self._translated = ls.BoltzmannMachine.random(N_UNITS, seed=number)
        self._target: Target = target_from_table(ls.exact_distribution(self._translated))
        self._from_ideal = self._learned(ls.Lasers(device))
        self.ideal = self._divergence(ls.Lasers(device), self._from_ideal)

    def divergences(self, imperfections: Imperfections) -> list[float]:
        """D_KL on an imperfect chip for each of `WAYS`."""
        lasers = ls.Lasers(
            self._device, imperfections=imperfections, chip_seed=self._number, burn_in_ns=50.0
        )
        machines = (self._translated, self._learned(lasers), self._from_ideal)
        return [self._divergence(lasers, machine) for machine in machines]

    def _learned(self, lasers: Lasers) -> ls.BoltzmannMachine:
        found = learn(
            self._target, self._translated, self._settings, sampler=lasers, seed=self._number
        )
        return found.machine

    def _divergence(self, lasers: Lasers, machine: ls.BoltzmannMachine) -> float:
        samples = lasers.sample(machine, self._n_draws, n_chains=24, seed=1000 + self._number)
        return ls.kl_divergence(samples.histogram(), self._target.probabilities)


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/imperfect_lasers.h5"
    ),
    machines: Annotated[int, typer.Option(min=2, help="Machines of seeds SEED, ...")] = 5,
    updates: Annotated[int, typer.Option(min=2, help="Updates of learning.")] = 100,
    duration_ns: Annotated[float, typer.Option(min=1.0, help="Time per chain, 24 chains.")] = 5000,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    only: Annotated[
        list[str] | None, typer.Option(help="Kind of imperfection; all by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="First seed of machines and chips.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of half an hour.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Compare three ways to program imperfect lasers, for each imperfection and its strength."""
    chains, draws = 64, 128
    if smoke:
        machines, updates, duration_ns, chains, draws = 2, 2, 50.0, 8, 8
    reporter = Reporter(quiet=False, as_json=False)
    ideal = ls.Lasers(device)
    todo = kinds(ideal.neuron.refractory_time_ns)
    unknown = set(only or ()) - set(todo)
    if unknown:
        raise ls.InputError.single("--only", ", ".join(unknown), f"of {', '.join(todo)}")
    if smoke:
        todo = {name: kind._replace(strengths=kind.strengths[:2]) for name, kind in todo.items()}
        only = only or ["pump"]
    todo = {name: kind for name, kind in todo.items() if name in (only or todo)}
    settings = LearningSettings(
        gradient="pcd", n_updates=updates, n_chains=chains, n_draws=draws, final_learning_rate=0.05
    )
    config = to_toml(
        {"machines": machines, "duration_ns": duration_ns, "device": device, "learning": settings}
    )
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out, command=command, seed=seed, config=config, overwrite=overwrite
    ) as file:
        with reporter.progress(f"calibrating {device} (once)") as progress:
            calibration = ideal.calibrated(progress)
        cases = [(name, s, kind.tables(s)) for name, kind in todo.items() for s in kind.strengths]
        imperfections = [Imperfections(**tables) for _, _, tables in cases]
        imperfections.append(load_imperfections("laboratory"))
        found = np.empty((len(imperfections), machines, len(WAYS)))
        best = np.empty(machines)
        with reporter.progress("sampling and learning") as progress:
            for m in range(machines):
                trial = Trial(seed + m, device, settings, ideal.draws_in(duration_ns))
                best[m] = trial.ideal
                for k, imperfect in enumerate(imperfections):
                    found[k, m] = trial.divergences(imperfect)
                    progress((m + (k + 1) / len(imperfections)) / machines)
        write_neuron(file, ideal.neuron)
        write_calibration(file, calibration)
        write(file, todo, cases, found, best)
    for path in [out, *save_figures(out, ["imperfections"])]:
        print(f"written: {path}")


def write(
    file: ResultsFile,
    todo: dict[str, Kind],
    cases: list[tuple[str, float, dict[str, Any]]],
    found: np.ndarray,
    best: np.ndarray,
) -> None:
    """Write all divergences, (strength, machine), and tell those of the laboratory's set."""
    for name, kind in todo.items():
        own = [k for k, (kind_name, _, _) in enumerate(cases) if kind_name == name]
        dim = f"strength_{name}"
        file.write(
            f"imperfect/{name}_strength", kind.strengths, (dim,), units="1", description=kind.label
        )
        for way, values in zip(WAYS, found[own].transpose(2, 0, 1), strict=True):
            about = f"D_KL, nats: {kind.label}, {way}"
            file.write(
                f"imperfect/{name}_kl_{way}", values, (dim, "machine"), units="1", description=about
            )
        file.attributes("imperfect", {f"{name}_label": kind.label})
    about = "D_KL, nats: learned and sampled on the ideal device"
    file.write("imperfect/kl_ideal", best, ("machine",), units="1", description=about)
    for name, values in [("ideal", best), *zip(WAYS, found[-1].T, strict=True)]:
        error = values.std(ddof=1) / np.sqrt(len(values))
        about = f"median D_KL, nats: {name}, " + ("learned" if name == "ideal" else "laboratory")
        file.metric(f"kl_{name}", float(np.median(values)), error, description=about)
        print(f"{about}: {np.median(values):.4f} +- {error:.4f}, worst {values.max():.4f}")


if __name__ == "__main__":
    run(main)
