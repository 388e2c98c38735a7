"""Derivatives of all spike times by adjoint dynamics (EventProp), from event to event; compiled.

The derivation stands in `docs/eventprop.md`. Backward in time, p_U and p_I are the derivatives of
the loss by voltage and current at that time. Between events

    d p_U / ds = -p_U / tau_mem,    d p_I / ds = -p_I / tau_syn + p_U / tau_mem,    s = -t.

At an arrival the weight gets p_I, and the time of arrival w (p_I / tau_syn - p_U / tau_mem). At the
end of a refractory period p_U is handed to the time of the spike, and at the spike becomes what a
change of the voltage would do to that time. Nothing but events is kept.
"""

from __future__ import annotations

import math
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
from lasersampling.lif.spike_times.crossing import response

# Rows of `Adjoint.values`; the last are those of the neurons.
P_VOLTAGE, P_CURRENT = 0, 1  # derivatives by voltage and current
U, A_VOLTAGE, A_CURRENT = 2, 3, 4  # what becomes the derivatives by time constants
CLOCK = 5
GAP, RESET, TAU_MEM, TAU_SYN, REFRACTORY = 6, 7, 8, 9, 10
N_VALUES = 11

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


@njit(cache=True, nogil=True, error_model="numpy")
def new_adjoint(cells, member):
    """Neurons of a member."""
    n_neurons, n_populations = cells.gap.shape[1], len(cells.first) - 1
    values = np.zeros((N_VALUES, n_neurons))
    marks = np.zeros((3, n_neurons), np.int64)
    counts = np.zeros((4, n_populations), np.int64)
    values[GAP], values[RESET] = cells.gap[member], cells.reset[member]
    values[TAU_MEM], values[TAU_SYN] = cells.tau_mem[member], cells.tau_syn[member]
    values[REFRACTORY], marks[HOME] = cells.refractory[member], cells.home
    counts[FIRST], counts[END] = cells.first[:-1], cells.first[1:]
    counts[ALIKE] = cells.alike[member]
    return Adjoint(values, marks, np.zeros(n_populations), counts)


@njit(cache=True, nogil=True, error_model="numpy")
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
    member, first, behind = span
    state = new_adjoint(cells, member)
    for place in range(behind - first):
        one_run_back(wires, given, recorded, upstream, (member, place), slopes, (options, state))
        for n in range(cells.gap.shape[1]):
            slopes.neurons[BY_INITIAL, n] += state.values[P_VOLTAGE, n]
            slopes.neurons[BY_TAU_MEM, n] += state.values[A_VOLTAGE, n] * cells.initial[member, n]


@njit(cache=True, nogil=True, error_model="numpy")
def one_run_back(wires, given, recorded, upstream, place, slopes, rest):
    """As `run_back` for one run, to time 0; `rest` has the options and room to work in."""
    spikes, log, _, log_offsets = recorded
    member, run = place
    (smallest, with_taus), state = rest
    values, by_neurons = state.values, slopes.neurons
    by_spike, by_presence = upstream
    n_given = len(given.time)
    start, stop = log_offsets[run], log_offsets[run + 1]
    begin_back(state, log.time[stop - 1] if stop > start else 0.0)
    for k in range(stop - 1, start - 1, -1):
        now, which, kind = log.time[k], log.which[k], log.kind[k]
        e = which - n_given
        if kind == ARRIVAL:
            row = log.row[k]
            low, begin = wires.low[row], wires.begin[row]
            behind = begin + wires.high[row] - low
            weights, by_weights = wires.weights[member, begin:behind], slopes.weights[begin:behind]
            home = wires.home[row]
            carry_row_back(state, home, low, len(weights), now, with_taus)
            add_to_weights(by_weights, values[P_CURRENT, low : low + len(weights)])
            if with_taus:
                for j in range(len(weights)):
                    by_neurons[BY_TAU_SYN, low + j] += weights[j] * values[U, low + j]
                    by_neurons[BY_TAU_MEM, low + j] += weights[j] * values[A_CURRENT, low + j]
            by_time = arrival_back(values, low, weights, state.counts[ALIKE, home])
            slopes.delays[row] += by_time
            if e < 0:
                slopes.given[which] += by_time
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
        carry_all_back(state, p, 0.0, with_taus)


