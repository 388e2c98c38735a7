"""What trained delays buy: accuracy on the Yin-Yang data against parameters, by kind of delays.

Each size and kind is one ensemble of networks, one for each seed, trained as one computation. All
have the same data, loss, schedule and recruitment; initial weights are those of the kind's recipe.

Each ensemble has a results file of its own, with checkpoints, in a directory beside the file that
is written: called again, the script goes on where it was stopped.
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import load, resolve, to_toml
from lasersampling.datasets import SpikeData, yin_yang_spikes
from lasersampling.datasets.yin_yang import FEW, SIZES
from lasersampling.errors import InputError
from lasersampling.judging.spikes import evaluate_classifier
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.recipes import ClassifyRecipe
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.run_file import RunFile, read_checkpoint

RECIPES = {
    "none": "yin_yang",
    "axonal": "yin_yang_axonal",
    "dendritic": "yin_yang_axonal",
    "synaptic": "yin_yang_synaptic",
}


def recipe_of(kind: str, hidden: int, seeds: int, seed: int, epochs: int | None) -> ClassifyRecipe:
    """The shipped recipe of a kind of delays, for another size."""
    recipe = load(resolve("recipes", RECIPES[kind]), ClassifyRecipe)
    network = dataclasses.replace(recipe.network, hidden=(hidden,), delays=kind)
    learning = recipe.learning
    if epochs is not None:
        learning = dataclasses.replace(learning, n_epochs=epochs)
    return dataclasses.replace(recipe, network=network, learning=learning, members=seeds, seed=seed)


def accuracies(
    path: Path, recipe: ClassifyRecipe, data: SpikeData, command: str, reporter: Reporter
) -> tuple[np.ndarray, int]:
    """Test accuracy of each network, trained if not yet in the file, and number of parameters."""
    config = to_toml(recipe)
    state = None
    if path.exists():
        kept = read_results(path, groups=("test", "parameters"))
        if kept.config != config:
            expected = "networks of the same recipe, or none: --overwrite removes them"
            raise InputError.single(str(path), "networks of another recipe", expected)
        if not kept.attrs["complete"]:
            state, _ = read_checkpoint(path)
    if not path.exists() or state is not None:
        with RunFile.open(
            path, command=command, seed=recipe.seed, config=config, goes_on=state is not None
        ) as file:
            with reporter.progress(path.stem) as progress:
                trained = train_spikes(
                    data, settings=recipe, progress=progress,
                    checkpoints=Checkpoints(file, resume=state),
                )  # fmt: skip
            with file.finish() as results:
                evaluate_classifier(trained).write(results)
        kept = read_results(path, groups=("test", "parameters"))
    return kept.array("test/accuracy"), int(kept.attributes["parameters"]["n_parameters"])


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/delays_yin_yang.h5"
    ),
    hidden: Annotated[
        list[int] | None, typer.Option(help="Hidden neurons; 5, 10, ... 30 if none.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="none, axonal, dendritic, synaptic; all if none.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Networks of each size and kind.")] = 10,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs, if not those of the recipes.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first network.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of hours.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file and train all anew.")
    ] = False,
) -> None:
    """Train networks of several sizes with and without delays, and compare their errors."""
    sizes = sorted(set(hidden or ([5, 8] if smoke else [5, 10, 15, 20, 25, 30])))
    kinds = kind or (["none", "axonal"] if smoke else list(RECIPES))
    if smoke:
        seeds, epochs = 2, 1
    config = to_toml({"hidden": sizes, "kinds": kinds, "seeds": seeds, "epochs": epochs})
    command = shlex.join(["python", *sys.argv])
    reporter = Reporter(quiet=False, as_json=False)
    data = yin_yang_spikes(FEW if smoke else SIZES)
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        figures=["accuracy_parameters"],
    ) as file:
        cells = out.with_suffix("")
        cells.mkdir(exist_ok=True)
        file.write("sizes/hidden", sizes, ("size",), units="1", description="hidden neurons")
        for name in kinds:
            accuracy = np.empty((len(sizes), seeds))
            parameters = np.empty(len(sizes), dtype=np.int64)
            for place, size in enumerate(sizes):
                recipe = recipe_of(name, size, seeds, seed, epochs)
                cell = cells / f"{name}_{size}.h5"
                if overwrite:
                    cell.unlink(missing_ok=True)
                accuracy[place], parameters[place] = accuracies(
                    cell, recipe, data, command, reporter
                )
                mean, spread = accuracy[place].mean(), accuracy[place].std(ddof=1)
                label = f"{size} hidden, delays {name}"
                file.metric(
                    f"accuracy_{name}_{size}", mean, spread / np.sqrt(seeds),
                    description=f"test accuracy, {label}, mean over seeds",
                )  # fmt: skip
                print(f"{label}: {mean:.4f}, spread {spread:.4f}, {parameters[place]} parameters")
            for column, values, dims in (
                ("accuracy", accuracy, ("size", "seed")),
                ("parameters", parameters, ("size",)),
            ):
                file.write(
                    f"sizes/{column}_{name}", values, dims,
                    units="1", description=f"{column}, delays {name}",
                )  # fmt: skip
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
