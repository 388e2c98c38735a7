"""First spikes and their derivatives where neurons have their own arrivals; compiled.

Where synapses have their own delays, or neurons their own time constants, each pair of sample and
neuron has an order of its own. If decays are products of tabulated exponentials, the first spike is
found in buckets of time (`buckets`), which takes about as long as if arrivals were shared;
otherwise, or if there are only few inputs, the arrivals are sorted.

Derivatives need no order: with the tables, response and decay of each input since its arrival are
products too, and the loop over inputs becomes vector instructions. See `shared_arrivals` for the
equations.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.arrivals import Sorting, new_sorting, sort_arrivals
from lasersampling.lif.spike_times.buckets import (
    Arrivals,
    Buckets,
    Membrane,
    Span,
    find_in_buckets,
    lay_out,
    n_buckets,
    new_buckets,
)
from lasersampling.lif.spike_times.crossing import (
    EQUAL,
    GENERAL,
    decay,
    response,
    time_to_threshold,
)
from lasersampling.lif.spike_times.dynamics import BARE, PLAIN
from lasersampling.lif.spike_times.samples_at_once import (
    SAMPLES,
    Samples,
    find_at_once,
    load,
    new_samples,
)

_FEW_INPUTS = 12
"""Up to so many inputs samples are searched at once, above in buckets."""

_LARGEST_EXPONENT = 100.0


class Tables(NamedTuple):
    """Exponentials of a member's times and delays.

    Attributes
    ----------
    grown : ndarray of float64, shape (sample, pre)
        exp(t / tau_mem), 0 for absent inputs.
    late : ndarray of float64, shape (post, pre)
        exp(d / tau_mem).
    quick : ndarray of bool, shape (sample,)
        For which samples they hold: with closed forms, for times that are well in range.
    """

    grown: np.ndarray
    late: np.ndarray
    quick: np.ndarray


class Room(NamedTuple):
    """Memory for a search.

    Attributes
    ----------
    tables : Tables
        Exponentials.
    first, width : ndarray of float64, shape (sample,)
        When the buckets of a sample begin, and how long they are.
    shrunk : ndarray of float64, shape (sample, bucket)
        See `buckets.Span`.
    samples : Samples
        For one neuron with few inputs.
    buckets : Buckets
        For one neuron with many.
    sorting : Sorting
        For one neuron without tables.
    """

    tables: Tables
    first: np.ndarray
    width: np.ndarray
    shrunk: np.ndarray
    samples: Samples
    buckets: Buckets
    sorting: Sorting


@njit(**PLAIN)
def new_tables(n_samples, n_post, n_pre):
    """Allocate tables."""
    return Tables(
        np.empty((n_samples, n_pre)), np.empty((n_post, n_pre)), np.empty(n_samples, dtype=np.bool_)
    )


@njit(**PLAIN)
def new_room(n_samples, n_post, n_pre):
    """Allocate memory for a search."""
    return Room(
        new_tables(n_samples, n_post, n_pre), np.empty(n_samples), np.empty(n_samples),
        np.empty((n_samples, n_buckets(n_pre))), new_samples(min(n_pre, _FEW_INPUTS)),
        new_buckets(n_pre), new_sorting(n_pre),
    )  # fmt: skip


@njit(**BARE)
def tabulate(times, tau, grown):
    """Write exp(t / tau), 0 for absent inputs; return whether all times are well in range."""
    for i in range(len(times)):
        x = times[i] / tau
        if x == math.inf:
            grown[i] = 0.0
        elif abs(x) <= _LARGEST_EXPONENT:
            grown[i] = math.exp(x)
        else:
            return False
    return True


@njit(**BARE)
def tabulate_all(times, delays, tau_mem, method, tables):
    """Write the tables of a member, as far as they hold."""
    tabled = method != GENERAL
    for o in range(len(delays)):
        if not tabled:
            break
        tabled = tau_mem[o] == tau_mem[0] and tabulate(delays[o], tau_mem[0], tables.late[o])
    for b in range(len(times)):
        tables.quick[b] = tabled and tabulate(times[b], tau_mem[0], tables.grown[b])


@njit(**BARE)
def lay_out_all(times, delays, tau_mem, room):
    """Choose the buckets of each sample, the same for all neurons of a member."""
    shortest, longest = math.inf, -math.inf
    for o in range(len(delays)):
        for d in delays[o]:
            shortest, longest = min(shortest, d), max(longest, d)
    for b in range(len(times)):
        first, latest = math.inf, -math.inf
        for t in times[b]:
            if t < math.inf:
                first, latest = min(first, t), max(latest, t)
        if first < math.inf and room.tables.quick[b]:
            room.first[b] = first + shortest
            room.width[b] = lay_out(room.first[b], latest + longest, tau_mem[0], room.shrunk[b])
        else:
            room.tables.quick[b] = False  # nothing arrives, or not in buckets


@njit(**PLAIN)
def own_forward(inputs, neurons, found):
    """Find the first spikes where each neuron has its own arrivals or time constants.

    Parameters
    ----------
    inputs : Inputs
        Inputs of the layer.
    neurons : Neurons
        Its neurons.
    found : OwnFound
        Arrays that are written.
    """
    times, weights, delays = inputs
    n_members, n_samples, n_pre = times.shape
    room = new_room(n_samples, weights.shape[1], n_pre)
    for e in range(n_members):
        tabulate_all(times[e], delays[e], neurons.tau_mem[e], neurons.method, room.tables)
        if n_pre > _FEW_INPUTS:
            lay_out_all(times[e], delays[e], neurons.tau_mem[e], room)
        find_all(e, inputs, neurons, found, room)


@njit(**BARE)
def find_all(e, inputs, neurons, found, room):
    """`own_forward` for the member `e`."""
    times, weights, delays = inputs
    grown, late, quick = room.tables
    out, until, current = found
    n_samples, n_pre = times.shape[1:]
    # Neurons take turns on a few samples, whose times stay in the fastest memory.
    for begin in range(0, n_samples, SAMPLES):
        end = min(begin + SAMPLES, n_samples)
        at_once = n_pre <= _FEW_INPUTS
        for b in range(begin, end):
            at_once = at_once and quick[b]
        if at_once:
            load(times[e], grown, begin, room.samples)
        for o in range(weights.shape[1]):
            membrane = Membrane(
                neurons.gap[e, o], neurons.tau_mem[e, o], neurons.tau_syn[e, o], neurons.method
            )
            if at_once:
                spikes = out[e, begin:end, o], until[e, begin:end, o], current[e, begin:end, o]
                find_at_once(delays[e, o], late[o], weights[e, o], membrane, room.samples, spikes)
                continue
            for b in range(begin, end):
                arrivals = Arrivals(times[e, b], delays[e, o], weights[e, o], grown[b], late[o])
                if quick[b] and n_pre > _FEW_INPUTS:
                    span = Span(room.first[b], room.width[b], room.shrunk[b])
                    spike = find_in_buckets(arrivals, membrane, span, room.buckets)
                else:
                    spike = find_in_order(arrivals, membrane, room.sorting)
                out[e, b, o], until[e, b, o], current[e, b, o] = spike


@njit(**BARE)
def find_in_order(arrivals, membrane, sorting):
    """`buckets.find_in_buckets` by sorting, for any neuron and any times."""
    times, delays, weights, _, _ = arrivals
    level, mem, syn, method = membrane
    arrival, who = sorting.arrival, sorting.who
    voltage, current = 0.0, 0.0
    size = sort_arrivals(times, delays, sorting)
    for k in range(size):
        start, i = arrival[k], who[k]
        length = arrival[k + 1] - start if k + 1 < size else math.inf
        current += weights[i]
        to_mem, to_syn, gain = decay(length, mem, syn, method)
        ahead, after = voltage * to_mem + current * gain, current * to_syn
        if current > level and (ahead > level or ahead >= after):
            s = time_to_threshold(voltage, current, level, length, mem, syn, method)
            if s < math.inf:
                return start + s, start, current * math.exp(-s / syn)
        voltage, current = ahead, after
    return math.inf, -math.inf, 0.0


@njit(**PLAIN)
def own_backward(inputs, neurons, found, upstream, to):
    """Add up the derivatives where each neuron has its own arrivals or time constants.

    Parameters
    ----------
    inputs, neurons, found
        As in `own_forward`, which has filled `found`.
    upstream : array (member, sample, post)
        Derivative of the loss with respect to each spike time.
    to : Inputs
        Zeros on entry; gets the derivatives with respect to the inputs of the layer.
    """
    times, weights, delays = inputs
    n_members, n_samples, n_pre = times.shape
    tables = new_tables(n_samples, weights.shape[1], n_pre)
    for e in range(n_members):
        tabulate_all(times[e], delays[e], neurons.tau_mem[e], neurons.method, tables)
        add_all(e, (inputs, neurons, found, upstream), tables, to)


@njit(**BARE)
def add_all(e, given, tables, to):
    """`own_backward` for the member `e`."""
    inputs, neurons, found, upstream = given
    times, weights, delays = inputs
    out, until, current = found
    n_samples, n_post = times.shape[1], weights.shape[1]
    for begin in range(0, n_samples, SAMPLES):
        for o in range(n_post):
            mem = neurons.tau_mem[e, o]
            membrane = Membrane(neurons.gap[e, o], mem, neurons.tau_syn[e, o], neurons.method)
            to_neuron = to.weights[e, o], to.delays[e, o]
            for b in range(begin, min(begin + SAMPLES, n_samples)):
                spike = out[e, b, o]
                if spike == math.inf or upstream[e, b, o] == 0.0:
                    continue
                slope = max((current[e, b, o] - membrane.level) / mem, neurons.smallest_slope)
                cause = spike, until[e, b, o], upstream[e, b, o] / slope
                arrivals = Arrivals(
                    times[e, b], delays[e, o], weights[e, o], tables.grown[b], tables.late[o]
                )
                if tables.quick[b]:
                    add_quickly(arrivals, membrane, cause, to_neuron, to.times[e, b])
                else:
                    add_slowly(arrivals, membrane, cause, to_neuron, to.times[e, b])


@njit(**BARE, fastmath={"contract"})
def add_quickly(arrivals, membrane, cause, to_neuron, to_times):
    """Add what one spike contributes to the derivatives, with tabulated exponentials."""
    times, delays, weights, grown, late = arrivals
    spike, until, force = cause
    to_weights, to_delays = to_neuron
    mem, method = membrane.mem, membrane.method
    shrunk, per_mem = math.exp(-spike / mem), 1.0 / mem
    # Two loops, since LLVM would compute both responses in a single one.
    if method == EQUAL:
        for i in range(len(times)):
            arrival = times[i] + delays[i]
            fall = grown[i] * late[i] * shrunk
            rise = (spike - arrival) * per_mem * fall
            by_arrival = force * per_mem * weights[i] * (fall - rise) if arrival <= until else 0.0
            to_weights[i] -= force * rise if arrival <= until else 0.0
            to_delays[i] += by_arrival
            to_times[i] += by_arrival
    else:
        for i in range(len(times)):
            arrival = times[i] + delays[i]
            to_mem = grown[i] * late[i] * shrunk
            fall = to_mem * to_mem
            rise = to_mem - fall
            by_arrival = force * per_mem * weights[i] * (fall - rise) if arrival <= until else 0.0
            to_weights[i] -= force * rise if arrival <= until else 0.0
            to_delays[i] += by_arrival
            to_times[i] += by_arrival


@njit(**BARE)
def add_slowly(arrivals, membrane, cause, to_neuron, to_times):
    """`add_quickly` for any neuron and any times."""
    times, delays, weights, _, _ = arrivals
    spike, until, force = cause
    to_weights, to_delays = to_neuron
    _, mem, syn, _ = membrane
    for i in range(len(times)):
        arrival = times[i] + delays[i]
        if arrival <= until:
            rise = response(spike - arrival, mem, syn)
            fall = math.exp((arrival - spike) / syn)
            by_arrival = force * weights[i] * (fall - rise) / mem
            to_weights[i] -= force * rise
            to_delays[i] += by_arrival
            to_times[i] += by_arrival
