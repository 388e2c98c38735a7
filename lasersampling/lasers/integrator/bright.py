"""Short steps for the lasers that are bright while the others cross a window in the dark, compiled.

Bright lanes are gathered into neighbouring places, so that they fill vectors, and put back at the
end of the window.
"""

from __future__ import annotations

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.dark import SUBSTEPS, cross_window
from lasersampling.lasers.integrator.step import step as take_step
from lasersampling.lasers.integrator.tables import Lanes, Own
from lasersampling.lasers.integrator.wide_vectors import be_merged, use_wide_vectors

__all__ = [
    "LANES_AT_ONCE",
    "LANE_BLOCK",
    "cross",
    "lanes_between",
    "own_between",
    "take_steps",
]

VECTOR = 16
"""Float32 numbers of the widest vector."""

LANE_BLOCK = 2 * VECTOR
"""Lanes are padded to two vectors, so that no remainder loop runs."""

LANES_AT_ONCE = 2048
"""So many lanes cross a window before others do: their state stays in the cache of a core."""

ONE = np.float32(1.0)


@njit(nogil=True, cache=True, _nrt=False)
def take_steps(c, rotation, own, lanes, rises, n_lanes, first_step, n_steps):
    """Some steps of the first lanes; rises through the threshold are appended to `rises`.

    Rises get the number of the lane among these, and the step at the end of which it was seen.
    """
    be_merged()
    use_wide_vectors()
    n_stepped = -(-n_lanes // VECTOR) * VECTOR
    crossed, photons = lanes.crossed, lanes.photons
    lane, step, before, after = rises.lane, rises.step, rises.before, rises.after
    n = rises.n[0]
    for k in range(n_steps):
        if take_step(c, rotation, own, lanes, n_stepped) == 0:
            continue
        for i in range(n_lanes):
            if crossed[i] != -ONE:
                lane[n], step[n] = i, first_step + k + 1
                before[n], after[n] = crossed[i], photons[i]
                n += 1
    rises.n[0] = n


@njit(nogil=True, cache=True, _nrt=False)
def _find(left, n_active, found):
    """Write the numbers of the lanes that left the window to `found`; how many there are."""
    n = 0
    for i in range(n_active):
        # Without a branch, which would be mispredicted; what does not count is overwritten.
        found[n] = i
        n += int(left[i] < SUBSTEPS)
    return n


@njit(nogil=True, cache=True, _nrt=False)
def _append(left, found, n_found, substeps, lane, n_before):
    """Append to `lane` those of the found lanes that left after `substeps`; its new length."""
    n = n_before
    for k in range(n_found):
        if left[found[k]] == substeps:
            lane[n] = found[k]
            n += 1
    return n


@njit(nogil=True, cache=True, _nrt=False)
def _take(source, target, lane, first, last):
    """Copy one quantity of some lanes into neighbouring places."""
    for n in range(first, last):
        target[n] = source[lane[n]]


@njit(nogil=True, cache=True, _nrt=False)
def _give(source, target, lane, n_lanes):
    """Copy one quantity from neighbouring places back to the lanes."""
    for n in range(n_lanes):
        target[lane[n]] = source[n]


@njit(nogil=True, cache=True, _nrt=False)
def _gather(c, lanes, own, bright, first, last):
    """Copy bright lanes, by number, into full vectors."""
    be_merged()
    to, lane = bright.lanes, bright.lane
    _take(lanes.field_x, to.field_x, lane, first, last)
    _take(lanes.field_y, to.field_y, lane, first, last)
    _take(lanes.gain, to.gain, lane, first, last)
    _take(lanes.absorber, to.absorber, lane, first, last)
    _take(lanes.pump, to.pump, lane, first, last)
    _take(lanes.absorber_pump, to.absorber_pump, lane, first, last)
    _take(lanes.armed, to.armed, lane, first, last)
    _take(lanes.rng0, to.rng0, lane, first, last)
    _take(lanes.rng1, to.rng1, lane, first, last)
    _take(lanes.rng2, to.rng2, lane, first, last)
    _take(lanes.rng3, to.rng3, lane, first, last)
    x, y, photons = to.field_x, to.field_y, to.photons
    for n in range(first, last):
        photons[n] = x[n] * x[n] + y[n] * y[n] - c.vacuum
    if own is not None:
        _take(own.gain_slope, bright.own.gain_slope, lane, first, last)
        _take(own.gain_transparency, bright.own.gain_transparency, lane, first, last)


@njit(nogil=True, cache=True, _nrt=False)
def _put_back(lanes, bright, n_bright):
    """Copy bright lanes back to their places."""
    be_merged()
    of, lane = bright.lanes, bright.lane
    _give(of.field_x, lanes.field_x, lane, n_bright)
    _give(of.field_y, lanes.field_y, lane, n_bright)
    _give(of.gain, lanes.gain, lane, n_bright)
    _give(of.absorber, lanes.absorber, lane, n_bright)
    _give(of.armed, lanes.armed, lane, n_bright)
    _give(of.rng0, lanes.rng0, lane, n_bright)
    _give(of.rng1, lanes.rng1, lane, n_bright)
    _give(of.rng2, lanes.rng2, lane, n_bright)
    _give(of.rng3, lanes.rng3, lane, n_bright)


@njit(nogil=True, cache=True, _nrt=False)
def lanes_between(lanes, first, last):
    """The same lanes from `first` to `last`, without copies."""
    be_merged()
    return Lanes(
        lanes.field_x[first:last],
        lanes.field_y[first:last],
        lanes.gain[first:last],
        lanes.absorber[first:last],
        lanes.pump[first:last],
        lanes.absorber_pump[first:last],
        lanes.base[first:last],
        lanes.synaptic[first:last],
        lanes.photons[first:last],
        lanes.armed[first:last],
        lanes.crossed[first:last],
        lanes.left[first:last],
        lanes.rng0[first:last],
        lanes.rng1[first:last],
        lanes.rng2[first:last],
        lanes.rng3[first:last],
    )


@njit(nogil=True, cache=True, _nrt=False)
def own_between(own, first, last):
    """Gain sections of lanes from `first` to `last`, None if all lasers are equal."""
    be_merged()
    if own is None:
        return None
    return Own(own.gain_slope[first:last], own.gain_transparency[first:last])


@njit(nogil=True, cache=True, _nrt=False)
def cross(c, own, lanes, bright, bright_own, rises, n_active, step):
    """Move lanes through a window: substeps while they are dark, then steps.

    Lasers whose field turns take no part in this.
    """
    be_merged()
    use_wide_vectors()
    half = lanes.pump.size // 2
    others = lanes_between(lanes, half, 2 * half)
    other_own = own_between(own, half, 2 * half)
    first_own = own_between(own, 0, half)
    cross_window(c, first_own, lanes_between(lanes, 0, half), other_own, others)
    n_found = _find(lanes.left, n_active, bright.found)
    n_bright, n_steps = 0, np.int64(c.substep_steps)
    for substep in range(SUBSTEPS):
        n_before = n_bright
        n_bright = _append(lanes.left, bright.found, n_found, substep, bright.lane, n_before)
        _gather(c, lanes, own, bright, n_before, n_bright)
        if n_bright > 0:
            # What lies beyond the lanes in the last vector is overwritten by the next ones.
            first = step + substep * n_steps
            take_steps(c, None, bright_own, bright.lanes, rises, n_bright, first, n_steps)
    _put_back(lanes, bright, n_bright)
    lane = bright.lane
    for n in range(rises.n[0]):
        rises.lane[n] = lane[rises.lane[n]]
