"""Interval discrimination: two pulses on all inputs, and the class is the interval between them.

The pulses are two beats of a rhythm of intervals T, P - T, T, P - T, ..., seen through a window of
one period P that begins at a random phase. So two pulses are in the window, T or P - T apart, and
one that is picked at random is uniformly distributed over the window in every class: numbers of
spikes say nothing about the class, and the time of the first spike of a sample says little (by it
7 of 18 samples can be told).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid

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

_STREAM = 1
"""Number of this task in its seeds."""

_NARROW = 1e-9
"""Share of the period below which a noise is none."""

_REACH = 9.0
"""Standard deviations to both sides of an interval beyond which its density is none."""

_MARGIN = 6.0
"""Standard deviations of jitter that are left at both ends of the window."""


@dataclass(frozen=True)
class Intervals:
    """Settings of the task.

    Attributes
    ----------
    intervals : tuple of float
        The interval of each class, at most half a period [tau_syn].
    period : float
        Period of the rhythm, the length of the window [tau_syn].
    n_channels : int
        Number of inputs, each of which spikes once in each pulse.
    interval_std : float
        Standard deviation of the interval of a sample from that of its class [tau_syn].
    jitter : float
        Standard deviation of spikes from their pulse [tau_syn].

    Raises
    ------
    InputError
        With all problems found; also if pulses would run into each other.

    Examples
    --------
    >>> Intervals().n_classes, Intervals().end
    (3, 27.6)
    """

    intervals: tuple[float, ...] = (8.0, 10.0, 12.0)
    period: float = 24.0
    n_channels: int = 4
    interval_std: float = 0.5
    jitter: float = 0.3

    def __post_init__(self) -> None:
        refuse(
            sequence_problems("intervals", self.intervals, "an interval for each class"),
            number_problems("period", self.period, 0.0, strict=True),
            integer_problems("n_channels", self.n_channels, 1),
            number_problems("interval_std", self.interval_std, 0.0, strict=False),
            number_problems("jitter", self.jitter, 0.0, strict=True),
        )
        least = _MARGIN * math.hypot(self.interval_std, math.sqrt(2.0) * self.jitter)
        problems = [
            problem
            for k, interval in enumerate(self.intervals)
            for problem in number_problems(f"intervals[{k}]", interval, 0.0, strict=True)
        ]
        refuse(problems)
        given = tuple(float(interval) for interval in self.intervals)
        if len(set(given)) < max(2, len(given)):
            problems.append(Problem("intervals", f"{given}", "two or more, all different"))
        for k, interval in enumerate(given):
            if not least <= interval <= self.period / 2:
                expected = (
                    f"from {least:.3g}, so that pulses do not run into each other, to half a "
                    f"period, {self.period / 2:g}"
                )
                problems.append(Problem(f"intervals[{k}]", f"{interval:g}", expected))
        refuse(problems)
        object.__setattr__(self, "intervals", given)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.intervals)

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
        return tuple(f"{interval:g}" for interval in self.intervals)


_DEFAULT = Intervals()


def intervals(n_samples: int, seed: int, settings: Intervals = _DEFAULT) -> EventSet:
    """Draw samples: each input spikes twice, at the two pulses.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    seed : int
        Seed of the samples.
    settings : Intervals
        Intervals and noise.

    Raises
    ------
    InputError
        For numbers out of range, and for more than fits into the memory.

    Examples
    --------
    >>> intervals(6, 0).counts()[0]
    array([2, 2, 2, 2])
    """
    refuse(kind_problems("settings", settings, Intervals))
    refuse(drawing_problems(n_samples, seed, 2 * settings.n_channels))
    random = np.random.default_rng((_STREAM, seed))
    labels = balanced_labels(n_samples, settings.n_classes, random)
    first = settings.period * random.random(n_samples)
    interval = np.array(settings.intervals)[labels]
    interval = interval + random.normal(0.0, settings.interval_std, n_samples)
    pulses = np.stack([first, np.mod(first + interval, settings.period)], axis=1)
    noise = random.normal(0.0, settings.jitter, (n_samples, settings.n_channels, 2))
    return as_events(np.abs(settings.begin + pulses[:, None] + noise), labels)


def interval_oracle(part: EventSet, settings: Intervals = _DEFAULT) -> NDArray[np.int64]:
    """Decide as well as anybody can who knows how the samples were drawn (Bayes' rule).

    The difference d of the mean times of both pulses is a sufficient statistic: the phase is
    uniform, and all noise Gaussian. Classes have the densities N(d; T, v) + N(P - d; T, v) with
    v = interval_std^2 + 2 jitter^2 / n_channels.

    Parameters
    ----------
    part : EventSet
        Samples of `intervals`.
    settings : Intervals
        Those with which they were drawn.

    Returns
    -------
    ndarray of int64, shape (sample,)
        The class that is decided.
    """
    refuse(kind_problems("part", part, EventSet), kind_problems("settings", settings, Intervals))
    pulses = as_times(part, (settings.n_channels, 2)).mean(axis=1)
    densities = _densities(pulses[:, 1] - pulses[:, 0], settings)
    decided: NDArray[np.int64] = densities.argmax(axis=0)
    return decided


def interval_oracle_accuracy(settings: Intervals = _DEFAULT) -> float:
    """Return the expected accuracy of `interval_oracle`, by numerical integration [1].

    Parameters
    ----------
    settings : Intervals
        Intervals and noise.

    Examples
    --------
    >>> round(interval_oracle_accuracy(), 4)
    0.9476
    """
    refuse(kind_problems("settings", settings, Intervals))
    width = math.sqrt(_variance(settings))
    if width < _NARROW * settings.period:
        return 1.0  # since intervals differ, by more than this
    around = np.add.outer(settings.intervals, width * np.linspace(-_REACH, _REACH, 4001))
    everywhere = np.linspace(0.0, settings.period / 2, 2001)
    grid = np.unique(np.clip(np.append(around, everywhere), 0.0, settings.period / 2))
    best = _densities(grid, settings).max(axis=0)
    return float(trapezoid(best, grid)) / settings.n_classes


def _densities(difference: NDArray[np.float64], settings: Intervals) -> NDArray[np.float64]:
    """Density of the smaller of d and P - d in each class, (class, sample)."""
    variance = max(_variance(settings), (_NARROW * settings.period) ** 2)
    centre = np.array(settings.intervals)[:, None]
    both = np.stack([difference, settings.period - difference])[:, None] - centre
    density: NDArray[np.float64] = np.exp(-(both**2) / (2.0 * variance)).sum(axis=0)
    return density / math.sqrt(2.0 * math.pi * variance)


def _variance(settings: Intervals) -> float:
    """Variance of the difference between the mean times of two pulses."""
    return settings.interval_std**2 + 2.0 * settings.jitter**2 / settings.n_channels
