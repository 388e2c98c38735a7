"""Distance of the means of draws from those of a reference, under each condition.

Chains that are drawn to one class whatever their label have the means of this class under every
label, so no classifier is needed to detect them. To second order the divergence, with units taken
as independent, is half the sum of (difference of means)^2 / (p (1 - p)), corrected for the scatter
of chains.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE

_LEAST_VARIANCE = 0.02
"""Least variance of a unit; for smaller ones so few chains cannot tell the odds."""

_FEWEST_CHAINS = 2


def distance_of_means(
    states: NDArray[np.int8], reference: NDArray[np.int8], held: NDArray[np.int8]
) -> tuple[float, float]:
    """Sum over free units of the divergence of their means from those of a reference.

    Parameters
    ----------
    states, reference : ndarray of int8, shape (chain, draw, unit)
        Draws; chains of the same number were held in the same way.
    held : ndarray of int8, shape (chain, unit)
        -1 for free units. If a condition has a single chain, all conditions are taken together.

    Returns
    -------
    distance, standard_error : float
        Mean over chains of the sum over units, without bias, so by chance it can be below 0; and
        the jackknife error over chains, which is nan for fewer than three [nat].

    Examples
    --------
    >>> ones, zeros = np.ones((4, 1, 2), np.int8), np.zeros((4, 1, 2), np.int8)
    >>> distance_of_means(ones, zeros, np.full((4, 2), -1))
    (50.0, 0.0)
    """
    means, others = (draws.mean(axis=1, dtype=np.float64) for draws in (states, reference))
    _, group, size = np.unique(held, axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    if size.min() < _FEWEST_CHAINS:
        group, size = np.zeros(len(held), dtype=np.intp), np.array([len(held)])
    total, n_chains, scatter = 0.0, len(held), 0.0
    for number, n in enumerate(size):
        of = np.flatnonzero(group == number)
        free = (held[of] == FREE).all(axis=0)
        own, best = means[of][:, free], others[of][:, free]
        value = _distance(own, best)
        total += n / n_chains * value
        if n > _FEWEST_CHAINS:
            without = [_distance(np.delete(own, k, 0), np.delete(best, k, 0)) for k in range(n)]
            scatter += (n / n_chains) ** 2 * (n - 1) * float(np.var(without))
        else:
            scatter = np.nan
    return float(total), float(np.sqrt(scatter))


def _distance(own: NDArray[np.float64], best: NDArray[np.float64]) -> float:
    n = len(own)
    p = best.mean(axis=0)
    noise = sum(values.var(axis=0, ddof=1) for values in (own, best)) / n if n > 1 else 0.0
    square = (own.mean(axis=0) - p) ** 2 - noise
    return float((0.5 * square / np.maximum(p * (1.0 - p), _LEAST_VARIANCE)).sum())
