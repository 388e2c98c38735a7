"""The order in which spikes arrive at a neuron whose synapses have their own delays; compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit

_FEW_INPUTS, _MANY_INPUTS = 12, 40
_SHORTEST_SPAN = 1e-300


class Sorting(NamedTuple):
    """The ordered arrivals at one neuron, and memory for sorting them.

    Attributes
    ----------
    arrival, who : arrays (pre,)
        Arrival times in order, and the inputs to which they belong.
    found, filled : arrays (pre,) and (pre + 1,)
        Needed only while sorting.
    """

    arrival: np.ndarray
    who: np.ndarray
    found: np.ndarray
    filled: np.ndarray


@njit(cache=True, nogil=True)
def new_sorting(n_pre):
    """Allocate what `sort_arrivals` needs for `n_pre` inputs."""
    return Sorting(
        np.empty(n_pre),
        np.empty(n_pre, dtype=np.int32),
        np.empty(n_pre),
        np.empty(n_pre + 1, dtype=np.int32),
    )


@njit(cache=True, nogil=True)
def sort_arrivals(times, delays, sorting):
    """Sort the arrivals at a neuron; return how many are finite.

    Each arrival goes into one of as many equal intervals of time as there are arrivals; the
    remaining insertion sort takes linear time, unless most arrivals nearly coincide. Inputs at the
    same time keep the order of their numbers, so that results depend on nothing else.

    Parameters
    ----------
    times, delays : arrays (pre,)
        Input times of a sample and delays of the neuron's synapses.
    sorting : Sorting
        Arrays that are written.
    """
    arrival, who, found, filled = sorting
    size, first, latest = 0, math.inf, -math.inf
    if len(times) <= _FEW_INPUTS:
        for i in range(len(times)):
            if times[i] < math.inf:
                arrival[size], who[size] = times[i] + delays[i], i
                size += 1
        insert(arrival, who, size)
        return size
    for i in range(len(times)):
        if times[i] < math.inf:
            value = times[i] + delays[i]
            found[size], who[size] = value, i
            first, latest = min(first, value), max(latest, value)
            size += 1
    span = latest - first
    if size > _FEW_INPUTS and _SHORTEST_SPAN < span < math.inf:
        scale, k = (size - 1) / span, 0
        crowd = fill_intervals(found, size, first, scale, filled)
        if crowd > _FEW_INPUTS:
            for k in range(size):
                arrival[k] = found[k]
            put_in_order(arrival, who, size)
            return size
        for i in range(len(times)):
            if times[i] < math.inf:
                interval = int((found[k] - first) * scale)
                place = filled[interval]
                filled[interval] += 1
                arrival[place], who[place] = found[k], i
                k += 1
    else:
        for k in range(size):
            arrival[k] = found[k]
    insert(arrival, who, size)
    return size


@njit(cache=True, nogil=True)
def insert(arrival, who, size):
    """Sort `size` arrivals and their inputs by insertion; the order of equal ones stays."""
    for k in range(1, size):
        value, i, place = arrival[k], who[k], k
        while place > 0 and arrival[place - 1] > value:
            arrival[place], who[place] = arrival[place - 1], who[place - 1]
            place -= 1
        arrival[place], who[place] = value, i


@njit(cache=True, nogil=True)
def put_in_order(arrival, who, size):
    """`insert`, for many arrivals in a heap: its time grows little faster than their number.

    Equal arrivals come in the order of their inputs.
    """
    if size <= _MANY_INPUTS:
        insert(arrival, who, size)
        return
    for k in range(size // 2 - 1, -1, -1):
        _sink(arrival, who, k, size)
    for last in range(size - 1, 0, -1):
        arrival[0], arrival[last] = arrival[last], arrival[0]
        who[0], who[last] = who[last], who[0]
        _sink(arrival, who, 0, last)


@njit(cache=True, nogil=True)
def _sink(arrival, who, k, size):
    """Move an entry of a heap down until none below it is later."""
    value, i = arrival[k], who[k]
    below = 2 * k + 1
    while below < size:
        if below + 1 < size and _is_later(arrival, who, below + 1, arrival[below], who[below]):
            below += 1
        if not _is_later(arrival, who, below, value, i):
            break
        arrival[k], who[k] = arrival[below], who[below]
        k, below = below, 2 * below + 1
    arrival[k], who[k] = value, i


@njit(cache=True, nogil=True, inline="always")
def _is_later(arrival, who, k, value, i):
    """Whether an entry comes behind an arrival of the input i."""
    return arrival[k] > value or (arrival[k] == value and who[k] > i)


@njit(cache=True, nogil=True, inline="always")
def fill_intervals(values, size, first, scale, begins):
    """Write where each interval's values begin in the sorted order; return the largest number."""
    begins[: size + 1] = 0
    for k in range(size):
        begins[int((values[k] - first) * scale) + 1] += 1
    crowd = 0
    for k in range(size):
        crowd = max(crowd, begins[k + 1])
        begins[k + 1] += begins[k]
    return crowd
