"""Runs whose spikes are known, such as those that a chip has shown; compiled.

The spikes stand where `forward` finds threshold crossings; what they cause follows from the nominal
network. Voltages are not needed: derivatives depend on the currents at spikes and releases.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.events.tables import ARRIVAL, RELEASE, SPIKE, Log, Recorded, Spikes
from lasersampling.lif.spike_times.dynamics import PLAIN

_FURTHEST = 20.0
"""Time constants by which the clock of a population may be behind what arrives."""


class Seen(NamedTuple):
    """Spikes that are known.

    Attributes
    ----------
    offsets : array of int64 (run + 1,)
        Where the spikes of each run begin.
    neuron : array of int64 (spike,)
        Which neuron spikes.
    time : array (spike,)
        When, in their order within each run [tau_syn].
    caught, cut : array of bool (spike,)
        Whether it lies within the refractory period that the spike before it began, and whether the
        next one does so.
    """

    offsets: np.ndarray
    neuron: np.ndarray
    time: np.ndarray
    caught: np.ndarray
    cut: np.ndarray


@njit(**PLAIN)
def replay(cells, wires, given, seen, span, end):
    """Follow the runs `span` of one member along their spikes; return what happened.

    Parameters
    ----------
    cells, wires, given : Cells, Wires, Given
        The network, and what it is given.
    seen : Seen
        Its spikes.
    span : (int, int, int)
        Member, first run, run behind the last.
    end : float
        When runs end [tau_syn].
    """
    member, first, behind = span
    low, high = seen.offsets[first], seen.offsets[behind]
    n_inputs = len(wires.rows) - 1 - cells.gap.shape[1]
    spikes = Spikes(
        seen.neuron[low:high].copy(), seen.time[low:high].copy(),
        np.full(high - low, np.inf), np.full(high - low, np.nan),
    )  # fmt: skip
    most = 2 * (high - low)
    for k in range(given.offsets[first], given.offsets[behind]):
        most += wires.rows[given.source[k] + 1] - wires.rows[given.source[k]]
    for n in spikes.neuron:
        most += wires.rows[n_inputs + n + 1] - wires.rows[n_inputs + n]
    log = Log(
        np.empty(most, np.int8), np.empty(most, np.int64),
        np.empty(most, np.int32), np.empty(most),
    )  # fmt: skip
    log_offsets = np.zeros(behind - first + 1, np.int64)
    n_events = 0
    for place in range(behind - first):
        run = first + place
        own = (seen.offsets[run] - low, seen.offsets[run + 1] - low)
        begun = n_events
        n_events = add_events(
            cells, wires, given, (member, run), (seen.cut[low:high], own), spikes, (log, begun, end)
        )
        part = Log(
            log.kind[begun:n_events], log.which[begun:n_events],
            log.row[begun:n_events], log.time[begun:n_events],
        )  # fmt: skip
        into_order(part)
        find_currents(cells, wires, member, part, spikes, (seen.caught[low:high], len(given.time)))
        log_offsets[place + 1] = n_events
    kept = Log(
        log.kind[:n_events].copy(), log.which[:n_events].copy(),
        log.row[:n_events].copy(), log.time[:n_events].copy(),
    )  # fmt: skip
    return Recorded(spikes, kept, seen.offsets[first : behind + 1] - low, log_offsets)


@njit(**PLAIN)
def add_events(cells, wires, given, place, own, spikes, record):
    """Write all events of a run, kind by kind, up to the end; return how many are written then.

    The kinds stand in the order that they have at the same time.
    """
    member, run = place
    cut, (start, stop) = own
    log, n_events, end = record
    n_given = len(given.time)
    n_inputs = len(wires.rows) - 1 - cells.gap.shape[1]
    for e in range(start, stop):
        log.kind[n_events], log.time[n_events] = SPIKE, spikes.time[e]
        log.which[n_events], log.row[n_events] = n_given + e, -1
        n_events += 1
    for k in range(given.offsets[run], given.offsets[run + 1]):
        for row in range(wires.rows[given.source[k]], wires.rows[given.source[k] + 1]):
            when = given.time[k] + wires.delays[member, row]
            if when <= end:
                log.kind[n_events], log.time[n_events] = ARRIVAL, when
                log.which[n_events], log.row[n_events] = k, row
                n_events += 1
    for e in range(start, stop):
        source = n_inputs + spikes.neuron[e]
        for row in range(wires.rows[source], wires.rows[source + 1]):
            when = spikes.time[e] + wires.delays[member, row]
            if when <= end:
                log.kind[n_events], log.time[n_events] = ARRIVAL, when
                log.which[n_events], log.row[n_events] = n_given + e, row
                n_events += 1
    for e in range(start, stop):
        silent = cells.refractory[member, spikes.neuron[e]]
        is_released = silent > 0.0 and silent < math.inf and not cut[e]
        if is_released and spikes.time[e] + silent <= end:
            log.kind[n_events], log.time[n_events] = RELEASE, spikes.time[e] + silent
            log.which[n_events], log.row[n_events] = n_given + e, -1
            n_events += 1
    return n_events


@njit(**PLAIN)
def into_order(log):
    """Sort events by time, and leave those at the same time as they stand."""
    order = np.argsort(log.time, kind="mergesort")
    log.kind[:], log.which[:] = log.kind[order], log.which[order]
    log.row[:], log.time[:] = log.row[order], log.time[order]


@njit(**PLAIN)
def find_currents(cells, wires, member, log, spikes, about):
    """Find the currents of neurons that spike or are released, for the events of a run.

    Currents are kept as they would be at the clock of their population, if all that has arrived
    since had arrived then, larger.
    """
    caught, n_given = about
    refractory, tau_syn = cells.refractory[member], cells.tau_syn[member]
    current, clocks = np.zeros(len(tau_syn)), np.zeros(len(cells.first) - 1)
    shortest = np.array([
        tau_syn[cells.first[p] : cells.first[p + 1]].min() for p in range(len(clocks))
    ])  # fmt: skip
    for k in range(len(log.time)):
        now, kind, e = log.time[k], log.kind[k], log.which[k] - n_given
        if kind == ARRIVAL:
            row = log.row[k]
            p, low, size = wires.home[row], wires.low[row], wires.high[row] - wires.low[row]
            first, behind = cells.first[p], cells.first[p + 1]
            late = now - clocks[p]
            if size == behind - first or late > _FURTHEST * shortest[p]:
                if cells.alike[member, p]:
                    current[first:behind] *= math.exp(-late / tau_syn[first])
                else:
                    for n in range(first, behind):
                        current[n] *= math.exp(-late / tau_syn[n])
                clocks[p], late = now, 0.0
            weights = wires.weights[member, wires.begin[row] : wires.begin[row] + size]
            if late == 0.0:
                current[low : low + size] += weights
            else:
                for j in range(size):
                    current[low + j] += weights[j] * math.exp(late / tau_syn[low + j])
            continue
        n = spikes.neuron[e]
        there = current[n] * math.exp((clocks[cells.home[n]] - now) / tau_syn[n])
        if kind == RELEASE:
            spikes.released[e] = there
            continue
        # Nothing that the voltage does has any influence on a spike in a refractory period, as if
        # it rose without bound.
        if not caught[e]:
            spikes.current[e] = there
        if refractory[n] == 0.0:
            spikes.released[e] = there
