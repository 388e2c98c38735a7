"""Whether draws obey the conditional law of their machine, unit by unit.

In a Boltzmann machine the log odds of unit k, given all others, are u_k = b_k + sum_j W_kj z_j, and
the law with these conditionals for every unit is the law of the machine. So the draws themselves
show whether a sampler is correct, for any number of units: the log odds of z_k are fitted to the
draws as a linear function of u_k, and should equal u_k. The common slope of all units is the
inverse temperature at which the network effectively samples, by maximum pseudo-likelihood.

This test cannot see how the draws are distributed over distant modes, since within a mode the
conditionals are correct whatever its weight; `mixing` asks about that.

References
----------
J. Besag, The Statistician 24 (1975) 179 (pseudo-likelihood);
P. Brook, Biometrika 51 (1964) 481 (positive conditionals determine the joint law);
H. White, Econometrica 50 (1982) 1, and S. L. Zeger, K.-Y. Liang, Biometrics 42 (1986) 121
(standard errors from the scores of independent groups of draws).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student

from lasersampling.boltzmann.machine import BoltzmannMachine

_BATCHES = 32
"""Least number of groups of draws from which errors are estimated: chains or parts of them."""

_MOST_VALUES = 2_000_000
"""Largest number of values (draws times units) that are used; of more, draws are thinned."""

_ITERATIONS = 25
_PRIOR_DRAWS = 0.5
"""Weight, in draws, of a quadratic prior on deviations, which keeps unchanged units finite."""

LARGEST_ERROR_OF_TEMPERATURE = 0.5
"""An inverse temperature with a larger standard error is called unknown."""

_LEAST_SPREAD = 1e-9
"""A unit whose field has a smaller standard deviation has no slope: nothing acts on it."""


@dataclass(frozen=True, eq=False)
class Consistency:
    """Comparison of the conditional log odds of the draws with those of the machine.

    Attributes
    ----------
    units : ndarray of int, shape (free unit,)
        Units that were judged.
    shift, shift_se : ndarray of float64, shape (free unit,)
        Log odds found minus those expected, at the mean field of the unit, and its standard error
        [1].
    slope, slope_se : ndarray of float64, shape (free unit,)
        Change of the log odds per change of the field, 1 for the machine's law; nan for a unit
        whose field never changes [1].
    inverse_temperature, inverse_temperature_se : float
        Common slope of all units, and its standard error [1].
    divergence_nats, divergence_nats_se : float
        Mean D_KL between the conditional law of the draws and that of the machine, summed over
        units, to second order and corrected for the bias by noise; its standard error.
    p_value : float
        p-value of the hypothesis that all shifts and slopes are those of the machine (Bonferroni
        correction over units) [1].
    n_batches : int
        Number of groups of draws from which the errors follow.
    """

    units: NDArray[np.intp]
    shift: NDArray[np.float64]
    shift_se: NDArray[np.float64]
    slope: NDArray[np.float64]
    slope_se: NDArray[np.float64]
    inverse_temperature: float
    inverse_temperature_se: float
    divergence_nats: float
    divergence_nats_se: float
    p_value: float
    n_batches: int

    def renamed(self, units: NDArray[np.intp]) -> Consistency:
        """Replace the numbers of the units by others."""
        return replace(self, units=np.asarray(units))

    def worst(self, n_units: int = 3) -> list[tuple[int, float, float]]:
        """Units whose log odds are furthest off: number, shift and its standard error.

        Only units whose shift is beyond three of its standard errors are listed.
        """
        significant = np.abs(self.shift) > 3.0 * self.shift_se
        order = np.argsort(-np.abs(self.shift) * significant, kind="stable")[:n_units]
        return [
            (int(self.units[k]), float(self.shift[k]), float(self.shift_se[k]))
            for k in order
            if significant[k]
        ]


def conditional_consistency(
    machine: BoltzmannMachine, states: NDArray[np.int8], units: NDArray[np.intp]
) -> Consistency:
    """Fit the conditional log odds of each unit to draws.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine that should have been sampled.
    states : ndarray of int8, shape (chain, draw, unit)
        Draws of all units, clamped ones included.
    units : ndarray of int, shape (free unit,)
        Units that were free.

    Returns
    -------
    Consistency

    Notes
    -----
    Draws are divided into at least 32 groups, whole chains or equal parts of chains, whose scores
    are treated as independent; groups must be long compared with the autocorrelation time. Scores
    of the true conditionals have zero mean whatever the autocorrelation.
    """
    n_chains, n_draws, n_all = states.shape
    parts = min(n_draws, math.ceil(_BATCHES / n_chains))
    length = n_draws // parts
    used = states[:, n_draws - parts * length :].reshape(n_chains * parts, length, n_all)
    most = max(1, _MOST_VALUES // (len(used) * len(units)))
    used = used[:, :: math.ceil(length / most)]
    n_batches = len(used)
    shape = (len(units),)
    shift, shift_se = np.zeros(shape), np.zeros(shape)
    slope, slope_se = np.full(shape, np.nan), np.full(shape, np.nan)
    excess, excess_noise = np.zeros(shape), np.zeros(shape)
    statistics, beta_scores, beta_information = [], np.zeros(n_batches), 0.0
    as_float = used.astype(np.float32)
    fields_and_values = []
    for place, unit in enumerate(units):
        field = as_float @ machine.weights[unit].astype(np.float32)
        u = field.astype(np.float64) + machine.biases[unit]
        z = used[:, :, unit].astype(np.float64)
        fit = _fitted_line(u, z)
        shift[place], shift_se[place] = fit.shift, fit.shift_se
        slope[place], slope_se[place] = fit.slope, fit.slope_se
        excess[place], excess_noise[place] = fit.excess, fit.excess_noise
        statistics += fit.statistics
        fields_and_values.append((u, z))
    beta, beta_scores, beta_information = _common_slope(fields_and_values)
    beta_se = math.nan
    if beta_information > 0:
        spread = beta_scores - beta_scores.mean()
        variance = float((spread**2).sum()) * n_batches / max(n_batches - 1, 1)
        variance = max(variance, beta_information)
        beta_se = math.sqrt(variance) / beta_information
    largest = max((abs(value) for value in statistics), default=0.0)
    tail = 2.0 * float(student.sf(largest, max(n_batches - 1, 1)))
    return Consistency(
        units=np.asarray(units),
        shift=shift,
        shift_se=shift_se,
        slope=slope,
        slope_se=slope_se,
        inverse_temperature=beta,
        inverse_temperature_se=beta_se,
        divergence_nats=float(excess.sum()),
        divergence_nats_se=float(np.sqrt((excess_noise**2).sum())),
        p_value=min(1.0, tail * len(statistics)),
        n_batches=n_batches,
    )


@dataclass(frozen=True)
class _Line:
    shift: float
    shift_se: float
    slope: float
    slope_se: float
    excess: float
    excess_noise: float
    statistics: list[float]
    """Standardised mean scores of the null hypothesis, shift 0 and slope 1."""


def _fitted_line(u: NDArray[np.float64], z: NDArray[np.float64]) -> _Line:
    """Fit log odds u + c + d (u - mean u) to draws in batches, shape (batch, draw)."""
    centre = u.mean()
    v = u - centre
    spread = float(v.std())
    has_slope = spread > _LEAST_SPREAD
    design = np.stack([np.ones_like(u), v / spread]) if has_slope else np.ones((1, *u.shape))
    n_terms, size = len(design), u.size
    prior = _PRIOR_DRAWS * np.eye(n_terms)
    coefficient = np.zeros(n_terms)
    # Scores and information for the null hypothesis, from which the test and the divergence follow.
    null_probability = expit(u)
    null_scores = np.einsum("kbd,bd->bk", design, z - null_probability)
    null_information = _information(design, null_probability) + prior
    for _ in range(_ITERATIONS):
        probability = expit(u + np.tensordot(coefficient, design, 1))
        score = np.einsum("kbd,bd->k", design, z - probability) - prior @ coefficient
        information = _information(design, probability) + prior
        step = np.linalg.solve(information, score)
        coefficient = coefficient + step / max(1.0, float(np.abs(step).max()))
        if float(np.abs(step).max()) < 1e-9:
            break
    scores = np.einsum("kbd,bd->bk", design, z - expit(u + np.tensordot(coefficient, design, 1)))
    inverse = np.linalg.inv(information)
    covariance = inverse @ _at_least(_score_covariance(scores), information) @ inverse
    error = np.sqrt(np.diag(covariance))
    # To second order the excess of the pseudo-likelihood is half of S I^-1 S per draw, to which
    # noise adds half the trace of I^-1 Cov(S).
    total = null_scores.sum(axis=0)
    noise = _at_least(_score_covariance(null_scores), null_information)
    inverse = np.linalg.inv(null_information)
    excess = 0.5 * float(total @ inverse @ total - np.trace(inverse @ noise)) / size
    spread_of_excess = inverse @ noise
    excess_noise = (
        math.sqrt(
            max(
                0.5 * float(np.trace(spread_of_excess @ spread_of_excess))
                + float(total @ inverse @ noise @ inverse @ total),
                0.0,
            )
        )
        / size
    )
    deviations = np.sqrt(np.maximum(np.diag(noise), 1e-300))
    statistics = [
        float(value / deviation)
        for value, deviation in zip(total, deviations, strict=True)
        if deviation > 1e-100
    ]
    return _Line(
        shift=float(coefficient[0]),
        shift_se=float(error[0]),
        slope=1.0 + float(coefficient[1]) / spread if has_slope else math.nan,
        slope_se=float(error[1]) / spread if has_slope else math.nan,
        excess=excess,
        excess_noise=excess_noise,
        statistics=statistics,
    )


def _information(
    design: NDArray[np.float64], probability: NDArray[np.float64]
) -> NDArray[np.float64]:
    weight = probability * (1.0 - probability)
    return np.asarray(np.einsum("kbd,lbd,bd->kl", design, design, weight))


def _score_covariance(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of the sum of the batches' scores, shape (term, term)."""
    n_batches = len(scores)
    spread = scores - scores.mean(axis=0)
    return np.asarray(spread.T @ spread * (n_batches / max(n_batches - 1, 1)))


def _at_least(
    covariance: NDArray[np.float64], information: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Raise variances below those of independent draws, as when rare events were never seen.

    A unit that never changed has scores without any spread, which say nothing about their error.
    """
    variance = np.diag(covariance)
    if (variance <= 0).any():
        return information
    scale = np.sqrt(np.maximum(np.diag(information) / variance, 1.0))
    return np.asarray(scale[:, None] * covariance * scale)


def _common_slope(
    pairs: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> tuple[float, NDArray[np.float64], float]:
    """Estimate one inverse temperature, with its scores by batch and its information."""
    beta = 1.0
    scores, information = np.zeros(len(pairs[0][0])), 0.0
    for _ in range(_ITERATIONS):
        scores, information = np.zeros(len(pairs[0][0])), 0.0
        for u, z in pairs:
            probability = expit(beta * u)
            scores += ((z - probability) * u).sum(axis=1)
            information += float((u**2 * probability * (1.0 - probability)).sum())
        if information <= 0:
            return math.nan, scores, 0.0
        step = float(np.clip(scores.sum() / information, -0.5, 0.5))
        beta = max(beta + step, 0.0)
        if abs(step) < 1e-9:
            break
    return beta, scores, information
