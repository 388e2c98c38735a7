"""Networks of neurons that spike as often as they like, from event to event; compiled.

Between two events voltage and current of a neuron are known in closed form. A voltage rises at the
threshold only while the current is above it, and the current only falls. So there is no crossing in
an interval if, at its end, the voltage is not above the threshold, and the current is either above
it still or was not above it at the beginning; nor if the initial slope would not carry the voltage
so far. The few neurons that remain are solved by `spike_times.crossing`.

The neurons of a population are carried on together, in vector instructions, when a spike reaches
many of them. When one neuron spikes, is released, or is reached alone, it is carried on alone and
is a *stray*, with a clock of its own, until the population follows.

Simultaneous events have an order. Of two neurons that spike, the lower number comes first. Spikes
come before arrivals, input spikes arrive before those of neurons, each kind in the order of their
rows. Arrivals at the same time act together, since voltages are continuous. A voltage that is at
its threshold when something arrives has not risen above it; the current after that decides.
"""

from __future__ import annotations

import heapq
import math

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.events.neurons import (
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
    flip,
    forget,
    new_state,
)
from lasersampling.lif.events.tables import ARRIVAL, RELEASE, SPIKE, Log, Recorded, Spikes


@njit(cache=True, nogil=True, error_model="numpy")
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
    counts = (0, 0)
    state = new_state(cells, member)
    stopped = -1
    for place in range(behind - first):
        until = (end, counts[0] + most)
        spikes, log, counts = one_run(
            cells, wires, given, (member, first + place), until, state, (spikes, log, counts)
        )
        spike_offsets[place + 1], log_offsets[place + 1] = counts
        if counts[0] > until[1]:
            stopped = first + place
            break
    n_spikes, n_events = counts
    kept = Spikes(
        spikes.neuron[:n_spikes].copy(), spikes.time[:n_spikes].copy(),
        spikes.current[:n_spikes].copy(), spikes.released[:n_spikes].copy(),
    )  # fmt: skip
    events = Log(
        log.kind[:n_events].copy(), log.which[:n_events].copy(),
        log.row[:n_events].copy(), log.time[:n_events].copy(),
    )  # fmt: skip
    return Recorded(kept, events, spike_offsets, log_offsets), stopped


