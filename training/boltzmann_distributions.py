"""Random Boltzmann machines on lasers, translated, adapted, and learned in the loop; and Gibbs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import target_from_machine
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.judging.samples import evaluate_target
from lasersampling.learning.machines.contrastive import learn
from lasersampling.learning.machines.settings import DistributionLearning
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_neuron

N_UNITS = 5
SETS = ("weak", "strong", "very_strong")
ADAPTATION = {"n_rounds": 3, "n_draws": 500}


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


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/boltzmann_distributions.h5"
    ),
    machines: Annotated[int, typer.Option(min=2, help="Machines of each set.")] = 20,
    duration_ns: Annotated[float, typer.Option(min=1.0, help="Laser time per chain.")] = 12_500.0,
    chains: Annotated[int, typer.Option(min=2, help="Chains per machine.")] = 24,
    updates: Annotated[int, typer.Option(min=2, help="Updates of the learning.")] = 100,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sampling.")] = 0,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Of {', '.join(SETS)}; all by default.")
    ] = None,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Sample random machines in all these ways, and compare with exact distributions."""
    if unknown := set(only or ()) - set(SETS):
        raise ls.InputError.single("--only", ", ".join(sorted(unknown)), f"of {', '.join(SETS)}")
    sets = [name for name in SETS if name in (only or SETS)]
    adaptation = ADAPTATION
    if smoke:
        machines, duration_ns, chains, updates = 2, 300.0, 8, 4
        adaptation = {"n_rounds": 1, "n_draws": 20}
    reporter = Reporter(quiet=False, as_json=False)
    lasers = ls.Lasers(device)
    n_draws = lasers.draws_in(duration_ns)
    settings = DistributionLearning(n_updates=updates, updates_per_epoch=max(1, updates // 10))
    columns: dict[str, list[float]] = {}
    config = to_toml({
        "machines": machines, "duration_ns": duration_ns, "chains": chains, "device": device,
        "learning": settings, "adaptation": adaptation,
    })  # fmt: skip
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        inputs=[device],
        figures=["machines"],
    ) as file:
        with reporter.progress(f"calibrating {device} (once)") as progress:
            calibration = lasers.calibrated(progress)
        with reporter.progress("sampling and learning") as progress:
            for done, (kind, k) in enumerate((s, k) for s in sets for k in range(machines)):
                machine = random_machine(kind, k)
                target = target_from_machine(machine)
                learned = learn(target, machine, settings, sampler=lasers, seed=seed + k).machine
                adapted = ls.adapt(lasers, machine, seed=seed + k, **adaptation)
                for name, sampler, drawn_from in (
                    ("translated", lasers, machine),
                    ("adapted", adapted, machine),
                    ("learned", lasers, learned),
                    ("gibbs", ls.Gibbs(), machine),
                ):
                    samples = sampler.sample(drawn_from, n_draws, n_chains=chains, seed=seed + k)
                    found = evaluate_target(target, samples).metrics()
                    for metric in ("kl_sample_target", "kl_floor"):
                        column = columns.setdefault(f"{metric}_{name}_{kind}", [])
                        column.append(found[metric].value)
                progress((done + 1) / (len(sets) * machines))
        write_neuron(file, lasers.neuron)
        write_calibration(file, calibration)
        seeds = np.arange(machines)
        file.write("machines/seed", seeds, ("seed",), units="1", description="seed of the machine")
        for name, values in columns.items():
            description = name.replace("_", " ")
            file.write(f"machines/{name}", values, ("seed",), units="1", description=description)
            if not name.startswith("kl_sample_target_"):
                continue
            which = name.removeprefix("kl_sample_target_")
            spread = np.std(values, ddof=1) / np.sqrt(machines)
            median, worst = float(np.median(values)), float(np.max(values))
            file.metric(f"kl_median_{which}", median, spread, description="median D_KL, nats")
            file.metric(f"kl_worst_{which}", worst, description="largest D_KL, nats")
            print(f"{which}: median D_KL(sample || target) {median:.5f}, worst {worst:.5f}")
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
