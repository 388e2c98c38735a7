"""States of laser networks as the plain arrays that samplers hand on and checkpoints keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError, Problem
from lasersampling.lasers.state import NetworkState
from lasersampling.sampling.protocol import ChainState, checked_arrays

_STATE = {"field": np.complex64, "gain_electrons": np.float32, "absorber_electrons": np.float32,
          "armed": np.int8, "has_laser": np.int8}  # fmt: skip
_SPIKES = {"spike_chain": np.int32, "spike_unit": np.int32, "spike_time_ns": np.float64}


class Part(NamedTuple):
    """Chains that share their lasers, and where these stand."""

    chains: NDArray[np.intp]
    units: NDArray[np.intp]
    state: NetworkState


def chain_state(
    parts: Sequence[Part], n_chains: int, n_units: int
) -> dict[str, NDArray[np.generic]]:
    """State of all chains with the machine's numbering; zeros where a unit has no laser."""
    arrays: dict[str, NDArray[np.generic]] = {
        name: np.zeros((n_chains, n_units), dtype) for name, dtype in _STATE.items()
    }
    spikes: dict[str, list[NDArray[np.generic]]] = {name: [] for name in _SPIKES}
    for chains, units, state in parts:
        window = np.ix_(chains, units)
        for name in ("field", "gain_electrons", "absorber_electrons", "armed"):
            arrays[name][window] = getattr(state, name)
        arrays["has_laser"][window] = 1
        spikes["spike_chain"].append(chains[state.spike_chain])
        spikes["spike_unit"].append(units[state.spike_laser])
        spikes["spike_time_ns"].append(state.spike_time_ns)
    for name, dtype in _SPIKES.items():
        arrays[name] = np.concatenate([np.zeros(0, dtype), *spikes[name]]).astype(dtype)
    return arrays


def network_state(start: ChainState, has_laser: NDArray[np.bool_], *more: str) -> NetworkState:
    """State of all units of all chains, out of what `chain_state` gave.

    Parameters
    ----------
    start : mapping
        The arrays.
    has_laser : ndarray of bool, shape (chain, unit)
        Which units have a laser in the run to come; it must be those that had one.
    *more : str
        Names of further arrays of numbers for each unit that the state must have.

    Raises
    ------
    InputError
        When the state does not fit.
    """
    shape = has_laser.shape
    arrays = checked_arrays(
        start, {name: (dtype, shape) for name, dtype in _STATE.items()}
        | {name: (dtype, (None,)) for name, dtype in _SPIKES.items()}
        | dict.fromkeys(more, (np.float64, shape)),
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
