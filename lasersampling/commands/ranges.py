"""Numbers of an option that may be repeated: single ones, and ranges ``start:stop:count``."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lasersampling.errors import InputError, Problem

__all__ = ["numbers_of"]

MOST = 10_000
"""Largest number of values of one option in all."""


def numbers_of(option: str, texts: Sequence[str], least: float, most: float) -> list[float]:
    """Read numbers and ranges, in the order given.

    Parameters
    ----------
    option : str
        Name of the option, for messages.
    texts : sequence of str
        Texts that are a number, or ``start:stop:count``: so many numbers, evenly spaced from start
        to stop, both included.
    least, most : float
        Limits of a number.

    Returns
    -------
    list of float

    Raises
    ------
    InputError
        With all texts that are neither, or out of bounds.

    Examples
    --------
    >>> numbers_of("--pump", ["0.7", "0.8:1:3"], 0.0, 100.0)
    [0.7, 0.8, 0.9, 1.0]
    """
    numbers: list[float] = []
    problems: list[Problem] = []
    for text in texts:
        try:
            numbers += _read(text, least, most, MOST - len(numbers))
        except ValueError as error:
            problems.append(Problem(option, repr(text), str(error)))
    if problems:
        raise InputError(problems)
    return numbers


def _read(text: str, least: float, most: float, room: int) -> list[float]:
    """Read one text; the ValueError says what was expected."""
    parts = text.split(":")
    if len(parts) not in (1, 3):
        raise ValueError("a number, or a range start:stop:count such as 0.8:0.95:16")
    ends = [_number(part, least, most) for part in parts[:2]]
    count = 1
    if len(parts) == 3:
        try:
            count = int(parts[2])
        except ValueError:
            raise ValueError("a whole number as the count of start:stop:count") from None
        if count < 2:
            raise ValueError("a count of at least 2 in start:stop:count; one number stands alone")
        if ends[0] >= ends[1]:
            raise ValueError("a start below the stop in start:stop:count")
    if count > room:
        raise ValueError(f"at most {MOST:,} numbers in all")
    if count == 1:
        return ends[:1]
    start, stop = ends
    # Ten digits are more than anybody needs, and 0.9 stays 0.9.
    inner = [float(f"{start + (stop - start) * k / (count - 1):.10g}") for k in range(1, count - 1)]
    return [start, *inner, stop]


def _number(text: str, least: float, most: float) -> float:
    unlimited = least == -math.inf and most == math.inf
    expected = "finite numbers" if unlimited else f"numbers from {least:g} to {most:g}"
    try:
        number = float(text)
    except ValueError:
        raise ValueError(expected) from None
    if not math.isfinite(number) or not least <= number <= most:
        raise ValueError(expected)
    return number
