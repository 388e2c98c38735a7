"""Compiled event-driven simulation of coupled renewal neurons: exact, by thinning.

Unit k spikes at the hazard ``h(x_k(t), s_k)``, s being the time since its last spike and x its
drive. The drive follows what the synapses put on with two relaxation times, so between events

    x_k(t) = steady_k + slow_k exp(-(t - T) / tau_a) + fast_k exp(-(t - T) / tau_b),

with a reference time T common to all units: a pulse that begins or ends adds multiples of one
column of weights to three arrays, and needs no exponential per target. Each unit holds one
candidate, drawn at a dominating hazard that belongs to a *level* of the drive; it is a spike with
the ratio of hazards [1]_. When a pulse may lift a drive above its level, the unit draws anew:
nothing has happened yet, and a Poisson process has no memory. The first candidate of all units is
found through minima of blocks of them, so a spike costs its fan-out and no more than some square
root of the number of units.

Numba's cache knows of changes in this file only: after a change in `gibbs_kernel`, `make clean`.

References
----------
.. [1] P. A. W. Lewis, G. S. Shedler, Naval Research Logistics 26 (1979) 403 (thinning);
   Y. Ogata, IEEE Trans. Inf. Theory 27 (1981) 23 (of point processes with history).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lasersampling.sampling.gibbs_kernel import uniform

__all__ = ["Chain", "Model", "Wiring", "advance"]

_LONGEST_STRETCH = 200.0
"""Fast relaxation times after which T is moved, far from where exp overflows."""

_STRETCH = 32
"""Targets that are looked at one by one when one of them is above its level."""

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_compiled = njit(**_OPTIONS)
_compiled_freely = njit(**_OPTIONS, fastmath={"nnan", "nsz", "contract"})


class Model(NamedTuple):
    """Hazard of a neuron on a grid, and what thinning needs of it.

    `hazard` is (drive, age); `bound`, `cumulated` and `guide` belong to levels, which are every
    `rows_per_level`-th drive: hazard that no smaller drive exceeds in a cell of age, its integral
    to the beginning of the cell, and the cell with which to begin when the integral is inverted.
    """

    hazard: NDArray[np.float32]
    bound: NDArray[np.float64]
    cumulated: NDArray[np.float64]
    guide: NDArray[np.int32]
    lowest_drive: float
    drive_step: float
    rows_per_level: int
    age_step: float
    slow: float
    fast: float


class Wiring(NamedTuple):
    """Who acts on whom: `weights[row_start[j] + k]` is that of j on k, first[j] <= k < last[j]."""

    weights: NDArray[np.float64]
    row_start: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    margin: NDArray[np.float64]
    length: float
    delay: float
    renews: bool
    slow_jump: float
    fast_jump: float
    block_bits: int  # units whose first candidate is known are 2**block_bits neighbours


class Chain(NamedTuple):
    """Where one chain stands. The ring holds spikes whose pulses have not ended, and older ones."""

    steady: NDArray[np.float64]
    slow: NDArray[np.float64]
    fast: NDArray[np.float64]
    last_spike: NDArray[np.float64]
    last_entry: NDArray[np.int64]
    level: NDArray[np.int64]
    level_drive: NDArray[np.float64]
    candidate: NDArray[np.float64]
    block_first: NDArray[np.float64]
    waiting: NDArray[np.int64]  # scratch, one longer than there are units
    ring_time: NDArray[np.float64]
    ring_unit: NDArray[np.int32]
    ring_starts: NDArray[np.bool_]
    ring_ends: NDArray[np.bool_]
    place: NDArray[np.int64]  # spikes so far, next to start, next to end, given ones so far
    given_time: NDArray[np.float64]  # spikes of the past, before the chain lives on its own
    given_unit: NDArray[np.int32]
    clock: NDArray[np.float64]  # T, and up to when spikes are given
    generator: NDArray[np.uint64]


@_compiled
def _wait(cumulated, bound, guide, level, age, age_step, exponential):
    """Time to the next candidate, at this age and level; `exponential` is a variate of mean 1.

    The integral of the bound is inverted cell by cell; beyond the table the bound is constant.
    """
    n_cells = bound.shape[1] - 1
    passed = 0.0
    cells = age / age_step
    if cells < n_cells:
        cell = np.int64(cells)
        exponential += cumulated[level, cell] + (cells - cell) * bound[level, cell] * age_step
        total = cumulated[level, n_cells]
        if exponential < total:
            cell = np.int64(guide[level, np.int64(exponential / total * guide.shape[1])])
            while cumulated[level, cell + 1] <= exponential:
                cell += 1
            inside = (exponential - cumulated[level, cell]) / bound[level, cell]
            return max(cell * age_step + inside - age, 0.0)
        exponential -= total
        passed = n_cells * age_step - age
    return passed + exponential / bound[level, n_cells]


@_compiled
def _hazard(table, row, column):
    """Bilinear interpolation; constant beyond the table."""
    row = min(max(row, 0.0), table.shape[0] - 1.000001)
    column = min(column, table.shape[1] - 1.000001)
    i, j = np.int64(row), np.int64(column)
    row -= i
    column -= j
    return (1.0 - row) * ((1.0 - column) * table[i, j] + column * table[i, j + 1]) + row * (
        (1.0 - column) * table[i + 1, j] + column * table[i + 1, j + 1]
    )


@_compiled
def _highest(steady, slow, fast):
    """Highest drive ahead: slow exp(-t/tau_a) + fast exp(-t/tau_b) is never above this."""
    return steady + max(0.0, max(slow, slow + fast))


@_compiled_freely
def _add(
    steady, slow, fast, level_drive, weights, offset, first, last, sign, to_slow, to_fast,
    tail_slow, tail_fast,
):  # fmt: skip
    """Add an edge of a pulse to its targets; how many of them may be above their level now."""
    n_above = 0
    # Unsigned, since numba would look at the sign of each index.
    for k in range(np.uint64(first), np.uint64(last)):
        w = weights[k + np.uint64(offset)]
        s, a, b = steady[k] + sign * w, slow[k] + to_slow * w, fast[k] + to_fast * w
        steady[k], slow[k], fast[k] = s, a, b
        a, b = a * tail_slow, b * tail_fast
        n_above += s + max(0.0, max(a, a + b)) > level_drive[k]
    return n_above


@_compiled
def _set_candidate(candidate, block_first, shift, unit, time):
    """Change a unit's candidate and the first one of its block."""
    block = unit >> shift
    before = candidate[unit]
    candidate[unit] = time
    if time <= block_first[block]:
        block_first[block] = time
    elif before == block_first[block]:
        first = np.inf
        for k in range(block << shift, min((block + 1) << shift, candidate.size)):
            first = min(first, candidate[k])
        block_first[block] = first


