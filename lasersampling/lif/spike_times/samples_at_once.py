"""First spikes of a neuron with few inputs, for several samples at once; compiled.

The arrivals of each sample are sorted by comparing neighbours in an order that does not depend on
the times, and their states are carried from arrival to arrival together, so that all loops over
samples become vector instructions. Only crossings of the threshold are computed one by one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.crossing import from_membrane, time_to_threshold
from lasersampling.lif.spike_times.dynamics import BARE, PLAIN

__all__ = ["SAMPLES", "Samples", "find_at_once", "load", "new_samples"]

SAMPLES = 16
"""Number of samples that are searched at once."""

_FLAGS = 8
"""Number of flags, a byte each, that are read at once as one whole number."""


class Samples(NamedTuple):
    """Memory for a neuron and several samples.

    Attributes
    ----------
    times, grown : ndarray of float64, shape (pre, sample)
        Input times, inf for absent ones, and exp(times / tau_mem), 0 for them.
    at, gone, weights : ndarray of float64, shape (pre + 1, sample)
        Arrivals in order, exp(arrival / tau_mem), and the weights with which they arrive.
    state : ndarray of float64, shape (6, sample)
        Voltage and current at an arrival, and at the next one; the threshold; the current that a
        crossing needs.
    near : ndarray of bool, shape (sample,)
        Whether the voltage may cross the threshold before the next arrival.
    words : ndarray of uint64
        The same memory.
    """

    times: np.ndarray
    grown: np.ndarray
    at: np.ndarray
    gone: np.ndarray
    weights: np.ndarray
    state: np.ndarray
    near: np.ndarray
    words: np.ndarray


@njit(**PLAIN)
def new_samples(n_pre):
    """Allocate memory for neurons with `n_pre` inputs."""
    words = np.zeros(SAMPLES // _FLAGS, np.uint64)
    return Samples(
        np.empty((n_pre, SAMPLES)), np.empty((n_pre, SAMPLES)), np.empty((n_pre + 1, SAMPLES)),
        np.empty((n_pre + 1, SAMPLES)), np.empty((n_pre + 1, SAMPLES)), np.empty((6, SAMPLES)),
        words.view(np.bool_), words,
    )  # fmt: skip


@njit(**BARE)
def load(times, grown, begin, samples):
    """Take the samples from `begin` on; missing ones have no inputs."""
    for lane in range(SAMPLES):
        b = begin + lane
        for i in range(times.shape[1]):
            samples.times[i, lane] = times[b, i] if b < len(times) else math.inf
            samples.grown[i, lane] = grown[b, i] if b < len(times) else 0.0


@njit(**BARE)
def _sort(n_pre, samples):
    """Sort the arrivals of each sample."""
    at, gone, weights = samples.at, samples.gone, samples.weights
    for k in range(1, n_pre):
        for place in range(k, 0, -1):
            for lane in range(SAMPLES):
                early, late = at[place - 1, lane], at[place, lane]
                is_late = early > late
                at[place - 1, lane] = late if is_late else early
                at[place, lane] = early if is_late else late
                one, two = gone[place - 1, lane], gone[place, lane]
                gone[place - 1, lane] = two if is_late else one
                gone[place, lane] = one if is_late else two
                one, two = weights[place - 1, lane], weights[place, lane]
                weights[place - 1, lane] = two if is_late else one
                weights[place, lane] = one if is_late else two


@njit(**BARE)
def _receive(delays, late, weights, samples):
    """Write the arrivals of all samples at a neuron."""
    at, gone, through = samples.at, samples.gone, samples.weights
    n_pre = len(delays)
    for i in range(n_pre):
        for lane in range(SAMPLES):
            time = samples.times[i, lane]
            at[i, lane] = time + delays[i]
            gone[i, lane] = samples.grown[i, lane] * late[i]
            through[i, lane] = weights[i] if time < math.inf else 0.0
    at[n_pre] = math.inf
    gone[n_pre] = 0.0


@njit(**BARE)
def _carry(k, membrane, samples):
    """Carry the states from an arrival to the next; mark samples that may spike between."""
    at, gone, weights, state, near = (
        samples.at, samples.gone, samples.weights, samples.state, samples.near,
    )  # fmt: skip
    _, mem, _, method = membrane
    for lane in range(SAMPLES):
        length = at[k + 1, lane] - at[k, lane]
        follows = at[k + 1, lane] < math.inf
        to_mem = gone[k, lane] / gone[k + 1, lane] if follows else 0.0
        to_syn, gain = from_membrane(to_mem, length / mem if follows else 0.0, method)
        voltage, level = state[2, lane], state[4, lane]
        current = state[3, lane] + weights[k, lane]
        ahead, after = voltage * to_mem + current * gain, current * to_syn
        state[0, lane], state[1, lane] = voltage, current
        state[2, lane], state[3, lane] = ahead, after
        near[lane] = (current > level) & ((ahead > level) | (ahead >= after))


@njit(**BARE)
def find_at_once(delays, late, weights, membrane, samples, found):
    """Find the first spikes of a neuron in the samples that were loaded.

    Parameters
    ----------
    delays, late, weights : array (pre,)
        Delays d of the neuron's synapses, exp(d / tau_mem), and their weights.
    membrane : Membrane
        The neuron, with `EQUAL` or `DOUBLE` time constants.
    samples : Samples
        The samples.
    found : tuple of three arrays (sample,), which are written
        Time of the spike, inf if there is none, the last arrival before it, and the current at it,
        for no more than `SAMPLES` samples.
    """
    out, until, at_spike = found
    level, mem, syn, method = membrane
    state, at, near, words = samples.state, samples.at, samples.near, samples.words
    n_pre, n_samples = len(delays), len(out)
    _receive(delays, late, weights, samples)
    _sort(n_pre, samples)
    state[2:4] = 0.0
    state[4] = level
    for b in range(n_samples):
        out[b], until[b], at_spike[b] = math.inf, -math.inf, 0.0
    for k in range(n_pre):
        _carry(k, membrane, samples)
        for word in range(len(words)):
            if words[word] == np.uint64(0):
                continue
            for b in range(_FLAGS * word, min(_FLAGS * (word + 1), n_samples)):
                if not near[b]:
                    continue
                voltage, current, length = state[0, b], state[1, b], at[k + 1, b] - at[k, b]
                s = time_to_threshold(voltage, current, level, length, mem, syn, method)
                if s < math.inf:
                    out[b], until[b] = at[k, b] + s, at[k, b]
                    at_spike[b] = current * math.exp(-s / syn)
                    state[4, b] = math.inf
