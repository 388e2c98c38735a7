"""Whether the law of the draws is that of the machine: exactly for few units, else in part."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from lasersampling.boltzmann import state_index
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.certificate.mixing import Mixing
from lasersampling.sampling.certificate.reference import Reference
from lasersampling.statistics import (
    distribution_ess,
    jackknife_error,
)
from lasersampling.statistics.exact_draws import divergence_of_draws

TOLERATED_NATS = 0.01
"""Largest D_KL of the sampled law that still counts as agreement."""

WIDEST_FLOOR_NATS = 0.1
"""If an ideal sampler shows more, there are too few draws for their histogram to be useful."""

_FLOOR_ERROR = 0.2
"""Relative error of a floor, two standard errors of the effective number of draws."""

_ONE_SIDED = 1.645
"""In one run of twenty an estimate is lower by more than so many standard errors."""


@dataclass(frozen=True, eq=False)
class ExactLaw:
    """Comparison of draws with the exact distribution.

    Attributes
    ----------
    divergence_nats : float
        D_KL(sample || target) of the histogram.
    floor_nats, floor_95_nats, floor_99_nats : float
        D_KL of an ideal sampler of the same effective size: its mean, and what it exceeds in one
        run of twenty and in one of a hundred.
    error_nats : float
        Standard error of `divergence_nats`, by the jackknife over chains; nan for one chain.
    joint_ess : float
        Effective number of draws of the joint distribution [1].
    """

    divergence_nats: float
    floor_nats: float
    floor_95_nats: float
    floor_99_nats: float
    error_nats: float
    joint_ess: float

    @property
    def corrected_nats(self) -> float:
        """The divergence minus the mean of an ideal sampler of the same size, at least 0."""
        return max(0.0, self.divergence_nats - self.floor_nats)

    @property
    def excess_nats(self) -> float:
        """Excess of the divergence over what an ideal sampler exceeds in one run of twenty."""
        return self.divergence_nats - self.floor_95_nats

    @property
    def is_suspicious(self) -> bool:
        """Whether the sampled law seems to differ by more than is tolerated."""
        beyond = self.divergence_nats - self.floor_nats
        return beyond > TOLERATED_NATS and self.divergence_nats > self.floor_99_nats

    @property
    def differs(self) -> bool:
        """Whether it differs beyond what chance and the error of the floor explain."""
        of_floor = _FLOOR_ERROR * self.floor_nats
        return self.is_suspicious and self.divergence_nats - self.floor_nats > of_floor

    @property
    def agrees(self) -> bool:
        """Whether the sampled law is within the tolerance, and certainly within twice that.

        If the law is off by d, D_KL of the draws has the variance of the floor plus 2 d / ESS.
        """
        if self.is_coarse:
            return False
        own = self.floor_95_nats - self.floor_nats
        of_twice = _ONE_SIDED * math.sqrt(4.0 * TOLERATED_NATS / self.joint_ess)
        found = self.corrected_nats
        return found <= TOLERATED_NATS and found + math.hypot(own, of_twice) <= 2.0 * TOLERATED_NATS

    @property
    def is_coarse(self) -> bool:
        """Whether the draws are too few for their histogram to show a bias that matters."""
        return not self.shortfall <= 1.0

    @property
    def shortfall(self) -> float:
        """How many times as many draws would just show such a bias; nan if unknown."""
        return max(
            self.floor_95_nats / WIDEST_FLOOR_NATS,
            (self.floor_95_nats - self.floor_nats) / TOLERATED_NATS,
        )


@dataclass(frozen=True, eq=False)
class Moments:
    """Comparison of means and energy of the draws with those of a reference that mixed.

    Attributes
    ----------
    reference : Reference
        The reference.
    mean_difference, mean_difference_se : ndarray of float64, shape (free unit,)
        Means of the draws minus those of the reference, and the standard error [1].
    energy_difference, energy_difference_se : float
        The same for the energy, in nats.
    resolution_nats : float
        D_KL of the smallest shift of one mean, or of the energy, that is seen beyond chance.
    """

    reference: Reference
    mean_difference: NDArray[np.float64]
    mean_difference_se: NDArray[np.float64]
    energy_difference: float
    energy_difference_se: float
    resolution_nats: float

    def largest(self) -> tuple[int, float, float]:
        """Index of the largest difference among the free units, the difference and its error."""
        place = int(np.argmax(np.abs(self.mean_difference)))
        return (
            place,
            float(self.mean_difference[place]),
            float(self.mean_difference_se[place]),
        )

    def differs(self, tolerance: float) -> bool:
        """Whether a mean is off by more than `tolerance`, beyond chance (Bonferroni, 1 %)."""
        limit = _limit(self.mean_difference.size)
        beyond = np.abs(self.mean_difference) - limit * self.mean_difference_se
        return bool((beyond > tolerance).any())

    def energy_differs(self, tolerance_nats: float) -> bool:
        """Whether the energy is off, beyond chance, by a shift of more than this D_KL [nats]."""
        limit = _limit(self.mean_difference.size)
        beyond = abs(self.energy_difference) - limit * self.energy_difference_se
        return beyond > math.sqrt(2.0 * tolerance_nats) * self.reference.energy_std


def _limit(n_units: int) -> float:
    """Standard errors that the largest of so many means, or the energy, rarely exceeds."""
    return float(norm.isf(0.005 / (n_units + 1)))


def exact_law(target: NDArray[np.float64], states: NDArray[np.int8]) -> ExactLaw:
    """Compare draws of all units with their exact distribution, a table over all states."""
    numbers = state_index(states)
    size = numbers.size
    visited, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    place = place.reshape(numbers.shape)
    with np.errstate(divide="ignore"):
        asked = np.log(target[visited])  # -inf where the law excludes a state that was drawn

    def terms(n: NDArray[np.int64], where: NDArray[np.intp] | slice) -> float:
        """Sum of n (ln n - ln p), from which D_KL follows."""
        return float((n * (np.log(np.maximum(n, 1)) - asked[where]))[n > 0].sum())

    whole = terms(counts, slice(None))
    divergence = max(0.0, whole / size - math.log(size))
    error = math.nan
    if len(states) > 1 and math.isfinite(divergence):
        left = size - numbers.shape[1]
        without = []
        for chain in place:  # only states of the chain that is left out have other counts
            own, n_own = np.unique(chain, return_counts=True)
            rest = whole - terms(counts[own], own) + terms(counts[own] - n_own, own)
            without.append(rest / left - math.log(left))
        error = float(jackknife_error(without))
    joint = distribution_ess(states)
    known = math.isfinite(joint)
    ideal = divergence_of_draws(target, joint) if known else None
    return ExactLaw(
        divergence_nats=divergence,
        floor_nats=ideal.mean_nats if ideal else math.nan,
        floor_95_nats=ideal.quantile(0.95) if ideal else math.nan,
        floor_99_nats=ideal.quantile(0.99) if ideal else math.nan,
        error_nats=error,
        joint_ess=joint,
    )


def moments_beside(
    machine: BoltzmannMachine, states: NDArray[np.int8], mixing: Mixing, reference: Reference
) -> Moments:
    """Compare means and energy of draws with those of a reference."""
    mean = states.mean(axis=(0, 1), dtype=np.float64)
    draws = states.shape[0] * states.shape[1]
    spread = np.sqrt(np.maximum(mean * (1.0 - mean), 3.0 / draws))
    size = np.where(np.isnan(mixing.ess), draws, np.maximum(mixing.ess, 1.0))
    moves = mixing.energy_ess > 0
    energy = float(np.mean([machine.energy(chain).mean() for chain in states]))
    energy_se = reference.energy_std / math.sqrt(mixing.energy_ess) if moves else 0.0
    own = spread / np.sqrt(size)
    # In units of the standard deviations of units that change, and of the energy.
    relative = np.append(
        (np.hypot(own, reference.mean_se) / spread)[~np.isnan(mixing.ess)],
        math.hypot(energy_se, reference.energy_se) / max(reference.energy_std, 1e-300)
        if moves
        else 0.0,
    )
    return Moments(
        reference=reference,
        mean_difference=mean - reference.mean,
        mean_difference_se=np.hypot(own, reference.mean_se),
        energy_difference=energy - reference.energy,
        energy_difference_se=math.hypot(energy_se, reference.energy_se),
        resolution_nats=0.5 * (_limit(len(mean)) * float(relative.max())) ** 2,
    )
