"""Checks of arguments that are samplers, sequences of samplers, or sizes of images.

Each names the argument, what was given, and what is expected.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lasersampling.checks import class_of, integer_problems
from lasersampling.errors import Problem


def sampler_problems(given: object, where: str = "sampler") -> list[Problem]:
    """Check that an argument is an object that samples."""
    if not isinstance(given, type) and callable(getattr(given, "sample", None)):
        return []
    expected = "an object that samples, such as Gibbs() or Lasers('D6')"
    return [Problem(where, class_of(given), expected)]


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


def names_problems(where: str, given: object, n: int) -> list[Problem]:
    """Check that an argument is a sequence of texts, one for each unit, or an empty one."""
    are_texts = (
        isinstance(given, Sequence | np.ndarray)
        and not isinstance(given, str | bytes)
        and all(isinstance(name, str) for name in given)
    )
    if are_texts and len(given) in (0, n):  # type: ignore[arg-type]
        return []
    got = f"{len(given)} names" if are_texts else repr(given)[:80]  # type: ignore[arg-type]
    return [Problem(where, got, f"a sequence of {n} texts, one for each unit")]
