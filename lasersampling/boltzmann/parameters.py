"""Checks of weights and biases, shared by the machines and the files they are read from."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from lasersampling.arrays import as_array
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError, Problem

SYMMETRY_TOLERANCE = 1e-6
"""How far `weights[i][j]` and `weights[j][i]` may differ, relative to the larger of 1 and |w|: this
allows for values that were printed with seven digits."""

MAX_UNITS = 10_000
"""Largest number of units of a machine: its weights take 800 MB."""

LARGEST_PARAMETER = 1e6
"""Largest size of weights and biases. Beyond some hundreds a unit follows its field with
certainty; much larger values only overflow in sums and in single precision."""

MAX_LISTED = 5
"""How many wrong entries of one kind are named one by one; the others are counted."""


def check_n_units(n_units: int, where: str) -> None:
    """Raise `InputError` if a machine of `n_units` units would be too large for memory."""
    if n_units > MAX_UNITS:
        raise InputError.single(where, f"{n_units} units", f"at most {MAX_UNITS} in a machine")


def parameter_array(
    value: object, n_dims: int, where: str
) -> tuple[NDArray[np.float64] | None, list[Problem]]:
    """Turn what was given into weights or biases, as `float_array` does, with two limits.

    There are at most `MAX_UNITS` units, which is checked before anything is copied, and entries are
    at most `LARGEST_PARAMETER` in size.
    """
    length = max(_shape(value), default=0)
    if length > MAX_UNITS:
        return None, [Problem(where, f"{length} units", f"at most {MAX_UNITS} in a machine")]
    array, problems = float_array(value, n_dims, where)
    if array is not None and not problems:
        large = np.argwhere(np.abs(array) > LARGEST_PARAMETER)
        expected = f"a size of at most {LARGEST_PARAMETER:g}"
        problems = _shortened(
            [Problem(_entry(where, at), f"{array[tuple(at)]:g}", expected) for at in large],
            where,
        )
    return array, problems


def float_array(
    value: object, n_dims: int, where: str
) -> tuple[NDArray[np.float64] | None, list[Problem]]:
    """Turn nested lists or an array into a finite float64 array of `n_dims` dimensions.

    Tensors, frames and other arrays are accepted, see `lasersampling.arrays`.

    Returns
    -------
    array : ndarray or None
        A copy; None if no array of `n_dims` dimensions could be made.
    problems : list of Problem
        Wrong types, ragged rows, wrong dimensions, emptiness, entries that are not finite.
    """
    expected = "a list of numbers" if n_dims == 1 else "a list of rows of numbers"
    if isinstance(value, (list, tuple)):
        wrong = list(_wrong_entries(value, where))
        if wrong:
            return None, _shortened(wrong, where)
        lengths = [len(row) if isinstance(row, (list, tuple, np.ndarray)) else 0 for row in value]
        if n_dims == 2 and len(set(lengths)) > 1:
            row = next(i for i, length in enumerate(lengths) if length != lengths[0])
            same = f"{lengths[0]} as in {_key(where)}[0]"
            return None, [Problem(f"{where}[{row}]", f"{lengths[row]} numbers", same)]
    try:
        raw = as_array(value, where)
    except InputError as error:
        return None, [Problem(p.where, p.got, expected) for p in error.problems]
    if raw.dtype.kind == "b":
        return None, [Problem(where, "truth values", expected)]
    if raw.size == 0:
        return None, [Problem(where, "nothing", f"{expected}, at least one")]
    if raw.ndim != n_dims:
        return None, [Problem(where, f"{raw.ndim} dimensions", expected)]
    with np.errstate(over="ignore"):  # long doubles may not fit
        array = raw.astype(np.float64)
    bad = np.argwhere(~np.isfinite(array))
    problems = [
        Problem(_entry(where, index), str(array[tuple(index)]), "a finite number") for index in bad
    ]
    return array, _shortened(problems, where)


def machine_problems(
    weights: NDArray[np.float64], biases: NDArray[np.float64], weights_at: str, biases_at: str
) -> list[Problem]:
    """Check finite weights and biases against one another: shape, diagonal, symmetry."""
    n_units = len(biases)
    if weights.shape != (n_units, n_units):
        expected = f"{n_units} x {n_units}, since {_key(biases_at)} has {n_units} entries"
        got = f"{weights.shape[0]} x {weights.shape[1]}"
        return [Problem(weights_at, got, expected)]
    diagonal = [
        Problem(_entry(weights_at, (i, i)), f"{weights[i, i]:g}", "0 (no unit acts on itself)")
        for i in np.flatnonzero(np.diagonal(weights))
    ]
    if np.array_equal(weights, weights.T):  # usually; the check below needs several copies
        return _shortened(diagonal, weights_at)
    scale = np.maximum(1.0, np.maximum(np.abs(weights), np.abs(weights.T)))
    apart = np.triu(np.abs(weights - weights.T) > SYMMETRY_TOLERANCE * scale)
    asymmetric = [
        Problem(
            _entry(weights_at, (i, j)),
            f"{weights[i, j]:g}",
            f"{weights[j, i]:g} as in {_entry(_key(weights_at), (j, i))} "
            f"(symmetric within {SYMMETRY_TOLERANCE:g})",
        )
        for i, j in np.argwhere(apart)
    ]
    return _shortened(diagonal, weights_at) + _shortened(asymmetric, weights_at)


def count_problems(
    n_label: object, n_hidden: object, n_units: int | None, prefix: str, *, most: int | None
) -> list[Problem]:
    """Check the numbers of label and hidden units; together they may be at most `most`."""
    problems = [
        *integer_problems(f"{prefix}n_label", n_label, 0),
        *integer_problems(f"{prefix}n_hidden", n_hidden, 0),
    ]
    if problems or n_units is None or most is None:
        return problems
    total = int(n_label) + int(n_hidden)  # type: ignore[call-overload]
    if total > most:
        expected = f"at most {most} in a machine of {n_units} units"
        problems.append(Problem(f"{prefix}n_label + n_hidden", str(total), expected))
    return problems


def _wrong_entries(value: Sequence[object], where: str) -> Iterator[Problem]:
    for position, entry in enumerate(value):
        place = f"{where}[{position}]"
        if isinstance(entry, (list, tuple)):
            yield from _wrong_entries(entry, place)
        elif isinstance(entry, int) and not isinstance(entry, bool):
            if abs(entry) > sys.float_info.max:
                yield Problem(place, "an integer of more than 300 digits", "a finite number")
        elif isinstance(entry, bool) or not (
            isinstance(entry, numbers.Real) or hasattr(entry, "__array__")
        ):
            yield Problem(place, repr(entry), "a number")


def _shape(value: object) -> tuple[int, ...]:
    """Shape as far as it is known without reading all entries."""
    if isinstance(value, (list, tuple)):
        return len(value), *(_shape(value[0]) if value else ())
    shape = getattr(value, "shape", ())
    return tuple(shape) if isinstance(shape, tuple) else ()


def _key(where: str) -> str:
    """Leave out the name of the file."""
    return where.split(": ")[-1]


def _entry(where: str, index: Iterable[SupportsIndex]) -> str:
    return where + "".join(f"[{int(i)}]" for i in index)


def _shortened(problems: list[Problem], where: str) -> list[Problem]:
    if len(problems) <= MAX_LISTED:
        return problems
    rest = len(problems) - MAX_LISTED
    more = Problem(where, f"{rest} more such entries", problems[0].expected.split(" as in ")[0])
    return [*problems[:MAX_LISTED], more]
