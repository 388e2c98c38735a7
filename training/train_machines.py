"""Train a machine of pictures from a recipe, judge it, and keep it as a small file."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from lasersampling.atomic import check_outputs
from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.cli.generate_configuration import GenerateConfig
from lasersampling.cli.main import run
from lasersampling.cli.options import configured, files_named, recipe_table
from lasersampling.cli.reporting import Reporter
from lasersampling.config import resolve, to_toml
from lasersampling.judging.images import write_generated
from lasersampling.judging.machines import judge_machine
from lasersampling.learning.pictures.models import describe_data
from lasersampling.learning.pictures.training import train_images
from lasersampling.results import ResultsFile
from lasersampling.results.provenance import git_commit
from lasersampling.results.records import write_class_names
from lasersampling.results.run_file import write_history

RESOLUTION = 1024
"""Weights and biases are kept in steps of 1/1024, which packs well and changes nothing."""


def rounded(machine: BoltzmannMachine) -> BoltzmannMachine:
    """The machine with parameters in these steps."""
    return BoltzmannMachine(
        (machine.weights * RESOLUTION).round() / RESOLUTION,
        (machine.biases * RESOLUTION).round() / RESOLUTION,
        machine.n_label,
        machine.n_hidden,
    )


def main(
    recipe: Annotated[str, typer.Argument(help="Recipe file or name.")] = "digits",
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/train_machines.h5"
    ),
    machine_file: Annotated[
        Path | None, typer.Option("--machine", help="Machine file (.h5) to write too.")
    ] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="Key of the recipe.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of training and sampling.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of minutes.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Recognition and generation by a machine trained digitally."""
    reporter = Reporter(quiet=False, as_json=False)
    table = recipe_table(resolve("recipes", recipe), GenerateConfig) | {"seed": seed}
    if smoke:
        table["training"] = table.get("training", {}) | {"n_epochs": 10}
    config = configured(GenerateConfig, table, overrides)
    command = shlex.join(["python", *sys.argv])
    if machine_file is not None:
        check_outputs(
            [out, machine_file], inputs=files_named(recipe, overrides), overwrite=overwrite
        )
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=to_toml(config),
        overwrite=overwrite,
        inputs=files_named(recipe, overrides),
        figures=["image_gallery"],
    ) as file:
        pictures = config.data.load()
        with reporter.progress(f"training {recipe}") as progress:
            trained = train_images(
                pictures, settings=config.training, seed=config.seed, progress=progress
            )
        machine = rounded(trained.machine)
        less = {"images_per_label": 2, "n_draws": 2, "burn_in": 20} if smoke else {}
        metrics, found = judge_machine(machine, pictures, seed=config.seed + 1, **less)
        write_history(file, trained.history)
        file.write_machine(machine, UnitNames(label=pictures.class_names))
        if pictures.class_names:
            write_class_names(file, pictures.class_names)
        write_generated(file, machine, {"gibbs": found}, pictures.shape, 1)
        file.metrics(metrics)
    for name, metric in metrics.items():
        print(f"{name}: {metric.value:.4f} ± {metric.standard_error or 0:.4f}")
    if machine_file is not None:
        provenance = {
            "training": to_toml(config.training),
            **describe_data(config.data, pictures.shape),
            "command": command,
            "seed": config.seed,
            "git_commit": git_commit(),
            "licence": "of the weights: that of lasersampling",
        }
        names = UnitNames(label=pictures.class_names)
        for name, metric in metrics.items():
            numbers = dataclasses.asdict(metric)
            provenance[name] = numbers["value"]
            if numbers["standard_error"] is not None:
                provenance[f"{name}_se"] = numbers["standard_error"]
        save_machine(machine_file, machine, compact=True, provenance=provenance, names=names)
        print(f"written: {machine_file} ({machine_file.stat().st_size / 1e6:.2f} MB)")
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
