"""The compiled simulation of a bundle of lasers.

`advance` moves a *bundle* of lasers through time. A bundle holds whole chains (copies of the
network) laid out lane by lane, ``lane = chain_in_bundle * n_lasers + laser``. Several threads can
share a bundle, each with a *part* of its lanes.

Windows
-------
Lasers are synchronous at the boundaries of windows of some 32 ps. Within a window, a dark laser
takes four long substeps (`dark`); one that brightens is gathered with others like it into full
vectors that take short steps (`bright`, `step`). What spikes do to other lasers is known at the end
of the window in which they happen; `pulses` says when it acts. In windows of one step, all lasers
take every step, and pulses act when they are due.

Spikes
------
A laser spikes when its photon number rises through the detection threshold while it is armed; it is
armed again when S has fallen below the re-arming level. S is observed at the ends of steps only, so
thresholds are shifted by the average effect of the random path in between (`monitoring`), and the
spike rate does not depend on the step. Spike times are interpolated log-linearly within the step.

References
----------
.. [1] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
   OOPSLA (2014).
"""

from __future__ import annotations

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.bright import (
    LANE_BLOCK,
    LANES_AT_ONCE,
    cross,
    lanes_between,
    own_between,
    take_steps,
)
from lasersampling.lasers.integrator.pulses import deliver, drive_again, mean_kernel, send
from lasersampling.lasers.integrator.threads import wait_for_all
from lasersampling.lasers.integrator.wide_vectors import use_wide_vectors

__all__ = ["EVENTS_FULL", "FINISHED", "SPIKES_FULL", "TOO_MANY_SPIKES", "advance"]

FINISHED, SPIKES_FULL, EVENTS_FULL, TOO_MANY_SPIKES = 0, 1, 2, 3


@njit(nogil=True, cache=True, _nrt=False)
def _uniform(faults, lane):
    """A number in (0, 1) from a lane's stream: splitmix64 [1]_."""
    faults.rng[lane] += np.uint64(0x9E3779B97F4A7C15)
    z = faults.rng[lane]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) * 2.0**-53


@njit(nogil=True, cache=True, _nrt=False)
def _lateness(faults, lane):
    """By how many ticks a spike of this lane is observed late; infinite if it is lost.

    Jitter is a normal variate of Box and Muller, cut off.
    """
    if faults is None:
        return 0.0
    if _uniform(faults, lane) < faults.lost:
        return np.inf
    radius = np.sqrt(-2.0 * np.log(_uniform(faults, lane)))
    late = faults.jitter_ticks * radius * np.cos(2.0 * np.pi * _uniform(faults, lane))
    return min(max(late, -np.float64(faults.longest_jitter)), np.float64(faults.longest_jitter))


@njit(nogil=True, cache=True, _nrt=False)
def _note_spikes(c, faults, output, rises, part, first_lane, first):
    """Keep the spikes that lanes of a part from `first` on had in a window, by lane.

    The order does not depend then on how lanes were gathered. Spikes of one lane keep theirs. A
    spike may be lost.
    """
    time, onset, lane = output.time[part], output.onset[part], output.lane[part]
    start = n = output.n_spikes[part]
    for r in range(rises.n[0]):
        of_part = first + rises.lane[r]
        late = _lateness(faults, of_part)
        if late == np.inf:
            continue
        before, after = rises.before[r], rises.after[r]
        missed = 0.0  # fraction of the step after the crossing
        if before > 0:
            missed = np.log(after / c.threshold) / np.log(after / before)
        seen, who = rises.step[r] - missed + late, first_lane + of_part
        # The step from which delays count.
        begins = rises.step[r] if faults is None else np.int64(np.ceil(seen))
        k = n
        while k > start and lane[k - 1] > who:
            time[k], onset[k], lane[k] = time[k - 1], onset[k - 1], lane[k - 1]
            k -= 1
        time[k], onset[k], lane[k] = seen, begins, who
        n += 1
    rises.n[0] = 0
    output.n_spikes[part] = n


