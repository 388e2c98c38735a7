"""What the compiled renewal neurons work with: tables of the hazard, couplings, empty chains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.sampling.calibration import Calibration, Neuron
from lasersampling.sampling.hazard import Hazard
from lasersampling.sampling.renewal_kernel import Chain, Model, Wiring
from lasersampling.sampling.translation import TranslationRule

_LOWEST_LOGIT, _HIGHEST_LOGIT = -16.0, 14.0
_ROW_LOGITS, _ROWS_PER_LEVEL = 0.125, 2
_AGE_CELLS = 110
_RECOVERIES = 6.0
_GUIDES = 128
_LEAST_HAZARD_PER_NS = 1e-18

_MARGIN_PER_SPREAD = 0.5
_LARGEST_MARGIN_LOGITS = 0.75

_LEAST_BLOCK_BITS = 3


def tabulated(hazard: Hazard, calibration: Calibration) -> Model:
    """Tabulate a hazard over drive and age, with its bounds.

    Parameters
    ----------
    hazard : Hazard
        As measured.
    calibration : Calibration
        Whose logits are the unit of the table's rows.
    """
    n_rows = round((_HIGHEST_LOGIT - _LOWEST_LOGIT) / _ROW_LOGITS) + 1
    step = _ROW_LOGITS / calibration.slope
    lowest = calibration.midpoint + _LOWEST_LOGIT / calibration.slope
    last = max(hazard.first_age_ns + 5.0 * hazard.recovery_ns, _RECOVERIES * hazard.recovery_ns)
    age_step = last / _AGE_CELLS
    age = age_step * np.arange(_AGE_CELLS + 1)
    table = np.exp(hazard.log_hazard(lowest + step * np.arange(n_rows), age))
    table = table.astype(np.float32)
    # Bilinear interpolation stays between its corners: those up to a level bound all drives below.
    highest = np.maximum.accumulate(table.astype(np.float64), axis=0)[::_ROWS_PER_LEVEL]
    bound = np.maximum(highest[:, :-1], highest[:, 1:])
    bound = np.concatenate([bound, highest[:, -1:]], axis=1)
    bound[:, -1] = np.maximum(bound[:, -1], _LEAST_HAZARD_PER_NS)
    cumulated = np.zeros_like(bound)
    cumulated[:, 1:] = np.cumsum(bound[:, :-1] * age_step, axis=1)
    guide = np.empty((len(bound), _GUIDES), dtype=np.int32)
    for level, total in enumerate(cumulated):
        marks = total[-1] * np.arange(_GUIDES) / _GUIDES
        guide[level] = np.searchsorted(total, marks, side="right") - 1
    return Model(
        table, bound, cumulated, np.minimum(guide, _AGE_CELLS - 1), lowest, step,
        _ROWS_PER_LEVEL, age_step, hazard.slow_ns, hazard.fast_ns,
    )  # fmt: skip


def wired(
    weights: NDArray[np.float64], neuron: Neuron, rule: TranslationRule, hazard: Hazard
) -> Wiring:
    """Couplings of units by weights, (post, pre), in the form of the kernel.

    Targets of a unit are a stretch of units, from the first that has a weight to the last.
    """
    drive = rule.electrons_per_ns(weights) * (
        rule.pump_per_drive / rule.threshold_pump_electrons_per_ns
    )
    n = len(drive)
    acts = drive != 0.0
    first = np.where(acts.any(axis=0), acts.argmax(axis=0), 0)
    last = np.where(acts.any(axis=0), n - acts[::-1].argmax(axis=0), 0)
    lengths = last - first
    flat = [drive[first[j] : last[j], j] for j in range(n)]
    spread = np.sqrt((drive**2).sum(axis=1))
    margin = np.minimum(_MARGIN_PER_SPREAD * spread, _LARGEST_MARGIN_LOGITS / rule.slope)
    section = neuron.device.driven_by(neuron.synapse)
    kick = neuron.synapse.kick * section.carrier_lifetime_ns
    slow, fast = hazard.slow_ns, hazard.fast_ns
    return Wiring(
        weights=np.ascontiguousarray(np.concatenate(flat)),
        row_start=(np.append(0, np.cumsum(lengths)[:-1]) - first).astype(np.int64),
        first=first.astype(np.int64),
        last=last.astype(np.int64),
        margin=margin,
        length=neuron.synapse.length_ns(neuron.refractory_time_ns),
        delay=neuron.delay_ns,
        renews=neuron.synapse.overlap == "renew",
        slow_jump=slow / (slow - fast) * (kick / slow - 1.0),
        fast_jump=-fast / (slow - fast) * (kick / fast - 1.0),
        block_bits=_block_bits(n),
    )


def empty_chain(
    pump: NDArray[np.float64],
    generator: NDArray[np.uint64],
    now: float,
    hazard: Hazard,
    memory_ns: float,
    given_time: NDArray[np.float64],
    given_unit: NDArray[np.int32],
) -> Chain:
    """Give a chain of neurons that have not spiked for long.

    Parameters
    ----------
    pump : ndarray, shape (unit,)
        Drive without pulses, over the threshold pump [1].
    generator : ndarray of uint64, shape (4,)
        Its random numbers.
    now : float
        Time at which it begins [ns].
    hazard : Hazard
        Tells how close two spikes can be.
    memory_ns : float
        How long a spike can matter.
    given_time, given_unit : ndarray, shape (spike,)
        Spikes before `now`, ascending [ns].
    """
    n = len(pump)
    most_spikes = n * (int(memory_ns / hazard.first_age_ns) + 2)
    ring = 1 << most_spikes.bit_length()  # so that places follow from a mask
    return Chain(
        steady=np.array(pump, dtype=np.float64),
        slow=np.zeros(n),
        fast=np.zeros(n),
        last_spike=np.full(n, -np.inf),
        last_entry=np.full(n, -1),
        level=np.zeros(n, dtype=np.int64),
        level_drive=np.full(n, np.inf),
        candidate=np.full(n, np.inf),
        block_first=np.full(((n - 1) >> _block_bits(n)) + 1, np.inf),
        waiting=np.zeros(n + 1, dtype=np.int64),
        ring_time=np.zeros(ring),
        ring_unit=np.zeros(ring, dtype=np.int32),
        ring_starts=np.zeros(ring, dtype=bool),
        ring_ends=np.zeros(ring, dtype=bool),
        place=np.zeros(4, dtype=np.int64),
        given_time=given_time,
        given_unit=given_unit,
        clock=np.array([now - memory_ns, now]),
        generator=generator,
    )


def _block_bits(n_units: int) -> int:
    """Blocks of about as many units as there are blocks."""
    return max(_LEAST_BLOCK_BITS, n_units.bit_length() // 2)
