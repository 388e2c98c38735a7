"""States of laser networks as plain arrays, for samplers and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.lasers.chain_state import LASER_ARRAYS, StateArray
from lasersampling.lasers.integrator.state import NETWORK_ARRAYS, NetworkState
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.protocol import ChainState, checked_arrays

HAS_LASER = StateArray("has_laser", np.int8, "unit")
"""1 for units that have a laser: free units, and clamped ones if their pump clamps them."""

NEURON_ARRAYS = (*LASER_ARRAYS, HAS_LASER)
"""Arrays in the state of every chain of lasers; effects that are switched on add their own."""

_STORED_NAMES = {"spike_laser": "spike_unit"}  # lasers are counted as units of the machine


def _stored_name(array: StateArray) -> str:
    return _STORED_NAMES.get(array.name, array.name)


class Part(NamedTuple):
    """Chains that share their lasers, and the state of these."""

    chains: NDArray[np.intp]
    units: NDArray[np.intp]
    state: NetworkState


def chain_state(
    parts: Sequence[Part],
    shape: tuple[int, int],
    arrays: Sequence[StateArray],
    values: Mapping[str, NDArray[np.generic]],
) -> dict[str, NDArray[np.generic]]:
    """State of all chains in the machine's numbering; zeros for units without a laser.

    Spikes stand by chain.

    Parameters
    ----------
    parts : sequence of Part
        States of the lasers.
    shape : tuple of int
        Numbers of chains and units of all parts together.
    arrays : sequence of StateArray
        Declarations of the arrays.
    values : mapping of str to ndarray
        Arrays that are no part of the state of the lasers, by name.
    """
    found: dict[str, NDArray[np.generic]] = {}
    of_spikes = [_of_spikes("spike_chain", part) for part in parts]
    order = np.argsort(np.concatenate([np.zeros(0, np.intp), *of_spikes]), kind="stable")
    for array in arrays:
        name = array.name
        if name in values:
            found[name] = values[name]
        elif array.per == "unit":
            found[name] = np.zeros(shape, array.dtype)
            for chains, units, state in parts:
                own = np.int8(1) if array is HAS_LASER else getattr(state, name)
                found[name][np.ix_(chains, units)] = own
        else:
            flat = [np.zeros(0, array.dtype), *(_of_spikes(name, part) for part in parts)]
            found[_stored_name(array)] = np.concatenate(flat)[order].astype(array.dtype)
    return found


def _of_spikes(name: str, part: Part) -> NDArray[np.generic]:
    """An array of recent spikes, with chains and units numbered over all parts together."""
    values: NDArray[np.generic] = getattr(part.state, name)
    numbers = {"spike_chain": part.chains, "spike_laser": part.units}
    return numbers[name][values] if name in numbers else values  # type: ignore[index]


def network_state(
    start: ChainState, has_laser: NDArray[np.bool_], declared: Sequence[StateArray]
) -> NetworkState:
    """State of all units of all chains, from the result of `chain_state`.

    Parameters
    ----------
    start : mapping
        The arrays.
    has_laser : ndarray of bool, shape (chain, unit)
        Units that have a laser in the coming run; these must be those that had one before.
    declared : sequence of StateArray
        Declarations of the arrays.

    Raises
    ------
    InputError
        When the state does not fit.
    """
    arrays = checked_arrays(
        start, {_stored_name(a): (a.dtype, a.shape(has_laser.shape)) for a in declared}
    )
    own: dict[str, Any] = {a.name: arrays[_stored_name(a)] for a in declared if a in NETWORK_ARRAYS}
    try:
        state = NetworkState(**own)
    except InputError as error:
        raise InputError([p.at(f"start.{p.where}") for p in error.problems]) from None
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
    whose = [
        chains[np.repeat(np.arange(len(chains)), np.diff(spikes.chain_offset))]
        for (chains, _, _), spikes in zip(parts, trains, strict=True)
    ]
    units = [part.units[spikes.unit] for part, spikes in zip(parts, trains, strict=True)]
    return SpikeTrains.of_events(
        np.concatenate(whose),
        np.concatenate([spikes.time_ns for spikes in trains]),
        np.concatenate(units),
        shape=(n_chains, n_units),
        duration_ns=max(spikes.duration_ns for spikes in trains),
    )
