"""States and results as flat arrays and one text, for files without pickle."""

from __future__ import annotations

import importlib
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import LaserSamplingError

_ARRAY, _TENSOR, _PAIRS, _TUPLE, _FLOAT = "$array", "$tensor", "$pairs", "$tuple", "$float"
_NUMBER, _PATH, _OBJECT, _MEMBER = "$number", "$path", "$object", "$member"
_OWN = ("lasersampling", "__main__", "shared")
"""Where classes come from whose objects can be packed: the library, and an experiment."""


def pack(state: Any) -> tuple[str, dict[str, NDArray[Any]]]:
    """Split a state into a text with its structure, and the arrays that it holds.

    Parameters
    ----------
    state : object
        A state (`task.State`), or a result: nested mappings, tuples and lists of tensors, arrays,
        numbers, text, paths, flags and None, and of dataclasses, named tuples and enumerations of
        this library and of the experiment that runs.

    Returns
    -------
    structure : str
        JSON; numbers are restored bit for bit.
    arrays : dict of str to ndarray
        Arrays by the names to which the structure refers.

    Raises
    ------
    LaserSamplingError
        If the state holds anything else.
    """
    arrays: dict[str, NDArray[Any]] = {}
    return json.dumps(_packed(state, arrays), allow_nan=False), arrays


def unpack(structure: str, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Restore what `pack` split."""
    return _unpacked(json.loads(structure), arrays)


def _packed(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    is_tensor = _is_tensor(value)
    if is_tensor or isinstance(value, np.ndarray):
        array = value.detach().cpu().numpy().copy() if is_tensor else value
        name = f"a{len(arrays)}"
        arrays[name] = _storable(array)
        return {_TENSOR if is_tensor else _ARRAY: name, "dtype": str(array.dtype)}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: _packed(item, arrays) for key, item in value.items()}
        return {_PAIRS: [[key, _packed(item, arrays)] for key, item in value.items()]}
    if _is_own(type(value)):
        return _packed_object(value, arrays)
    if isinstance(value, np.generic):
        return {_NUMBER: _packed(value.item(), arrays), "dtype": str(value.dtype)}
    if isinstance(value, Path):
        return {_PATH: str(value)}
    if isinstance(value, tuple):
        return {_TUPLE: [_packed(item, arrays) for item in value]}
    if isinstance(value, list):
        return [_packed(item, arrays) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise LaserSamplingError(f"a checkpoint cannot hold {type(value).__name__}: {value!r}")


def _is_tensor(value: Any) -> bool:
    """Whether a value is a tensor; where torch was never imported there are none."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _is_own(kind: type) -> bool:
    """Whether a class is one of ours whose objects consist of their fields."""
    made_of_fields = is_dataclass(kind) or issubclass(kind, Enum) or hasattr(kind, "_fields")
    return _module_of(kind).partition(".")[0] in _OWN and made_of_fields


def _module_of(kind: type) -> str:
    """Name the module of a class, which is the same in an experiment and in its workers."""
    return "__main__" if kind.__module__ == "__mp_main__" else kind.__module__


def _packed_object(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    kind = type(value)
    name = f"{_module_of(kind)}:{kind.__qualname__}"
    if isinstance(value, Enum):
        return {_MEMBER: value.name, "of": name}
    known = fields(value) if is_dataclass(value) else ()
    names = [one.name for one in known if one.init] or list(getattr(value, "_fields", ()))
    return {_OBJECT: name, "fields": {n: _packed(getattr(value, n), arrays) for n in names}}


def _class_of(name: str) -> Any:
    """Find a class by the name under which its objects were packed."""
    module, _, path = name.partition(":")
    if module.partition(".")[0] not in _OWN:
        raise LookupError(f"{name} is no class of lasersampling")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if not isinstance(found, type) or not _is_own(found):
        raise LookupError(f"{name} is no class of lasersampling")
    return found


def _unpacked(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return [_unpacked(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    for kind in (_TENSOR, _ARRAY):
        if kind in value:
            array = _restored(np.asarray(arrays[value[kind]]), np.dtype(value["dtype"]))
            if kind == _ARRAY:
                return array
            import torch

            return torch.from_numpy(array)
    if _OBJECT in value:
        known = {name: _unpacked(item, arrays) for name, item in value["fields"].items()}
        return _class_of(value[_OBJECT])(**known)
    if _MEMBER in value:
        return _class_of(value["of"])[value[_MEMBER]]
    if _NUMBER in value:
        return np.dtype(value["dtype"]).type(_unpacked(value[_NUMBER], arrays))
    if _PATH in value:
        return Path(value[_PATH])
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
