"""State of a network of lasers, from which a later simulation can continue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError, Problem

__all__ = ["NetworkState", "joined"]


@dataclass(frozen=True, eq=False)
class NetworkState:
    """Physical state of all lasers of all chains, and the spikes that may still act.

    The effect of synapses on the pumps is not part of it: a continued simulation computes it anew
    from the recent spikes, with the weights and delays that it is given.

    Attributes
    ----------
    field : ndarray of complex64, shape (chain, laser)
        Slowly varying field E of the mode; |E|^2 - 1/2 is the photon number [sqrt(photons)].
    gain_electrons, absorber_electrons : ndarray of float32, shape (chain, laser)
        N1 and N2 [electrons].
    armed : ndarray of int8, shape (chain, laser)
        1 if the next rise through the detection threshold counts as a spike.
    spike_chain, spike_laser : ndarray of int32, shape (spike,)
        Which lasers spiked recently; by chain, then time.
    spike_time_ns : ndarray of float64, shape (spike,)
        Spike times relative to this state; positive for jittered spikes that are pending [ns].
    resource : ndarray of float64, shape (chain, laser), or None
        Resource left in the synapses of each laser, with short-term depression; see `depression`
        [1].
    spike_amplitude : ndarray of float64, shape (spike,), or None
        Strength of each of the spikes, with short-term depression [1].

    Raises
    ------
    InputError
        If the arrays do not fit together or hold values that no network can have.
    """

    field: NDArray[np.complex64]
    gain_electrons: NDArray[np.float32]
    absorber_electrons: NDArray[np.float32]
    armed: NDArray[np.int8]
    spike_chain: NDArray[np.int32]
    spike_laser: NDArray[np.int32]
    spike_time_ns: NDArray[np.float64]
    resource: NDArray[np.float64] | None = None
    spike_amplitude: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        shape = self.field.shape
        problems = []
        for name in ("field", "gain_electrons", "absorber_electrons", "armed", "resource"):
            values = getattr(self, name)
            if values is None:
                continue
            if values.ndim != 2 or values.shape != shape:
                problems.append(
                    Problem(name, f"shape {values.shape}", f"one shape (chain, laser), {shape}")
                )
            elif not np.isfinite(values).all():
                problems.append(Problem(name, "values that are not finite", "finite values"))
        n_spikes = self.spike_time_ns.shape
        for name in ("spike_chain", "spike_laser", "spike_time_ns", "spike_amplitude"):
            values = getattr(self, name)
            if values is None:
                continue
            if values.ndim != 1 or values.shape != n_spikes:
                problems.append(
                    Problem(name, f"shape {values.shape}", f"one shape (spike,), {n_spikes}")
                )
        if problems:
            raise InputError(problems)
        for name, n in (("spike_chain", shape[0]), ("spike_laser", shape[1])):
            values = getattr(self, name)
            if values.size and not 0 <= values.min() <= values.max() < n:
                problems.append(Problem(name, f"{values.min()} to {values.max()}", f"0 to {n - 1}"))
        for name, kind in (("spike_time_ns", "times"), ("spike_amplitude", "values")):
            values = getattr(self, name)
            if values is not None and not np.isfinite(values).all():
                problems.append(Problem(name, "values that are not finite", f"finite {kind}"))
        if problems:
            raise InputError(problems)

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return int(self.field.shape[0])

    @property
    def n_lasers(self) -> int:
        """Lasers of each chain."""
        return int(self.field.shape[1])

    @property
    def spike_lane(self) -> NDArray[np.int64]:
        """Laser of each recent spike, counted through all chains."""
        return self.spike_chain.astype(np.int64) * self.n_lasers + self.spike_laser

    @property
    def amplitudes(self) -> NDArray[np.float64]:
        """Strength of each recent spike, 1 without short-term depression [1]."""
        if self.spike_amplitude is None:
            return np.ones(self.spike_time_ns.size)
        return self.spike_amplitude

    def part(self, chains: NDArray[np.intp], lasers: NDArray[np.intp]) -> NetworkState:
        """State of some chains and lasers, renumbered in the given order.

        Parameters
        ----------
        chains, lasers : ndarray of int
            Their numbers, without repetition.
        """
        new_chain = np.full(self.n_chains, -1, dtype=np.int32)
        new_chain[chains] = np.arange(len(chains))
        new_laser = np.full(self.n_lasers, -1, dtype=np.int32)
        new_laser[lasers] = np.arange(len(lasers))
        chain, laser = new_chain[self.spike_chain], new_laser[self.spike_laser]
        kept = np.flatnonzero((chain >= 0) & (laser >= 0))
        kept = kept[np.lexsort((self.spike_time_ns[kept], chain[kept]))]
        window = np.ix_(chains, lasers)
        return NetworkState(
            self.field[window],
            self.gain_electrons[window],
            self.absorber_electrons[window],
            self.armed[window],
            chain[kept],
            laser[kept],
            self.spike_time_ns[kept],
            None if self.resource is None else self.resource[window],
            None if self.spike_amplitude is None else self.spike_amplitude[kept],
        )


def joined(states: Sequence[NetworkState]) -> NetworkState:
    """State of all chains of several states, one after the other."""
    first_chain = np.cumsum([0, *(state.n_chains for state in states)])
    chains = [state.spike_chain + n for state, n in zip(states, first_chain, strict=False)]
    return NetworkState(
        np.concatenate([state.field for state in states]),
        np.concatenate([state.gain_electrons for state in states]),
        np.concatenate([state.absorber_electrons for state in states]),
        np.concatenate([state.armed for state in states]),
        np.concatenate(chains).astype(np.int32),
        np.concatenate([state.spike_laser for state in states]),
        np.concatenate([state.spike_time_ns for state in states]),
        _all([state.resource for state in states]),
        _all([state.spike_amplitude for state in states]),
    )


def _all(arrays: list[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    """Arrays one after the other; None unless all are there."""
    there = [array for array in arrays if array is not None]
    return np.concatenate(there) if len(there) == len(arrays) else None
