"""How to train for a chip that differs from its model: blind, aware of noise, or in the loop.

Networks with and without delays learn the Yin-Yang data, each for a chip of its own: on the
nominal model ("blind"), on chips drawn anew for each batch ("noise_aware"), or on that chip
("in_the_loop"). All are judged on that chip. Those that learned in the loop are then transferred to
another chip, and learn there for a few epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from shared.chips import RECIPES, Array, write_accuracies

import lasersampling as ls
from lasersampling.config import load, resolve
from lasersampling.datasets import FEW, SIZES, SpikeData, yin_yang_spikes
from lasersampling.experiments import Run, chosen_of, option
from lasersampling.learning.spikes import ChipSettings, Classifier, ClassifyRecipe, judge, on_chip

Way = Literal["blind", "noise_aware", "in_the_loop"]
WAYS: tuple[Way, ...] = ("blind", "noise_aware", "in_the_loop")
OTHER_CHIPS = 100_000
"""Added to the number of a chip for the one that takes its place."""


def recipe_of(kind: str, settings: Settings, chip: ChipSettings) -> ClassifyRecipe:
    """The shipped recipe of a kind of delays, for so many chips and epochs."""
    recipe = load(resolve("recipes", RECIPES[kind]), ClassifyRecipe)
    learning = replace(recipe.learning, n_epochs=settings.epochs)
    return replace(recipe, members=settings.chips, seed=chip.seed, chip=chip, learning=learning)


def trained(recipe: ClassifyRecipe, way: Way, data: SpikeData, run: Run) -> Classifier:
    """Train for the recipe's chips in one way."""
    assert recipe.chip is not None
    chip = replace(recipe.chip, training=way)
    recipe = replace(recipe, chip=chip)
    with run.progress(f"{recipe.network.delays}, {way}") as progress:
        return ls.train_spikes(data, settings=recipe, progress=progress)


def accuracy_on(network: ls.SpikingNetwork, chip: ChipSettings, data: SpikeData) -> Array:
    """Test accuracy of each network on its chip."""
    return judge(network, data.test, on_chip(network, chip)).accuracy.value


def learned_again(
    recipe: ClassifyRecipe,
    network: ls.SpikingNetwork,
    chip: ChipSettings,
    epochs: int,
    data: SpikeData,
    run: Run,
) -> tuple[Array, Array]:
    """Learn on in the loop on other chips; validation accuracy, (epoch, chip), and on the test."""
    learning = replace(recipe.learning, n_epochs=epochs, evaluate_every=1)
    recipe = replace(recipe, chip=chip, learning=learning)
    with run.progress(f"{recipe.network.delays}, on other chips") as progress:
        again = ls.train_spikes(
            data, settings=recipe, initial=network.state_dict(), progress=progress
        )
    first = judge(network, data.validation, on_chip(network, chip)).accuracy.value
    curve = again.history.arrays()["validation_accuracy"]
    judged = judge(again.network, data.test, again.runner).accuracy.value
    return np.vstack([first, curve]), judged


@dataclass(frozen=True)
class Settings:
    """Train networks in three ways for noisy chips, and exchange the chips."""

    chip: str = option("brainscales2", "Chip model: a file or the name of one.")
    kind: tuple[str, ...] = option((), "none, axonal, synaptic; all if none is given.")
    chips: int = option(10, "Chips, each with a network.", min=2)
    epochs: int = option(40, "Epochs of training.", min=1)
    again: int = option(10, "Epochs on the other chip.", min=1)

    few_data: bool = False

    def __post_init__(self) -> None:
        chosen_of(RECIPES, self.kind, "--kind")

    def smallest(self) -> Settings:
        kind = self.kind or ("none", "axonal")
        return replace(self, kind=kind, chips=2, epochs=1, again=1, few_data=True)


def main(settings: Settings, run: Run) -> None:
    kinds = chosen_of(RECIPES, settings.kind)
    data = yin_yang_spikes(FEW if settings.few_data else SIZES)
    config = {
        "chip": settings.chip, "kinds": kinds, "chips": settings.chips,
        "epochs": settings.epochs, "again": settings.again,
        "recipes": {name: RECIPES[name] for name in kinds},
    }  # fmt: skip
    with run.results(config) as file:
        for name in kinds:
            chip = ChipSettings(model=ls.load_chip(settings.chip), seed=run.seed)
            other = replace(chip, seed=run.seed + OTHER_CHIPS)
            recipe = recipe_of(name, settings, chip)
            for way in WAYS:
                classifier = trained(recipe, way, data, run)
                network = classifier.network
                assert isinstance(network, ls.SpikingNetwork)
                found = {f"{name}_{way}": accuracy_on(network, chip, data)}
                if way == "blind":
                    nominal = judge(network, data.test).accuracy.value
                    found[f"{name}_nominal"] = nominal
                if way == "in_the_loop":
                    moved = accuracy_on(network, other, data)
                    curve, judged = learned_again(recipe, network, other, settings.again, data, run)
                    found |= {f"{name}_moved": moved, f"{name}_learned_again": judged}
                    file.write(
                        f"hardware/{name}_curve", curve, ("epoch", "chip"), units="1",
                        description=f"validation accuracy on another chip, delays {name}",
                    )  # fmt: skip
                for label, values in found.items():
                    write_accuracies(file, "hardware", label, values)


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["noisy_hardware"])