@_compiled
def _first_candidate(candidate, block_first, shift):
    """Unit whose candidate comes first."""
    block = 0
    for k in range(1, block_first.size):
        if block_first[k] < block_first[block]:
            block = k
    unit = block << shift
    for k in range(unit + 1, min((block + 1) << shift, candidate.size)):
        if candidate[k] < candidate[unit]:
            unit = k
    return unit


@_compiled
def advance(model, wiring, chain, refractory_time, draw_times, draws, spikes_from, times, units):
    """Simulate one chain up to the last draw, or until no room is left for spikes.

    Parameters
    ----------
    draw_times : ndarray, shape (draw,)
        When states are read, ascending.
    draws : ndarray of int8, shape (draw, unit)
        Takes the states.
    spikes_from : float
        Spikes from then on are written down.
    times, units : ndarray, shape (room,)
        Take the spikes.

    Returns
    -------
    n_draws, n_spikes : int
        Draws that are done, and spikes written down.
    """
    hazard, bound, cumulated, guide = model.hazard, model.bound, model.cumulated, model.guide
    lowest, drive_step, age_step = model.lowest_drive, model.drive_step, model.age_step
    level_step, top = drive_step * model.rows_per_level, bound.shape[0] - 1
    n_cells = bound.shape[1] - 1
    tau_slow, tau_fast = model.slow, model.fast
    weights, row_start, first, last = (
        wiring.weights, wiring.row_start, wiring.first, wiring.last,
    )  # fmt: skip
    margin, length, delay, renews = wiring.margin, wiring.length, wiring.delay, wiring.renews
    slow_jump, fast_jump = wiring.slow_jump, wiring.fast_jump
    steady, slow, fast = chain.steady, chain.slow, chain.fast
    last_spike, last_entry = chain.last_spike, chain.last_entry
    level, level_drive = chain.level, chain.level_drive
    candidate, block_first, waiting = chain.candidate, chain.block_first, chain.waiting
    ring_time, ring_unit = chain.ring_time, chain.ring_unit
    ring_starts, ring_ends = chain.ring_starts, chain.ring_ends
    place, clock, generator = chain.place, chain.clock, chain.generator
    given_time, given_unit = chain.given_time, chain.given_unit
    n_units, n_given, ring_mask = candidate.size, given_time.size, ring_time.size - 1
    shift = wiring.block_bits
    n_noted, n_started, n_ended, n_taken = place[0], place[1], place[2], place[3]
    origin, alive_from = clock[0], clock[1]
    stretch = _LONGEST_STRETCH * tau_fast
    n_spikes = draw = 0
    while draw < draw_times.size and n_spikes < times.size:
        until = draw_times[draw]
        while n_spikes < times.size:
            # What comes next: a pulse's begin or end, a given spike, the first breath, a candidate?
            start_due = end_due = np.inf
            if n_started < n_noted:
                start_due = ring_time[n_started & ring_mask] + delay
            if n_ended < n_started:
                end_due = ring_time[n_ended & ring_mask] + length + delay
            edge_due = min(start_due, end_due)
            is_alive = alive_from == np.inf
            if is_alive:
                unit = _first_candidate(candidate, block_first, shift)
                own_due = candidate[unit]
            elif n_taken < n_given:
                unit, own_due = np.int64(given_unit[n_taken]), given_time[n_taken]
            else:
                unit, own_due = np.int64(0), alive_from
            now = min(edge_due, own_due)
            if now > until:
                for k in range(n_units):
                    draws[draw, k] = until - last_spike[k] < refractory_time
                draw += 1
                break
            passed = now - origin
            tail_slow, tail_fast = math.exp(-passed / tau_slow), math.exp(-passed / tau_fast)
            if passed > stretch:
                for k in range(n_units):
                    slow[k] *= tail_slow
                    fast[k] *= tail_fast
                origin, tail_slow, tail_fast = now, 1.0, 1.0
            spikes = False
            n_waiting = 0  # units that need a new candidate
            if edge_due <= own_due:
                if start_due <= end_due:
                    slot = n_started & ring_mask
                    acts, sign = ring_starts[slot], 1.0
                    n_started += 1
                else:
                    slot = n_ended & ring_mask
                    acts, sign = ring_ends[slot], -1.0
                    n_ended += 1
                source = ring_unit[slot]
                begin = first[source] if acts else last[source]
                while begin < last[source]:
                    end = min(begin + _STRETCH, last[source])
                    n_above = _add(
                        steady, slow, fast, level_drive, weights, row_start[source], begin, end,
                        sign, sign * slow_jump / tail_slow, sign * fast_jump / tail_fast,
                        tail_slow, tail_fast,
                    )  # fmt: skip
                    if n_above > 0 and is_alive:
                        for k in range(begin, end):
                            highest = _highest(steady[k], slow[k] * tail_slow, fast[k] * tail_fast)
                            waiting[n_waiting] = k
                            n_waiting += highest > level_drive[k]
                    begin = end
            elif is_alive:
                drive = steady[unit] + slow[unit] * tail_slow + fast[unit] * tail_fast
                column = (now - last_spike[unit]) / age_step
                cell = n_cells
                if column < n_cells:
                    cell = np.int64(column)
                ratio = uniform(generator) * bound[level[unit], cell]
                spikes = ratio < _hazard(hazard, (drive - lowest) / drive_step, column)
                waiting[0], n_waiting = unit, 1
            elif n_taken < n_given:
                n_taken += 1
                spikes = True
            else:
                alive_from = np.inf
                for k in range(n_units):
                    waiting[k] = k
                n_waiting = n_units
            if spikes:
                slot, before = n_noted & ring_mask, last_entry[unit]
                starts = True
                if renews and before >= 0 and now - last_spike[unit] < length:
                    ring_ends[before & ring_mask] = False
                    starts = False
                ring_time[slot], ring_unit[slot] = now, unit
                ring_starts[slot], ring_ends[slot] = starts, True
                last_spike[unit], last_entry[unit] = now, n_noted
                n_noted += 1
                if is_alive and now >= spikes_from:
                    times[n_spikes], units[n_spikes] = now, unit
                    n_spikes += 1
            for i in range(n_waiting):
                k = waiting[i]
                highest = _highest(steady[k], slow[k] * tail_slow, fast[k] * tail_fast)
                wanted = np.ceil((highest + margin[k] - lowest) / level_step)
                chosen = np.int64(min(max(wanted, 0.0), np.float64(top)))
                level[k] = chosen
                level_drive[k] = np.inf if chosen == top else lowest + chosen * level_step
                wait = _wait(
                    cumulated, bound, guide, chosen, now - last_spike[k], age_step,
                    -math.log(1.0 - uniform(generator)),
                )  # fmt: skip
                _set_candidate(candidate, block_first, shift, k, now + wait)
    place[0], place[1], place[2], place[3] = n_noted, n_started, n_ended, n_taken
    clock[0], clock[1] = origin, alive_from
    return draw, n_spikes
