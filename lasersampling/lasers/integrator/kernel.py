"""The compiled simulation of a bundle of lasers.

`advance` moves one *bundle* of lasers through many time steps. A bundle holds whole chains
(copies of the network) laid out lane by lane, ``lane = chain_in_bundle * n_lasers + laser``.
`advance_freely` does the same for uncoupled lasers: each takes its own steps, long in the dark and
short in a pulse.

Spikes
------
A laser spikes when its photon number rises through the detection threshold while it is armed; it is
armed again when S has fallen below the re-arming level. S is observed at the ends of steps only, so
thresholds are shifted by the average effect of the random path in between (`monitoring`), and the
spike rate does not depend on the step. Spike times are interpolated log-linearly within the step. A
spike reaches the other lasers through events in a *timing wheel*, so coupling costs time per spike
and not per step.

References
----------
.. [1] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
   OOPSLA (2014).
"""

from __future__ import annotations

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lasers.integrator.step import step as take_step
from lasersampling.lasers.integrator.wide_vectors import use_wide_vectors

__all__ = [
    "END",
    "EVENTS_FULL",
    "FINISHED",
    "SPIKES_FULL",
    "START",
    "advance",
    "advance_freely",
    "schedule",
    "transmitted",
]

FINISHED, SPIKES_FULL, EVENTS_FULL = 0, 1, 2

START, END = 0, 1

ZERO = np.float32(0.0)
ONE = np.float32(1.0)

_SWEEPS_BETWEEN_LOOKS = 16


@njit(nogil=True, cache=True)
def schedule(events, step, lane, phase, group, origin, amount):
    """Put one event into the wheel, which changes the drive by `amount` weights; its pool entry."""
    events.n_free[0] -= 1
    entry = events.free[events.n_free[0]]
    events.lane[entry] = lane
    events.phase[entry] = phase
    events.group[entry] = group
    events.origin[entry] = origin
    events.amount[entry] = amount
    events.cancelled[entry] = 0
    slot = step % events.slot_head.size
    events.next[entry] = events.slot_head[slot]
    events.slot_head[slot] = entry
    return entry


@njit(nogil=True, cache=True)
def _deliver(coupling, events, lanes, n_lasers, step):
    """Carry out all events due at this step."""
    driven = lanes.absorber_pump if coupling.drives_absorber else lanes.pump
    electrons = lanes.absorber if coupling.drives_absorber else lanes.gain
    slot = step % events.slot_head.size
    entry = events.slot_head[slot]
    events.slot_head[slot] = -1
    while entry >= 0:
        following = events.next[entry]
        lane, phase, group = events.lane[entry], events.phase[entry], events.group[entry]
        laser = lane % n_lasers
        base = lane - laser
        cancelled = events.cancelled[entry]
        if phase == END and events.last_end[lane] == entry:
            events.last_end[lane] = -1
        if not cancelled:
            amount = events.amount[entry]
            for k in range(coupling.link_start[group], coupling.link_start[group + 1]):
                target = base + coupling.link_post[k]
                w = amount * coupling.link_weight[k]
                lanes.synaptic[target] += w
                # Summed anew, so that rounding errors do not accumulate over millions of spikes.
                driven[target] = max(ZERO, lanes.base[target] + lanes.synaptic[target])
                electrons[target] += coupling.kick * w
            if group + 1 < coupling.group_start[laser + 1]:
                origin = events.origin[entry]
                # Jitter can have moved the origin so far back that the target is late already.
                schedule(
                    events,
                    max(origin + coupling.group_delay[group + 1], step + 1),
                    lane,
                    phase,
                    group + 1,
                    origin,
                    amount,
                )
        events.free[events.n_free[0]] = entry
        events.n_free[0] += 1
        entry = following


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _emit(coupling, events, depression, n_lasers, lane, now, onset):
    """Schedule what a spike of this lane, found at the end of the step before `now`, does.

    Delays count from `onset`, which is `now` unless the spike's time jitters; nothing acts before
    the step that begins now. A pulse that is renewed goes on with the amplitude of the new spike.
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
    before, amplitude = ZERO, ONE
    if depression is not None:
        if renewed:
            before = np.float32(depression.amplitude[lane])
        amplitude = transmitted(depression, lane, onset)
    if renewed:
        events.cancelled[running] = 1
    if not renewed or depression is not None:
        due = max(onset + coupling.group_delay[group], now)
        schedule(events, due, lane, START, group, onset, amplitude - before)
    events.last_spike[lane] = onset
    if pulse > 0:
        end = onset + pulse
        due = max(end + coupling.group_delay[group], now)
        events.last_end[lane] = schedule(events, due, lane, END, group, end, -amplitude)


@njit(nogil=True, cache=True)
def _spike_time(c, lanes, lane, now):
    """Time, in ticks, of the spike that a lane had in its last step, which ended at `now`."""
    before, after = lanes.crossed[lane], lanes.photons[lane]
    missed = 0.0  # fraction of the step after the crossing
    if before > 0:
        missed = np.log(after / c.threshold) / np.log(after / before)
    return now - missed * lanes.taken[lane]


@njit(nogil=True, cache=True)
def _note_spike(c, output, depression, lane, time):
    """Record the time of a spike (ticks) and, with short-term depression, its strength."""
    n = output.n_spikes[0]
    output.time[n] = time * np.float64(c.tick)
    output.lane[n] = lane
    if depression is not None:
        output.amplitude[n] = depression.amplitude[lane]
    output.n_spikes[0] = n + 1


@njit(nogil=True, cache=True)
def _uniform(faults, lane):
    """A number in (0, 1) from a lane's stream: splitmix64 [1]_."""
    faults.rng[lane] += np.uint64(0x9E3779B97F4A7C15)
    z = faults.rng[lane]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) * 2.0**-53


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _decay_synapses(c, coupling, lanes):
    """One step of the exponential kernel."""
    driven = lanes.absorber_pump if coupling.drives_absorber else lanes.pump
    for i in range(driven.size):
        lanes.synaptic[i] *= c.synaptic_decay
        driven[i] = max(ZERO, lanes.base[i] + lanes.synaptic[i])


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _onset(faults, time, now):
    """Step from which the delays of a spike detected at `time` are counted."""
    return now if faults is None else np.int64(np.ceil(time))


