"""Neurons that no other of their group reaches, over a whole run; compiled.

The equations, and their derivatives, are those of `step`, which goes through torch on any device;
here each neuron is followed by itself through all steps, which needs a small part of the memory
traffic. Both are compared in `tests/lif/grid/test_cells.py`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.dynamics import BARE

SPIKED, SILENT, RESET = 1, 2, 4
"""Bits of `Kept.flags`: the neuron spikes, is refractory at the begin of the step, is reset."""


class Numbers(NamedTuple):
    """Numbers of the neurons, each array (member, neuron), as in `step.Rates`.

    Attributes
    ----------
    kept, left, gained, decay, gap, reset, refractory : array
        See `step.Rates`; refractory periods in steps [1].
    """

    kept: np.ndarray
    left: np.ndarray
    gained: np.ndarray
    decay: np.ndarray
    gap: np.ndarray
    reset: np.ndarray
    refractory: np.ndarray


class Kept(NamedTuple):
    """What is kept of a run, each array (step, run, neuron).

    Attributes
    ----------
    spikes, fraction, before, after : array
        As in `loop.Traces`.
    current : array
        I at the begin of each step [1].
    when : array
        Time of the reset within the step [1]; empty if it is that of the spike.
    flags : array of uint8
        What happened.
    """

    spikes: np.ndarray
    fraction: np.ndarray
    before: np.ndarray
    after: np.ndarray
    current: np.ndarray
    when: np.ndarray
    flags: np.ndarray


class Seen(NamedTuple):
    """What a device has shown, each array (step, run, neuron) or empty; see `step.Shown`.

    Attributes
    ----------
    voltage, fraction : array
        U at the begin of steps, and theta [1].
    above : array of bool
        Which neurons spike.
    """

    voltage: np.ndarray
    fraction: np.ndarray
    above: np.ndarray


class Wanted(NamedTuple):
    """Which derivatives are wanted.

    Attributes
    ----------
    by_spikes, by_times : bool
        Whether voltages decide if a neuron spikes, and when.
    detach_reset : bool
        Whether resets have no derivatives by the spike.
    rates : bool
        Whether derivatives by the numbers of neurons are wanted.
    floor : float
        Least rise of U within a step at a spike [1].
    kind : int
        Number of the surrogate in `SURROGATES`.
    units : array (2,)
        1, and the steepness of the surrogate, in the precision of the neurons [1].
    """

    by_spikes: bool
    by_times: bool
    detach_reset: bool
    rates: bool
    floor: float
    kind: int
    units: np.ndarray


class Upstream(NamedTuple):
    """Derivatives by what is in `Kept`, each array (step, run, neuron) or empty."""

    spikes: np.ndarray
    fraction: np.ndarray
    before: np.ndarray
    after: np.ndarray


class Room(NamedTuple):
    """Memory of a thread, which is overwritten.

    Attributes
    ----------
    numbers : array (3 or 6, neuron)
        Numbers of the neurons of a run.
    special : array of uint8
        Which of them need more than the others, and 0 up to a multiple of eight.
    words : array of uint64
        The same, eight neurons at a time.
    """

    numbers: np.ndarray
    special: np.ndarray
    words: np.ndarray


SURROGATES = ("superspike", "arctangent", "piecewise-linear", "sigmoid")
"""Kinds of surrogates in the order of their numbers."""


@njit(**BARE)
def follow_runs(drive, initial, numbers, seen, smallest, kept, room, span):
    """Follow the neurons of the runs `span` through all steps.

    Few neurons spike or are refractory in a step. What all others do takes long loops that the
    compiler turns to vector instructions; these few follow, found eight at a time.

    ``drive`` (step + 1, run, neuron) arrives at points; ``initial`` (member, neuron) are voltages
    at time 0; ``smallest`` is the least rise by which times of crossings are found; ``kept`` shows
    no spikes and no resets at first; ``room`` is overwritten.
    """
    n_steps, n_runs, n_neurons = kept.after.shape
    n_samples = n_runs // len(initial)
    is_shown = len(seen.above) > 0
    voltage, current, release = room.numbers[0], room.numbers[1], room.numbers[2]
    special, words = room.special, room.words
    for run in range(span[0], span[1]):
        m = run // n_samples
        keeps, left, gained = numbers.kept[m], numbers.left[m], numbers.gained[m]
        gap, initials, first = numbers.gap[m], initial[m], drive[0, run]
        for n in range(n_neurons):
            voltage[n], current[n], release[n] = initials[n], first[n], 0.0
        nothing = release[0]  # in the precision of the neurons, as comparisons need it
        for k in range(n_steps):
            if is_shown:
                copy(seen.voltage[k, run], voltage)
            copy(voltage, kept.before[k, run])
            copy(current, kept.current[k, run])
            after, more = kept.after[k, run], drive[k + 1, run]
            for n in range(n_neurons):
                after[n] = voltage[n] * keeps[n] + current[n] * gained[n]
            for n in range(n_neurons):
                current[n] = current[n] * left[n] + more[n]
            copy(after, voltage)
            if is_shown:
                above = seen.above[k, run]
                for n in range(n_neurons):
                    special[n] = above[n] | (release[n] > nothing)
            else:
                for n in range(n_neurons):
                    special[n] = (after[n] >= gap[n]) | (release[n] > nothing)
            for word in range(len(words)):
                if words[word] == 0:
                    continue
                for n in range(8 * word, min(8 * word + 8, n_neurons)):
                    if not special[n]:
                        continue
                    if is_shown:
                        spikes = seen.above[k, run, n]
                    else:
                        spikes = after[n] >= gap[n] and not release[n] > 0.0
                    place = m, k, run, n
                    mark(numbers, seen, smallest, kept, release, place, spikes)
                    if kept.flags[k, run, n] & RESET:
                        reset(numbers, kept, voltage, place)


@njit(**BARE)
def copy(values, to):
    """Copy values."""
    for n in range(len(values)):
        to[n] = values[n]


@njit(**BARE)
def mark(numbers, seen, smallest, kept, release, place, spikes):
    """Note what happens to a neuron that spikes or is refractory.

    ``release`` are the steps until neurons are released, 0 for those that are not refractory.
    """
    m, k, run, n = place
    flags, fraction = SILENT if release[n] > 0.0 else 0, 1.0
    if spikes:
        flags |= SPIKED
        kept.spikes[k, run, n] = 1.0
        if len(seen.above) > 0:
            fraction = seen.fraction[k, run, n]
        else:
            before, after = kept.before[k, run, n], kept.after[k, run, n]
            fraction = (numbers.gap[m, n] - before) / max(after - before, smallest)
            fraction = min(max(fraction, -1.0), 1.0)
        kept.fraction[k, run, n] = fraction
    if len(kept.when) > 0:
        later = release[n] - 1.0
        if spikes:
            later = fraction + numbers.refractory[m, n]
        if later <= 1.0:
            kept.when[k, run, n] = later
            flags |= RESET
            later = 0.0
        release[n] = later
    elif spikes:
        flags |= RESET
    kept.flags[k, run, n] = flags


@njit(**BARE)
def reset(numbers, kept, voltage, place):
    """Reset the voltage of a neuron."""
    m, k, run, n = place
    before, after = kept.before[k, run, n], kept.after[k, run, n]
    when = kept.when[k, run, n] if len(kept.when) > 0 else kept.fraction[k, run, n]
    dropped = before + when * (after - before) - numbers.reset[m, n]
    voltage[n] = after - dropped * math.exp((when - 1.0) * numbers.decay[m, n])


@njit(**BARE)
def surrogate(excess, kind, steepness):
    """Derivative of a surrogate, as `Surrogate.derivative`."""
    x = steepness * excess
    if kind == 0:
        return 1.0 / ((1.0 + abs(x)) * (1.0 + abs(x)))
    if kind == 1:
        return 1.0 / (1.0 + x * x)
    if kind == 2:
        return max(0.0, 1.0 - abs(x))
    there = 1.0 / (1.0 + math.exp(-x))
    return 4.0 * there * (1.0 - there)


@njit(**BARE)
def by_voltages(after, gap, wanted, by_spikes):
    """Multiply derivatives by whether neurons spike by the surrogate, for neurons of a run."""
    if wanted.kind == 0:
        one, steepness = wanted.units[0], wanted.units[1]
        for n in range(len(after)):
            x = one + abs(steepness * (after[n] - gap[n]))
            by_spikes[n] /= x * x
    else:
        for n in range(len(after)):
            by_spikes[n] *= surrogate(after[n] - gap[n], wanted.kind, wanted.units[1])


@njit(**BARE)
def go_back(numbers, kept, upstream, wanted, found, room, span):
    """Derivatives of the runs `span`, by what arrives and by the numbers of the neurons.

    ``found`` are arrays (step + 1, run, neuron) by what arrives, (run, neuron) by the initial
    voltage, and (7, run, neuron), zero at first or empty, by `Numbers` in their order.
    """
    by_drive, by_initial, by_numbers = found
    n_steps, n_runs, n_neurons = kept.after.shape
    n_samples = n_runs // len(numbers.gap)
    own, special, words = room.numbers, room.special, room.words
    by_voltage, by_current, by_release = own[0], own[1], own[2]
    at_begin, at_end, by_excess = own[3], own[4], own[5]
    for run in range(span[0], span[1]):
        m = run // n_samples
        gap, keeps = numbers.gap[m], numbers.kept[m]
        left, gained, resets = numbers.left[m], numbers.gained[m], numbers.reset[m]
        for n in range(n_neurons):
            by_voltage[n], by_current[n], by_release[n] = 0.0, 0.0, 0.0
        for k in range(n_steps - 1, -1, -1):
            after, flags = kept.after[k, run], kept.flags[k, run]
            copy(by_voltage, at_end)
            if len(upstream.after):
                add(upstream.after[k, run], at_end)
            for n in range(n_neurons):
                at_begin[n], by_excess[n] = 0.0, 0.0
            if wanted.by_spikes:
                if len(upstream.spikes):
                    copy(upstream.spikes[k, run], by_excess)
                if not wanted.detach_reset:
                    for n in range(n_neurons):
                        by_excess[n] -= by_voltage[n] * (after[n] - resets[n])
                by_voltages(after, gap, wanted, by_excess)
            copy(flags, special)
            for word in range(len(words)):
                if words[word] == 0:
                    continue
                for n in range(8 * word, min(8 * word + 8, n_neurons)):
                    if flags[n]:
                        place = m, k, run, n
                        go_through(numbers, kept, upstream, wanted, by_numbers, own, place)
            add(by_excess, at_end)
            if wanted.rates:
                add_rates(kept, by_numbers, own, k, run)
            copy(by_current, by_drive[k + 1, run])
            for n in range(n_neurons):
                by_current[n] = at_end[n] * gained[n] + by_current[n] * left[n]
            for n in range(n_neurons):
                by_voltage[n] = at_end[n] * keeps[n] + at_begin[n]
            if len(upstream.before):
                add(upstream.before[k, run], by_voltage)
        copy(by_current, by_drive[0, run])
        copy(by_voltage, by_initial[run])


@njit(**BARE)
def add(values, to):
    """Add values."""
    for n in range(len(values)):
        to[n] += values[n]


@njit(**BARE)
def add_rates(kept, by_numbers, room, k, run):
    """Add to derivatives by what is left and gained, and by the threshold."""
    by_current, at_end, by_excess = room[1], room[4], room[5]
    before, current = kept.before[k, run], kept.current[k, run]
    of_kept, of_left, of_gained = by_numbers[0, run], by_numbers[1, run], by_numbers[2, run]
    of_gap = by_numbers[4, run]
    for n in range(len(at_end)):
        of_kept[n] += at_end[n] * before[n]
        of_left[n] += by_current[n] * current[n]
        of_gained[n] += at_end[n] * current[n]
        of_gap[n] -= by_excess[n]


@njit(**BARE)
def go_through(numbers, kept, upstream, wanted, by_numbers, room, place):
    """Derivatives of a step in which a neuron spikes, is refractory or reset; see `step`."""
    m, k, run, n = place
    by_release, at_begin, at_end, by_excess = room[2], room[3], room[4], room[5]
    by_voltage, flags = room[0][n], kept.flags[k, run, n]
    fraction, has_silence = kept.fraction[k, run, n], len(kept.when) > 0
    when = kept.when[k, run, n] if has_silence else fraction
    before, after = kept.before[k, run, n], kept.after[k, run, n]
    rise, decay = after - before, numbers.decay[m, n]
    fading = math.exp((when - 1.0) * decay) if when != 1.0 else 1.0
    dropped = (before + when * rise - numbers.reset[m, n]) * fading
    by_fraction = upstream.fraction[k, run, n] if len(upstream.fraction) else 0.0
    by_when = 0.0
    if flags & RESET:
        at_reset, by_exponent = -by_voltage * fading, -by_voltage * dropped
        by_when = rise * at_reset + by_exponent * decay
        at_begin[n] += at_reset * (1.0 - when)
        at_end[n] += at_reset * when
        if wanted.rates:
            by_numbers[5, run, n] -= at_reset
            by_numbers[3, run, n] += by_exponent * (when - 1.0)
    by_own = by_when + by_release[n]
    of_spike = by_own if flags & SPIKED else 0.0
    by_release[n] = by_own - of_spike
    if wanted.rates and has_silence:
        by_numbers[6, run, n] += of_spike
    if not wanted.detach_reset:
        by_fraction += of_spike
    if wanted.by_spikes:
        by_excess[n] = 0.0
        if not flags & SILENT:
            by_spikes = upstream.spikes[k, run, n] if len(upstream.spikes) else 0.0
            if not wanted.detach_reset:
                by_spikes -= by_voltage * dropped
            by_excess[n] = by_spikes * surrogate(
                after - numbers.gap[m, n], wanted.kind, wanted.units[1]
            )
    is_free = abs(fraction) < 1.0 and flags & SPIKED and not flags & SILENT
    if wanted.by_times and is_free:
        by_start = by_fraction / max(rise, wanted.floor)
        by_rise = -by_start * fraction if rise > wanted.floor else 0.0
        at_begin[n] -= by_start + by_rise
        at_end[n] += by_rise
        if wanted.rates:
            by_numbers[4, run, n] += by_start
