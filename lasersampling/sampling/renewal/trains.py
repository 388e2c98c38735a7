"""Spikes of renewal neurons, chain by chain, as one run passes them on to the next."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.neurons.dispersed_starts import FirstSpikes
from lasersampling.sampling.protocol import ChainState, checked_arrays

_STATE = {"spike_chain": np.int32, "spike_unit": np.int32, "spike_time_ns": np.float64}


class Train(NamedTuple):
    """Spikes of one chain, ascending in time."""

    time: NDArray[np.float64]
    unit: NDArray[np.int32]

    @classmethod
    def empty(cls) -> Train:
        """No spikes."""
        return cls(np.zeros(0), np.zeros(0, dtype=np.int32))

    def after(self, time: float) -> Train:
        """Return the spikes after a time."""
        first = np.searchsorted(self.time, time, side="right")
        return Train(self.time[first:], self.unit[first:])

    def later(self, by: float) -> Train:
        """Return all spikes, shifted to later times."""
        return Train(self.time + by, self.unit)


def recent_spikes(start: ChainState, n_chains: int, n_units: int) -> list[Train]:
    """Spikes of each chain before a continued run, checked; times are negative, up to 0."""
    expected = {name: (dtype, (None,)) for name, dtype in _STATE.items()}
    arrays = checked_arrays(start, {**expected, "shape": (np.int64, (2,))})
    if tuple(arrays["shape"]) != (n_chains, n_units):
        got = f"{arrays['shape'][0]} chains of {arrays['shape'][1]} units"
        expected_shape = f"{n_chains} of {n_units}, as many chains and units as this run"
        raise InputError.single("start", got, expected_shape)
    chain, unit, time = (arrays[name] for name in _STATE)
    fits = len(chain) == len(unit) == len(time)
    if not fits or np.any(chain < 0) or np.any(chain >= n_chains):
        raise InputError.single("start.spike_chain", "chains that are not there",
                                f"0 to {n_chains - 1}, one for each spike")  # fmt: skip
    if np.any(unit < 0) or np.any(unit >= n_units):
        got = f"{unit.min()} to {unit.max()}"
        raise InputError.single("start.spike_unit", got, f"0 to {n_units - 1}")
    if not np.all(time <= 0.0):
        raise InputError.single("start.spike_time_ns", "times after the start", "times up to 0")
    order = np.lexsort((time, chain))
    bounds = np.searchsorted(chain[order], np.arange(n_chains + 1))
    parts = [order[a:b] for a, b in pairwise(bounds)]
    return [Train(time[part], unit[part]) for part in parts]


def trains_of(spikes: FirstSpikes, n_chains: int, began: float) -> list[Train]:
    """Spikes with which chains begin, all before the time `began` [ns]."""
    bounds = np.searchsorted(spikes.chain, np.arange(n_chains + 1))
    return [Train(spikes.time_ns[a:b] + began, spikes.unit[a:b]) for a, b in pairwise(bounds)]


def chain_state(ends: list[Train], shape: tuple[int, ...]) -> dict[str, NDArray[np.generic]]:
    """State of the chains: spikes that still act, or that determine the age of a neuron."""
    lengths = [len(end.time) for end in ends]
    return {
        "shape": np.array(shape, dtype=np.int64),
        "spike_chain": np.repeat(np.arange(len(ends), dtype=np.int32), lengths),
        "spike_unit": np.concatenate([end.unit for end in ends]),
        "spike_time_ns": np.concatenate([end.time for end in ends]),
    }


def spike_trains(trains: list[Train], n_units: int, last: float) -> SpikeTrains:
    """Spikes from the beginning of the recording on."""
    trains = [train.after(np.nextafter(0.0, -1.0)) for train in trains]
    offset = np.append(0, np.cumsum([len(train.time) for train in trains])).astype(np.int64)
    times = np.concatenate([train.time for train in trains])
    return SpikeTrains(times, np.concatenate([t.unit for t in trains]), offset, n_units, last)
