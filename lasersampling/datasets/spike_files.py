"""Labelled spikes of a user's own, in archives of NumPy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.datasets.events import EventSet
from lasersampling.datasets.labels import class_numbers, natural_order
from lasersampling.datasets.numpy_files import read_numpy
from lasersampling.datasets.spikes import EventData, Part, SpikeData, SpikeSet, held_out
from lasersampling.errors import InputError, Problem

_HELD_OUT_OF, _HELD_OUT_SEED = 10, 0
"""The validation part of files without one: one sample out of so many, and the seed."""

_DENSE = ("times",)
_RAGGED = ("offsets", "neuron", "time")


def load_spikes(path: str | os.PathLike[str]) -> SpikeData:
    """Load labelled spike times from a file of the user's own, one for each input.

    Parameters
    ----------
    path : path-like
        NumPy archive (``.npz``) of `train_times`, `train_labels`, `test_times`, `test_labels`, and
        optionally `validation_times`, `validation_labels`. Without them a tenth of the training
        part is held out (seed 0), since no choice may be made on the test part. Labels are whole
        numbers or text; text is numbered in natural order.

    Raises
    ------
    InputError
        If the file is no such archive, or its content is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.datasets import load_spikes
    >>> part = {"times": [[0.1, 1.0], [1.0, 0.1]] * 10, "labels": ["left", "right"] * 10}
    >>> arrays = {f"{name}_{key}": part[key] for name in ("train", "test") for key in part}
    >>> np.savez("spikes.npz", **arrays)
    >>> load_spikes("spikes.npz").class_names
    ('left', 'right')
    """
    arrays = read_numpy(path, f"a NumPy archive (.npz) of {_named(_DENSE)}")

    def made(part: str, labels: NDArray[np.int64]) -> SpikeSet:
        return SpikeSet(arrays[f"{part}_times"], labels)

    parts, names = _parts(str(path), arrays, _DENSE, made)
    with _told_of(path):
        return SpikeData(parts["train"], parts["validation"], parts["test"], names)


def load_events(path: str | os.PathLike[str]) -> EventData:
    """Load labelled spikes from a file of the user's own, as many as there are for each input.

    Parameters
    ----------
    path : path-like
        NumPy archive (``.npz``) as for `load_spikes`, in which the ragged lists `train_offsets`,
        `train_neuron` and `train_time` of `EventSet` stand for `train_times`, and so on, and
        `n_inputs` says how many inputs there are.

    Raises
    ------
    InputError
        If the file is no such archive, or its content is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.datasets import load_events
    >>> part = {"offsets": [0, 2, 3], "neuron": [0, 1, 0], "time": [0.1, 0.4, 0.2]}
    >>> part["labels"] = ["left", "right"]
    >>> arrays = {f"{name}_{key}": part[key] for name in ("train", "test") for key in part}
    >>> np.savez("events.npz", n_inputs=2, validation_offsets=[0, 1], validation_neuron=[1],
    ...          validation_time=[0.3], validation_labels=["left"], **arrays)
    >>> load_events("events.npz").train.counts().tolist()
    [[1, 1], [1, 0]]
    """
    arrays = read_numpy(path, f"a NumPy archive (.npz) of n_inputs, {_named(_RAGGED)}")
    n_inputs = _n_inputs(str(path), arrays)

    def made(part: str, labels: NDArray[np.int64]) -> EventSet:
        offsets, neuron, time = (arrays[f"{part}_{key}"] for key in _RAGGED)
        return EventSet(offsets, neuron, time, labels, n_inputs)

    parts, names = _parts(str(path), arrays, _RAGGED, made)
    with _told_of(path):
        return EventData(parts["train"], parts["validation"], parts["test"], names)


def holds_events(path: str | os.PathLike[str]) -> bool:
    """Distinguish files of ragged lists from those of one time for each input.

    Parameters
    ----------
    path : path-like
        NumPy archive.
    """
    arrays = read_numpy(path, f"a NumPy archive (.npz) of {_named(_DENSE)}, or of ragged lists")
    is_ragged = any(f"train_{key}" in arrays for key in _RAGGED)
    if is_ragged and "train_times" in arrays:
        got = "one time for each input, and ragged lists"
        raise InputError.single(f"{path}", got, "one of the two")
    return is_ragged


def _named(keys: tuple[str, ...]) -> str:
    return ", ".join(f"{part}_{key}" for part in ("train", "test") for key in (*keys, "labels"))


@contextmanager
def _told_of(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the file in what is wrong with its content."""
    try:
        yield
    except InputError as error:
        raise InputError(p.at(f"{path}: {p.where}") for p in error.problems) from None