@njit(nogil=True, cache=True)
def advance(model, bundle, first_step, last_step):
    """Integrate a bundle from `first_step` to `last_step`.

    Returns
    -------
    step : int
        The step reached; smaller than `last_step` when a buffer is full.
    status : int
        `FINISHED`, `SPIKES_FULL` or `EVENTS_FULL`.
    """
    use_wide_vectors()
    # Arrays are taken out of the tuples once, before the loop: each access counts references.
    c, rotation, coupling, n_lasers = model
    lanes, events, output, n_active = bundle.lanes, bundle.events, bundle.output, bundle.n_active
    own, faults, depression = bundle.own, bundle.faults, bundle.depression
    step = first_step
    while step < last_step:
        if output.n_spikes[0] + n_active > output.time.size:
            return step, SPIKES_FULL
        if events.n_free[0] < 2 * n_active:
            return step, EVENTS_FULL
        _record(lanes, output, step)
        if events.slot_head[step % events.slot_head.size] >= 0:
            _deliver(coupling, events, lanes, n_lasers, step)
        n_crossed = take_step(c, rotation, own, lanes)
        if coupling.pulse_steps == 0:
            _decay_synapses(c, coupling, lanes)
        if n_crossed > 0:
            for i in range(n_active):
                if lanes.crossed[i] == -ONE:
                    continue
                late = _lateness(faults, i)
                if late == np.inf:
                    continue
                time = _spike_time(c, lanes, i, step + 1) + late
                onset = _onset(faults, time, step + 1)
                _emit(coupling, events, depression, n_lasers, i, step + 1, onset)
                _note_spike(c, output, depression, i, time)
        step += 1
    _record(lanes, output, step)
    return step, FINISHED


@njit(nogil=True, cache=True)
def _note_arrivals(lanes, arrivals, n_active, last_tick):
    """Keep the state of lanes that have just reached the end."""
    for i in range(n_active):
        now = arrivals.origin[i] + lanes.clock[i]
        if now >= last_tick and arrivals.tick[i] < 0:
            arrivals.tick[i] = now
            arrivals.field_x[i] = lanes.field_x[i]
            arrivals.field_y[i] = lanes.field_y[i]
            arrivals.gain[i] = lanes.gain[i]
            arrivals.absorber[i] = lanes.absorber[i]
            arrivals.armed[i] = lanes.armed[i]


@njit(nogil=True, cache=True)
def advance_freely(model, bundle, last_tick, most_sweeps):
    """Integrate uncoupled lasers, each with steps of its own, until all have reached `last_tick`.

    Lanes go on while others have not arrived, but their spikes no longer count.

    Returns
    -------
    status : int
        `FINISHED`; `SPIKES_FULL` also when `most_sweeps` are done and it is to be called again.
    """
    use_wide_vectors()
    c, rotation, own, faults = model.constants, model.rotation, bundle.own, bundle.faults
    lanes, output, n_active = bundle.lanes, bundle.output, bundle.n_active
    arrivals, origin = bundle.arrivals, bundle.arrivals.origin
    status = SPIKES_FULL
    near = last_tick - (_SWEEPS_BETWEEN_LOOKS + 1) * np.int64(c.dark_ticks)
    is_near = origin[:n_active].max() >= near
    for sweep in range(most_sweeps):
        if output.n_spikes[0] + n_active > output.time.size:
            break
        if take_step(c, rotation, own, lanes) > 0:
            for i in range(n_active):
                if lanes.crossed[i] == -ONE or arrivals.tick[i] >= 0:
                    continue
                late = _lateness(faults, i)
                if late != np.inf:
                    time = _spike_time(c, lanes, i, origin[i] + lanes.clock[i]) + late
                    _note_spike(c, output, None, i, time)
        if is_near:
            _note_arrivals(lanes, arrivals, n_active, last_tick)
        if sweep % _SWEEPS_BETWEEN_LOOKS == 0:
            slowest, fastest = last_tick, origin[0]
            for i in range(n_active):
                slowest = min(slowest, origin[i] + lanes.clock[i])
                fastest = max(fastest, origin[i] + lanes.clock[i])
            is_near = fastest >= near
            if slowest == last_tick:
                status = FINISHED
                break
    for i in range(origin.size):
        origin[i] += lanes.clock[i]
        lanes.clock[i] = 0
    return status
