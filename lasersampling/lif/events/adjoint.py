"""Derivatives of all spike times by adjoint dynamics (EventProp), from event to event; compiled.

The derivation stands in `docs/eventprop.md`. Backward in time, p_U and p_I are the derivatives of
the loss by voltage and current at that time. Between events

    d p_U / ds = -p_U / tau_mem,    d p_I / ds = -p_I / tau_syn + p_U / tau_mem,    s = -t.

At an arrival the weight gets p_I, and the time of arrival w (p_I / tau_syn - p_U / tau_mem). At the
end of a refractory period p_U is handed to the time of the spike, and at the spike becomes what a
change of the voltage would do to that time. Nothing but events is kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.events.tables import (
    ARRIVAL,
    BY_GAP,
    BY_INITIAL,
    BY_REFRACTORY,
    BY_RESET,
    BY_TAU_MEM,
    BY_TAU_SYN,
    SPIKE,
)  # fmt: skip
from lasersampling.lif.spike_times.dynamics import BARE, carry_and_add, decays, taus_back

# Rows of `Adjoint.values`; the last are those of the neurons.
P_VOLTAGE, P_CURRENT = 0, 1  # derivatives by voltage and current
U, A_VOLTAGE, A_CURRENT = 2, 3, 4  # what becomes the derivatives by time constants
CLOCK = 5
ASIDE_VOLTAGE, ASIDE_CURRENT = 6, 7  # of strays, in their order, while the others are carried
GAP, RESET, INITIAL, TAU_MEM, TAU_SYN, REFRACTORY = 8, 9, 10, 11, 12, 13
N_VALUES = 14

# Rows of `Adjoint.marks` and `Adjoint.counts`; see `neurons`.
IS_STRAY, STRAYS, HOME = 0, 1, 2
N_STRAYS, FIRST, END, ALIKE = 0, 1, 2, 3


class Adjoint(NamedTuple):
    """Derivatives of the loss by the state of each neuron; clocks and strays as in `neurons`.

    Attributes
    ----------
    values : array (value, neuron)
        Derivatives and parameters.
    marks : array of int64 (mark, neuron)
        Whether it is a stray, which are, its population.
    clocks : array (population,)
        Time of the neurons that are no strays.
    counts : array of int64 (count, population)
        Number of strays, where its neurons begin and end, whether all have the same time constants.
    """

    values: np.ndarray
    marks: np.ndarray
    clocks: np.ndarray
    counts: np.ndarray


def new_adjoint(cells, member):
    """Neurons of a member."""
    n_neurons, n_populations = cells.gap.shape[1], len(cells.first) - 1
    values = np.zeros((N_VALUES, n_neurons))
    marks = np.zeros((3, n_neurons), np.int64)
    counts = np.zeros((4, n_populations), np.int64)
    values[GAP], values[RESET] = cells.gap[member], cells.reset[member]
    values[INITIAL], values[TAU_MEM] = cells.initial[member], cells.tau_mem[member]
    values[TAU_SYN] = cells.tau_syn[member]
    values[REFRACTORY], marks[HOME] = cells.refractory[member], cells.home
    counts[FIRST], counts[END] = cells.first[:-1], cells.first[1:]
    counts[ALIKE] = cells.alike[member]
    return Adjoint(values, marks, np.zeros(n_populations), counts)


def run_back(cells, wires, given, recorded, upstream, span, slopes, options):
    """Add the derivatives for the runs `span` of one member to `slopes`.

    Parameters
    ----------
    cells, wires, given : Cells, Wires, Given
        As in `forward.run`.
    recorded : Recorded
        What that returned.
    upstream : Upstream
        Derivatives of the loss by the spikes.
    span : (int, int, int)
        Member, first run, run after the last.
    slopes : Slopes
        Added to.
    options : (float, bool)
        Smallest slope of the voltage at a spike, and whether time constants are asked for.
    """
    state = new_adjoint(cells, span[0])
    runs_back(wires, given, recorded, upstream, span, slopes, (options, state))


@njit(**BARE)
def runs_back(wires, given, recorded, upstream, span, slopes, rest):
    """As `run_back`; `rest` has the options and room to work in."""
    member, first, behind = span
    values, by_neurons = rest[1].values, slopes.neurons
    log, offsets = recorded.log, recorded.log_offsets
    for place in range(behind - first):
        stop = offsets[place + 1]
        begin_back(rest[1], log.time[stop - 1] if stop > offsets[place] else 0.0)
        one_run_back(wires, given, recorded, upstream, (member, place), slopes, rest)
        for n in range(values.shape[1]):
            by_neurons[BY_INITIAL, n] += values[P_VOLTAGE, n]
            by_neurons[BY_TAU_MEM, n] += values[A_VOLTAGE, n] * values[INITIAL, n]


@njit(**BARE)
def one_run_back(wires, given, recorded, upstream, place, slopes, rest):
    """As `run_back` for one run, to time 0; `rest` has the options and room to work in."""
    spikes, log, _, log_offsets = recorded
    member, run = place
    (smallest, with_taus), state = rest
    values, by_neurons = state.values, slopes.neurons
    by_spike, by_presence = upstream
    n_given = len(given.time)
    for k in range(log_offsets[run + 1] - 1, log_offsets[run] - 1, -1):
        now, kind = log.time[k], log.kind[k]
        e = log.which[k] - n_given
        if kind == ARRIVAL:
            row = log.row[k]
            by_time = arrival_back(wires, (member, row), now, state, slopes, with_taus)
            slopes.delays[row] += by_time
            if e < 0:
                slopes.given[e + n_given] += by_time
            else:
                by_spike[e] += by_time
            continue
        n = spikes.neuron[e]
        carry_one_back(state, n, now, with_taus)
        if kind != SPIKE or values[REFRACTORY, n] == 0.0:
            by_spike[e] += release_back(values, n, spikes.released[e], by_neurons)
        if kind == SPIKE:
            slope = (spikes.current[e] - values[GAP, n]) / values[TAU_MEM, n]
            if slope < smallest:
                slope = smallest
                slopes.floored[0] += 1
            values[P_VOLTAGE, n] = by_presence[e] - by_spike[e] / slope
            by_neurons[BY_GAP, n] -= values[P_VOLTAGE, n]
    for p in range(len(state.clocks)):
        for n in range(state.counts[FIRST, p], state.counts[END, p]):
            carry_one_back(state, n, 0.0, with_taus)


@njit(**BARE)
def begin_back(state, end):
    """Put all derivatives to 0 at the end."""
    values, marks, clocks, counts = state
    for n in range(values.shape[1]):
        marks[IS_STRAY, n] = 0
        for value in range(A_CURRENT + 1):
            values[value, n] = 0.0
    for p in range(len(clocks)):
        counts[N_STRAYS, p], clocks[p] = 0, end


@njit(**BARE)
def arrival_back(wires, place, when, state, slopes, with_taus):
    """Carry the targets of a row back to its arrival; return the derivative by its time."""
    member, row = place
    values, _, _, counts = state
    home, low, begin = wires.home[row], wires.low[row], wires.begin[row]
    size = wires.high[row] - low
    weights = wires.weights[member, begin : begin + size]
    by_weights = slopes.weights[begin : begin + size]
    whole = size == counts[END, home] - counts[FIRST, home]
    if whole and counts[ALIKE, home] and not with_taus:
        return row_back(state, home, when, weights, by_weights)
    by_time = 0.0
    for j in range(size):
        n = low + j
        carry_one_back(state, n, when, with_taus)
        by_weights[j] += values[P_CURRENT, n]
        by_time += weights[j] * (
            values[P_CURRENT, n] / values[TAU_SYN, n] - values[P_VOLTAGE, n] / values[TAU_MEM, n]
        )
        if with_taus:
            slopes.neurons[BY_TAU_SYN, n] += weights[j] * values[U, n]
            slopes.neurons[BY_TAU_MEM, n] += weights[j] * values[A_CURRENT, n]
    if whole:
        all_back(state, home, when)
    return by_time


@njit(**BARE)
def row_back(state, p, when, weights, by_weights):
    """As `arrival_back`, for a row that reaches a population of equal time constants."""
    values, marks, clocks, counts = state
    first, end, n_strays = counts[FIRST, p], counts[END, p], counts[N_STRAYS, p]
    # Strays get there on their own, and are 0 while the others are carried.
    for k in range(n_strays):
        n = marks[STRAYS, first + k]
        carry_one_back(state, n, when, False)
        values[ASIDE_VOLTAGE, first + k] = values[P_VOLTAGE, n]
        values[ASIDE_CURRENT, first + k] = values[P_CURRENT, n]
        values[P_VOLTAGE, n], values[P_CURRENT, n] = 0.0, 0.0
    mem, syn = values[TAU_MEM, first], values[TAU_SYN, first]
    by_current, by_voltage = carry_and_add(
        values[P_VOLTAGE, first:end], values[P_CURRENT, first:end], weights, by_weights,
        decays(clocks[p] - when, mem, syn),
    )  # fmt: skip
    for k in range(n_strays):
        n = marks[STRAYS, first + k]
        values[P_VOLTAGE, n] = values[ASIDE_VOLTAGE, first + k]
        values[P_CURRENT, n] = values[ASIDE_CURRENT, first + k]
        by_voltage += weights[n - first] * values[P_VOLTAGE, n]
        by_current += weights[n - first] * values[P_CURRENT, n]
        by_weights[n - first] += values[P_CURRENT, n]
    all_back(state, p, when)
    return by_current / syn - by_voltage / mem


@njit(**BARE)
def release_back(values, n, current, by_neurons):
    """Hand what the voltage is worth after a spike to the parameters; return what time is worth."""
    reset = values[RESET, n]
    by_end = -values[P_VOLTAGE, n] * (current - reset) / values[TAU_MEM, n]
    by_neurons[BY_REFRACTORY, n] += by_end
    by_neurons[BY_RESET, n] += values[P_VOLTAGE, n]
    by_neurons[BY_TAU_MEM, n] += values[A_VOLTAGE, n] * reset
    values[P_VOLTAGE, n], values[A_VOLTAGE, n] = 0.0, 0.0
    return by_end


@njit(**BARE)
def carry_one_back(state, n, when, with_taus):
    """Carry one neuron back, which makes it a stray."""
    values, marks, clocks, counts = state
    p, stray = marks[HOME, n], marks[IS_STRAY, n]
    length = (values[CLOCK, n] if stray else clocks[p]) - when
    if length > 0.0:
        mem, syn = values[TAU_MEM, n], values[TAU_SYN, n]
        by_voltage, by_current = values[P_VOLTAGE, n], values[P_CURRENT, n]
        if with_taus:
            sums = values[U, n], values[A_VOLTAGE, n], values[A_CURRENT, n]
            values[U, n], values[A_VOLTAGE, n], values[A_CURRENT, n] = taus_back(
                (by_voltage, by_current), sums, length, mem, syn
            )
        kept, left, gained = decays(length, mem, syn)
        values[P_CURRENT, n] = by_current * left + by_voltage * gained
        values[P_VOLTAGE, n] = by_voltage * kept
    values[CLOCK, n] = when
    if not stray:
        marks[STRAYS, counts[FIRST, p] + counts[N_STRAYS, p]] = n
        counts[N_STRAYS, p] += 1
        marks[IS_STRAY, n] = 1


@njit(**BARE)
def all_back(state, p, when):
    """Note that all neurons of a population have been carried back."""
    _, marks, clocks, counts = state
    for k in range(counts[N_STRAYS, p]):
        marks[IS_STRAY, marks[STRAYS, counts[FIRST, p] + k]] = 0
    counts[N_STRAYS, p], clocks[p] = 0, when
