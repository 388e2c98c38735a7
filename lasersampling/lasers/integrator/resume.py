"""Resuming from recent spikes: their present effect on the pumps, and pending pulses."""

from __future__ import annotations

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.pulses import END, START, schedule

__all__ = ["resume"]


@njit(nogil=True, cache=True)
def _edge(part, decay, n_lasers, lane, edge):
    """Carry out one edge of a pulse if it has arrived, and schedule it otherwise.

    An edge is a phase, the step from which its delays count, and the change of the drive.
    `decay` is the factor of the exponential kernel per step.

    Returns the pool entry if no target has been reached yet, else -1.
    """
    coupling, events, lanes = part.coupling, part.events, part.lanes
    phase, origin, amount = edge
    laser = lane % n_lasers
    first = coupling.group_start[laser]
    for group in range(first, coupling.group_start[laser + 1]):
        due = origin + coupling.group_delay[group]
        if due >= 0:
            entry = schedule(events, due, lane, phase, group, origin, np.float32(amount))
            return entry if group == first else -1
        size = amount
        if coupling.pulse_steps == 0:
            size *= decay**-due
        for run in range(coupling.run_start[group], coupling.run_start[group + 1]):
            first_link = coupling.run_link[run]
            target = lane - laser + coupling.run_post[run] - part.first_lane
            for k in range(coupling.run_link[run + 1] - first_link):
                w = coupling.link_weight[first_link + k]
                lanes.synaptic[target + k] += np.float32(size * w)
    return -1


@njit(nogil=True, cache=True)
def resume(model, part, spike_lane, onset, amplitude):
    """Set synaptic drive and timing wheel according to these spikes, at step 0.

    Parameters
    ----------
    model : Model
        Data that all bundles share.
    part : Part
        Its lanes and events are changed.
    spike_lane : ndarray of int64, shape (spike,)
        Lanes of the bundle that spiked, ascending.
    onset : ndarray of int64, shape (spike,)
        Step from which the delays count, ascending within each lane.
    amplitude : ndarray of float64, shape (spike,)
        Strength of the spikes, 1 without short-term depression.
    """
    c, _, n_lasers = model
    coupling, lanes, events = part.coupling, part.lanes, part.events
    decay = np.float64(c.synaptic_decay)
    pulse = coupling.pulse_steps
    first = 0
    while first < spike_lane.size:
        lane = spike_lane[first]
        last = first
        while (
            coupling.retrigger
            and last + 1 < spike_lane.size
            and spike_lane[last + 1] == lane
            and onset[last + 1] - onset[last] < pulse
        ):
            last += 1
        edge = START, onset[first], amplitude[first]
        _edge(part, decay, n_lasers, lane, edge)
        for k in range(first + 1, last + 1):
            change = amplitude[k] - amplitude[k - 1]
            if change != 0.0:
                edge = START, onset[k], change
                _edge(part, decay, n_lasers, lane, edge)
        events.last_spike[lane] = onset[last]
        if pulse > 0:
            edge = END, onset[last] + pulse, -amplitude[last]
            events.last_end[lane] = _edge(part, decay, n_lasers, lane, edge)
        first = last + 1
    driven = lanes.absorber_pump if coupling.drives_absorber else lanes.pump
    for i in range(driven.size):
        driven[i] = max(np.float32(0.0), lanes.base[i] + lanes.synaptic[i])
