"""Inference with lasers: a random machine under all evidence, and two Bayesian networks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import lasersampling as ls
from lasersampling.experiments import Run, option
from lasersampling.results import write_posteriors
from lasersampling.sampling import Posterior, Sampler

N_UNITS, N_CLAMPED = 10, 4
CASES = {
    "explaining_away": [
        {"alarm": 1},
        {"alarm": 1, "earthquake": 1},
        {"john_calls": 1, "mary_calls": 1},
    ],
    "visual_perception": [
        {"shading": 1},
        {"shading": 1, "contour": 1},
        {"shading": 1, "contour": 0},
    ],
}


@dataclass(frozen=True)
class Settings:
    """Posteriors by lasers, by Gibbs sampling, and exact ones."""

    duration_ns: float = option(5_000.0, "Laser time per chain.", min=1.0)
    chains: int = option(24, "Chains per case.", min=2)
    updates: int = option(150, "Updates of learning.", min=1)
    update_draws: int = option(1024, "Draws per chain and update of learning.", min=1)
    machine_seed: int = option(0, "Seed of the random machine.", min=0)
    device: str = option("D6", "Device file or name.")

    def smallest(self) -> Settings:
        return replace(self, duration_ns=100.0, chains=4, updates=10, update_draws=64)


class Inference:
    """Lasers and Gibbs sampling, with as many chains and draws."""

    def __init__(self, settings: Settings, run: Run, lasers: ls.Lasers) -> None:
        self.settings, self.run, self.lasers = settings, run, lasers

    def posteriors(
        self,
        machine: ls.BoltzmannMachine,
        evidence: ls.Evidence,
        truth: ls.BayesianNetwork | None = None,
    ) -> dict[str, Posterior]:
        """Posteriors by both samplers."""
        samplers: dict[str, Sampler] = {"lasers": self.lasers, "gibbs": ls.Gibbs()}
        return {
            name: ls.infer(
                sampler, machine, evidence, n_chains=self.settings.chains, seed=self.run.seed,
                n_draws=self.lasers.draws_in(self.settings.duration_ns), truth=truth,
            )
            for name, sampler in samplers.items()
        }  # fmt: skip

    def of_random_machine(self) -> dict[str, Posterior]:
        """All settings of the clamped units of a random machine."""
        machine = ls.BoltzmannMachine.random(N_UNITS, seed=self.settings.machine_seed)
        clamped = np.full((2**N_CLAMPED, N_UNITS), -1, dtype=np.int8)
        clamped[:, :N_CLAMPED] = ls.all_states(N_CLAMPED)
        return self.posteriors(machine, ls.Evidence(clamped, np.zeros(clamped.shape)))

    def of_network(
        self, name: str, network: ls.BayesianNetwork, machine: ls.BoltzmannMachine
    ) -> dict[str, Posterior]:
        """Cases of a network: its machine translated, and learned with the lasers in the loop.

        Lasers with strong couplings, clamped, do not sample their own conditional distributions.
        Reweighted gradients, which never clamp them, lead to smaller couplings than those of
        wake-sleep, for which the two agree better.
        """
        clamped = np.full((len(CASES[name]), network.n_variables), -1, dtype=np.int8)
        for row, case in zip(clamped, CASES[name], strict=True):
            for variable, value in case.items():
                row[network.names.index(variable)] = value
        evidence = ls.Evidence(clamped, np.zeros(clamped.shape))
        found = self.posteriors(machine, evidence, network)
        learning = ls.DistributionLearning(
            gradient="reweighted", n_updates=self.settings.updates, n_chains=64,
            n_draws=self.settings.update_draws, learning_rate=0.5, final_learning_rate=0.05,
            weight_decay=0.001,
        )  # fmt: skip
        with self.run.progress(f"learning {name}") as progress:
            learned = ls.learn(
                network.target(), machine, learning, sampler=self.lasers,
                connectivity="semirestricted", seed=self.run.seed, progress=progress,
            )  # fmt: skip
        return found | {"learned": self.posteriors(learned.machine, evidence, network)["lasers"]}


def main(settings: Settings, run: Run) -> None:
    lasers = ls.Lasers(settings.device)
    inference = Inference(settings, run, lasers)
    with run.results(settings) as file:
        run.calibrate(file, lasers)
        found = inference.of_random_machine()
        write_posteriors(file, found, [str(unit) for unit in range(N_UNITS)])
        report("random machine", found)
        for name in CASES:
            network = ls.load_bayesian_network(ls.shipped_path("bayesian_networks", name))
            machine = network.machine()
            found = inference.of_network(name, network, machine)
            write_posteriors(file, found, network.names, group=name)
            largest = float(np.abs(machine.weights).max())
            file.metric(f"{name}_weight_max", largest, description="largest weight as mapped")
            report(name, found)


def report(name: str, posteriors: dict[str, Posterior]) -> None:
    """Print the errors of one model."""
    for sampler, found in posteriors.items():
        print(
            f"{name}, {sampler}: mean |error| {found.mean_abs_error:.4f} "
            f"± {found.mean_abs_error_se:.4f}, ideal {found.ideal_abs_error:.4f}, "
            f"largest {np.abs(found.error).max():.4f}"
        )


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["posterior", "network_inference"])