@njit(cache=True, nogil=True, error_model="numpy")
def begin_back(state, end):
    """Put all derivatives to 0 at the end."""
    state.values[: A_CURRENT + 1] = 0.0
    state.marks[IS_STRAY], state.counts[N_STRAYS], state.clocks[:] = 0, 0, end


@njit(cache=True, nogil=True, error_model="numpy")
def arrival_back(values, low, weights, alike):
    """Return the derivative by the time at which a row arrives."""
    end = low + len(weights)
    if alike:
        by_current, by_voltage = products(
            weights, values[P_CURRENT, low:end], values[P_VOLTAGE, low:end]
        )
        return by_current / values[TAU_SYN, low] - by_voltage / values[TAU_MEM, low]
    by_time = 0.0
    for j in range(len(weights)):
        by_time += weights[j] * (
            values[P_CURRENT, low + j] / values[TAU_SYN, low + j]
            - values[P_VOLTAGE, low + j] / values[TAU_MEM, low + j]
        )
    return by_time


@njit(cache=True, nogil=True, error_model="numpy")
def add_to_weights(weights, by_current):
    """Add up, in a function of its own so that it becomes vector instructions."""
    for j in range(len(weights)):
        weights[j] += by_current[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc"})
def products(weights, by_current, by_voltage):
    """Sums of products with the weights, in any order."""
    one, two = 0.0, 0.0
    for j in range(len(weights)):
        one += weights[j] * by_current[j]
        two += weights[j] * by_voltage[j]
    return one, two


@njit(cache=True, nogil=True, error_model="numpy")
def release_back(values, n, current, by_neurons):
    """Hand what the voltage is worth after a spike to the parameters; return what time is worth."""
    reset = values[RESET, n]
    by_end = -values[P_VOLTAGE, n] * (current - reset) / values[TAU_MEM, n]
    by_neurons[BY_REFRACTORY, n] += by_end
    by_neurons[BY_RESET, n] += values[P_VOLTAGE, n]
    by_neurons[BY_TAU_MEM, n] += values[A_VOLTAGE, n] * reset
    values[P_VOLTAGE, n], values[A_VOLTAGE, n] = 0.0, 0.0
    return by_end


@njit(cache=True, nogil=True, error_model="numpy")
def carry_one_back(state, n, when, with_taus):
    """Carry one neuron back, which makes it a stray."""
    values, marks, clocks, counts = state
    p, stray = marks[HOME, n], marks[IS_STRAY, n]
    length = (values[CLOCK, n] if stray else clocks[p]) - when
    if length > 0.0:
        mem, syn = values[TAU_MEM, n], values[TAU_SYN, n]
        if with_taus:
            carry_taus_back(values, n, length, mem, syn)
        by_voltage, by_current = values[P_VOLTAGE, n], values[P_CURRENT, n]
        gained = by_voltage * response(length, mem, syn) if by_voltage != 0.0 else 0.0
        values[P_CURRENT, n] = by_current * math.exp(-length / syn) + gained
        values[P_VOLTAGE, n] = by_voltage * math.exp(-length / mem)
    values[CLOCK, n] = when
    if not stray:
        marks[STRAYS, counts[FIRST, p] + counts[N_STRAYS, p]] = n
        counts[N_STRAYS, p] += 1
        marks[IS_STRAY, n] = 1


@njit(cache=True, nogil=True, error_model="numpy")
def carry_row_back(state, p, low, size, when, with_taus):
    """Carry the targets of a row back."""
    if size == state.counts[END, p] - state.counts[FIRST, p]:
        carry_all_back(state, p, when, with_taus)
    else:
        for n in range(low, low + size):
            carry_one_back(state, n, when, with_taus)


@njit(cache=True, nogil=True, error_model="numpy")
def carry_all_back(state, p, when, with_taus):
    """Carry a population back."""
    values, marks, clocks, counts = state
    first, end = counts[FIRST, p], counts[END, p]
    if with_taus or not counts[ALIKE, p]:
        for n in range(first, end):
            carry_one_back(state, n, when, with_taus)
    strays = marks[STRAYS, first : first + counts[N_STRAYS, p]]
    length = clocks[p] - when
    if len(strays) < end - first and length > 0.0:
        # Strays go where they belong on their own, so what is done to them here is undone.
        for k in range(len(strays)):
            carry_one_back(state, strays[k], when, with_taus)
        kept = values[: P_CURRENT + 1, strays]
        mem, syn = values[TAU_MEM, first], values[TAU_SYN, first]
        carry_together_back(
            values[P_VOLTAGE, first:end], values[P_CURRENT, first:end],
            math.exp(-length / mem), math.exp(-length / syn), response(length, mem, syn),
        )  # fmt: skip
        for k in range(len(strays)):
            values[P_VOLTAGE, strays[k]] = kept[P_VOLTAGE, k]
            values[P_CURRENT, strays[k]] = kept[P_CURRENT, k]
    else:
        for k in range(len(strays)):
            carry_one_back(state, strays[k], when, with_taus)
    for k in range(len(strays)):
        marks[IS_STRAY, strays[k]] = 0
    counts[N_STRAYS, p], clocks[p] = 0, when


@njit(cache=True, nogil=True, error_model="numpy")
def carry_together_back(by_voltage, by_current, kept, left, gained):
    """Carry derivatives back, in a function of its own so that it becomes vector instructions."""
    for n in range(len(by_voltage)):
        by_current[n] = by_current[n] * left + by_voltage[n] * gained
        by_voltage[n] *= kept


@njit(cache=True, nogil=True, error_model="numpy")
def carry_taus_back(values, n, length, mem, syn):
    """Carry back, before p_U and p_I are, what becomes the derivatives by time constants.

    For tau_syn that is u, the derivative by a change of tau_syn to come of the current:
    du/ds = (p_I / tau_syn - u) / tau_syn. For tau_mem it is the adjoint (a_U, a_I) of the integral
    of -p_U (I - U) / tau_mem^2.
    """
    p_u, p_i, a_u = values[P_VOLTAGE, n], values[P_CURRENT, n], values[A_VOLTAGE, n]
    square = length * length
    fast, slow = math.exp(-length / syn), math.exp(-length / mem)
    one, two = shapes(length, mem, syn)
    gain = p_i * length * fast + p_u * square / mem * one
    values[U, n] = values[U, n] * fast + gain / (syn * syn)
    values[A_CURRENT, n] = (
        values[A_CURRENT, n] * fast
        + (a_u - p_u / mem) * response(length, mem, syn)
        + p_u * square / mem**3 * two
    )
    values[A_VOLTAGE, n] = (a_u + p_u * length / (mem * mem)) * slow


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def shapes(s, mem, syn):
    """e^(-s / syn) times (e^x - 1 - x) / x^2 and (e^x (x - 1) + 1) / x^2, x = s / syn - s / mem."""
    x = s / syn - s / mem
    fast = math.exp(-s / syn)
    if abs(x) < 0.02:  # six terms of both series leave less than rounding does
        one = 0.5 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x * (1 / 720 + x / 5040))))
        two = 0.5 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x * (1 / 144 + x / 840))))
        return fast * one, fast * two
    slow = math.exp(-s / mem)
    return (slow - fast * (1.0 + x)) / (x * x), (slow * (x - 1.0) + fast) / (x * x)
