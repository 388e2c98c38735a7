"""First spikes and their derivatives on a CPU: running sums over sorted inputs, compiled.

Two cases. *Shared*: an input spike reaches all neurons of a layer at the same time and they share
time constants, so a sample is sorted once and each decay is computed once; the loops over neurons
turn into vector instructions. *Own*: arrival times (synaptic delays) or time constants differ
between neurons, so each pair of sample and neuron has its own order.

Forward, voltage V and current I (both over the conductance, above rest) of a neuron move from
input to input,

    V <- V exp(-d / tau_mem) + I k(d),    I <- I exp(-d / tau_syn),    then I <- I + w,

and an interval is looked at closely only where the voltage may rise above threshold in it.
Backward, response and decay of each causal input are built from the last of them to the first,

    k(s + d) = k(s) exp(-d / tau_mem) + exp(-s / tau_syn) k(d),

which is a sum of positive terms: no cancellation, and nothing overflows. Time is of order
B N_in (log N_in + N_out) for shared arrivals, and nothing of size B N_in N_out is stored.

With e the derivative of the loss by the spike time T over dV/dt at T, and k' = dk/ds,

    dL/dw_i = -sum_b e k(T - t_i),     dL/dt_i = sum e w_i k'(T - t_i)   over causal inputs,

since V(T; w, t) = threshold implicitly defines T.

References
----------
Göltz et al., Nature Machine Intelligence 3 (2021) 823 (derivatives in closed form);
Göltz, Weber, Kriener et al., "DelGrad" (2025), https://arxiv.org/abs/2404.19165 (delays).
"""

from __future__ import annotations

import math

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.crossing import EQUAL, GENERAL, response, time_to_threshold

NO_SPIKE = -1
_LARGEST_EXPONENT = 100.0
_FEW_NEURONS = 8
_FEW_INPUTS = 12
_SHORTEST_SPAN = 1e-300


@njit(cache=True, nogil=True, inline="always")
def from_membrane(to_mem, length_over_tau, method):
    """Return exp(-length / tau_syn) and k(length) for `EQUAL` or `DOUBLE` time constants."""
    if method == EQUAL:
        return to_mem, length_over_tau * to_mem
    to_syn = to_mem * to_mem
    return to_syn, to_mem - to_syn


@njit(cache=True, nogil=True, inline="always")
def decay(length, tau_mem, tau_syn, method):
    """Return exp(-length / tau_mem), exp(-length / tau_syn) and k(length)."""
    if length == math.inf:
        return 0.0, 0.0, 0.0
    to_mem = math.exp(-length / tau_mem)
    if method != GENERAL:
        to_syn, gain = from_membrane(to_mem, length / tau_mem, method)
        return to_mem, to_syn, gain
    return to_mem, math.exp(-length / tau_syn), response(length, tau_mem, tau_syn)


