"""How fast the hazard follows the drive, by maximum likelihood from driven lasers.

The log-likelihood of spikes at t_i under a hazard h(t) is ``sum log h(t_i) - integral h dt``.
The integral of h between spikes is exponential with mean 1 if the hazard is correct (time
rescaling).

Numba's cache knows of changes in this file only.

References
----------
E. N. Brown et al., Neural Computation 14 (2002) 325 (likelihood, time-rescaling theorem).
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.compiling import njit
from lasersampling.sampling.renewal.hazard import Hazard

__all__ = ["DrivenTrain", "fit_response", "rescaled_intervals"]

_CELL_NS = 0.04
_UNLIKELY = -25.0
_FIRST_GUESS = (0.6, 0.1)  # of the carrier lifetime
_MOST_EVALUATIONS = 60


class DrivenTrain(NamedTuple):
    """Spikes of one laser, and its drive.

    Attributes
    ----------
    spike_ns : ndarray, shape (spike,)
        Spike times.
    pump : float
        Drive without pulses, over the threshold pump [1].
    edge_ns : ndarray, shape (edge,)
        Times at which pulses begin and end, ascending.
    step : ndarray, shape (edge,)
        Change of the pump at these times [1].
    kick_ns : float
        Charge of a kick divided by the step at which it comes [ns].
    duration_ns : float
        Length of the recording.
    """

    spike_ns: NDArray[np.float64]
    pump: float
    edge_ns: NDArray[np.float64]
    step: NDArray[np.float64]
    kick_ns: float
    duration_ns: float


@njit(cache=True, nogil=True)
def _log_hazard(table, grid, drive, age):
    """Bilinear interpolation in a table of log h; `grid` is lowest drive, step, first age, step."""
    row = min(max((drive - grid[0]) / grid[1], 0.0), table.shape[0] - 1.000001)
    column = min((age - grid[2]) / grid[3], table.shape[1] - 1.000001)
    i, j = np.int64(row), np.int64(column)
    row -= i
    column -= j
    return (1.0 - row) * ((1.0 - column) * table[i, j] + column * table[i, j + 1]) + row * (
        (1.0 - column) * table[i + 1, j] + column * table[i + 1, j + 1]
    )


@njit(cache=True, nogil=True)
def _follow(table, grid, train, slow, fast, rescaled):
    """Log-likelihood of a train from its first spike on; `rescaled` takes integrals of h."""
    spikes, pump, edges, steps, kick, duration = train
    share_slow, share_fast = slow / (slow - fast), -fast / (slow - fast)
    steady, a, b = pump, 0.0, 0.0
    total, integral, now, last = 0.0, 0.0, 0.0, -1.0
    edge = spike = 0
    half_slow, half_fast = math.exp(-0.5 * _CELL_NS / slow), math.exp(-0.5 * _CELL_NS / fast)
    while now < duration:
        following, kind = now + _CELL_NS, 0
        if edge < edges.size and edges[edge] <= following:
            following, kind = edges[edge], 1
        if spike < spikes.size and spikes[spike] <= following:
            following, kind = spikes[spike], 2
        width = following - now
        if kind == 0:
            decay_slow, decay_fast = half_slow, half_fast
        else:
            decay_slow, decay_fast = math.exp(-0.5 * width / slow), math.exp(-0.5 * width / fast)
        a *= decay_slow
        b *= decay_fast
        age = now + 0.5 * width - last
        if last >= 0.0 and age > grid[2]:
            part = math.exp(_log_hazard(table, grid, steady + a + b, age)) * width
            total -= part
            integral += part
        a *= decay_slow
        b *= decay_fast
        now = following
        if kind == 1:
            steady += steps[edge]
            a += share_slow * steps[edge] * (kick / slow - 1.0)
            b += share_fast * steps[edge] * (kick / fast - 1.0)
            edge += 1
        elif kind == 2:
            if last >= 0.0:
                age = now - last
                value = _UNLIKELY
                if age > grid[2]:
                    value = max(value, _log_hazard(table, grid, steady + a + b, age))
                total += value
                rescaled[spike - 1] = integral
            integral, last = 0.0, now
            spike += 1
    return total


class _Likelihood:
    def __init__(self, hazard: Hazard, trains: list[DrivenTrain], n_threads: int) -> None:
        width = hazard.highest_pump - hazard.lowest_pump
        pump = np.linspace(hazard.lowest_pump - 0.4 * width, hazard.highest_pump, 301)
        age = np.linspace(hazard.first_age_ns, hazard.first_age_ns + 8.0 * hazard.recovery_ns, 161)
        self._table = hazard.log_hazard(pump, age)
        self._grid = np.array([pump[0], pump[1] - pump[0], age[0], age[1] - age[0]])
        self._trains, self._threads = trains, n_threads

    def __call__(self, slow: float, fast: float) -> tuple[float, NDArray[np.float64]]:
        def one(train: DrivenTrain) -> tuple[float, NDArray[np.float64]]:
            rescaled = np.empty(max(train.spike_ns.size - 1, 0))
            return _follow(self._table, self._grid, train, slow, fast, rescaled), rescaled

        with ThreadPoolExecutor(self._threads) as pool:
            found = list(pool.map(one, self._trains))
        return sum(value for value, _ in found), np.concatenate([part for _, part in found])


def fit_response(
    hazard: Hazard, trains: list[DrivenTrain], carrier_lifetime_ns: float, n_threads: int
) -> tuple[float, float, float, float]:
    """Find the relaxation times for which these trains are most likely.

    Parameters
    ----------
    hazard : Hazard
        The hazard, whose relaxation times are ignored.
    trains : list of DrivenTrain
        Spikes and drives.
    carrier_lifetime_ns : float
        Carrier lifetime, for the first guess.
    n_threads : int
        Threads; the result does not depend on it.

    Returns
    -------
    slow_ns, fast_ns, slow_ns_se, fast_ns_se : float
        The times and their standard errors, from the curvature of the likelihood.
    """
    from scipy.optimize import minimize

    likelihood = _Likelihood(hazard, trains, n_threads)

    def cost(log_times: NDArray[np.float64]) -> float:
        slow, fast = np.exp(log_times)
        # The problem is symmetric in the two times, which must differ in this form.
        return -likelihood(max(slow, fast) * (1.0 + 1e-6), min(slow, fast))[0]

    first = np.log(np.array(_FIRST_GUESS) * carrier_lifetime_ns)
    simplex = first + np.array([[0.0, 0.0], [-0.2, 0.0], [0.0, -0.5]])
    options = {"initial_simplex": simplex, "xatol": 3e-3, "fatol": 0.1,
               "maxfev": _MOST_EVALUATIONS}  # fmt: skip
    best = minimize(cost, first, method="Nelder-Mead", options=options)
    d = 0.03
    offsets = d * np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]])
    v = [cost(best.x + offset) - best.fun for offset in offsets]
    mixed = 0.5 * (v[4] + v[5] - v[0] - v[1] - v[2] - v[3])
    curvature = np.array([[v[0] + v[1], mixed], [mixed, v[2] + v[3]]]) / d**2
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(curvature)), 0.0)) * np.exp(best.x)
    order = np.argsort(-best.x)
    slow, fast = np.exp(best.x[order])
    slow_se, fast_se = error[order]
    return float(slow * (1.0 + 1e-6)), float(fast), float(slow_se), float(fast_se)


def rescaled_intervals(
    hazard: Hazard, trains: list[DrivenTrain], n_threads: int = 1
) -> NDArray[np.float64]:
    """Integrals of the hazard between spikes, exponential with mean 1 if it is correct [1].

    Returns
    -------
    ndarray, shape (interval,)
        Integrals of all trains.
    """
    return _Likelihood(hazard, trains, n_threads)(hazard.slow_ns, hazard.fast_ns)[1]
