"""State of a network of lasers, from which a later simulation can continue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError, Problem
from lasersampling.lasers.chain_state import LASER_ARRAYS
from lasersampling.lasers.depression import DEPRESSION_ARRAYS, SPIKE_AMPLITUDE
from lasersampling.lasers.device import Device

__all__ = ["NETWORK_ARRAYS", "NetworkState", "joined"]

NETWORK_ARRAYS = LASER_ARRAYS + DEPRESSION_ARRAYS
"""Arrays that the state of a network can have; those of an effect that is absent are None."""


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
    device : Device or None
        The lasers that it belongs to; None if it was made of arrays alone. A simulation of lasers
        with other sections or another cavity refuses it.

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
    device: Device | None = None

    def __post_init__(self) -> None:
        shape, n_spikes = self.field.shape, self.spike_time_ns.shape
        arrays = self.arrays()
        problems = []
        for array in NETWORK_ARRAYS:
            if array.name not in arrays:
                continue
            found = arrays[array.name].shape
            if array.per == "unit" and (found != shape or len(found) != 2):
                expected = f"one shape (chain, laser), {shape}"
                problems.append(Problem(array.name, f"shape {found}", expected))
            elif array.per == "spike" and (found != n_spikes or len(found) != 1):
                expected = f"one shape (spike,), {n_spikes}"
                problems.append(Problem(array.name, f"shape {found}", expected))
        if problems:
            raise InputError(problems)
        for name, n in (("spike_chain", shape[0]), ("spike_laser", shape[1])):
            values = arrays[name]
            if values.size and not 0 <= values.min() <= values.max() < n:
                problems.append(Problem(name, f"{values.min()} to {values.max()}", f"0 to {n - 1}"))
        problems += [
            Problem(name, "values that are not finite", "finite values")
            for name, values in arrays.items()
            if not np.isfinite(values).all()
        ]
        if problems:
            raise InputError(problems)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all arrays that are present, by name."""
        arrays = {array.name: getattr(self, array.name) for array in NETWORK_ARRAYS}
        return {name: values for name, values in arrays.items() if values is not None}

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
        if self.spike_amplitude is not None:
            return self.spike_amplitude
        untired: NDArray[np.float64] = SPIKE_AMPLITUDE.started(self.spike_time_ns.size)
        return untired

    def with_spikes(
        self, chain: NDArray[np.int32], laser: NDArray[np.int32], time_ns: NDArray[np.float64]
    ) -> NetworkState:
        """Return the state of the same lasers after other recent spikes, all of full strength.

        Parameters
        ----------
        chain, laser, time_ns : ndarray, shape (spike,)
            Which lasers spiked, and when, counted from the time of this state [ns].
        """
        amplitude = None
        if self.spike_amplitude is not None:
            amplitude = SPIKE_AMPLITUDE.started(len(time_ns))
        return replace(
            self, spike_chain=chain, spike_laser=laser, spike_time_ns=time_ns,
            spike_amplitude=amplitude,
        )  # fmt: skip

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
        taken: dict[str, Any] = {"unit": np.ix_(chains, lasers), "spike": kept}
        per = {array.name: array.per for array in NETWORK_ARRAYS}
        arrays = {name: values[taken[per[name]]] for name, values in self.arrays().items()}
        own = arrays | {"spike_chain": chain[kept], "spike_laser": laser[kept]}
        return NetworkState(**own, device=self.device)


def joined(states: Sequence[NetworkState]) -> NetworkState:
    """State of all chains of several states, one after the other."""
    parts = [state.arrays() for state in states]
    arrays = {
        name: np.concatenate([part[name] for part in parts])
        for name in parts[0]
        if all(name in part for part in parts)
    }
    first_chain = np.cumsum([0, *(state.n_chains for state in states)])
    chains = [state.spike_chain + n for state, n in zip(states, first_chain, strict=False)]
    own = arrays | {"spike_chain": np.concatenate(chains).astype(np.int32)}
    return NetworkState(**own, device=states[0].device)
