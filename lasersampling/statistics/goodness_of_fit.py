"""A chi-square test whether correlated draws come from a given distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc

from lasersampling.arrays import as_binary, as_floats
from lasersampling.errors import InputError, Problem

N_BATCHES = 32
"""Least number of batches into which all chains together are cut. Few are enough, since the scale
of the statistic is a sum over all states; fewer batches are longer, as autocorrelation demands."""

MIN_EXPECTED = 5.0
"""States with a smaller expected number of effective draws are merged."""


@dataclass(frozen=True)
class GoodnessOfFit:
    """Outcome of the test.

    Attributes
    ----------
    statistic : float
        X² per effective draw, divided by its expectation: about 1 if the draws follow the target
        [1].
    p_value : float
        Probability of a statistic at least as large, if they do [1].
    degrees_of_freedom : float
        Effective number of degrees of freedom of the numerator; the denominator has `n_batches` - 1
        times as many [1].
    n_cells : int
        Number of states, or groups of rare states, that were compared.
    n_batches : int
        Number of batches from which the covariance was estimated.
    """

    statistic: float
    p_value: float
    degrees_of_freedom: float
    n_cells: int
    n_batches: int


def goodness_of_fit(states: ArrayLike, target: ArrayLike) -> GoodnessOfFit:
    """Test whether correlated draws of joint states follow a target distribution.

    The statistic is Pearson's, T = sum_s (p̂_s - p_s)² / p_s. Let C be the covariance of p̂ and D =
    diag(p). For many draws T is a sum of chi-squares of one degree of freedom, weighted by the
    eigenvalues of A = D^(-1/2) C D^(-1/2); for independent draws these are all 1/N, and N T is
    chi-squared. C is estimated by batch means. T / tr(A) is compared with an F distribution of d
    and d (M - 1) degrees of freedom, where d = tr(A)² / tr(A²) and M is the number of batches.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (chain, draw, unit)
        At least 32 draws in all. The chains must have started in the target distribution, or have
        had a burn-in.
    target : array_like, shape (2**n_units,)
        Probabilities; entry `sum_k z_k 2**k` belongs to the state z.

    Returns
    -------
    GoodnessOfFit
        The p-value is 0 if a state was seen that the target excludes, and nan if there is only one
        cell, or the states never changed.

    Raises
    ------
    InputError
        For too few draws, values other than 0 and 1, or tables that do not fit.

    Notes
    -----
    The chains are cut into equal batches, at least 32 in all; with that many chains each is one
    batch. Batches must be long compared with the autocorrelation time tau: those of length L
    underestimate C by about tau / L. tr(A²) is estimated without bias for normal batch means.
    States of fewer than five expected effective draws are merged, the rarest first. Simulations in
    `tests/statistics` show the rate of false alarms and the power.

    References
    ----------
    J. N. K. Rao and A. J. Scott, J. Am. Stat. Assoc. 76 (1981) 221 and Ann. Statist. 12 (1984) 46
    (chi-square of clustered draws; a batch is a cluster here); D. R. Thomas and J. N. K. Rao,
    J. Am. Stat. Assoc. 82 (1987) 630 (the F reference); Z. Bai and H. Saranadasa, Statistica
    Sinica 6 (1996) 311, eq. 3.6 (tr(A²)).
    """
    array, p = _checked(states, target)
    numbers = np.zeros(array.shape[:2], dtype=np.int64)
    for unit in range(array.shape[2]):
        numbers |= array[:, :, unit].astype(np.int64) << unit
    n_chains, n_draws, _ = array.shape
    per_chain = min(n_draws, math.ceil(N_BATCHES / n_chains))
    length = n_draws // per_chain
    n_batches = n_chains * per_chain
    used = numbers[:, n_draws - per_chain * length :].reshape(n_batches, length)
    if (p[used] == 0).any():
        return GoodnessOfFit(math.inf, 0.0, math.nan, int(np.count_nonzero(p)), n_batches)
    cell = np.arange(len(p))
    ess = _effective_size(*_cells(used, cell, p))
    cell = _pooled(p, ess)
    frequency, probability = _cells(used, cell, p)
    n_cells = len(probability)
    if n_cells < 2 or math.isnan(ess):
        return GoodnessOfFit(math.nan, math.nan, math.nan, n_cells, n_batches)
    scatter = (frequency - frequency.mean(axis=0)) / np.sqrt(probability)
    dof = n_batches - 1
    # The eigenvalues of A are those of a smaller matrix, of the products of the batches.
    products = scatter @ scatter.T / dof
    trace = float(np.trace(products))
    if not trace > 0:  # the batches differ only in rare states, which are one cell now
        return GoodnessOfFit(math.nan, math.nan, math.nan, n_cells, n_batches)
    squared = (float((products**2).sum()) - trace**2 / dof) * dof**2 / ((dof - 1) * (dof + 2))
    deviation = (frequency.mean(axis=0) - probability) / np.sqrt(probability)
    # `trace` is for a single batch, while p̂ is the mean over all batches.
    statistic = float((deviation**2).sum()) * n_batches / trace
    # At most n_cells - 1 dimensions can vary, and at least one does.
    degrees = float(np.clip(trace**2 / max(squared, 1e-300), 1.0, n_cells - 1))
    p_value = float(fdtrc(degrees, degrees * dof, statistic))
    return GoodnessOfFit(statistic, p_value, degrees, n_cells, n_batches)


def _checked(states: ArrayLike, target: ArrayLike) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    array, p = as_binary(states, "states"), as_floats(target, "target")
    problems = []
    if array.ndim != 3 or array.shape[0] * array.shape[1] < N_BATCHES:
        expected = f"shape (chain, draw, unit), {N_BATCHES} draws or more in all"
        problems.append(Problem("states", f"shape {array.shape}", expected))
    elif p.shape != (2 ** array.shape[2],):
        expected = f"({2 ** array.shape[2]},), all states of {array.shape[2]} units"
        problems.append(Problem("target", f"shape {p.shape}", expected))
    elif not (p >= 0).all() or not abs(p.sum() - 1) < 1e-6:
        problems.append(Problem("target", "no probabilities", "entries of at least 0, sum 1"))
    if problems:
        raise InputError(problems)
    return array, p


def _cells(
    used: NDArray[np.int64], cell: NDArray[np.int64], p: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies (batch, cell) and target probabilities (cell,) of cells that can occur."""
    n_batches, length = used.shape
    n_cells = int(cell.max()) + 1
    place = np.arange(n_batches)[:, None] * n_cells + cell[used]
    counts = np.bincount(place.ravel(), minlength=n_batches * n_cells)
    probability = np.bincount(cell, weights=p, minlength=n_cells)
    possible = probability > 0
    frequency: NDArray[np.float64] = counts.reshape(n_batches, n_cells)[:, possible] / length
    return frequency, np.asarray(probability[possible], dtype=np.float64)


def _effective_size(frequency: NDArray[np.float64], probability: NDArray[np.float64]) -> float:
    """Number of independent draws with the same variance; nan if all batches are equal."""
    variance = frequency.var(axis=0, ddof=1) / len(frequency)
    total = float((variance / probability).sum())
    return (len(probability) - 1) / total if total > 0 else math.nan


def _pooled(p: NDArray[np.float64], ess: float) -> NDArray[np.int64]:
    """Give each state the number of its cell: one of its own, unless it is too rare."""
    if math.isnan(ess):
        return np.zeros(len(p), dtype=np.int64)
    order = np.argsort(p, kind="stable")
    cell = np.zeros(len(p), dtype=np.int64)
    number, mass = 0, 0.0
    for state in order:
        if mass * ess >= MIN_EXPECTED:
            number, mass = number + 1, 0.0
        cell[state] = number
        mass += p[state]
    if mass * ess < MIN_EXPECTED and number > 0:
        cell[cell == number] = number - 1
    return cell
