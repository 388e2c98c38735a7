"""Room for what the compiled loops of `forward` write, made before they run, as they make none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lasersampling.lif.events.heaps import Heap, new_heap
from lasersampling.lif.events.tables import Log, Spikes
from lasersampling.lif.spike_times.arrivals import Sorting

# What is counted of the runs of a block.
N_SPIKES, N_EVENTS = 0, 1  # how much is recorded
RUN, N_BEFORE = 2, 3  # the run that is followed, and the spikes that are recorded before it
COMING, N_ARRIVALS = 4, 5  # its next input, -1 if it has not begun; how many there are
N_COUNTS = 6

_MANY_ROWS = 4096
"""Up to this number of rows there is room at once for a spike of each neuron on its way."""


class Arrivals(NamedTuple):
    """Arrivals of the input spikes of a run, in their order.

    Attributes
    ----------
    time : array (arrival,)
        When [tau_syn].
    row, which : array of int64 (arrival,)
        Row of each, and number of the spike in `Given`.
    following : array of int64 (population,)
        Which reaches each population next.
    """

    time: np.ndarray
    row: np.ndarray
    which: np.ndarray
    following: np.ndarray


class Room(NamedTuple):
    """What the loops write to, made before.

    Attributes
    ----------
    spikes, log : Spikes, Log
        What is recorded.
    spike_offsets, log_offsets : array of int64 (run + 1,)
        Where that of each run begins.
    pending, releases : Heap
        Arrivals of the spikes of neurons, and ends of refractory periods, to come.
    arrivals : Arrivals
        Those of inputs; a run has some of them.
    unsorted : Arrivals
        The same before they are sorted; times are those of the spikes.
    delays : array (arrival,)
        Their delays [tau_syn].
    sorting : Sorting
        For sorting them.
    """

    spikes: Spikes
    log: Log
    spike_offsets: np.ndarray
    log_offsets: np.ndarray
    pending: Heap
    releases: Heap
    arrivals: Arrivals
    unsorted: Arrivals
    delays: np.ndarray
    sorting: Sorting


class Needed(NamedTuple):
    """What room depends on.

    Attributes
    ----------
    alone : array of int64 (population,)
        Whether there are spikes that reach some neurons of a population only.
    rows : int
        Most rows of a neuron.
    all_rows : int
        Rows of all neurons.
    arrivals : array of int64 (run,)
        Arrivals of input spikes in each run.
    """

    alone: np.ndarray
    rows: int
    all_rows: int
    arrivals: np.ndarray


def needed_by(cells, wires, given):
    """Return what the room for a network and all that it is given depends on."""
    alone = np.zeros(len(cells.first) - 1, np.int64)
    alone[wires.home[wires.high - wires.low < np.diff(cells.first)[wires.home]]] = 1
    rows = np.diff(wires.rows)
    of_neurons = rows[len(rows) - len(cells.home) :]
    arriving = np.concatenate([[0], np.cumsum(rows[given.source])])[given.offsets]
    return Needed(alone, int(of_neurons.max()), int(of_neurons.sum()), np.diff(arriving))


def new_room(cells, span, needed):
    """Make room for the runs `span`."""
    _, first, behind = span
    n_runs, n_populations = behind - first, len(cells.first) - 1
    most = int(needed.arrivals[first:behind].max())

    def arrivals(times):
        following = np.zeros(n_populations, np.int64)
        return Arrivals(times, np.empty(most, np.int64), np.empty(most, np.int64), following)

    sorting = Sorting(
        np.empty(most), np.empty(most, np.int32), np.empty(most), np.empty(most + 1, np.int32)
    )
    n_spikes, n_events = 2048, 8192
    kinds, numbers = np.empty(n_events, np.int8), np.empty(n_events, np.int64)
    log = Log(kinds, numbers, np.empty(n_events, np.int32), np.empty(n_events))
    currents = np.empty(n_spikes), np.empty(n_spikes)
    return Room(
        Spikes(np.empty(n_spikes, np.int64), np.empty(n_spikes), *currents), log,
        np.zeros(n_runs + 1, np.int64), np.zeros(n_runs + 1, np.int64),
        new_heap(64 + max(needed.rows, min(needed.all_rows, _MANY_ROWS))),
        new_heap(len(cells.home)),
        arrivals(sorting.arrival), arrivals(np.empty(most)), np.empty(most), sorting,
    )  # fmt: skip


def twice(array):
    """Return an array twice as long, with what is there."""
    return np.concatenate([array, np.empty_like(array)])
