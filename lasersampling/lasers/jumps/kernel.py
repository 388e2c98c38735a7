"""The compiled jump process: every photon and every electron, one event after another.

`advance` moves one chain (one copy of a network) through time. The waiting time of each laser is
exponential with the sum of its event rates, and the kind of event is drawn in proportion to the
rates: Gillespie's direct method [1]_ within each laser, and the next-reaction method [2]_ between
lasers, each of which has the time of its next event. A laser whose rates are changed from outside
draws its next event anew, which the memoryless exponential law allows.

An exponential synapse makes the pump rate decay between events. The next event is then drawn with
an upper bound of the rate, and a pump event is carried out with the probability true rate / bound:
thinning [3]_, which is exact as well.

Random numbers: one xoshiro256++ generator [4]_ per laser, with two words per event.

References
----------
.. [1] D. T. Gillespie, "Exact stochastic simulation of coupled chemical reactions", J. Phys. Chem.
   81 (1977) 2340.
.. [2] M. A. Gibson, J. Bruck, "Efficient exact stochastic simulation of chemical systems with many
   species and many channels", J. Phys. Chem. A 104 (2000) 1876.
.. [3] P. A. W. Lewis, G. S. Shedler, "Simulation of nonhomogeneous Poisson processes by thinning",
   Naval Research Logistics Quarterly 26 (1979) 403.
.. [4] D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators",
   ACM Trans. Math. Softw. 47 (2021).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lasersampling.compiling import njit

__all__ = [
    "FINISHED",
    "PENDING_FULL",
    "SPIKES_FULL",
    "TOO_FEW_ELECTRONS",
    "YIELDED",
    "EventRates",
    "Lasers",
    "Links",
    "Pending",
    "Record",
    "advance",
    "draw_next",
]

FINISHED, YIELDED, SPIKES_FULL, PENDING_FULL, TOO_FEW_ELECTRONS = 0, 1, 2, 3, 4

START, END = 0, 1

_TO_UNIT = 2.0**-53

# What each kind of event adds: pump, loss, emission and absorption of the gain section, the same
# of the absorber, and a photon that leaves the cavity.
_GAIN = np.array([1.0, -1.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
_ABSORBER = np.array([0.0, 0.0, 0.0, 0.0, 1.0, -1.0, -1.0, 1.0, 0.0])
_PHOTON = np.array([0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 1.0, -1.0, -1.0])


class EventRates(NamedTuple):
    """Constants of the event rates (1/ns) and of the detection."""

    gain_loss: float  # per electron, without emission into the mode
    gain_emission: float  # per electron and (photon + 1)
    gain_absorption: float  # per photon
    absorber_loss: float
    absorber_emission: float
    absorber_absorption: float
    cavity_loss: float  # per photon
    threshold: float
    rearm: float


class Lasers(NamedTuple):
    """State of a chain, one entry per laser; whole numbers are kept as float64."""

    photons: np.ndarray
    gain: np.ndarray
    absorber: np.ndarray
    armed: np.ndarray
    pump: np.ndarray  # of the section that synapses drive, with rectangles that are on
    other_pump: np.ndarray  # of the other section
    synaptic: np.ndarray  # exponential part of the pump at `synaptic_time`
    synaptic_time: np.ndarray
    now: np.ndarray  # time of the last event
    next: np.ndarray  # time of the next one
    bound: np.ndarray  # pump rate with which the next one was drawn
    rng: np.ndarray  # (laser, 4)


class Links(NamedTuple):
    """Connections sorted by presynaptic laser."""

    first: np.ndarray  # (n_lasers + 1,)
    post: np.ndarray
    weight: np.ndarray  # electrons/ns
    delay: np.ndarray  # ns
    pulse: float  # length of the rectangle in ns; 0 for the exponential kernel
    decay: float  # 1/ns of the exponential kernel; 0 for the rectangle
    kick: float  # electrons added to the section per electron/ns of weight
    drives_absorber: bool
    renew: bool


class Pending(NamedTuple):
    """Starts and ends of pulses under way to their targets, in no order."""

    time: np.ndarray
    phase: np.ndarray
    link: np.ndarray
    spike: np.ndarray  # number of the spike, counted per presynaptic laser
    n_pending: np.ndarray  # (1,)
    n_spikes: np.ndarray  # (laser,)
    last_spike: np.ndarray  # (laser,)


class Record(NamedTuple):
    """Spikes of this call, time at each photon number, and samples of the state."""

    time: np.ndarray
    laser: np.ndarray
    n_spikes: np.ndarray  # (1,)
    histogram: np.ndarray  # (laser, photon number) in ns; no columns when not asked for
    sampled: np.ndarray  # lasers
    samples: np.ndarray  # (sample, laser, 3): photons, gain, absorber electrons
    n_samples: np.ndarray  # (1,)
    first_sample: float  # ns
    interval: float  # ns


@njit(nogil=True, cache=True, inline="always")
def _rotl(x, k):
    return (x << np.uint64(k)) | (x >> np.uint64(64 - k))


@njit(nogil=True, cache=True, inline="always")
def _uniform(rng):
    """Uniform on (0, 1), from the generator state in `rng`."""
    s0, s1, s2, s3 = rng[0], rng[1], rng[2], rng[3]
    word = _rotl(s0 + s3, 23) + s0
    t = s1 << np.uint64(17)
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    rng[0], rng[1], rng[2], rng[3] = s0, s1, s2, _rotl(s3, 45)
    return (np.float64(word >> np.uint64(11)) + 0.5) * _TO_UNIT


@njit(nogil=True, cache=True, inline="always")
def _synaptic(lasers, links, j, time):
    """Exponential part of the pump of laser j; 0 for rectangles."""
    if links.decay == 0.0 or lasers.synaptic[j] == 0.0:
        return 0.0
    return lasers.synaptic[j] * np.exp(-links.decay * (time - lasers.synaptic_time[j]))


@njit(nogil=True, cache=True)
def draw_next(rates, lasers, links, j, time):
    """Draw the time of the next event of laser j, given its state at `time`."""
    s, n1, n2 = lasers.photons[j], lasers.gain[j], lasers.absorber[j]
    bound = max(0.0, lasers.pump[j] + max(0.0, _synaptic(lasers, links, j, time)))
    total = (
        bound
        + n1 * (rates.gain_loss + rates.gain_emission * (s + 1.0))
        + lasers.other_pump[j]
        + n2 * (rates.absorber_loss + rates.absorber_emission * (s + 1.0))
        + s * (rates.gain_absorption + rates.absorber_absorption + rates.cavity_loss)
    )
    lasers.bound[j] = bound
    lasers.now[j] = time
    lasers.next[j] = np.inf
    if total > 0.0:
        lasers.next[j] = time - np.log(_uniform(lasers.rng[j])) / total


@njit(nogil=True, cache=True, error_model="numpy")
def _burst(rates, lasers, links, record, j, horizon, n_events):
    """Carry out the next event of laser j and those before `horizon`, up to its first spike.

    At most `n_events` of them.

    Returns how many, and whether the last one made the laser spike.
    """
    rng = lasers.rng[j]
    s, n1, n2, armed = lasers.photons[j], lasers.gain[j], lasers.absorber[j], lasers.armed[j]
    now, following, bound, pump = lasers.now[j], lasers.next[j], lasers.bound[j], lasers.pump[j]
    other_pump = lasers.other_pump[j]
    exponential = links.decay > 0.0 and lasers.synaptic[j] != 0.0
    histogram = record.histogram[j]
    top = histogram.size - 1
    spiked = False
    done = 0
    # The first event is due even when another laser has its own at the very same time.
    while (done == 0 or following < horizon) and done < n_events and not spiked:
        if top >= 0:
            histogram[min(np.int64(s), top)] += following - now
        now = following
        # Cumulated rates; counting those below a uniform number needs no branch.
        c0 = bound
        c1 = c0 + n1 * rates.gain_loss
        c2 = c1 + n1 * rates.gain_emission * (s + 1.0)
        c3 = c2 + rates.gain_absorption * s
        c4 = c3 + other_pump
        c5 = c4 + n2 * rates.absorber_loss
        c6 = c5 + n2 * rates.absorber_emission * (s + 1.0)
        c7 = c6 + rates.absorber_absorption * s
        u = _uniform(rng) * (c7 + rates.cavity_loss * s)
        kind = (
            np.int64(u >= c0) + np.int64(u >= c1) + np.int64(u >= c2) + np.int64(u >= c3)
            + np.int64(u >= c4) + np.int64(u >= c5) + np.int64(u >= c6) + np.int64(u >= c7)
        )  # fmt: skip
        carried_out = True
        if exponential and kind == 0:
            rate = pump + _synaptic(lasers, links, j, now)
            carried_out = u < rate  # u is uniform below the bound, given this kind
        if links.drives_absorber and (kind == 0 or kind == 4):
            kind = 4 - kind  # the table has the pump of the gain section first
        if carried_out:
            n1 += _GAIN[kind]
            n2 += _ABSORBER[kind]
            s += _PHOTON[kind]
        if armed:
            if s >= rates.threshold:
                armed = False
                spiked = True
        elif s < rates.rearm:
            armed = True
        if exponential:
            bound = max(0.0, pump + max(0.0, _synaptic(lasers, links, j, now)))
        total = (
            bound
            + n1 * (rates.gain_loss + rates.gain_emission * (s + 1.0))
            + other_pump
            + n2 * (rates.absorber_loss + rates.absorber_emission * (s + 1.0))
            + s * (rates.gain_absorption + rates.absorber_absorption + rates.cavity_loss)
        )
        following = now - np.log(_uniform(rng)) / total if total > 0.0 else np.inf
        done += 1
    lasers.photons[j], lasers.gain[j], lasers.absorber[j], lasers.armed[j] = s, n1, n2, armed
    lasers.now[j], lasers.next[j], lasers.bound[j] = now, following, bound
    return done, spiked


@njit(nogil=True, cache=True)
def _settle(record, lasers, j, time):
    """Count the time that laser j has spent at its photon number since its last event."""
    if record.histogram.shape[1] > 0:
        s = min(np.int64(lasers.photons[j]), record.histogram.shape[1] - 1)
        record.histogram[j, s] += time - lasers.now[j]
    lasers.now[j] = time


@njit(nogil=True, cache=True)
def _add(pending, time, phase, link, spike):
    n = pending.n_pending[0]
    pending.time[n] = time
    pending.phase[n] = phase
    pending.link[n] = link
    pending.spike[n] = spike
    pending.n_pending[0] = n + 1


@njit(nogil=True, cache=True)
def _emit(links, pending, j, time):
    """Send the pulses of a spike of laser j, or lengthen those of the spike before."""
    since = time - pending.last_spike[j]
    spike = pending.n_spikes[j]
    pending.last_spike[j] = time
    pending.n_spikes[j] = spike + 1
    if links.renew and since < links.pulse:
        for k in range(pending.n_pending[0]):
            link = pending.link[k]
            mine = links.first[j] <= link < links.first[j + 1]
            if mine and pending.phase[k] == END and pending.spike[k] == spike - 1:
                pending.time[k] += since
                pending.spike[k] = spike
        return
    for link in range(links.first[j], links.first[j + 1]):
        arrival = time + links.delay[link]
        _add(pending, arrival, START, link, spike)
        if links.pulse > 0.0:
            _add(pending, arrival + links.pulse, END, link, spike)


@njit(nogil=True, cache=True)
def _earliest(pending):
    """Index and time of the pending start or end that comes first."""
    first, time = -1, np.inf
    for k in range(pending.n_pending[0]):
        if pending.time[k] < time:
            first, time = k, pending.time[k]
    return first, time


@njit(nogil=True, cache=True)
def _deliver(rates, lasers, links, pending, record, entry):
    """Carry out a start or end; return whether there were enough electrons."""
    time, link = pending.time[entry], pending.link[entry]
    sign = 1.0 if pending.phase[entry] == START else -1.0
    last = pending.n_pending[0] - 1
    pending.time[entry] = pending.time[last]
    pending.phase[entry] = pending.phase[last]
    pending.link[entry] = pending.link[last]
    pending.spike[entry] = pending.spike[last]
    pending.n_pending[0] = last

    j = links.post[link]
    _settle(record, lasers, j, time)
    change = sign * links.weight[link]
    if links.decay > 0.0:
        lasers.synaptic[j] = _synaptic(lasers, links, j, time) + change
        lasers.synaptic_time[j] = time
    else:
        lasers.pump[j] += change
    if links.kick != 0.0:
        electrons = lasers.absorber if links.drives_absorber else lasers.gain
        electrons[j] += np.floor(links.kick * change + _uniform(lasers.rng[j]))
        if electrons[j] < 0.0:
            return False
    draw_next(rates, lasers, links, j, time)
    return True


@njit(nogil=True, cache=True)
def _sample(lasers, record):
    n = record.n_samples[0]
    for k in range(record.sampled.size):
        j = record.sampled[k]
        record.samples[n, k, 0] = lasers.photons[j]
        record.samples[n, k, 1] = lasers.gain[j]
        record.samples[n, k, 2] = lasers.absorber[j]
    record.n_samples[0] = n + 1


@njit(nogil=True, cache=True)
def advance(rates, lasers, links, pending, record, stop, most_events):
    """Simulate a chain until `stop` (ns), or until `most_events` are done or a buffer is full.

    Returns
    -------
    status : int
        `FINISHED`, `YIELDED` after `most_events`, `SPIKES_FULL`, `PENDING_FULL`, or
        `TOO_FEW_ELECTRONS` when a negative kick took more electrons than there were.
    time : float
        Time reached, in ns.
    """
    n_lasers = lasers.photons.size
    entry, delivery = _earliest(pending)
    events = 0
    while True:
        sample = np.inf
        if record.n_samples[0] < record.samples.shape[0]:
            sample = record.first_sample + record.n_samples[0] * record.interval
        halt = min(delivery, sample, stop)
        j, first, second = 0, np.inf, np.inf
        for k in range(n_lasers):
            time = lasers.next[k]
            if time < first:
                j, first, second = k, time, first
            elif time < second:
                second = time
        if first >= halt:
            if halt == delivery:
                if not _deliver(rates, lasers, links, pending, record, entry):
                    return TOO_FEW_ELECTRONS, halt
                entry, delivery = _earliest(pending)
            elif halt == sample:
                _sample(lasers, record)
            else:
                for k in range(n_lasers):
                    _settle(record, lasers, k, stop)
                return FINISHED, stop
            continue
        if events >= most_events:
            return YIELDED, first
        if record.n_spikes[0] == record.time.size:
            return SPIKES_FULL, first
        if pending.n_pending[0] + 2 * links.post.size > pending.time.size:
            return PENDING_FULL, first
        done, spiked = _burst(
            rates, lasers, links, record, j, min(second, halt), most_events - events
        )
        events += done
        if spiked:
            n = record.n_spikes[0]
            record.time[n] = lasers.now[j]
            record.laser[n] = j
            record.n_spikes[0] = n + 1
            _emit(links, pending, j, lasers.now[j])
            entry, delivery = _earliest(pending)
