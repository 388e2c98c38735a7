"""Nearest neighbours of samples and data: whether samples resemble the data, or copy them.

References
----------
Yale, Dash, Dutta, Guyon, Pavao and Bennett, Neurocomputing 416 (2020) 244: adversarial accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.checks import boolean_problems
from lasersampling.errors import InputError, Problem

_ROWS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Nearest point of a reference set, for each of several points.

    Attributes
    ----------
    index : ndarray of int64, shape (point,)
        Number of this point; the first among equally near ones.
    distance : ndarray of float64, shape (point,)
        Euclidean distance; for binary points its square is the number of units that differ.
    """

    index: NDArray[np.int64]
    distance: NDArray[np.float64]


@dataclass(frozen=True)
class AdversarialAccuracy:
    """How well the rule "the nearest neighbour is of the same set" separates samples from data.

    Attributes
    ----------
    value : float
        Mean of the two terms: 0.5 if samples and data cannot be told apart. Towards 1 the samples
        are unlike the data, towards 0 they are copies of the data.
    standard_error : float
        Standard error over the points of both sets.
    data_term : float
        Fraction of data points that are nearer to other data than to samples.
    sample_term : float
        Fraction of samples that are nearer to other samples than to data.
    """

    value: float
    standard_error: float
    data_term: float
    sample_term: float


def nearest(
    points: ArrayLike, reference: ArrayLike, *, leave_out_itself: bool = False
) -> Neighbours:
    """Find the nearest reference point of each point.

    Parameters
    ----------
    points : array_like, shape (point, unit)
        Any numbers.
    reference : array_like, shape (reference, unit)
        The points among which neighbours are searched.
    leave_out_itself : bool
        For `points` that are the reference set: point k is not its own neighbour.

    Raises
    ------
    InputError
        For shapes that do not fit, or no reference point.
    """
    own, other = _points("points", points), _points("reference", reference)
    problems = boolean_problems("leave_out_itself", leave_out_itself)
    if own.shape[1] != other.shape[1]:
        problems.append(
            Problem("reference", f"{other.shape[1]} units", f"{own.shape[1]}, as points have")
        )
    if leave_out_itself and len(own) != len(other):
        problems.append(Problem("reference", f"{len(other)} points", f"{len(own)}, the points"))
    fewest = 2 if leave_out_itself else 1
    if len(other) < fewest:
        problems.append(Problem("reference", f"{len(other)} points", f"at least {fewest}"))
    if problems:
        raise InputError(problems)
    index = np.empty(len(own), dtype=np.int64)
    squared = np.empty(len(own))
    length = np.einsum("ri,ri->r", other, other)
    for first in range(0, len(own), _ROWS_AT_ONCE):
        part = own[first : first + _ROWS_AT_ONCE]
        rows = np.arange(len(part))
        distance = np.einsum("pi,pi->p", part, part)[:, None] + length - 2.0 * (part @ other.T)
        if leave_out_itself:
            distance[rows, first + rows] = np.inf
        best = distance.argmin(axis=1)
        index[first + rows], squared[first + rows] = best, distance[rows, best]
    # Differences of large numbers may give -1e-13 for equal points.
    return Neighbours(index, np.sqrt(np.clip(squared, 0.0, None)))


def adversarial_accuracy(samples: ArrayLike, data: ArrayLike) -> AdversarialAccuracy:
    """Adversarial accuracy of nearest neighbours, of samples against equally many data points.

    Parameters
    ----------
    samples, data : array_like, shape (point, unit)
        At least two points each, independent of one another. Both sets have the same size, since
        points find nearer neighbours in a larger set.

    Raises
    ------
    InputError
        For shapes that do not fit.

    Notes
    -----
    Let d_TS(i) be the distance of data point i to the nearest sample and d_TT(i) that to the
    nearest other data point. The two terms are <1[d_TS > d_TT]> over data and <1[d_ST > d_SS]> over
    samples. Equal distances, which are frequent for binary points, count 1/2. A point has one
    candidate less in its own set, so for n points each and two samples of one law the value is (n -
    1) / (2 n - 1) and not 1/2. Since points can share neighbours, the terms of different points are
    correlated; this changes the standard error by some ten percent.
    """
    drawn, known = _points("samples", samples), _points("data", data)
    if len(drawn) != len(known) or len(drawn) < 2:
        expected = f"{max(2, len(known))}, as many as data and at least 2"
        raise InputError.single("samples", f"{len(drawn)} points", expected)
    of_samples = _is_nearer(
        nearest(drawn, drawn, leave_out_itself=True).distance, nearest(drawn, known).distance
    )
    of_data = _is_nearer(
        nearest(known, known, leave_out_itself=True).distance, nearest(known, drawn).distance
    )
    # Pair k consists of point k of each set; the two terms of a pair are hardly correlated.
    variance = of_data.var(ddof=1) + of_samples.var(ddof=1)
    return AdversarialAccuracy(
        value=float(0.5 * (of_data.mean() + of_samples.mean())),
        standard_error=0.5 * math.sqrt(variance / len(known)),
        data_term=float(of_data.mean()),
        sample_term=float(of_samples.mean()),
    )


def _is_nearer(within: NDArray[np.float64], between: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a point's own set is nearer, 1/2 where both are equally near."""
    tie = np.isclose(within, between, rtol=1e-9, atol=1e-9)
    return np.where(tie, 0.5, (between > within).astype(np.float64))


def _points(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = as_floats(values, name)
    if not np.isfinite(array).all():
        raise InputError.single(name, "infinite or nan entries", "finite numbers")
    if array.ndim != 2:
        raise InputError.single(name, f"shape {array.shape}", "shape (point, unit)")
    return array
