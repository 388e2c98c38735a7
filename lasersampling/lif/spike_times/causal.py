"""What a spike that was observed owes to which inputs, by the nominal model; compiled.

A device tells when its neurons spiked. Derivatives take these times for granted and ask the
nominal model for the rest: which inputs had arrived by then, and the current that they leave at
that time. What the device does differently enters through the times alone.
"""

from __future__ import annotations

import math

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.compiled import NO_SPIKE, sort_arrivals


@njit(cache=True, nogil=True)
def shared_causes(times, order, weights, tau_syn, observed, last, current):
    """Find the last causal input of each spike and the current at it, for shared arrivals.

    Parameters
    ----------
    times, order, weights, tau_syn
        As in `compiled.shared_forward`.
    observed : array (member, sample, post)
        Spike times, inf where there is none.
    last, current : arrays (member, sample, post), written
        As in `compiled.shared_forward`.
    """
    n_members, n_samples, n_pre = times.shape
    for e in range(n_members):
        for b in range(n_samples):
            for o in range(weights.shape[2]):
                stop, charge = observed[e, b, o], 0.0
                last[e, b, o] = NO_SPIKE
                if stop < math.inf:
                    for k in range(n_pre):
                        i = order[e, b, k]
                        if times[e, b, i] > stop:
                            break
                        charge += weights[e, i, o] * math.exp((times[e, b, i] - stop) / tau_syn)
                        last[e, b, o] = k
                current[e, b, o] = charge


@njit(cache=True, nogil=True)
def own_causes(times, delays, weights, tau_syn, observed, order, last, current):
    """`shared_causes` where each neuron has its own arrivals or time constants.

    Parameters
    ----------
    times, delays, weights, tau_syn, order, last, current
        As in `compiled.own_forward`.
    observed
        As in `shared_causes`.
    """
    n_members, n_samples, n_pre = times.shape
    arrival, found, who = np.empty(n_pre), np.empty(n_pre), np.empty(n_pre, dtype=np.int32)
    filled = np.empty(n_pre + 1, dtype=np.int32)
    for e in range(n_members):
        for b in range(n_samples):
            for o in range(weights.shape[1]):
                stop, charge = observed[e, b, o], 0.0
                last[e, b, o] = NO_SPIKE
                if stop < math.inf:
                    size = sort_arrivals(times, delays, e, b, o, arrival, who, found, filled)
                    for k in range(size):
                        if arrival[k] > stop:
                            break
                        i = who[k]
                        charge += weights[e, o, i] * math.exp((arrival[k] - stop) / tau_syn[e, o])
                        order[e, b, o, k], last[e, b, o] = i, k
                current[e, b, o] = charge
