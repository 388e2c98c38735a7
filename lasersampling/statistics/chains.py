"""How much correlated draws are worth: autocorrelation time, effective sample size, R-hat."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array, as_binary, as_floats
from lasersampling.errors import InputError

MIN_DRAWS = 4
"""Fewest draws per chain for an effective sample size or R-hat."""

_BATCHES = 32
"""Least number of batches that `distribution_ess` makes of all chains together. They are few, so
that each is long compared with the autocorrelation time; the sum over states averages the noise."""

_WINDOW = 5.0
"""Sokal's factor: the sum over autocorrelations ends at the first lag of five times its value."""


def autocorrelation_time(x: ArrayLike) -> float:
    """Integrated autocorrelation time tau = 1 + 2 sum_t rho(t), in draws.

    Parameters
    ----------
    x : array_like, shape (chain, draw)
        A scalar observable along chains with the same distribution; at least two draws.

    Returns
    -------
    float
        About 1 for independent draws; nan if x never changes.

    Notes
    -----
    The autocovariances are taken with respect to the mean of all chains, averaged over the chains
    and summed up to the first lag M >= 5 tau(M).

    References
    ----------
    Sokal, in Functional Integration: Basics and Applications (1997) 131, section 3.
    """
    array = _finite(as_floats(x, "x"), "x")
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2:
        raise InputError.single("x", f"shape {array.shape}", "shape (chain, draw), 2 draws or more")
    n_draws = array.shape[1]
    deviation = array - array.mean()
    if not deviation.any():
        return math.nan
    # Zero padding to twice the length keeps the circular correlation from wrapping around.
    spectrum = np.fft.rfft(deviation, n=2 * n_draws, axis=1)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :n_draws]
    autocovariance = correlation.mean(axis=0) / np.arange(n_draws, 0, -1)
    tau = 2 * np.cumsum(autocovariance / autocovariance[0]) - 1
    window = np.flatnonzero(np.arange(n_draws) >= _WINDOW * tau)
    return float(tau[window[0]] if len(window) else tau[-1])


def effective_sample_size(states: ArrayLike) -> NDArray[np.float64]:
    """Effective sample size of the mean of each unit, over all chains together.

    Parameters
    ----------
    states : array_like, shape (chain, draw, unit) or (chain, draw)
        States, or any observable; at least four draws.

    Returns
    -------
    ndarray of float64, shape (unit,), or () for two-dimensional input
        nan for a unit that never changed, since the data do not say how often it might.

    Raises
    ------
    InputError
        For states of another shape, or fewer than four draws.

    References
    ----------
    Vehtari et al., Bayesian Analysis 16 (2021) 667, as implemented in ArviZ (method "mean",
    split chains; ranks would change nothing for binary units).

    Examples
    --------
    >>> states = np.random.default_rng(1).integers(0, 2, (4, 500, 2))
    >>> effective_sample_size(states).round(-2)
    array([2000., 2000.])
    """
    return _per_unit(states, 1, _effective_sample_size)


def r_hat(states: ArrayLike) -> NDArray[np.float64]:
    """Split R-hat of each unit: 1 if the chains, and their halves, agree.

    Parameters
    ----------
    states : array_like, shape (chain, draw, unit) or (chain, draw)
        At least two chains that started independently, with at least four draws each.

    Returns
    -------
    ndarray of float64, shape (unit,), or () for two-dimensional input
        nan for a unit that never changed in any chain, inf for a unit that is frozen at different
        values.

    Raises
    ------
    InputError
        For a single chain, states of another shape, or fewer than four draws.

    References
    ----------
    Vehtari et al., Bayesian Analysis 16 (2021) 667, eqs. 1-4, as implemented in ArviZ (method
    "split"; ranks would change nothing for binary units).

    Examples
    --------
    >>> states = np.random.default_rng(1).integers(0, 2, (4, 500, 2))
    >>> bool((r_hat(states) < 1.01).all())
    True
    """
    return _per_unit(states, 2, _r_hat)


