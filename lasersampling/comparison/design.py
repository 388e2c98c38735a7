"""The design of a comparison: what its arms share, in what they differ, and what is varied."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from lasersampling.checks import refuse
from lasersampling.commands.configuring import files_named, put, recipe_table
from lasersampling.config import Count, Finite, Probability, parse, resolve, validated
from lasersampling.errors import InputError, Problem
from lasersampling.learning.spikes import ClassifyRecipe
from lasersampling.learning.spikes.data import files_of

MAIN = "main"
"""Name of the study that varies nothing."""

_OF_COMPARISON = ("members", "seed")
_SHARED = ("data", "train_samples", "learning.n_epochs", "learning.batch_size")
"""Keys that would make a comparison of arms unfair."""


@validated
class Range:
    """Values among which a search chooses.

    Attributes
    ----------
    low, high : float
        Its ends, in the unit of the key.
    log : bool
        Whether they are chosen evenly in the logarithm.
    """

    low: Finite
    high: Finite
    log: bool = False

    def __post_init__(self) -> None:
        lowest = 0.0 if self.log else -float("inf")
        problems = []
        if not self.low > lowest:
            problems.append(Problem("low", f"{self.low:g}", "above 0 for a logarithm"))
        if not self.high > self.low:
            problems.append(Problem("high", f"{self.high:g}", f"above low, {self.low:g}"))
        refuse(problems)


@validated
class Search:
    """The search for settings, the same for all arms.

    Attributes
    ----------
    trials : int
        Trials of each arm; without any, its settings are taken as they are.
    members : int
        Networks of a trial.
    n_epochs : int or None
        Epochs of a trial; a third of those of the comparison if not given.
    seed : int
        Seed of the search and of its networks, which must differ from those that are reported.
    ranges : mapping of str to Range
        What is searched for in all arms, by the dotted key of a recipe.
    """

    trials: Annotated[int, Field(ge=0, le=10_000)] = 0
    members: Count = 2
    n_epochs: Count | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1_000_000
    ranges: dict[str, Range] = dataclasses.field(default_factory=dict)


@validated
class Arm:
    """One of the ways to train that are compared.

    Attributes
    ----------
    settings : mapping of str to object
        Its settings, by the dotted key of a recipe.
    ranges : mapping of str to Range
        What is searched for in this arm only.
    """

    settings: dict[str, Any]
    ranges: dict[str, Range] = dataclasses.field(default_factory=dict)


@validated
class Study:
    """Something that is varied, for some of the arms.

    Attributes
    ----------
    about : str
        What is varied, as a label of an axis.
    variants : mapping of str to mapping
        Settings of each variant, by the dotted key of a recipe.
    arms : tuple of str
        The arms; all if none is named.
    """

    about: str
    variants: dict[str, dict[str, Any]]
    arms: tuple[str, ...] = ()


@validated
class Comparison:
    """A comparison of ways to train networks that classify by spikes.

    Attributes
    ----------
    base : str
        Recipe of ``lasersampling classify`` that all arms share: a shipped one, or a file.
    arms : mapping of str to Arm
        What is compared.
    reference : str
        The arm from which differences are taken.
    settings : mapping of str to object
        Settings for all arms, by the dotted key of a recipe.
    members : int
        Networks of each arm, with the same seeds.
    seed : int
        Seed of the first.
    search : Search
        The search for settings.
    studies : mapping of str to Study
        What is varied.
    goal : float
        Validation accuracy of which it is measured when it is reached [1].
    fresh_points : int
        Fresh points on which networks of Yin-Yang are judged.

    Raises
    ------
    InputError
        With all problems found, each with its dotted key.

    Examples
    --------
    >>> from lasersampling.comparison import Comparison
    >>> comparison = Comparison(
    ...     base="yin_yang_eventprop",
    ...     arms={
    ...         "closed_form": {"settings": {"method": "closed-form"}},
    ...         "eventprop": {"settings": {"method": "eventprop"}},
    ...     },
    ...     reference="closed_form",
    ...     members=2,
    ... )
    >>> sorted(comparison.arms)
    ['closed_form', 'eventprop']
    """

    base: str
    arms: dict[str, Arm]
    reference: str
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    members: Annotated[int, Field(ge=2, le=10_000)] = 10
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    search: Search = Search()
    studies: dict[str, Study] = dataclasses.field(default_factory=dict)
    goal: Probability = 0.95
    fresh_points: Annotated[int, Field(ge=0, le=10_000_000)] = 20_000

    def __post_init__(self) -> None:
        known = ", ".join(self.arms) or "none"
        problems = [*self._unfair_problems()]
        if len(self.arms) < 2:
            problems.append(Problem("arms", f"{len(self.arms)}", "at least two, to compare"))
        searched = [self.search.ranges, *(arm.ranges for arm in self.arms.values())]
        if self.search.trials and not any(searched):
            expected = "ranges of settings to search in, or no trials"
            problems.append(Problem("search.ranges", "none", expected))
        if self.reference not in self.arms:
            problems.append(Problem("reference", repr(self.reference), f"an arm, of {known}"))
        for name, study in self.studies.items():
            where = f"studies.{name}"
            if name == MAIN:
                problems.append(Problem(where, "the name of the comparison itself", "another"))
            if not study.variants:
                problems.append(Problem(f"{where}.variants", "none", "some"))
            if unknown := sorted(set(study.arms) - set(self.arms)):
                got = ", ".join(unknown)
                problems.append(Problem(f"{where}.arms", got, f"arms, of {known}"))
        for name in [*self.arms, *self.studies, *self._variant_names()]:
            if not name or set(name) & set("/\\\0") or name.startswith("."):
                expected = "a name without slashes, which files can have"
                problems.append(Problem("names of arms, studies and variants", name, expected))
        trial_seeds = range(self.search.seed, self.search.seed + self.search.members)
        if set(trial_seeds) & set(range(self.seed, self.seed + self.members)):
            expected = "seeds that the reported networks do not have"
            problems.append(Problem("search.seed", f"{self.search.seed}", expected))
        refuse(problems)

    def _unfair_problems(self) -> Iterator[Problem]:
        """Find settings that arms must share, and those that a search would try without effect."""
        places = {"settings": self.settings}
        places |= {f"arms.{name}.settings": arm.settings for name, arm in self.arms.items()}
        for name, study in self.studies.items():
            for variant, settings in study.variants.items():
                places[f"studies.{name}.variants.{variant}"] = settings
        for place, settings in places.items():
            for key in settings:
                if key in _OF_COMPARISON:
                    expected = f"none here, but the key {key} of the comparison"
                    yield Problem(f"{place}.{key}", "a value", expected)
                elif key in _SHARED and place.startswith("arms."):
                    yield Problem(f"{place}.{key}", "a value", "none, since all arms share it")
        for name, arm in self.arms.items():
            for key in {**self.search.ranges, **arm.ranges}:
                for own in arm.settings:
                    if key == own or key.startswith(f"{own}."):
                        expected = f"none, since {key} is searched for, which it would undo"
                        yield Problem(f"arms.{name}.settings.{own}", "a value", expected)

    def _variant_names(self) -> Iterator[str]:
        for study in self.studies.values():
            yield from study.variants


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
    folder : Path, optional
        Folder from which the path of the base counts.

    Raises
    ------
    InputError
        If the base is no recipe, or a setting does not fit, with all problems and the arms and
        variants in which they are.
    """

    def __init__(self, comparison: Comparison, folder: Path | None = None) -> None:
        self.comparison = comparison
        self._path = resolve("recipes", comparison.base, beside=folder)
        self._base = recipe_table(self._path, ClassifyRecipe)
        problems: list[Problem] = []
        for cell in self.cells():
            try:
                self.recipe(cell, self.middle(cell.arm))
            except InputError as error:
                problems += [p.at(f"{_place(cell)}: {p.where}") for p in error.problems]
        refuse(problems or self._range_problems() or self._name_problems())

    def _range_problems(self) -> list[Problem]:
        """Check both ends of what is searched for."""
        problems = []
        for arm in self.comparison.arms:
            for key, own in self.ranges(arm).items():
                for end in (own.low, own.high):
                    try:
                        self.recipe(Cell(MAIN, "", arm), self.middle(arm) | {key: end})
                    except InputError as error:
                        where = f"arms.{arm}: range of {key}"
                        problems += [p.at(f"{where}: {p.where}") for p in error.problems]
        return problems

    def _name_problems(self) -> list[Problem]:
        """Check that all trainings have files of their own."""
        names = self.file_names()
        twice = sorted({name for name in names if names.count(name) > 1})
        expected = "names of studies, variants and arms that make other names of files"
        return [Problem("names", f"two trainings {name}", expected) for name in twice]

    def inputs(self) -> list[str | Path]:
        """List all files that are read, which nothing may replace."""
        recipes = [self.recipe(cell, self.middle(cell.arm)) for cell in self.cells()]
        data = [name for own in {r.data for r in recipes} for name in files_of(own)]
        return [*files_named(self._path), *data]

    def file_names(self) -> list[str]:
        """List the results files of all trainings and trials."""
        trials = range(self.comparison.search.trials)
        searches = [search_file(arm, k) for arm in self.comparison.arms for k in trials]
        return [*(f"{cell.name}.h5" for cell in self.cells()), *searches]

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
    from lasersampling.config import load

    comparison = load(path, Comparison)
    try:
        return Design(comparison, path.parent)
    except InputError as error:
        raise InputError(p.at(f"{path}: {p.where}") for p in error.problems) from None


def _place(cell: Cell) -> str:
    """Say in which part of a comparison a training is."""
    arm = f"arms.{cell.arm}"
    return arm if cell.study == MAIN else f"studies.{cell.study}.variants.{cell.variant}, {arm}"
