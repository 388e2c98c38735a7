"""Spikes in order, and those that a device has shown too soon after the one before; compiled."""

from __future__ import annotations

import numpy as np

from lasersampling.compiling import njit


@njit(cache=True, nogil=True, error_model="numpy")
def in_order(run, neuron, time, n_runs):
    """Put spikes in the order of their runs, then times, then neurons.

    Parameters
    ----------
    run, neuron, time : array (spike,)
        The spikes; no time is nan.
    n_runs : int
        Number of runs.

    Returns
    -------
    order : array of int64, shape (spike,)
        Which spike comes at each place.
    offsets : array of int64, shape (run + 1,)
        Where each run begins.
    """
    offsets = np.zeros(n_runs + 1, np.int64)
    for r in run:
        offsets[r + 1] += 1
    for r in range(n_runs):
        offsets[r + 1] += offsets[r]
    order, place = np.empty(len(run), np.int64), offsets[:-1].copy()
    for k in range(len(run)):
        order[place[run[k]]] = k
        place[run[k]] += 1
    for r in range(n_runs):
        own = order[offsets[r] : offsets[r + 1]]
        own[:] = own[np.argsort(time[own], kind="mergesort")]
        first = 0
        for k in range(1, len(own) + 1):
            if k < len(own) and time[own[k]] == time[own[first]]:
                continue
            if k - first > 1:
                tied = own[first:k]
                tied[:] = tied[np.argsort(neuron[tied], kind="mergesort")]
            first = k
    return order, offsets


@njit(cache=True, nogil=True, error_model="numpy")
def within_refractory(offsets, neuron, time, refractory):
    """Find spikes within the refractory period of the one before.

    Parameters
    ----------
    offsets : array (run + 1,)
        Where each run begins.
    neuron, time : array (spike,)
        The spikes, in order.
    refractory : array (member, neuron)
        Refractory periods.

    Returns
    -------
    caught, cut : array of bool, shape (spike,)
        Which spikes come too soon, and which have such a one behind them.
    """
    caught, cut = np.zeros(len(time), np.bool_), np.zeros(len(time), np.bool_)
    n_members, n_neurons = refractory.shape
    n_samples = (len(offsets) - 1) // n_members
    last = np.full(n_neurons, -1)
    for run in range(len(offsets) - 1):
        for k in range(offsets[run], offsets[run + 1]):
            n = neuron[k]
            before = last[n]
            if before >= offsets[run] and time[k] <= time[before] + refractory[run // n_samples, n]:
                caught[k], cut[before] = True, True
            last[n] = k
    return caught, cut
