"""Checks of arguments that are objects: samplers, settings, sequences of samplers, sizes of images.

Each names the argument, what was given, and what is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType

import numpy as np

from lasersampling.checks import integer_problems
from lasersampling.errors import InputError, Problem


def kind_problems(
    where: str, given: object, kind: type | UnionType, expected: str | None = None
) -> list[Problem]:
    """Check that an argument is an object of a class; `expected` says how one is made.

    Examples
    --------
    >>> [str(problem) for problem in kind_problems("settings", 3, dict)]
    ['settings: got int, expected dict(...)']
    """
    if isinstance(given, kind):
        return []
    name = getattr(kind, "__name__", str(kind))
    return [Problem(where, _class_of(given), expected or f"{name}(...)")]


def sampler_problems(given: object, where: str = "sampler") -> list[Problem]:
    """Check that an argument is an object that samples."""
    if not isinstance(given, type) and callable(getattr(given, "sample", None)):
        return []
    expected = "an object that samples, such as Gibbs() or Lasers('D6')"
    return [Problem(where, _class_of(given), expected)]


def samplers_of(given: object) -> list[object]:
    """Give the samplers of a sequence of them, or the single one."""
    many = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    return list(given) if many else [given]  # type: ignore[call-overload]


def shape_problems(where: str, given: object) -> list[Problem]:
    """Check that an argument is the shape of an image: numbers of rows and columns from 1."""
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if (
        isinstance(given, Sequence)
        and not isinstance(given, str | bytes)
        and len(given) == 2
        and not any(integer_problems(where, size, 1) for size in given)
    ):
        return []
    return [Problem(where, repr(given), "(rows, columns), two whole numbers of at least 1")]


def refuse(*found: Sequence[Problem]) -> None:
    """Raise one error of all problems found, if there are any.

    Raises
    ------
    InputError
        With all problems.
    """
    problems = [problem for part in found for problem in part]
    if problems:
        raise InputError(problems)


def _class_of(given: object) -> str:
    if isinstance(given, type):
        return f"the class {given.__name__}"
    return "None" if given is None else type(given).__name__
