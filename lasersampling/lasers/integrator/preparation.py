"""Preparation of the data of the compiled kernel: constants, couplings, lanes, event pool."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.lasers.depression import RESOURCE, SPIKE_AMPLITUDE
from lasersampling.lasers.device import Device
from lasersampling.lasers.integrator.bright import LANE_BLOCK, LANES_AT_ONCE
from lasersampling.lasers.integrator.dark import SUBSTEPS
from lasersampling.lasers.integrator.monitoring import monitored_levels
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.integrator.tables import (
    EVENT,
    Bright,
    Constants,
    Coupling,
    Depressed,
    Events,
    Faults,
    Lanes,
    Model,
    Own,
    Rises,
)
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.rate_equations import VACUUM_PHOTONS, Coefficients
from lasersampling.lasers.resting import RestingStates

_LONGEST_SUBSTEP_NS = 0.0083
"""Longest substep of a dark laser; bias of the spike rates below 1 %, see `dark`."""

_LARGEST_EXPONENT = 7.5
"""Largest net loss times substep for which `bridge` and `sinh_excess` hold."""

_DARKEST_GAIN_PER_NS = -60.0
"""Net gain up to which a laser counts as dark."""

_DARK_LEVEL = 1 / 20
"""Photon number up to which a laser counts as dark, relative to the detection threshold."""

JITTER_CUT = 4.0
"""Number of standard deviations at which jitter is truncated."""

_LINE, _PAGE = 64, 4096  # bytes of a line of the cache, and of memory that is addressed together
_FAULTS = 1  # a spawn key that no other stream of a chain has
_NEVER = np.iinfo(np.int64).min // 2


def constants(
    device: Device,
    synapse_time_constant_ns: float | None,
    step_ps: float,
    *,
    noise: bool,
    windows: bool,
) -> Constants:
    """Device and steps for the kernel; levels for an observation after each step.

    With `windows`, lasers take long substeps in the dark; otherwise all of them every step.
    """
    step = step_ps * 1e-3
    decay = 0.0 if synapse_time_constant_ns is None else np.exp(-step / synapse_time_constant_ns)
    c = Coefficients.of(device)
    deepest = (
        c.loss_per_ns
        + c.gain_slope_per_ns * c.gain_transparency_electrons
        + c.absorber_slope_per_ns * c.absorber_transparency_electrons
    )
    longest = min(_LONGEST_SUBSTEP_NS, _LARGEST_EXPONENT / deepest)
    # Shorter steps than the device's own shorten the substeps in proportion.
    n = max(1, int(longest / max(step, 1e-3 * device.step_ps)))
    threshold, rearm = device.detection.threshold_photons, device.detection.rearm_photons
    dark_photons = min(_DARK_LEVEL * threshold, rearm)
    if noise:
        threshold, rearm = monitored_levels(device.detection, c, step)
    values = (
        dark_photons,
        _DARKEST_GAIN_PER_NS,
        c.loss_per_ns,
        c.gain_slope_per_ns,
        c.gain_transparency_electrons,
        c.gain_decay_per_ns,
        c.absorber_slope_per_ns,
        c.absorber_transparency_electrons,
        c.absorber_decay_per_ns,
        threshold,
        rearm,
        float(noise),
        VACUUM_PHOTONS * noise,
        decay,
    )
    return Constants(
        np.float32(step),
        np.float32(n * step),
        np.int32(n),
        # Substeps no longer than steps would save nothing.
        np.int32(SUBSTEPS * n if windows and n > 1 else 1),
        *(np.float32(value) for value in values),
    )


class Links(NamedTuple):
    """Connections by presynaptic laser, delay and target."""

    pre: NDArray[np.int32]
    post: NDArray[np.int64]
    delay: NDArray[np.int64]  # steps
    weight: NDArray[np.float32]  # electrons/ns


def links(network: LaserNetwork, step_ps: float) -> Links:
    """Sort the connections of a network, with delays in whole steps."""
    given = network.connections  # by target
    delay = np.rint(given.delay_ns / (step_ps * 1e-3)).astype(np.int64)
    order = (
        np.arange(delay.size) if np.all(delay == delay[:1]) else np.argsort(delay, kind="stable")
    )
    # Small integers are sorted in time proportional to their number.
    small = np.uint16 if network.n_lasers <= 2**16 else np.uint32
    order = order[np.argsort(given.pre[order].astype(small), kind="stable")]
    weight = given.weight_electrons_per_ns[order]
    if network.depression is not None:
        weight = network.depression.full_strength * weight
    post = given.post[order].astype(np.int64)
    return Links(given.pre[order], post, delay[order], weight.astype(np.float32))


def coupling(
    links: Links, network: LaserNetwork, refractory_time_ns: float, step_ps: float, targets: slice
) -> Coupling:
    """Group equal delays, and neighbours among their targets.

    Only connections to some lasers are kept, with the groups of all.
    """
    synapse = network.synapse
    assert synapse is not None  # the network has put the device's own in its place
    is_first = np.ones(links.pre.size, dtype=bool)
    is_first[1:] = (np.diff(links.pre) != 0) | (np.diff(links.delay) != 0)
    first = np.flatnonzero(is_first)
    kept: slice | NDArray[np.intp] = slice(None)
    post, group, number = links.post, np.cumsum(is_first), np.append(first, links.pre.size)
    if targets != slice(0, network.n_lasers):
        kept = np.flatnonzero((post >= targets.start) & (post < targets.stop))
        post, group = post[kept], group[kept]
        number = np.searchsorted(kept, number)
    starts_run = np.ones(post.size, dtype=bool)
    starts_run[1:] = (np.diff(post) != 1) | (np.diff(group) != 0)
    run_link = np.flatnonzero(starts_run)
    pulse = 0
    if synapse.kernel != "exponential":
        pulse = max(1, round(synapse.length_ns(refractory_time_ns) / (step_ps * 1e-3)))
    every = np.arange(network.n_lasers + 1)
    # Short numbers, as networks of 10^5 lasers are bound by memory.
    kind = np.int32 if links.post.size < 2**31 else np.int64
    return Coupling(
        group_start=np.searchsorted(links.pre[first], every).astype(kind),
        group_delay=links.delay[first],
        run_start=np.searchsorted(run_link, number).astype(kind),
        run_link=np.append(run_link, post.size).astype(kind),
        run_post=post[run_link].astype(kind),
        link_weight=links.weight[kept],
        pulse_steps=pulse,
        kick=np.float32(synapse.kick * network.device.driven_by(synapse).carrier_lifetime_ns),
        drives_absorber=synapse.section == "absorber",
        retrigger=synapse.overlap == "renew" and pulse > 0,
    )


class Pumps(NamedTuple):
    """Pumps without what synapses add [electrons/ns]."""

    gain: NDArray[np.float64]  # (chain, laser)
    absorber: float
    drives_absorber: bool  # whether synapses change the second and not the first


def lanes(
    pumps: Pumps, rest: RestingStates, seeds: list[np.random.SeedSequence], model: Model
) -> Lanes:
    """State of a bundle of chains at rest.

    Parameters
    ----------
    pumps : Pumps
        Pumps of all lasers.
    rest : RestingStates
        Initial states of lasers with these pumps.
    seeds : list of SeedSequence
        One per chain; the stream of a chain depends on nothing else.
    model : Model
        Constants of the simulation.

    Returns
    -------
    Lanes
        Field drawn from thermal light at the quiescent photon number, carriers at rest.
    """
    pump = pumps.gain
    n_chains, n_lasers = pump.shape
    n_active = n_chains * n_lasers
    n_lanes = -(-n_active // LANE_BLOCK) * LANE_BLOCK
    constants = model.constants
    pump2 = np.full(n_lanes, pumps.absorber, dtype=np.float32)
    # Padding lanes repeat the first laser and are ignored.
    padded = np.full(n_lanes, pump.flat[0])
    padded[:n_active] = pump.ravel()
    words = np.empty((4, n_lanes), dtype=np.uint32)
    field = np.zeros((2, n_lanes))
    for c, seed in enumerate(seeds):
        generator = np.random.default_rng(seed)
        window = slice(c * n_lasers, (c + 1) * n_lasers)
        # Four words that are all zero would be a fixed point of the generator.
        words[:, window] = generator.integers(1, 2**32, (4, n_lasers), dtype=np.uint32)
        field[:, window] = generator.standard_normal((2, n_lasers))
    words[:, n_active:] = words[:, :1]
    photons, gain, absorber = rest.at(padded)
    field *= np.sqrt((photons + constants.vacuum) / 2)
    intensity = field[0] ** 2 + field[1] ** 2 - constants.vacuum
    return Lanes(
        field_x=field[0].astype(np.float32),
        field_y=field[1].astype(np.float32),
        gain=gain.astype(np.float32),
        absorber=absorber.astype(np.float32),
        pump=padded.astype(np.float32),
        absorber_pump=pump2,
        base=pump2.copy() if pumps.drives_absorber else padded.astype(np.float32),
        synaptic=np.zeros(n_lanes, dtype=np.float32),
        photons=intensity.astype(np.float32),
        armed=(intensity < constants.threshold).astype(np.int32),
        crossed=np.full(n_lanes, -1, dtype=np.float32),
        left=np.zeros(n_lanes, dtype=np.int32),
        rng0=words[0].copy(),
        rng1=words[1].copy(),
        rng2=words[2].copy(),
        rng3=words[3].copy(),
    )


def resumed(fresh: Lanes, start: NetworkState, constants: Constants) -> Lanes:
    """The same lanes with their random streams, but in the physical state of `start`."""

    def padded(values: NDArray[np.generic]) -> NDArray[np.float32]:
        lanes = np.full(fresh.pump.size, values.flat[0], dtype=np.float32)
        lanes[: values.size] = values.ravel()
        return lanes

    x, y = padded(start.field.real), padded(start.field.imag)
    photons = x * x + y * y - constants.vacuum
    return fresh._replace(
        field_x=x,
        field_y=y,
        gain=padded(start.gain_electrons),
        absorber=padded(start.absorber_electrons),
        photons=photons,
        armed=padded(start.armed).astype(np.int32),
    )


def spread(lanes: Lanes) -> Lanes:
    """Copy lanes to places in memory that suit vectors and caches.

    Each array begins with a line of the cache, so that no vector lies in two. The kernel goes
    through all arrays at once: at distances of whole pages, as the system places large arrays,
    their lines would compete for the same few places of the first cache. So they are a few lines
    apart.
    """
    n_bytes = 4 * lanes.pump.size  # of each array
    distance = -(-n_bytes // _PAGE) * _PAGE + _PAGE // len(lanes)
    block = np.empty(len(lanes) * distance + _LINE, dtype=np.uint8)
    first = -block.ctypes.data % _LINE
    copied = []
    for k, values in enumerate(lanes):
        begin = first + k * distance
        place = block[begin : begin + n_bytes].view(values.dtype)
        place[:] = values
        copied.append(place)
    return Lanes(*copied)


def bright(lanes: Lanes, own: Own | None) -> Bright:
    """Room for as many lanes as cross a window at once."""
    n_lanes = min(lanes.pump.size, LANES_AT_ONCE)
    room = spread(Lanes(*(values[:n_lanes] for values in lanes)))
    sections = None if own is None else Own(*(values[:n_lanes].copy() for values in own))
    return Bright(room, sections, *np.zeros((2, n_lanes + 1), dtype=np.int64))


def rises(n_lanes: int, window_steps: int) -> Rises:
    """Room for a rise of each lane in every other step of a window: it must fall in between.

    Of more lanes than cross a window at once, it is room for one rise each.
    """
    size = max(n_lanes, min(n_lanes, LANES_AT_ONCE) * (window_steps // 2 + 1))
    lane, step = np.zeros((2, size), dtype=np.int64)
    before, after = np.zeros((2, size), dtype=np.float32)
    return Rises(lane, step, before, after, np.zeros(1, dtype=np.int64))


def own(network: LaserNetwork, lanes: NDArray[np.int64]) -> Own | None:
    """Gain sections of these lanes of a bundle; None if all lasers are equal."""
    if network.threshold_ratio is None and network.gain_ratio is None:
        return None
    laser = lanes % network.n_lasers
    values = (network.gain_slope_per_ns, network.gain_transparency_electrons)
    return Own(*(v[laser].astype(np.float32) for v in values))


def faults(
    network: LaserNetwork, seeds: list[np.random.SeedSequence], n_lanes: int, tick_ns: float
) -> Faults | None:
    """Loss and jitter of spikes, with random streams of their own; None if there is none."""
    if network.lost_spikes == 0.0 and network.jitter_ns == 0.0:
        return None
    rng = np.zeros(n_lanes, dtype=np.uint64)
    n_lasers = network.n_lasers
    for c, seed in enumerate(seeds):
        stream = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, _FAULTS))
        words = stream.generate_state(n_lasers, np.uint64)
        rng[c * n_lasers : (c + 1) * n_lasers] = words
    std = network.jitter_ns / tick_ns
    return Faults(float(network.lost_spikes), std, math.ceil(JITTER_CUT * std), rng)


def depressed(
    network: LaserNetwork, n_lanes: int, tick_ns: float, start: NetworkState | None
) -> Depressed | None:
    """Resources of the synapses, full or from `start`; None without short-term depression."""
    about = network.depression
    if about is None:
        return None
    resource, amplitude = RESOURCE.started(n_lanes), SPIKE_AMPLITUDE.started(n_lanes)
    if start is not None and start.resource is not None:
        resource[: start.resource.size] = start.resource.ravel()
    if start is not None and start.spike_amplitude is not None:
        # In order of time, so that the last one stays.
        amplitude[start.spike_lane] = start.spike_amplitude
    return Depressed(
        about.utilisation,
        about.recovery_time_ns / tick_ns,
        resource,
        np.zeros(n_lanes, dtype=np.int64),
        amplitude,
    )


def events(tables: Coupling, n_lanes: int, window_steps: int, longest_jitter: int) -> Events:
    """Empty timing wheel for a bundle."""
    n_slots = 2 + 2 * window_steps
    if tables.group_delay.size:
        n_slots += tables.pulse_steps + int(tables.group_delay.max()) + longest_jitter
    # A rectangle's length rarely sees more than two spikes of a lane; `enlarged` helps if it does.
    size = 8 * n_lanes
    return Events(
        slot_head=np.full(n_slots, -1, dtype=np.int64),
        pool=np.zeros(size, dtype=EVENT),
        free=np.arange(size, dtype=np.int64),
        n_free=np.array([size], dtype=np.int64),
        last_spike=np.full(n_lanes, _NEVER, dtype=np.int64),
        last_end=np.full(n_lanes, -1, dtype=np.int64),
    )


def enlarged(events: Events) -> Events:
    """The same wheel with twice as many pool entries."""
    size = events.pool.size
    n_free = int(events.n_free[0])
    free = np.concatenate([events.free[:n_free], np.arange(size, 2 * size)])
    return events._replace(
        pool=np.append(events.pool, np.zeros(size, dtype=EVENT)),
        free=np.append(free, np.zeros(2 * size - free.size, dtype=np.int64)),
        n_free=np.array([n_free + size], dtype=np.int64),
    )
