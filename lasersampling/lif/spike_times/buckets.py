"""Arrivals of one neuron in buckets of time, which find its first spike without sorting; compiled.

A neuron whose synapses have their own delays sees its inputs in an order of its own. But until it
spikes, its state at a time depends on sums over the arrivals before, in whatever order they are
added:

    I(T) = sum_i w_i m_i,    V(T) = sum_i w_i m_i (T - t_i) / tau,       m_i = exp((t_i - T) / tau)

for tau_mem = tau_syn = tau, and for tau_mem = 2 tau_syn

    I(T) = sum_i w_i m_i^2,    V(T) = sum_i w_i (m_i - m_i^2),      m_i = exp((t_i - T) / tau_mem).

So the arrivals are dropped into equal buckets of time, and the state is carried from bucket to
bucket by four sums for each. Only a bucket in which the voltage may reach the threshold is looked
into: its few arrivals are sorted, and followed one by one.

Whether it may follows from limits of the current within the bucket. With the sums P of its
excitatory and N of its inhibitory weights, and the current I at its start,

    low <= I(t) <= high,    high = max(I, 0) + P,    low = min(I, I exp(-h / tau_syn)) - N,

and since tau_mem V' = I - V, a voltage that is V0 at the start of the bucket and V1 at its end, a
time h later, stays below both of

    V0 + max(high - V0, 0) (1 - exp(-h / tau_mem)),    V1 + max(V1 - low, 0) (exp(h / tau_mem) - 1).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.arrivals import put_in_order
from lasersampling.lif.spike_times.crossing import EQUAL, from_membrane, time_to_threshold
from lasersampling.lif.spike_times.dynamics import BARE, PLAIN

__all__ = [
    "Arrivals", "Buckets", "Membrane", "Span", "find_in_buckets", "lay_out", "n_buckets",
    "new_buckets",
]  # fmt: skip

_INPUTS_PER_BUCKET, _MOST_BUCKETS = 4, 128
_FINER_UP_TO = 32
"""Number of buckets up to which there is one for every two inputs."""

_SUMS = 4
_SHORTEST = 1e-6
"""Least width of a bucket over the membrane time constant: differences of times are precise."""

_SLACK = 1e-9
"""Part of the threshold by which rounding may lower a limit of the voltage."""


class Arrivals(NamedTuple):
    """Inputs of a neuron in a sample, each an array (pre,).

    Attributes
    ----------
    times, delays, weights : ndarray of float64
        Input times, inf for absent spikes, delays of the synapses and their weights.
    grown, late : ndarray of float64
        exp(times / tau_mem) and exp(delays / tau_mem), if they are tabulated.
    """

    times: np.ndarray
    delays: np.ndarray
    weights: np.ndarray
    grown: np.ndarray
    late: np.ndarray


class Membrane(NamedTuple):
    """Threshold current, time constants and method of a neuron; see `tables.Neurons`."""

    level: float
    mem: float
    syn: float
    method: int


class Span(NamedTuple):
    """The buckets of a sample.

    Attributes
    ----------
    first, width : float
        When the first of them begins, and how long each is.
    shrunk : ndarray of float64, shape (bucket,)
        exp(-t / tau_mem) at the end t of each.
    """

    first: float
    width: float
    shrunk: np.ndarray


class Buckets(NamedTuple):
    """Memory for the arrivals of one neuron in a sample.

    Attributes
    ----------
    place : ndarray of int32, shape (pre,)
        Number of the bucket of each input; absent ones are behind the last.
    one, two : ndarray of float64, shape (pre,)
        What the input adds to the first two sums.
    sums : ndarray of float64, shape (bucket + 1, 4)
        Two sums that give current and voltage, and those of excitatory and inhibitory weights.
    at, who : ndarray, shape (pre,)
        Arrivals of a bucket in order, and the inputs to which they belong.
    """

    place: np.ndarray
    one: np.ndarray
    two: np.ndarray
    sums: np.ndarray
    at: np.ndarray
    who: np.ndarray


@njit(**PLAIN)
def n_buckets(n_pre):
    """Return how many buckets there are for `n_pre` inputs."""
    # One more than fit the span, for arrivals that rounding puts behind its end.
    n = max(n_pre // _INPUTS_PER_BUCKET, min(n_pre // 2, _FINER_UP_TO), 1)
    return min(n, _MOST_BUCKETS) + 1


@njit(**PLAIN)
def new_buckets(n_pre):
    """Allocate buckets for `n_pre` inputs."""
    return Buckets(
        np.empty(n_pre, dtype=np.int32), np.empty(n_pre), np.empty(n_pre),
        np.zeros((n_buckets(n_pre) + 1, _SUMS)), np.empty(n_pre), np.empty(n_pre, dtype=np.int32),
    )  # fmt: skip


@njit(**BARE)
def lay_out(first, latest, tau_mem, shrunk):
    """Divide the time from the first to the latest arrival into buckets; return their width."""
    width = max((latest - first) / (len(shrunk) - 1), _SHORTEST * tau_mem)
    for g in range(len(shrunk)):
        shrunk[g] = math.exp(-(first + (g + 1) * width) / tau_mem)
    return width


@njit(**BARE)
def find_in_buckets(arrivals, membrane, span, buckets):
    """Find the first spike of a neuron in a sample.

    Parameters
    ----------
    arrivals : Arrivals
        Its inputs, with tables of exponentials.
    membrane : Membrane
        The neuron, with `EQUAL` or `DOUBLE` time constants.
    span : Span
        The buckets of the sample.
    buckets : Buckets
        Memory, with sums of 0, which are left behind.

    Returns
    -------
    spike, until, current : float
        Time of the spike, inf if there is none; the last arrival before it; the current at it.
    """
    level, mem, syn, method = membrane
    first, width, shrunk = span
    _drop(arrivals, span, method, buckets)
    _add_up(arrivals.weights, buckets)
    voltage, current = 0.0, 0.0
    spike, until, at_spike, g = math.inf, -math.inf, 0.0, 0
    while g < len(shrunk):
        g, voltage, current, ahead, after = _carry(g, voltage, current, membrane, span, buckets)
        if g == len(shrunk):
            break
        spike, until, at_spike = _look_into(
            arrivals, membrane, (first, width, g), (voltage, current), buckets
        )
        if spike < math.inf:
            break
        g, voltage, current = g + 1, ahead, after
    sums = buckets.sums
    sums[:] = 0.0
    if spike == math.inf and current > level:
        # Nothing arrives any more.
        s = time_to_threshold(voltage, current, level, math.inf, mem, syn, method)
        if s < math.inf:
            spike = first + len(shrunk) * width + s
            until = _last_before(arrivals, buckets.place, len(shrunk))
            at_spike = current * math.exp(-s / syn)
    return spike, until, at_spike


@njit(**BARE, fastmath={"nnan", "nsz", "contract"})
def _carry(g, voltage, current, membrane, span, buckets):
    """Carry the state from the start of a bucket to that of the next one to be looked into.

    Returns
    -------
    g : int
        Its number, or that of buckets if there is none.
    voltage, current, ahead, after : float
        The state at its start, and that at its end if the neuron does not spike.
    """
    level, mem, _, method = membrane
    _, width, shrunk = span
    sums = buckets.sums
    to_mem = math.exp(-width / mem)
    to_syn, gain = from_membrane(to_mem, width / mem, method)
    rise, grown = 1.0 - to_mem, 1.0 / to_mem
    tight = level * (1.0 - _SLACK)
    ahead, after = voltage, current
    while g < len(shrunk):
        one, two = sums[g, 0] * shrunk[g], sums[g, 1] * shrunk[g]
        if method == EQUAL:
            two *= width / mem
        else:
            two *= shrunk[g]
            one, two = two, one - two
        left = voltage * to_mem
        ahead, after = left + (current * gain + two), current * to_syn + one
        high = max(current, 0.0) + sums[g, 2]
        low = min(current, current * to_syn) - sums[g, 3]
        from_start = max(voltage, left + high * rise)
        from_end = max(ahead, low + (ahead - low) * grown)
        if min(from_start, from_end) > tight and high > level:
            break
        voltage, current = ahead, after
        g += 1
    return g, voltage, current, ahead, after


@njit(**BARE)
def _look_into(arrivals, membrane, which, state, buckets):
    """Follow the arrivals of a bucket one by one; see `find_in_buckets`."""
    level, mem, syn, method = membrane
    first, width, g = which
    voltage, current = state
    at, who = buckets.at, buckets.who
    size = _collect(arrivals, buckets, g)
    put_in_order(at, who, size)
    start, end = first + g * width, first + (g + 1) * width
    for k in range(-1, size):
        if k >= 0:
            start = at[k]
            current += arrivals.weights[who[k]]
        length = (at[k + 1] if k + 1 < size else end) - start
        to_mem = math.exp(-length / mem)
        to_syn, gain = from_membrane(to_mem, length / mem, method)
        ahead, after = voltage * to_mem + current * gain, current * to_syn
        if current > level and (ahead > level or ahead >= after):
            s = time_to_threshold(voltage, current, level, length, mem, syn, method)
            if s < math.inf:
                until = start if k >= 0 else _last_before(arrivals, buckets.place, g)
                return start + s, until, current * math.exp(-s / syn)
        voltage, current = ahead, after
    return math.inf, -math.inf, 0.0


@njit(**BARE, fastmath={"nnan", "nsz", "contract"})
def _drop(arrivals, span, method, buckets):
    """Write for each input the number of its bucket and what it adds to the first two sums."""
    times, delays, weights, grown, late = arrivals
    place, one, two = buckets.place, buckets.one, buckets.two
    first, per_width, behind = span.first, 1.0 / span.width, float(len(span.shrunk))
    if method == EQUAL:
        for i in range(len(times)):
            x = (times[i] + delays[i] - first) * per_width
            x = x if x < behind else behind
            g = np.int32(x)
            charge = grown[i] * late[i] * weights[i]
            place[i], one[i], two[i] = g, charge, charge * (np.float64(g) + 1.0 - x)
    else:
        for i in range(len(times)):
            x = (times[i] + delays[i] - first) * per_width
            x = x if x < behind else behind
            m = grown[i] * late[i]
            charge = m * weights[i]
            place[i], one[i], two[i] = np.int32(x), charge, charge * m


@njit(**BARE)
def _add_up(weights, buckets):
    """Add up the sums of all buckets."""
    place, one, two, sums = buckets.place, buckets.one, buckets.two, buckets.sums
    for i in range(len(weights)):
        w = weights[i]
        _add_four(sums, np.uint64(np.uint32(place[i])), one[i], two[i], max(w, 0.0), max(-w, 0.0))


@njit(**BARE)
def _collect(arrivals, buckets, g):
    """List the arrivals of a bucket; return their number."""
    times, delays = arrivals.times, arrivals.delays
    place, at, who = buckets.place, buckets.at, buckets.who
    size, wanted = np.uint64(0), np.int32(g)
    # `size` stays below the number of inputs seen, so writing ahead of it does no harm.
    for i in range(np.uint64(len(times))):
        who[size] = i
        size += np.uint64(place[i] == wanted)
    for k in range(size):
        at[k] = times[who[k]] + delays[who[k]]
    return np.int64(size)


@njit(**BARE)
def _last_before(arrivals, place, g):
    """Return the last arrival before a bucket."""
    last = -math.inf
    for i in range(len(place)):
        if place[i] < g:
            last = max(last, arrivals.times[i] + arrivals.delays[i])
    return last


def _four(
    typing_context: Any, sums: Any, row: Any, one: Any, two: Any, three: Any, four: Any
) -> Any:
    """Add four numbers to a row of four, as one vector.

    LLVM would read and write each of them on its own, since it cannot know that rows are apart.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, number, *added = arguments
        data = context.make_array(signature.args[0])(context, builder, array).data
        vector = ir.VectorType(ir.DoubleType(), _SUMS)
        begin = builder.mul(number, ir.Constant(number.type, _SUMS))
        where = builder.bitcast(builder.gep(data, [begin]), vector.as_pointer())
        values = ir.Constant(vector, ir.Undefined)
        for k, value in enumerate(added):
            values = builder.insert_element(values, value, ir.Constant(ir.IntType(32), k))
        before = builder.load(where, align=8)
        builder.store(builder.fadd(before, values), where, align=8)
        return context.get_dummy_value()

    numbers = (types.float64,) * _SUMS
    return types.none(sums, types.uint64, *numbers), code


_add_four: Any = intrinsic(_four)
