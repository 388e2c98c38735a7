"""The design of a comparison: the recipes of all its trainings, checked before any of them."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lasersampling.checks import refuse
from lasersampling.commands.configuring import files_named, named, put, recipe_table
from lasersampling.comparison.settings import MAIN, SIGNIFICANT, Comparison, Range
from lasersampling.config import parse, resolve, to_toml
from lasersampling.errors import InputError, Problem
from lasersampling.learning.spikes import ClassifyRecipe
from lasersampling.learning.spikes.arguments import activity_problems
from lasersampling.learning.spikes.data import data_of, files_of
from lasersampling.learning.spikes.networks import network_of
from lasersampling.learning.spikes.windows import window_problems
from lasersampling.statistics import smallest_p_value

_LONGEST_FILE = 240
"""Bytes of the name of a file, of which file systems take 255, with what marks a temporary one."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """One training of a comparison: an arm in a variant of a study.

    Attributes
    ----------
    study, variant, arm : str
        Names; the study `MAIN` has one variant without a name.
    """

    study: str
    variant: str
    arm: str

    @property
    def name(self) -> str:
        """Name of its results file, without a suffix."""
        return "-".join(part for part in (self.study, self.variant, self.arm) if part)


class Design:
    """A comparison with its recipes.

    Parameters
    ----------
    comparison : Comparison
        The comparison.

    Raises
    ------
    InputError
        If the base is no recipe, or a setting does not fit, with all problems and the arms and
        variants in which they are.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        with named("recipes", "base"):
            self._path = resolve("recipes", comparison.base)
        self._base = recipe_table(self._path, ClassifyRecipe)
        found: dict[Problem, list[Cell]] = {}
        for cell in self.cells():
            try:
                self.recipe(cell, self.middle(cell.arm))
            except InputError as error:
                for problem in error.problems:
                    found.setdefault(problem, []).append(cell)
        problems = [p.at(f"{_places(cells)}: {p.where}") for p, cells in found.items()]
        refuse(problems or self._range_problems() or self._name_problems())

    @property
    def base_digest(self) -> str:
        """SHA-256 of what the recipe says that all arms share, whatever its name and layout."""
        told = json.dumps(self._base, sort_keys=True, default=str)
        return hashlib.sha256(told.encode()).hexdigest()

    def _range_problems(self) -> list[Problem]:
        """Check both ends of what is searched for."""
        found: dict[Problem, list[str]] = {}
        for arm in self.comparison.arms:
            for key, own in self.ranges(arm).items():
                for end in (own.low, own.high):
                    try:
                        self.recipe(Cell(MAIN, "", arm), self.middle(arm) | {key: end})
                    except InputError as error:
                        for p in error.problems:
                            found.setdefault(p.at(f"range of {key}: {p.where}"), []).append(arm)
        return [p.at(f"{_arms(arms)}: {p.where}") for p, arms in found.items()]

    def _name_problems(self) -> list[Problem]:
        """Check that all trainings have files of their own, whose names a disk takes."""
        names = self.file_names()
        twice = sorted({name for name in names if names.count(name) > 1})
        expected = "names of studies, variants and arms that make other names of files"
        problems = [Problem("names", f"two trainings {name}", expected) for name in twice]
        longest = max(names, key=lambda name: len(os.fsencode(name)))
        if len(os.fsencode(longest)) > _LONGEST_FILE:
            got = f"{longest}, of {len(os.fsencode(longest))} bytes"
            expected = f"shorter names of studies, variants and arms, {_LONGEST_FILE} in all"
            problems.append(Problem("names", got, expected))
        return problems

    def check_trainings(self) -> None:
        """Check that there are data for all trainings, and memory and time for their networks.

        Raises
        ------
        InputError
            With all problems, and the arms and variants in which they are.
        """
        found: dict[Problem, list[Cell]] = {}
        known: object = None
        for cell in self.cells():
            recipe = self.recipe(cell, self.middle(cell.arm))
            about = recipe.data, recipe.train_samples, recipe.event_files, recipe.encoding
            try:
                if about != known:
                    data, known = data_of(recipe), about
                problems: Iterable[Problem] = activity_problems(recipe, data)
                if not problems:
                    first = dataclasses.replace(recipe, members=1)
                    network = network_of(first, data.n_inputs, data.n_classes)
                    problems = window_problems(first, network, data)
            except InputError as error:
                problems = error.problems
            for problem in problems:
                found.setdefault(problem, []).append(cell)
        refuse([p.at(f"{_places(cells)}: {p.where}") for p, cells in found.items()])

    def inputs(self) -> list[str | Path]:
        """List all files that are read, which nothing may replace."""
        recipes = [self.recipe(cell, self.middle(cell.arm)) for cell in self.cells()]
        data = [name for own in {r.data for r in recipes} for name in files_of(own)]
        return [*files_named(self._path), *data]

    def file_names(self, studies: Sequence[str] = ()) -> list[str]:
        """List the results files of all trainings and trials, or of the trainings of studies."""
        if studies:
            return [f"{cell.name}.h5" for cell in self.cells() if cell.study in studies]
        trials = range(self.comparison.search.trials)
        searches = [search_file(arm, k) for arm in self.comparison.arms for k in trials]
        return [*(f"{cell.name}.h5" for cell in self.cells()), *searches]

    def remarks(self) -> list[str]:
        """Say what this comparison cannot find, whatever its trainings do."""
        return [*self._remarks_on_arms(), *self._remarks_on_pairs()]

    def _remarks_on_arms(self) -> list[str]:
        alike: dict[str, list[str]] = {}
        for arm in self.comparison.arms:
            recipe = self.recipe(Cell(MAIN, "", arm), self.middle(arm))
            alike.setdefault(f"{to_toml(recipe)}{self.ranges(arm)}", []).append(arm)
        return [
            f"arms {', '.join(arms)} are the same way to train, so they cannot differ."
            for arms in alike.values()
            if len(arms) > 1
        ]

    def _remarks_on_pairs(self) -> list[str]:
        n_pairs = self.comparison.members
        smallest = smallest_p_value(n_pairs)
        families = self._families()
        few = {what: n for what, n in families.items() if n * smallest >= SIGNIFICANT}
        if not few:
            return []
        largest = max(few.values())
        where = "" if len(few) == len(families) else f" of {', '.join(few)}"
        enough = next(n for n in itertools.count(2) if largest * 2.0 ** (1 - n) < SIGNIFICANT)
        least = min(largest * smallest, 1.0)
        told = "is 1" if least == 1.0 else f"is {least:.2g} or more"
        return [
            f"{n_pairs} networks of each arm are too few to call any difference{where} "
            f"significant: the p-value of the exact test of {n_pairs} pairs, corrected for "
            f"{largest} comparison{'s' * (largest > 1)}, {told}. Set members to "
            f"{enough} or more for p < {SIGNIFICANT:g}; intervals hold as they are."
        ]

    def _families(self) -> dict[str, int]:
        """Count the differences that are corrected together, by what they are of."""
        comparison = self.comparison
        found = {"the arms": len(comparison.arms) - 1}
        for name, study in comparison.studies.items():
            arms = study.arms or tuple(comparison.arms)
            if comparison.reference in arms and len(arms) > 1:
                found[f"the study {name}"] = len(arms) - 1
        found |= {f"the claim {name}": len(one.pairs) for name, one in comparison.claims.items()}
        return found

    def cells(self) -> list[Cell]:
        """List all trainings, those of the comparison itself first."""
        comparison = self.comparison
        found = [Cell(MAIN, "", arm) for arm in comparison.arms]
        for name, study in comparison.studies.items():
            arms = study.arms or tuple(comparison.arms)
            found += [Cell(name, variant, arm) for variant in study.variants for arm in arms]
        return found

    def ranges(self, arm: str) -> dict[str, Range]:
        """Return what is searched for in an arm."""
        return {**self.comparison.search.ranges, **self.comparison.arms[arm].ranges}

    def middle(self, arm: str) -> dict[str, float]:
        """Return the middle of each range of an arm."""
        return {
            key: (own.low * own.high) ** 0.5 if own.log else (own.low + own.high) / 2
            for key, own in self.ranges(arm).items()
        }

    def recipe(self, cell: Cell, chosen: Mapping[str, float]) -> ClassifyRecipe:
        """Return the recipe of a training.

        Parameters
        ----------
        cell : Cell
            The training.
        chosen : mapping of str to float
            What the search has chosen, by dotted key.

        Raises
        ------
        InputError
            For a setting that does not fit.
        """
        comparison = self.comparison
        study = comparison.studies.get(cell.study)
        varied = {} if study is None else study.variants[cell.variant]
        table = copy.deepcopy(self._base)
        own = comparison.arms[cell.arm].settings
        for key, value in {**comparison.settings, **chosen, **own, **varied}.items():
            if not put(table, key.split("."), copy.deepcopy(value)):
                raise InputError.single(key, "a key of a plain value", "a key of a table")
        table |= {"members": comparison.members, "seed": comparison.seed}
        return parse(table, ClassifyRecipe, "")

    def trial(self, arm: str, chosen: Mapping[str, float]) -> ClassifyRecipe:
        """Return the recipe of a trial of the search; see `recipe`."""
        recipe, search = self.recipe(Cell(MAIN, "", arm), chosen), self.comparison.search
        n_epochs = search.n_epochs or max(1, round(recipe.learning.n_epochs / 3))
        learning = dataclasses.replace(recipe.learning, n_epochs=n_epochs)
        return dataclasses.replace(
            recipe, learning=learning, members=search.members, seed=search.seed
        )


