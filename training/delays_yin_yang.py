"""Benefit of trained delays: accuracy on the Yin-Yang data against the number of parameters.

Each size and kind is one ensemble of networks, one for each seed, trained as one computation. All
have the same data, loss, schedule and recruitment; initial weights are those of the kind's recipe.

Each ensemble has a results file of its own, with checkpoints, in a directory beside the file that
is written: if the script is called again, it continues where it was stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

import lasersampling as ls
from lasersampling.comparison import Job, trained_cell
from lasersampling.config import load, resolve
from lasersampling.experiments import Run, chosen_of, option
from lasersampling.learning.spikes import ClassifyRecipe

Kind = Literal["none", "axonal", "dendritic", "synaptic"]
RECIPES: dict[Kind, str] = {
    "none": "yin_yang",
    "axonal": "yin_yang_axonal",
    "dendritic": "yin_yang_axonal",
    "synaptic": "yin_yang_synaptic",
}


def recipe_of(kind: Kind, hidden: int, settings: Settings, seed: int) -> ClassifyRecipe:
    """The shipped recipe of a kind of delays, for another size."""
    recipe = load(resolve("recipes", RECIPES[kind]), ClassifyRecipe)
    network = replace(recipe.network, hidden=(hidden,), delays=kind)
    learning = recipe.learning
    if settings.epochs is not None:
        learning = replace(learning, n_epochs=settings.epochs)
    return replace(
        recipe, network=network, learning=learning, members=settings.seeds, seed=seed,
        train_samples=settings.train_samples,
    )  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Train networks of several sizes with and without delays, and compare their errors."""

    hidden: tuple[int, ...] = option((), "Hidden neurons; 5, 10, ... 30 if none.")
    kind: tuple[str, ...] = option((), "none, axonal, dendritic, synaptic; all if none.")
    seeds: int = option(10, "Networks of each size and kind.", min=2)
    epochs: int | None = option(None, "Epochs, if not those of the recipes.", min=1)
    train_samples: int | None = None

    def __post_init__(self) -> None:
        chosen_of(RECIPES, self.kind, "--kind")

    def smallest(self) -> Settings:
        hidden, kind = self.hidden or (5, 8), self.kind or ("none", "axonal")
        return replace(self, hidden=hidden, kind=kind, seeds=2, epochs=1, train_samples=200)


def main(settings: Settings, run: Run) -> None:
    sizes = sorted(set(settings.hidden or (5, 10, 15, 20, 25, 30)))
    kinds = chosen_of(RECIPES, settings.kind)
    config = {"hidden": sizes, "kinds": kinds, "seeds": settings.seeds, "epochs": settings.epochs}
    with run.results(config) as file:
        file.write("sizes/hidden", sizes, ("size",), units="1", description="hidden neurons")
        for name in RECIPES:
            if name not in kinds:
                continue
            accuracy = np.empty((len(sizes), settings.seeds))
            parameters = np.empty(len(sizes), dtype=np.int64)
            for place, size in enumerate(sizes):
                recipe = recipe_of(name, size, settings, run.seed)
                cell = run.kept(f"{name}_{size}.h5")
                with run.progress(cell.stem) as progress:
                    trained = trained_cell(Job(cell, recipe, run.command), progress)
                accuracy[place] = trained.array("test/accuracy")
                parameters[place] = trained.attributes["parameters"]["n_parameters"]
                mean, spread = accuracy[place].mean(), accuracy[place].std(ddof=1)
                label = f"{size} hidden, delays {name}"
                file.metric(
                    f"accuracy_{name}_{size}", mean, spread / np.sqrt(settings.seeds),
                    description=f"test accuracy, {label}, mean over seeds",
                )  # fmt: skip
                print(f"{label}: {mean:.4f}, spread {spread:.4f}, {parameters[place]} parameters")
            file.write(
                f"sizes/accuracy_{name}", accuracy, ("size", "seed"), units="1",
                description=f"accuracy, delays {name}",
            )  # fmt: skip
            file.write(
                f"sizes/parameters_{name}", parameters, ("size",), units="1",
                description=f"parameters, delays {name}",
            )  # fmt: skip


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["accuracy_parameters"])
