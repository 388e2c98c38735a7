"""Tables of the hazard, couplings and empty chains, in the form of the compiled kernel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.sampling.neurons.calibration import Calibration, LaserNeuron
from lasersampling.sampling.neurons.translation import Programme, TranslationRule
from lasersampling.sampling.renewal.hazard import Hazard
from lasersampling.sampling.renewal.lanes import BLOCK, ROWS, UNUSED_BUDGET, Batch, Model, Wiring

_LOWEST_LOGIT, _HIGHEST_LOGIT = -16.0, 14.0
_ROW_LOGITS = 0.125
_AGE_CELLS = 110
_RECOVERIES = 6.0
_WINDOWS_PER_FIRST_AGE = 8
_LONGEST_WINDOW = 50.0
"""Longest window in fast relaxation times; relaxing drives are then still far from underflow."""

_CACHE_LINE = 64

_MOST_BUDGET_BITS = 26
"""Budgets above 2**31, which is 32 times their mean, are truncated: one in 10**14."""

_MARGIN_LOGITS = 0.5
_ROUNDING_ROWS, _ROUNDING = 0.01, 1e-6
"""Largest errors of sums in single precision: in rows, and relative to the largest drive."""


def tabulated(hazard: Hazard, calibration: Calibration) -> Model:
    """Tabulate a hazard over drive and age, with its bounds.

    Parameters
    ----------
    hazard : Hazard
        The measured hazard.
    calibration : Calibration
        Calibration whose logits are the unit of the table's rows.
    """
    step, lowest = _rows(calibration)
    n_rows = round((_HIGHEST_LOGIT - _LOWEST_LOGIT) / _ROW_LOGITS) + 1
    last = max(hazard.first_age_ns + 5.0 * hazard.recovery_ns, _RECOVERIES * hazard.recovery_ns)
    age_step = last / _AGE_CELLS
    age = age_step * np.arange(_AGE_CELLS + 1)
    table = np.exp(hazard.log_hazard(lowest + step * np.arange(n_rows), age)).astype(np.float32)
    window = min(hazard.first_age_ns / _WINDOWS_PER_FIRST_AGE, _LONGEST_WINDOW * hazard.fast_ns)
    # Bilinear interpolation stays between its corners. Ages in single precision, summed up over
    # windows, are off by less than a hundredth of a cell.
    highest = np.maximum.accumulate(table.astype(np.float64), axis=0)
    bound = np.zeros((_AGE_CELLS + 2, ROWS))  # the first for units that have just spiked
    for cell in range(_AGE_CELLS + 1):
        begin = min(max(cell - 1, 0), _AGE_CELLS)
        end = math.ceil(cell + 1.01 + window / age_step)
        bound[cell + 1, :n_rows] = highest[:, begin : end + 1].max(axis=1)
    largest = window * bound.max()
    budget = 2.0 ** min(_MOST_BUDGET_BITS, math.floor(30.0 - math.log2(largest)))
    slow_times, fast_times = window / hazard.slow_ns, window / hazard.fast_ns
    return Model(
        hazard=table,
        bound=np.ceil(window * budget * bound).astype(np.int32).ravel(),
        per_age_step=1.0 / age_step,
        per_slow=1.0 / hazard.slow_ns,
        per_fast=1.0 / hazard.fast_ns,
        window=window,
        per_window=1.0 / window,
        slow_factor=math.exp(-slow_times),
        fast_factor=math.exp(-fast_times),
        slow_sag=_sag(slow_times),
        fast_sag=_sag(fast_times),
        budget=budget,
    )


def _sag(times: float) -> float:
    """How far -exp(-t) is above its chord over so many relaxation times, at most."""
    slope = -math.expm1(-times) / times
    return 1.0 - slope + slope * math.log(slope)


def wired(
    programme: Programme,
    units: NDArray[np.intp],
    neuron: LaserNeuron,
    rule: TranslationRule,
    hazard: Hazard,
) -> Wiring:
    """Couplings among units of a programme in the form of the kernel; the others are clamped.

    The targets of a unit are consecutive units, from the first that has a weight to the last.
    """
    step, _ = _rows(rule)
    weights = programme.weights[np.ix_(units, units)]
    rows = rule.electrons_per_ns(weights) * (
        rule.pump_per_drive / rule.threshold_pump_electrons_per_ns / step
    )
    clamped = np.abs(programme.weights[units]).sum(axis=1) - np.abs(weights).sum(axis=1)
    steady = (np.abs(programme.biases[units] - _LOWEST_LOGIT) + clamped) / _ROW_LOGITS
    length = neuron.synapse.length_ns(neuron.refractory_time_ns)
    renews = neuron.synapse.overlap == "renew"
    pulses = 1 if renews else math.floor(length / hazard.first_age_ns) + 1
    largest = (steady + pulses * np.abs(rows).sum(axis=1)).max() + 1.0
    row = 2.0 ** math.ceil(math.log2(largest) - 30.0)
    n = len(rows)
    acts = rows != 0.0
    first = np.where(acts.any(axis=0), acts.argmax(axis=0), 0)
    last = np.where(acts.any(axis=0), n - acts[::-1].argmax(axis=0), 0)
    stride = n
    if n >= BLOCK:
        stride = -(-n // BLOCK) * BLOCK
        first = first // BLOCK * BLOCK
    n_blocks = -(-(last - first) // BLOCK)
    begin = np.append(0, np.cumsum(BLOCK * n_blocks))
    flat = _aligned(int(begin[-1]), np.int32)
    columns = np.rint(rows.T / row).astype(np.int32)
    for j in range(n):
        flat[begin[j] : begin[j] + last[j] - first[j]] = columns[j, first[j] : last[j]]
    section = neuron.device.driven_by(neuron.synapse)
    kick = neuron.synapse.kick * section.carrier_lifetime_ns
    slow, fast = hazard.slow_ns, hazard.fast_ns
    slow_jump = slow / (slow - fast) * (kick / slow - 1.0)
    fast_jump = -fast / (slow - fast) * (kick / fast - 1.0)
    margin = _MARGIN_LOGITS / _ROW_LOGITS
    return Wiring(
        weights=flat,
        row_start=begin[:-1].astype(np.int64),
        first=first.astype(np.int64),
        n_targets=(last - first).astype(np.int64),
        stride=stride,
        row=row,
        margin=margin,
        reserve=margin + 1.0 + _ROUNDING_ROWS + _ROUNDING * largest,
        length=length,
        delay=neuron.delay_ns,
        renews=renews,
        slow_jump=slow_jump,
        fast_jump=fast_jump,
        peak=_peak(slow_jump, fast_jump, slow, fast),
    )


def steady_drive(
    pump: NDArray[np.float64], wiring: Wiring, rule: TranslationRule
) -> NDArray[np.int32]:
    """Drives without pulses, given over the threshold pump [1], as multiples of `wiring.row`."""
    step, lowest = _rows(rule)
    return np.rint((pump - lowest) / step / wiring.row).astype(np.int32)


def _rows(law: Calibration | TranslationRule) -> tuple[float, float]:
    """Drive from row to row of the table, and that of the first row."""
    return _ROW_LOGITS / law.slope, law.midpoint + _LOWEST_LOGIT / law.slope


def _peak(slow_jump: float, fast_jump: float, slow: float, fast: float) -> float:
    """When 1 + slow_jump exp(-t / slow) + fast_jump exp(-t / fast), 0 at first, is highest."""
    if slow_jump <= 0.0:  # it comes to 1 from below
        return math.inf
    return math.log(-fast_jump * slow / (slow_jump * fast)) / (1.0 / fast - 1.0 / slow)


def empty_batch(
    steady: NDArray[np.int32],
    generator: NDArray[np.uint64],
    wiring: Wiring,
    hazard: Hazard,
    most_spikes: int,
) -> Batch:
    """Return chains of neurons that have not spiked for a long time.

    Parameters
    ----------
    steady : ndarray, shape (chain, unit)
        Drive without pulses, as a multiple of `wiring.row`.
    generator : ndarray of uint64, shape (chain, 4)
        Random numbers of each chain.
    hazard : Hazard
        Tells how close two spikes can be.
    most_spikes : int
        That a chain has in its past.
    """
    n_chains, n_units = steady.shape
    n_lanes = n_chains * wiring.stride
    n = -(-n_lanes // BLOCK) * BLOCK + BLOCK
    lanes = _aligned(n, np.int32)
    lanes[:n_lanes].reshape(n_chains, -1)[:, :n_units] = steady
    most_spikes += n_units * (int((wiring.length + wiring.delay) / hazard.first_age_ns) + 3)
    ring = 1 << most_spikes.bit_length()  # so that places follow from a mask
    empty_words = _aligned(n // 8, np.uint64)
    above_words = _aligned(n_units // 8 + BLOCK // 8, np.uint64)
    busy_words = _aligned(n_chains // 8 + 1, np.uint64)
    age = _aligned(n, np.float32)
    age[:] = np.inf
    budget = _aligned(n, np.int32)
    budget[:] = UNUSED_BUDGET
    chain_of = np.full(n, -1, dtype=np.int32)
    chain_of[:n_lanes].reshape(n_chains, -1)[:, :n_units] = np.arange(n_chains)[:, None]
    return Batch(
        steady=lanes,
        slow=_aligned(n, np.float32),
        fast=_aligned(n, np.float32),
        age=age,
        budget=budget,
        cell=_aligned(n, np.int32),
        lift=_aligned(n, np.float32),
        empty=empty_words.view(np.uint8),
        empty_words=empty_words,
        above=above_words.view(np.uint8),
        above_words=above_words,
        candidate=np.full(n, np.inf),
        waiting=np.zeros(n + wiring.stride, dtype=np.int32),
        chain_of=chain_of,
        busy=busy_words.view(np.uint8),
        busy_words=busy_words,
        last_spike=np.full(n, -np.inf),
        spike_before=np.full(n, -np.inf),
        last_entry=np.full(n, -1),
        ring_time=np.zeros((n_chains, ring)),
        ring_what=np.zeros((n_chains, ring), dtype=np.int32),
        place=np.zeros((n_chains, 3), dtype=np.int64),
        edge_due=np.full(n_chains, np.inf),
        generator=generator,
        clock=np.zeros(1, dtype=np.int64),
    )


def _aligned(n: int, dtype: type[np.generic]) -> NDArray[Any]:
    """Zeros aligned to a cache line, from which the widest vectors are read fastest."""
    size = np.dtype(dtype).itemsize
    room = np.zeros(n * size + _CACHE_LINE, dtype=np.uint8)
    begin = -room.ctypes.data % _CACHE_LINE
    return room[begin : begin + n * size].view(dtype)
