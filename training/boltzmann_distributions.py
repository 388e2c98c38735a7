"""Random Boltzmann machines on lasers, translated, adapted, and learned in the loop; and Gibbs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from shared.machines import Divergences

import lasersampling as ls
from lasersampling.experiments import Run, chosen_of, kept, option
from lasersampling.sampling import Sampler

N_UNITS = 5
SETS = ("weak", "strong", "very_strong")


def random_machine(kind: str, seed: int) -> ls.BoltzmannMachine:
    """Draw a machine.

    W and b are normal with standard deviation 0.6 ("weak") or 2 ("very strong"), or
    2.4 (Beta(0.5, 0.5) - 0.5) ("strong"), which is at most 1.2.
    """
    if kind == "weak":
        return ls.BoltzmannMachine.random(N_UNITS, seed=seed)
    if kind == "very_strong":
        return ls.BoltzmannMachine.random(N_UNITS, weight_std=2.0, bias_std=2.0, seed=seed)
    draw = np.random.default_rng(seed).beta
    weights = np.triu(2.4 * (draw(0.5, 0.5, (N_UNITS, N_UNITS)) - 0.5), k=1)
    return ls.BoltzmannMachine(weights + weights.T, 2.4 * (draw(0.5, 0.5, N_UNITS) - 0.5))


@dataclass(frozen=True)
class Settings:
    """Sample random machines in all these ways, and compare with exact distributions."""

    machines: int = option(20, "Machines of each set.", min=2)
    duration_ns: float = option(12_500.0, "Laser time per chain.", min=1.0)
    chains: int = option(24, "Chains per machine.", min=2)
    updates: int = option(100, "Updates of the learning.", min=2)
    device: str = option("D6", "Device file or name.")
    only: tuple[str, ...] = option((), f"Of {', '.join(SETS)}; all by default.")
    adaptation_rounds: int = 3
    adaptation_draws: int = 500

    def __post_init__(self) -> None:
        chosen_of(SETS, self.only)

    def smallest(self) -> Settings:
        return replace(
            self, machines=2, duration_ns=300.0, chains=8, updates=4,
            adaptation_rounds=1, adaptation_draws=20,
        )  # fmt: skip


class Piece(NamedTuple):
    """A machine, by its kind and number, and how it is sampled."""

    kind: str
    number: int
    seed: int
    device: str
    chains: int
    n_draws: int
    learning: ls.DistributionLearning
    adaptation: dict[str, Any]


def sampled(piece: Piece) -> dict[str, ls.Samples]:
    """Sample a machine in all ways."""
    lasers, machine = ls.Lasers(piece.device), random_machine(piece.kind, piece.number)
    target = ls.target_from_machine(machine)
    learned = ls.learn(target, machine, piece.learning, sampler=lasers, seed=piece.seed).machine
    adapted = ls.adapt(lasers, machine, seed=piece.seed, **piece.adaptation)
    ways: dict[str, tuple[Sampler, ls.BoltzmannMachine]] = {
        "translated": (lasers, machine),
        "adapted": (adapted, machine),
        "learned": (lasers, learned),
        "gibbs": (ls.Gibbs(), machine),
    }
    found = {}
    for name, (sampler, of) in ways.items():
        samples = kept(
            "samples",
            partial(sampler.sample, of, piece.n_draws, n_chains=piece.chains, seed=piece.seed),
        )
        # The states are all that is needed here, and may have to travel.
        found[name] = replace(samples, spikes=None, end=None)
    return found


def main(settings: Settings, run: Run) -> None:
    sets = chosen_of(SETS, settings.only)
    lasers, divergences = ls.Lasers(settings.device), Divergences()
    n_draws = lasers.draws_in(settings.duration_ns)
    learning = ls.DistributionLearning(
        n_updates=settings.updates, updates_per_epoch=max(1, settings.updates // 10)
    )
    adaptation: dict[str, Any] = {
        "n_rounds": settings.adaptation_rounds, "n_draws": settings.adaptation_draws
    }  # fmt: skip
    config = {
        "machines": settings.machines, "duration_ns": settings.duration_ns,
        "chains": settings.chains, "device": settings.device, "learning": learning,
        "adaptation": adaptation,
    }  # fmt: skip
    with run.results(config) as file:
        run.calibrate(file, lasers)
        pieces = [
            Piece(kind, k, run.seed + k, settings.device, settings.chains, n_draws, learning,
                  adaptation)
            for kind in sets for k in range(settings.machines)
        ]  # fmt: skip
        drawn = run.each(sampled, pieces, "sampling and learning")
        for piece, ways in zip(pieces, drawn, strict=True):
            target = ls.target_from_machine(random_machine(piece.kind, piece.number))
            for name, samples in ways.items():
                divergences.add(f"{name}_{piece.kind}", target, samples)
        divergences.write(file, "seed of the machine")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["machines"])
