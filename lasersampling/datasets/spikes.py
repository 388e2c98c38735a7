"""Labelled spike times, and how values become spike times."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import number_problems
from lasersampling.datasets.numpy_files import read_numpy
from lasersampling.errors import InputError, Problem

EARLIEST, LATEST = 0.15, 2.0
"""Spike times of the values 0 and 1 in the published Yin-Yang experiments [tau_syn]."""


@dataclass(frozen=True, eq=False)
class SpikeSet:
    """Samples of spike times with their labels.

    Attributes
    ----------
    times : ndarray of float64, shape (sample, input)
        Spike times, inf for absent spikes [tau_syn].
    labels : ndarray of int64, shape (sample,)
        Classes from 0.

    Raises
    ------
    InputError
        With all problems found: shapes, nan or -inf, labels that are no classes.
    """

    times: NDArray[np.float64]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        times, labels = np.asarray(self.times), np.asarray(self.labels)
        problems = []
        if times.ndim != 2 or times.size == 0 or times.dtype.kind not in "iuf":
            got = f"{times.dtype} of shape {times.shape}"
            problems.append(Problem("times", got, "numbers, shape (sample, input)"))
        elif (~np.isfinite(times) & (times != np.inf)).any():
            expected = "finite times, or inf for absent spikes"
            problems.append(Problem("times", "nan or -inf", expected))
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            got = f"{labels.dtype} of shape {labels.shape}"
            problems.append(Problem("labels", got, "whole numbers, shape (sample,)"))
        elif times.ndim == 2 and len(labels) != len(times):
            problems.append(Problem("labels", f"{len(labels)}", f"{len(times)}, as samples"))
        elif labels.size and labels.min() < 0:
            problems.append(Problem("labels", f"{labels.min()}", "classes from 0"))
        if problems:
            raise InputError(problems)
        object.__setattr__(self, "times", times.astype(np.float64))
        object.__setattr__(self, "labels", labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class SpikeData:
    """Training, validation and test part of one kind.

    Attributes
    ----------
    train, validation, test : SpikeSet
        The parts; the training part is learned from, the validation part watched meanwhile, and
        the test part judged once.
    """

    train: SpikeSet
    validation: SpikeSet
    test: SpikeSet

    def __post_init__(self) -> None:
        widths = {part.times.shape[1] for part in (self.train, self.validation, self.test)}
        if len(widths) > 1:
            raise InputError.single("inputs", f"{sorted(widths)}", "as many in each part")

    @property
    def n_inputs(self) -> int:
        """Inputs of a sample."""
        return int(self.train.times.shape[1])

    @property
    def n_classes(self) -> int:
        """Classes, by the largest label of any part."""
        return 1 + max(int(p.labels.max()) for p in (self.train, self.validation, self.test))


def as_spike_times(
    values: ArrayLike,
    earliest: float = EARLIEST,
    latest: float = LATEST,
    *,
    absent_from: float = np.inf,
) -> NDArray[np.float64]:
    """Encode values v from 0 to 1 linearly as spike times: earliest + (latest - earliest) v.

    Parameters
    ----------
    values : array_like
        0 (first) to 1 (last). For images, where ink is to come first: one minus brightness.
    earliest, latest : float
        Spike times of 0 and 1 [tau_syn].
    absent_from : float
        Values of at least this make no spike [1].

    Returns
    -------
    ndarray of float64, in the shape of `values`
        Spike times [tau_syn].

    Raises
    ------
    InputError
        If values lie outside of 0 to 1, or the times are not in order.

    Examples
    --------
    >>> as_spike_times([0.0, 0.5, 1.0], 0.0, 2.0, absent_from=0.9)
    array([ 0.,  1., inf])
    """
    array = np.asarray(values, dtype=np.float64)
    problems = number_problems("earliest", earliest, -np.inf, strict=True)
    problems += problems or number_problems("latest", latest, earliest, strict=True)
    if not ((array >= 0) & (array <= 1)).all():
        problems.append(Problem("values", "some outside [0, 1]", "values in [0, 1]"))
    if problems:
        raise InputError(problems)
    times: NDArray[np.float64] = earliest + (latest - earliest) * array
    return np.where(array >= absent_from, np.inf, times)


def load_spikes(path: str | os.PathLike[str]) -> SpikeData:
    """Load labelled spike times of one's own.

    Parameters
    ----------
    path : path-like
        NumPy archive (``.npz``) of `train_times`, `train_labels`, `test_times`, `test_labels`, and
        where wanted `validation_times`, `validation_labels`; without them the test part is watched.

    Raises
    ------
    InputError
        If the file is no such archive, or for its content.
    """
    where = str(path)
    expected = "a NumPy archive (.npz) of train_times, train_labels, test_times, test_labels"
    arrays = read_numpy(path, expected)
    parts: dict[str, SpikeSet] = {}
    problems = []
    for part in ("train", "validation", "test"):
        names = f"{part}_times", f"{part}_labels"
        missing = [name for name in names if name not in arrays]
        if len(missing) == len(names) and part == "validation":
            continue
        if missing:
            problems += [Problem(f"{where}: {name}", "nothing", "an array") for name in missing]
            continue
        try:
            parts[part] = SpikeSet(arrays[names[0]], arrays[names[1]])
        except InputError as error:
            problems += [
                Problem(f"{where}: {part}_{p.where}", p.got, p.expected) for p in error.problems
            ]
    if problems:
        raise InputError(problems)
    return SpikeData(parts["train"], parts.get("validation", parts["test"]), parts["test"])
