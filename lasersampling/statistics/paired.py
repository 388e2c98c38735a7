"""Differences of pairs, such as networks of the same seed trained in two ways; medians."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lasersampling.arrays import as_floats
from lasersampling.checks import integer_problems, refuse
from lasersampling.errors import InputError

_MOST_EXACT = 14
"""Up to this number of pairs all flips of signs are taken; for more, `_DRAWN` at random."""

_CONFIDENCE = 0.95

_DRAWN = 2**_MOST_EXACT


@dataclass(frozen=True)
class PairedDifference:
    """Mean difference of pairs, in the unit of what is compared.

    Attributes
    ----------
    mean : float
        Mean of the first less the second.
    standard_error : float
        Standard error of the mean.
    low, high : float
        Ends of its 95 % confidence interval, by Student's t.
    p_value : float
        Of the two-sided permutation test that flips the signs of the differences: how probable a
        mean at least as far from 0 is if the two are interchangeable [1].
    n_pairs : int
        Number of pairs.
    """

    mean: float
    standard_error: float
    low: float
    high: float
    p_value: float
    n_pairs: int


def paired_difference(first: ArrayLike, second: ArrayLike) -> PairedDifference:
    """Compare values of pairs.

    Parameters
    ----------
    first, second : array_like, shape (pair,)
        The values.

    Raises
    ------
    InputError
        For fewer than two pairs, or values that are not finite.

    Notes
    -----
    The test is exact for up to 14 pairs; for more, signs are flipped at random 16,384 times, with a
    fixed seed.

    Examples
    --------
    >>> from lasersampling.statistics import paired_difference
    >>> found = paired_difference([0.98, 0.97, 0.99, 0.98], [0.96, 0.96, 0.97, 0.97])
    >>> round(found.mean, 4), found.p_value
    (0.015, 0.125)
    """
    a, b = as_floats(first, "first"), as_floats(second, "second")
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        expected = "two arrays of the same length, at least 2"
        raise InputError.single("first, second", f"shapes {a.shape} and {b.shape}", expected)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError.single("first, second", "nan or inf", "finite values")
    difference = a - b
    mean, n = float(difference.mean()), len(difference)
    error = float(difference.std(ddof=1)) / math.sqrt(n)
    reach = float(stats.t.ppf(0.5 + _CONFIDENCE / 2, n - 1)) * error
    return PairedDifference(mean, error, mean - reach, mean + reach, _p_value(difference), n)


def smallest_p_value(n_pairs: int) -> float:
    """Return the smallest p-value that `paired_difference` can find: all pairs on one side [1].

    Parameters
    ----------
    n_pairs : int
        Number of pairs.

    Raises
    ------
    InputError
        For fewer than two.

    Examples
    --------
    >>> from lasersampling.statistics import smallest_p_value
    >>> smallest_p_value(5), smallest_p_value(6)
    (0.0625, 0.03125)
    """
    refuse(integer_problems("n_pairs", n_pairs, 2))
    return 2.0 * 0.5**n_pairs if n_pairs <= _MOST_EXACT else 1.0 / _DRAWN


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number by Holm's rule.

    Parameters
    ----------
    p_values : array_like, shape (test,)
        The p-values [1].

    Returns
    -------
    ndarray of float64, shape (test,)
        Rejecting those below alpha errs in any of them with a probability of at most alpha [1].

    Raises
    ------
    InputError
        For values outside of 0 to 1.

    References
    ----------
    Holm, Scandinavian Journal of Statistics 6 (1979) 65.

    Examples
    --------
    >>> from lasersampling.statistics import holm
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = as_floats(p_values, "p_values")
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise InputError.single("p_values", "others", "probabilities from 0 to 1, in one row")
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def median_interval(values: ArrayLike) -> tuple[float, float]:
    """Return an interval that holds the median with a probability of at least 95 %.

    It is that of two order statistics, so nothing is assumed of the distribution, and values may be
    infinite, such as times until something that never came.

    Parameters
    ----------
    values : array_like, shape (value,)
        Independent values.

    Returns
    -------
    low, high : float
        Its ends, in the unit of the values; infinite where too few values bound the median, which
        needs at least six.

    Raises
    ------
    InputError
        Without values, or with nan.

    Examples
    --------
    >>> from lasersampling.statistics import median_interval
    >>> median_interval([3, 4, 4, 5, 6, 7, 8, 9, 12, float("inf")])
    (4.0, 12.0)
    """
    found = np.sort(as_floats(values, "values"))
    if found.ndim != 1 or not len(found) or np.isnan(found).any():
        raise InputError.single("values", "none, or nan among them", "numbers in one row")
    n = len(found)
    # The largest k with which k values below the median and k above it are improbable enough.
    k = int(stats.binom.ppf((1.0 - _CONFIDENCE) / 2, n, 0.5))
    if k == 0:
        return -math.inf, math.inf
    return float(found[k - 1]), float(found[n - k])


def _p_value(difference: NDArray[np.float64]) -> float:
    n = len(difference)
    if n <= _MOST_EXACT:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        drawn = np.random.default_rng(0).integers(0, 2, (_DRAWN - 1, n))
        signs = np.concatenate([np.ones((1, n)), 1.0 - 2.0 * drawn])
    means = np.abs(signs @ difference)
    # Sums of the same numbers in another order differ by rounding.
    return float((means >= means[0] * (1.0 - 1e-12)).mean())
