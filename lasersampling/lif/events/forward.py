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

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.events.heaps import Heap, pop, push
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
from lasersampling.lif.events.room import (
    COMING,
    N_ARRIVALS,
    N_BEFORE,
    N_COUNTS,
    N_EVENTS,
    N_SPIKES,
    RUN,
    Arrivals,
    new_room,
    twice,
)  # fmt: skip
from lasersampling.lif.events.tables import ARRIVAL, RELEASE, SPIKE, Log, Recorded, Spikes
from lasersampling.lif.spike_times.arrivals import sort_arrivals
from lasersampling.lif.spike_times.dynamics import BARE, PLAIN


def run(cells, wires, given, span, limits, needed):
    """Follow the runs `span` of one member.

    Parameters
    ----------
    cells, wires, given : Cells, Wires, Given
        The network, and what it is given.
    span : (int, int, int)
        Member, first run, run behind the last.
    limits : (float, int)
        When runs end [tau_syn], and how many spikes a run may have.
    needed : Needed
        Of the network and all that it is given.

    Returns
    -------
    recorded : Recorded
        What happened.
    stopped : int
        Run that had more spikes than it may have, after which nothing follows; -1 if none had.
    """
    member, first, behind = span
    state = new_state(cells, member)
    state.counts[ALONE] = needed.alone
    widest = needed.rows
    room = new_room(cells, span, needed)
    counts = np.zeros(N_COUNTS, np.int64)
    counts[RUN], counts[COMING] = first, -1
    while follow_runs(cells, wires, given, span, limits, state, room, counts):
        if counts[N_SPIKES] == len(room.spikes.time):
            room = room._replace(spikes=Spikes(*map(twice, room.spikes)))
        if counts[N_EVENTS] == len(room.log.time):
            room = room._replace(log=Log(*map(twice, room.log)))
        if room.pending.size[0] + widest > len(room.pending.time):
            time, row, which, filled = room.pending
            longer = Heap(twice(time), twice(row), twice(which), filled)
            room = room._replace(pending=longer)
    kept = Spikes(*(array[: counts[N_SPIKES]].copy() for array in room.spikes))
    events = Log(*(array[: counts[N_EVENTS]].copy() for array in room.log))
    stopped = int(counts[RUN]) if counts[RUN] < behind else -1
    return Recorded(kept, events, room.spike_offsets, room.log_offsets), stopped


@njit(**PLAIN)
def follow_runs(cells, wires, given, span, limits, state, room, counts):
    """Go on with the runs `span` until all are over, one is stopped, or room is short.

    Returns
    -------
    bool
        Whether room is short.
    """
    member, first, behind = span
    end, most = limits
    where = (member, len(given.time), len(wires.rows) - 1 - cells.gap.shape[1])
    while counts[RUN] < behind:
        number = counts[RUN]
        if counts[COMING] < 0:
            begin_run(state)
            room.pending.size[0], room.releases.size[0] = 0, 0
            counts[N_ARRIVALS] = input_arrivals(wires, given, (member, number), room)
            counts[COMING], counts[N_BEFORE] = 0, counts[N_SPIKES]
        n, full = counts[N_ARRIVALS], room.arrivals
        arrivals = Arrivals(full.time[:n], full.row[:n], full.which[:n], full.following)
        until = (end, counts[N_BEFORE] + most)
        record, heaps = (room.spikes, room.log), (room.pending, room.releases)
        if follow(wires, arrivals, where, until, state, record, heaps, counts):
            return True
        room.spike_offsets[number - first + 1] = counts[N_SPIKES]
        room.log_offsets[number - first + 1] = counts[N_EVENTS]
        if counts[N_SPIKES] > until[1]:
            return False
        counts[RUN], counts[COMING] = number + 1, -1
    return False


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
    counts : array of int64 (count,)
        What is counted.

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
def input_arrivals(wires, given, place, room):
    """Write the arrivals of the input spikes of a run in their order; return how many there are."""
    member, run = place
    unsorted, arrivals = room.unsorted, room.arrivals
    size, falls, last = 0, False, -math.inf
    for k in range(given.offsets[run], given.offsets[run + 1]):
        for own in range(wires.rows[given.source[k]], wires.rows[given.source[k] + 1]):
            unsorted.time[size], room.delays[size] = given.time[k], wires.delays[member, own]
            unsorted.row[size], unsorted.which[size] = own, k
            arrival = unsorted.time[size] + room.delays[size]
            falls |= arrival < last
            last = arrival
            size += 1
    if falls:
        sort_arrivals(unsorted.time[:size], room.delays[:size], room.sorting)
        for k in range(size):
            who = room.sorting.who[k]
            arrivals.row[k], arrivals.which[k] = unsorted.row[who], unsorted.which[who]
    else:
        for k in range(size):
            arrivals.time[k] = unsorted.time[k] + room.delays[k]
            arrivals.row[k], arrivals.which[k] = unsorted.row[k], unsorted.which[k]
    for p in range(len(arrivals.following)):
        arrivals.following[p] = 0
    return size
