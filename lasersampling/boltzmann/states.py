"""Joint states of binary units and their numbers.

The state `z` of `n` units has the number `sum_k z_k 2**k`: unit 0 is the least significant bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_binary
from lasersampling.checks import integer_problems, shown
from lasersampling.errors import InputError, Problem

MAX_ENUMERATED_UNITS = 20
"""Joint states of more units than this are not enumerated (2**20 are a million)."""

MAX_INDEXED_UNITS = 62


def check_enumerable(n_units: int, where: str) -> None:
    """Raise `InputError` if the joint states of `n_units` units are too many to list."""
    if n_units > MAX_ENUMERATED_UNITS:
        expected = f"at most {MAX_ENUMERATED_UNITS} (every joint state is listed)"
        raise InputError.single(where, f"{n_units} units", expected)


def chosen_units(units: slice | Sequence[int], n_units: int) -> NDArray[np.int64]:
    """Return the numbers of chosen units.

    Parameters
    ----------
    units : slice or sequence of int
        What a caller gave as the argument `units`.
    n_units : int
        Number of units that there are.

    Raises
    ------
    InputError
        For no unit, a unit that does not exist or is named twice, and anything else.

    Examples
    --------
    >>> chosen_units(slice(1, None), 4).tolist()
    [1, 2, 3]
    """
    expected = f"a slice, or numbers from 0 to {n_units - 1}, each once"
    given: object = units
    if isinstance(given, slice):
        try:
            chosen = np.arange(n_units)[given]
        except (TypeError, ValueError):
            raise InputError.single("units", repr(given), expected) from None
    elif isinstance(given, str) or not isinstance(given, Iterable):
        raise InputError.single("units", shown(given), expected)
    else:
        numbers = list(given)
        problems = [
            Problem(f"units[{k}]", shown(unit), expected)
            for k, unit in enumerate(numbers)
            if integer_problems("", unit, 0, n_units - 1)
        ]
        if problems:
            raise InputError(problems)
        chosen = np.array(numbers, dtype=np.int64)
        if len(set(chosen.tolist())) < chosen.size:
            raise InputError.single("units", f"{chosen.tolist()}", expected)
    if chosen.size == 0:
        raise InputError.single("units", "no unit", "at least one")
    return chosen


def all_states(n_units: int) -> NDArray[np.int8]:
    """List the joint states of `n_units` binary units in the order of their numbers.

    Returns
    -------
    ndarray of int8, shape (2**n_units, unit)

    Raises
    ------
    InputError
        For a negative number of units, or more than 20.

    Examples
    --------
    >>> all_states(2).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    problems = integer_problems("n_units", n_units, 0)
    if problems:
        raise InputError(problems)
    check_enumerable(n_units, "n_units")
    n_units = int(n_units)  # a NumPy integer of eight bits has no 2**9
    numbers = np.arange(2**n_units, dtype=np.int32)
    return ((numbers[:, None] >> np.arange(n_units, dtype=np.int32)) & 1).astype(np.int8)


def state_index(states: ArrayLike) -> NDArray[np.int64]:
    """Give joint states their numbers, `sum_k z_k 2**k`.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (..., unit)
        States of at most 62 units.

    Returns
    -------
    ndarray of int64, shape (...)

    Raises
    ------
    InputError
        For values other than 0 and 1, or more units.

    Examples
    --------
    >>> state_index([[0, 0, 0], [1, 0, 0], [0, 1, 1]]).tolist()
    [0, 1, 6]
    """
    array = as_binary(states, "states")
    if array.ndim == 0 or array.shape[-1] > MAX_INDEXED_UNITS:
        expected = f"shape (..., unit) with at most {MAX_INDEXED_UNITS} units"
        raise InputError.single("states", f"shape {array.shape}", expected)
    index = np.zeros(array.shape[:-1], dtype=np.int64)
    # Unit by unit, so that no int64 copy of all states is made.
    for unit in range(array.shape[-1]):
        index |= array[..., unit].astype(np.int64) << unit
    return index


def state_frequencies(states: NDArray[np.int8], where: str = "states") -> NDArray[np.float64]:
    """Give the frequency of each joint state, shape (2**n,); it sums to one.

    Parameters
    ----------
    states : ndarray of int8, shape (..., unit)
        States of at most 20 units.
    where : str
        What the caller calls them, for messages.

    Raises
    ------
    InputError
        For more units.
    """
    check_enumerable(states.shape[-1], where)
    counts = np.bincount(state_index(states).ravel(), minlength=2 ** states.shape[-1])
    frequencies: NDArray[np.float64] = counts / counts.sum()
    return frequencies
