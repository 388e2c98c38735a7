"""Arbitrary distributions of four units, learned by networks of lasers with hidden ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from shared.machines import Divergences

import lasersampling as ls
from lasersampling.config import parse, read_toml, resolve
from lasersampling.experiments import Run, option
from lasersampling.learning.machines import FitRecipe, fit, sampler_of

N_VISIBLE = 4
WHO = {"translated": "before", "learned": "after", "gibbs": "gibbs"}


@dataclass(frozen=True)
class Settings:
    """Learn targets drawn from Dirichlet(1) over all states of four units."""

    targets: int = option(20, "Targets, of seeds 0, 1, ...", min=2)
    recipe: str = option("distribution", "Recipe of the fit.")
    device: str = option("D6", "Device file or name.")
    changes: tuple[tuple[str, dict[str, int]], ...] = ()

    def smallest(self) -> Settings:
        less = {"n_updates": 4, "updates_per_epoch": 2}
        changes = ("", {"n_hidden": 3}), ("learning", less), ("judging", {"n_draws": 200})
        return replace(self, targets=2, changes=changes)

    def chosen(self) -> FitRecipe:
        """The recipe for this device."""
        table = read_toml(resolve("recipes", self.recipe)) | {"device": ls.load_device(self.device)}
        for where, values in self.changes:
            (table.setdefault(where, {}) if where else table).update(values)
        return parse(table, FitRecipe, self.recipe)


def target_of(number: int) -> ls.Target:
    drawn = np.random.default_rng(number).dirichlet(np.ones(2**N_VISIBLE))
    return ls.target_from_table(drawn)


def learned(piece: tuple[FitRecipe, int]) -> dict[str, ls.Samples]:
    """Learn a target of some number, and draw from what was learned."""
    recipe, number = piece
    samples = fit(recipe, target_of(number), sampler=sampler_of(recipe)).samples
    # The states are all that is needed here, and may have to travel.
    return {name: replace(samples[name], spikes=None, end=None) for name in WHO.values()}


def main(settings: Settings, run: Run) -> None:
    recipe, divergences = settings.chosen(), Divergences()
    pieces = [(replace(recipe, seed=run.seed + k), k) for k in range(settings.targets)]
    with run.results(recipe) as file:
        for k, samples in enumerate(run.each(learned, pieces, "learning")):
            for who, name in WHO.items():
                reached = divergences.add(f"{who}_dirichlet", target_of(k), samples[name])
                print(f"target {k}, {who}: D_KL {reached:.4f}")
        divergences.write(file, "seed of the target", "_dirichlet")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["machines"])
