"""Benefit of trained delays: accuracy on the Yin-Yang data against the number of parameters.

Each size and kind is one ensemble of networks, one for each seed, trained as one computation. All
have the same data, loss, schedule and recruitment; initial weights are those of the kind's recipe.
Beside each ensemble with delays stands one without, with so many more hidden neurons that it has as
many trained parameters, as nearly as possible.

Each ensemble has a results file of its own, with checkpoints, in a directory beside the file that
is written: if the script is called again, it continues where it was stopped.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

import lasersampling as ls
from lasersampling.comparison import Job, trained_cell
from lasersampling.config import load, resolve
from lasersampling.experiments import Run, chosen_of, option
from lasersampling.learning.spikes import ClassifyRecipe
from lasersampling.statistics import PairedDifference, holm, paired_difference

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


def do_training(job: Job) -> None:
    """Do a training, which leaves its results file."""
    trained_cell(job)


@dataclass(frozen=True)
class Trainer:
    """Trains ensembles, or takes those that an earlier call has trained."""

    settings: Settings
    run: Run
    jobs: dict[tuple[Kind, int], Job] = field(default_factory=dict)

    def job(self, kind: Kind, hidden: int) -> Job:
        """The training of a kind of delays and a size, and where it is."""
        if (kind, hidden) not in self.jobs:  # naming a file again would begin it anew
            recipe = recipe_of(kind, hidden, self.settings, self.run.seed)
            path = self.run.kept(f"{kind}_{hidden}.h5").absolute()
            self.jobs[kind, hidden] = Job(path, recipe, self.run.command)
        return self.jobs[kind, hidden]

    def __call__(self, kind: Kind, hidden: int) -> tuple[np.ndarray, int]:
        """Accuracies on the test part, and the number of trained parameters."""
        job = self.job(kind, hidden)
        with self.run.progress(job.path.stem) as progress:
            trained = trained_cell(job, progress)
        accuracy = trained.array("test/accuracy")
        n_parameters = int(trained.attributes["parameters"]["n_parameters"])
        mean, spread = accuracy.mean(), accuracy.std(ddof=1)
        print(
            f"{hidden} hidden, delays {kind}: {mean:.4f}, spread {spread:.4f}, "
            f"{n_parameters} parameters"
        )
        return accuracy, n_parameters


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


def write_cells(
    file: ls.ResultsFile, group: str, kind: str, accuracy: np.ndarray, parameters: list[int]
) -> None:
    """Write accuracies of all sizes, and their numbers of parameters."""
    beside = "" if group == "sizes" else ", weights only, with as many parameters"
    file.write(
        f"{group}/accuracy_{kind}", accuracy, ("size", "seed"), units="1",
        description=f"accuracy, delays {kind}{beside}",
    )  # fmt: skip
    file.write(
        f"{group}/parameters_{kind}", parameters, ("size",), units="1",
        description=f"parameters, delays {kind}{beside}",
    )  # fmt: skip


def main(settings: Settings, run: Run) -> None:
    sizes = sorted(set(settings.hidden or (5, 10, 15, 20, 25, 30)))
    kinds = [kind for kind in RECIPES if kind in chosen_of(RECIPES, settings.kind)]
    config = {"hidden": sizes, "kinds": kinds, "seeds": settings.seeds, "epochs": settings.epochs}
    trainer = Trainer(settings, run)
    train = functools.cache(trainer)
    # Those whose size is known already, side by side; each has a file, which is read below.
    jobs = [trainer.job(kind, size) for kind in kinds for size in sizes]
    run.each(do_training, jobs, "training")
    differences: dict[str, PairedDifference] = {}
    with run.results(config) as file:
        file.write("sizes/hidden", sizes, ("size",), units="1", description="hidden neurons")
        for kind in kinds:
            trained = [train(kind, size) for size in sizes]
            accuracy = np.array([own for own, _ in trained])
            parameters = [n for _, n in trained]
            write_cells(file, "sizes", kind, accuracy, parameters)
            for size, own in zip(sizes, accuracy, strict=True):
                file.metric(
                    f"accuracy_{kind}_{size}", own.mean(), own.std(ddof=1) / len(own) ** 0.5,
                    description=f"test accuracy, {size} hidden, delays {kind}, mean over seeds",
                )  # fmt: skip
            if kind == "none":
                continue
            # Without delays, parameters of one hidden layer are proportional to its size.
            _, bare_parameters = train("none", sizes[0])
            hidden = [round(n * sizes[0] / bare_parameters) for n in parameters]
            beside = [train("none", size) for size in hidden]
            file.write(
                f"matched/hidden_{kind}", hidden, ("size",), units="1",
                description=f"hidden neurons of networks with weights only beside delays {kind}",
            )  # fmt: skip
            bare = np.array([own for own, _ in beside])
            write_cells(file, "matched", kind, bare, [n for _, n in beside])
            for size, with_delays, without in zip(sizes, accuracy, bare, strict=True):
                differences[f"{kind}_{size}"] = paired_difference(with_delays, without)
        tell(file, differences)


def tell(file: ls.ResultsFile, differences: dict[str, PairedDifference]) -> None:
    """Write what delays gain over as many weights, with p-values corrected for all of them."""
    if not differences:
        return
    corrected = holm([one.p_value for one in differences.values()])
    for (name, one), p in zip(differences.items(), corrected, strict=True):
        kind, size = name.rsplit("_", 1)
        file.metric(
            f"difference_{name}", one.mean, one.standard_error,
            description=f"{size} hidden, delays {kind}, less weights only with as many "
            f"parameters, {one.n_pairs} pairs, p = {p:.2g} (corrected)",
            interval=(one.low, one.high),
        )  # fmt: skip
        print(f"{name}: {100 * one.mean:+.1f} % ({100 * one.low:+.1f} to {100 * one.high:+.1f})")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["accuracy_parameters"])
