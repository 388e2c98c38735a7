"""What the compiled event loop reads and writes: plain tuples of numbers and arrays.

Sources and rows are those of `populations.parameters.Rows`. A *run* is one sample that is given to
one member of an ensemble.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ARRIVAL, SPIKE, RELEASE = 0, 1, 2
"""Kinds of events: a spike reaches its targets, a neuron spikes, its refractory period ends."""

BY_GAP, BY_RESET, BY_INITIAL, BY_TAU_MEM, BY_TAU_SYN, BY_REFRACTORY = 0, 1, 2, 3, 4, 5
"""Rows of `Slopes.neurons`, in the order of `Cells`."""


class Cells(NamedTuple):
    """Neurons of all members.

    Voltages are measured from the leak and multiplied by the leak conductance, so that
    tau_mem dU/dt = I - U.

    Attributes
    ----------
    gap, reset, initial : array (member, neuron)
        Voltage at the threshold, above 0; after a spike and at time 0, below the threshold [1].
    tau_mem, tau_syn, refractory : array (member, neuron)
        Time constants and refractory period [tau_syn].
    method : int
        `EQUAL`, `DOUBLE` or `GENERAL` of `spike_times.crossing`.
    first : array of int64 (population + 1,)
        Where the neurons of each population begin.
    home : array of int64 (neuron,)
        Population of each neuron.
    alike : array of bool (member, population)
        Whether all neurons of a population have the same time constants.
    """

    gap: np.ndarray
    reset: np.ndarray
    initial: np.ndarray
    tau_mem: np.ndarray
    tau_syn: np.ndarray
    refractory: np.ndarray
    method: int
    first: np.ndarray
    home: np.ndarray
    alike: np.ndarray


class Wires(NamedTuple):
    """Where spikes go.

    Attributes
    ----------
    weights : array (member, weight)
        Weights of the rows, one row behind the other [1].
    delays : array (member, row)
        From the spike to its arrival, at least 0 [tau_syn].
    rows : array of int64 (source + 1,)
        Where the rows of each source begin.
    begin : array of int64 (row,)
        Where the weights of each row begin.
    low, high : array of int64 (row,)
        First target of each row, and the one after its last.
    home : array of int64 (row,)
        Population of its targets.
    """

    weights: np.ndarray
    delays: np.ndarray
    rows: np.ndarray
    begin: np.ndarray
    low: np.ndarray
    high: np.ndarray
    home: np.ndarray


class Given(NamedTuple):
    """Input spikes of all runs.

    Attributes
    ----------
    offsets : array of int64 (run + 1,)
        Where the spikes of each run begin.
    source : array of int64 (spike,)
        Which input spikes.
    time : array (spike,)
        When [tau_syn].
    """

    offsets: np.ndarray
    source: np.ndarray
    time: np.ndarray


class Spikes(NamedTuple):
    """Spikes of the neurons, in the order in which they happened.

    Attributes
    ----------
    neuron : array of int64 (spike,)
        Which neuron.
    time : array (spike,)
        When [tau_syn].
    current : array (spike,)
        Its current at the spike [1].
    released : array (spike,)
        Its current at the end of the refractory period; nan if that was not reached [1].
    """

    neuron: np.ndarray
    time: np.ndarray
    current: np.ndarray
    released: np.ndarray


class Log(NamedTuple):
    """All events, in their order.

    Attributes
    ----------
    kind : array of int8 (event,)
        `ARRIVAL`, `SPIKE` or `RELEASE`.
    which : array of int64 (event,)
        Number of the spike: in `Given` for input spikes, in `Spikes` + n_given for all others.
    row : array of int32 (event,)
        The row, for arrivals.
    time : array (event,)
        When [tau_syn].
    """

    kind: np.ndarray
    which: np.ndarray
    row: np.ndarray
    time: np.ndarray


class Recorded(NamedTuple):
    """What happened in some runs.

    Attributes
    ----------
    spikes : Spikes
        Spikes of the neurons.
    log : Log
        All events.
    spike_offsets, log_offsets : array of int64 (run + 1,)
        Where those of each run begin.
    """

    spikes: Spikes
    log: Log
    spike_offsets: np.ndarray
    log_offsets: np.ndarray


class Upstream(NamedTuple):
    """Derivatives of a loss by the spikes of some runs.

    Attributes
    ----------
    time : array (spike,)
        By their times; what the spikes cause is added to it.
    presence : array (spike,)
        By their presence, on which the voltage at the spike is taken to act with a derivative of 1.
    """

    time: np.ndarray
    presence: np.ndarray


class Slopes(NamedTuple):
    """Derivatives of a loss for one member, added up over runs.

    Attributes
    ----------
    weights : array (weight,)
        By the weights.
    delays : array (row,)
        By the delays.
    neurons : array (6, neuron)
        By the parameters of the neurons, in rows BY_GAP to BY_REFRACTORY.
    given : array (spike,)
        By the times of input spikes.
    floored : array of int64 (1,)
        At how many spikes the slope of the voltage was below the smallest.
    """

    weights: np.ndarray
    delays: np.ndarray
    neurons: np.ndarray
    given: np.ndarray
    floored: np.ndarray
