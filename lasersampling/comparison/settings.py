"""The settings of a comparison, as its file (TOML) states them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from lasersampling.checks import refuse
from lasersampling.config import Count, Finite, Probability, validated
from lasersampling.errors import Problem

MAIN = "main"
"""Name of the study that varies nothing."""

SIGNIFICANT = 0.05
"""Corrected p-value below which a difference is called one."""

RESERVED = {
    MAIN: "the comparison itself", "curves": "curves of learning", "search": "trials",
    "failures": "trainings that failed", "history": "figures of merit",
    "samples": "draws", "spikes": "spikes", "traces": "traces", "checkpoint": "a state",
    "parameters": "trained networks", "chip": "a chip", "config": "the settings",
    "metrics": "figures of merit", "claim_": "claims",
}  # fmt: skip
"""Names that no study can have, or their beginnings ("_"), and what of a results file has them."""

RESERVED_OF_ARMS = {"member": "networks", "epoch_": "epochs", "trial_": "trials"}
"""The same of arms."""

LONGEST_NAME = 60
"""Letters of a name; three names make that of a file."""

_OF_COMPARISON = ("members", "seed")
_SHARED = (
    "data", "train_samples", "event_files", "learning.n_epochs", "learning.batch_size",
    "learning.patience", "learning.evaluate_every",
)  # fmt: skip
"""Keys that would make a comparison of arms unfair, with all keys below them."""


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", flat(self.settings))


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

    def __post_init__(self) -> None:
        variants = {name: flat(settings) for name, settings in self.variants.items()}
        object.__setattr__(self, "variants", variants)


@validated
class Claim:
    """A statement on which arms are better, made before they are trained.

    Attributes
    ----------
    about : str
        The statement, in words.
    pairs : tuple of tuple of str
        For each pair of arms, that which should be better, and that which it is compared with.
    """

    about: str
    pairs: tuple[tuple[str, str], ...]


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
    claims : mapping of str to Claim
        Statements that are tested on the networks of the arms themselves.
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
    claims: dict[str, Claim] = dataclasses.field(default_factory=dict)
    goal: Probability = 0.95
    fresh_points: Annotated[int, Field(ge=0, le=10_000_000)] = 20_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", flat(self.settings))
        known = ", ".join(self.arms) or "none"
        problems = [*self._unfair_problems()]
        if len(self.arms) < 2:
            problems.append(Problem("arms", f"{len(self.arms)}", "at least two, to compare"))
        searched = [self.search.ranges, *(arm.ranges for arm in self.arms.values())]
        if self.search.trials and not any(searched):
            expected = "ranges of settings to search in, or no trials"
            problems.append(Problem("search.ranges", "none", expected))
        if not self.goal > 0.0:
            problems.append(Problem("goal", f"{self.goal:g}", "above 0, which all networks reach"))
        if self.reference not in self.arms:
            problems.append(Problem("reference", repr(self.reference), f"an arm, of {known}"))
        for name, study in self.studies.items():
            where = f"studies.{name}"
            if not study.variants:
                problems.append(Problem(f"{where}.variants", "none", "some"))
            if unknown := sorted(set(study.arms) - set(self.arms)):
                got = ", ".join(unknown)
                problems.append(Problem(f"{where}.arms", got, f"arms, of {known}"))
        for name, claim in self.claims.items():
            problems += self._claim_problems(f"claims.{name}.pairs", claim)
        for name in [*self.arms, *self.studies, *self.claims, *self._variant_names()]:
            problems += _name_problems(name)
        for name in self.arms:
            problems += _reserved_problems(f"arms.{name}", name, RESERVED_OF_ARMS)
        for name in self.studies:
            problems += _reserved_problems(f"studies.{name}", name, RESERVED)
        trial_seeds = range(self.search.seed, self.search.seed + self.search.members)
        if set(trial_seeds) & set(range(self.seed, self.seed + self.members)):
            expected = "seeds that the reported networks do not have"
            problems.append(Problem("search.seed", f"{self.search.seed}", expected))
        refuse(problems)

    def _claim_problems(self, where: str, claim: Claim) -> Iterator[Problem]:
        if not claim.pairs:
            yield Problem(where, "none", "some, each of two arms")
        unordered = [frozenset(pair) for pair in claim.pairs]
        for arms in {one for one in unordered if unordered.count(one) > 1}:
            yield Problem(where, f"{' and '.join(sorted(arms))} in two pairs", "each pair once")
        for pair in claim.pairs:
            if unknown := [arm for arm in pair if arm not in self.arms]:
                expected = f"arms, of {', '.join(self.arms) or 'none'}"
                yield Problem(where, ", ".join(unknown), expected)
            elif pair[0] == pair[1]:
                yield Problem(where, f"{pair[0]} twice", "two arms")

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
                elif place.startswith("arms.") and _is_shared(key):
                    yield Problem(f"{place}.{key}", "a value", "none, since all arms share it")
        ranges = {"search.ranges": self.search.ranges}
        ranges |= {f"arms.{name}.ranges": arm.ranges for name, arm in self.arms.items()}
        for place, searched in ranges.items():
            for key in searched:
                if key in _OF_COMPARISON or _is_shared(key):
                    expected = "none, since what all arms share is not searched for"
                    yield Problem(f"{place}.{key}", "a range", expected)
        for name, arm in self.arms.items():
            for key in {**self.search.ranges, **arm.ranges}:
                for own in arm.settings:
                    if key == own or key.startswith(f"{own}."):
                        expected = f"none, since {key} is searched for, which it would undo"
                        yield Problem(f"arms.{name}.settings.{own}", "a value", expected)

    def _variant_names(self) -> Iterator[str]:
        for study in self.studies.values():
            yield from study.variants


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by dotted keys, for those that are nested in tables.

    So a table ``network`` lays its keys over those of the base, as dotted keys do, and does not
    take its place. What stands at a dotted key, such as ``"network.after_spike"``, is a value,
    whatever it is.

    Parameters
    ----------
    settings : mapping
        The settings.

    Examples
    --------
    >>> from lasersampling.comparison.settings import flat
    >>> flat({"network": {"hidden": [5]}, "network.after_spike": {"refractory": 0.5}})
    {'network.hidden': [5], 'network.after_spike': {'refractory': 0.5}}
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict) and "." not in key:
            for name, inner in value.items():
                found |= dict(_leaves(f"{key}.{name}", inner))
        else:
            found[key] = value
    return found


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Give all that is no table in nested tables, or an empty one, with its dotted key."""
    if not isinstance(value, dict) or not value:
        yield key, value
        return
    for name, inner in value.items():
        yield from _leaves(f"{key}.{name}", inner)


def _is_shared(key: str) -> bool:
    """Whether all arms share a key, or what is below it."""
    return any(key == own or key.startswith(f"{own}.") for own in _SHARED)


def _reserved_problems(where: str, name: str, reserved: Mapping[str, str]) -> Iterator[Problem]:
    """Check that a name is none that results files have for something else."""
    for taken, what in reserved.items():
        if name == taken or (taken.endswith("_") and name.startswith(taken)):
            yield Problem(where, f"a name that results files have for {what}", "another")


def _name_problems(name: str) -> list[Problem]:
    """Check that a name can be a part of names of files and of datasets."""
    where = "names of arms, studies, variants and claims"
    shown = name if len(name) <= LONGEST_NAME else f"{name[:20]}..."
    if not name or set(name) & set("/\\") or name.startswith(".") or not name.isprintable():
        expected = "a name of printable signs without slashes, which files can have"
        return [Problem(where, repr(shown), expected)]
    if len(name) > LONGEST_NAME:
        got = f"{shown!r}, of {len(name)} letters"
        return [Problem(where, got, f"at most {LONGEST_NAME}, so that files can have it")]
    return []
