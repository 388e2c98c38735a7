"""A reference for machines too large to enumerate: long Gibbs sampling, or replica exchange.

Gibbs chains from random states are the reference if they mix by the rule of `mixing`. If they do
not, copies of the machine at inverse temperatures from 1 down to where modes disappear are sampled
side by side and exchange their states, so that chains cross between modes while they are hot.

References
----------
K. Hukushima, K. Nemoto, J. Phys. Soc. Jpn. 65 (1996) 1604 (replica exchange);
S. Geman, D. Geman, IEEE PAMI 6 (1984) 721 (Gibbs sampling).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.enumeration import table_moments
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.certificate.mixing import LEAST_ESS, Mixing, judged_mixing
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.statistics.chains import effective_sample_size

_N_CHAINS = 16
UPDATES = 20_000_000
"""Largest number of updates of single units for Gibbs sampling: about a second."""

_COST_OF_EXCHANGE = 2
"""Multiple of that for replica exchange, which is tried if Gibbs sampling does not mix."""

_MOST_DRAWS, _FEWEST_DRAWS = 4000, 100
_THIN = 4
_LEVELS = 16
_HOTTEST = 0.1
_ROUNDS = 2000
_SWEEPS_PER_ROUND = 2


@dataclass(frozen=True, eq=False)
class Reference:
    """Moments of a machine, exact or from a digital sampler that mixes.

    Attributes
    ----------
    method : str
        "the exact law", "Gibbs sampling" or "replica exchange".
    mean, mean_se : ndarray of float64, shape (free unit,)
        Means and their standard errors [1].
    energy, energy_se, energy_std : float
        Mean energy, its standard error, and the standard deviation of the energy, in nats.
    mixing : Mixing or None
        How well the sampler mixed; None if nothing was sampled.
    """

    method: str
    mean: NDArray[np.float64]
    mean_se: NDArray[np.float64]
    energy: float
    energy_se: float
    energy_std: float
    mixing: Mixing | None


def reference_of(
    machine: BoltzmannMachine, units: NDArray[np.intp], seed: int, updates: int = UPDATES
) -> tuple[Reference | None, Mixing]:
    """Sample a machine digitally, and give its moments if the chains mixed.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine of the free units.
    units : ndarray of int, shape (free unit,)
        Numbers by which they are called.
    seed : int
        The same seed gives the same reference.
    updates : int
        Largest number of updates of single units.

    Returns
    -------
    reference : Reference or None
        None if neither method mixed.
    mixing : Mixing
        Mixing of plain Gibbs sampling, in either case.
    """
    sweeps = updates // (_N_CHAINS * machine.n_units)
    n_draws = int(np.clip(sweeps // _THIN, _FEWEST_DRAWS, _MOST_DRAWS))
    gibbs = Gibbs(burn_in=n_draws, thin=_THIN)
    states = gibbs.sample(machine, n_draws, n_chains=_N_CHAINS, seed=seed).states
    plain = judged_mixing(machine, states, units, seed)
    if _serves(plain):
        return _moments("Gibbs sampling", machine, states, plain), plain
    states = _exchanged(machine, seed, updates)
    mixing = judged_mixing(machine, states, units, seed)
    if _serves(mixing):
        return _moments("replica exchange", machine, states, mixing), plain
    return None, plain


def enumerated(machine: BoltzmannMachine, target: NDArray[np.float64]) -> Reference:
    """Give the moments of a machine from its exact distribution, shape (2**unit,)."""
    likeliest = int(np.argmax(target))
    state = ((likeliest >> np.arange(machine.n_units)) & 1).astype(np.int8)
    possible = target[target > 0.0]
    # E = -log p plus a constant, which the most probable state determines.
    energy = float(machine.energy(state)) + np.log(target[likeliest]) - np.log(possible)
    mean = float(possible @ energy)
    exact = table_moments(target).mean
    return Reference(
        method="the exact law",
        mean=exact,
        mean_se=np.zeros_like(exact),
        energy=mean,
        energy_se=0.0,
        energy_std=math.sqrt(float(possible @ (energy - mean) ** 2)),
        mixing=None,
    )


def gibbs_beside(
    machine: BoltzmannMachine, states: NDArray[np.int8], units: NDArray[np.intp], seed: int
) -> Mixing:
    """Determine how well equally many draws of Gibbs sampling mix.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine of the free units.
    states : ndarray of int8, shape (chain, draw, free unit)
        Draws with which they are compared.
    units : ndarray of int, shape (free unit,)
        Numbers by which the units are called.
    seed : int
        The same seed gives the same draws.
    """
    n_draws = min(states.shape[1], _MOST_DRAWS)
    draws = Gibbs().sample(machine, n_draws, n_chains=len(states), seed=seed).states
    return judged_mixing(machine, draws, units, seed)


def _serves(mixing: Mixing) -> bool:
    return mixing.has_mixed and not mixing.worst_ess < 4.0 * LEAST_ESS


def _moments(
    method: str, machine: BoltzmannMachine, states: NDArray[np.int8], mixing: Mixing
) -> Reference:
    mean = states.mean(axis=(0, 1), dtype=np.float64)
    energy = np.stack([np.asarray(machine.energy(chain)) for chain in states])
    ess = float(effective_sample_size(energy)) if np.ptp(energy) > 0 else math.inf
    # A unit that its field holds has no error of its own; the rule of three bounds it.
    draws = states.shape[0] * states.shape[1]
    spread = np.sqrt(np.maximum(mean * (1.0 - mean), 3.0 / draws))
    size = np.where(np.isnan(mixing.ess), draws, mixing.ess)
    return Reference(
        method=method,
        mean=mean,
        mean_se=spread / np.sqrt(size),
        energy=float(energy.mean()),
        energy_se=float(energy.std() / math.sqrt(ess)),
        energy_std=float(energy.std()),
        mixing=mixing,
    )


def _exchanged(machine: BoltzmannMachine, seed: int, updates: int) -> NDArray[np.int8]:
    """Draws at inverse temperature 1 of chains that exchange states with hotter ones."""
    from lasersampling.sampling import gibbs_kernel

    betas = np.geomspace(1.0, _HOTTEST, _LEVELS)
    scaled = [(beta * machine.weights, beta * machine.biases) for beta in betas]
    root = np.random.SeedSequence(seed)
    generator = np.random.default_rng(root.spawn(1)[0])
    streams = np.array([s.generate_state(4, np.uint64) for s in root.spawn(_N_CHAINS * _LEVELS)])
    streams = streams.reshape(_LEVELS, _N_CHAINS, 4)
    n = machine.n_units
    sweeps = _COST_OF_EXCHANGE * updates // (_LEVELS * _N_CHAINS * n)
    rounds = int(np.clip(sweeps // _SWEEPS_PER_ROUND, _FEWEST_DRAWS, _ROUNDS))
    states = (generator.uniform(size=(_LEVELS, _N_CHAINS, n)) < 0.5).astype(np.int8)
    held = np.full((_N_CHAINS, n), -1, dtype=np.int8)
    place = np.empty((_N_CHAINS, 1, n), dtype=np.int8)
    draws = np.empty((_N_CHAINS, rounds, n), dtype=np.int8)
    burn_in = rounds // 4
    for k in range(-burn_in, rounds):
        for level, (weights, biases) in enumerate(scaled):
            gibbs_kernel.random_scan(
                weights, biases, held, states[level], streams[level], place, _SWEEPS_PER_ROUND
            )
        energy = np.asarray(machine.energy(states))
        for level in range(k % 2, _LEVELS - 1, 2):
            gain = (betas[level] - betas[level + 1]) * (energy[level] - energy[level + 1])
            swap = np.log(generator.uniform(size=_N_CHAINS)) < gain
            states[level, swap], states[level + 1, swap] = (
                states[level + 1, swap].copy(),
                states[level, swap].copy(),
            )
        if k >= 0:
            draws[:, k] = states[0]
    return draws
