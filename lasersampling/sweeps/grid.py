"""The values of a sweep: keys with their values, and seeds."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lasersampling.checks import integer_problems, refuse, shown
from lasersampling.commands.ranges import numbers_of
from lasersampling.config import LARGEST_SEED
from lasersampling.errors import InputError, Problem

MOST_PIECES = 100_000
"""Largest number of pieces of a sweep."""

_PARTS = re.compile(r"""(?:"[^"]*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^,"'\[{])+""")
"""A value of a list: commas within quotes, brackets and braces belong to it."""


@dataclass(frozen=True)
class Axis:
    """A key, and the values that it takes.

    Attributes
    ----------
    key : str
        Name of an option or an argument of the command, or a dotted key of its configuration.
    values : tuple of str
        The values, as they are written at the command line.

    Raises
    ------
    InputError
        If there is no value, or one twice.
    """

    key: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        where = f"--over {self.key}"
        if not self.values or not all(self.values):
            got = "nothing" if not any(self.values) else "an empty value"
            raise InputError.single(where, got, "values, such as key=1,2,5 or key=0.1:0.5:5")
        if len(set(self.values)) < len(self.values):
            twice = next(value for value in self.values if self.values.count(value) > 1)
            raise InputError.single(where, f"{twice} twice", "each value once")


@dataclass(frozen=True)
class Cell:
    """What one piece of a sweep is about.

    Attributes
    ----------
    values : tuple of str
        A value of each key.
    seed : int
        Seed of the piece.
    """

    values: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class Grid:
    """All pieces of a sweep: each combination of values with each seed.

    Attributes
    ----------
    axes : tuple of Axis
        Keys and their values.
    seeds : tuple of int
        The seeds, which are the same for each combination, so that differences can be paired.

    Raises
    ------
    InputError
        If a key stands there twice, there is no seed or one twice, or there are too many pieces.

    Examples
    --------
    >>> grid = Grid((Axis("draws", ("100", "200")), Axis("chains", ("2", "4"))), (0, 1))
    >>> grid.combinations
    [('100', '2'), ('100', '4'), ('200', '2'), ('200', '4')]
    >>> len(grid), next(grid.cells())
    (8, Cell(values=('100', '2'), seed=0))
    """

    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        problems = [
            Problem(f"--over {axis.key}", "twice", "each key once, with all its values")
            for k, axis in enumerate(self.axes)
            if axis.key in [other.key for other in self.axes[:k]]
        ]
        if not self.seeds:
            problems.append(Problem("--seeds", "no seed", "at least one"))
        for seed in self.seeds:
            problems += integer_problems("--seeds", seed, 0, LARGEST_SEED)
        if len(set(self.seeds)) < len(self.seeds):
            problems.append(Problem("--seeds", "a seed twice", "each seed once"))
        refuse(problems)
        if len(self) > MOST_PIECES:
            expected = f"at most {MOST_PIECES:,}, of all combinations with all seeds"
            raise InputError.single("--over", f"{len(self):,} pieces", expected)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, in order."""
        return tuple(axis.key for axis in self.axes)

    @property
    def combinations(self) -> list[tuple[str, ...]]:
        """All combinations of values; the last key changes fastest."""
        return list(itertools.product(*(axis.values for axis in self.axes)))

    def cells(self) -> Iterator[Cell]:
        """Give the pieces: all combinations with the first seed, then with the next one."""
        combinations = self.combinations
        for seed in self.seeds:
            yield from (Cell(values, seed) for values in combinations)

    def __len__(self) -> int:
        """Give the number of pieces."""
        return math.prod(len(axis.values) for axis in self.axes) * len(self.seeds)


def axis_of(text: str) -> Axis:
    """Read what stands behind ``--over``.

    Parameters
    ----------
    text : str
        ``key=a,b,c``, where each value may also be a range ``start:stop:count`` of so many numbers,
        evenly spaced, both ends included. Commas within quotes and brackets separate nothing.

    Raises
    ------
    InputError
        If there is no key or no value, a value stands there twice, or a range has no points.

    Examples
    --------
    >>> axis_of("learning.rate=0.01:0.05:3,0.1").values
    ('0.01', '0.03', '0.05', '0.1')
    >>> axis_of("network.hidden=[30],[30, 20]").values
    ('[30]', '[30, 20]')
    """
    key, separator, rest = text.partition("=")
    if not separator or not key.strip():
        expected = "KEY=VALUES, such as duration_ns=1000,2000 or chains=2:8:4"
        raise InputError.single("--over", repr(text), expected)
    key, values = key.strip(), []
    for part in _split(rest):
        values += _points(f"--over {key}", part) if _is_range(part) else [part]
    return Axis(key, tuple(values))


def axes_of(over: Mapping[str, Sequence[Any]]) -> tuple[Axis, ...]:
    """Make axes of Python values.

    Parameters
    ----------
    over : mapping of str to sequence
        The values of each key: numbers, flags, texts, and lists of these.

    Raises
    ------
    InputError
        For values of other kinds, none, or one twice.

    Examples
    --------
    >>> axes_of({"network.hidden": [[30], [30, 20]], "seeded": [True, False]})[0].values
    ('[30]', '[30, 20]')
    """
    if not isinstance(over, Mapping):
        raise InputError.single("over", shown(over), "a mapping of keys to lists of values")
    axes = []
    for key, values in over.items():
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise InputError.single(f"over[{key!r}]", shown(values), "a list of values")
        axes.append(Axis(str(key), tuple(_text_of(str(key), value) for value in values)))
    return tuple(axes)


def labelled(keys: Sequence[str], values: Sequence[str]) -> str:
    """Write a combination of values for people.

    Examples
    --------
    >>> labelled(("draws", "chains"), ("100", "4"))
    'draws 100, chains 4'
    """
    return ", ".join(f"{key} {value}" for key, value in zip(keys, values, strict=True))


def _split(text: str) -> list[str]:
    """Split at commas that stand in no quotes, brackets or braces."""
    parts = [part.strip() for part in _PARTS.findall(text)]
    # Two commas in a row, or one at an end, leave an empty value, which is told.
    bare = _PARTS.sub("x", text)
    return parts if bare.replace(" ", "") == ",".join("x" * len(parts)) else [*parts, ""]


def _is_range(text: str) -> bool:
    """Whether a value is meant as a range: two colons behind a number."""
    start, *rest = text.split(":")
    return len(rest) == 2 and _is_number(start)


def _points(where: str, text: str) -> list[str]:
    """Numbers of a range as texts, whole ones without a point if both ends are whole."""
    numbers = numbers_of(where, [text], -math.inf, math.inf)
    whole = all(re.fullmatch(r"\s*[+-]?\d+\s*", end) for end in text.split(":")[:2])
    if whole and all(number.is_integer() for number in numbers):
        return [str(int(number)) for number in numbers]
    return [f"{number:.10g}" for number in numbers]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text_of(key: str, value: object) -> str:
    """Write a value as at the command line."""
    text = value if isinstance(value, str) else _toml_of(value)
    if text is None:
        expected = "numbers, flags, texts, or lists of these"
        raise InputError.single(f"over[{key!r}]", shown(value), expected)
    return text


def _toml_of(value: object) -> str | None:
    """Write a value as in TOML; None for what cannot be written."""
    if hasattr(value, "tolist"):  # numbers and arrays of NumPy
        value = value.tolist()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    parts = [_toml_of(part) for part in value] if isinstance(value, list | tuple) else [None]
    known = [part for part in parts if part is not None]
    return f"[{', '.join(known)}]" if len(known) == len(parts) else None
