"""Is the law of the draws that of the machine? Exactly for few units, else by what can be known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from lasersampling.boltzmann import state_index
from lasersampling.boltzmann.enumeration import exact_distribution
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.certificate.mixing import Mixing
from lasersampling.sampling.certificate.reference import Reference
from lasersampling.statistics import (
    distribution_ess,
    effective_sample_size,
    jackknife_error,
    kl_divergence,
    kl_floor,
    kl_floor_quantile,
)


@dataclass(frozen=True, eq=False)
class ExactLaw:
    """Draws beside the exact distribution.

    Attributes
    ----------
    divergence_nats : float
        D_KL(sample || target) of the histogram.
    floor_nats, floor_95_nats : float
        What an ideal sampler of the same effective size shows on average, and exceeds in one run of
        twenty.
    error_nats : float
        Standard error of `divergence_nats`, by the jackknife over chains; nan for one chain.
    joint_ess : float
        Effective number of draws of the joint distribution [1].
    """

    divergence_nats: float
    floor_nats: float
    floor_95_nats: float
    error_nats: float
    joint_ess: float

    @property
    def corrected_nats(self) -> float:
        """The divergence less what an ideal sampler of the same size shows, at least 0."""
        return max(0.0, self.divergence_nats - self.floor_nats)

    @property
    def excess_nats(self) -> float:
        """How far the divergence exceeds what an ideal sampler exceeds in one run of twenty."""
        return self.divergence_nats - self.floor_95_nats


@dataclass(frozen=True, eq=False)
class Moments:
    """Means and energy of the draws beside those of a reference that mixed.

    Attributes
    ----------
    reference : Reference
        What stands beside.
    mean_difference, mean_difference_se : ndarray of float64, shape (free unit,)
        Means of the draws less those of the reference, and the standard error [1].
    energy_difference, energy_difference_se : float
        The same of the energy, in nats.
    """

    reference: Reference
    mean_difference: NDArray[np.float64]
    mean_difference_se: NDArray[np.float64]
    energy_difference: float
    energy_difference_se: float

    def largest(self) -> tuple[int, float, float]:
        """Place among the free units of the largest difference, it, and its standard error."""
        place = int(np.argmax(np.abs(self.mean_difference)))
        return (
            place,
            float(self.mean_difference[place]),
            float(self.mean_difference_se[place]),
        )

    def differs(self, tolerance: float) -> bool:
        """Whether a mean is off by more than `tolerance`, beyond chance (Bonferroni, 5 %)."""
        n = self.mean_difference.size
        limit = float(norm.isf(0.025 / n))
        beyond = np.abs(self.mean_difference) - limit * self.mean_difference_se
        return bool((beyond > tolerance).any())


def exact_law(law: BoltzmannMachine | NDArray[np.float64], states: NDArray[np.int8]) -> ExactLaw:
    """Compare draws of all units with the exact distribution of a machine, or with a table."""
    target = exact_distribution(law) if isinstance(law, BoltzmannMachine) else law
    numbers = state_index(states)
    counts = np.stack([np.bincount(chain, minlength=target.size) for chain in numbers])
    total = counts.sum(axis=0)
    divergence = kl_divergence(total / total.sum(), target)
    error = math.nan
    if len(counts) > 1:
        without = [(total - chain) / (total.sum() - chain.sum()) for chain in counts]
        error = float(jackknife_error([kl_divergence(table, target) for table in without]))
    joint = distribution_ess(states)
    known = math.isfinite(joint)
    n_states = int(np.count_nonzero(target))
    return ExactLaw(
        divergence_nats=divergence,
        floor_nats=kl_floor(n_states, joint) if known else math.nan,
        floor_95_nats=kl_floor_quantile(n_states, joint, 0.95) if known else math.nan,
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
    energy = np.asarray(machine.energy(states))
    ess = float(effective_sample_size(energy)) if np.ptp(energy) > 0 else math.inf
    return Moments(
        reference=reference,
        mean_difference=mean - reference.mean,
        mean_difference_se=np.hypot(spread / np.sqrt(size), reference.mean_se),
        energy_difference=float(energy.mean()) - reference.energy,
        energy_difference_se=math.hypot(float(energy.std()) / math.sqrt(ess), reference.energy_se),
    )