def ess_of_blocks(ones: NDArray[np.integer], length: int) -> NDArray[np.float64]:
    """Effective sample size of the mean of each unit, from sums over blocks of successive draws.

    The mean of all draws is that of the block means, so both have the same variance; it follows
    from the effective number of block means, whatever the length of the blocks. With blocks of one
    draw this is `effective_sample_size`.

    Parameters
    ----------
    ones : ndarray of int, shape (chain, block, unit)
        How often a unit was 1 in each block; at least four blocks.
    length : int
        Draws in a block.

    Returns
    -------
    ndarray of float64, shape (unit,)
        nan for a unit that never changed.

    Examples
    --------
    >>> states = np.random.default_rng(1).integers(0, 2, (4, 4000, 1))
    >>> blocks = states.reshape(4, 400, 10, 1).sum(axis=2)
    >>> bool(0.9 < ess_of_blocks(blocks, 10)[0] / effective_sample_size(states)[0] < 1.1)
    True
    """
    means = ones / length
    mean = means.mean(axis=(0, 1))
    variance = mean * (1.0 - mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = variance / means.var(axis=(0, 1))
    # Blocks that are all alike have no autocorrelation; then each draw counts.
    alike = np.isinf(ratio)
    found = effective_sample_size(means) * np.where(alike, np.nan, ratio)
    return np.where(alike, float(ones.shape[0] * ones.shape[1] * length), found)


def r_hat_of_halves(ones: NDArray[np.integer], length: int) -> NDArray[np.float64]:
    """Split R-hat of each unit, from its sums over the first and the last half of each chain.

    Parameters
    ----------
    ones : ndarray of int, shape (chain, 2, unit)
        How often a unit was 1 in each half.
    length : int
        Draws in a half, at least two.

    Returns
    -------
    ndarray of float64, shape (unit,)
        As from `r_hat`.

    Examples
    --------
    >>> states = np.random.default_rng(1).integers(0, 2, (4, 500, 2))
    >>> halves = states.reshape(4, 2, 250, 2).sum(axis=2)
    >>> np.allclose(r_hat_of_halves(halves, 250), r_hat(states))
    True
    """
    mean = ones.reshape(-1, ones.shape[-1]) / length
    within = (mean * (1.0 - mean)).mean(axis=0) * length / (length - 1)
    between = length * mean.var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.sqrt((between / within + length - 1) / length)
    return found


def distribution_ess(states: ArrayLike) -> float:
    """Effective sample size of the joint distribution: one number for a whole histogram.

    It is the number of independent draws whose histogram would be as far from the truth, in
    expected D_KL, as that of these correlated ones. To second order the histogram p̂ has

        E[D_KL(p̂ || p)] = 1/2 sum_s Var(p̂_s) / p_s,

    which is (n_states - 1) / (2 N) for N independent draws. Hence ess = (n_states - 1) / sum_s
    Var(p̂_s) / p_s: a mean over the indicator functions of the states, in which each state counts
    as much as it adds to the divergence. Var(p̂_s) is estimated by batch means: the chains are cut
    into equal batches, at least 32 in all, and the frequencies of the batches are compared with the
    overall ones. For independent draws the estimate is unbiased even if many states were seen only
    once.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (chain, draw, unit)
        At least two draws in all.

    Returns
    -------
    float
        nan if only one joint state was seen.

    Notes
    -----
    States that were never visited cannot be counted: if a mode was missed, the number is that of a
    sampler of the part that was seen, so look at `r_hat` too. Batches must be long compared with
    the autocorrelation time tau; those of length L underestimate the variance by about tau / L.
    The relative standard error is about sqrt(2 / (31 (n_states - 1))).

    References
    ----------
    Batch means: Flegal and Jones, Ann. Statist. 38 (2010) 1034. Expected divergence:
    see `divergences.kl_floor`, with the multinomial variance replaced by the true one.
    """
    array = as_binary(states, "states")
    if array.ndim != 3 or 0 in array.shape or array.shape[0] * array.shape[1] < 2:
        expected = "shape (chain, draw, unit), 2 draws or more in all"
        raise InputError.single("states", f"shape {array.shape}", expected)
    n_chains, n_draws, _ = array.shape
    per_chain = min(n_draws, math.ceil(_BATCHES / n_chains))
    length = n_draws // per_chain
    n_batches = n_chains * per_chain
    used = array[:, n_draws - per_chain * length :]  # what does not fit is left out at the start
    number, n_states = _state_numbers(used)
    if n_states < 2:
        return math.nan
    batch = np.repeat(np.arange(n_batches), length)
    cells, counts = np.unique(batch * n_states + number, return_counts=True)
    total = np.bincount(number, minlength=n_states)
    # sum_s sum_m (f_ms - p̂_s)² / p̂_s with f_ms = counts / length and p̂_s = total / size;
    # only cells that were visited are listed, the others are in the closed form.
    size = number.size
    squared = (counts.astype(np.float64) ** 2 / total[cells % n_states]).sum() * size / length**2
    scatter = squared - n_batches
    variance_sum = scatter / (n_batches * (n_batches - 1))
    if variance_sum <= 0:
        return math.inf
    return float((n_states - 1) / variance_sum * (n_chains * n_draws / size))


def _state_numbers(states: NDArray[np.int8]) -> tuple[NDArray[np.intp], int]:
    """Give each draw the number of its joint state among those that occur, chain by chain."""
    packed = np.packbits(states.astype(bool), axis=-1).reshape(-1, -(-states.shape[-1] // 8))
    rows = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    distinct, number = np.unique(rows, return_inverse=True)
    return number, len(distinct)


def _per_unit(
    states: ArrayLike, minimum_chains: int, diagnose: Callable[[NDArray[np.float64]], float]
) -> NDArray[np.float64]:
    array = _finite(as_array(states, "states"), "states")
    enough = array.ndim in (2, 3) and array.shape[0] >= minimum_chains
    if not enough or array.shape[1] < MIN_DRAWS or array.size == 0:
        chains = f"{minimum_chains} chain" + "s" * (minimum_chains > 1)
        expected = f"shape (chain, draw[, unit]), at least {chains} of {MIN_DRAWS} draws"
        raise InputError.single("states", f"shape {array.shape}", expected)
    if array.ndim == 2:
        return np.asarray(diagnose(array.astype(np.float64)))
    # Unit by unit, since all states as float64 could be eight times what is in memory already.
    units = np.moveaxis(array, 2, 0)
    return np.array([diagnose(unit.astype(np.float64)) for unit in units])


def _finite(array: NDArray[Any], where: str) -> NDArray[Any]:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError.single(where, "infinite or nan entries", "finite numbers")
    return array


# ArviZ is imported in the two functions below, since it takes more than a second to load and most
# users of this module's neighbours never need it.


def _effective_sample_size(x: NDArray[np.float64]) -> float:
    from arviz_stats.base.array import array_stats

    if np.ptp(x) == 0:
        return math.nan
    return float(array_stats.ess(x, chain_axis=0, draw_axis=1, method="mean"))


def _r_hat(x: NDArray[np.float64]) -> float:
    from arviz_stats.base.array import array_stats

    if np.ptp(x) == 0:
        return math.nan
    n = x.shape[1] // 2
    halves = np.concatenate([x[:, :n], x[:, -n:]])
    if not np.ptp(halves, axis=1).any():  # changes between halves only are none within
        return math.inf if np.ptp(halves) else math.nan
    return float(array_stats.rhat(x, chain_axis=0, draw_axis=1, method="split"))
