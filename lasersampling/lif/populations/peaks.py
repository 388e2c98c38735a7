"""Where the voltages of leaky integrators are largest; compiled."""

from __future__ import annotations

import math

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.crossing import peak_after, response


@njit(cache=True, nogil=True)
def largest_voltages(times, weights, offsets, neurons, sizes):
    """Find where voltages are largest.

    Parameters
    ----------
    times, weights : array (arrival, neuron)
        Arrivals, those of a run together.
    offsets : array of int64 (run + 1,)
        Where those of each run begin.
    neurons : tuple of array (member, neuron)
        Initial voltage, tau_mem, tau_syn.
    sizes : (int, float)
        Samples of a member, and the end.

    Returns
    -------
    time : array (run, neuron)
        When, if at a peak or an end.
    arrival : array of int64 (run, neuron)
        At which arrival, otherwise -1.
    """
    n_samples, end = sizes
    initial, mems, syns = neurons
    n_runs, n_neurons = len(offsets) - 1, initial.shape[1]
    best_time = np.zeros((n_runs, n_neurons))
    best_arrival = np.full((n_runs, n_neurons), -1)
    for run in range(n_runs):
        member, first = run // n_samples, offsets[run]
        for n in range(n_neurons):
            own = times[first : offsets[run + 1], n]
            order = np.argsort(own, kind="mergesort")
            mem, syn = mems[member, n], syns[member, n]
            voltage, current, now = initial[member, n], 0.0, 0.0
            best = voltage
            for k in range(len(order) + 1):
                following = min(own[order[k]], end) if k < len(order) else end
                length = following - now
                if current > 0.0 and current > voltage:
                    peak = peak_after(voltage, current, mem, syn)
                    if peak < length:
                        gained = response(peak, mem, syn)
                        highest = voltage * math.exp(-peak / mem) + current * gained
                        if highest > best:
                            best, best_time[run, n], best_arrival[run, n] = highest, now + peak, -1
                gained = response(length, mem, syn)
                voltage = voltage * math.exp(-length / mem) + current * gained
                current *= math.exp(-length / syn)
                now = following
                if voltage > best:
                    best, best_time[run, n] = voltage, now
                    best_arrival[run, n] = first + order[k] if now < end else -1
                if now >= end:
                    break
                current += weights[first + order[k], n]
    return best_time, best_arrival