def search_file(arm: str, trial: int) -> str:
    """Name the results file of a trial."""
    return f"search-{arm}-{trial}.h5"


def load_comparison(path: Path) -> Design:
    """Read a comparison from its file (TOML).

    Parameters
    ----------
    path : Path
        The file; the path of its base counts from there.

    Raises
    ------
    InputError
        With all problems, under the name of the file.
    """
    comparison = parse(recipe_table(path, Comparison), Comparison, str(path))
    try:
        return Design(comparison)
    except InputError as error:
        raise InputError(p.at(f"{path}: {p.where}") for p in error.problems) from None


def _places(cells: Iterable[Cell]) -> str:
    """Say in which parts of a comparison trainings are; those of arms by themselves speak for all.

    A setting of an arm is in all variants that the arm is trained in.
    """
    main: list[str] = []
    studies: dict[str, list[str]] = {}
    for cell in cells:
        if cell.study == MAIN:
            main.append(cell.arm)
        elif cell.arm not in main:
            studies.setdefault(f"studies.{cell.study}.variants.{cell.variant}", []).append(cell.arm)
    told = [_arms(main)] if main else []
    return "; ".join([*told, *(f"{place}, {_arms(arms)}" for place, arms in studies.items())])


def _arms(arms: Iterable[str]) -> str:
    return ", ".join(f"arms.{arm}" for arm in dict.fromkeys(arms))
