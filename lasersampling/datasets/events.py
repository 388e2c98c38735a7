"""Labelled samples whose inputs spike as often as they like: ragged lists of spikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError, Problem


@dataclass(frozen=True, eq=False)
class EventSet:
    """Samples of input spikes with their labels, any number of spikes for each input.

    Attributes
    ----------
    offsets : ndarray of int64, shape (sample + 1,)
        Where the spikes of each sample begin.
    neuron : ndarray of int64, shape (spike,)
        Which input spikes.
    time : ndarray of float64, shape (spike,)
        When; those of a sample are sorted here [tau_syn].
    labels : ndarray of int64, shape (sample,)
        Classes from 0.
    n_inputs : int
        Number of inputs.

    Raises
    ------
    InputError
        With all problems found: shapes, offsets that fall or do not end at the last spike, inputs
        that are not there, times that are not finite or below 0, labels that are not classes.

    Examples
    --------
    >>> from lasersampling.datasets.events import EventSet
    >>> part = EventSet([0, 3, 4], [1, 0, 1, 0], [0.9, 0.2, 0.5, 0.1], [0, 1], 2)
    >>> part.time, part.neuron
    (array([0.2, 0.5, 0.9, 0.1]), array([0, 1, 1, 0]))
    >>> part.counts()
    array([[1, 2],
           [1, 0]])
    """

    offsets: NDArray[np.int64]
    neuron: NDArray[np.int64]
    time: NDArray[np.float64]
    labels: NDArray[np.int64]
    n_inputs: int

    if TYPE_CHECKING:  # whatever NumPy takes for an array is copied into one

        def __init__(
            self,
            offsets: ArrayLike,
            neuron: ArrayLike,
            time: ArrayLike,
            labels: ArrayLike,
            n_inputs: int,
        ) -> None: ...

    def __post_init__(self) -> None:
        problems = integer_problems("n_inputs", self.n_inputs, 1)
        found: dict[str, NDArray[Any]] = {}
        for name in ("offsets", "neuron", "time", "labels"):
            array = as_array(getattr(self, name), name)
            kinds, what = ("iuf", "numbers") if name == "time" else ("iu", "whole numbers")
            empty = array.size == 0 and name in ("neuron", "time")
            if array.ndim != 1 or (array.dtype.kind not in kinds and not empty):
                got = f"{array.dtype} of shape {array.shape}"
                problems.append(Problem(name, got, f"{what} with one axis"))
            found[name] = array.astype(np.float64 if name == "time" else np.int64, copy=False)
        problems = problems or _problems(found, self.n_inputs)
        if problems:
            raise InputError(problems)
        sample = np.repeat(np.arange(len(found["labels"])), np.diff(found["offsets"]))
        order = np.lexsort((found["time"], sample))
        for name, array in found.items():
            own = array[order] if name in ("neuron", "time") else array.copy()
            object.__setattr__(self, name, own)

    @classmethod
    def from_trains(cls, trains: Sequence[Sequence[ArrayLike]], labels: ArrayLike) -> EventSet:
        """Make a set of spike trains: for each sample, the times of each input.

        Parameters
        ----------
        trains : sequence of sequence of array_like
            ``trains[sample][input]`` holds spike times in any order [tau_syn].
        labels : array_like of int, shape (sample,)
            Classes from 0.

        Raises
        ------
        InputError
            As for `EventSet`, and for samples with different numbers of inputs.

        Examples
        --------
        >>> from lasersampling.datasets.events import EventSet
        >>> EventSet.from_trains([[[0.1, 0.4], []], [[], [0.2]]], [0, 1]).counts().tolist()
        [[2, 0], [0, 1]]
        """
        widths = {len(sample) for sample in trains}
        if len(widths) != 1:
            got = f"{sorted(widths) or 'no'} inputs"
            raise InputError.single("trains", got, "as many inputs in each sample")
        times = [np.atleast_1d(np.asarray(t, dtype=np.float64)) for s in trains for t in s]
        (n_inputs,) = widths
        counts = np.array([len(t) for t in times], dtype=np.int64)
        neuron = np.repeat(np.tile(np.arange(n_inputs), len(trains)), counts)
        of_samples = counts.reshape(len(trains), n_inputs).sum(axis=1)
        offsets = np.concatenate([[0], np.cumsum(of_samples)])
        return cls(offsets, neuron, np.concatenate(times), labels, n_inputs)

    def __len__(self) -> int:
        return len(self.labels)

    def chosen(self, places: NDArray[np.int64]) -> EventSet:
        """Return some of the samples.

        Parameters
        ----------
        places : ndarray of int64
            Their numbers, in the order that is wanted.
        """
        offsets, spikes = gathered(self.offsets, places)
        return EventSet(
            offsets, self.neuron[spikes], self.time[spikes], self.labels[places], self.n_inputs
        )

    def read(self, places: NDArray[np.int64]) -> EventSet:
        """Return some of the samples, as `chosen` does; see `StoredEvents`.

        Parameters
        ----------
        places : ndarray of int64
            Their numbers, in the order that is wanted.
        """
        return self.chosen(places)

    @property
    def n_spikes(self) -> NDArray[np.int64]:
        """Number of spikes of each sample, (sample,)."""
        return np.diff(self.offsets)

    def last(self) -> float:
        """Return the time of the last spike of all samples, -inf for none [tau_syn]."""
        return float(self.time.max(initial=-np.inf))

    def counts(self) -> NDArray[np.int64]:
        """Return the number of spikes of each input, (sample, input)."""
        sample = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        total = np.bincount(
            sample * self.n_inputs + self.neuron, minlength=len(self) * self.n_inputs
        )
        return total.reshape(len(self), self.n_inputs)

    def first(self) -> NDArray[np.float64]:
        """Return the first spike of each input, (sample, input), inf for none [tau_syn]."""
        times = np.full((len(self), self.n_inputs), np.inf)
        sample = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        np.minimum.at(times, (sample, self.neuron), self.time)
        return times


def gathered(
    offsets: NDArray[np.int64], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say where the spikes of some samples are.

    Parameters
    ----------
    offsets : ndarray of int64, shape (sample + 1,)
        Where the spikes of each sample begin.
    places : ndarray of int64, shape (chosen,)
        The samples.

    Returns
    -------
    offsets : ndarray of int64, shape (chosen + 1,)
        Where the spikes of each chosen sample begin among them.
    spikes : ndarray of int64
        Their numbers.
    """
    counts = np.diff(offsets)[places]
    begins = np.concatenate([[0], np.cumsum(counts)])
    spikes = np.arange(begins[-1]) + np.repeat(offsets[:-1][places] - begins[:-1], counts)
    return begins, spikes


