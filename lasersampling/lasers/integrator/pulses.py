"""What spikes do to other lasers, compiled: pulses on their way, and the drive that they leave.

A spike reaches the other lasers through events in a *timing wheel*, so coupling costs time per
spike and not per step. An event acts at the boundary between two windows (`kernel`) that is nearest
to the moment at which it is due, or at the next one if that is over. The electrons that it would
have delivered in between come, or are held back, at once: no charge is lost.
"""

from __future__ import annotations

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.wide_vectors import arrays_are_apart, use_wide_vectors

__all__ = [
    "END",
    "START",
    "deliver",
    "drive_again",
    "emit",
    "mean_kernel",
    "schedule",
    "send",
    "transmitted",
]

START, END = 0, 1

ZERO = np.float32(0.0)
ONE = np.float32(1.0)


@njit(nogil=True, cache=True, _nrt=False)
def schedule(events, step, lane, phase, group, origin, amount):
    """Put one event into the wheel, which changes the drive by `amount` weights; its pool entry."""
    events.n_free[0] -= 1
    entry = events.free[events.n_free[0]]
    event = events.pool[entry]
    event.lane, event.phase, event.group = lane, phase, group
    event.origin, event.amount, event.is_cancelled = origin, amount, 0
    slot = step % events.slot_head.size
    event.next = events.slot_head[slot]
    events.slot_head[slot] = entry
    return entry


@njit(nogil=True, cache=True, _nrt=False)
def _lateness(c, coupling, late, hold):
    """How much of a kernel is left `late` steps after it was due, and the time that it has acted.

    The second is the charge delivered until now over the drive from now on [ns]; it is negative for
    an event that is still to come and acts too early.
    """
    if late == 0 or coupling.pulse_steps > 0:
        return ONE, c.step * np.float32(late)
    left = c.synaptic_decay ** np.float32(late)
    return left, c.step * (ONE - left) / ((ONE - c.synaptic_decay) * left * hold)


@njit(nogil=True, cache=True, inline="always")
def _positive(value):
    return ZERO if value < ZERO else value


@njit(nogil=True, cache=True, _nrt=False)
def deliver(c, coupling, events, lanes, where, around, hold):
    """Carry out at one step all events that are due in steps around it.

    `around` has the first of these steps, the step itself, and the last of them. `where` has the
    number of lasers of a chain and the first lane of the part. `hold` is the `mean_kernel` of the
    steps to come. What an event would have delivered since it was due comes at once; what one that
    is still to come delivers too early is taken away.
    """
    use_wide_vectors()
    arrays_are_apart()
    n_lasers, first_lane = where
    first, now, last = around
    link_weight = coupling.link_weight
    driven = lanes.absorber_pump if coupling.drives_absorber else lanes.pump
    electrons = lanes.absorber if coupling.drives_absorber else lanes.gain
    unpumped, synaptic, kick = lanes.base, lanes.synaptic, coupling.kick
    for due in range(first, last + 1):
        slot = due % events.slot_head.size
        entry = events.slot_head[slot]
        if entry < 0:
            continue
        left, missed = _lateness(c, coupling, now - due, hold)
        events.slot_head[slot] = -1
        while entry >= 0:
            event = events.pool[entry]
            following, lane, phase, group = event.next, event.lane, event.phase, event.group
            laser = lane % n_lasers
            base = lane - laser - first_lane
            if phase == END and events.last_end[lane] == entry:
                events.last_end[lane] = -1
            amount, origin = event.amount, event.origin
            if not event.is_cancelled:
                for run in range(coupling.run_start[group], coupling.run_start[group + 1]):
                    link, target = coupling.run_link[run], base + coupling.run_post[run]
                    n = coupling.run_link[run + 1] - link
                    weight, alone = link_weight[link : link + n], unpumped[target : target + n]
                    sums, driving = synaptic[target : target + n], driven[target : target + n]
                    carriers = electrons[target : target + n]
                    for k in range(n):
                        w, before = amount * weight[k], alone[k] + hold * sums[k]
                        sums[k] += left * w
                        # Summed anew, so that errors do not accumulate over millions of spikes.
                        after = alone[k] + hold * sums[k]
                        driving[k] = _positive(after)
                        change = _positive(after) - _positive(before)
                        carriers[k] += kick * w + missed * change
                if group + 1 < coupling.group_start[laser + 1]:
                    # Jitter can have moved the origin so far back that the target is late already.
                    after = max(origin + coupling.group_delay[group + 1], due + 1)
                    schedule(events, after, lane, phase, group + 1, origin, amount)
            events.free[events.n_free[0]] = entry
            events.n_free[0] += 1
            entry = following


