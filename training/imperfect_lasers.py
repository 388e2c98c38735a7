"""Cost of imperfections: lasers translated, adapted, learned in the loop, and transferred."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.experiments import Run, chosen_of, option
from lasersampling.learning import train
from lasersampling.learning.machines import distribution_task
from lasersampling.statistics import distribution_ess, kl_floor

Array = NDArray[np.float64]
N_UNITS = 5
WAYS = ("translation", "adapted", "learned", "moved")
LABORATORY = "laboratory"
ALL_AT_ONCE = "5 % pump, 10 % coupling mismatch, 5 bits, jitter 0.1 tau"


class Kind(NamedTuple):
    """An imperfection, its strengths, and what has such a strength."""

    label: str
    strengths: tuple[float, ...]
    made: Callable[[float], ls.Imperfections]


def kinds(tau_ns: float) -> dict[str, Kind]:
    """All kinds by name: the set of the targets, and single ones in several strengths."""

    def made(table: dict[str, Any]) -> ls.Imperfections:
        return ls.Imperfections(**table)

    def mismatch(quantity: str) -> Callable[[float], ls.Imperfections]:
        return lambda std: made({quantity: {"mismatch": {"std": std}}})

    def spikes(name: str, unit: float) -> Callable[[float], ls.Imperfections]:
        return lambda strength: made({"spikes": {name: strength * unit}})

    def bits(number: float) -> ls.Imperfections:
        return made({"coupling": {"grid": {"bits": int(number)}}})

    def trial(std: float) -> ls.Imperfections:
        return made({"pump": {"trial": {"std": std}}})

    def drift(std: float) -> ls.Imperfections:
        return made({"pump": {"drift": {"std": std, "correlation_time_ns": 20_000.0}}})

    def delay(spread: float) -> ls.Imperfections:
        deviation = {"mean": 2 * spread * tau_ns, "std": spread * tau_ns, "relative": False}
        return made({"delay": {"mismatch": deviation}})

    return {
        LABORATORY: Kind(ALL_AT_ONCE, (1.0,), lambda _: ls.load_imperfections(LABORATORY)),
        "pump": Kind("pump mismatch", (0.005, 0.015, 0.05), mismatch("pump")),
        "threshold": Kind("threshold mismatch", (0.005, 0.015, 0.05), mismatch("threshold")),
        "gain": Kind("gain mismatch", (0.005, 0.015, 0.05), mismatch("gain")),
        "trial": Kind("trial-to-trial noise of the pump", (0.002, 0.005, 0.01), trial),
        "drift": Kind("drift of the pump within 20 us", (0.002, 0.005, 0.01), drift),
        "coupling": Kind("coupling mismatch", (0.1, 0.2, 0.4), mismatch("coupling")),
        "bits": Kind("bits per weight", (5, 4, 3), bits),
        "jitter": Kind("jitter (tau)", (0.1, 0.2, 0.4), spikes("jitter_std", tau_ns)),
        "lost": Kind("lost spikes", (0.05, 0.1, 0.2), spikes("lost", 1.0)),
        "delay": Kind("delays, spread (tau)", (0.05, 0.1, 0.2), delay),
        "dead": Kind("share of dead lasers", (0.1, 0.2), lambda share: made({"dead": share})),
    }


class Stages(NamedTuple):
    """Settings of learning: biases, which free lasers that are stuck; all; biases once more.

    A mismatch of 5 % is of the order of three logits. While a laser is stuck its covariances are
    zero and would drive its couplings astray; the last stage makes up for the rounding of weights.
    """

    first: ls.DistributionLearning
    all: ls.DistributionLearning
    last: ls.DistributionLearning

    @classmethod
    def of(cls, n_updates: int, n_chains: int, n_draws: int) -> Stages:
        """Give the stages; so many updates in the last two."""
        n_last = n_updates // 4
        size: dict[str, Any] = {"gradient": "pcd", "n_chains": n_chains}
        return cls(
            ls.DistributionLearning(
                **size, n_draws=max(1, n_draws // 4), n_updates=min(30, n_updates),
                learning_rate=4.0, final_learning_rate=1.0, momentum=0.0, averaged_share=0.0,
            ),
            # The average leaves out what comes before momentum and couplings have settled.
            ls.DistributionLearning(
                **size, n_draws=n_draws, n_updates=n_updates - n_last,
                learning_rate=0.5, final_learning_rate=0.1, momentum=0.8, averaged_share=0.4,
            ),
            ls.DistributionLearning(
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
        adaptation: dict[str, Any],
    ) -> None:
        self._number, self._device, self._n_draws = number, device, n_draws
        self._adaptation = adaptation
        self._stages = stages
        self._translated = ls.BoltzmannMachine.random(N_UNITS, seed=number)
        self._target: ls.Target = ls.target_from_machine(self._translated)
        lasers = self._lasers(None)
        self._from_ideal = self._learned(lasers)
        self.ideal_translated, _ = self._divergence(lasers, self._translated)
        self.ideal, self.floor = self._divergence(lasers, self._from_ideal)

    def divergences(self, imperfections: ls.Imperfections) -> list[float]:
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

    def _lasers(self, imperfections: ls.Imperfections | None) -> ls.Lasers:
        return ls.Lasers(
            self._device, imperfections=imperfections, chip_seed=self._number, burn_in_ns=50.0
        )

    def _learned(self, lasers: ls.Lasers) -> ls.BoltzmannMachine:
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

    def _divergence(self, lasers: ls.Lasers, machine: ls.BoltzmannMachine) -> tuple[float, float]:
        """D_KL of samples, and what exact samples of the same effective size would show."""
        samples = lasers.sample(machine, self._n_draws, n_chains=24, seed=1000 + self._number)
        table = self._target.probabilities
        floor = kl_floor(table.size, distribution_ess(samples.states))
        return ls.kl_divergence(samples.histogram(), table), floor


class Piece(NamedTuple):
    """A machine, and the imperfections on which it is programmed."""

    number: int
    device: str
    stages: Stages
    n_draws: int
    adaptation: dict[str, Any]
    imperfections: list[ls.Imperfections]


class Found(NamedTuple):
    """What was found for a machine: D_KL on ideal lasers, and on imperfect ones for `WAYS`."""

    ideal_translated: float
    ideal: float
    floor: float
    imperfect: list[list[float]]


def divergences_of(piece: Piece) -> Found:
    """Program one machine in all ways."""
    trial = Trial(*piece[:5])
    imperfect = [trial.divergences(one) for one in piece.imperfections]
    return Found(trial.ideal_translated, trial.ideal, trial.floor, imperfect)


@dataclass(frozen=True)
class Settings:
    """Compare four ways to program imperfect lasers, for each imperfection and its strength."""

    machines: int = option(8, "Machines with all at once.", min=2)
    sweep_machines: int = option(3, "Machines for single kinds.", min=2)
    updates: int = option(100, "Updates of learning.", min=4)
    duration_ns: float = option(10000, "Time per chain, 24 chains.", min=1.0)
    device: str = option("D6", "Device file or name.")
    only: tuple[str, ...] = option((), "Kind of imperfection; all by default.")

    strengths: int = 3
    chains: int = 64
    draws: int = 128
    adaptation_rounds: int = 6
    adaptation_draws: int = 500

    def smallest(self) -> Settings:
        return replace(
            self, machines=2, sweep_machines=2, updates=4, duration_ns=50.0, strengths=2,
            chains=8, draws=8, adaptation_rounds=1, adaptation_draws=20,
            only=self.only or (LABORATORY, "bits"),
        )  # fmt: skip


def main(settings: Settings, run: Run) -> None:
    ideal = ls.Lasers(settings.device)
    known = kinds(ideal.neuron.refractory_time_ns)
    todo = {
        name: known[name]._replace(strengths=known[name].strengths[: settings.strengths])
        for name in chosen_of(known, settings.only)
    }
    numbers = {
        name: settings.machines if name == LABORATORY else settings.sweep_machines for name in todo
    }
    stages = Stages.of(settings.updates, settings.chains, settings.draws)
    # Rounds in the network of an imperfect chip; its weights stay those of the machine.
    adaptation: dict[str, Any] = {
        "n_rounds": settings.adaptation_rounds, "n_draws": settings.adaptation_draws
    }  # fmt: skip
    config = {
        "machines": settings.machines, "sweep_machines": settings.sweep_machines,
        "duration_ns": settings.duration_ns, "device": settings.device,
        "learning": stages._asdict(), "adaptation": adaptation,
    }  # fmt: skip
    with run.results(config) as file:
        run.calibrate(file, ideal)
        n_draws = ideal.draws_in(settings.duration_ns)
        found = {name: np.empty((len(todo[name].strengths), numbers[name], len(WAYS)))
                 for name in todo}  # fmt: skip
        cases = [
            [(name, k) for name, kind in todo.items() if m < numbers[name]
             for k in range(len(kind.strengths))]
            for m in range(max(numbers.values()))
        ]  # fmt: skip
        pieces = [
            Piece(
                run.seed + m, settings.device, stages, n_draws, adaptation,
                [todo[name].made(todo[name].strengths[k]) for name, k in own],
            )
            for m, own in enumerate(cases)
        ]  # fmt: skip
        trials = run.each(divergences_of, pieces, "sampling and learning")
        for m, (trial, own) in enumerate(zip(trials, cases, strict=True)):
            print(f"machine {run.seed + m}, ideal: translation {trial.ideal_translated:.5f}, "
                  f"learned {trial.ideal:.5f}")  # fmt: skip
            for (name, k), values in zip(own, trial.imperfect, strict=True):
                found[name][k, m] = values
                ways = ", ".join(map("{} {:.5f}".format, WAYS, values))
                print(f"machine {run.seed + m}, {todo[name].label} "
                      f"{todo[name].strengths[k]:g}: {ways}")  # fmt: skip
        write(file, todo, found, trials)


def write(
    file: ls.ResultsFile, todo: dict[str, Kind], found: dict[str, Array], trials: list[Found]
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


def tell(file: ls.ResultsFile, name: str, about: str, values: Array) -> None:
    """Write and print the median over machines."""
    median, error = float(np.median(values)), float(values.std(ddof=1) / np.sqrt(len(values)))
    file.metric(name, median, error, description=f"median D_KL, nats: {about}")
    print(f"median D_KL, nats: {about}: {median:.5f} +- {error:.5f}, worst {values.max():.5f}")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["imperfections"])
