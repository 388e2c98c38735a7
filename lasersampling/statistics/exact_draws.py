"""Divergence of the histogram of exact, independent draws from their own law.

The divergence of N draws from a law p is sum_s f(n_s, N p_s) / N with f(n, m) = n ln(n / m) - n +
m. The counts n_s are Poisson numbers of mean m_s = N p_s, conditioned on their sum N. So

    E[N D_KL] = sum_s g(N p_s) - g(N),   Var[N D_KL] = sum_s v(N p_s) - v(N)

where g is the mean and v the variance of f for a Poisson number. For frequent states both are 1/2,
which gives (n_states - 1) / (2 N). For rare states g(m) = m ln(1 / m), so states that are almost
impossible add nothing, while (n_states - 1) / (2 N) counts them in full.

References
----------
R. A. Fisher, Statistical Methods for Research Workers (1925), chapter IV (counts as Poisson
numbers given their sum); P. McCullagh, J. A. Nelder, Generalized Linear Models (1989), chapter 6
(the deviance f of a Poisson number).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gdtrix
from scipy.stats import poisson

from lasersampling.arrays import as_floats
from lasersampling.checks import number_problems
from lasersampling.errors import InputError

_RARE, _FREQUENT = 1e-3, 300.0
_GRID = 400


@dataclass(frozen=True)
class DivergenceOfDraws:
    """Distribution of D_KL(histogram || law) over histograms of exact draws.

    Attributes
    ----------
    mean_nats, std_nats : float
        Mean and standard deviation.
    """

    mean_nats: float
    std_nats: float

    def quantile(self, probability: float) -> float:
        """Give the quantile of this probability [nats].

        The distribution is approximated by the gamma distribution of the same mean and variance;
        for frequent states this is the chi-squared distribution of the likelihood ratio.
        """
        if not 0 < probability < 1:
            raise InputError.single("probability", repr(probability), "above 0 and below 1")
        if not self.std_nats > 0.0:
            return self.mean_nats
        shape = (self.mean_nats / self.std_nats) ** 2
        return float(gdtrix(self.mean_nats / self.std_nats**2, shape, probability))


def divergence_of_draws(law: ArrayLike, n_draws: float) -> DivergenceOfDraws:
    """Give the distribution of D_KL(histogram || law) for exact draws from the law.

    Parameters
    ----------
    law : array_like, shape (state,)
        Probabilities of the states.
    n_draws : float
        Number of independent draws, or the effective number of correlated ones, above 0.

    Raises
    ------
    InputError
        If `n_draws` is not above 0.

    Examples
    --------
    >>> found = divergence_of_draws([0.5, 0.5], 1000.0)
    >>> f"{found.mean_nats:.4f} {found.quantile(0.95):.4f}"
    '0.0005 0.0019'
    """
    problems = number_problems("n_draws", n_draws, 0.0, strict=True)
    if problems:
        raise InputError(problems)
    expected = as_floats(law, "law") * float(n_draws)
    mean, variance = _deviance(expected[expected > 0.0])
    mean_all, variance_all = _deviance(np.array([float(n_draws)]))
    total = float(mean.sum() - mean_all[0])
    spread = float(variance.sum() - variance_all[0])
    return DivergenceOfDraws(max(total, 0.0) / n_draws, max(spread, 0.0) ** 0.5 / n_draws)


def floor_of(law: ArrayLike, ess: float) -> float:
    """Give the expected D_KL(histogram || law) of `ess` independent draws [nats].

    Parameters
    ----------
    law : array_like, shape (state,)
        Probabilities of the states.
    ess : float
        Effective number of draws. If it is nan, as for samples of a single state, whose effective
        number cannot be estimated, so is the result; if it is inf, the result is 0.

    Raises
    ------
    InputError
        If `ess` is not a number above 0.
    """
    given: object = ess
    if not isinstance(given, float | int | np.number) or isinstance(given, bool) or ess <= 0:
        raise InputError.single("ess", repr(given), "a number above 0")
    if math.isnan(ess) or ess == math.inf:
        return 0.0 if ess > 0 else math.nan
    return divergence_of_draws(law, ess).mean_nats


def _deviance(expected: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of f for Poisson numbers of these means."""
    places, means, variances = _table()
    logarithm = np.log(expected)
    mean = np.interp(logarithm, places, means)
    variance = np.interp(logarithm, places, variances)
    rare = expected < _RARE
    m = expected[rare]
    # Counts of 0 and 1: f is m, or m - 1 - ln m.
    mean[rare] = m * (m - logarithm[rare])
    variance[rare] = m * (1.0 + logarithm[rare]) ** 2
    frequent = expected > _FREQUENT
    mean[frequent] = 0.5 + 1.0 / (12.0 * expected[frequent])
    variance[frequent] = 0.5 + 1.0 / (6.0 * expected[frequent])
    return mean, variance


@cache
def _table() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    places = np.linspace(np.log(_RARE), np.log(_FREQUENT), _GRID)
    means, variances = np.empty(_GRID), np.empty(_GRID)
    count = np.arange(int(_FREQUENT + 20.0 * _FREQUENT**0.5))
    for k, m in enumerate(np.exp(places)):
        chance = poisson.pmf(count, m)
        f = count * np.log(np.maximum(count, 1) / m) - count + m
        means[k] = chance @ f
        variances[k] = chance @ (f - means[k]) ** 2
    return places, means, variances
