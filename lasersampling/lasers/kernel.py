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
    base_pump: np.ndarray
    synaptic: np.ndarray
    pump: np.ndarray  # the sum of the two
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
def _mean_exponential(q):
    """(exp(q) - 1) / q to third order, so that 1 / (1 + q times it) decays for all q >= 0."""
    return ONE + q * (np.float32(1 / 2) + q * (np.float32(1 / 6) + q * np.float32(1 / 24)))


@njit(nogil=True, cache=True, inline="always")
def _positive(value):
    # The comparison keeps NaN, which must surface, and LLVM can vectorise it, unlike max().
    return ZERO if value < ZERO else value


@njit(nogil=True, cache=True, inline="always")
def _normal(word, shift):
    """One normal variate out of 14 bits of a random word."""
    low = np.uint32(np.uint32(word >> np.uint32(shift)) & np.uint32(127))
    high = np.uint32(np.uint32(word >> np.uint32(shift + 7)) & np.uint32(127))
    t = np.float32(np.int32(np.int32(low) + np.int32(high))) - np.float32(127.0)
    return t * (NORMAL_LINEAR + NORMAL_CUBIC * t * t)


@njit(nogil=True, cache=True, inline="always")
def _signed(value, word, bit):
    """The value with a sign out of one bit of a random word."""
    return value if np.uint32(word & np.uint32(1 << bit)) != np.uint32(0) else -value


@njit(nogil=True, cache=True, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")
def _step(c, rotation, lanes):
    """One step of every lane; how many lanes rose through the threshold.

    `rotation` is the angle that the field turns per net gain times step, None for no turning.
    """
    x, y, gain, absorber = lanes.field_x, lanes.field_y, lanes.gain, lanes.absorber
    pump, photons = lanes.pump, lanes.photons
    armed, crossed = lanes.armed, lanes.crossed
    rng0, rng1, rng2, rng3 = lanes.rng0, lanes.rng1, lanes.rng2, lanes.rng3
    dt = c.step
    n_crossed = np.int32(0)
    for i in range(x.size):
        s0, s1, s2, s3 = rng0[i], rng1[i], rng2[i], rng3[i]
        word = np.uint32(s0 + s3)
        t = np.uint32(s1 << np.uint32(9))
        s2 = np.uint32(s2 ^ s0)
        s3 = np.uint32(s3 ^ s1)
        rng1[i] = np.uint32(s1 ^ s2)
        rng0[i] = np.uint32(s0 ^ s3)
        rng2[i] = np.uint32(s2 ^ t)
        rng3[i] = np.uint32(np.uint32(s3 << np.uint32(11)) | np.uint32(s3 >> np.uint32(21)))

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
        if rotation is not None:  # compiled away for None
            angle = rotation * u
            cosine, sine = np.cos(angle), np.sin(angle)
            fx, fy = fx * cosine - fy * sine, fx * sine + fy * cosine
        x[i] = fx
        y[i] = fy
        s = fx * fx + fy * fy

        # Carriers: exact relaxation for a photon number frozen at their mid-step. With q the
        # rate times the step, decay = exp(-q) = 1 / (1 + q mean) and weight = (1 - decay) / rate.
        stimulated = c.gain_slope * s
        rate = c.gain_decay + stimulated
        source = pump[i] + stimulated * c.gain_transparency
        stimulated = c.absorber_slope * s
        rate_2 = c.absorber_decay + stimulated
        source_2 = c.absorber_pump + stimulated * c.absorber_transparency
        q, q_2 = rate * dt, rate_2 * dt
        mean, mean_2 = _mean_exponential(q), _mean_exponential(q_2)
        bottom, bottom_2 = ONE + q * mean, ONE + q_2 * mean_2
        inverse = ONE / (bottom * bottom_2)  # one division for both sections
        decay, decay_2 = bottom_2 * inverse, bottom * inverse
        weight, weight_2 = dt * mean * decay, dt * mean_2 * decay_2
        variance = _positive(source + rate * n1) * weight * HALF * (ONE + decay)
        variance_2 = _positive(source_2 + rate_2 * n2) * weight_2 * HALF * (ONE + decay_2)
        noise = c.carrier_noise * np.sqrt(variance)
        noise_2 = c.carrier_noise * np.sqrt(variance_2)
        # As increments: n1 * decay would lose the digits of a short step to rounding.
        gain[i] = n1 + (weight * (source - rate * n1) + _signed(noise, word, 2))
        absorber[i] = n2 + (weight_2 * (source_2 - rate_2 * n2) + _signed(noise_2, word, 3))

        is_armed = armed[i] != np.int32(0)
        rose = is_armed & (s >= c.threshold)
        armed[i] = np.int32((is_armed | (s < c.rearm)) & (not rose))
        crossed[i] = photons[i] if rose else -ONE
        photons[i] = s
        n_crossed = np.int32(n_crossed + np.int32(rose))
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
                lanes.synaptic[target] += w
                # Summed anew, so that rounding does not add up over millions of spikes.
                lanes.pump[target] = lanes.base_pump[target] + lanes.synaptic[target]
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
def _decay_synapses(c, lanes):
    """One step of the exponential kernel."""
    for i in range(lanes.pump.size):
        lanes.synaptic[i] *= c.synaptic_decay
        lanes.pump[i] = lanes.base_pump[i] + lanes.synaptic[i]


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
def advance(
    c, rotation, n_lasers, n_active, lanes, coupling, events, output, first_step, last_step
):
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
        n_crossed = _step(c, rotation, lanes)
        if coupling.pulse_steps == 0:
            _decay_synapses(c, lanes)
        if n_crossed > 0:
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