def _parts(
    where: str,
    arrays: dict[str, NDArray[Any]],
    keys: tuple[str, ...],
    made: Callable[[str, NDArray[np.int64]], Part],
) -> tuple[dict[str, Part], tuple[str, ...]]:
    """Make the parts of a file, and name the classes."""
    given, problems = [], []
    for part in ("train", "validation", "test"):
        names = [f"{part}_{key}" for key in (*keys, "labels")]
        missing = [name for name in names if name not in arrays]
        if len(missing) == len(names) and part == "validation":
            continue
        problems += [Problem(f"{where}: {name}", "nothing", "an array") for name in missing]
        if not missing:
            given.append(part)
    labels, class_names, wrong = _labels({part: arrays[f"{part}_labels"] for part in given})
    problems += [p.at(f"{where}: {p.where}") for p in wrong]
    parts: dict[str, Part] = {}
    for part in given:
        if part not in labels:
            continue
        try:
            parts[part] = made(part, labels[part])
        except InputError as error:
            problems += [p.at(f"{where}: {part}_{p.where}") for p in error.problems]
    if problems:
        raise InputError(problems)
    if "validation" not in parts:
        if len(parts["train"]) < 2:
            got = "no validation part, and a single sample to train"
            raise InputError.single(f"{where}: train_{keys[0]}", got, "at least two samples")
        n_held = max(1, len(parts["train"]) // _HELD_OUT_OF)
        parts["train"], parts["validation"] = held_out(parts["train"], n_held, _HELD_OUT_SEED)
    return parts, class_names


def _n_inputs(where: str, arrays: dict[str, NDArray[Any]]) -> int:
    """Number of inputs of ragged lists, which these do not show."""
    given = arrays.get("n_inputs")
    expected = "one whole number, how many inputs there are"
    if given is None:
        raise InputError.single(f"{where}: n_inputs", "nothing", expected)
    if given.size != 1 or given.dtype.kind not in "iu":
        got = f"{given.dtype} of shape {given.shape}"
        raise InputError.single(f"{where}: n_inputs", got, expected)
    if given.item() < 1:
        raise InputError.single(f"{where}: n_inputs", f"{given.item()}", "at least 1")
    return int(given.item())


def _labels(
    given: dict[str, NDArray[Any]],
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...], list[Problem]]:
    """Number the labels of all parts in the same way: text in natural order, numbers unchanged."""
    problems: list[Problem] = []
    labels: dict[str, NDArray[np.int64]] = {}
    texts = {part for part, array in given.items() if array.dtype.kind in "US"}
    if texts and texts != set(given):
        return {}, (), [Problem("labels", "text in some parts only", "text in all parts or none")]
    named: dict[str, NDArray[np.str_]] = {}
    for part, array in given.items():
        try:
            numbers, names = class_numbers(array, array.size, f"{part}_labels")
        except InputError as error:
            problems += error.problems
            continue
        named[part] = np.array(names)[numbers]
        if not texts:
            labels[part] = named[part].astype(np.int64)
    if not texts or problems:
        return labels, (), problems
    names = tuple(natural_order({text for array in named.values() for text in array.tolist()}))
    return (
        {
            part: np.array([names.index(text) for text in array.tolist()], dtype=np.int64)
            for part, array in named.items()
        },
        names,
        [],
    )
