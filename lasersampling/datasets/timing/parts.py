"""What the tasks share: labels in equal numbers, spikes as arrays, the parts of a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import integer_problems, memory_problems, refuse
from lasersampling.datasets.events import EventSet
from lasersampling.datasets.spikes import EventData
from lasersampling.errors import InputError, Problem

SIZES = {"train": 5000, "validation": 1000, "test": 1000}
"""Numbers of samples."""

SEEDS = {"train": 42, "validation": 41, "test": 40}
"""Seeds of the parts; each task has random streams of its own."""

_BYTES_PER_SPIKE = 64
"""Of a spike, with what is needed while it is drawn [B]."""


def drawing_problems(n_samples: int, seed: int, spikes_per_sample: int) -> list[Problem]:
    """Check a number of samples and a seed, before memory is taken."""
    problems = integer_problems("n_samples", n_samples, 1) + integer_problems("seed", seed, 0)
    shape = (n_samples, spikes_per_sample)
    return problems or memory_problems("n_samples", shape, _BYTES_PER_SPIKE)


def balanced_labels(
    n_samples: int, n_classes: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return labels in random order, of each class as many as of any other, or one more."""
    return random.permutation(np.arange(n_samples, dtype=np.int64) % n_classes)


def as_events(times: NDArray[np.float64], labels: NDArray[np.int64]) -> EventSet:
    """Return samples whose inputs all spike equally often.

    Parameters
    ----------
    times : ndarray of float64, shape (sample, input, spike)
        Spike times in any order [tau_syn].
    labels : ndarray of int64, shape (sample,)
        Classes from 0.
    """
    n_samples, n_inputs, n_spikes = times.shape
    offsets = np.arange(n_samples + 1) * (n_inputs * n_spikes)
    neuron = np.tile(np.repeat(np.arange(n_inputs), n_spikes), n_samples)
    return EventSet(offsets, neuron, times.ravel(), labels, n_inputs)


def as_times(part: EventSet, like: tuple[int, int] | None = None) -> NDArray[np.float64]:
    """Return the spikes of samples whose inputs all spike equally often.

    Parameters
    ----------
    part : EventSet
        The samples.
    like : tuple of int, optional
        Numbers of inputs, and of spikes of each, that they must have.

    Returns
    -------
    ndarray of float64, shape (sample, input, spike)
        Spike times, sorted for each input [tau_syn].

    Raises
    ------
    InputError
        If inputs spike in different numbers.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.array([[[0.3, 0.1], [0.2, 0.5]]])
    >>> as_times(as_events(times, np.array([0])))
    array([[[0.1, 0.3],
            [0.2, 0.5]]])
    """
    counts = part.counts()
    if counts.min() != counts.max():
        got = f"{counts.min()} to {counts.max()} spikes of an input"
        raise InputError.single("part", got, "as many spikes of each input, as the tasks have")
    found = part.n_inputs, int(counts.max())
    if like is not None and found != like:
        got = f"{found[0]} inputs with {found[1]} spikes each"
        expected = f"{like[0]} with {like[1]}, as this task has with these settings"
        raise InputError.single("part", got, expected)
    sample = np.repeat(np.arange(len(part)), np.diff(part.offsets))
    order = np.lexsort((part.time, part.neuron, sample))
    return part.time[order].reshape(len(part), part.n_inputs, -1)


class TaskSettings(Protocol):
    """What all settings of tasks have."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        ...


S = TypeVar("S", bound=TaskSettings)


def in_parts(
    draw: Callable[[int, int, S], EventSet],
    settings: S,
    sizes: Mapping[str, int] = SIZES,
    *,
    seeds: Mapping[str, int] = SEEDS,
) -> EventData:
    """Draw a training, a validation and a test part of a task.

    Parameters
    ----------
    draw : callable
        Draws samples of the task, such as `intervals`.
    settings : object
        Settings of this task, such as `Intervals`.
    sizes, seeds : mapping of str to int
        Number of samples and seed of each part.

    Raises
    ------
    InputError
        As for `draw`, and for parts that are missing, unknown, or of the same seed.

    Examples
    --------
    >>> from lasersampling.datasets.timing import Intervals, in_parts, intervals
    >>> data = in_parts(intervals, Intervals(), {"train": 30, "validation": 10, "test": 10})
    >>> len(data.train), data.n_classes
    (30, 3)
    """
    problems = [
        Problem(name, ", ".join(map(str, given)) or "nothing", f"numbers for {', '.join(SIZES)}")
        for name, given in (("sizes", sizes), ("seeds", seeds))
        if set(given) != set(SIZES)
    ]
    if not problems and len(set(seeds.values())) < len(SIZES):
        got = ", ".join(f"{part} {seed}" for part, seed in seeds.items())
        problems.append(Problem("seeds", got, "another seed for each part"))
    refuse(problems)
    parts = {part: draw(sizes[part], seeds[part], settings) for part in SIZES}
    return EventData(parts["train"], parts["validation"], parts["test"], settings.class_names)
