"""Compiled simulation of coupled renewal neurons: exact, by thinning, in windows of time.

Unit k spikes at the hazard ``h(x_k(t), s_k)``, where s is the time since its last spike and x its
drive. The drive follows the synaptic input with two relaxation times: between events

    x_k(t) = steady_k + slow_k exp(-(t - T) / tau_a) + fast_k exp(-(t - T) / tau_b),

and the begin or end of a pulse adds multiples of one column of weights to the three arrays.

Time is divided into short windows. Thinning [1]_ needs a dominating hazard that is never below the
unit's own, here constant over the window; the next candidate of a unit is where the integral of the
dominating hazard has used up a *budget*, an exponential variate. So a window costs each unit a
look-up and a subtraction, without random numbers, in a loop over all units of all chains that LLVM
turns into vector instructions; only candidates and edges of pulses are events, which are processed
chain by chain in the order of time. A candidate becomes a spike with the ratio of the hazards at
its time, and in either case the unit gets a new budget. An edge within the window raises drives:
the dominating hazard has a margin for this, and a unit that is raised beyond it continues at a
higher one for the rest of the window.

Budgets and dominating hazards are integers, so that sums of many small hazards are exact; rounding
a dominating hazard up only costs additional candidates. The same holds for steady drives.

References
----------
.. [1] P. A. W. Lewis, G. S. Shedler, Naval Research Logistics 26 (1979) 403 (thinning);
   Y. Ogata, IEEE Trans. Inf. Theory 27 (1981) 23 (of point processes with history).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.wide_vectors import use_wide_vectors
from lasersampling.sampling.gibbs_kernel import uniform
from lasersampling.sampling.renewal.lanes import (
    OPTIONS,
    ROWS,
    UNUSED_BUDGET,
    Edge,
    add,
    exp,
    relax,
)

__all__ = ["advance", "begin"]

_LARGEST_BUDGET = 2.0**31 - 1.0
_ZERO = np.float32(0.0)
_STARTS, _ENDS = np.int32(2), np.int32(1)

_first_bit: Any = trailing_zeros  # mypy takes it for what it was made from
_compiled = njit(**OPTIONS)
_inlined = njit(**OPTIONS, forceinline=True)


@_inlined
def _hazard(table, row, column):
    """Bilinear interpolation; constant beyond the table."""
    row = min(max(row, 0.0), table.shape[0] - 1.000001)
    column = min(column, table.shape[1] - 1.000001)
    i, j = np.uint64(row), np.uint64(column)
    row -= i
    column -= j
    i_next, j_next = i + np.uint64(1), j + np.uint64(1)
    return (1.0 - row) * ((1.0 - column) * table[i, j] + column * table[i, j_next]) + row * (
        (1.0 - column) * table[i_next, j] + column * table[i_next, j_next]
    )


@_inlined
def _new_budget(model, generator):
    """Exponential variate, in the unit of budgets."""
    return np.int64(
        min(-math.log(1.0 - uniform(generator)) * model.budget, _LARGEST_BUDGET)
    )  # fmt: skip


@_inlined
def _note(wiring, batch, chain, unit, now):
    """Record a spike, and with it the two edges of its pulse; return whether the first acts."""
    lane = np.uint64(chain * wiring.stride + unit)
    ring_mask = batch.ring_time.shape[1] - 1
    entry = batch.place[chain, 0]
    slot, before = np.uint64(entry & ring_mask), batch.last_entry[lane]
    starts = True
    if wiring.renews and before >= 0 and now - batch.last_spike[lane] < wiring.length:
        batch.ring_what[chain, np.uint64(before & ring_mask)] &= ~_ENDS
        starts = False
    batch.ring_time[chain, slot] = now
    batch.ring_what[chain, slot] = 4 * unit + (_STARTS | _ENDS if starts else _ENDS)
    batch.spike_before[lane], batch.last_spike[lane] = batch.last_spike[lane], now
    batch.last_entry[lane] = entry
    batch.place[chain, 0] = entry + 1
    return starts


@_inlined
def _next_edge(wiring, batch, chain):
    """Time at which the next pulse of a chain begins or ends."""
    n_noted, n_started, n_ended = batch.place[chain]
    ring_mask = batch.ring_time.shape[1] - 1
    due = np.inf
    if n_started < n_noted:
        due = batch.ring_time[chain, np.uint64(n_started & ring_mask)] + wiring.delay
    if n_ended < n_started:
        end = batch.ring_time[chain, np.uint64(n_ended & ring_mask)] + wiring.length + wiring.delay
        due = min(due, end)
    return due


@_inlined
def _edge(model, wiring, batch, chain, now, window_end, n_waiting):
    """Process the next edge of a chain; return how many lanes wait in this window afterwards."""
    ring_mask = batch.ring_time.shape[1] - 1
    slot = np.uint64(batch.place[chain, 1] & ring_mask)
    starts = (
        batch.place[chain, 1] < batch.place[chain, 0]
        and batch.ring_time[chain, slot] + wiring.delay <= now
    )
    if starts:
        batch.place[chain, 1] += 1
        acts = batch.ring_what[chain, slot] & _STARTS
    else:
        slot = np.uint64(batch.place[chain, 2] & ring_mask)
        batch.place[chain, 2] += 1
        acts = batch.ring_what[chain, slot] & _ENDS
    batch.edge_due[chain] = _next_edge(wiring, batch, chain)
    if acts:
        unit = np.uint64(batch.ring_what[chain, slot] >> 2)
        rest = window_end - now
        n_waiting = _act(model, wiring, batch, chain, unit, starts, now, rest, n_waiting)
    return n_waiting


@_inlined
def _act(model, wiring, batch, chain, source, starts, now, rest, n_waiting):
    """Let a pulse of a unit begin or end; return how many lanes wait in this window afterwards."""
    mask, sign = np.int32(-1), -wiring.row
    if starts:
        mask, sign = np.int32(0), wiring.row
    to_slow = wiring.slow_jump * exp(-rest * model.per_slow)
    to_fast = wiring.fast_jump * exp(-rest * model.per_fast)
    rise = 1.0 + to_slow + to_fast
    if rest > wiring.peak:
        rise = 1.0 + wiring.slow_jump * math.exp(-wiring.peak * model.per_slow)
        rise += wiring.fast_jump * math.exp(-wiring.peak * model.per_fast)
    lane = chain * wiring.stride + wiring.first[source]
    parts = np.float32(sign * to_slow), np.float32(sign * to_fast), np.float32(sign * rise)
    if not add(batch, wiring, source, lane, Edge(mask, *parts)):
        return n_waiting
    for word in range(np.uint64((wiring.n_targets[source] + 7) // 8)):
        targets = batch.above_words[word]
        batch.above_words[word] = 0
        while targets != np.uint64(0):
            target = np.uint64(8) * word + np.uint64(_first_bit(targets) >> np.uint64(3))
            targets &= targets - np.uint64(1)
            i = np.uint64(lane) + target
            n_waiting = _raise(model, batch, i, now, rest, n_waiting)
    return n_waiting


@_inlined
def _raise(model, batch, lane, now, rest, n_waiting):
    """Continue with a higher dominating hazard, for a unit whose drive exceeds the margin."""
    at = np.int64(batch.cell[lane])
    row = at & (ROWS - 1)
    row_above = min(row + np.int64(batch.lift[lane]) + 1, model.hazard.shape[0] - 1)
    above = at - row + row_above
    before, bound = model.bound[np.uint64(at)], model.bound[np.uint64(above)]
    batch.lift[lane] = _ZERO
    batch.cell[lane] = above
    part = rest * model.per_window
    was_waiting = batch.budget[lane] < 0
    left = np.int64(batch.budget[lane]) + np.int64(before * part)
    left = max(left, np.int64(0))
    batch.budget[lane] = budget = left - np.int64(bound * part)
    if budget < 0:
        batch.candidate[lane] = now + model.window * (left + 0.5) / bound
        if not was_waiting:
            batch.waiting[np.uint64(n_waiting)] = lane
            n_waiting += 1
    return n_waiting


@_inlined
def _try(model, wiring, batch, chain, lane, now, window_end):
    """Decide whether a candidate is a spike, and give its unit a new budget."""
    rest = window_end - now
    generator = batch.generator[chain]
    drive = (
        batch.steady[lane] * wiring.row
        + batch.slow[lane] * exp(rest * model.per_slow)
        + batch.fast[lane] * exp(rest * model.per_fast)
    )
    bound = np.float64(model.bound[np.uint64(batch.cell[lane])])
    age = now - batch.last_spike[lane]
    hazard = _hazard(model.hazard, drive, age * model.per_age_step)
    budget = _new_budget(model, generator)
    spikes = uniform(generator) * bound < hazard * model.window * model.budget
    if spikes:
        batch.cell[lane] = 0
        batch.age[lane] = rest
    else:
        left = budget
        budget -= np.int64(bound * rest * model.per_window)
        batch.candidate[lane] = now + model.window * (left + 0.5) / bound
    batch.budget[lane] = budget
    return spikes


@_inlined
def _live(model, wiring, batch, chain, window_end, n_waiting, n_spikes, record):
    """Process the events of a chain in a window, in the order of time; return the spikes so far."""
    since, times, units, chains = record
    waiting = batch.waiting
    while True:
        chosen, due = np.uint64(0), np.inf
        for i in range(np.uint64(n_waiting)):
            candidate = batch.candidate[np.uint64(waiting[i])]
            if candidate < due:
                chosen, due = np.uint64(i), candidate
        edge_due = batch.edge_due[chain]
        if edge_due <= due and edge_due < window_end:
            n_waiting = _edge(model, wiring, batch, chain, edge_due, window_end, n_waiting)
            continue
        if n_waiting == 0:
            return n_spikes
        lane = np.uint64(waiting[chosen])
        now = min(due, window_end)
        if _try(model, wiring, batch, chain, lane, now, window_end):
            unit = np.int64(lane) - chain * wiring.stride
            starts = _note(wiring, batch, chain, unit, now)
            if wiring.delay == 0.0:  # the pulse begins at once
                batch.place[chain, 1] += 1
                if starts:
                    n_waiting = _act(
                        model, wiring, batch, chain, np.uint64(unit), True, now, window_end - now,
                        n_waiting,
                    )  # fmt: skip
            batch.edge_due[chain] = _next_edge(wiring, batch, chain)
            if now >= since:
                times[n_spikes], units[n_spikes], chains[n_spikes] = now, unit, chain
                n_spikes += 1
        if batch.budget[lane] >= 0:
            n_waiting -= 1
            waiting[chosen] = waiting[np.uint64(n_waiting)]


@_inlined
def _find(model, batch, window_start):
    """List the lanes whose budget is used up, from the end of the scratch; return their number.

    Their chains are marked as busy.
    """
    last, n_found = batch.waiting.size - 1, 0
    for word in range(np.uint64(batch.empty_words.size)):
        lanes = batch.empty_words[word]
        while lanes != np.uint64(0):
            lane = np.uint64(8) * word + np.uint64(_first_bit(lanes) >> np.uint64(3))
            lanes &= lanes - np.uint64(1)
            chain = batch.chain_of[lane]
            if chain < 0:
                batch.budget[lane] = UNUSED_BUDGET
                continue
            bound = model.bound[np.uint64(batch.cell[lane])]
            left = np.int64(batch.budget[lane]) + bound + 0.5
            batch.candidate[lane] = window_start + model.window * left / bound
            batch.waiting[np.uint64(last - n_found)] = lane
            batch.busy[np.uint64(chain)] = 1
            n_found += 1
    return n_found


@_compiled
def begin(model, wiring, batch, now, past_starts, past_time, past_unit):
    """Bring chains to a time after the spikes of their past.

    Parameters
    ----------
    now : float
        Time at which they begin.
    past_starts : ndarray of int64, shape (chain + 1,)
        Places in the arrays of spikes at which each chain begins.
    past_time, past_unit : ndarray, shape (spike,)
        Spikes before that time, ascending in each chain.
    """
    n_units = wiring.first.size
    for chain in range(batch.place.shape[0]):
        for i in range(past_starts[chain], past_starts[chain + 1]):
            while batch.edge_due[chain] <= past_time[i]:
                _edge(model, wiring, batch, chain, batch.edge_due[chain], now, 0)
            _note(wiring, batch, chain, np.int64(past_unit[i]), past_time[i])
            batch.edge_due[chain] = _next_edge(wiring, batch, chain)
        while batch.edge_due[chain] <= now:
            _edge(model, wiring, batch, chain, batch.edge_due[chain], now, 0)
        for lane in range(chain * wiring.stride, chain * wiring.stride + n_units):
            batch.age[lane] = now - batch.last_spike[lane]
            batch.budget[lane] = _new_budget(model, batch.generator[chain])


@_compiled
def advance(model, wiring, batch, began, reading, record):
    """Simulate chains beyond the last draw, or until the spikes of a window no longer fit.

    Parameters
    ----------
    began : float
        Time at which the first window began.
    reading : Reading
        Times at which states are read, and where they are stored.
    record : Record
        Record of the spikes.

    Returns
    -------
    n_draws, n_spikes : int
        Numbers of draws done and of spikes recorded.
    """
    use_wide_vectors()
    n_units, n_chains = wiring.first.size, batch.place.shape[0]
    most = n_units * n_chains
    last_spike, spike_before, waiting = batch.last_spike, batch.spike_before, batch.waiting
    draw_times, draws, refractory_time = reading
    n_spikes = draw = 0
    while draw < draw_times.size and n_spikes + most <= record.times.size:
        window_start = began + batch.clock[0] * model.window
        batch.clock[0] += 1
        window_end = began + batch.clock[0] * model.window
        relax(model, wiring, batch)
        n_found = _find(model, batch, window_start)
        for one in range(np.uint64(n_chains)):
            batch.busy[one] |= np.uint8(batch.edge_due[one] < window_end)
        taken = 0
        for word in range(np.uint64(batch.busy_words.size)):
            chains = batch.busy_words[word]
            batch.busy_words[word] = 0
            while chains != np.uint64(0):
                byte = np.uint64(_first_bit(chains) >> np.uint64(3))
                busy = np.int64(np.uint64(8) * word + byte)
                chains &= chains - np.uint64(1)
                n_waiting = 0
                while taken < n_found:
                    lane = waiting[np.uint64(waiting.size - 1 - taken)]
                    if lane >= (busy + 1) * wiring.stride:
                        break
                    waiting[np.uint64(n_waiting)] = lane
                    n_waiting += 1
                    taken += 1
                n_spikes = _live(
                    model, wiring, batch, busy, window_end, n_waiting, n_spikes, record
                )
        while draw < draw_times.size and draw_times[draw] < window_end:
            now = draw_times[draw]
            for chain in range(n_chains):
                for k in range(n_units):
                    lane = np.uint64(chain * wiring.stride + k)
                    last, before = now - last_spike[lane], now - spike_before[lane]
                    since = last if last >= 0.0 else before
                    draws[chain, draw, k] = since < refractory_time
            draw += 1
    return draw, n_spikes