@njit(cache=True, nogil=True)
def shared_forward(times, order, weights, gap, tau_mem, tau_syn, method, out, last, current):
    """Find the first spikes for shared arrivals and time constants.

    Parameters
    ----------
    times, order : arrays (member, sample, pre)
        Input times and the order that sorts them, absent ones (inf) last.
    weights : array (member, pre, post)
        Weights over the conductance's unit.
    gap : array (member, post)
        Threshold current c.
    tau_mem, tau_syn : float
        Time constants.
    method : int
        `EQUAL`, `DOUBLE` or `GENERAL`.
    out, last, current : arrays (member, sample, post), written
        Spike time, place in the order of the last causal input, current at the spike.
    """
    n_members, n_samples, n_pre = times.shape
    n_post = weights.shape[2]
    voltages, currents, levels = np.empty(n_post), np.empty(n_post), np.empty(n_post)
    for e in range(n_members):
        for b in range(n_samples):
            voltages[:] = 0.0
            currents[:] = 0.0
            levels[:] = gap[e]
            out[e, b] = math.inf
            last[e, b] = NO_SPIKE
            current[e, b] = 0.0
            silent = n_post
            for k in range(n_pre):
                i = order[e, b, k]
                start = times[e, b, i]
                if start == math.inf or silent == 0:
                    break
                stop = times[e, b, order[e, b, k + 1]] if k + 1 < n_pre else math.inf
                length = stop - start
                to_mem, to_syn, gain = decay(length, tau_mem, tau_syn, method)
                row = weights[e, i]
                near = 0
                for o in range(n_post):
                    charge = currents[o] + row[o]
                    ahead = voltages[o] * to_mem + charge * gain
                    near += (charge > levels[o]) & (
                        (ahead > levels[o]) | (ahead >= charge * to_syn)
                    )
                if near > 0:
                    for o in range(n_post):
                        charge = currents[o] + row[o]
                        ahead = voltages[o] * to_mem + charge * gain
                        after = charge * to_syn
                        if charge <= levels[o] or (ahead <= levels[o] and ahead < after):
                            continue
                        s = time_to_threshold(
                            voltages[o], charge, levels[o], length, tau_mem, tau_syn, method
                        )
                        if s < math.inf:
                            out[e, b, o] = start + s
                            last[e, b, o] = k
                            current[e, b, o] = charge * math.exp(-s / tau_syn)
                            levels[o] = math.inf
                            silent -= 1
                for o in range(n_post):
                    charge = currents[o] + row[o]
                    voltages[o] = voltages[o] * to_mem + charge * gain
                    currents[o] = charge * to_syn


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def shared_backward(
    times, order, weights, gap, tau_mem, tau_syn, method, out, last, current, smallest_slope,
    upstream, to_times, to_weights,
):  # fmt: skip
    """Add up the derivatives for shared arrivals.

    Parameters
    ----------
    times, order, weights, gap, tau_mem, tau_syn, method, out, last, current
        As in `shared_forward`; the threshold current here is the one that derivatives assume.
    smallest_slope : float
        dV/dt at a spike is taken to be at least this large.
    upstream : array (member, sample, post)
        Derivative of the loss by each spike time.
    to_times : array (member, sample, pre), written
        Derivative by the input times.
    to_weights : array (member, pre, post), added to
        Derivative by the weights.
    """
    n_members, n_samples, _ = times.shape
    n_post = weights.shape[2]
    rises, decays, pulls = np.empty(n_post), np.empty(n_post), np.empty(n_post)
    for e in range(n_members):
        for b in range(n_samples):
            rises[:] = 0.0
            decays[:] = 0.0
            latest = NO_SPIKE
            for o in range(n_post):
                latest = max(latest, last[e, b, o])
                slope = max((current[e, b, o] - gap[e, o]) / tau_mem, smallest_slope)
                pulls[o] = upstream[e, b, o] / slope if last[e, b, o] != NO_SPIKE else 0.0
            for k in range(latest, -1, -1):
                i = order[e, b, k]
                start = times[e, b, i]
                if k < latest:
                    length = times[e, b, order[e, b, k + 1]] - start
                    to_mem, to_syn, gain = decay(length, tau_mem, tau_syn, method)
                    for o in range(n_post):
                        rises[o] = rises[o] * to_mem + decays[o] * gain
                        decays[o] *= to_syn
                for o in range(n_post):
                    if last[e, b, o] == k:
                        s = out[e, b, o] - start
                        rises[o] = response(s, tau_mem, tau_syn)
                        decays[o] = math.exp(-s / tau_syn)
                total = 0.0
                for o in range(n_post):
                    to_weights[e, i, o] -= pulls[o] * rises[o]
                    total += pulls[o] * weights[e, i, o] * (decays[o] - rises[o])
                to_times[e, b, i] = total / tau_mem


