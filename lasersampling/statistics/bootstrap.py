"""Block-bootstrap confidence intervals of functions of a histogram of correlated draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from lasersampling.arrays import as_binary
from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, Problem
from lasersampling.statistics.chains import autocorrelation_time

ENOUGH_CHAINS = 20
"""With this many chains or more, whole chains are resampled, as they are independent."""

_FEWEST_BLOCKS = 20
_CHUNK = 64
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Interval:
    """A function of the histogram, and its value for the distribution of the sampler.

    Attributes
    ----------
    estimate : float
        The function of the histogram itself (the plug-in estimate) [1].
    bias : float
        How far the estimate lies above the value for the distribution, on average [1].
    standard_error : float
        Standard error of the estimate [1].
    low, high : float
        Ends of the confidence interval of the value for the distribution; it corrects the bias, so
        the estimate may lie outside [1].

    Notes
    -----
    All but the estimate are nan for draws whose blocks are all equal, which say nothing about what
    other draws would show.
    """

    estimate: float
    bias: float
    standard_error: float
    low: float
    high: float

    @property
    def corrected(self) -> float:
        """The estimate corrected for bias, at least 0; uncorrected if its bias is unknown [1]."""
        return self.estimate if math.isnan(self.bias) else max(0.0, self.estimate - self.bias)


def block_length(states: ArrayLike) -> int:
    """Length of the blocks for which the bootstrap has the smallest error, in draws.

    For an observable with autocorrelations rho**|t| it is

        b = (6 (rho / (1 - rho²))²)^(1/3) N^(1/3),    rho = (tau - 1) / (tau + 1),

    where N is the number of draws of all chains together and tau the largest autocorrelation time
    of the units. A block has at most a twentieth of all draws, and is no longer than a chain.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (chain, draw, unit)
        States, with at least two draws per chain.

    References
    ----------
    Politis and White, Econometric Rev. 23 (2004) 53, eqs. 6 and 14, with the correction of Patton,
    Politis and White, Econometric Rev. 28 (2009) 372, for the circular bootstrap. Blocks that do
    not overlap have an optimum of the same order (Lahiri, Ann. Statist. 27 (1999) 386).
    """
    array = as_binary(states, "states")
    if array.ndim != 3 or 0 in array.shape or array.shape[1] < 2:
        expected = "shape (chain, draw, unit), 2 draws or more"
        raise InputError.single("states", f"shape {array.shape}", expected)
    n_chains, n_draws, n_units = array.shape
    times = [autocorrelation_time(array[:, :, unit]) for unit in range(n_units)]
    known = [time for time in times if not math.isnan(time)]
    rho = max(0.0, (max(known, default=1.0) - 1) / (max(known, default=1.0) + 1))
    size = n_chains * n_draws
    best = (6 * (rho / (1 - rho**2)) ** 2 * size) ** (1 / 3)
    return int(np.clip(math.ceil(best), 1, max(1, min(n_draws, size // _FEWEST_BLOCKS))))


def bootstrap_intervals(
    states: ArrayLike,
    functions: Mapping[str, Callable[[NDArray[np.float64]], float]],
    *,
    level: float = 0.95,
    n_replicates: int = 500,
    seed: int = 0,
) -> dict[str, Interval]:
    """Confidence intervals of functions of the histogram that take autocorrelation into account.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (chain, draw, unit)
        States of at most 20 units, with at least two draws per chain.
    functions : mapping of str to callable
        Functions of a table of shape (2**n_units,), whose entry `sum_k z_k 2**k` is for the state
        z.
    level : float
        Confidence level, above 0 and below 1 [1].
    n_replicates : int
        Number of resampled histograms.
    seed : int
        The same seed gives the same intervals.

    Returns
    -------
    dict of str to Interval
        Intervals by the names of the functions.

    Raises
    ------
    InputError
        For states of another shape, a level out of range, too few replicates.

    Notes
    -----
    Blocks of draws are resampled with replacement: whole chains if there are at least 20, otherwise
    pieces of `block_length`, which do not overlap. The interval is the basic one, [2 f(p̂) - f*_(1
    - a/2), 2 f(p̂) - f*_(a/2)], which assumes that f(p̂*) - f(p̂) is distributed as f(p̂) - f(p).
    It thereby subtracts the bias of the plug-in D_KL, (n_states - 1) / (2 ESS) upwards, which
    percentiles of f(p̂*) would contain twice. Ends below 0 are set to 0. If p is the target itself,
    D_KL is at its minimum and the bootstrap is not exact: intervals then cover 0 too often. If
    replicates are infinite, as for D_KL(target || sample) when a state is seen rarely, bias and
    standard error are nan and the interval is wide.

    References
    ----------
    Carlstein, Ann. Statist. 14 (1986) 1171 (blocks); Davison and Hinkley, Bootstrap Methods and
    their Application (1997), sections 5.2 (basic interval) and 8.2 (blocks).
    """
    array = as_binary(states, "states")
    problems = [*integer_problems("n_replicates", n_replicates, 10)]
    problems += number_problems("level", level, 0, strict=True)
    if not problems and level >= 1:
        problems.append(Problem("level", repr(level), "a number below 1"))
    if problems:
        raise InputError(problems)
    length = block_length(array)
    if len(array) >= ENOUGH_CHAINS:
        length = array.shape[1]
    counts = _block_counts(array, length)
    n_blocks = len(array) * (array.shape[1] // length)
    whole = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    table = whole / whole.sum()
    differs = False
    generator = np.random.default_rng(seed)
    values: dict[str, list[float]] = {name: [] for name in functions}
    for start in range(0, n_replicates, _CHUNK):
        size = min(_CHUNK, n_replicates - start)
        chosen = generator.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=size)
        tables = np.asarray((counts.T @ chosen.T).T, dtype=np.float64)
        tables /= tables.sum(axis=1, keepdims=True)
        differs = differs or bool(np.abs(tables - table).max() > _ROUNDING)
        for name, function in functions.items():
            values[name] += [function(table) for table in tables]
    if not differs:
        return {name: _of_one_histogram(function(table)) for name, function in functions.items()}
    return {
        name: _interval(function(table), np.array(values[name]), level)
        for name, function in functions.items()
    }


def _of_one_histogram(estimate: float) -> Interval:
    """Interval for draws whose blocks are all equal, so that no error is known."""
    low, high = (math.nan, math.nan) if math.isfinite(estimate) else (0.0, math.inf)
    return Interval(estimate, math.nan, math.nan, low, high)


def _interval(estimate: float, replicates: NDArray[np.float64], level: float) -> Interval:
    if not (math.isfinite(estimate) and np.isfinite(replicates).all()):
        bias = error = math.nan
    else:
        bias, error = float(replicates.mean() - estimate), float(replicates.std(ddof=1))
    if not math.isfinite(estimate):
        return Interval(estimate, bias, error, 0.0, math.inf)
    # Nearest values are taken, since one cannot interpolate between finite and infinite ones.
    tails = (1 - level) / 2, (1 + level) / 2
    lower, upper = np.quantile(replicates, tails, method="nearest")
    low, high = max(0.0, 2 * estimate - upper), max(0.0, 2 * estimate - lower)
    return Interval(estimate, bias, error, float(low), float(high))


def _block_counts(states: NDArray[np.int8], length: int) -> csr_array:
    """Count the joint states of each block, shape (block, state).

    Blocks have `length` draws, or a few more so that each draw belongs to one.
    """
    n_chains, n_draws, n_units = states.shape
    per_chain = n_draws // length
    number = np.zeros((n_chains, n_draws), dtype=np.int64)
    for unit in range(n_units):
        number |= states[:, :, unit].astype(np.int64) << unit
    within = np.arange(n_draws) * per_chain // n_draws
    block = np.arange(n_chains)[:, None] * per_chain + within
    ones = np.ones(number.size)
    shape = (n_chains * per_chain, 2**n_units)
    return csr_array((ones, (block.ravel(), number.ravel())), shape=shape)