@njit(nogil=True, cache=True, _nrt=False)
def _record(lanes, output, step):
    """Keep the state at the beginning of `step` where a trace asks for it."""
    since = step - output.trace_start
    if output.trace_lane.size == 0 or since < 0 or since % output.trace_every != 0:
        return
    sample = since // output.trace_every
    if sample < output.trace.shape[0]:
        for k in range(output.trace_lane.size):
            lane = output.trace_lane[k]
            output.trace[sample, k, 0] = lanes.photons[lane]
            output.trace[sample, k, 1] = lanes.gain[lane]
            output.trace[sample, k, 2] = lanes.absorber[lane]


@njit(nogil=True, cache=True, _nrt=False)
def _exchange(team, part, n_windows, n_spikes, is_full):
    """Make known to the other parts how many spikes there are, and wait until they do the same."""
    turn, n_parts = n_windows % 2, team.n_spikes.shape[1]
    team.n_spikes[turn, part], team.is_full[turn, part] = n_spikes, is_full
    if n_parts > 1:
        wait_for_all(team.arrived, n_parts * (n_windows + 1))
    return turn


@njit(nogil=True, cache=True, _nrt=False)
def advance(model, part, team, first_step, last_step):
    """Integrate a part of a bundle from `first_step` to `last_step`.

    Parts of a team wait for each other after each window.

    Returns
    -------
    step : int
        The step reached; smaller than `last_step` when a buffer is full.
    status : int
        `FINISHED`, `SPIKES_FULL`, `EVENTS_FULL`, or `TOO_MANY_SPIKES`: lasers have spiked several
        times within a window, as no laser does.
    """
    use_wide_vectors()
    c, rotation, n_lasers = model
    lanes, events, output, p = part.lanes, part.events, part.output, part.number
    own, coupling, depression, faults = part.own, part.coupling, part.depression, part.faults
    bright, bright_own, rises = part.bright, part.bright.own, part.rises
    n_active, n_lanes, where = part.n_active, events.last_spike.size, (n_lasers, part.first_lane)
    is_coupled, decays = coupling.run_start.size > 1, coupling.pulse_steps == 0
    is_traced, size = output.trace_lane.size > 0, output.time.shape[1]
    longest = np.int64(c.window_steps)
    step, n_windows = first_step, 0
    output.seen[p, :] = 0
    while step < last_step:
        if events.n_free[0] < 2 * n_lanes:
            return step, EVENTS_FULL
        window = longest if last_step - step >= longest else 1
        if is_traced:
            _record(lanes, output, step)
        hold = mean_kernel(c, coupling, window)
        if is_coupled:
            if decays:
                drive_again(c, coupling, lanes, 0, hold)
            around = max(step - longest, 0), step, step + window // 2
            deliver(c, coupling, events, lanes, where, around, hold)
        if window > 1:
            for first in range(0, n_active, LANES_AT_ONCE):
                n = min(n_active - first, LANES_AT_ONCE)
                last = first + -(-n // LANE_BLOCK) * LANE_BLOCK
                some, some_own = lanes_between(lanes, first, last), own_between(own, first, last)
                cross(c, some_own, some, bright, bright_own, rises, n, step)
                if rises.n[0] > 0:
                    _note_spikes(c, faults, output, rises, p, part.first_lane, first)
        else:
            take_steps(c, rotation, own, lanes, rises, n_active, step, 1)
            if rises.n[0] > 0:
                _note_spikes(c, faults, output, rises, p, part.first_lane, 0)
        if is_coupled and decays:
            drive_again(c, coupling, lanes, window, hold)
        n = output.n_spikes[p]
        turn = _exchange(team, p, n_windows, n, n + n_active * longest > size)
        n_new = team.n_spikes[turn].sum() - output.seen[p].sum()
        if n_new > 0:
            if events.n_free[0] < 2 * n_new:
                return step, TOO_MANY_SPIKES
            send(coupling, events, depression, output, p, n_lasers, team.n_spikes[turn], step + 1)
        step += window
        n_windows += 1
        if team.is_full[turn].any():
            return step, SPIKES_FULL
    if is_traced:
        _record(lanes, output, step)
    return step, FINISHED
