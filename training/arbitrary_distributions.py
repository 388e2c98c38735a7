"""Arbitrary distributions of four units, learned by networks of lasers with hidden ones."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lasersampling.boltzmann import target_from_table
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import parse, read_toml, resolve, to_toml
from lasersampling.judging.samples import evaluate_target
from lasersampling.lasers.device import load_device
from lasersampling.learning.machines.fitting import fit, sampler_of
from lasersampling.learning.machines.recipes import FitRecipe
from lasersampling.results import ResultsFile

N_VISIBLE = 4
WHO = {"translated": "before", "learned": "after", "gibbs": "gibbs"}


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/arbitrary_distributions.h5"
    ),
    targets: Annotated[int, typer.Option(min=2, help="Targets, of seeds 0, 1, ...")] = 20,
    recipe: Annotated[str, typer.Option(help="Recipe of the fit.")] = "distribution",
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of learning and sampling.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Learn targets drawn from Dirichlet(1) over all states of four units."""
    table = read_toml(resolve("recipes", recipe)) | {"device": load_device(device)}
    chosen = parse(table, FitRecipe, recipe)
    if smoke:
        targets = 2
        chosen = dataclasses.replace(
            chosen,
            n_hidden=3,
            learning=dataclasses.replace(chosen.learning, n_updates=4, updates_per_epoch=2),
            judging=dataclasses.replace(chosen.judging, n_draws=200),
        )
    reporter = Reporter(quiet=False, as_json=False)
    sampler = sampler_of(chosen)
    columns: dict[str, list[float]] = {}
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=to_toml(chosen),
        overwrite=overwrite,
        inputs=[device],
        figures=["machines"],
    ) as file:
        with reporter.progress("learning") as progress:
            for k in range(targets):
                drawn = np.random.default_rng(k).dirichlet(np.ones(2**N_VISIBLE))
                target = target_from_table(drawn)
                seeded = dataclasses.replace(chosen, seed=seed + k)
                found = fit(seeded, target, sampler=sampler)
                for who, name in WHO.items():
                    metrics = evaluate_target(target, found.samples[name]).metrics()
                    for metric in ("kl_sample_target", "kl_floor"):
                        column = columns.setdefault(f"{metric}_{who}_dirichlet", [])
                        column.append(metrics[metric].value)
                reached = columns["kl_sample_target_learned_dirichlet"][-1]
                reporter.status(f"target {k}: D_KL {reached:.4f}")
                progress((k + 1) / targets)
        seeds = np.arange(targets)
        file.write("machines/seed", seeds, ("seed",), units="1", description="seed of the target")
        for name, values in columns.items():
            description = name.replace("_", " ")
            file.write(f"machines/{name}", values, ("seed",), units="1", description=description)
            if name.startswith("kl_sample_target_"):
                which = name.removeprefix("kl_sample_target_").removesuffix("_dirichlet")
                spread = np.std(values, ddof=1) / np.sqrt(targets)
                median, worst = float(np.median(values)), float(np.max(values))
                file.metric(f"kl_median_{which}", median, spread, description="median D_KL, nats")
                file.metric(f"kl_worst_{which}", worst, description="largest D_KL, nats")
                print(f"{which}: median D_KL(sample || target) {median:.5f}, worst {worst:.5f}")
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
