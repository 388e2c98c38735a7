"""Binary states z(t) that follow from spikes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def states_since_rest(
    trains: tuple[NDArray[np.float64], NDArray[np.int64]],
    shape: tuple[int, int],
    refractory_time_ns: float,
    times_ns: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Read the states of units that did not spike before the recording; see `SpikeTrains.states`.

    Parameters
    ----------
    trains : tuple of ndarray
        Spikes, as `SpikeTrains.sorted_by_unit` returns them [ns].
    shape : tuple of int
        Numbers of chains and of units.
    refractory_time_ns : float
        tau [ns].
    times_ns : ndarray of float64, shape (draw,)
        Times within the recording [ns].

    Returns
    -------
    ndarray of int8, shape (chain, draw, unit)
    """
    times, begins = trains
    states = np.zeros((*shape, times_ns.size), dtype=np.int8)
    for k, row in enumerate(states.reshape(-1, times_ns.size)):
        train = times[begins[k] : begins[k + 1]]
        if train.size:
            last = np.searchsorted(train, times_ns, side="right") - 1
            since = times_ns - train[np.maximum(last, 0)]
            row[:] = (last >= 0) & (since < refractory_time_ns)
    return np.ascontiguousarray(states.transpose(0, 2, 1))
