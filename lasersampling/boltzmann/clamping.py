"""Clamping: which units are held at a value while the others are sampled.

A clamping is an int8 array with -1 for a free unit and 0 or 1 for a clamped one. Its shape is
`(unit,)` if all chains are clamped alike, and `(chain, unit)` otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array
from lasersampling.checks import integer_problems, kind_problems, memory_problems, refuse
from lasersampling.errors import InputError, Problem

FREE = -1

NO_MAPPING = "a mapping of units to values, such as {0: 1}"
"""What is expected where units and their values were not given in this way."""


def clamp(n_units: int, values: Mapping[int, int]) -> NDArray[np.int8]:
    """Make a clamping vector from the units to hold and their values.

    Parameters
    ----------
    n_units : int
        Units of the machine.
    values : mapping of int to int
        Unit to value (0 or 1); units that are not named stay free.

    Returns
    -------
    ndarray of int8, shape (unit,)

    Raises
    ------
    InputError
        For a unit that does not exist, a value other than 0 and 1, and values in no mapping.

    Examples
    --------
    >>> clamp(4, {0: 1, 3: 0})
    array([ 1, -1, -1,  0], dtype=int8)
    """
    refuse(
        integer_problems("n_units", n_units, 1),
        kind_problems("values", values, Mapping, NO_MAPPING),
    )
    problems = memory_problems("n_units", (n_units,), 1)
    refuse(problems)
    for unit, value in values.items():
        if integer_problems("", unit, 0) or unit >= n_units:
            problems.append(Problem("clamped unit", repr(unit), f"0 to {n_units - 1}"))
        if not is_bit(value):
            problems.append(Problem(f"clamped value of unit {unit}", repr(value), "0 or 1"))
    if problems:
        raise InputError(problems)
    clamped = np.full(n_units, FREE, dtype=np.int8)
    for unit, value in values.items():
        clamped[unit] = value
    return clamped


def is_bit(value: object) -> bool:
    """Say whether a value is a single 0 or 1.

    Examples
    --------
    >>> is_bit(1), is_bit(np.int8(0)), is_bit("a"), is_bit(np.array([1, 0]))
    (True, True, False, False)
    """
    return getattr(value, "ndim", 0) == 0 and value in (0, 1)


def clamped_vector(clamped: ArrayLike | None, n_units: int) -> NDArray[np.int8]:
    """Return `clamped` as a checked `(unit,)` vector; None frees all units."""
    if clamped is None:
        return np.full(n_units, FREE, dtype=np.int8)
    return _checked(clamped, [(n_units,)])


def clamped_chains(clamped: ArrayLike | None, n_units: int, n_chains: int) -> NDArray[np.int8]:
    """Return `clamped` as a checked `(chain, unit)` array; None frees all units."""
    if clamped is None:
        return np.full((n_chains, n_units), FREE, dtype=np.int8)
    array = _checked(clamped, [(n_units,), (n_chains, n_units)])
    return np.array(np.broadcast_to(array, (n_chains, n_units)), order="C")


def _checked(clamped: ArrayLike, shapes: list[tuple[int, ...]]) -> NDArray[np.int8]:
    array = as_array(clamped, "clamped")
    if array.shape not in shapes:
        raise InputError.single("clamped", f"shape {array.shape}", _names(shapes))
    if array.dtype.kind not in "iuf":
        expected = "numbers: -1 for a free unit, 0 and 1 for held ones"
        raise InputError.single("clamped", f"dtype {array.dtype}", expected)
    wrong = ~np.isin(array, (FREE, 0, 1))
    if wrong.any():
        first = tuple(int(index) for index in np.argwhere(wrong)[0])
        where = "clamped" + "".join(f"[{index}]" for index in first)
        raise InputError.single(where, array[first], "-1 (free), 0 or 1")
    return array.astype(np.int8)


def _names(shapes: list[tuple[int, ...]]) -> str:
    return "shape " + " or ".join(str(shape) for shape in shapes)
