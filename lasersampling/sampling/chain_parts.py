"""Chains of one run taken apart and put together: their states, and their samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.protocol import ChainState, Samples

_CHAIN, _SPIKES, _SHAPE = "spike_chain", "spike_", "shape"
"""Names in states of chains; see `sampling.protocol.Divisible`."""


def state_of_chains(state: ChainState, chains: range) -> dict[str, NDArray[Any]]:
    """Take some chains out of the state of all.

    Parameters
    ----------
    state : mapping of str to ndarray
        State of all chains of a `sampling.protocol.Divisible` sampler.
    chains : range
        Numbers of the chains, which are consecutive.

    Returns
    -------
    dict of str to ndarray
        Their state, counted from 0.

    Examples
    --------
    >>> state_of_chains({"states": np.array([[0, 1], [1, 1], [1, 0]])}, range(1, 3))
    {'states': array([[1, 1],
           [1, 0]])}
    """
    own: NDArray[np.bool_] | None = None
    if _CHAIN in state:
        chain = np.asarray(state[_CHAIN])
        own = (chain >= chains.start) & (chain < chains.stop)
    part: dict[str, NDArray[Any]] = {}
    for name, given in state.items():
        values = np.asarray(given)
        if values.ndim == 2:
            part[name] = values[chains.start : chains.stop]
        elif name.startswith(_SPIKES) and own is not None:
            part[name] = values[own] - (chains.start if name == _CHAIN else 0)
        elif name == _SHAPE:
            part[name] = np.array([len(chains), *values[1:]], dtype=values.dtype)
        else:
            part[name] = values
    return part


def joined_states(states: Sequence[ChainState], sizes: Sequence[int]) -> dict[str, NDArray[Any]]:
    """Put states of chains one after the other.

    Parameters
    ----------
    states : sequence of mapping of str to ndarray
        States, each counted from 0.
    sizes : sequence of int
        How many chains each of them has.
    """
    firsts = np.cumsum([0, *sizes])
    whole: dict[str, NDArray[Any]] = {}
    for name, values in states[0].items():
        parts = [state[name] for state in states]
        if name == _CHAIN:
            parts = [part + first for part, first in zip(parts, firsts, strict=False)]
        if values.ndim == 2 or name.startswith(_SPIKES):
            whole[name] = np.concatenate(parts).astype(values.dtype)
        elif name == _SHAPE:
            whole[name] = np.array([firsts[-1], *values[1:]], dtype=values.dtype)
        else:
            whole[name] = values
    return whole


def joined_chains(parts: Sequence[Samples]) -> Samples:
    """Put the chains of samples one after the other.

    Parameters
    ----------
    parts : sequence of Samples
        Chains of one run, in their order, from `sampling.protocol.Divisible.sample_chains`.
    """
    first = parts[0]
    ends = [part.end for part in parts if part.end is not None]
    end = None
    if len(ends) == len(parts):
        end = joined_states(ends, [part.n_chains for part in parts])
    states = np.concatenate([part.states for part in parts])
    return replace(first, states=states, spikes=_joined_spikes(parts), end=end)


def _joined_spikes(parts: Sequence[Samples]) -> SpikeTrains | None:
    """Join spikes; chains of which no unit spikes have none."""
    known = next((part.spikes for part in parts if part.spikes is not None), None)
    if known is None:
        return None
    counts, times, units = [], [], []
    for part in parts:
        if part.spikes is None:
            counts.append(np.zeros(part.n_chains, dtype=np.int64))
            continue
        counts.append(np.diff(part.spikes.chain_offset))
        times.append(part.spikes.time_ns)
        units.append(part.spikes.unit)
    offset = np.append(0, np.cumsum(np.concatenate(counts))).astype(np.int64)
    return replace(
        known, time_ns=np.concatenate(times), unit=np.concatenate(units), chain_offset=offset
    )
