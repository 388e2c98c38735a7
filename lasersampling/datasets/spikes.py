"""Labelled spike times, and the encoding of values as spike times."""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array, as_floats
from lasersampling.checks import (
    absent_problems,
    integer_problems,
    kind_problems,
    number_problems,
    refuse,
)
from lasersampling.datasets.events import EventSet
from lasersampling.datasets.labels import class_numbers, label_problems
from lasersampling.datasets.stored_events import StoredEvents
from lasersampling.errors import InputError, Problem

EARLIEST, LATEST = 0.15, 2.0
"""Spike times of the values 0 and 1 in the published Yin-Yang experiments [tau_syn]."""


_HELD_OUT_OF, _HELD_OUT_SEED = 10, 0
"""The validation part of files without one: one sample out of so many, and the seed."""

_TEST_OUT_OF, _FEWEST = 5, 3
"""Share of the test part of arrays, as one out of so many, and samples that three parts need."""


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
        With all problems found: shapes, nan, times below 0 (such as -1 for an absent spike), labels
        that are not classes.
    """

    times: NDArray[np.float64]
    labels: NDArray[np.int64]

    if TYPE_CHECKING:  # whatever NumPy takes for an array is copied into one

        def __init__(self, times: ArrayLike, labels: ArrayLike) -> None: ...

    def __post_init__(self) -> None:
        times, labels = as_array(self.times, "times"), as_array(self.labels, "labels")
        problems = []
        if times.ndim != 2 or times.size == 0 or times.dtype.kind not in "iuf":
            got = f"{times.dtype} of shape {times.shape}"
            problems.append(Problem("times", got, "numbers, shape (sample, input)"))
        else:
            problems += absent_problems("times", times)
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

    @property
    def n_inputs(self) -> int:
        """Number of inputs of a sample."""
        return int(self.times.shape[1])

    def chosen(self, places: NDArray[np.int64]) -> SpikeSet:
        """Return some of the samples.

        Parameters
        ----------
        places : ndarray of int64
            Their numbers, in the order that is wanted.
        """
        return SpikeSet(self.times[places], self.labels[places])

    def first(self) -> NDArray[np.float64]:
        """Return the first spike of each input, (sample, input), inf for none [tau_syn]."""
        return self.times

    def last(self) -> float:
        """Return the time of the last spike of all samples, -inf for none [tau_syn]."""
        return float(self.times[np.isfinite(self.times)].max(initial=-np.inf))

    def counts(self) -> NDArray[np.int64]:
        """Return the number of spikes of each input, (sample, input)."""
        return np.isfinite(self.times).astype(np.int64)


AnyEvents = EventSet | StoredEvents
"""Samples whose inputs spike as often as they like, in memory or in a file."""

AnyPart = SpikeSet | AnyEvents
"""Samples whose inputs spike once at most, or as often as they like."""

Part = TypeVar("Part", SpikeSet, EventSet, StoredEvents)
"""Samples of one of these kinds."""


@dataclass(frozen=True, eq=False)
class LabelledParts(Generic[Part]):
    """Training, validation and test part of a data set.

    Attributes
    ----------
    train, validation, test : SpikeSet, or EventSet or StoredEvents
        The parts. Networks learn from the training part, all choices are made on the validation
        part, and the test part is used once, for the final judgement.
    class_names : tuple of str
        Names of the classes; their numbers by default.

    Raises
    ------
    InputError
        If parts are of another kind or have different numbers of inputs, classes are missing in the
        training part, or there is another number of names.
    """

    train: Part
    validation: Part
    test: Part
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        parts = self.train, self.validation, self.test
        given = zip(("train", "validation", "test"), parts, strict=True)
        kind, expected = self._kind()
        refuse(*(kind_problems(name, part, kind, expected) for name, part in given))
        widths = {part.n_inputs for part in parts}
        if len(widths) > 1:
            raise InputError.single("inputs", f"{sorted(widths)}", "as many in each part")
        n_classes = len(self.class_names) or 1 + max(int(p.labels.max()) for p in parts)
        problems = [
            problem
            for name, part in zip(("train", "validation", "test"), parts, strict=True)
            for problem in label_problems(part.labels, n_classes, f"{name} labels")
        ]
        if problems:
            raise InputError(problems)
        if n_classes < 2:
            got = "samples of one class only"
            raise InputError.single("train labels", got, "two classes or more to tell apart")
        # Checked first, since a label may be any number, and all below it would be classes.
        if n_classes > len(self.train):
            got = f"{n_classes} classes by the largest label, and {len(self.train)} samples"
            expected = "some of each class, numbered from 0 without gaps"
            raise InputError.single("train labels", got, expected)
        names = self.class_names or tuple(str(k) for k in range(n_classes))
        missing = [names[k] for k in np.setdiff1d(np.arange(n_classes), self.train.labels)]
        if missing:
            got = f"no sample of {len(missing)} of {n_classes} classes: " + ", ".join(missing[:9])
            expected = "some of each class, numbered from 0 without gaps"
            raise InputError.single("train labels", got, expected)
        object.__setattr__(self, "class_names", names)

    @property
    def n_inputs(self) -> int:
        """Number of inputs of a sample."""
        return self.train.n_inputs

    @property
    def n_classes(self) -> int:
        """Number of classes; the training part has samples of each."""
        return len(self.class_names)

    @classmethod
    def _kind(cls) -> tuple[type | UnionType, str]:
        """Kind of the parts, and its name."""
        return SpikeSet, "SpikeSet(...)"


@dataclass(frozen=True, eq=False)
class SpikeData(LabelledParts[SpikeSet]):
    """A data set whose inputs spike once at most; see `LabelledParts`.

    Examples
    --------
    >>> from lasersampling.datasets import SpikeData, SpikeSet
    >>> part = SpikeSet([[0.1, 1.0], [1.0, 0.2]], [0, 1])
    >>> SpikeData(part, part, part).n_inputs
    2
    """


@dataclass(frozen=True, eq=False)
class EventData(LabelledParts[EventSet]):
    """A data set whose inputs spike as often as they like; see `LabelledParts`.

    Examples
    --------
    >>> from lasersampling.datasets import EventData, EventSet
    >>> part = EventSet.from_trains([[[0.1, 0.4], []], [[], [0.2]]], [0, 1])
    >>> EventData(part, part, part).n_classes
    2
    """

    @classmethod
    def _kind(cls) -> tuple[type | UnionType, str]:
        return EventSet, "EventSet(...)"


@dataclass(frozen=True, eq=False)
class StoredEventData(LabelledParts[StoredEvents]):
    """A data set like `EventData` whose spikes stay in files; see `load_event_files`."""

    @classmethod
    def _kind(cls) -> tuple[type | UnionType, str]:
        return StoredEvents, "StoredEvents(...)"


AnyData = SpikeData | EventData | StoredEventData
"""A data set of any kind."""


def held_out(part: Part, n_held: int, seed: int) -> tuple[Part, Part]:
    """Divide samples at random in two parts, the second of size `n_held`, balanced over classes.

    Parameters
    ----------
    part : SpikeSet or EventSet
        The samples.
    n_held : int
        Number of samples in the second part.
    seed : int
        Seed of the division.

    Raises
    ------
    InputError
        If one of the two parts would be empty.
    """
    problems = integer_problems("n_held", n_held, 1) + integer_problems("seed", seed, 0)
    if not problems and n_held >= len(part):
        problems.append(Problem("n_held", f"{n_held}", f"fewer than the {len(part)} samples"))
    if problems:
        raise InputError(problems)

    # Imported here, since scikit-learn takes a second to load.
    from sklearn.model_selection import train_test_split

    places = np.arange(len(part))
    fewest = int(np.unique(part.labels, return_counts=True)[1].min())
    alike = fewest >= 2 and n_held >= part.labels.max() + 1
    kept, held = train_test_split(
        places, test_size=n_held, random_state=seed, stratify=part.labels if alike else None
    )
    return part.chosen(kept), part.chosen(held)


def divided(times: ArrayLike, labels: ArrayLike, *, seed: int = _HELD_OUT_SEED) -> SpikeData:
    """Divide labelled spike times at random: a fifth to test, a tenth of the rest to validate.

    Parameters
    ----------
    times : array_like, shape (sample, input)
        Spike times, inf for absent spikes [tau_syn].
    labels : array_like of whole numbers or text, shape (sample,)
        The classes, which are numbered in natural order.
    seed : int
        Seed of the division.

    Raises
    ------
    InputError
        For times or labels that do not fit, and for fewer than three samples.
    """
    refuse(integer_problems("seed", seed, 0, 2**32 - 1))
    array = as_floats(times, "times")
    numbers, names = class_numbers(labels, len(array) if array.ndim else 0, "labels")
    whole = SpikeSet(array, numbers)
    if len(whole) < _FEWEST:
        raise InputError.single("times", f"{len(whole)} samples", f"at least {_FEWEST}")
    rest, test = held_out(whole, max(1, len(whole) // _TEST_OUT_OF), seed)
    train, validation = held_out(rest, max(1, len(rest) // _HELD_OUT_OF), seed)
    return SpikeData(train, validation, test, names)


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
        Values from 0 (first) to 1 (last). For images whose ink is to spike first: 1 - brightness.
    earliest, latest : float
        Spike times of 0 and 1 [tau_syn].
    absent_from : float
        Values of at least this give no spike [1].

    Returns
    -------
    ndarray of float64, in the shape of `values`
        Spike times [tau_syn].

    Raises
    ------
    InputError
        If values lie outside of 0 to 1, or the times are below 0 or not in order.

    Examples
    --------
    >>> as_spike_times([0.0, 0.5, 1.0], 0.0, 2.0, absent_from=0.9)
    array([ 0.,  1., inf])
    """
    array = as_floats(values, "values")
    problems = number_problems("earliest", earliest, 0.0, strict=False)
    problems += problems or number_problems("latest", latest, earliest, strict=True)
    if not ((array >= 0) & (array <= 1)).all():
        problems.append(Problem("values", "some outside [0, 1]", "values in [0, 1]"))
    if problems:
        raise InputError(problems)
    times: NDArray[np.float64] = earliest + (latest - earliest) * array
    return np.where(array >= absent_from, np.inf, times)
