"""Data of compiled renewal neurons, and the vectorised loops over them.

`renewal.kernel` explains the method. Whenever an array is passed on, in a tuple too, numba counts
references to it, which takes longer than the work done here. So functions that create no arrays are
compiled without reference counting. All of them are inlined into one function.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.wide_vectors import arrays_are_apart, use_wide_vectors

__all__ = [
    "BLOCK", "OPTIONS", "ROWS", "UNUSED_BUDGET", "Batch", "Edge", "Model", "Reading", "Record",
    "Wiring", "add", "exp", "relax",
]  # fmt: skip

BLOCK = 16
"""Lanes, and targets of a unit, are padded to multiples of this: loops have no remainder."""

ROWS = 256
"""Number of rows of drive at one age in the table of dominating hazards."""

UNUSED_BUDGET = np.int32(2**31 - 1)
"""Budget of lanes without a unit, which is given to them anew should they ever use it up."""

_FEW = np.uint64(7)
"""So few targets are worked on one by one, since the blocks of neighbouring chains overlap."""

_ZERO = np.float32(0.0)

_TINY = np.float32(1e-30)
"""Negligible compared with a row; added to relaxing values to flush denormals, which are slow."""

OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
_inlined_freely = njit(**OPTIONS, fastmath={"nnan", "nsz", "contract"}, forceinline=True)


class Model(NamedTuple):
    """Hazard of a neuron on a grid of drives (rows) and ages, with the bounds for thinning.

    `bound` has `ROWS` entries for each cell of age, after as many zeros for units that have just
    spiked: the largest loss of a budget in a window that begins at this age, for no higher drive.
    """

    hazard: NDArray[np.float32]
    bound: NDArray[np.int32]
    per_age_step: float
    per_slow: float
    per_fast: float
    window: float
    per_window: float
    slow_factor: float  # of relaxation in a window
    fast_factor: float
    slow_sag: float  # how far -exp(-t) is above its chord over a window, at most
    fast_sag: float
    budget: float  # of a hazard that adds up to 1


class Wiring(NamedTuple):
    """Couplings: `weights[row_start[j] + k]` is the weight from j to unit first[j] + k.

    The lanes of a chain begin `stride` after those of the chain before. In large networks these,
    and the first targets, are whole blocks apart: no block crosses from one line of memory into
    the next.

    Weights are integers; times `row`, they are numbers of rows of the table. They are stored in
    whole blocks of lanes. Entries of a block beyond the last unit of its chain are zero, so that
    adding the block leaves the lanes there, which belong to the next chain, as they are.
    """

    weights: NDArray[np.int32]
    row_start: NDArray[np.int64]
    first: NDArray[np.int64]
    n_targets: NDArray[np.int64]
    stride: int
    row: float
    margin: float  # rows by which a drive may be lifted in a window
    reserve: float  # the same, with what rounding needs
    length: float
    delay: float
    renews: bool
    slow_jump: float
    fast_jump: float
    peak: float  # when the response to an edge is highest


class Batch(NamedTuple):
    """State of chains with equal wiring: lanes are units of the first chain, the second, ...

    The ring of each chain holds its latest spikes: all those whose pulses have not ended yet, and
    some older ones, which are overwritten first.
    """

    steady: NDArray[np.int32]
    slow: NDArray[np.float32]
    fast: NDArray[np.float32]
    age: NDArray[np.float32]
    budget: NDArray[np.int32]
    cell: NDArray[np.int32]
    lift: NDArray[np.float32]
    empty: NDArray[np.uint8]  # is the budget used up?
    empty_words: NDArray[np.uint64]  # the same memory
    above: NDArray[np.uint8]  # scratch: is the drive of a target lifted beyond the margin?
    above_words: NDArray[np.uint64]  # the same memory
    candidate: NDArray[np.float64]
    waiting: NDArray[np.int32]  # scratch: lanes with candidates in this window
    chain_of: NDArray[np.int32]  # (lane,); -1 for lanes without a unit
    busy: NDArray[np.uint8]  # scratch: does anything happen in a chain in this window?
    busy_words: NDArray[np.uint64]  # the same memory
    last_spike: NDArray[np.float64]
    spike_before: NDArray[np.float64]
    last_entry: NDArray[np.int64]
    ring_time: NDArray[np.float64]
    ring_what: NDArray[np.int32]  # 4 unit, plus 2 if the pulse's begin acts, plus 1 if its end does
    place: NDArray[np.int64]  # (chain, 3): spikes so far, next to start, next to end
    edge_due: NDArray[np.float64]  # (chain,)
    generator: NDArray[np.uint64]  # (chain, 4)
    clock: NDArray[np.int64]  # windows so far


class Edge(NamedTuple):
    """A pulse that begins (`mask` 0) or ends (-1): what each row of weight adds to a target."""

    mask: np.int32
    slow: np.float32
    fast: np.float32
    lift: np.float32


class Reading(NamedTuple):
    """Times of the draws, ascending, and the array for the states, (chain, draw, unit)."""

    times: NDArray[np.float64]
    states: NDArray[np.int8]
    refractory_time: float


class Record(NamedTuple):
    """Record of the spikes since some time, ordered in time within each chain.

    It must have room for at least one spike of each unit.
    """

    since: float
    times: NDArray[np.float64]
    units: NDArray[np.int32]
    chains: NDArray[np.int32]


@_inlined_freely
def exp(x):
    """exp(x), by its series, to the 3e-8 that windows need."""
    if abs(x) > 1.0:
        return math.exp(x)
    y = x * x
    even = 1.0 + y * (1 / 2 + y * (1 / 24 + y * (1 / 720 + y * (1 / 40320 + y * (1 / 3628800)))))
    odd = 1.0 + y * (1 / 6 + y * (1 / 120 + y * (1 / 5040 + y * (1 / 362880))))
    return even + x * odd


@_inlined_freely
def relax(model, wiring, batch):
    """Take all lanes through a window, as if no event happened in it."""
    use_wide_vectors()
    arrays_are_apart()
    steady, slow, fast, age = batch.steady, batch.slow, batch.fast, batch.age
    budget, cell, lift, empty, bound = (
        batch.budget, batch.cell, batch.lift, batch.empty, model.bound,
    )  # fmt: skip
    slow_factor, fast_factor = np.float32(model.slow_factor), np.float32(model.fast_factor)
    slow_sag, fast_sag = np.float32(model.slow_sag), np.float32(model.fast_sag)
    row, reserve, step = (
        np.float32(wiring.row),
        np.float32(wiring.reserve),
        np.float32(model.window),
    )
    top, n_cells = np.float32(model.hazard.shape[0] - 1), np.float32(bound.size // ROWS - 2)
    per_age = np.float32(model.per_age_step)
    for block in range(np.uint64(steady.size // BLOCK)):
        for j in range(np.uint64(BLOCK)):
            i = np.uint64(BLOCK) * block + j
            s, a, b = np.float32(steady[i]) * row, slow[i], fast[i]
            x = s + a + b
            slow[i] = a_then = a * slow_factor + _TINY
            fast[i] = b_then = b * fast_factor + _TINY
            # Between the ends a relaxing part is below its chord, or above it by at most its sag.
            highest = max(x, s + a_then + b_then)
            highest += max(-a, _ZERO) * slow_sag + max(-b, _ZERO) * fast_sag + reserve
            drive = np.int32(min(max(highest, _ZERO), top))
            ages = np.int32(min(age[i] * per_age, n_cells)) + np.int32(1)
            age[i] += step
            at = np.int32(ages * np.int32(ROWS) + drive)
            left = np.int32(budget[i] - bound[np.uint32(at)])
            cell[i] = at
            budget[i] = left
            lift[i] = _ZERO
            empty[i] = np.uint8(left < np.int32(0))


@_inlined_freely
def _add_one(batch, edge, margin, i, w):
    """Add an edge to one lane, for a weight; return whether it raises the lane too far."""
    mask, to_slow, to_fast, to_lift = edge
    batch.steady[i] += np.int32(np.int32(w ^ mask) - mask)
    rows = np.float32(w)
    batch.slow[i] += to_slow * rows
    batch.fast[i] += to_fast * rows
    batch.lift[i] = lifted = batch.lift[i] + max(to_lift * rows, _ZERO)
    return lifted > margin


@_inlined_freely
def add(batch, wiring, source, lane, edge):
    """Add an edge of a pulse to the targets of a unit; mark those that it raises too far.

    Returns whether there are any.

    Parameters
    ----------
    source : int
        The unit within its chain.
    lane : int
        Lane of its first target.
    edge : Edge
        Amounts added for each row of weight.
    """
    use_wide_vectors()
    arrays_are_apart()
    above, weights, begin = batch.above, wiring.weights, wiring.row_start[source]
    margin = np.float32(wiring.margin)
    n_targets, any_above = np.uint64(wiring.n_targets[source]), False
    # Unsigned, since numba would look at the sign of each index.
    if n_targets <= _FEW:
        for one in range(n_targets):
            i, w = np.uint64(lane) + one, weights[np.uint64(begin) + one]
            is_above = _add_one(batch, edge, margin, i, w)
            above[one] = np.uint8(is_above)
            any_above |= is_above
        return any_above
    for block in range((n_targets + np.uint64(BLOCK - 1)) // np.uint64(BLOCK)):
        for j in range(np.uint64(BLOCK)):
            k = np.uint64(BLOCK) * block + j
            i, w = np.uint64(lane) + k, weights[np.uint64(begin) + k]
            is_above = _add_one(batch, edge, margin, i, w)
            above[k] = np.uint8(is_above)
            any_above |= is_above
    return any_above
