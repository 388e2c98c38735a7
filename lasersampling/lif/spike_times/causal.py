"""Causes of an observed spike according to the nominal model; compiled.

A device reports when its neurons spiked. Derivatives take these times for granted and obtain the
rest from the nominal model: which inputs had arrived by then, and the current that they leave at
that time. Deviations of the device enter through the times alone.
"""

from __future__ import annotations

import math

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.tables import NO_SPIKE


@njit(cache=True, nogil=True)
def shared_causes(inputs, neurons, found):
    """Find the last causal input of each spike and the current at it, for shared arrivals.

    Parameters
    ----------
    inputs, neurons
        As in `shared_arrivals.shared_forward`.
    found : Found
        `out` holds the observed spikes and `order` sorts the input times; `last` and `current` are
        written.
    """
    times, weights, _ = inputs
    tau_syn = neurons.tau_syn
    observed, order, last, current = found
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
def own_causes(inputs, neurons, found):
    """`shared_causes` where each neuron has its own arrivals or time constants.

    Parameters
    ----------
    inputs, neurons
        As in `own_arrivals.own_forward`.
    found : OwnFound
        `out` holds the observed spikes; the other arrays are written.
    """
    times, weights, delays = inputs
    tau_syn = neurons.tau_syn
    observed, until, current = found
    n_members, n_samples, n_pre = times.shape
    for e in range(n_members):
        for b in range(n_samples):
            for o in range(weights.shape[1]):
                stop, charge = observed[e, b, o], 0.0
                until[e, b, o] = stop
                if stop < math.inf:
                    for i in range(n_pre):
                        arrival = times[e, b, i] + delays[e, o, i]
                        if arrival <= stop:
                            charge += weights[e, o, i] * math.exp((arrival - stop) / tau_syn[e, o])
                current[e, b, o] = charge
