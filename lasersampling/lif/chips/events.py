"""Events on a chip: what happens to spikes between neurons and their observers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lasersampling.compiling import njit
from lasersampling.hardware import Spikes
from lasersampling.lif.streams import Streams

FURTHEST_JITTER = 4.0  # standard deviations


def seen(
    spikes: NDArray[np.float64], about: Spikes, streams: Streams, period: float
) -> NDArray[np.float64]:
    """Return the spikes of a layer as they leave the chip.

    Spurious spikes come first (a neuron still spikes at most once), then jitter, loss, and the bus,
    which carries one spike after the other.

    Parameters
    ----------
    spikes : ndarray of float64, shape (member, sample, neuron)
        Times at which neurons would spike, inf for never [tau_syn].
    about : Spikes
        Imperfections of the spikes.
    streams : Streams
        Source of random numbers.
    period : float
        Duration of a sample, from 0; later spikes are not seen [tau_syn].
    """
    shape = spikes.shape[1:]
    if about.spurious_rate > 0.0:
        waiting = -np.log1p(-streams.uniform(*shape).numpy()) / about.spurious_rate
        spikes = np.minimum(spikes, waiting)
    if about.jitter_std > 0.0:
        normal = streams.normal(*shape).numpy().clip(-FURTHEST_JITTER, FURTHEST_JITTER)
        spikes = spikes + about.jitter_std * normal
    if about.lost > 0.0:
        spikes = np.where(streams.uniform(*shape).numpy() < about.lost, np.inf, spikes)
    if about.highest_rate is not None:
        spikes = np.ascontiguousarray(spikes).copy()
        order = np.argsort(spikes, axis=2, kind="stable")
        carry(spikes, order, 1.0 / about.highest_rate, about.longest_wait)
    return np.where(spikes > period, np.inf, spikes)


@njit(cache=True, nogil=True)
def carry(spikes, order, spacing, longest_wait):
    """Let spikes leave one after the other, at least `spacing` apart, or be lost.

    Parameters
    ----------
    spikes : array (member, sample, neuron), changed
        Spike times.
    order : array (member, sample, neuron)
        The order that sorts them.
    spacing, longest_wait : float
        Time that each spike takes on the bus; a spike that would wait longer is lost.
    """
    n_members, n_samples, n_neurons = spikes.shape
    for e in range(n_members):
        for b in range(n_samples):
            free = -math.inf
            for k in range(n_neurons):
                o = order[e, b, k]
                time = spikes[e, b, o]
                if time == math.inf:
                    break
                if free - time > longest_wait:
                    spikes[e, b, o] = math.inf
                    continue
                leaving = max(time, free)
                spikes[e, b, o] = leaving
                free = leaving + spacing
