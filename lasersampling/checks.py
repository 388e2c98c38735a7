"""Checks of arguments that many functions share; each returns the problems it found."""

from __future__ import annotations

import math
import numbers

from lasersampling.errors import Problem


def integer_problems(where: str, value: object, minimum: int) -> list[Problem]:
    """Check that `value` is a whole number (not a bool) of at least `minimum`."""
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if is_integer and value >= minimum:  # type: ignore[operator]
        return []
    return [Problem(where, repr(value), f"a whole number of at least {minimum}")]


def number_problems(where: str, value: object, minimum: float, *, strict: bool) -> list[Problem]:
    """Check that `value` is a finite number above (`strict`) or not below `minimum`."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if is_number and math.isfinite(value):  # type: ignore[arg-type]
        number = float(value)  # type: ignore[arg-type]
        if number > minimum or (number == minimum and not strict):
            return []
    bound = "above" if strict else "of at least"
    return [Problem(where, repr(value), f"a finite number {bound} {minimum:g}")]
