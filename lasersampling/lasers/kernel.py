"""The compiled integrator of the stochastic rate equations.

`advance` moves one *bundle* of lasers through many time steps. A bundle holds whole chains
(copies of the network) laid out lane by lane, ``lane = chain_in_bundle * n_lasers + laser``, as
a structure of arrays, so that LLVM turns the loop over lanes into vector instructions.

Scheme
------
Field and carriers live on grids staggered by half a step, as in Strang splitting. Carriers
known at the middle of a step, the field equation is an Ornstein-Uhlenbeck process, and its
exact transition law is used. The photon number known in the middle of the carriers' step,
each carrier equation is linear, and its exact relaxation is used. `rate_equations` states the
equations and their sources.

The noise strengths are square roots of event rates. In a dark laser a section holds so few
electrons that Gaussian noise takes their number below zero; the rate then counts as zero and the
drift brings the number back, the "full truncation" of square-root processes [3]_. The numbers
themselves are not clipped.

Random numbers
--------------
One xoshiro128+ generator per lane [1]_; a 32-bit word a step serves the lane. Each quadrature
of the field takes two 7-bit fields, whose centred sum t has a triangular law; a t + b t**3 with
`NORMAL_LINEAR`, `NORMAL_CUBIC` has unit variance and kurtosis 3, hence the first five moments of
a standard normal, which is what a weakly second-order scheme asks of its noise [2]_. The
carriers take a random sign each.

Spikes
------
A laser spikes when its photon number rises through the detection threshold while it is armed;
it is armed again when it has fallen below the re-arming level. Spike times are interpolated
log-linearly within the step. A spike reaches the other lasers through events in a *timing
wheel*, so coupling costs time per spike and not per step.

References
----------
.. [1] D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators",
   ACM Trans. Math. Softw. 47 (2021).
.. [2] P. E. Kloeden, E. Platen, "Numerical Solution of Stochastic Differential Equations",
   Springer (1992), section 14.2.
.. [3] R. Lord, R. Koekkoek, D. van Dijk, "A comparison of biased simulation schemes for stochastic
   volatility models", Quantitative Finance 10 (2010) 177.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

__all__ = [
    "EVENTS_FULL",
    "SPIKES_FULL",
    "FINISHED",
    "Constants",
    "Coupling",
    "Events",
    "Lanes",
    "Output",
    "advance",
]

FINISHED, SPIKES_FULL, EVENTS_FULL = 0, 1, 2

START, END = 0, 1

# u = sum of two independent integers uniform on 0..127, t = u - 127: even moments of t are
# m2 = 2730.5 and so on; the two constants solve var = 1, kurtosis = 3 (see
# tests/lasers/test_kernel.py, which recomputes both from the full table of 2**14 values).
NORMAL_LINEAR = np.float32(1.61374509e-2)
NORMAL_CUBIC = np.float32(4.46185119e-7)

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
HALF = np.float32(0.5)


class Constants(NamedTuple):
    """Device and step in the form the kernel reads (float32; times in ns)."""

    step: np.float32
    cavity_loss: np.float32
    gain_slope: np.float32
    gain_transparency: np.float32
    gain_decay: np.float32
    absorber_slope: np.float32
    absorber_transparency: np.float32
    absorber_decay: np.float32
    absorber_pump: np.float32
    rotation: np.float32
    threshold: np.float32
    rearm: np.float32
    field_noise: np.float32
    carrier_noise: np.float32
    synaptic_decay: np.float32


class Lanes(NamedTuple):
    """State of a bundle, one entry per lane; carriers half a step ahead of the field."""

    field_x: np.ndarray
    field_y: np.ndarray
    gain: np.ndarray
    absorber: np.ndarray
    pump: np.ndarray
    synaptic: np.ndarray
    photons: np.ndarray
    armed: np.ndarray
    crossed: np.ndarray
    rng0: np.ndarray
    rng1: np.ndarray
    rng2: np.ndarray
    rng3: np.ndarray


class Coupling(NamedTuple):
    """Connections by presynaptic laser, grouped by equal delay, delays ascending."""

    group_start: np.ndarray  # (n_lasers + 1,)
    group_delay: np.ndarray  # (n_groups,) steps
    link_start: np.ndarray  # (n_groups + 1,)
    link_post: np.ndarray  # (n_links,)
    link_weight: np.ndarray  # (n_links,) electrons/ns
    pulse_steps: int  # length of the rectangle; 0 for the exponential kernel
    kick: np.float32  # electrons added to the gain per electron/ns of weight
    retrigger: bool


class Events(NamedTuple):
    """Timing wheel: per slot a linked list of events out of a pool."""

    slot_head: np.ndarray
    next: np.ndarray
    lane: np.ndarray
    phase: np.ndarray
    group: np.ndarray
    origin: np.ndarray  # step at which the delays are counted from
    cancelled: np.ndarray
    free: np.ndarray  # stack of free pool entries
    n_free: np.ndarray  # (1,)
    last_spike: np.ndarray  # (lanes,) step
    last_end: np.ndarray  # (lanes,) pool entry of the pending end of the pulse, or -1


class Output(NamedTuple):
    """Spikes found so far in this call and, where asked for, traces."""

    time: np.ndarray
    lane: np.ndarray
    n_spikes: np.ndarray  # (1,)
    trace_lane: np.ndarray
    trace: np.ndarray  # (n_samples, n_traced, 3): photons, gain, absorber electrons
    trace_every: int  # steps between samples
    trace_start: int  # step of the first sample


@njit(nogil=True, cache=True, inline="always")
def _exponential(v):
    """exp(v) by (Taylor polynomial of degree 5 at v/2) squared, for |v| < 1."""
    h = v * HALF
    c2, c3, c4, c5 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24), np.float32(1 / 120)
    p = ONE + h * (ONE + h * (c2 + h * (c3 + h * (c4 + h * c5))))
    return p * p


@njit(nogil=True, cache=True, inline="always")
def _relaxation(q):
    """exp(-q) for q >= 0 by the reciprocal of a Taylor polynomial: positive and below one."""
    c2, c3, c4 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
    return ONE / (ONE + q * (ONE + q * (c2 + q * (c3 + q * c4))))


@njit(nogil=True, cache=True, inline="always")
def _positive(value):
    # The comparison keeps NaN, which must surface, and LLVM can vectorise it, unlike max().
    return ZERO if value < ZERO else value


@njit(nogil=True, cache=True, inline="always")
def _normal(word, shift):
    """One normal variate out of 14 bits of a random word."""
    low = (word >> np.uint32(shift)) & np.uint32(127)
    high = (word >> np.uint32(shift + 7)) & np.uint32(127)
    t = np.float32(np.int32(low + high) - np.int32(127))
    return t * (NORMAL_LINEAR + NORMAL_CUBIC * t * t)


@njit(nogil=True, cache=True, inline="always")
def _sign(word, bit):
    return np.float32(np.int32((word >> np.uint32(bit)) & np.uint32(1)) * np.int32(2) - np.int32(1))


@njit(nogil=True, cache=True, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")
def _step(c, lanes):
    """One step of every lane; how many lanes rose through the threshold."""
    x, y, gain, absorber = lanes.field_x, lanes.field_y, lanes.gain, lanes.absorber
    pump, synaptic, photons = lanes.pump, lanes.synaptic, lanes.photons
    armed, crossed = lanes.armed, lanes.crossed
    rng0, rng1, rng2, rng3 = lanes.rng0, lanes.rng1, lanes.rng2, lanes.rng3
    dt = c.step
    n_crossed = 0
    for i in range(x.size):
        s0, s1, s2, s3 = rng0[i], rng1[i], rng2[i], rng3[i]
        word = np.uint32(s0 + s3)
        t = np.uint32(s1 << np.uint32(9))
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= t
        s3 = np.uint32((s3 << np.uint32(11)) | (s3 >> np.uint32(21)))
        rng0[i], rng1[i], rng2[i], rng3[i] = s0, s1, s2, s3

        n1, n2 = gain[i], absorber[i]
        # Field: exact Ornstein-Uhlenbeck transition for carriers frozen at mid-step.
        u = dt * (
            c.gain_slope * (n1 - c.gain_transparency)
            + c.absorber_slope * (n2 - c.absorber_transparency)
            - c.cavity_loss
        )
        emission = _positive(c.gain_slope * n1 + c.absorber_slope * n2)
        root = _exponential(u * np.float32(0.25))
        growth = root * root
        # sinh(u/2)/(u/2) to fourth order completes the variance of the transition.
        u2 = u * u
        bracket = ONE + u2 * (np.float32(1 / 24) + u2 * np.float32(1 / 1920))
        spread = c.field_noise * root * np.sqrt(HALF * dt * emission * bracket)
        fx = growth * x[i] + spread * _normal(word, 4)
        fy = growth * y[i] + spread * _normal(word, 18)
        if c.rotation != 0.0:
            angle = c.rotation * u
            a2 = angle * angle
            cosine = ONE - a2 * (HALF - a2 * np.float32(1 / 24))
            sine = angle * (ONE - a2 * (np.float32(1 / 6) - a2 * np.float32(1 / 120)))
            fx, fy = fx * cosine - fy * sine, fx * sine + fy * cosine
        x[i] = fx
        y[i] = fy
        s = fx * fx + fy * fy

        # Carriers: exact relaxation for a photon number frozen at their mid-step.
        current = pump[i] + synaptic[i]
        synaptic[i] *= c.synaptic_decay
        stimulated = c.gain_slope * s
        rate = c.gain_decay + stimulated
        decay = _relaxation(rate * dt)
        weight = (ONE - decay) / rate
        source = current + stimulated * c.gain_transparency
        variance = _positive(source + rate * n1) * weight * HALF * (ONE + decay)
        gain[i] = (
            n1 * decay + source * weight + c.carrier_noise * np.sqrt(variance) * _sign(word, 2)
        )
        stimulated = c.absorber_slope * s
        rate = c.absorber_decay + stimulated
        decay = _relaxation(rate * dt)
        weight = (ONE - decay) / rate
        source = c.absorber_pump + stimulated * c.absorber_transparency
        variance = _positive(source + rate * n2) * weight * HALF * (ONE + decay)
        absorber[i] = (
            n2 * decay + source * weight + c.carrier_noise * np.sqrt(variance) * _sign(word, 3)
        )

        rose = armed[i] & np.int32(s >= c.threshold)
        armed[i] = (armed[i] | np.int32(s < c.rearm)) & (np.int32(1) - rose)
        crossed[i] = photons[i] if rose else -ONE
        photons[i] = s
        n_crossed += rose
    return n_crossed


@njit(nogil=True, cache=True)
def _schedule(events, step, lane, phase, group, origin):
    """Put one event into the wheel; its pool entry."""
    events.n_free[0] -= 1
    entry = events.free[events.n_free[0]]
    events.lane[entry] = lane
    events.phase[entry] = phase
    events.group[entry] = group
    events.origin[entry] = origin
    events.cancelled[entry] = 0
    slot = step % events.slot_head.size
    events.next[entry] = events.slot_head[slot]
    events.slot_head[slot] = entry
    return entry


@njit(nogil=True, cache=True)
def _deliver(coupling, events, lanes, n_lasers, step):
    """Carry out all events due at this step."""
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
            sign = ONE if phase == START else -ONE
            for k in range(coupling.link_start[group], coupling.link_start[group + 1]):
                target = base + coupling.link_post[k]
                w = sign * coupling.link_weight[k]
                if coupling.pulse_steps > 0:
                    lanes.pump[target] += w
                else:
                    lanes.synaptic[target] += w
                lanes.gain[target] += coupling.kick * w
            if group + 1 < coupling.group_start[laser + 1]:
                origin = events.origin[entry]
                _schedule(
                    events,
                    origin + coupling.group_delay[group + 1],
                    lane,
                    phase,
                    group + 1,
                    origin,
                )
        events.free[events.n_free[0]] = entry
        events.n_free[0] += 1
        entry = following


@njit(nogil=True, cache=True)
def _emit(coupling, events, n_lasers, lane, step):
    """Schedule what a spike of this lane found at the end of `step` does to the others."""
    laser = lane % n_lasers
    group = coupling.group_start[laser]
    if group == coupling.group_start[laser + 1]:
        return
    onset = step + 1
    pulse = coupling.pulse_steps
    running = events.last_end[lane]
    if coupling.retrigger and running >= 0 and onset - events.last_spike[lane] < pulse:
        events.cancelled[running] = 1
    else:
        _schedule(events, onset + coupling.group_delay[group], lane, START, group, onset)
    events.last_spike[lane] = onset
    if pulse > 0:
        end = onset + pulse
        events.last_end[lane] = _schedule(
            events, end + coupling.group_delay[group], lane, END, group, end
        )


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
def advance(c, n_lasers, n_active, lanes, coupling, events, output, first_step, last_step):
    """Integrate a bundle from `first_step` to `last_step`.

    Lanes from `n_active` on are padding: they are integrated but not looked at.

    Returns
    -------
    step : int
        The step reached; smaller than `last_step` when a buffer is full.
    status : int
        `FINISHED`, `SPIKES_FULL` or `EVENTS_FULL`.
    """
    step = first_step
    while step < last_step:
        if output.n_spikes[0] + n_active > output.time.size:
            return step, SPIKES_FULL
        if events.n_free[0] < 2 * n_active:
            return step, EVENTS_FULL
        _record(lanes, output, step)
        if events.slot_head[step % events.slot_head.size] >= 0:
            _deliver(coupling, events, lanes, n_lasers, step)
        if _step(c, lanes) > 0:
            for i in range(n_active):
                before = lanes.crossed[i]
                if before >= 0:
                    after = lanes.photons[i]
                    fraction = 1.0
                    if before > 0:
                        fraction = np.log(c.threshold / before) / np.log(after / before)
                    n = output.n_spikes[0]
                    output.time[n] = (step + fraction) * np.float64(c.step)
                    output.lane[n] = i
                    output.n_spikes[0] = n + 1
                    _emit(coupling, events, n_lasers, i, step)
        step += 1
    _record(lanes, output, step)
    return step, FINISHED
