"""Training states as flat arrays and one text, for files without pickle."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lasersampling.errors import LaserSamplingError
from lasersampling.learning.task import State

_ARRAY, _TENSOR, _PAIRS, _TUPLE, _FLOAT = "$array", "$tensor", "$pairs", "$tuple", "$float"


def pack(state: State) -> tuple[str, dict[str, NDArray[Any]]]:
    """Split a state into a text with its structure, and the arrays that it holds.

    Parameters
    ----------
    state : State
        See `task.State`.

    Returns
    -------
    structure : str
        JSON; numbers are restored bit for bit.
    arrays : dict of str to ndarray
        Arrays by the names to which the structure refers.

    Raises
    ------
    LaserSamplingError
        If the state holds anything other than what `task.State` lists.
    """
    arrays: dict[str, NDArray[Any]] = {}
    return json.dumps(_packed(state, arrays), allow_nan=False), arrays


def unpack(structure: str, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Restore what `pack` split."""
    return _unpacked(json.loads(structure), arrays)


def _packed(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, Tensor | np.ndarray):
        is_tensor = isinstance(value, Tensor)
        array = value.detach().cpu().numpy().copy() if is_tensor else value.copy()  # type: ignore[union-attr]
        name = f"a{len(arrays)}"
        arrays[name] = _storable(array)
        return {_TENSOR if is_tensor else _ARRAY: name, "dtype": str(array.dtype)}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: _packed(item, arrays) for key, item in value.items()}
        return {_PAIRS: [[key, _packed(item, arrays)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {_TUPLE: [_packed(item, arrays) for item in value]}
    if isinstance(value, list):
        return [_packed(item, arrays) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise LaserSamplingError(f"a checkpoint cannot hold {type(value).__name__}: {value!r}")


def _unpacked(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return [_unpacked(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    for kind in (_TENSOR, _ARRAY):
        if kind in value:
            array = _restored(np.asarray(arrays[value[kind]]), np.dtype(value["dtype"]))
            return torch.from_numpy(array) if kind == _TENSOR else array
    if _PAIRS in value:
        return {key: _unpacked(item, arrays) for key, item in value[_PAIRS]}
    if _TUPLE in value:
        return tuple(_unpacked(item, arrays) for item in value[_TUPLE])
    if _FLOAT in value:
        return float(value[_FLOAT])
    return {key: _unpacked(item, arrays) for key, item in value.items()}


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    """Convert flags to int8, and complex numbers to their two parts along one more axis."""
    if array.dtype == np.bool_:
        return array.astype(np.int8)
    if np.iscomplexobj(array):
        return np.stack([array.real, array.imag], axis=-1)
    return array


def _restored(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "c":
        return np.asarray(array[..., 0] + 1j * array[..., 1], dtype=dtype)
    return array.astype(dtype)
