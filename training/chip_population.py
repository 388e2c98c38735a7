"""A population of chips: the cost of each imperfection, with and without delays.

Networks learn the Yin-Yang data on the nominal model. They are transferred to chips that have one
imperfection in several strengths, and are judged there, and once more after a few epochs in the
loop. Then one network of each kind is transferred to many uncalibrated chips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from shared.chips import RECIPES, Array, write_accuracies
from torch import Tensor

import lasersampling as ls
from lasersampling.config import load, resolve
from lasersampling.datasets import FEW, SIZES, yin_yang_spikes
from lasersampling.experiments import Run, chosen_of, option
from lasersampling.learning.spikes import (
    ChipSettings,
    ClassifyRecipe,
    build_network,
    judge,
    on_chip,
)

State = dict[str, Tensor]
WAYS = "moved", "learned"


class Kind(NamedTuple):
    """An imperfection: its label, its strengths, and the key that has such a strength."""

    label: str
    strengths: tuple[float, ...]
    key: tuple[str, ...]
    relative: bool | None = True

    def made(self, strength: float) -> dict[str, Any]:
        """Imperfections of this kind and strength."""
        value: Any = strength
        if self.relative is not None:
            value = {"std": strength, "relative": self.relative}
        first, *inner = self.key
        for name in reversed(inner):
            value = {name: value}
        return {first: value}


KINDS = {
    "threshold": Kind(
        "threshold mismatch (of 2.6)", (0.1, 0.2, 0.4), ("threshold", "mismatch"), False
    ),
    "batch": Kind("threshold noise (of 2.6)", (0.05, 0.1, 0.2), ("threshold", "trial"), False),
    "tau_mem": Kind("mismatch of tau_mem", (0.05, 0.1, 0.2), ("tau_mem", "mismatch")),
    "tau_syn": Kind("mismatch of tau_syn", (0.05, 0.1, 0.2), ("tau_syn", "mismatch")),
    "coupling": Kind("mismatch of weights", (0.1, 0.2, 0.4), ("coupling", "mismatch")),
    "grid": Kind("step of weights", (0.05, 0.1, 0.2), ("coupling", "grid", "step"), None),
    "jitter": Kind("jitter (tau_syn)", (0.02, 0.05, 0.1), ("spikes", "jitter_std"), None),
    "lost": Kind("lost spikes", (0.01, 0.02, 0.05), ("spikes", "lost"), None),
}


def recipe_of(kind: str, members: int, seed: int, epochs: int) -> ClassifyRecipe:
    """The shipped recipe of a kind of delays, trained without a chip."""
    recipe = load(resolve("recipes", RECIPES[kind]), ClassifyRecipe)
    learning = replace(recipe.learning, n_epochs=epochs)
    assert recipe.chip is not None
    chip = replace(recipe.chip, training="blind", seed=seed)
    return replace(recipe, members=members, seed=seed, chip=chip, learning=learning)


class Nominal(NamedTuple):
    """Networks that learned on the nominal model: their state, and their test accuracies."""

    state: State
    accuracy: Array


def learned(piece: tuple[ClassifyRecipe, bool]) -> Nominal:
    """Learn on the nominal model."""
    recipe, few_data = piece
    data = yin_yang_spikes(FEW if few_data else SIZES)
    network = ls.train_spikes(data, settings=recipe).network
    return Nominal(dict(network.state_dict()), judge(network, data.test).accuracy.value)


class Move(NamedTuple):
    """Networks that learned on the nominal model, and the chips to which they are moved."""

    recipe: ClassifyRecipe
    state: State
    chip: ChipSettings
    again: int
    few_data: bool


def moved(piece: Move) -> tuple[Array, Array]:
    """Test accuracy of each network as it came, and after so many epochs in the loop."""
    data = yin_yang_spikes(FEW if piece.few_data else SIZES)
    network = build_network(piece.recipe, 4, 3)
    network.load_state_dict(piece.state)
    before = judge(network, data.test, on_chip(network, piece.chip))
    learning = replace(piece.recipe.learning, n_epochs=piece.again, evaluate_every=piece.again)
    recipe = replace(piece.recipe, chip=piece.chip, learning=learning)
    again = ls.train_spikes(data, settings=recipe, initial=piece.state)
    judged = judge(again.network, data.test, again.runner)
    return before.accuracy.value, judged.accuracy.value


def copies_of(state: State, n: int) -> State:
    """So many copies of the first member of an ensemble."""
    return {name: values[:1].expand(n, *values.shape[1:]).clone() for name, values in state.items()}


@dataclass(frozen=True)
class Settings:
    """Move networks with and without delays to populations of imperfect chips."""

    delays: tuple[str, ...] = option((), "none, axonal, synaptic; all if none is given.")
    only: tuple[str, ...] = option((), "Kind of imperfection; all by default.")
    chips: int = option(10, "Chips of each kind and strength.", min=2)
    population: int = option(40, "Chips for one network.", min=2)
    epochs: int = option(60, "Epochs on the nominal model.", min=1)
    again: int = option(4, "Epochs on each chip.", min=1)

    strengths: int = 3
    few_data: bool = False

    def __post_init__(self) -> None:
        chosen_of(RECIPES, self.delays, "--delays")
        chosen_of(KINDS, self.only)

    def smallest(self) -> Settings:
        return replace(
            self, chips=2, population=2, epochs=1, again=1, delays=self.delays or ("none",),
            only=self.only or ("threshold", "lost"), strengths=1, few_data=True,
        )  # fmt: skip


def main(settings: Settings, run: Run) -> None:
    chosen = chosen_of(RECIPES, settings.delays)
    kinds = {name: KINDS[name] for name in chosen_of(KINDS, settings.only)}
    base = ls.load_chip("brainscales2")
    config = {
        "delays": chosen, "kinds": list(kinds), "chips": settings.chips,
        "population": settings.population, "epochs": settings.epochs, "again": settings.again,
    }  # fmt: skip
    recipes = [recipe_of(label, settings.chips, run.seed, settings.epochs) for label in chosen]
    with run.results(config) as file:
        for name, kind in kinds.items():
            file.write(
                f"population/{name}_strength", kind.strengths[: settings.strengths],
                (f"strength_{name}",), units="1", description=kind.label,
            )  # fmt: skip
            file.attributes("population", {f"{name}_label": kind.label})
        nominal = run.each(
            learned, [(recipe, settings.few_data) for recipe in recipes], "nominal model"
        )
        moves = {}
        for label, recipe, network in zip(chosen, recipes, nominal, strict=True):
            for name, kind in kinds.items():
                for strength in kind.strengths[: settings.strengths]:
                    imperfections = ls.Imperfections(**kind.made(strength))
                    model = replace(base, imperfections=imperfections)
                    chip = ChipSettings(model=model, seed=run.seed)
                    moves[label, name, strength] = Move(
                        recipe, network.state, chip, settings.again, settings.few_data
                    )
            many = copies_of(network.state, settings.population)
            chip = ChipSettings(model=base, seed=run.seed + 1000)
            moves[label, "many", 0.0] = Move(
                replace(recipe, members=settings.population), many, chip, settings.again,
                settings.few_data,
            )  # fmt: skip
        found = dict(zip(moves, run.each(moved, list(moves.values()), "chips"), strict=True))
        for label, network in zip(chosen, nominal, strict=True):
            write_accuracies(file, "population", f"nominal_{label}", network.accuracy)
            for name, kind in kinds.items():
                own = [found[label, name, one] for one in kind.strengths[: settings.strengths]]
                dims = (f"strength_{name}", "chip")
                for way, values in zip(WAYS, np.swapaxes(own, 0, 1), strict=True):
                    write_accuracies(file, "population", f"{name}_{way}_{label}", values, dims)
            for way, values in zip(WAYS, found[label, "many", 0.0], strict=True):
                write_accuracies(file, "population", f"many_{way}_{label}", values, ("many_chips",))


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["chip_population"])
