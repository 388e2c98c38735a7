"""Coincidence of delayed inputs: the class is which lags there are between the inputs.

A few events happen at random times within a window. Each makes every input spike once, each input
with a lag of its own; the classes are the orders in which lags are given to inputs. Times are
counted on a circle as long as the window, so each input by itself spikes as often, and uniformly in
time, in every class. With delays that undo the lags of a class, all inputs coincide: the
arrangement that Jeffress (1948) proposed for hearing the direction of a sound.

References
----------
Jeffress, "A place theory of sound localization", Journal of Comparative and Physiological
Psychology 41 (1948) 35.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import (
    integer_problems,
    kind_problems,
    number_problems,
    refuse,
    sequence_problems,
)
from lasersampling.datasets.events import EventSet
from lasersampling.datasets.timing.parts import (
    as_events,
    as_times,
    balanced_labels,
    drawing_problems,
)
from lasersampling.errors import Problem

_STREAM = 2
"""Number of this task in its seeds."""

_MARGIN = 6.0
"""Standard deviations of jitter that are left at both ends of the window."""

_MOST = 4
"""Inputs, and events of a sample; the oracle looks at all ways to sort spikes into events."""

_AT_ONCE = 200
"""Samples that the oracle looks at together."""


@dataclass(frozen=True)
class Coincidences:
    """Settings of the task.

    Attributes
    ----------
    lags : tuple of float
        The lags, one for each input; a class for each order of them [tau_syn].
    n_events : int
        Number of events of a sample.
    period : float
        Length of the window [tau_syn].
    jitter : float
        Standard deviation of spikes from event and lag [tau_syn].

    Raises
    ------
    InputError
        With all problems found; also for lags of which two are the same on the circle.

    Examples
    --------
    >>> Coincidences().n_classes, Coincidences().class_lags[1]
    (6, (0.0, 12.0, 6.0))
    """

    lags: tuple[float, ...] = (0.0, 6.0, 12.0)
    n_events: int = 3
    period: float = 36.0
    jitter: float = 0.3

    def __post_init__(self) -> None:
        refuse(
            sequence_problems("lags", self.lags, "a lag for each input"),
            integer_problems("n_events", self.n_events, 1, _MOST),
            number_problems("period", self.period, 0.0, strict=True),
            number_problems("jitter", self.jitter, 0.0, strict=True),
        )
        problems = [
            problem
            for k, lag in enumerate(self.lags)
            for problem in number_problems(f"lags[{k}]", lag, 0.0, strict=False)
        ]
        refuse(problems)
        given = tuple(float(lag) for lag in self.lags)
        if not 2 <= len(given) <= _MOST:
            problems.append(Problem("lags", f"{len(given)}", f"2 to {_MOST}"))
        if len({lag % self.period for lag in given}) < len(given) or max(given) >= self.period / 2:
            expected = f"different lags of less than half a period, {self.period / 2:g}"
            problems.append(Problem("lags", f"{given}", expected))
        refuse(problems)
        object.__setattr__(self, "lags", given)

    @property
    def class_lags(self) -> tuple[tuple[float, ...], ...]:
        """Lags of the inputs in each class [tau_syn]."""
        return tuple(itertools.permutations(self.lags))

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_lags)

    @property
    def begin(self) -> float:
        """Begin of the window, which leaves room for jitter [tau_syn]."""
        return _MARGIN * self.jitter

    @property
    def end(self) -> float:
        """Time after which there are no spikes [tau_syn]."""
        return self.period + 2.0 * self.begin

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(" ".join(f"{lag:g}" for lag in lags) for lags in self.class_lags)


_DEFAULT = Coincidences()


def coincidences(n_samples: int, seed: int, settings: Coincidences = _DEFAULT) -> EventSet:
    """Draw samples: each input spikes once for each event.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    seed : int
        Seed of the samples.
    settings : Coincidences
        Lags and noise.

    Raises
    ------
    InputError
        For numbers out of range, and for more than fits into the memory.

    Examples
    --------
    >>> coincidences(6, 0).counts()[0]
    array([3, 3, 3])
    """
    refuse(kind_problems("settings", settings, Coincidences))
    refuse(drawing_problems(n_samples, seed, settings.n_events * len(settings.lags)))
    random = np.random.default_rng((_STREAM, seed))
    labels = balanced_labels(n_samples, settings.n_classes, random)
    events = settings.period * random.random((n_samples, 1, settings.n_events))
    lags = np.array(settings.class_lags)[labels][:, :, None]
    times = settings.begin + np.mod(events + lags, settings.period)
    return as_events(np.abs(times + random.normal(0.0, settings.jitter, times.shape)), labels)


def coincidence_oracle(part: EventSet, settings: Coincidences = _DEFAULT) -> NDArray[np.int64]:
    """Decide as well as anybody can who knows how the samples were drawn (Bayes' rule).

    For each class the lags are taken from the spikes. The likelihood is a sum over all ways to sort
    the spikes of the inputs into events; an event, whose time is uniform, contributes
    exp(-q / (2 jitter^2)) with the sum q of the squares of the distances of its spikes from
    their mean, on the circle.

    Parameters
    ----------
    part : EventSet
        Samples of `coincidences`.
    settings : Coincidences
        Those with which they were drawn.

    Returns
    -------
    ndarray of int64, shape (sample,)
        The class that is decided.
    """
    refuse(kind_problems("part", part, EventSet), kind_problems("settings", settings, Coincidences))
    times = as_times(part, (len(settings.lags), settings.n_events))
    ways = _ways(len(settings.lags), settings.n_events)
    decided = [
        _log_likelihoods(times[k : k + _AT_ONCE], ways, settings).argmax(axis=1)
        for k in range(0, len(times), _AT_ONCE)
    ]
    return np.concatenate(decided)


def _ways(n_inputs: int, n_events: int) -> NDArray[np.int64]:
    """Which spike of each input belongs to each event, (way, input, event); the first in order."""
    orders = list(itertools.permutations(range(n_events)))
    first = [tuple(range(n_events))]
    return np.array(list(itertools.product(first, *[orders] * (n_inputs - 1))), dtype=np.int64)


def _log_likelihoods(
    times: NDArray[np.float64], ways: NDArray[np.int64], settings: Coincidences
) -> NDArray[np.float64]:
    """Logarithm of the likelihood of each class but for a constant, (sample, class)."""
    n_inputs = len(settings.lags)
    lags = np.array(settings.class_lags)[None, :, :, None]
    origin = times[:, None] - lags  # (sample, class, input, spike)
    # Distances on the circle from the spikes of the first input, (sample, class, input, of, to).
    apart = origin[:, :, :, :, None] - origin[:, :, :1, None, :]
    half = settings.period / 2
    apart = np.mod(apart + half, settings.period) - half
    inputs, events = np.arange(n_inputs)[:, None], np.arange(settings.n_events)
    of_way = apart[:, :, inputs, ways, events]  # (sample, class, way, input, event)
    square = (of_way**2).sum(axis=3) - of_way.sum(axis=3) ** 2 / n_inputs
    exponent = -square.sum(axis=3) / (2.0 * settings.jitter**2)
    largest = exponent.max(axis=2, keepdims=True)
    summed: NDArray[np.float64] = np.log(np.exp(exponent - largest).sum(axis=2))
    summed += largest[:, :, 0]
    return summed
