"""States of laser networks as plain arrays, for samplers and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lasersampling.errors import InputError, Problem
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.protocol import ChainState, checked_arrays

_STATE = {"field": np.complex64, "gain_electrons": np.float32, "absorber_electrons": np.float32,
          "armed": np.int8, "has_laser": np.int8}  # fmt: skip
_SPIKES: dict[str, type[np.generic]] = {
    "spike_chain": np.int32,
    "spike_unit": np.int32,
    "spike_time_ns": np.float64,
}

RESOURCE, SPIKE_AMPLITUDE = "resource", "spike_amplitude"
"""Additional arrays with short-term depression: for each unit, and for each recent spike."""


class Part(NamedTuple):
    """Chains that share their lasers, and the state of these."""

    chains: NDArray[np.intp]
    units: NDArray[np.intp]
    state: NetworkState


def chain_state(
    parts: Sequence[Part], n_chains: int, n_units: int, *, tiring: bool = False
) -> dict[str, NDArray[np.generic]]:
    """State of all chains in the machine's numbering; zeros for units without a laser.

    Parameters
    ----------
    parts : sequence of Part
        States of the lasers.
    n_chains, n_units : int
        Numbers of all parts together.
    tiring : bool
        Whether synapses have short-term depression.
    """
    arrays: dict[str, NDArray[np.generic]] = {
        name: np.zeros((n_chains, n_units), dtype) for name, dtype in _STATE.items()
    }
    of_spikes = dict(_SPIKES)
    if tiring:
        arrays[RESOURCE] = np.zeros((n_chains, n_units))
        of_spikes[SPIKE_AMPLITUDE] = np.float64
    spikes: dict[str, list[NDArray[np.generic]]] = {name: [] for name in of_spikes}
    for chains, units, state in parts:
        window = np.ix_(chains, units)
        for name in ("field", "gain_electrons", "absorber_electrons", "armed"):
            arrays[name][window] = getattr(state, name)
        arrays["has_laser"][window] = 1
        spikes["spike_chain"].append(chains[state.spike_chain])
        spikes["spike_unit"].append(units[state.spike_laser])
        spikes["spike_time_ns"].append(state.spike_time_ns)
        if tiring:
            assert state.resource is not None and state.spike_amplitude is not None
            arrays[RESOURCE][window] = state.resource
            spikes[SPIKE_AMPLITUDE].append(state.spike_amplitude)
    for name, dtype in of_spikes.items():
        arrays[name] = np.concatenate([np.zeros(0, dtype), *spikes[name]]).astype(dtype)
    return arrays


def network_state(
    start: ChainState,
    has_laser: NDArray[np.bool_],
    more: Mapping[str, tuple[DTypeLike, tuple[int | None, ...]]],
) -> NetworkState:
    """State of all units of all chains, from the result of `chain_state`.

    Parameters
    ----------
    start : mapping
        The arrays.
    has_laser : ndarray of bool, shape (chain, unit)
        Units that have a laser in the coming run; these must be those that had one before.
    more : mapping of str to (dtype, shape)
        Further arrays that the state must have.

    Raises
    ------
    InputError
        When the state does not fit.
    """
    shape = has_laser.shape
    arrays = checked_arrays(
        start, {name: (dtype, shape) for name, dtype in _STATE.items()}
        | {name: (dtype, (None,)) for name, dtype in _SPIKES.items()}
        | dict(more),
    )  # fmt: skip
    try:
        state = NetworkState(
            arrays["field"],
            arrays["gain_electrons"],
            arrays["absorber_electrons"],
            arrays["armed"],
            arrays["spike_chain"],
            arrays["spike_unit"],
            arrays["spike_time_ns"],
            arrays.get(RESOURCE),
            arrays.get(SPIKE_AMPLITUDE),
        )
    except InputError as error:
        raise InputError(
            [Problem(f"start.{p.where}", p.got, p.expected) for p in error.problems]
        ) from None
    different = np.argwhere((arrays["has_laser"] != 0) != has_laser)
    if different.size:
        chain, unit = different[0]
        expected = "the units clamped as in the run that it is the end of, or clamping='pump'"
        had = "a laser" if arrays["has_laser"][chain, unit] else "no laser"
        raise InputError.single("start", f"{had} for unit {unit} of chain {chain}", expected)
    return state


def gathered_spikes(
    parts: Sequence[Part], trains: Sequence[SpikeTrains], n_chains: int, n_units: int
) -> SpikeTrains | None:
    """Spikes of all chains in the machine's numbering of units; None if there are no lasers."""
    if not parts:
        return None
    times = [np.zeros(0)] * n_chains
    units = [np.zeros(0, dtype=np.int32)] * n_chains
    for (chains, own_units, _), spikes in zip(parts, trains, strict=True):
        for own, chain in enumerate(chains):
            times[chain], local = spikes.chain(own)
            units[chain] = own_units[local].astype(np.int32)
    offset = np.append(0, np.cumsum([len(t) for t in times])).astype(np.int64)
    duration = max(spikes.duration_ns for spikes in trains)
    return SpikeTrains(np.concatenate(times), np.concatenate(units), offset, n_units, duration)
