"""Train a machine of pictures from a recipe, judge it, and store it as a small file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import lasersampling as ls
from lasersampling.boltzmann import UnitNames
from lasersampling.config import to_toml
from lasersampling.experiments import Run, option, picture_recipe
from lasersampling.judging import judge_machine, write_generated
from lasersampling.learning.pictures import describe_data
from lasersampling.results import git_commit, write_class_names, write_history

RESOLUTION = 1024
"""Weights and biases are kept in steps of 1/1024, which packs well and changes nothing."""


def rounded(machine: ls.BoltzmannMachine) -> ls.BoltzmannMachine:
    """The machine with parameters in these steps."""
    return ls.BoltzmannMachine(
        (machine.weights * RESOLUTION).round() / RESOLUTION,
        (machine.biases * RESOLUTION).round() / RESOLUTION,
        machine.n_label,
        machine.n_hidden,
    )


@dataclass(frozen=True)
class Settings:
    """Recognition and generation by a machine trained digitally."""

    recipe: str = option("digits", "Recipe file or name.", positional=True)
    machine_file: Path | None = option(  # noqa: RUF009
        None, "Machine file (.h5) to write too.", flag="--machine"
    )
    overrides: tuple[str, ...] = option((), "Key of the recipe.", flag="--set")

    judging: dict[str, int] = field(default_factory=dict)

    def smallest(self) -> Settings:
        judging = {"images_per_label": 2, "n_draws": 2, "burn_in": 20}
        overrides = ("training.n_epochs=10", *self.overrides)
        return replace(self, overrides=overrides, judging=judging)


def main(settings: Settings, run: Run) -> None:
    config = picture_recipe(settings.recipe, settings.overrides, seed=run.seed)
    machine_file = settings.machine_file and run.output(settings.machine_file)
    with run.results(config) as file:
        pictures = config.data.load()
        with run.progress(f"training {settings.recipe}") as progress:
            trained = ls.train_images(
                pictures, settings=config.training, seed=config.seed, progress=progress
            )
        machine = rounded(trained.machine)
        metrics, found = judge_machine(machine, pictures, seed=config.seed + 1, **settings.judging)
        assert trained.history is not None
        write_history(file, trained.history)
        file.write_machine(machine, UnitNames(label=pictures.class_names))
        if pictures.class_names:
            write_class_names(file, pictures.class_names)
        write_generated(file, machine, {"gibbs": found}, pictures.shape, 1)
        file.metrics(metrics)
    for name, metric in metrics.items():
        print(f"{name}: {metric.value:.4f} ± {metric.standard_error or 0:.4f}")
    if machine_file is not None:
        provenance: dict[str, object] = {
            "training": to_toml(config.training),
            **describe_data(config.data, pictures.shape),
            "command": run.command,
            "seed": config.seed,
            "git_commit": git_commit(),
            "licence": "of the weights: that of lasersampling",
        }
        names = UnitNames(label=pictures.class_names)
        for name, metric in metrics.items():
            provenance[name] = metric.value
            if metric.standard_error is not None:
                provenance[f"{name}_se"] = metric.standard_error
        ls.save_machine(machine_file, machine, compact=True, provenance=provenance, names=names)
        print(f"written: {machine_file} ({machine_file.stat().st_size / 1e6:.2f} MB)")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["image_gallery"])
