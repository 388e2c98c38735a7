"""Networks of neurons that spike as often as they like, from event to event; compiled.

Between two events voltage and current of a neuron are known in closed form. A voltage rises at the
threshold only while the current is above it, and the current only falls. So there is no crossing in
an interval if, at its end, the voltage is not above the threshold, and the current is either above
it still or was not above it at the beginning; nor if the initial slope would not carry the voltage
so far. The few neurons that remain are solved by `spike_times.crossing`.

The neurons of a population are carried on together, in vector instructions, when a spike reaches
many of them. When one neuron spikes, is released, or is reached alone, it is carried on alone and
is a *stray*, with a clock of its own, until the population follows.

Where spikes reach single neurons, only these are asked again.

Simultaneous events have an order. Of two neurons that spike, the lower number comes first. Spikes
come before arrivals, input spikes arrive before those of neurons, each kind in the order of their
rows, and arrivals come before the ends of refractory periods. Arrivals at the same time act
together, since voltages are continuous. A voltage that is at its threshold when something arrives
has not risen above it; the current after that decides.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.events.heaps import grown_heap, new_heap, pop, push
from lasersampling.lif.events.neurons import (
    ALONE,
    ASKED,
    BAR,
    CURRENT,
    END,
    FIRST,
    GAP,
    HOME,
    KNOWN,
    NEXT_NEURON,
    NEXT_TIME,
    REFRACTORY,
    RESET,
    SIDE,
    VOLTAGE,
    ask_all,
    ask_one,
    begin_run,
    carry_all,
    carry_one,
    current_at,
    first_of,
    forget,
    new_state,
)
from lasersampling.lif.events.tables import ARRIVAL, RELEASE, SPIKE, Log, Recorded, Spikes
from lasersampling.lif.spike_times.arrivals import new_sorting, sort_arrivals
from lasersampling.lif.spike_times.dynamics import BARE, PLAIN

# Entries of the counts of a run.
N_SPIKES, N_EVENTS, COMING = 0, 1, 2


class Arrivals(NamedTuple):
    """Arrivals of the input spikes of a run, in their order.

    Attributes
    ----------
    time : array (arrival,)
        When [tau_syn].
    row, which : array of int64 (arrival,)
        Row of each, and number of the spike in `Given`.
    following : array of int64 (population,)
        Which reaches each population next.
    """

    time: np.ndarray
    row: np.ndarray
    which: np.ndarray
    following: np.ndarray


@njit(**PLAIN)
def run(cells, wires, given, span, limits):
    """Follow the runs `span` of one member.

    Parameters
    ----------
    cells, wires, given : Cells, Wires, Given
        The network, and what it is given.
    span : (int, int, int)
        Member, first run, run behind the last.
    limits : (float, int)
        When runs end [tau_syn], and how many spikes a run may have.

    Returns
    -------
    recorded : Recorded
        What happened.
    stopped : int
        Run that had more spikes than it may have, after which nothing follows; -1 if none had.
    """
    member, first, behind = span
    end, most = limits
    spikes, log = new_spikes(256), new_log(1024)
    spike_offsets = np.zeros(behind - first + 1, np.int64)
    log_offsets = np.zeros(behind - first + 1, np.int64)
    state = new_state(cells, member)
    for row in range(len(wires.home)):
        p = wires.home[row]
        if wires.high[row] - wires.low[row] < state.counts[END, p] - state.counts[FIRST, p]:
            state.counts[ALONE, p] = 1
    n_inputs = len(wires.rows) - 1 - cells.gap.shape[1]
    widest = np.diff(wires.rows[n_inputs:]).max()
    pending, releases = new_heap(64 + widest), new_heap(cells.gap.shape[1])
    counts = np.zeros(3, np.int64)
    stopped = -1
    for place in range(behind - first):
        begin_run(state)
        pending.size[0], releases.size[0], counts[COMING] = 0, 0, 0
        arrivals = input_arrivals(cells, wires, given, member, first + place)
        where = (member, len(given.time), n_inputs)
        until = (end, counts[N_SPIKES] + most)
        while follow(
            wires, arrivals, where, until, state, (spikes, log), (pending, releases), counts
        ):
            if counts[N_SPIKES] == len(spikes.time):
                spikes = grown_spikes(spikes)
            if counts[N_EVENTS] == len(log.time):
                log = grown_log(log)
            if pending.size[0] + widest > len(pending.time):
                pending = grown_heap(pending)
        spike_offsets[place + 1], log_offsets[place + 1] = counts[N_SPIKES], counts[N_EVENTS]
        if counts[N_SPIKES] > until[1]:
            stopped = first + place
            break
    n_spikes, n_events = counts[N_SPIKES], counts[N_EVENTS]
    kept = Spikes(
        spikes.neuron[:n_spikes].copy(), spikes.time[:n_spikes].copy(),
        spikes.current[:n_spikes].copy(), spikes.released[:n_spikes].copy(),
    )  # fmt: skip
    events = Log(
        log.kind[:n_events].copy(), log.which[:n_events].copy(),
        log.row[:n_events].copy(), log.time[:n_events].copy(),
    )  # fmt: skip
    return Recorded(kept, events, spike_offsets, log_offsets), stopped


@njit(**BARE)
def follow(wires, arrivals, where, until, state, record, heaps, counts):
    """Follow one run until it is over or room is short, and add to what is recorded.

    Parameters
    ----------
    wires, arrivals : Wires, Arrivals
        Where spikes go, and what the inputs send.
    where : (int, int, int)
        Member, number of input spikes of all runs, number of inputs.
    until : (float, int)
        Time at which it ends, and the number of recorded spikes at which it is stopped.
    state : State
        Its neurons.
    record : (Spikes, Log)
        What is recorded.
    heaps : (Heap, Heap)
        Arrivals of the spikes of neurons, and ends of refractory periods.
    counts : array of int64 (3,)
        Numbers of recorded spikes and events, and of input spikes that have arrived.

    Returns
    -------
    bool
        Whether room is short.
    """
    _, n_given, _ = where
    end, most = until
    spikes, log = record
    pending, releases = heaps
    while counts[N_SPIKES] <= most:
        k, coming = counts[N_EVENTS], counts[COMING]
        if k == len(log.time) or counts[N_SPIKES] == len(spikes.time):
            return True
        when, row, which, own = math.inf, -1, -1, 0
        if pending.size[0] > 0:
            when, row, which, own = pending.time[0], pending.row[0], pending.which[0], n_given
        is_input = coming < len(arrivals.time) and arrivals.time[coming] <= when
        if is_input:
            when, row, own = arrivals.time[coming], arrivals.row[coming], 0
            which = arrivals.which[coming]
        kind = ARRIVAL
        if releases.size[0] > 0 and releases.time[0] < when:
            kind, when, row, own = RELEASE, releases.time[0], -1, n_given
            which = releases.which[0]
        spike, neuron = ask(wires, arrivals, coming, (when, end), state, pending)
        if spike <= min(when, end) and neuron >= 0:
            if send(wires, where, spikes, (neuron, spike, counts[N_SPIKES]), state, heaps):
                return True
            kind, when, row, which, own = SPIKE, spike, -1, counts[N_SPIKES], n_given
            counts[N_SPIKES] += 1
        elif when > end or when == math.inf:
            break
        elif kind == RELEASE:
            pop(releases)
            release(state, spikes, which, when)
        else:
            if is_input:
                counts[COMING] += 1
            else:
                pop(pending)
            arrive(wires, where[0], row, state, when)
        log.kind[k], log.which[k], log.row[k], log.time[k] = kind, own + which, row, when
        counts[N_EVENTS] += 1
    return False


@njit(**BARE)
def ask(wires, arrivals, coming, limits, state, pending):
    """Return the time of the next spike before the limits, and its neuron.

    Neurons are asked until something arrives that may reach all of them. Where spikes reach single
    neurons, only these are asked again, and all after as many arrivals as there are neurons.
    """
    when, end = limits
    times, counts = state.times, state.counts
    spike, neuron = first_of(state)
    for p in range(times.shape[1]):
        if times[NEXT_TIME, p] < math.inf or times[ASKED, p] >= min(when, end, spike):
            continue
        following = max(arrivals.following[p], coming)
        while following < len(arrivals.time) and wires.home[arrivals.row[following]] != p:
            following += 1
        arrivals.following[p] = following
        stop = end
        if counts[ALONE, p]:
            following = min(following + counts[END, p] - counts[FIRST, p], len(arrivals.time) - 1)
            if following >= 0:
                stop = max(arrivals.time[following], min(when, spike))
            stop = min(stop, end)
        else:
            if following < len(arrivals.time):
                stop = min(stop, arrivals.time[following])
            if pending.size[0] > 0:
                stop = min(stop, pending.time[0])
            stop = min(stop, spike)
        ask_all(state, p, stop)
        if times[NEXT_TIME, p] < spike:
            spike, neuron = times[NEXT_TIME, p], counts[NEXT_NEURON, p]
    return spike, neuron


@njit(**BARE)
def send(wires, where, spikes, what, state, heaps):
    """Record a spike, reset its neuron, and let it go on its ways; return True if room is short."""
    member, _, n_inputs = where
    neuron, spike, number = what
    pending, releases = heaps
    first, behind = wires.rows[n_inputs + neuron], wires.rows[n_inputs + neuron + 1]
    if pending.size[0] + behind - first > len(pending.time):
        return True
    spikes.neuron[number], spikes.time[number] = neuron, spike
    spikes.current[number] = current_at(state, neuron, spike)
    silent = state.values[REFRACTORY, neuron]
    if silent > 0.0:  # its voltage means nothing until it is released
        spikes.released[number] = math.nan
        state.values[BAR, neuron] = math.inf
        if silent < math.inf:
            push(releases, spike + silent, -1, number)
    else:
        spikes.released[number] = spikes.current[number]
        carry_one(state, neuron, spike)
        side = state.counts[SIDE, state.marks[HOME, neuron]]
        state.values[VOLTAGE + side, neuron] = state.values[RESET, neuron]
    ask_one(state, neuron)
    for row in range(first, behind):
        push(pending, spike + wires.delays[member, row], row, number)
    return False


@njit(**BARE)
def release(state, spikes, which, when):
    """End the refractory period after a spike."""
    neuron = spikes.neuron[which]
    carry_one(state, neuron, when)
    side = state.counts[SIDE, state.marks[HOME, neuron]]
    spikes.released[which] = state.values[CURRENT + side, neuron]
    state.values[VOLTAGE + side, neuron] = state.values[RESET, neuron]
    state.values[BAR, neuron] = state.values[GAP, neuron]
    ask_one(state, neuron)


@njit(**BARE)
def arrive(wires, member, row, state, when):
    """Let a row act on the neurons that it reaches."""
    values, times, counts = state.values, state.times, state.counts
    p, low, high = wires.home[row], wires.low[row], wires.high[row]
    weights = wires.weights[member, wires.begin[row] : wires.begin[row] + high - low]
    if high - low == counts[END, p] - counts[FIRST, p]:
        carry_all(state, p, when)
        add(values[CURRENT + counts[SIDE, p], low:high], weights)
        times[ASKED, p] = when
        if counts[KNOWN, p] > 0:
            forget(state, p)
    else:
        for k in range(len(weights)):
            carry_one(state, low + k, when)
            values[CURRENT + counts[SIDE, p], low + k] += weights[k]
            ask_one(state, low + k)


@njit(**BARE)
def add(currents, weights):
    """Add up, in a function of its own so that it becomes vector instructions."""
    for k in range(len(currents)):
        currents[k] += weights[k]


@njit(**PLAIN)
def input_arrivals(cells, wires, given, member, run):
    """Arrivals of the input spikes of a run."""
    start, stop = given.offsets[run], given.offsets[run + 1]
    size = 0
    for k in range(start, stop):
        size += wires.rows[given.source[k] + 1] - wires.rows[given.source[k]]
    time, row, which = np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64)
    size, falls = 0, False
    for k in range(start, stop):
        for own in range(wires.rows[given.source[k]], wires.rows[given.source[k] + 1]):
            time[size] = given.time[k] + wires.delays[member, own]
            row[size], which[size] = own, k
            falls |= size > 0 and time[size] < time[size - 1]
            size += 1
    following = np.zeros(len(cells.first) - 1, np.int64)
    if not falls:
        return Arrivals(time, row, which, following)
    sorting = new_sorting(size)
    sort_arrivals(time, np.zeros(size), sorting)
    return Arrivals(sorting.arrival, row[sorting.who], which[sorting.who], following)


@njit(**PLAIN)
def new_spikes(size):
    """Room for spikes."""
    return Spikes(np.empty(size, np.int64), np.empty(size), np.empty(size), np.empty(size))


@njit(**PLAIN)
def new_log(size):
    """Room for events."""
    return Log(
        np.empty(size, np.int8), np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size)
    )


@njit(**PLAIN)
def grown_spikes(spikes):
    """Twice the room, with what is there."""
    size = len(spikes.time)
    more = new_spikes(2 * size)
    more.neuron[:size], more.time[:size] = spikes.neuron, spikes.time
    more.current[:size], more.released[:size] = spikes.current, spikes.released
    return more


@njit(**PLAIN)
def grown_log(log):
    """Twice the room, with what is there."""
    size = len(log.time)
    more = new_log(2 * size)
    more.kind[:size], more.which[:size] = log.kind, log.which
    more.row[:size], more.time[:size] = log.row, log.time
    return more
