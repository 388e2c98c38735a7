"""A test set in other forms: run backward in time, or with jitter on all spikes."""

from __future__ import annotations

import numpy as np

from lasersampling.checks import integer_problems, kind_problems, number_problems, refuse
from lasersampling.datasets.events import EventSet


def reversed_in_time(part: EventSet) -> EventSet:
    """Return the samples run backward, within the times of the earliest and the latest spike.

    Labels stay: a network whose accuracy stays too did not need the direction of time. Numbers of
    spikes stay as they are.

    Parameters
    ----------
    part : EventSet
        The samples.

    Raises
    ------
    InputError
        If `part` is no `EventSet`.

    Examples
    --------
    >>> from lasersampling.datasets.events import EventSet
    >>> reversed_in_time(EventSet([0, 2], [0, 1], [1.0, 4.0], [0], 2)).neuron
    array([1, 0])
    """
    refuse(kind_problems("part", part, EventSet))
    time = part.time
    if len(time):
        time = (time.min() + time.max()) - time
    return EventSet(part.offsets, part.neuron, time, part.labels, part.n_inputs)


def jittered(part: EventSet, std: float, seed: int = 0) -> EventSet:
    """Return the samples with independent Gaussian noise on each spike time.

    Parameters
    ----------
    part : EventSet
        The samples.
    std : float
        Standard deviation; a time that falls below 0 is reflected there [tau_syn].
    seed : int
        Seed of the noise.

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> from lasersampling.datasets.events import EventSet
    >>> part = EventSet([0, 2], [0, 1], [1.0, 4.0], [0], 2)
    >>> jittered(part, 0.1).counts()
    array([[1, 1]])
    """
    refuse(
        kind_problems("part", part, EventSet),
        number_problems("std", std, 0.0, strict=False),
        integer_problems("seed", seed, 0),
    )
    noise = np.random.default_rng(seed).normal(0.0, std, len(part.time))
    time = np.abs(part.time + noise)
    return EventSet(part.offsets, part.neuron, time, part.labels, part.n_inputs)