@njit(cache=True, nogil=True, error_model="numpy")
def one_run(cells, wires, given, place, until, state, record):
    """Follow one run, and add it to what is recorded.

    Parameters
    ----------
    place : (int, int)
        Member and run.
    until : (float, int)
        Time at which it ends, and the number of recorded spikes at which it is stopped.
    state : State
        Room to work in.
    record : (Spikes, Log, (int, int))
        What is recorded, and how much of it is filled.
    """
    member, run = place
    end, most = until
    spikes, log, (n_spikes, n_events) = record
    n_inputs = len(wires.rows) - 1 - cells.gap.shape[1]
    n_given, n_populations = len(given.time), len(cells.first) - 1
    begin_run(state)
    times, rows, numbers = input_arrivals(wires, given, member, run)
    coming = 0
    following = np.zeros(n_populations, np.int64)  # next input that reaches each population
    pending = [(math.inf, ARRIVAL, 0, 0)]  # time, kind, row, spike
    while n_spikes <= most:
        when, kind, row, which = pending[0]
        is_input = coming < len(times) and (
            times[coming] < when or (times[coming] == when and kind == ARRIVAL)
        )
        if is_input:
            when, kind, row, which = times[coming], ARRIVAL, rows[coming], numbers[coming]
        spike, neuron = first_of(state)
        for p in range(n_populations):
            if state.times[NEXT_TIME, p] < math.inf or state.times[ASKED, p] >= min(
                when, end, spike
            ):
                continue
            while following[p] < len(times) and (
                following[p] < coming or wires.home[rows[following[p]]] != p
            ):
                following[p] += 1
            stop = min(pending[0][0], end, spike)
            if following[p] < len(times):
                stop = min(stop, times[following[p]])
            ask_all(state, p, stop)
            if state.times[NEXT_TIME, p] < spike:
                spike, neuron = state.times[NEXT_TIME, p], state.counts[NEXT_NEURON, p]
        if n_events == len(log.time):
            log = grown_log(log)
        if spike <= min(when, end) and neuron >= 0:
            if n_spikes == len(spikes.time):
                spikes = grown_spikes(spikes)
            spikes.neuron[n_spikes], spikes.time[n_spikes] = neuron, spike
            spikes.current[n_spikes] = current_at(state, neuron, spike)
            log.kind[n_events], log.time[n_events] = SPIKE, spike
            log.which[n_events], log.row[n_events] = n_given + n_spikes, -1
            n_events += 1
            silent = state.values[REFRACTORY, neuron]
            if silent > 0.0:  # its voltage means nothing until it is released
                spikes.released[n_spikes] = math.nan
                state.values[BAR, neuron] = math.inf
                if silent < math.inf:
                    heapq.heappush(pending, (spike + silent, RELEASE, -1, n_spikes))
            else:
                spikes.released[n_spikes] = spikes.current[n_spikes]
                carry_one(state, neuron, spike)
                side = state.counts[SIDE, state.marks[HOME, neuron]]
                state.values[VOLTAGE + side, neuron] = state.values[RESET, neuron]
            ask_one(state, neuron)
            source = n_inputs + neuron
            for own in range(wires.rows[source], wires.rows[source + 1]):
                arrival = spike + wires.delays[member, own]
                heapq.heappush(pending, (arrival, ARRIVAL, own, n_spikes))
            n_spikes += 1
            continue
        if when > end or when == math.inf:
            break
        log.kind[n_events], log.time[n_events] = kind, when
        log.which[n_events], log.row[n_events] = which if is_input else n_given + which, row
        n_events += 1
        if is_input:
            coming += 1
        else:
            heapq.heappop(pending)
        if kind == RELEASE:
            neuron = spikes.neuron[which]
            carry_one(state, neuron, when)
            home = state.marks[HOME, neuron]
            side = state.counts[SIDE, home]
            spikes.released[which] = state.values[CURRENT + side, neuron]
            state.values[VOLTAGE + side, neuron] = state.values[RESET, neuron]
            state.values[BAR, neuron] = state.values[GAP, neuron]
            ask_one(state, neuron)
        else:
            low, begin = wires.low[row], wires.begin[row]
            behind = begin + wires.high[row] - low
            arrive(state, wires.home[row], low, wires.weights[member, begin:behind], when)
    return spikes, log, (n_spikes, n_events)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def arrive(state, p, low, weights, when):
    """Let a row act on the neurons of a population from `low` on."""
    values, times, counts = state.values, state.times, state.counts
    if len(weights) == counts[END, p] - counts[FIRST, p]:
        if not flip(state, p, when):
            carry_all(state, p, when)
        reached = values[CURRENT + counts[SIDE, p], low : low + len(weights)]
        for k in range(len(reached)):
            reached[k] += weights[k]
        times[ASKED, p] = when
        if counts[KNOWN, p] > 0:
            forget(state, p)
    else:
        for k in range(len(weights)):
            carry_one(state, low + k, when)
            values[CURRENT + counts[SIDE, p], low + k] += weights[k]
            ask_one(state, low + k)


@njit(cache=True, nogil=True, error_model="numpy")
def input_arrivals(wires, given, member, run):
    """Arrivals of the input spikes of a run in their order: times, rows, numbers in `Given`."""
    start, stop = given.offsets[run], given.offsets[run + 1]
    size = 0
    for k in range(start, stop):
        size += wires.rows[given.source[k] + 1] - wires.rows[given.source[k]]
    time, row, which = np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64)
    size = 0
    for k in range(start, stop):
        for own in range(wires.rows[given.source[k]], wires.rows[given.source[k] + 1]):
            time[size] = given.time[k] + wires.delays[member, own]
            row[size], which[size] = own, k
            size += 1
    order = np.argsort(time, kind="mergesort")
    return time[order], row[order], which[order]


@njit(cache=True, nogil=True, error_model="numpy")
def new_spikes(size):
    """Room for spikes."""
    return Spikes(np.empty(size, np.int64), np.empty(size), np.empty(size), np.empty(size))


@njit(cache=True, nogil=True, error_model="numpy")
def new_log(size):
    """Room for events."""
    return Log(
        np.empty(size, np.int8), np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size)
    )


@njit(cache=True, nogil=True, error_model="numpy")
def grown_spikes(spikes):
    """Twice the room, with what is there."""
    size = len(spikes.time)
    more = new_spikes(2 * size)
    more.neuron[:size], more.time[:size] = spikes.neuron, spikes.time
    more.current[:size], more.released[:size] = spikes.current, spikes.released
    return more


@njit(cache=True, nogil=True, error_model="numpy")
def grown_log(log):
    """Twice the room, with what is there."""
    size = len(log.time)
    more = new_log(2 * size)
    more.kind[:size], more.which[:size] = log.kind, log.which
    more.row[:size], more.time[:size] = log.row, log.time
    return more
