"""How to train for a chip that differs from its model: blind, aware of noise, or in the loop.

Networks with and without delays learn the Yin-Yang data, each for a chip of its own: on the
nominal model ("blind"), on chips drawn anew for each batch ("noise_aware"), or on that chip
("in_the_loop"). All are judged on that chip. Those that learned in the loop are then moved to
another chip, and learn there for a few epochs.
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
from lasersampling.hardware import load_chip
from lasersampling.learning.spikes.chips import on_chip
from lasersampling.learning.spikes.classification import Classifier, judge, train_spikes
from lasersampling.learning.spikes.recipes import ChipSettings, ClassifyRecipe
from lasersampling.lif import SpikingNetwork
from lasersampling.results import ResultsFile

RECIPES = {"none": "chip", "axonal": "chip_axonal", "synaptic": "chip_synaptic"}
WAYS = ("blind", "noise_aware", "in_the_loop")
OTHER_CHIPS = 100_000
"""Added to the number of a chip for the one that takes its place."""


def recipe_of(kind: str, chip: str, chips: int, seed: int, epochs: int) -> ClassifyRecipe:
    """The shipped recipe of a kind of delays, for so many chips and epochs."""
    recipe = load(resolve("recipes", RECIPES[kind]), ClassifyRecipe)
    learning = dataclasses.replace(recipe.learning, n_epochs=epochs)
    settings = ChipSettings(model=load_chip(chip), seed=seed)
    return dataclasses.replace(recipe, members=chips, seed=seed, chip=settings, learning=learning)


def trained(recipe: ClassifyRecipe, way: str, data: SpikeData, reporter: Reporter) -> Classifier:
    """Train for the recipe's chips in one way."""
    chip = dataclasses.replace(recipe.chip, training=way)
    recipe = dataclasses.replace(recipe, chip=chip)
    with reporter.progress(f"{recipe.network.delays}, {way}") as progress:
        return train_spikes(data, settings=recipe, progress=progress)


def accuracy_on(network: SpikingNetwork, chip: ChipSettings, data: SpikeData) -> np.ndarray:
    """Test accuracy of each network on its chip."""
    return judge(network, data.test, on_chip(network, chip)).accuracy.value


def learned_again(
    recipe: ClassifyRecipe,
    network: SpikingNetwork,
    chip: ChipSettings,
    epochs: int,
    data: SpikeData,
    reporter: Reporter,
) -> tuple[np.ndarray, np.ndarray]:
    """Learn on in the loop on other chips; validation accuracy, (epoch, chip), and on the test."""
    learning = dataclasses.replace(recipe.learning, n_epochs=epochs, evaluate_every=1)
    recipe = dataclasses.replace(recipe, chip=chip, learning=learning)
    with reporter.progress(f"{recipe.network.delays}, on other chips") as progress:
        again = train_spikes(data, settings=recipe, initial=network.state_dict(), progress=progress)
    first = judge(network, data.validation, on_chip(network, chip)).accuracy.value
    curve = again.history.arrays()["validation_accuracy"]
    judged = judge(again.network, data.test, again.runner).accuracy.value
    return np.vstack([first, curve]), judged


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/noisy_hardware.h5"
    ),
    chip: Annotated[str, typer.Option(help="Chip model: a file or the name of one.")] = (
        "brainscales2"
    ),
    kind: Annotated[
        list[str] | None, typer.Option(help="none, axonal, synaptic; all if none is given.")
    ] = None,
    chips: Annotated[int, typer.Option(min=2, help="Chips, each with a network.")] = 10,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of training.")] = 40,
    again: Annotated[int, typer.Option(min=1, help="Epochs on the other chip.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first network and chip.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of an hour.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Train networks in three ways for noisy chips, and exchange the chips."""
    kinds = kind or (["none", "axonal"] if smoke else list(RECIPES))
    data = yin_yang_spikes(FEW if smoke else SIZES)
    if smoke:
        chips, epochs, again = 2, 1, 1
    config = to_toml({
        "chip": chip, "kinds": kinds, "chips": chips, "epochs": epochs, "again": again,
        "recipes": {name: RECIPES[name] for name in kinds},
    })  # fmt: skip
    reporter = Reporter(quiet=False, as_json=False)
    with ResultsFile.create(
        out, command=shlex.join(["python", *sys.argv]), seed=seed, config=config,
        overwrite=overwrite, inputs=[chip], figures=["noisy_hardware"],
    ) as file:  # fmt: skip
        for name in kinds:
            recipe = recipe_of(name, chip, chips, seed, epochs)
            other = dataclasses.replace(recipe.chip, seed=seed + OTHER_CHIPS)
            for way in WAYS:
                classifier = trained(recipe, way, data, reporter)
                found = {f"{name}_{way}": accuracy_on(classifier.network, recipe.chip, data)}
                if way == "blind":
                    nominal = judge(classifier.network, data.test).accuracy.value
                    found[f"{name}_nominal"] = nominal
                if way == "in_the_loop":
                    moved = accuracy_on(classifier.network, other, data)
                    curve, judged = learned_again(
                        recipe, classifier.network, other, again, data, reporter
                    )
                    found |= {f"{name}_moved": moved, f"{name}_learned_again": judged}
                    file.write(
                        f"hardware/{name}_curve", curve, ("epoch", "chip"), units="1",
                        description=f"validation accuracy on another chip, delays {name}",
                    )  # fmt: skip
                for label, values in found.items():
                    tell(file, label, values)
    for path in file.draw():
        print(f"written: {path}")


def tell(file: ResultsFile, label: str, values: np.ndarray) -> None:
    """Write and print accuracies, one for each chip."""
    spread = values.std(ddof=1)
    file.write(
        f"hardware/{label}", values, ("chip",), units="1", description=f"test accuracy, {label}"
    )
    file.metric(
        f"accuracy_{label}", values.mean(), spread / values.size**0.5,
        description=f"test accuracy, {label}, mean over chips",
    )  # fmt: skip
    print(
        f"{label}: {values.mean():.4f}, spread {spread:.4f}, worst {values.min():.4f}", flush=True
    )


if __name__ == "__main__":
    run(main)
