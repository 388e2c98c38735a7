"""The Yin-Yang data set: three classes in the plane that no linear classifier separates.

A disc of radius 1/2 around (1/2, 1/2) is divided into yin, yang and the two dots.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import integer_problems, memory_problems, refuse
from lasersampling.datasets.spikes import SpikeData, SpikeSet, as_spike_times
from lasersampling.errors import InputError

YIN, YANG, DOT, OUTSIDE = 1, 0, 2, -1
"""Classes, numbered as published; -1 outside of the disc."""

CLASS_NAMES = ("yang", "yin", "dot")
"""Names of the classes, in the order of their numbers."""

DISC_RADIUS = 0.5
DOT_RADIUS = 0.1
_CENTRE = 0.5
_LEFT, _RIGHT = 0.25, 0.75

SIZES = {"train": 5000, "validation": 1000, "test": 1000}
SEEDS = {"train": 42, "validation": 41, "test": 40}
"""The published sets."""

FRESH_SEED = 2_000_000
"""Seed of fresh points, far from those of the published sets."""

FEW = {"train": 200, "validation": 50, "test": 50}
"""Sizes for test runs, which only show that a program works."""


def yin_yang_class(x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
    """Say to which class points belong, -1 outside of the disc.

    Parameters
    ----------
    x, y : array_like
        Coordinates, of shapes that broadcast [1].

    Returns
    -------
    ndarray of int64
    """
    x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    height = (y - _CENTRE) ** 2
    from_left = np.sqrt((x - _LEFT) ** 2 + height)
    from_right = np.sqrt((x - _RIGHT) ** 2 + height)
    in_dot = (from_left < DOT_RADIUS) | (from_right < DOT_RADIUS)
    in_left = (from_left > DOT_RADIUS) & (from_left <= DISC_RADIUS / 2)
    in_upper = (y > _CENTRE) & (from_right > DISC_RADIUS / 2)
    classes = np.where(in_left | in_upper | (from_right <= DOT_RADIUS), YIN, YANG)
    classes = np.where(in_dot, DOT, classes)
    outside = np.sqrt((x - _CENTRE) ** 2 + height) > DISC_RADIUS
    return np.where(outside, OUTSIDE, classes).astype(np.int64)


def yin_yang(n_samples: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw samples, bit for bit as the published generator does.

    For each sample a class is drawn, then points in the square until one belongs to it. Points
    are (x, y, 1 - x, 1 - y).

    Parameters
    ----------
    n_samples : int
        Number of samples.
    seed : int
        Seed of the Mersenne twister, below 2**32.

    Returns
    -------
    values : ndarray of float64, shape (sample, 4)
        Values from 0 to 1.
    labels : ndarray of int64, shape (sample,)
        `YANG` 0, `YIN` 1 or `DOT` 2.

    Raises
    ------
    InputError
        With all problems found.

    References
    ----------
    Kriener, Göltz, Petrovici, "The Yin-Yang dataset", NICE (2022) 107,
    https://doi.org/10.1145/3517343.3517380.
    """
    problems = integer_problems("n_samples", n_samples, 1) + integer_problems("seed", seed, 0)
    if not problems and seed >= 2**32:
        raise InputError.single("seed", seed, "a whole number below 2**32")
    refuse(problems or memory_problems("n_samples", (n_samples, 4), 16))
    # The published sets are defined by this generator and the order of its draws.
    random = np.random.RandomState(seed)
    points = np.empty((n_samples, 2))
    labels = np.empty(n_samples, dtype=np.int64)
    for k in range(n_samples):
        wanted = random.randint(3)
        found = OUTSIDE
        while found != wanted:
            x, y = random.random_sample(2).tolist()
            found = _class_of(x, y)
        points[k] = x, y
        labels[k] = wanted
    return np.hstack([points, 1.0 - points]), labels


def yin_yang_spikes(sizes: Mapping[str, int] = SIZES) -> SpikeData:
    """Return the published sets as spike times, t = 0.15 + 1.85 v tau_syn.

    Parameters
    ----------
    sizes : mapping of str to int
        Number of samples of each part; the published ones by default.
    """
    parts = {}
    for part, size in sizes.items():
        values, labels = yin_yang(size, SEEDS[part])
        parts[part] = SpikeSet(as_spike_times(values), labels)
    return SpikeData(parts["train"], parts["validation"], parts["test"], CLASS_NAMES)


def fresh_yin_yang(n_points: int, seed: int = 0) -> SpikeSet:
    """Draw points that are in none of the published sets, as spike times.

    Parameters
    ----------
    n_points : int
        Number of points.
    seed : int
        Seed, counted from `FRESH_SEED`.

    Raises
    ------
    InputError
        As for `yin_yang`.

    Examples
    --------
    >>> from lasersampling.datasets import fresh_yin_yang
    >>> len(fresh_yin_yang(100))
    100
    """
    values, labels = yin_yang(n_points, FRESH_SEED + seed)
    return SpikeSet(as_spike_times(values), labels)


def _class_of(x: float, y: float) -> int:
    """`yin_yang_class` of one point, for which arrays are too slow."""
    height = (y - _CENTRE) ** 2
    if math.sqrt((x - _CENTRE) ** 2 + height) > DISC_RADIUS:
        return OUTSIDE
    from_left = math.sqrt((x - _LEFT) ** 2 + height)
    from_right = math.sqrt((x - _RIGHT) ** 2 + height)
    if from_left < DOT_RADIUS or from_right < DOT_RADIUS:
        return DOT
    in_left = DOT_RADIUS < from_left <= DISC_RADIUS / 2
    in_upper = y > _CENTRE and from_right > DISC_RADIUS / 2
    return YIN if in_left or in_upper or from_right <= DOT_RADIUS else YANG