@njit(cache=True, nogil=True)
def sort_arrivals(times, delays, e, b, o, arrival, who, found, filled):
    """Sort the arrivals at a neuron; returns how many will come.

    Each arrival goes into one of as many equal intervals of time as there are arrivals; what is
    then left to be done by insertion is of their order, unless most of them come together. Inputs
    at the same time stay in the order of their numbers, so that results depend on nothing else.

    Parameters
    ----------
    times, delays, e, b, o
        Of all, and which.
    arrival, who : arrays (pre,), written
        Arrival times in order, and which inputs they are of.
    found, filled : arrays (pre,) and (pre + 1,), written
        Of no use later.
    """
    size, first, latest = 0, math.inf, -math.inf
    for i in range(times.shape[2]):
        if times[e, b, i] < math.inf:
            value = times[e, b, i] + delays[e, o, i]
            found[size], who[size] = value, i
            first, latest = min(first, value), max(latest, value)
            size += 1
    span = latest - first
    if size > _FEW_INPUTS and _SHORTEST_SPAN < span < math.inf:
        scale, k = (size - 1) / span, 0
        crowd = fill_intervals(found, size, first, scale, filled)
        if crowd > _FEW_INPUTS:
            places = np.argsort(found[:size], kind="mergesort")
            inputs = who[:size].copy()
            for k in range(size):
                arrival[k], who[k] = found[places[k]], inputs[places[k]]
            return size
        for i in range(times.shape[2]):
            if times[e, b, i] < math.inf:
                interval = int((found[k] - first) * scale)
                place = filled[interval]
                filled[interval] += 1
                arrival[place], who[place] = found[k], i
                k += 1
    else:
        for k in range(size):
            arrival[k] = found[k]
    for k in range(1, size):
        value, i, place = arrival[k], who[k], k
        while place > 0 and arrival[place - 1] > value:
            arrival[place], who[place] = arrival[place - 1], who[place - 1]
            place -= 1
        arrival[place], who[place] = value, i
    return size


@njit(cache=True, nogil=True, inline="always")
def fill_intervals(values, size, first, scale, begins):
    """Write where each interval's values begin in the sorted order; returns the largest number."""
    begins[: size + 1] = 0
    for k in range(size):
        begins[int((values[k] - first) * scale) + 1] += 1
    crowd = 0
    for k in range(size):
        crowd = max(crowd, begins[k + 1])
        begins[k + 1] += begins[k]
    return crowd


@njit(cache=True, nogil=True)
def tabulate(times, tau, grown, shrunk):
    """Write exp(t / tau) and exp(-t / tau) of finite times; says whether all fit well into numbers.

    A decay between any two of them is then a product: with each delay in tables of its own, no
    exponential is left to be computed for a pair of synapse and sample.
    """
    for i in range(len(times)):
        x = times[i] / tau
        if x < math.inf:
            if abs(x) > _LARGEST_EXPONENT:
                return False
            grown[i] = math.exp(x)
            shrunk[i] = 1.0 / grown[i]
    return True


@njit(cache=True, nogil=True)
def tabulate_delays(delays, tau_mem, method, grown, shrunk):
    """`tabulate` for the delays of all neurons; says no as well where it would not do or pay."""
    if method == GENERAL or len(delays) <= _FEW_NEURONS:
        return False
    for o in range(len(delays)):
        if tau_mem[o] != tau_mem[0] or not tabulate(delays[o], tau_mem[o], grown[o], shrunk[o]):
            return False
    return True


