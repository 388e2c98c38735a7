"""Checks of arguments that many functions share; each returns the problems that it found.

Each names the argument, what was given, and what is expected; `refuse` makes one error of all.
"""

from __future__ import annotations

import math
import numbers
import os
import sys
from collections.abc import Sequence
from decimal import Decimal
from types import UnionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError, Problem

_DIGITS = 30
"""Whole numbers of more digits are told by their number of digits."""


def shown(value: object) -> str:
    """Show a value in a message; Python writes no whole numbers of thousands of digits.

    Examples
    --------
    >>> shown("a"), shown(10**400)
    ("'a'", 'a number of 401 digits')
    """
    if isinstance(value, int) and abs(value) >= 10**_DIGITS:
        return f"a number of {Decimal(abs(value)).adjusted() + 1} digits"
    return repr(value)


def integer_problems(
    where: str, value: object, minimum: int, maximum: int | None = None
) -> list[Problem]:
    """Check that `value` is a whole number (not a bool) in a range."""
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if is_integer and value >= minimum and (maximum is None or value <= maximum):  # type: ignore[operator]
        return []
    bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    return [Problem(where, shown(value), f"a whole number {bounds}")]


def number_problems(where: str, value: object, minimum: float, *, strict: bool) -> list[Problem]:
    """Check that `value` is a finite number above (`strict`) or not below `minimum`."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if is_number:
        try:
            number = float(value)  # type: ignore[arg-type]
        except OverflowError:  # a whole number beyond the largest float
            got = shown(value)
            expected = f"a finite number up to {sys.float_info.max:.2g}"
            return [Problem(where, got, expected)]
        if math.isfinite(number) and (number > minimum or (number == minimum and not strict)):
            return []
    bound = "above" if strict else "of at least"
    return [Problem(where, shown(value), f"a finite number {bound} {minimum:g}")]


def boolean_problems(where: str, value: object) -> list[Problem]:
    """Check that `value` is True or False, since Python takes "no" for true and 0.0 for false.

    Examples
    --------
    >>> [str(problem) for problem in boolean_problems("noise", "no")]
    ["noise: got 'no', expected True or False"]
    """
    if isinstance(value, bool | np.bool_):
        return []
    return [Problem(where, shown(value)[:80], "True or False")]


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
    return [Problem(where, class_of(given), expected or f"{name}(...)")]


def sequence_problems(where: str, given: object, expected: str) -> list[Problem]:
    """Check that an argument is a list, a tuple, a range or a row of an array, and no text.

    Examples
    --------
    >>> [str(problem) for problem in sequence_problems("seeds", 3, "a list of seeds")]
    ['seeds: got 3, expected a list of seeds']
    """
    is_row = isinstance(given, np.ndarray) and given.ndim == 1
    if is_row or (isinstance(given, Sequence) and not isinstance(given, str | bytes)):
        return []
    return [Problem(where, shown(given)[:80], expected)]


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


def class_of(given: object) -> str:
    """Name the class of an object, for a message."""
    if isinstance(given, type):
        return f"the class {given.__name__}"
    return "None" if given is None else type(given).__name__


def absent_problems(where: str, times: NDArray[Any]) -> list[Problem]:
    """Check that spike times are numbers from 0, or inf for absent spikes."""
    wrong = ~(times >= 0)  # nan too
    if not wrong.any():
        return []
    first = tuple(int(k) for k in np.argwhere(wrong)[0])
    place = where + "".join(f"[{k}]" for k in first)
    more = int(wrong.sum()) - 1
    got = f"{times[first]:g}" + (f" ({more} more below 0 or nan)" if more else "")
    expected = "a time from 0, or inf for an absent spike: np.where(times >= 0, times, np.inf)"
    return [Problem(place, got, expected)]


def memory_problems(
    where: str, shape: Sequence[int], item_bytes: int, *, per_row: int = 0
) -> list[Problem]:
    """Check that an array of this shape takes at most half of the computer's memory.

    Parameters
    ----------
    where : str
        Name of the quantity, for the message.
    shape : sequence of int
        Shape of the array.
    item_bytes : int
        Size of an entry [B].
    per_row : int
        Additional memory for each entry of the first dimension [B].
    """
    shape = [int(size) for size in shape]  # NumPy's integers would overflow
    needed = shape[0] * (math.prod(shape[1:]) * item_bytes + per_row)
    most = memory_bytes() // 2
    if needed <= most:
        return []
    sizes = " x ".join(shown(size) for size in shape)
    expected = f"at most {most / 2**30:.3g} GiB, half of this computer's memory"
    return [Problem(where, f"{sizes} numbers, {Decimal(needed) / 2**30:.3g} GiB", expected)]


def memory_bytes() -> int:
    """Memory of this computer [B]; 16 GiB if the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # as on Windows
        return 16 * 2**30
