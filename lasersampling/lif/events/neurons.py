"""Neurons of one run as it goes on: carried from time to time, and asked when they spike; compiled.

A state is four arrays, since compiled functions are called with all arrays of a tuple one by one,
which would take longer than what they do. The names of their rows stand below.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.crossing import time_to_threshold
from lasersampling.lif.spike_times.dynamics import BARE, decays

# Rows of `State.values`. Voltage and current of a population are in the rows that its SIDE says;
# the other two have room for a later state.
VOLTAGE, CURRENT = 0, 2
CLOCK = 4  # to which time they belong, if the neuron is a stray
BAR = 5  # what the voltage has to reach; inf in the refractory period
COMING = 6  # when it spikes if nothing reaches it; inf if not until its population's ASKED
GAP, RESET, INITIAL, TAU_MEM, TAU_SYN, REFRACTORY = 7, 8, 9, 10, 11, 12
N_VALUES = 13

# Rows of `State.marks`.
IS_STRAY = 0  # whether it has a clock of its own
STRAYS = 1  # which neurons of a population are strays, from where its neurons begin
HOME = 2  # its population
N_MARKS = 3

# Rows of `State.times`.
CLOCKS = 0  # time of those neurons that are no strays
ASKED = 1  # until when all of its neurons have been asked
LEAPT = 2  # time of the later state of those that are no strays, -1 if there is none
NEXT_TIME = 3  # when its next neuron spikes
N_TIMES = 4

# Rows of `State.counts`.
SIDE, N_STRAYS, KNOWN, NEXT_NEURON, FIRST, END, ALIKE, ALONE = 0, 1, 2, 3, 4, 5, 6, 7
N_COUNTS = 8

BLOCK = 32  # neurons among which suspects are looked for at once


class State(NamedTuple):
    """Neurons of a run, and what they are made of.

    Attributes
    ----------
    values : array (value, neuron)
        Voltages, currents, times and parameters.
    marks : array of int64 (mark, neuron)
        Where they belong.
    times : array (time, population)
        What holds for all of its neurons.
    counts : array of int64 (count, population)
        Which row is in use, how many strays there are and spikes are known, which neuron is next,
        where its neurons begin and end, whether all have the same time constants, whether there are
        spikes that reach some of them only.
    method : int
        `EQUAL`, `DOUBLE` or `GENERAL` of `spike_times.crossing`.
    """

    values: np.ndarray
    marks: np.ndarray
    times: np.ndarray
    counts: np.ndarray
    method: int


def new_state(cells, member):
    """Neurons of a member."""
    n_neurons, n_populations = cells.gap.shape[1], len(cells.first) - 1
    values = np.zeros((N_VALUES, n_neurons))
    marks = np.zeros((N_MARKS, n_neurons), np.int64)
    counts = np.zeros((N_COUNTS, n_populations), np.int64)
    values[GAP], values[RESET], values[INITIAL] = (
        cells.gap[member], cells.reset[member], cells.initial[member]
    )  # fmt: skip
    values[TAU_MEM], values[TAU_SYN] = cells.tau_mem[member], cells.tau_syn[member]
    values[REFRACTORY], marks[HOME] = cells.refractory[member], cells.home
    counts[FIRST], counts[END] = cells.first[:-1], cells.first[1:]
    counts[ALIKE] = cells.alike[member]
    return State(values, marks, np.zeros((N_TIMES, n_populations)), counts, cells.method)


@njit(**BARE)
def begin_run(state):
    """Put all neurons to their initial state at time 0."""
    values, marks, times, counts, _ = state
    for n in range(values.shape[1]):
        values[VOLTAGE, n], values[CURRENT, n] = values[INITIAL, n], 0.0
        values[BAR, n], values[COMING, n], marks[IS_STRAY, n] = values[GAP, n], math.inf, 0
    for p in range(times.shape[1]):
        counts[SIDE, p], counts[N_STRAYS, p], counts[KNOWN, p] = 0, 0, 0
        times[CLOCKS, p], times[ASKED, p] = 0.0, 0.0
        times[LEAPT, p], times[NEXT_TIME, p] = -1.0, math.inf


@njit(**BARE)
def carry_one(state, n, when):
    """Carry one neuron on, which makes it a stray unless the population can be carried as well."""
    values, marks, times, counts, _ = state
    p = marks[HOME, n]
    if times[LEAPT, p] == when:
        flip(state, p)
        return
    side = counts[SIDE, p]
    stray = marks[IS_STRAY, n]
    length = when - (values[CLOCK, n] if stray else times[CLOCKS, p])
    if length > 0.0:
        kept, left, gained = decays(length, values[TAU_MEM, n], values[TAU_SYN, n])
        voltage, current = values[VOLTAGE + side, n], values[CURRENT + side, n]
        values[VOLTAGE + side, n] = voltage * kept + current * gained
        values[CURRENT + side, n] = current * left
    values[CLOCK, n] = when
    if not stray:
        marks[STRAYS, counts[FIRST, p] + counts[N_STRAYS, p]] = n
        counts[N_STRAYS, p] += 1
        marks[IS_STRAY, n] = 1


@njit(**BARE)
def flip(state, p):
    """Carry a population on to the time of the other rows; strays get there on their own."""
    values, marks, times, counts, _ = state
    side, when, first = counts[SIDE, p], times[LEAPT, p], counts[FIRST, p]
    for k in range(counts[N_STRAYS, p]):
        n = marks[STRAYS, first + k]
        marks[IS_STRAY, n] = 0
        voltage, current = values[VOLTAGE + side, n], values[CURRENT + side, n]
        length = when - values[CLOCK, n]
        if length > 0.0:
            kept, left, gained = decays(length, values[TAU_MEM, n], values[TAU_SYN, n])
            voltage, current = voltage * kept + current * gained, current * left
        values[VOLTAGE + 1 - side, n], values[CURRENT + 1 - side, n] = voltage, current
    counts[SIDE, p], counts[N_STRAYS, p] = 1 - side, 0
    times[CLOCKS, p], times[LEAPT, p] = when, -1.0


@njit(**BARE)
def carry_all(state, p, when):
    """Carry a population on."""
    _, marks, times, counts, _ = state
    first, n_strays = counts[FIRST, p], counts[N_STRAYS, p]
    if when > times[CLOCKS, p]:
        if times[LEAPT, p] != when:
            if n_strays < counts[END, p] - first:
                leap(state, p, when)
            times[LEAPT, p] = when
        flip(state, p)
    else:
        for k in range(n_strays):
            marks[IS_STRAY, marks[STRAYS, first + k]] = 0
        counts[N_STRAYS, p], times[LEAPT, p] = 0, -1.0


@njit(**BARE)
def current_at(state, n, when):
    """Return the current of a neuron at a later time."""
    values, marks, times, counts, _ = state
    p = marks[HOME, n]
    since = values[CLOCK, n] if marks[IS_STRAY, n] else times[CLOCKS, p]
    return values[CURRENT + counts[SIDE, p], n] * math.exp(-(when - since) / values[TAU_SYN, n])


@njit(**BARE)
def leap(state, p, when):
    """Write a later state of a population to the other rows; count who may spike before.

    A current that falls and a voltage that rises make the slope of the voltage fall. So the voltage
    stays below the line from where it is now with the slope that it has now, and below the current.
    """
    values, _, times, counts, _ = state
    first, end, side = counts[FIRST, p], counts[END, p], counts[SIDE, p]
    voltage, current = values[VOLTAGE + side, first:end], values[CURRENT + side, first:end]
    later_voltage = values[VOLTAGE + 1 - side, first:end]
    later_current = values[CURRENT + 1 - side, first:end]
    bar = values[BAR, first:end]
    mems, syns = values[TAU_MEM, first:end], values[TAU_SYN, first:end]
    length = when - times[CLOCKS, p]
    suspects = 0  # a count, which compilers make vector instructions of
    if counts[ALIKE, p]:
        kept, left, gained = decays(length, mems[0], syns[0])
        share = min(length / mems[0], 1.0)
        for n in range(len(voltage)):
            value, rest = voltage[n] * kept + current[n] * gained, current[n] * left
            bound = voltage[n] + (current[n] - voltage[n]) * share
            suspects += (value > bar[n]) | ((rest < bar[n]) & (bound > bar[n]))
            later_voltage[n], later_current[n] = value, rest
    else:
        for n in range(len(voltage)):
            kept, left, gained = decays(length, mems[n], syns[n])
            value, rest = voltage[n] * kept + current[n] * gained, current[n] * left
            bound = voltage[n] + (current[n] - voltage[n]) * min(length / mems[n], 1.0)
            suspects += (value > bar[n]) | ((rest < bar[n]) & (bound > bar[n]))
            later_voltage[n], later_current[n] = value, rest
    return suspects


@njit(**BARE)
def ask_all(state, p, stop):
    """Find for a population which neurons spike until `stop`, and when."""
    times, counts = state.times, state.counts
    if counts[N_STRAYS, p] > 0:
        carry_all(state, p, max(times[ASKED, p], times[CLOCKS, p]))
    times[ASKED, p] = stop
    suspects = leap(state, p, stop)
    times[LEAPT, p] = stop
    if suspects > 0:
        ask_suspects(state, p, stop, suspects)


@njit(**BARE)
def ask_suspects(state, p, stop, suspects):
    """Find when those neurons spike that `leap` has counted."""
    values, _, times, counts, _ = state
    side, length, end = counts[SIDE, p], stop - times[CLOCKS, p], counts[END, p]
    for low in range(counts[FIRST, p], end, BLOCK):
        high = min(low + BLOCK, end)
        if counts[ALIKE, p]:
            share = min(length / values[TAU_MEM, low], 1.0)
            here = count_suspects(
                values[VOLTAGE + side, low:high], values[CURRENT + side, low:high],
                values[VOLTAGE + 1 - side, low:high], values[CURRENT + 1 - side, low:high],
                values[BAR, low:high], share,
            )  # fmt: skip
            if here == 0:
                continue
            suspects -= here
        for n in range(low, high):
            bar, voltage = values[BAR, n], values[VOLTAGE + side, n]
            share = min(length / values[TAU_MEM, n], 1.0)
            bound = voltage + (values[CURRENT + side, n] - voltage) * share
            if values[VOLTAGE + 1 - side, n] > bar or (
                values[CURRENT + 1 - side, n] < bar and bound > bar
            ):
                ask_one(state, n)
        if suspects == 0:
            break


@njit(**BARE)
def count_suspects(voltage, current, later_voltage, later_current, bar, share):
    """Count who may spike, in vector instructions; see `leap`."""
    suspects = 0
    for n in range(len(voltage)):
        bound = voltage[n] + (current[n] - voltage[n]) * share
        suspects += (later_voltage[n] > bar[n]) | ((later_current[n] < bar[n]) & (bound > bar[n]))
    return suspects


@njit(**BARE)
def ask_one(state, n):
    """Find when a neuron spikes, until the time to which its population has been asked."""
    values, marks, times, counts, method = state
    p = marks[HOME, n]
    side, bar = counts[SIDE, p], values[BAR, n]
    now = values[CLOCK, n] if marks[IS_STRAY, n] else times[CLOCKS, p]
    if values[COMING, n] < math.inf:
        counts[KNOWN, p] -= 1
        values[COMING, n] = math.inf
        if n == counts[NEXT_NEURON, p]:
            next_spike(state, p)
    if values[CURRENT + side, n] > bar and times[ASKED, p] > now:
        later = time_to_threshold(
            values[VOLTAGE + side, n], values[CURRENT + side, n], bar, times[ASKED, p] - now,
            values[TAU_MEM, n], values[TAU_SYN, n], method,
        )  # fmt: skip
        if later < math.inf:
            values[COMING, n] = now + later
            counts[KNOWN, p] += 1
            first, lower = times[NEXT_TIME, p], n < counts[NEXT_NEURON, p]
            if now + later < first or (now + later == first and lower):
                times[NEXT_TIME, p], counts[NEXT_NEURON, p] = now + later, n


@njit(**BARE)
def forget(state, p):
    """Forget when the neurons of a population spike, since something has reached them."""
    values, _, times, counts, _ = state
    values[COMING, counts[FIRST, p] : counts[END, p]] = math.inf
    counts[KNOWN, p], times[NEXT_TIME, p] = 0, math.inf


@njit(**BARE)
def next_spike(state, p):
    """Find which neuron of a population spikes next, the lower number of two, and when."""
    values, _, times, counts, _ = state
    times[NEXT_TIME, p] = math.inf
    if counts[KNOWN, p] == 0:
        return
    coming = values[COMING, counts[FIRST, p] : counts[END, p]]
    time, neuron = math.inf, 0
    for n in range(len(coming)):
        if coming[n] < time:
            time, neuron = coming[n], n
    times[NEXT_TIME, p], counts[NEXT_NEURON, p] = time, counts[FIRST, p] + neuron


@njit(**BARE)
def first_of(state):
    """Time of the next spike that is known in any population, and its neuron."""
    _, _, times, counts, _ = state
    time, neuron = math.inf, -1
    for p in range(times.shape[1]):
        if times[NEXT_TIME, p] < time:
            time, neuron = times[NEXT_TIME, p], counts[NEXT_NEURON, p]
    return time, neuron
