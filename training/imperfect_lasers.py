"""What imperfections cost: lasers translated, adapted, learning in the loop, and elsewhere."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import Target, target_from_machine
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.hardware import Imperfections, load_imperfections
from lasersampling.learning.loop import train
from lasersampling.learning.machines.contrastive import distribution_task
from lasersampling.learning.machines.settings import DistributionLearning
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_neuron
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.statistics import distribution_ess, kl_floor

N_UNITS = 5
WAYS = ("translation", "adapted", "learned", "moved")
ADAPTATION = {"n_rounds": 6, "n_draws": 500}
"""Rounds in the network of an imperfect chip; its weights stay those of the machine."""

LABORATORY = "laboratory"
ALL_AT_ONCE = "5 % pump, 10 % coupling mismatch, 5 bits, jitter 0.1 tau"


class Kind(NamedTuple):
    """An imperfection, its strengths, and what has such a strength."""

    label: str
    strengths: tuple[float, ...]
    made: Callable[[float], Imperfections]


def kinds(tau_ns: float) -> dict[str, Kind]:
    """All kinds by name: the set of the targets, and single ones in several strengths."""

    def mismatch(quantity: str) -> Callable[[float], Imperfections]:
        return lambda std: Imperfections(**{quantity: {"mismatch": {"std": std}}})

    def spikes(name: str, unit: float) -> Callable[[float], Imperfections]:
        return lambda strength: Imperfections(spikes={name: strength * unit})

    def bits(number: float) -> Imperfections:
        return Imperfections(coupling={"grid": {"bits": int(number)}})

    return {
        LABORATORY: Kind(ALL_AT_ONCE, (1.0,), lambda _: load_imperfections(LABORATORY)),
        "pump": Kind("pump mismatch", (0.005, 0.015, 0.05), mismatch("pump")),
        "threshold": Kind("threshold mismatch", (0.005, 0.015, 0.05), mismatch("threshold")),
        "coupling": Kind("coupling mismatch", (0.1, 0.2, 0.4), mismatch("coupling")),
        "bits": Kind("bits per weight", (5, 4, 3), bits),
        "jitter": Kind("jitter (tau)", (0.1, 0.2, 0.4), spikes("jitter_std", tau_ns)),
        "lost": Kind("lost spikes", (0.05, 0.1, 0.2), spikes("lost", 1.0)),
    }


class Stages(NamedTuple):
    """Settings of learning: biases, which free lasers that are stuck; all; biases once more.

    A mismatch of 5 % is of the order of three logits. While a laser is stuck its covariances are
    zero and would drive its couplings astray; the last stage makes up for the rounding of weights.
    """

    first: DistributionLearning
    all: DistributionLearning
    last: DistributionLearning

    @classmethod
    def of(cls, n_updates: int, n_chains: int, n_draws: int) -> Stages:
        """Give the stages; so many updates in the last two."""
        n_last = n_updates // 4
        size = {"gradient": "pcd", "n_chains": n_chains}
        return cls(
            DistributionLearning(
                **size, n_draws=max(1, n_draws // 4), n_updates=min(30, n_updates),
                learning_rate=4.0, final_learning_rate=1.0, momentum=0.0, averaged_share=0.0,
            ),
            # The average leaves out what comes before momentum and couplings have settled.
            DistributionLearning(
                **size, n_draws=n_draws, n_updates=n_updates - n_last,
                learning_rate=0.5, final_learning_rate=0.1, momentum=0.8, averaged_share=0.4,
            ),
            DistributionLearning(
                **size, n_draws=n_draws, n_updates=n_last,
                learning_rate=1.0, final_learning_rate=0.3, momentum=0.0, averaged_share=0.75,
            ),
        )  # fmt: skip


class Trial:
    """One target: its machine, and the machine that an ideal device learned for it."""

    def __init__(
        self,
        number: int,
        device: str,
        stages: Stages,
        n_draws: int,
        adaptation: dict[str, int],
    ) -> None:
        self._number, self._device, self._n_draws = number, device, n_draws
        self._adaptation = adaptation
        self._stages = stages
        self._translated = ls.BoltzmannMachine.random(N_UNITS, seed=number)
        self._target: Target = target_from_machine(self._translated)
        lasers = self._lasers(None)
        self._from_ideal = self._learned(lasers)
        self.ideal_translated, _ = self._divergence(lasers, self._translated)
        self.ideal, self.floor = self._divergence(lasers, self._from_ideal)

    def divergences(self, imperfections: Imperfections) -> list[float]:
        """D_KL on an imperfect chip for each of `WAYS`."""
        lasers = self._lasers(imperfections)
        adapted = ls.adapt(lasers, self._translated, seed=self._number, **self._adaptation)
        ways = {
            "translation": (lasers, self._translated),
            "adapted": (adapted, self._translated),
            "learned": (lasers, self._learned(lasers)),
            "moved": (lasers, self._from_ideal),
        }
        return [self._divergence(*ways[way])[0] for way in WAYS]

    def _lasers(self, imperfections: Imperfections | None) -> Lasers:
        return ls.Lasers(
            self._device, imperfections=imperfections, chip_seed=self._number, burn_in_ns=50.0
        )

    def _learned(self, lasers: Lasers) -> ls.BoltzmannMachine:
        machine = self._translated
        for stage, settings in enumerate(self._stages):
            task = distribution_task(
                self._target, machine, settings, sampler=lasers, seed=500 * stage + self._number
            )
            learned = task.named_parameters()
            # The first and the last stage leave the couplings as they are.
            chosen = learned.values() if settings is self._stages.all else [learned["biases"]]
            train(task, settings.descent(chosen), n_epochs=settings.n_epochs)
            machine = task.result()
        return machine

    def _divergence(self, lasers: Lasers, machine: ls.BoltzmannMachine) -> tuple[float, float]:
        """D_KL of samples, and what exact samples of the same effective size would show."""
        samples = lasers.sample(machine, self._n_draws, n_chains=24, seed=1000 + self._number)
        table = self._target.probabilities
        floor = kl_floor(table.size, distribution_ess(samples.states))
        return ls.kl_divergence(samples.histogram(), table), floor


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/imperfect_lasers.h5"
    ),
    machines: Annotated[int, typer.Option(min=2, help="Machines with all at once.")] = 8,
    sweep_machines: Annotated[int, typer.Option(min=2, help="Machines for single kinds.")] = 3,
    updates: Annotated[int, typer.Option(min=4, help="Updates of learning.")] = 100,
    duration_ns: Annotated[float, typer.Option(min=1.0, help="Time per chain, 24 chains.")] = 10000,
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
    """Compare four ways to program imperfect lasers, for each imperfection and its strength."""
    chains, draws, adaptation = 64, 128, ADAPTATION
    if smoke:
        machines, sweep_machines, updates, duration_ns, chains, draws = 2, 2, 4, 50.0, 8, 8
        adaptation = {"n_rounds": 1, "n_draws": 20}
        only = only or [LABORATORY, "bits"]
    reporter = Reporter(quiet=False, as_json=False)
    ideal = ls.Lasers(device)
    todo = kinds(ideal.neuron.refractory_time_ns)
    unknown = set(only or ()) - set(todo)
    if unknown:
        raise ls.InputError.single("--only", ", ".join(unknown), f"of {', '.join(todo)}")
    todo = {name: kind for name, kind in todo.items() if name in (only or todo)}
    if smoke:
        todo = {name: kind._replace(strengths=kind.strengths[:2]) for name, kind in todo.items()}
    numbers = {name: machines if name == LABORATORY else sweep_machines for name in todo}
    stages = Stages.of(updates, chains, draws)
    config = to_toml({
        "machines": machines, "sweep_machines": sweep_machines, "duration_ns": duration_ns,
        "device": device, "learning": stages._asdict(), "adaptation": adaptation,
    })  # fmt: skip
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        inputs=[device],
        figures=["imperfections"],
    ) as file:
        with reporter.progress(f"calibrating {device} (once)") as progress:
            calibration = ideal.calibrated(progress)
        n_draws = ideal.draws_in(duration_ns)
        found = {name: np.empty((len(todo[name].strengths), numbers[name], len(WAYS)))
                 for name in todo}  # fmt: skip
        trials: list[Trial] = []
        n_cases = sum(values[..., 0].size for values in found.values())
        done = 0
        with reporter.progress("sampling and learning") as progress:
            for m in range(max(numbers.values())):
                trial = Trial(seed + m, device, stages, n_draws, adaptation)
                trials.append(trial)
                print(f"machine {seed + m}, ideal: translation {trial.ideal_translated:.5f}, "
                      f"learned {trial.ideal:.5f}", flush=True)  # fmt: skip
                for name, kind in todo.items():
                    if m >= numbers[name]:
                        continue
                    for k, strength in enumerate(kind.strengths):
                        found[name][k, m] = trial.divergences(kind.made(strength))
                        ways = ", ".join(map("{} {:.5f}".format, WAYS, found[name][k, m]))
                        print(f"machine {seed + m}, {kind.label} {strength:g}: {ways}", flush=True)
                        done += 1
                        progress(done / n_cases)
        write_neuron(file, ideal.neuron)
        write_calibration(file, calibration)
        write(file, todo, found, trials)
    for path in file.draw():
        print(f"written: {path}")


def write(
    file: ResultsFile, todo: dict[str, Kind], found: dict[str, np.ndarray], trials: list[Trial]
) -> None:
    """Write all divergences, (strength, machine), and tell their medians."""
    for name, values, about in (
        ("kl_ideal_translated", [trial.ideal_translated for trial in trials], "ideal, translation"),
        ("kl_ideal", [trial.ideal for trial in trials], "ideal, learned"),
        ("kl_floor", [trial.floor for trial in trials], "exact samples of equal effective size"),
    ):
        file.write(
            f"imperfect/{name}", values, ("machine",), units="1", description=f"D_KL, nats: {about}"
        )
        tell(file, name, about, np.array(values))
    for name, kind in todo.items():
        dims = (f"strength_{name}", "machine" if name == LABORATORY else "sweep_machine")
        file.write(
            f"imperfect/{name}_strength",
            kind.strengths,
            dims[:1],
            units="1",
            description=kind.label,
        )
        file.attributes("imperfect", {f"{name}_label": kind.label})
        for way, values in zip(WAYS, found[name].transpose(2, 0, 1), strict=True):
            about = f"{kind.label}, {way}"
            file.write(
                f"imperfect/{name}_kl_{way}", values, dims, units="1",
                description=f"D_KL, nats: {about}",
            )  # fmt: skip
            for strength, own in zip(kind.strengths, values, strict=True):
                tell(file, f"kl_{name}_{strength:g}_{way}", f"{about}, {strength:g}", own)


def tell(file: ResultsFile, name: str, about: str, values: np.ndarray) -> None:
    """Write and print the median over machines."""
    median, error = float(np.median(values)), float(values.std(ddof=1) / np.sqrt(len(values)))
    file.metric(name, median, error, description=f"median D_KL, nats: {about}")
    print(f"median D_KL, nats: {about}: {median:.5f} +- {error:.5f}, worst {values.max():.5f}")


if __name__ == "__main__":
    run(main)
