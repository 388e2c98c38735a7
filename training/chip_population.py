"""A population of chips: what each imperfection costs, with and without delays.

Networks learn the Yin-Yang data on the nominal model. They are moved to chips that have one
imperfection in several strengths, are judged there, and once more after a few epochs in the loop.
Then one network of each kind is moved to many chips as they come from the foundry.
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from torch import Tensor

from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import load, resolve, to_toml
from lasersampling.datasets import SpikeData, yin_yang_spikes
from lasersampling.datasets.yin_yang import FEW, SIZES
from lasersampling.hardware import ChipModel, Imperfections, load_chip
from lasersampling.learning.spikes.chips import on_chip
from lasersampling.learning.spikes.classification import judge, train_spikes
from lasersampling.learning.spikes.recipes import ChipSettings, ClassifyRecipe, build_network
from lasersampling.lif import SpikingNetwork
from lasersampling.results import ResultsFile

RECIPES = {"none": "chip", "axonal": "chip_axonal", "synaptic": "chip_synaptic"}


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
        for name in reversed(self.key):
            value = {name: value}
        return value


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
    learning = dataclasses.replace(recipe.learning, n_epochs=epochs)
    chip = dataclasses.replace(recipe.chip, training="blind", seed=seed)
    return dataclasses.replace(recipe, members=members, seed=seed, chip=chip, learning=learning)


class Mover:
    """Networks that learned on the nominal model, to be moved to chips."""

    def __init__(self, recipe: ClassifyRecipe, network: SpikingNetwork, data: SpikeData) -> None:
        self._recipe, self._network, self._data = recipe, network, data

    def accuracies(self, model: ChipModel, seed: int, again: int) -> tuple[np.ndarray, np.ndarray]:
        """Test accuracy of each network as it came, and after so many epochs in the loop."""
        chip = ChipSettings(model=model, seed=seed)
        moved = judge(self._network, self._data.test, on_chip(self._network, chip))
        learning = dataclasses.replace(self._recipe.learning, n_epochs=again, evaluate_every=again)
        recipe = dataclasses.replace(
            self._recipe, chip=chip, learning=learning, members=self._network.n_members
        )
        state = self._network.state_dict()
        learned = train_spikes(self._data, settings=recipe, initial=state)
        judged = judge(learned.network, self._data.test, learned.runner)
        return moved.accuracy.value, judged.accuracy.value


def copies_of(recipe: ClassifyRecipe, network: SpikingNetwork, n: int) -> SpikingNetwork:
    """So many copies of the first member of an ensemble."""
    many = build_network(dataclasses.replace(recipe, members=n), 4, 3)
    state: dict[str, Tensor] = {
        name: values[:1].expand(n, *values.shape[1:]).clone()
        for name, values in network.state_dict().items()
    }
    many.load_state_dict(state)
    return many


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/chip_population.h5"
    ),
    delays: Annotated[
        list[str] | None, typer.Option(help="none, axonal, synaptic; all if none is given.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Kind of imperfection; all by default.")
    ] = None,
    chips: Annotated[int, typer.Option(min=2, help="Chips of each kind and strength.")] = 10,
    population: Annotated[int, typer.Option(min=2, help="Chips for one network.")] = 40,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs on the nominal model.")] = 60,
    again: Annotated[int, typer.Option(min=1, help="Epochs on each chip.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first network and chip.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of an hour.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Move networks with and without delays to populations of imperfect chips."""
    if smoke:
        chips, population, epochs, again = 2, 2, 1, 1
        delays, only = delays or ["none"], only or ["threshold", "lost"]
    chosen = delays or list(RECIPES)
    kinds = {name: kind for name, kind in KINDS.items() if name in (only or KINDS)}
    if smoke:
        kinds = {name: kind._replace(strengths=kind.strengths[:1]) for name, kind in kinds.items()}
    base, data = (
        load_chip("brainscales2"),
        yin_yang_spikes(FEW if smoke else SIZES),
    )
    config = to_toml({
        "delays": chosen, "kinds": list(kinds), "chips": chips, "population": population,
        "epochs": epochs, "again": again,
    })  # fmt: skip
    reporter = Reporter(quiet=False, as_json=False)
    with ResultsFile.create(
        out, command=shlex.join(["python", *sys.argv]), seed=seed, config=config,
        overwrite=overwrite, figures=["chip_population"],
    ) as file:  # fmt: skip
        for name, kind in kinds.items():
            file.write(
                f"population/{name}_strength", kind.strengths, (f"strength_{name}",),
                units="1", description=kind.label,
            )  # fmt: skip
            file.attributes("population", {f"{name}_label": kind.label})
        for label in chosen:
            recipe = recipe_of(label, chips, seed, epochs)
            with reporter.progress(f"delays {label}: nominal model") as progress:
                network = train_spikes(data, settings=recipe, progress=progress).network
            tell(file, f"nominal_{label}", judge(network, data.test).accuracy.value, ("chip",))
            sweep(file, Mover(recipe, network, data), label, kinds, base, seed, again)
            many = copies_of(recipe, network, population)
            moved, learned = Mover(recipe, many, data).accuracies(base, seed + 1000, again)
            tell(file, f"many_moved_{label}", moved, ("many_chips",))
            tell(file, f"many_learned_{label}", learned, ("many_chips",))
    for path in file.draw():
        print(f"written: {path}")


def sweep(
    file: ResultsFile,
    mover: Mover,
    label: str,
    kinds: dict[str, Kind],
    base: ChipModel,
    seed: int,
    again: int,
) -> None:
    """Move networks to chips with one imperfection at a time."""
    for name, kind in kinds.items():
        found = []
        for strength in kind.strengths:
            model = dataclasses.replace(base, imperfections=Imperfections(**kind.made(strength)))
            found.append(mover.accuracies(model, seed, again))
        for way, values in zip(("moved", "learned"), np.swapaxes(found, 0, 1), strict=True):
            tell(file, f"{name}_{way}_{label}", values, (f"strength_{name}", "chip"))


def tell(file: ResultsFile, label: str, values: np.ndarray, dims: tuple[str, ...]) -> None:
    """Write and print accuracies, the last axis of which is that of the chips."""
    file.write(
        f"population/{label}", values, dims, units="1", description=f"test accuracy, {label}"
    )
    for place, own in enumerate(np.atleast_2d(values)):
        spread = own.std(ddof=1)
        name = label if values.ndim == 1 else f"{label}_{place}"
        file.metric(
            f"accuracy_{name}", own.mean(), spread / own.size**0.5,
            description=f"test accuracy, {name}, mean over chips",
        )  # fmt: skip
        print(f"{name}: {own.mean():.4f}, spread {spread:.4f}", flush=True)


if __name__ == "__main__":
    run(main)
