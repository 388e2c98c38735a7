"""Lines that the draws of a network ask for, and how much of them to believe.

Each round of adaptation measures, with an error, by which line each laser would be conditionally
right. Two things keep such errors from doing more harm than the corrections do good:

- rounds add up: a measurement counts by its inverse variance, and older ones count less where the
  network has changed since;
- corrections are shrunk towards none, by as much as their errors explain their spread over the
  units (empirical Bayes). Where a correction is far beyond its error, no more than
  `MOST_SHRUNK` errors are taken off it, so that one laser that is off among many right ones is
  corrected too.

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
"""Standard errors that a correction is shrunk by at most."""

_NON_LINEARITY = 0.5
"""Share of a change of lines by which what was measured before it may be off."""

_BISECTIONS = 60


@dataclass(frozen=True, eq=False)
class MeasuredLines:
    """Lines that draws ask for, in a form in which offset and gain err independently.

    Attributes
    ----------
    field : ndarray, shape (unit,)
        A typical field of each unit [1].
    value, gain : ndarray, shape (unit,)
        Of the line: its value there, and its gain [1].
    value_variance, gain_variance : ndarray, shape (unit,)
        Squares of their standard errors; infinite where nothing was seen [1].
    """

    field: NDArray[np.float64]
    value: NDArray[np.float64]
    gain: NDArray[np.float64]
    value_variance: NDArray[np.float64]
    gain_variance: NDArray[np.float64]

    def moved(self, before: Lines, after: Lines) -> MeasuredLines:
        """Give the same with the errors it has once the network has other lines."""
        gain = after.gain - before.gain
        value = after.offset - before.offset + gain * self.field
        return replace(
            self,
            value_variance=self.value_variance + _doubt(value),
            gain_variance=self.gain_variance + _doubt(gain),
        )

    def with_another(self, other: MeasuredLines) -> MeasuredLines:
        """Put two measurements at the same fields together."""
        value, value_variance = _mean(
            (self.value, self.value_variance), (other.value, other.value_variance)
        )
        gain, gain_variance = _mean(
            (self.gain, self.gain_variance), (other.gain, other.gain_variance)
        )
        return MeasuredLines(self.field, value, gain, value_variance, gain_variance)

    def believed(self, before: Lines, gains: tuple[float, float]) -> Lines:
        """Correct lines by as much of the measurement as its errors leave.

        Parameters
        ----------
        before : Lines
            What is corrected: those without any measurement in the network.
        gains : tuple of float
            Least and largest gain.
        """
        there = before.offset + before.gain * self.field
        value = there + shrunk(self.value - there, self.value_variance)
        gain = before.gain + shrunk(self.gain - before.gain, self.gain_variance)
        gain = np.clip(gain, *gains)
        return Lines(value - gain * self.field, gain)


def shrunk(correction: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shrink corrections of many units towards 0 by what their errors explain of them.

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
    # Units that changed so seldom that nothing is known of them keep what they had.
    share = np.where(known, spread / np.maximum(spread + error**2, 1e-300), 0.0)
    taken_off = np.minimum(np.abs(correction) * (1.0 - share), MOST_SHRUNK * error)
    left = np.sign(correction) * (np.abs(correction) - taken_off)
    return np.asarray(np.where(known, left, 0.0))


def _spread(correction: NDArray[np.float64], variance: NDArray[np.float64]) -> float:
    """Variance of true corrections over units: that with sum c² / (spread + v) = units."""
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
    """Variance that a change of a unit's line, and of those of all others, adds."""
    return np.asarray(_NON_LINEARITY**2 * (change**2 + np.mean(change**2)))


def _mean(
    *measured: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean by inverse variances, and its variance; infinite where all are."""
    weights = [1.0 / np.maximum(variance, 1e-300) for _, variance in measured]
    total = np.sum(weights, axis=0)
    known = total > 0.0
    safe = np.where(known, total, 1.0)
    sums = np.sum([w * value for w, (value, _) in zip(weights, measured, strict=True)], axis=0)
    return np.where(known, sums / safe, measured[-1][0]), np.where(known, 1.0 / safe, np.inf)
