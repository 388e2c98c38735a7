"""Heaps of events to come, in arrays that are made before; compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.dynamics import BARE


class Heap(NamedTuple):
    """Events to come, the first in front.

    Attributes
    ----------
    time : array (place,)
        When [tau_syn].
    row, which : array of int64 (place,)
        Rows and numbers of spikes; at the same time, lower ones are first.
    size : array of int64 (1,)
        How many there are.
    """

    time: np.ndarray
    row: np.ndarray
    which: np.ndarray
    size: np.ndarray


def new_heap(room):
    """Return an empty heap."""
    rows, numbers = np.empty(room, np.int64), np.empty(room, np.int64)
    return Heap(np.empty(room), rows, numbers, np.zeros(1, np.int64))


@njit(**BARE)
def push(heap, time, row, which):
    """Put in an event, for which there is room."""
    times, rows, numbers, size = heap
    place = size[0]
    size[0] += 1
    while place > 0:
        above = (place - 1) // 2
        if not before(time, row, which, heap, above):
            break
        times[place], rows[place], numbers[place] = times[above], rows[above], numbers[above]
        place = above
    times[place], rows[place], numbers[place] = time, row, which


@njit(**BARE)
def pop(heap):
    """Take out the first event."""
    times, rows, numbers, size = heap
    size[0] -= 1
    last = size[0]
    time, row, which = times[last], rows[last], numbers[last]
    place = 0
    while 2 * place + 1 < last:
        below = 2 * place + 1
        if below + 1 < last and before(
            times[below + 1], rows[below + 1], numbers[below + 1], heap, below
        ):
            below += 1
        if before(time, row, which, heap, below):
            break
        times[place], rows[place], numbers[place] = times[below], rows[below], numbers[below]
        place = below
    times[place], rows[place], numbers[place] = time, row, which


@njit(**BARE)
def before(time, row, which, heap, place):
    """Whether an event comes before the one at a place."""
    if time != heap.time[place]:
        return time < heap.time[place]
    if row != heap.row[place]:
        return row < heap.row[place]
    return which < heap.which[place]
