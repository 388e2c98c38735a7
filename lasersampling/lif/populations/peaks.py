"""Largest voltages of leaky integrators, and their derivatives, from arrival to arrival; compiled.

Forward, voltage and current are carried from arrival to arrival, and the largest voltage is at a
peak between two of them, at one, or at the end. Backward from there the adjoint dynamics of
`docs/eventprop.md` run through the same arrivals. At a peak its time has no influence on its value;
at an arrival, the time of the arrival is the time of the maximum.

Integrators that are reached at the same times are carried on together.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.crossing import peak_after, response
from lasersampling.lif.spike_times.dynamics import BARE, PLAIN, carry_and_add, decays, taus_back


class Arriving(NamedTuple):
    """What arrives at the integrators of all members.

    Attributes
    ----------
    time : array (arrival, neuron or 1)
        When, at each neuron or at all of them; those of a run together [tau_syn].
    row : array of int64 (arrival,)
        Row of the weights of each.
    offsets : array of int64 (run + 1,)
        Where those of each run begin.
    weights : array (member, row, neuron)
        Weights [1].
    initial, tau_mem, tau_syn : array (member, neuron)
        Initial voltage, from the leak times the conductance [1], and time constants [tau_syn].
    end : float
        When voltages are no longer read out [tau_syn].
    """

    time: np.ndarray
    row: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray
    initial: np.ndarray
    tau_mem: np.ndarray
    tau_syn: np.ndarray
    end: float


class Maxima(NamedTuple):
    """Largest voltages, each array (run, neuron).

    Attributes
    ----------
    value : array
        U, the voltage from the leak times the conductance [1].
    time : array
        When [tau_syn].
    before : array of int64
        How many arrivals are before it, in the order of their times.
    arrival : array of int64
        At which arrival, -1 for a peak or an end.
    slope : array
        Derivative of the voltage right before that arrival [1/tau_syn].
    """

    value: np.ndarray
    time: np.ndarray
    before: np.ndarray
    arrival: np.ndarray
    slope: np.ndarray


@njit(**PLAIN)
def largest_voltages(arriving, asked):
    """Find `Maxima` of the neurons asked for, (run, neuron); those of others have no meaning."""
    n_runs, n_neurons = len(arriving.offsets) - 1, arriving.initial.shape[1]
    shape = (n_runs, n_neurons)
    maxima = Maxima(
        np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64), np.full(shape, -1),
        np.zeros(shape),
    )  # fmt: skip
    width, state = arriving.time.shape[1], np.zeros((4, n_neurons))
    for run in range(n_runs):
        for column in range(width):
            span = (0, n_neurons) if width == 1 else (column, column + 1)
            if asked[run, span[0] : span[1]].any():
                order = in_order(arriving, run, column)
                follow_neurons(arriving, (run, column), span, order, state, maxima)
    return maxima


@njit(**PLAIN)
def in_order(arriving, run, column):
    """Numbers of the arrivals of a run in the order of their times."""
    first, behind = arriving.offsets[run], arriving.offsets[run + 1]
    times = arriving.time[first:behind, column]
    if (times[1:] >= times[:-1]).all():
        return np.arange(first, behind)
    return first + np.argsort(times, kind="mergesort")


@njit(**BARE)
def follow_neurons(arriving, place, span, order, state, maxima):
    """Follow the neurons `span` of a run, which are reached at the same times."""
    run, column = place
    low, high = span
    member = run // ((len(arriving.offsets) - 1) // len(arriving.weights))
    mems, syns = arriving.tau_mem[member, low:high], arriving.tau_syn[member, low:high]
    alike = all_alike(mems, syns)
    best = maxima.value[run, low:high]
    for n in range(high - low):
        state[0, n], state[1, n] = arriving.initial[member, low + n], 0.0
        best[n] = state[0, n]
    now, side = 0.0, 0
    for k in range(len(order) + 1):
        following = arriving.end
        if k < len(order):
            following = min(arriving.time[order[k], column], following)
        voltage, current = state[side, : high - low], state[side + 1, : high - low]
        later, rest = state[2 - side, : high - low], state[3 - side, : high - low]
        if alike:
            factors = decays(following - now, mems[0], syns[0])
            rising = carry_some(voltage, current, later, rest, best, factors) > 0
        else:
            rising = True
            for n in range(high - low):
                kept, left, gained = decays(following - now, mems[n], syns[n])
                later[n], rest[n] = voltage[n] * kept + current[n] * gained, current[n] * left
        if rising:
            step = (now, following, k, order[k] if following < arriving.end else -1)
            for n in range(high - low):
                update(
                    maxima, (run, low + n), step, (voltage[n], current[n]), (later[n], rest[n]),
                    (mems[n], syns[n]),
                )  # fmt: skip
        if following >= arriving.end:
            break
        side, now = 2 - side, following
        add(rest, arriving.weights[member, arriving.row[order[k]], low:high])


@njit(**BARE)
def all_alike(mems, syns):
    """Whether all neurons have the same time constants."""
    same = True
    for n in range(len(mems)):
        same &= mems[n] == mems[0] and syns[n] == syns[0]
    return same


@njit(**BARE)
def carry_some(voltage, current, later, rest, best, factors):
    """Carry neurons on; count those that may have had a larger voltage than ever before.

    Either it is larger at the end, or it rises at the beginning and falls at the end, and has a
    peak, which is below the current at the beginning.
    """
    kept, left, gained = factors
    rising = 0
    for n in range(len(voltage)):
        value, remains = voltage[n] * kept + current[n] * gained, current[n] * left
        peak = (current[n] > voltage[n]) & (remains < value) & (current[n] > best[n])
        rising += (value > best[n]) | peak
        later[n], rest[n] = value, remains
    return rising


@njit(**BARE)
def add(current, weights):
    """Add up, in a function of its own so that it becomes vector instructions."""
    for n in range(len(weights)):
        current[n] += weights[n]


@njit(**BARE)
def update(maxima, place, step, before, after, taus):
    """Note a larger voltage of a neuron between two arrivals, or at the second."""
    now, following, k, arrival = step
    voltage, current = before
    mem, syn = taus
    best = maxima.value[place]
    if current > 0.0 and current > voltage:
        peak = peak_after(voltage, current, mem, syn)
        if peak < following - now:
            highest = voltage * math.exp(-peak / mem) + current * response(peak, mem, syn)
            if highest > best:
                best = highest
                maxima.value[place], maxima.time[place] = highest, now + peak
                maxima.before[place], maxima.arrival[place] = k, -1
    if after[0] > best:
        maxima.value[place], maxima.time[place] = after[0], following
        maxima.before[place], maxima.arrival[place] = k, arrival
        maxima.slope[place] = (after[1] - after[0]) / mem


class ReadoutSlopes(NamedTuple):
    """Derivatives of a loss, all added to; shapes as in `Arriving`."""

    time: np.ndarray
    weights: np.ndarray
    initial: np.ndarray
    tau_mem: np.ndarray
    tau_syn: np.ndarray


@njit(**PLAIN)
def largest_back(arriving, maxima, upstream, with_taus, slopes):
    """Add the derivatives of a loss, of which `upstream` (run, neuron) are those by the maxima."""
    n_runs, n_neurons = upstream.shape
    width, state = arriving.time.shape[1], np.zeros((5, n_neurons))
    for run in range(n_runs):
        for column in range(width):
            low, high = (0, n_neurons) if width == 1 else (column, column + 1)
            if not (upstream[run, low:high] != 0.0).any():
                continue
            order = in_order(arriving, run, column)
            state[:] = 0.0
            latest = np.argsort(-maxima.before[run, low:high])
            go_back(
                arriving, (run, column, low, with_taus), maxima, upstream, (order, latest), state,
                slopes,
            )  # fmt: skip


@njit(**BARE)
def go_back(arriving, place, maxima, upstream, orders, state, slopes):
    """Go back through the arrivals of a run at the neurons from `low` on.

    A neuron takes part from the last arrival before its maximum on; before that it is 0.
    """
    run, column, low, with_taus = place
    order, latest = orders
    member = run // ((len(arriving.offsets) - 1) // len(arriving.weights))
    size = len(latest)
    mems, syns = arriving.tau_mem[member], arriving.tau_syn[member]
    together = not with_taus and all_alike(mems[low : low + size], syns[low : low + size])
    n_active, clock = 0, 0.0
    for k in range(maxima.before[run, low + latest[0]] - 1, -1, -1):
        when, row = arriving.time[order[k], column], arriving.row[order[k]]
        weights, by_weights = arriving.weights[member, row], slopes.weights[member, row]
        by_time = 0.0
        if together and n_active > 0:
            by_current, by_voltage = carry_and_add(
                state[0, :size], state[1, :size], weights[low : low + size],
                by_weights[low : low + size], decays(clock - when, mems[low], syns[low]),
            )  # fmt: skip
            by_time = by_current / syns[low] - by_voltage / mems[low]
        first = n_active if together else 0
        while n_active < size and maxima.before[run, low + latest[n_active]] == k + 1:
            n_active += 1
        for place_of in range(first, n_active):
            j = latest[place_of]
            n = low + j
            since = clock - when
            if maxima.before[run, n] == k + 1:
                since = begin_back(maxima, (run, n), upstream, state, j) - when
            carry_back(state, j, since, (mems[n], syns[n]), with_taus)
            by_weights[n] += state[1, j]
            by_time += weights[n] * (state[1, j] / syns[n] - state[0, j] / mems[n])
            slopes.tau_syn[member, n] += weights[n] * state[2, j]
            slopes.tau_mem[member, n] += weights[n] * state[4, j]
        slopes.time[order[k], column] += by_time
        clock = when
    for j in range(size):
        n = low + j
        since = clock
        if maxima.before[run, n] == 0:
            since = begin_back(maxima, (run, n), upstream, state, j)
        if maxima.arrival[run, n] >= 0:
            by_time = upstream[run, n] * maxima.slope[run, n]
            slopes.time[maxima.arrival[run, n], column] += by_time
        carry_back(state, j, since, (mems[n], syns[n]), with_taus)
        slopes.initial[member, n] += state[0, j]
        slopes.tau_mem[member, n] += state[3, j] * arriving.initial[member, n]


@njit(**BARE)
def begin_back(maxima, place, upstream, state, j):
    """Put a neuron to its maximum, and return the time of that."""
    state[0, j], state[1, j] = upstream[place], 0.0
    return maxima.time[place]


@njit(**BARE)
def carry_back(state, j, length, taus, with_taus):
    """Carry a neuron back: p_U, p_I, and u, a_U, a_I if time constants are asked for."""
    mem, syn = taus
    by_voltage, by_current = state[0, j], state[1, j]
    if with_taus:
        state[2, j], state[3, j], state[4, j] = taus_back(
            (by_voltage, by_current), (state[2, j], state[3, j], state[4, j]), length, mem, syn
        )
    kept, left, gained = decays(length, mem, syn)
    state[0, j], state[1, j] = by_voltage * kept, by_current * left + by_voltage * gained
