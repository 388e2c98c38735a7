"""Inference with lasers: a random machine under all evidence, and two Bayesian networks."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import all_states, load_bayesian_network
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import shipped_path, to_toml
from lasersampling.learning.machines.contrastive import learn
from lasersampling.learning.machines.settings import DistributionLearning
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_neuron, write_posteriors
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.inference import infer
from lasersampling.sampling.posterior import Posterior

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
class Plan:
    """How much is sampled and learned."""

    duration_ns: float
    chains: int
    updates: int
    seed: int
    lasers: ls.Lasers
    reporter: Reporter

    def inferred(self, machine, evidence, truth=None) -> dict[str, Posterior]:
        """Posteriors by lasers and by Gibbs sampling, with as many chains and draws."""
        n_draws = self.lasers.draws_in(self.duration_ns)
        return {
            name: infer(
                sampler,
                machine,
                evidence,
                n_draws=n_draws,
                n_chains=self.chains,
                seed=self.seed,
                truth=truth,
            )
            for name, sampler in (("lasers", self.lasers), ("gibbs", ls.Gibbs()))
        }


def of_random_machine(plan: Plan, machine_seed: int) -> dict[str, Posterior]:
    """All settings of the clamped units of a random machine."""
    machine = ls.BoltzmannMachine.random(N_UNITS, seed=machine_seed)
    clamped = np.full((2**N_CLAMPED, N_UNITS), -1, dtype=np.int8)
    clamped[:, :N_CLAMPED] = all_states(N_CLAMPED)
    return plan.inferred(machine, Evidence(clamped, np.zeros(clamped.shape)))


def of_network(plan: Plan, name: str) -> tuple[dict[str, Posterior], tuple[str, ...], float]:
    """Cases of a network: mapped and translated, and after learning with the lasers in the loop."""
    network = load_bayesian_network(shipped_path("bayesian_networks", name))
    clamped = np.full((len(CASES[name]), network.n_variables), -1, dtype=np.int8)
    for row, case in zip(clamped, CASES[name], strict=True):
        for variable, value in case.items():
            row[network.names.index(variable)] = value
    evidence = Evidence(clamped, np.zeros(clamped.shape))
    machine = network.machine()
    posteriors = plan.inferred(machine, evidence, network)
    settings = DistributionLearning(n_updates=plan.updates, n_chains=64, n_draws=256)
    with plan.reporter.progress(f"learning {name}") as progress:
        learned = learn(
            network.target(),
            machine,
            settings,
            sampler=plan.lasers,
            connectivity="semirestricted",
            seed=plan.seed,
            progress=progress,
        )
    posteriors["learned"] = plan.inferred(learned.machine, evidence, network)["lasers"]
    return posteriors, network.names, float(np.abs(machine.weights).max())


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/bayesian_inference.h5"
    ),
    duration_ns: Annotated[float, typer.Option(min=1.0, help="Laser time per chain.")] = 5_000.0,
    chains: Annotated[int, typer.Option(min=2, help="Chains per case.")] = 24,
    updates: Annotated[int, typer.Option(min=1, help="Updates of learning.")] = 400,
    machine_seed: Annotated[int, typer.Option(min=0, help="Seed of the random machine.")] = 0,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of sampling and learning.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of minutes.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Posteriors by lasers beside Gibbs sampling and exact ones."""
    if smoke:
        duration_ns, chains, updates = 100.0, 4, 10
    reporter = Reporter(quiet=False, as_json=False)
    lasers = ls.Lasers(device)
    plan = Plan(duration_ns, chains, updates, seed, lasers, reporter)
    config = to_toml(
        {
            "duration_ns": duration_ns,
            "chains": chains,
            "updates": updates,
            "machine_seed": machine_seed,
            "device": device,
        }
    )
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        inputs=[device],
        figures=["posterior", "network_inference"],
    ) as file:
        with reporter.progress(f"calibrating {device} (once)") as progress:
            calibration = lasers.calibrated(progress)
        write_neuron(file, lasers.neuron)
        write_calibration(file, calibration)
        found = of_random_machine(plan, machine_seed)
        write_posteriors(file, found, [str(unit) for unit in range(N_UNITS)])
        report("random machine", found)
        for name in CASES:
            found, names, largest = of_network(plan, name)
            write_posteriors(file, found, names, group=name)
            file.metric(f"{name}_weight_max", largest, description="largest weight as mapped")
            report(name, found)
    for path in file.draw():
        print(f"written: {path}")


def report(name: str, posteriors: dict[str, Posterior]) -> None:
    """Print the errors of one model."""
    for sampler, found in posteriors.items():
        print(
            f"{name}, {sampler}: mean |error| {found.mean_abs_error:.4f} "
            f"± {found.mean_abs_error_se:.4f}, ideal {found.ideal_abs_error:.4f}, "
            f"largest {np.abs(found.error).max():.4f}",
            flush=True,
        )


if __name__ == "__main__":
    run(main)