def _problems(found: dict[str, NDArray[Any]], n_inputs: int) -> list[Problem]:
    """Check arrays against one another."""
    offsets, neuron, time, labels = (found[n] for n in ("offsets", "neuron", "time", "labels"))
    problems = []
    if len(labels) == 0:
        problems.append(Problem("labels", "none", "one for each sample"))
    elif labels.min() < 0:
        problems.append(Problem("labels", f"{labels.min()}", "classes from 0"))
    if len(neuron) != len(time):
        problems.append(Problem("neuron", f"{len(neuron)}", f"{len(time)}, one for each spike"))
    if len(offsets) != len(labels) + 1:
        expected = f"{len(labels) + 1}, one more than samples"
        problems.append(Problem("offsets", f"{len(offsets)}", expected))
    elif offsets[0] != 0 or offsets[-1] != len(time) or (np.diff(offsets) < 0).any():
        expected = f"numbers that rise from 0 to {len(time)}, the number of spikes"
        problems.append(Problem("offsets", "others", expected))
    if len(neuron) and not (neuron.min() >= 0 and neuron.max() < n_inputs):
        got = f"{neuron.min()} to {neuron.max()}"
        problems.append(Problem("neuron", got, f"inputs from 0 to {n_inputs - 1}"))
    if len(time) and not (np.isfinite(time).all() and time.min() >= 0):
        expected = "finite times of at least 0; absent spikes are left out"
        problems.append(Problem("time", "nan, inf or negative times", expected))
    return problems
