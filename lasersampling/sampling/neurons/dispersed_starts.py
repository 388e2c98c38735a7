"""Start of new chains in random states, which differ between chains.

R-hat compares chains, and detects modes between which they do not change only if they start far
apart (Gelman and Rubin, Statist. Sci. 7 (1992) 457). Lasers at rest are all in the state 0. So
chains begin as if some lasers, chosen with probability 1/2, had spiked within the last refractory
time: their pulses act on the others, which respond before the states are read.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE

_STREAM = 5
"""Random stream of the starts, different from others of the same seed."""


class FirstSpikes(NamedTuple):
    """Spikes before the start, by chain, then time.

    Attributes
    ----------
    chain, unit : ndarray of int32, shape (spike,)
        Chain and unit of each spike.
    time_ns : ndarray of float64, shape (spike,)
        Spike times, from -tau to 0, which is the start [ns].
    """

    chain: NDArray[np.int32]
    unit: NDArray[np.int32]
    time_ns: NDArray[np.float64]

    def among(self, chains: NDArray[np.intp], units: NDArray[np.intp], n_units: int) -> FirstSpikes:
        """Give the spikes of some chains and units, renumbered; both ascending."""
        number = np.full(n_units, -1, dtype=np.int32)
        number[units] = np.arange(len(units))
        chosen = np.isin(self.chain, chains) & (number[self.unit] >= 0)
        chain = np.searchsorted(chains, self.chain[chosen]).astype(np.int32)
        return FirstSpikes(chain, number[self.unit[chosen]], self.time_ns[chosen])


def first_spikes(
    held: NDArray[np.int8], refractory_time_ns: float, seed: int, first_chain: int = 0
) -> FirstSpikes:
    """Draw the spikes with which chains begin; those of a chain do not depend on the others.

    Parameters
    ----------
    held : ndarray of int8, shape (chain, unit)
        -1 for free units; a held unit has a spike if it is held at 1.
    refractory_time_ns : float
        tau [ns].
    seed : int
        Seed of the random numbers.
    first_chain : int
        Number of the first of these chains in its run. In the result they count from 0.
    """
    chains, units, times = [], [], []
    for chain, values in enumerate(held):
        key = _STREAM, first_chain + chain
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        coins = generator.integers(0, 2, len(values))
        ages = refractory_time_ns * generator.random(len(values))
        unit = np.flatnonzero(np.where(values == FREE, coins, values) == 1)
        unit = unit[np.argsort(-ages[unit], kind="stable")]
        chains.append(np.full(len(unit), chain, dtype=np.int32))
        units.append(unit.astype(np.int32))
        times.append(-ages[unit])
    return FirstSpikes(np.concatenate(chains), np.concatenate(units), np.concatenate(times))
