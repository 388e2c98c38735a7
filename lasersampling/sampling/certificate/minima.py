"""Minima of the energy: where the modes of a machine are, and which modes draws have visited.

A state is quenched by setting each unit, in turn, to the value of lower energy until nothing
changes. States that end in the same minimum belong to one basin. Many quenches from random states
find minima that the draws may have missed. The weight of a missed basin relative to the visited
ones is estimated by the free energy of independent units around its minimum,

    F = E(z) - sum_k log(1 + exp(-|u_k|)),

which counts the states one flip away, and further states as if the flips were independent.

References
----------
F. H. Stillinger, T. A. Weber, Phys. Rev. A 25 (1982) 978 (inherent structures: minima of the
energy as a partition of the states);
J. Besag, J. R. Statist. Soc. B 48 (1986) 259 (iterated conditional modes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine

_MOST_SWEEPS = 200


@dataclass(frozen=True, eq=False)
class Basins:
    """Minima of the energy, deepest first, and which chains were in their basins.

    Attributes
    ----------
    minima : ndarray of int8, shape (minimum, unit)
        States whose energy no single flip lowers.
    free_energy : ndarray of float64, shape (minimum,)
        Free energy of each basin, in nats, up to a common constant.
    visited : ndarray of bool, shape (minimum,)
        Whether any draw was quenched to it.
    share : ndarray of float64, shape (chain, minimum)
        Fraction of the quenched draws of each chain [1].
    """

    minima: NDArray[np.int8]
    free_energy: NDArray[np.float64]
    visited: NDArray[np.bool_]
    share: NDArray[np.float64]

    def missed(self, least_weight: float) -> NDArray[np.intp]:
        """Unvisited minima that should have more than this fraction of the draws [1]."""
        weight = np.exp(self.free_energy.min() - self.free_energy)
        weight /= weight.sum()
        return np.flatnonzero(~self.visited & (weight > least_weight))


def quenched(machine: BoltzmannMachine, states: NDArray[np.int8]) -> NDArray[np.int8]:
    """Bring states to minima of the energy, unit by unit.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine with the energy.
    states : ndarray of int8, shape (state, unit)
        Initial states.

    Returns
    -------
    ndarray of int8, shape (state, unit)

    Examples
    --------
    >>> machine = BoltzmannMachine([[0.0, 2.0], [2.0, 0.0]], [-1.0, -1.0])
    >>> quenched(machine, np.array([[1, 1], [0, 0]], dtype=np.int8)).tolist()
    [[1, 1], [0, 0]]
    """
    z = states.astype(np.float64)
    fields = z @ machine.weights + machine.biases
    for _ in range(_MOST_SWEEPS):
        changed = False
        for unit in range(machine.n_units):
            own = fields[:, unit]
            # At a field of exactly zero both values have the same energy, and the unit stays as it
            # is.
            flips = np.flatnonzero(np.where(z[:, unit] > 0.5, own < 0.0, own > 0.0))
            if flips.size:
                changed = True
                difference = 1.0 - 2.0 * z[flips, unit]
                z[flips, unit] += difference
                fields[flips] += difference[:, None] * machine.weights[unit]
        if not changed:
            break
    return z.astype(np.int8)


def basins(
    machine: BoltzmannMachine, draws: NDArray[np.int8], n_restarts: int, seed: int
) -> Basins:
    """Find minima from draws and from random states.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine of the free units.
    draws : ndarray of int8, shape (chain, draw, unit)
        Draws to be assigned to basins.
    n_restarts : int
        Number of random states. In half of them the probability of 1 is drawn uniformly for each
        state, so that nearly empty and nearly full states occur.
    seed : int
        Seed of the random states.
    """
    n_chains, n_draws, n_units = draws.shape
    generator = np.random.default_rng(seed)
    share = np.where(np.arange(n_restarts) % 2 == 0, 0.5, generator.uniform(size=n_restarts))
    restarts = (generator.uniform(size=(n_restarts, n_units)) < share[:, None]).astype(np.int8)
    ends = quenched(machine, np.concatenate([draws.reshape(-1, n_units), restarts]))
    minima, which = np.unique(ends, axis=0, return_inverse=True)
    which = which.reshape(-1)
    fields = machine.local_field(minima)
    free_energy = machine.energy(minima) - np.log1p(np.exp(-np.abs(fields))).sum(axis=-1)
    order = np.argsort(free_energy, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    of_draws = rank[which[: n_chains * n_draws]].reshape(n_chains, n_draws)
    counts = np.stack([np.bincount(chain, minlength=len(order)) for chain in of_draws])
    return Basins(
        minima=minima[order],
        free_energy=np.asarray(free_energy[order], dtype=np.float64),
        visited=np.asarray(counts.any(axis=0)),
        share=counts / n_draws,
    )
