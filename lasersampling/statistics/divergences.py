"""Distances between a sampled and a target distribution, and those of an ideal sampler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri

from lasersampling.arrays import as_floats
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError, Problem
from lasersampling.statistics.exact_draws import floor_of

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Divergences:
    """How far a sampled distribution lies from its target.

    Attributes
    ----------
    kl_sample_target : float
        D_KL(sample || target) in nats.
    kl_target_sample : float
        D_KL(target || sample) in nats; infinite if a possible state was never seen.
    total_variation : float
        Half the summed absolute difference, 0 to 1.
    floor : float
        Expected D_KL of an ideal sampler with the same effective sample size, in nats; states that
        are almost impossible in the target contribute nothing (`statistics.exact_draws`).
    """

    kl_sample_target: float
    kl_target_sample: float
    total_variation: float
    floor: float


def kl_divergence(p: ArrayLike, q: ArrayLike) -> float:
    """D_KL(p || q) = sum p log(p / q) in nats; infinite where q = 0 < p.

    Parameters
    ----------
    p, q : array_like, shape (state,)
        Probabilities over the same states.

    Raises
    ------
    InputError
        For tables of different length, or that are no probabilities.

    References
    ----------
    Kullback and Leibler, Ann. Math. Statist. 22 (1951) 79.

    Examples
    --------
    >>> kl_divergence([0.5, 0.5], [0.5, 0.5])
    0.0
    """
    first, second = _pair(p, q, "p", "q")
    possible = first > 0
    if (second[possible] == 0).any():
        return float("inf")
    terms = first[possible] * np.log(first[possible] / second[possible])
    # Rounding may leave a sum of about -1e-17 for equal distributions.
    return max(0.0, float(terms.sum()))


def total_variation(p: ArrayLike, q: ArrayLike) -> float:
    """Give 1/2 sum ``|p - q|``, the largest difference in the probability of any event.

    Raises
    ------
    InputError
        For tables of different length, or that are no probabilities.

    Examples
    --------
    >>> total_variation([0.5, 0.5], [0.25, 0.75])
    0.25
    """
    first, second = _pair(p, q, "p", "q")
    return 0.5 * float(np.abs(first - second).sum())


def kl_floor(n_states: int, ess: float) -> float:
    """Give the expected D_KL(sample || target) of `ess` independent draws, in nats.

    It is (n_states - 1) / (2 ess).

    Parameters
    ----------
    n_states : int
        Number of states of positive probability.
    ess : float
        Effective sample size; for correlated draws see `chains.distribution_ess`. If it is nan,
        as for samples that show one state only, so is the floor.

    Notes
    -----
    This is the leading term in 1/ess; it holds if all states are expected several times.

    References
    ----------
    Wilks, Ann. Math. Statist. 9 (1938) 60: 2 N D_KL is asymptotically chi-squared with
    n_states - 1 degrees of freedom.
    """
    problems = integer_problems("n_states", n_states, 1)
    if ess <= 0:
        problems.append(Problem("ess", repr(ess), "a number above 0"))
    if problems:
        raise InputError(problems)
    return (n_states - 1) / (2 * ess)


def kl_floor_quantile(n_states: int, ess: float, probability: float) -> float:
    """Give a quantile of D_KL(sample || target) of `ess` independent draws, in nats.

    It is chi2_q(n_states - 1) / (2 ess), with the quantile of the chi-squared distribution.

    Parameters
    ----------
    n_states, ess
        As for `kl_floor`, whose notes apply here as well.
    probability : float
        Probability of a smaller divergence, above 0 and below 1 [1].
    """
    if not 0 < probability < 1:
        raise InputError.single("probability", repr(probability), "above 0 and below 1")
    mean = kl_floor(n_states, ess)
    if n_states == 1:
        return mean
    return mean * float(chdtri(n_states - 1, 1 - probability)) / (n_states - 1)


def compare(sampled: ArrayLike, target: ArrayLike, ess: float) -> Divergences:
    """Compare a sampled distribution with its target.

    Parameters
    ----------
    sampled, target : array_like, shape (state,)
        Probabilities over the same states, each summing to one.
    ess : float
        Effective sample size of the joint states (`distribution_ess` estimates it), for the floor.

    Returns
    -------
    Divergences

    Raises
    ------
    InputError
        For tables of different length, or that are no probabilities, and an `ess` that is not a
        number above 0.

    Examples
    --------
    >>> found = compare([0.5, 0.5], [0.25, 0.75], ess=100.0)
    >>> round(found.kl_sample_target, 3), found.total_variation, round(found.floor, 4)
    (0.144, 0.25, 0.005)
    """
    if isinstance(ess, float | np.floating) and np.isnan(ess):
        expected = "a number above 0; it is unknown for draws that show one state only"
        raise InputError.single("ess", "nan", expected)
    return compared(sampled, target, ess)


def compared(sampled: ArrayLike, target: ArrayLike, ess: float) -> Divergences:
    """Give the divergences of `compare`; for an effective size of nan the floor is nan too.

    Parameters
    ----------
    sampled, target, ess
        As for `compare`, but `ess` may be nan, as `distribution_ess` gives it for draws of a single
        state: callers say then that the floor is unknown.

    Raises
    ------
    InputError
        As for `compare`.
    """
    p, q = _pair(sampled, target, "sampled", "target")
    return Divergences(
        kl_sample_target=kl_divergence(p, q),
        kl_target_sample=kl_divergence(q, p),
        total_variation=total_variation(p, q),
        floor=floor_of(q, ess),
    )


def described(sampled: ArrayLike, target: ArrayLike) -> dict[str, str]:
    """Describe the distances of `Divergences`; for infinite ones say why they are infinite.

    Examples
    --------
    >>> described([0.5, 0.5], [1.0, 0.0])["kl_sample_target"]
    'D_KL(sample || target), nats; infinite: the target gives 1 of 2 states that were drawn ... 0'
    """
    p, q = _pair(sampled, target, "sampled", "target")
    excluded, unseen = np.count_nonzero((p > 0) & (q == 0)), np.count_nonzero((q > 0) & (p == 0))
    drawn, possible = np.count_nonzero(p), np.count_nonzero(q)
    forward, backward = "D_KL(sample || target), nats", "D_KL(target || sample), nats"
    if excluded:
        which = f"the target gives {excluded} of {drawn} states that were drawn"
        forward += f"; infinite: {which} the probability 0"
    if unseen:
        backward += f"; infinite: {unseen} of {possible} states of the target were never drawn"
    return {
        "kl_sample_target": forward,
        "kl_target_sample": backward,
        "total_variation": "total variation distance",
    }


def _pair(
    p: ArrayLike, q: ArrayLike, p_name: str, q_name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = as_floats(p, p_name), as_floats(q, q_name)
    problems = []
    for name, table in ((p_name, first), (q_name, second)):
        if table.ndim != 1 or len(table) == 0:
            problems.append(Problem(name, f"shape {table.shape}", "shape (state,), not empty"))
        elif not np.isfinite(table).all() or (table < 0).any():
            problems.append(
                Problem(name, "entries that are negative or not finite", "probabilities")
            )
        elif abs(table.sum() - 1) > _SUM_TOLERANCE:
            problems.append(Problem(name, f"a sum of {table.sum():g}", "a sum of 1"))
    if not problems and first.shape != second.shape:
        problems.append(Problem(q_name, f"{len(second)} states", f"{len(first)} as in {p_name}"))
    if problems:
        raise InputError(problems)
    return first, second