@njit(nogil=True, cache=True, _nrt=False)
def transmitted(depression, lane, onset):
    """Amplitude of a spike of this lane, whose synapses then have that much less; see `depression`.

    Spikes that jitter has put before the last one find what that has left.
    """
    since = max(onset - depression.since[lane], 0)
    missing = (1.0 - depression.resource[lane]) * np.exp(-since / depression.recovery_ticks)
    amplitude = 1.0 - missing
    depression.resource[lane] = amplitude * (1.0 - depression.utilisation)
    depression.since[lane] = max(onset, depression.since[lane])
    depression.amplitude[lane] = amplitude
    return np.float32(amplitude)


@njit(nogil=True, cache=True, _nrt=False)
def emit(coupling, events, depression, n_lasers, lane, earliest, onset):
    """Schedule what a spike of this lane of the bundle does.

    Delays count from `onset`; nothing is due before the step `earliest`. A pulse that is renewed
    goes on with the amplitude of the new spike.
    """
    laser = lane % n_lasers
    group = coupling.group_start[laser]
    if group == coupling.group_start[laser + 1]:
        return
    pulse = coupling.pulse_steps
    running = events.last_end[lane]
    renewed = coupling.retrigger and running >= 0 and onset - events.last_spike[lane] < pulse
    if renewed and onset < events.last_spike[lane]:  # seen before the spike that came before it
        return
    begin = onset
    if coupling.retrigger and running < 0 and 0 <= onset - events.last_spike[lane] < pulse:
        # The pulse before has ended already, at a boundary shortly before its time.
        begin = events.last_spike[lane] + pulse
    before, amplitude = ZERO, ONE
    if depression is not None:
        if renewed:
            before = np.float32(depression.amplitude[lane])
        amplitude = transmitted(depression, lane, onset)
    if renewed:
        events.pool[running].is_cancelled = 1
    if not renewed or depression is not None:
        due = max(begin + coupling.group_delay[group], earliest)
        schedule(events, due, lane, START, group, begin, amplitude - before)
    events.last_spike[lane] = onset
    if pulse > 0:
        end = onset + pulse
        due = max(end + coupling.group_delay[group], earliest)
        events.last_end[lane] = schedule(events, due, lane, END, group, end, -amplitude)


@njit(nogil=True, cache=True, _nrt=False)
def _note_amplitude(output, depression, part, n, lane):
    """Keep the strength of a spike, with short-term depression."""
    if depression is not None:
        output.amplitude[part, n] = depression.amplitude[lane]


@njit(nogil=True, cache=True, _nrt=False)
def send(coupling, events, depression, output, part, n_lasers, upto, earliest):
    """Schedule what the new spikes of all parts do, for the targets of one part.

    `upto` has the number of spikes of each part; those that `output.seen` counts were sent before.
    """
    seen = output.seen[part]
    for q in range(upto.size):
        for n in range(seen[q], upto[q]):
            lane = output.lane[q, n]
            emit(coupling, events, depression, n_lasers, lane, earliest, output.onset[q, n])
            if q == part:
                _note_amplitude(output, depression, part, n, lane)
        seen[q] = upto[q]


@njit(nogil=True, cache=True, _nrt=False)
def mean_kernel(c, coupling, n_steps):
    """Mean of the exponential kernel over the next steps; 1 for the others."""
    if coupling.pulse_steps != 0 or n_steps == 1:
        return ONE
    decay = c.synaptic_decay ** np.float32(n_steps)
    return (ONE - decay) / (np.float32(n_steps) * (ONE - c.synaptic_decay))


@njit(nogil=True, cache=True, _nrt=False)
def drive_again(c, coupling, lanes, n_steps, hold):
    """Let the exponential kernel decay for some steps, and set the drive of those to come."""
    driven = lanes.absorber_pump if coupling.drives_absorber else lanes.pump
    unpumped, synaptic = lanes.base, lanes.synaptic
    decay = c.synaptic_decay ** np.float32(n_steps)
    for i in range(driven.size):
        synaptic[i] *= decay
        driven[i] = _positive(unpumped[i] + hold * synaptic[i])