@njit(cache=True, nogil=True)
def own_forward(times, delays, weights, gap, tau_mem, tau_syn, method, out, order, last, current):
    """Find the first spikes where each neuron has its own arrivals or time constants.

    Parameters
    ----------
    times : array (member, sample, pre)
        Input times.
    delays, weights : arrays (member, post, pre)
        Of each synapse.
    gap, tau_mem, tau_syn : arrays (member, post)
        Threshold current and time constants.
    method : int
        As in `shared_forward`.
    out, last, current : arrays (member, sample, post), written
        As in `shared_forward`.
    order : array (member, sample, post, pre), written
        Order of the arrivals, up to the last causal one.
    """
    n_members, n_samples, n_pre = times.shape
    n_post = weights.shape[1]
    arrival, found, who = np.empty(n_pre), np.empty(n_pre), np.empty(n_pre, dtype=np.int32)
    filled = np.empty(n_pre + 1, dtype=np.int32)
    grown, shrunk = np.empty(n_pre), np.empty(n_pre)
    late_grown, late_shrunk = np.empty((n_post, n_pre)), np.empty((n_post, n_pre))
    for e in range(n_members):
        tabled = tabulate_delays(delays[e], tau_mem[e], method, late_grown, late_shrunk)
        for b in range(n_samples):
            quick = tabled and tabulate(times[e, b], tau_mem[e, 0], grown, shrunk)
            for o in range(n_post):
                level, mem, syn = gap[e, o], tau_mem[e, o], tau_syn[e, o]
                out[e, b, o] = math.inf
                last[e, b, o] = NO_SPIKE
                current[e, b, o] = 0.0
                voltage, charge = 0.0, 0.0
                size = sort_arrivals(times, delays, e, b, o, arrival, who, found, filled)
                for k in range(size):
                    start, i = arrival[k], who[k]
                    length = arrival[k + 1] - start if k + 1 < size else math.inf
                    order[e, b, o, k] = i
                    charge += weights[e, o, i]
                    if quick and k + 1 < size:
                        j = who[k + 1]
                        to_mem = grown[i] * late_grown[o, i] * shrunk[j] * late_shrunk[o, j]
                        to_syn, gain = from_membrane(to_mem, length / mem, method)
                    else:
                        to_mem, to_syn, gain = decay(length, mem, syn, method)
                    ahead, after = voltage * to_mem + charge * gain, charge * to_syn
                    if charge > level and (ahead > level or ahead >= after):
                        s = time_to_threshold(voltage, charge, level, length, mem, syn, method)
                        if s < math.inf:
                            out[e, b, o] = start + s
                            last[e, b, o] = k
                            current[e, b, o] = charge * math.exp(-s / syn)
                            break
                    voltage, charge = ahead, after


@njit(cache=True, nogil=True)
def own_backward(
    times, delays, weights, gap, tau_mem, tau_syn, method, out, order, last, current,
    smallest_slope, upstream, to_times, to_weights, to_delays,
):  # fmt: skip
    """Add up the derivatives where each neuron has its own arrivals or time constants.

    Parameters
    ----------
    times, delays, weights, gap, tau_mem, tau_syn, method, out, order, last, current
        As in `own_forward`, but for the threshold current.
    gap, smallest_slope, upstream
        As in `shared_backward`.
    to_times : array (member, sample, pre), added to
        Derivative by the input times.
    to_weights, to_delays : arrays (member, post, pre), added to
        Derivative by weights and delays.
    """
    n_members, n_samples, n_post = out.shape
    n_pre = times.shape[2]
    grown, shrunk = np.empty(n_pre), np.empty(n_pre)
    late_grown, late_shrunk = np.empty((n_post, n_pre)), np.empty((n_post, n_pre))
    for e in range(n_members):
        tabled = tabulate_delays(delays[e], tau_mem[e], method, late_grown, late_shrunk)
        for b in range(n_samples):
            quick = tabled and tabulate(times[e, b], tau_mem[e, 0], grown, shrunk)
            for o in range(n_post):
                if last[e, b, o] == NO_SPIKE or upstream[e, b, o] == 0.0:
                    continue
                mem, syn = tau_mem[e, o], tau_syn[e, o]
                slope = max((current[e, b, o] - gap[e, o]) / mem, smallest_slope)
                force = upstream[e, b, o] / slope
                rise, fall, following, j = 0.0, 1.0, out[e, b, o], NO_SPIKE
                for k in range(last[e, b, o], -1, -1):
                    i = order[e, b, o, k]
                    start = times[e, b, i] + delays[e, o, i]
                    length = following - start
                    if quick and j >= 0:
                        to_mem = grown[i] * late_grown[o, i] * shrunk[j] * late_shrunk[o, j]
                        to_syn, gain = from_membrane(to_mem, length / mem, method)
                    else:
                        to_mem, to_syn, gain = decay(length, mem, syn, method)
                    j = i
                    rise = rise * to_mem + fall * gain
                    fall *= to_syn
                    following = start
                    by_arrival = force * weights[e, o, i] * (fall - rise) / mem
                    to_weights[e, o, i] -= force * rise
                    to_delays[e, o, i] += by_arrival
                    to_times[e, b, i] += by_arrival
