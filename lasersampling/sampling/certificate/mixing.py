"""Whether chains have forgotten where they started, and have visited all modes.

Chains that started far apart must agree: rank-normalised split R-hat is computed for every unit and
for the energy, with the effective number of independent draws. A unit that never changed counts as
the worst of all, not as a missing number, unless its own field explains that it hardly could. A
basin of the energy that no chain has entered, though it should have a noticeable fraction of the
draws, is a missed mode; R-hat cannot see this if all chains miss it.

References
----------
A. Vehtari et al., Bayesian Analysis 16 (2021) 667 (R-hat, effective sample size).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.certificate.minima import Basins, basins, quenched
from lasersampling.sampling.certificate.table_law import TableLaw
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.statistics.chains import effective_sample_size, r_hat

LARGEST_R_HAT = 1.05
"""R-hat above which chains disagree."""

LEAST_ESS = 50.0
"""Effective number of draws below which nothing can be concluded."""

LEAST_WEIGHT = 0.02
"""A basin of larger estimated weight must have been visited."""

_EXPECTED_CHANGES = 3.0
"""A unit whose field makes it differ in fewer than this number of independent draws may never be
seen to change: the probability of no change is then above exp(-3) = .05."""

_CHAINS_PER_MINIMUM, _SWEEPS_OUT = 16, 100
"""Random walk from a minimum that tests whether its basin holds chains."""

_RESTARTS = 256
_QUENCHED_DRAWS = 1024
_MOST_UNITS_OF_BASINS = 2000


@dataclass(frozen=True, eq=False)
class Mixing:
    """How well chains mixed.

    Attributes
    ----------
    units : ndarray of int, shape (free unit,)
        Units that were free.
    r_hat, ess : ndarray of float64, shape (free unit,)
        R-hat and effective size of each unit. A unit that never changed has inf and 0, unless its
        field explains it; then it has nan in both and stands in `held_by_field` [1].
    energy_r_hat, energy_ess : float
        The same for the energy [1].
    frozen : ndarray of int
        Units that never changed, or never within a chain, though their fields allow it.
    held_by_field : ndarray of int
        Units that never changed and whose fields hardly allow it.
    basins : Basins or None
        Minima of the energy and their visitors; None if there are too many units.
    missed_weight : float
        Estimated weight of basins that no chain visited [1].
    n_chains : int
        Number of chains.
    """

    units: NDArray[np.intp]
    r_hat: NDArray[np.float64]
    ess: NDArray[np.float64]
    energy_r_hat: float
    energy_ess: float
    frozen: NDArray[np.intp]
    held_by_field: NDArray[np.intp]
    basins: Basins | None
    missed_weight: float
    n_chains: int

    @property
    def worst_r_hat(self) -> float:
        """Largest R-hat of a unit or of the energy; nan for a single chain [1]."""
        values = np.append(self.r_hat, self.energy_r_hat)
        known = values[~np.isnan(values)]
        return float(known.max()) if known.size and self.n_chains > 1 else math.nan

    @property
    def worst_ess(self) -> float:
        """Smallest effective number of draws of a unit or of the energy [1]."""
        values = np.append(self.ess, self.energy_ess)
        known = values[~np.isnan(values)]
        return float(known.min()) if known.size else math.nan

    @property
    def worst_unit(self) -> int:
        """Unit with the largest R-hat; for a single chain, with the fewest independent draws."""
        if self.n_chains > 1:
            return int(self.units[np.argmax(np.nan_to_num(self.r_hat, nan=-1.0, posinf=1e300))])
        return int(self.units[np.argmin(np.nan_to_num(self.ess, nan=np.inf))])

    @property
    def has_mixed(self) -> bool:
        """Whether nothing indicates that chains do not mix."""
        return (
            self.n_chains > 1
            and self.frozen.size == 0
            and self.worst_r_hat <= LARGEST_R_HAT
            and self.missed_weight <= LEAST_WEIGHT
        )


def judged_mixing(
    machine: BoltzmannMachine | TableLaw,
    states: NDArray[np.int8],
    units: NDArray[np.intp],
    seed: int,
) -> Mixing:
    """Judge how well chains mixed.

    Parameters
    ----------
    machine : BoltzmannMachine or TableLaw
        The machine of the free units (clamped ones summed into the biases). Minima of the energy
        are searched for machines only.
    states : ndarray of int8, shape (chain, draw, free unit)
        Draws, at least four per chain.
    units : ndarray of int, shape (free unit,)
        Numbers by which the free units are called.
    seed : int
        Seed of the random restarts.
    """
    n_chains = len(states)
    ess = effective_sample_size(states)
    spread = r_hat(states) if n_chains > 1 else np.full(len(units), np.nan)
    # A chain at a time, since all of them as float64 take much memory.
    energy = np.stack([np.asarray(machine.energy(chain)) for chain in states])
    energy_moves = np.ptp(energy) > 0
    energy_ess = float(effective_sample_size(energy)) if energy_moves else math.nan
    energy_r_hat = float(r_hat(energy)) if energy_moves and n_chains > 1 else math.nan
    never = np.ptp(states, axis=(0, 1)) == 0
    still = ~never & ~np.any(np.ptp(states, axis=1) > 0, axis=0)
    held = np.zeros_like(never)
    if never.any():
        # Independent draws of the rest of the network tell how often the unit could have changed.
        others = float(np.nanmin(ess)) if not np.isnan(ess).all() else float(n_chains)
        value = states[0, 0, never].astype(np.float64)
        fields = np.stack([np.asarray(machine.local_field(chain))[:, never] for chain in states])
        against = expit(np.where(value == 1.0, -fields, fields)).mean(axis=(0, 1))
        held[never] = against * others < _EXPECTED_CHANGES
    frozen = (never & ~held) | still
    spread, ess = spread.copy(), ess.copy()
    spread[frozen], ess[frozen] = np.inf, 0.0
    spread[held], ess[held] = np.nan, np.nan
    found = None
    missed = 0.0
    if isinstance(machine, BoltzmannMachine) and len(units) <= _MOST_UNITS_OF_BASINS:
        per_chain = max(1, min(states.shape[1], _QUENCHED_DRAWS // n_chains))
        places = np.linspace(0, states.shape[1] - 1, per_chain).astype(int)
        found = basins(machine, states[:, places], _RESTARTS, seed)
        missed = _missed_weight(machine, found, seed)
    return Mixing(
        units=units,
        r_hat=spread,
        ess=ess,
        energy_r_hat=energy_r_hat,
        energy_ess=energy_ess,
        frozen=units[frozen],
        held_by_field=units[held],
        basins=found,
        missed_weight=missed,
        n_chains=n_chains,
    )


def _missed_weight(machine: BoltzmannMachine, found: Basins, seed: int) -> float:
    """Weight of basins that no chain visited and that would hold a chain.

    Minima from which a few sweeps lead into visited basins are not modes that chains can miss.
    """
    candidates = found.missed(LEAST_WEIGHT)
    if not candidates.size:
        return 0.0
    starts = np.repeat(found.minima[candidates], _CHAINS_PER_MINIMUM, axis=0)
    walk = Gibbs(scan="random", thin=_SWEEPS_OUT)
    later = walk.sample(machine, 1, n_chains=len(starts), seed=seed, start={"states": starts})
    ends = quenched(machine, later.states[:, -1])
    places = {minimum.tobytes(): place for place, minimum in enumerate(found.minima)}
    visited = [found.visited[places.get(end.tobytes(), candidates[0])] for end in ends]
    left = np.reshape(visited, (candidates.size, _CHAINS_PER_MINIMUM)).mean(axis=1)
    weight = np.exp(found.free_energy.min() - found.free_energy)
    return float(weight[candidates[left < 0.5]].sum() / weight.sum())
