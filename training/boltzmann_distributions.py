"""Random Boltzmann machines, sampled by lasers through translation alone, beside Gibbs sampling."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.results import ResultsFile
from lasersampling.results.evaluation import evaluate
from lasersampling.results.figures import save_figures
from lasersampling.results.records import write_calibration, write_neuron

N_UNITS = 5


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/boltzmann_distributions.h5"
    ),
    machines: Annotated[int, typer.Option(min=2, help="Machines of seeds 0, 1, ...")] = 20,
    duration_ns: Annotated[float, typer.Option(min=1.0, help="Laser time per chain.")] = 12_500.0,
    chains: Annotated[int, typer.Option(min=2, help="Chains per machine.")] = 24,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sampling.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of minutes.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Sample random machines, W and b from N(0, 0.6), and compare with exact distributions."""
    if smoke:
        machines, duration_ns, chains = 2, 500.0, 8
    reporter = Reporter(quiet=False, as_json=False)
    lasers = ls.Lasers(device)
    n_draws = lasers.draws_in(duration_ns)
    samplers = {"lasers": lasers, "gibbs": ls.Gibbs()}
    columns: dict[str, list[float]] = {}
    config = to_toml(
        {"machines": machines, "duration_ns": duration_ns, "chains": chains, "device": device}
    )
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out, command=command, seed=seed, config=config, overwrite=overwrite
    ) as file:
        with reporter.progress(f"calibrating {device} (once)") as progress:
            calibration = lasers.calibrated(progress)
        with reporter.progress("sampling") as progress:
            for k in range(machines):
                machine = ls.BoltzmannMachine.random(N_UNITS, seed=k)
                for name, sampler in samplers.items():
                    samples = sampler.sample(machine, n_draws, n_chains=chains, seed=seed + k)
                    for metric, value in evaluate(machine, samples).metrics().items():
                        columns.setdefault(f"{metric}_{name}", []).append(value.value)
                progress((k + 1) / machines)
        write_neuron(file, lasers.neuron)
        write_calibration(file, calibration)
        seeds = np.arange(machines)
        file.write("machines/seed", seeds, ("seed",), units="1", description="seed of the machine")
        for name, values in columns.items():
            description = name.replace("_", " ")
            file.write(f"machines/{name}", values, ("seed",), units="1", description=description)
        for name in samplers:
            values = np.array(columns[f"kl_sample_target_{name}"])
            spread = values.std(ddof=1) / np.sqrt(machines)
            median, worst = float(np.median(values)), float(values.max())
            file.metric(f"kl_median_{name}", median, spread, description="median D_KL, nats")
            file.metric(f"kl_worst_{name}", worst, description="largest D_KL, nats")
            print(f"{name}: median D_KL(sample || target) {median:.4f}, worst {worst:.4f}")
    for path in [out, *save_figures(out, ["machines"])]:
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
