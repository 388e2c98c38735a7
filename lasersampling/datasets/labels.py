"""Labels of samples, the names of their classes, and names of units and columns."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lasersampling.arrays import as_array
from lasersampling.errors import InputError, Problem

_MAX_LISTED = 12


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort names naturally, with the numbers in them by size: 2 before 10.

    Examples
    --------
    >>> natural_order(["10", "2", "b", "1", "a10", "a9"])
    ['1', '2', '10', 'a9', 'a10', 'b']
    """
    return sorted(names, key=_natural_key)


def label_problems(labels: object, n_classes: int, where: str = "labels") -> list[Problem]:
    """Check that labels are whole numbers from 0 to n_classes - 1.

    Parameters
    ----------
    labels : array_like
        An array of any shape; floats and booleans are not accepted.
    n_classes : int
        Number of classes.
    where : str
        Name of the argument, for the message.

    Examples
    --------
    >>> [str(problem) for problem in label_problems([0, 3, 3], 3)]
    ['labels: got 2 of 3 outside, values from 0 to 3, expected whole numbers from 0 to 2']
    """
    array = as_array(labels, where)
    if array.dtype.kind not in "iu":
        got = f"{_dtype_words(array)} ({array.dtype})"
        return [Problem(where, got, f"whole numbers from 0 to {n_classes - 1}")]
    outside = int(((array < 0) | (array >= n_classes)).sum())
    if not outside:
        return []
    got = f"{outside} of {array.size} outside, values from {array.min()} to {array.max()}"
    return [Problem(where, got, f"whole numbers from 0 to {n_classes - 1}")]


def class_numbers(
    labels: object, n_samples: int, where: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number the classes that labels of any kind name, in natural order.

    Parameters
    ----------
    labels : array_like of whole numbers or text, shape (sample,)
        Whole numbers may have a floating-point type and gaps, but may not be below 0.
    n_samples : int
        Number of samples.
    where : str
        What the labels are called in error messages.

    Returns
    -------
    numbers : ndarray of int64, shape (sample,)
        Numbers of the classes, from 0.
    names : tuple of str
        The label of each class.

    Raises
    ------
    InputError
        For another number of labels than samples, nan, fractions, negative numbers and empty text.

    Examples
    --------
    >>> numbers, names = class_numbers([10, 2, 10], 3, "labels")
    >>> numbers.tolist(), names
    ([1, 0, 1], ('2', '10'))
    """
    expected = "whole numbers from 0, or text"
    try:
        array = np.asarray(labels)
    except ValueError:
        raise InputError.single(where, "lists of different length", expected) from None
    if array.shape != (n_samples,):
        raise InputError.single(where, f"shape {array.shape}", f"({n_samples},), one for each")
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind == "U":
        texts = np.char.strip(array)
        if not texts.size or (texts == "").any():
            raise InputError.single(where, f"{(texts == '').sum()} without text", expected)
    else:
        texts = _whole(as_array(array, where), where, expected).astype(str)
    names = natural_order(set(texts.tolist()))
    places = {name: number for number, name in enumerate(names)}
    return np.array([places[text] for text in texts.tolist()], dtype=np.int64), tuple(names)


def number_of_name(name: str, names: Sequence[str], where: str) -> int:
    """Find the place of a name, given as such or as a number where this is unambiguous.

    Parameters
    ----------
    name : str
        The name or number that was asked for: one of `names`, or a number from 0 in their order.
    names : sequence of str
        Names of classes or units.
    where : str
        The option, for error messages.

    Returns
    -------
    int
        The place of the name. If any of the names is a number other than its own place, only names
        count: among 1, 2 and 10, "2" is place 1 and "0" is unknown.

    Raises
    ------
    InputError
        For an unknown name; the message lists similar ones.

    Examples
    --------
    >>> number_of_name("rain", ["sun", "rain"], "--label"), number_of_name("0", ["sun"], "--label")
    (1, 0)
    """
    asked = name.strip()
    if asked in names:
        return list(names).index(asked)
    is_place = asked.isdecimal() and len(asked) < 10 and int(asked) < len(names)
    if is_place and all(n == str(k) for k, n in enumerate(names) if n.isdecimal()):
        return int(asked)
    got = asked if asked.isdecimal() else repr(asked)
    raise InputError.single(where, got, _known(asked, names))


def _known(asked: str, names: Sequence[str]) -> str:
    if list(names) == [str(k) for k in range(len(names))]:
        return f"0 to {len(names) - 1}"
    near = difflib.get_close_matches(asked, names, n=3)
    if near:
        return "one of the names, such as " + ", ".join(near)
    listed = ", ".join(names[:_MAX_LISTED])
    more = len(names) - _MAX_LISTED
    return f"one of {listed}" + (f" and {more} more" if more > 0 else "")


def _natural_key(text: str) -> tuple[list[tuple[int, int, str]], str]:
    """Parts of a name, numbers before words and by size; then the name itself as a tie break."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    key = [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts]
    return key, text


def _whole(array: NDArray[np.generic], where: str, expected: str) -> NDArray[np.int64]:
    numbers = array.astype(np.float64) if array.dtype.kind == "f" else array.astype(np.int64)
    # Written so that nan counts as wrong too.
    wrong = ~((numbers >= 0) & (numbers < 2**53) & (numbers == np.floor(numbers)))
    if wrong.any():
        got = f"{wrong.sum()} of {array.size} that are none, such as {numbers[wrong][0]}"
        raise InputError.single(where, got, expected)
    return numbers.astype(np.int64)


def _dtype_words(array: NDArray[np.generic]) -> str:
    return {"f": "floating-point numbers", "b": "booleans"}.get(array.dtype.kind, "others")
