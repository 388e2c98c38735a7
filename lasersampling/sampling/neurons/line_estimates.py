"""Estimates of lines from the draws of a network, and how far they are followed.

Each round of adaptation measures, with an error, the line for which each laser would be
conditionally correct. Two measures keep such errors from doing more harm than the corrections do
good:

- rounds are combined: a measurement is weighted by its inverse variance, and older ones count less
  if the network has changed since;
- corrections are shrunk towards zero, as far as their errors explain their spread over the units
  (empirical Bayes). If a correction is far beyond its error, it is reduced by no more than
  `MOST_SHRUNK` errors, so that one laser that is wrong among many correct ones is corrected too.

References
----------
W. James and C. Stein, Proc. 4th Berkeley Symp. 1 (1961) 361 (shrinkage is never worse on average,
from some four units on); R. C. Paule and J. Mandel, J. Res. Natl. Bur. Stand. 87 (1982) 377 (the
spread beyond errors); B. Efron and C. Morris, J. Am. Stat. Assoc. 67 (1972) 130 (its limit).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lasersampling.sampling.neurons.translation import Lines

MOST_SHRUNK = 1.5
"""Largest number of standard errors by which a correction is shrunk."""

_NON_LINEARITY = 0.5
"""Error of earlier measurements, as a fraction of the change of the lines since then."""

_BISECTIONS = 60


@dataclass(frozen=True, eq=False)
class MeasuredLines:
    """Measured lines, in a form in which the errors of offset and gain are independent.

    Attributes
    ----------
    field : ndarray, shape (unit,)
        A typical field of each unit [1].
    value, gain : ndarray, shape (unit,)
        Value of the line at this field, and its gain [1].
    value_variance, gain_variance : ndarray, shape (unit,)
        Squares of their standard errors; infinite if nothing was seen [1].
    """

    field: NDArray[np.float64]
    value: NDArray[np.float64]
    gain: NDArray[np.float64]
    value_variance: NDArray[np.float64]
    gain_variance: NDArray[np.float64]

    def moved(self, before: Lines, after: Lines) -> MeasuredLines:
        """Give the same with the errors that it has once the network has other lines."""
        gain = after.gain - before.gain
        value = after.offset - before.offset + gain * self.field
        return replace(
            self,
            value_variance=self.value_variance + _doubt(value),
            gain_variance=self.gain_variance + _doubt(gain),
        )

    def with_another(self, other: MeasuredLines) -> MeasuredLines:
        """Combine two measurements at the same fields."""
        value, value_variance = _mean(
            (self.value, self.value_variance), (other.value, other.value_variance)
        )
        gain, gain_variance = _mean(
            (self.gain, self.gain_variance), (other.gain, other.gain_variance)
        )
        return MeasuredLines(self.field, value, gain, value_variance, gain_variance)

    def believed(self, before: Lines, gains: tuple[float, float]) -> Lines:
        """Correct lines by as much of the measurement as its errors allow.

        Parameters
        ----------
        before : Lines
            The lines without any measurement in the network, which are corrected.
        gains : tuple of float
            Least and largest gain.
        """
        there = before.offset + before.gain * self.field
        value = there + shrunk(self.value - there, self.value_variance)
        gain = before.gain + shrunk(self.gain - before.gain, self.gain_variance)
        gain = np.clip(gain, *gains)
        return Lines(value - gain * self.field, gain)


def shrunk(correction: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shrink corrections of many units towards 0, as far as their errors explain them.

    Parameters
    ----------
    correction, variance : ndarray, shape (unit,)
        Measured corrections, and the squares of their standard errors; infinite where unknown.

    Examples
    --------
    >>> shrunk(np.array([0.1, 0.1, 0.1, 0.5]), np.full(4, 0.01)).round(2)
    array([0.09, 0.09, 0.09, 0.43])
    """
    spread = _spread(correction, variance)
    known = np.isfinite(variance)
    error = np.sqrt(np.where(known, variance, 0.0))
    # Units that changed so rarely that nothing is known about them keep their lines.
    share = np.where(known, spread / np.maximum(spread + error**2, 1e-300), 0.0)
    taken_off = np.minimum(np.abs(correction) * (1.0 - share), MOST_SHRUNK * error)
    left = np.sign(correction) * (np.abs(correction) - taken_off)
    return np.asarray(np.where(known, left, 0.0))


def _spread(correction: NDArray[np.float64], variance: NDArray[np.float64]) -> float:
    """Variance of true corrections over units, which solves sum c² / (spread + v) = units."""
    known = np.isfinite(variance)
    c, v = correction[known] ** 2, variance[known]
    if not c.size or (c / np.maximum(v, 1e-300)).sum() <= c.size:
        return 0.0
    low, high = 0.0, float(c.sum())
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if (c / (middle + v)).sum() > c.size:
            low = middle
        else:
            high = middle
    return high


def _doubt(change: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance added by changes of the line of a unit, and of those of all others."""
    return np.asarray(_NON_LINEARITY**2 * (change**2 + np.mean(change**2)))


def _mean(
    *measured: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean weighted by inverse variances, and its variance; infinite if all are."""
    weights = [1.0 / np.maximum(variance, 1e-300) for _, variance in measured]
    total = np.sum(weights, axis=0)
    known = total > 0.0
    safe = np.where(known, total, 1.0)
    sums = np.sum([w * value for w, (value, _) in zip(weights, measured, strict=True)], axis=0)
    return np.where(known, sums / safe, measured[-1][0]), np.where(known, 1.0 / safe, np.inf)
