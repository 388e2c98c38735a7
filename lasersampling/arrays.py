"""Conversion of whatever callers have into arrays: the same for all `array_like` arguments.

Lists, NumPy arrays, PyTorch tensors on any device (with or without gradients, also in half
precision and bfloat16), and pandas frames and series become arrays of real numbers. Whatever has no
plain meaning as an array is refused, with advice.
"""

from __future__ import annotations

import decimal
import numbers
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError

_SPIN_REMEDY = (
    "0 and 1 (states s of -1 and +1 become z = (s + 1) / 2, and their couplings J and fields h "
    "become W = 4 J and b = 2 h - 2 J 1, with 1 the vector of ones)"
)


def as_array(value: object, where: str) -> NDArray[Any]:
    """Turn `value` into an array of real numbers or booleans, in its own precision.

    Parameters
    ----------
    value : array_like, tensor, frame or series
        What a caller gave.
    where : str
        Name of the argument, for the message.

    Returns
    -------
    ndarray of bool, integers or floats
        Shares memory with `value` if possible. Numbers of other kinds (`Decimal`, half precision
        that NumPy does not know) become float64.

    Raises
    ------
    InputError
        For complex numbers, text, dates, ragged lists, entries without a value (None, masked,
        NA), sparse arrays and tensors without data.

    Examples
    --------
    >>> as_array([[0, 1], [1, 1]], "states").shape
    (2, 2)
    >>> as_array(["0", "1"], "states")
    Traceback (most recent call last):
        ...
    lasersampling.errors.InputError: states: got text, expected an array of real numbers
    """
    expected = "an array of real numbers"
    if np.ma.is_masked(value):
        got = "an array with masked entries"
        raise InputError.single(where, got, f"{expected}, none masked (its filled())")
    raw = np.asarray(value) if isinstance(value, np.ndarray) else _converted(value, where)
    if raw.dtype.kind in "biuf":
        return raw
    if raw.dtype.kind == "V" and raw.dtype.fields is None and raw.dtype.name != "void":
        # NumPy does not know the half precisions of other libraries, but these can convert them.
        try:
            return raw.astype(np.float64)
        except (TypeError, ValueError):
            pass
    if raw.dtype.kind == "O":
        return _of_objects(raw, value, where)
    names = {"c": "complex numbers", "U": "text", "S": "text", "M": "dates", "m": "time spans"}
    kind = names.get(raw.dtype.kind, str(raw.dtype))
    raise InputError.single(where, _described(value) if isinstance(value, str) else kind, expected)


def as_floats(value: object, where: str) -> NDArray[np.float64]:
    """Turn `value` into an array of float64; see `as_array` for what is accepted and refused."""
    raw = as_array(value, where)
    with np.errstate(over="ignore"):  # of long doubles; callers judge infinities
        return raw.astype(np.float64, copy=False)


def as_binary(value: object, where: str) -> NDArray[Any]:
    """Turn `value` into an array that holds 0 and 1 only; see `as_array` for the rest.

    Raises
    ------
    InputError
        Also for other values; if they are -1 and +1, the message says how to convert them.

    Examples
    --------
    >>> as_binary([[0.0, 1.0]], "states")
    array([[0., 1.]])
    """
    array = as_array(value, where)
    if array.size == 0 or array.dtype.kind == "b":
        return array
    if array.dtype.kind == "f":
        fits = bool(((array == 0) | (array == 1)).all())
    else:
        fits = bool(array.min() >= 0 and array.max() <= 1)
    if fits:
        return array
    wrong = np.unravel_index(int(np.argmax((array != 0) & (array != 1))), array.shape)
    are_spins = bool(np.isin(array, (-1, 1)).all())
    if are_spins:
        raise InputError.single(where, "values of -1 and +1", _SPIN_REMEDY)
    place = where + "".join(f"[{int(k)}]" for k in wrong)
    value_there = array[wrong].item()
    expected = _SPIN_REMEDY if value_there == -1 else "0 or 1"
    raise InputError.single(place, f"{value_there:g}", expected)


def _converted(value: object, where: str) -> NDArray[Any]:
    """Make an array from something that is not yet an array."""
    if _is_tensor(value):
        return _of_tensor(value, where)
    if _is_sparse(value):
        raise InputError.single(where, "a sparse array", "a dense one (its toarray())")
    ragged = InputError.single(
        where, "ragged rows (lists of different length or depth)", "an array of real numbers"
    )
    try:
        return np.asarray(value)
    except ValueError:
        raise ragged from None
    except (TypeError, RuntimeError, OverflowError) as error:
        if not isinstance(value, list | tuple):
            got = f"{type(value).__name__} that is no array ({error})"
            raise InputError.single(where, got, "an array of real numbers") from None
    # For tensors within lists, some of which NumPy cannot read itself.
    parts = [_converted(part, f"{where}[{k}]") for k, part in enumerate(value)]
    try:
        return np.asarray(parts)
    except ValueError:
        raise ragged from None


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")  # imported already if the caller has a tensor
    return torch is not None and isinstance(value, torch.Tensor)


def _is_sparse(value: object) -> bool:
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(value))


def _of_tensor(value: Any, where: str) -> NDArray[Any]:
    import torch

    if value.layout != torch.strided:
        raise InputError.single(where, "a sparse tensor", "a dense one (its to_dense())")
    if value.is_meta or value.is_quantized:
        kind = "without data (meta)" if value.is_meta else "of quantised numbers"
        raise InputError.single(where, f"a tensor {kind}", "a tensor of numbers")
    plain = value.detach().cpu().resolve_conj().resolve_neg()
    try:
        return np.asarray(plain.numpy())
    except TypeError:  # bfloat16 and types of eight bits, all of which float32 holds exactly
        return np.asarray(plain.to(torch.float32).numpy())


def _of_objects(raw: NDArray[Any], value: object, where: str) -> NDArray[np.float64]:
    """Turn an array of Python's own numbers, as frames of mixed columns have them, into floats."""
    for place, entry in np.ndenumerate(raw):
        if not isinstance(entry, numbers.Real | decimal.Decimal | np.bool_):
            at = where + "".join(f"[{k}]" for k in place)
            got = type(value).__name__ if raw.ndim == 0 else _described(entry)
            raise InputError.single(at, got, "a real number")
    try:
        return raw.astype(np.float64)
    except (OverflowError, ValueError, TypeError) as error:
        raise InputError.single(where, str(error), "numbers that float64 can hold") from None


def _described(entry: object) -> str:
    text = repr(entry)
    return text if len(text) <= 40 else f"{type(entry).__name__} {text[:30]}..."
