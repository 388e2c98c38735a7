"""Preparation of the data of the compiled kernel: constants, couplings, lanes, event pool."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lasersampling.lasers.depression import RESOURCE, SPIKE_AMPLITUDE
from lasersampling.lasers.device import Device
from lasersampling.lasers.integrator.monitoring import monitored_levels
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.integrator.tables import (
    Arrivals,
    Constants,
    Coupling,
    Depressed,
    Events,
    Faults,
    Lanes,
    Model,
    Own,
)
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.rate_equations import VACUUM_PHOTONS, Coefficients
from lasersampling.lasers.resting import RestingStates

LANE_BLOCK = 16
"""Lanes are padded to the widest vector of float32, so that no remainder loop runs."""

_STEP_TICKS = (4, 2, 1)
"""Own steps in the dark, in dim and in bright light; the requested step is the middle one."""

_STEP_LEVELS = (1 / 40, 1 / 10)
"""Upper limits of dark and dim light, relative to the detection threshold."""

JITTER_CUT = 4.0
"""Number of standard deviations at which jitter is truncated."""

_FAULTS = 1  # a spawn key that no other stream of a chain has
_NEVER = np.iinfo(np.int64).min // 2


def constants(
    device: Device,
    synapse_time_constant_ns: float | None,
    step_ps: float,
    *,
    noise: bool,
    own_steps: bool,
) -> Constants:
    """Device and steps for the kernel; levels for an observation after each bright step."""
    tick = step_ps * 1e-3
    dark, dim, bright = (1, 1, 1)
    if own_steps:
        dark, dim, bright = _STEP_TICKS
        tick /= dim
    decay = 0.0 if synapse_time_constant_ns is None else np.exp(-tick / synapse_time_constant_ns)
    c = Coefficients.of(device)
    threshold, rearm = device.detection.threshold_photons, device.detection.rearm_photons
    dark_level, dim_level = (threshold * part for part in _STEP_LEVELS)
    if noise:
        threshold, rearm = monitored_levels(device.detection, c, tick * bright)
    values = (
        dark_level,
        dim_level,
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
        np.float32(tick),
        np.int32(dark),
        np.int32(dim),
        np.int32(bright),
        *(np.float32(value) for value in values),
    )


def coupling(network: LaserNetwork, refractory_time_ns: float, step_ps: float) -> Coupling:
    """Sort connections by presynaptic laser and delay, and group equal delays."""
    step = step_ps * 1e-3
    links = network.connections
    synapse = network.synapse
    assert synapse is not None  # the network has put the device's own in its place
    delay = np.rint(links.delay_ns / step).astype(np.int64)
    order = np.lexsort((links.post, delay, links.pre))
    pre, delay = links.pre[order], delay[order]
    is_first = np.ones(order.size, dtype=bool)
    is_first[1:] = (np.diff(pre) != 0) | (np.diff(delay) != 0)
    first = np.flatnonzero(is_first)
    weight = links.weight_electrons_per_ns[order]
    if network.depression is not None:
        weight = network.depression.full_strength * weight
    pulse = 0
    if synapse.kernel != "exponential":
        pulse = max(1, round(synapse.length_ns(refractory_time_ns) / step))
    return Coupling(
        group_start=np.searchsorted(pre[first], np.arange(network.n_lasers + 1)).astype(np.int64),
        group_delay=delay[first],
        link_start=np.append(first, order.size).astype(np.int64),
        link_post=links.post[order].astype(np.int64),
        link_weight=weight.astype(np.float32),
        pulse_steps=pulse,
        kick=np.float32(synapse.kick * network.device.driven_by(synapse).carrier_lifetime_ns),
        drives_absorber=synapse.section == "absorber",
        retrigger=synapse.overlap == "renew" and pulse > 0,
    )


def lanes(
    pump: NDArray[np.float64],
    rest: RestingStates,
    seeds: list[np.random.SeedSequence],
    model: Model,
    absorber_pump: float,
) -> Lanes:
    """State of a bundle of chains at rest.

    Parameters
    ----------
    pump : ndarray, shape (chain, laser)
        Pump P [electrons/ns].
    rest : RestingStates
        Initial states of lasers with these pumps.
    seeds : list of SeedSequence
        One per chain; the stream of a chain depends on nothing else.
    model : Model
        Constants of the simulation.
    absorber_pump : float
        Pump P2 without what synapses add [electrons/ns].

    Returns
    -------
    Lanes
        Field drawn from thermal light at the quiescent photon number, carriers at rest.
    """
    n_chains, n_lasers = pump.shape
    n_active = n_chains * n_lasers
    n_lanes = -(-n_active // LANE_BLOCK) * LANE_BLOCK
    constants = model.constants
    pump2 = np.full(n_lanes, absorber_pump, dtype=np.float32)
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
        base=pump2.copy() if model.coupling.drives_absorber else padded.astype(np.float32),
        synaptic=np.zeros(n_lanes, dtype=np.float32),
        photons=intensity.astype(np.float32),
        armed=(intensity < constants.threshold).astype(np.int32),
        crossed=np.full(n_lanes, -1, dtype=np.float32),
        ticks=np.full(n_lanes, constants.bright_ticks, dtype=np.int32),
        taken=np.full(n_lanes, constants.bright_ticks, dtype=np.int32),
        clock=np.zeros(n_lanes, dtype=np.int32),
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
    dimmer = np.where(photons < constants.dark_level, constants.dark_ticks, constants.dim_ticks)
    ticks = np.where(photons < constants.dim_level, dimmer, constants.bright_ticks)
    return fresh._replace(
        field_x=x,
        field_y=y,
        gain=padded(start.gain_electrons),
        absorber=padded(start.absorber_electrons),
        photons=photons,
        armed=padded(start.armed).astype(np.int32),
        ticks=ticks.astype(np.int32),
        taken=ticks.astype(np.int32),
    )


def arrivals(n_lanes: int) -> Arrivals:
    """Memory for the states in which lanes reach the end."""
    x, y, gain, absorber = np.zeros((4, n_lanes), dtype=np.float32)
    origin, tick = np.zeros(n_lanes, dtype=np.int64), np.full(n_lanes, -1, dtype=np.int64)
    armed = np.zeros(n_lanes, dtype=np.int32)
    return Arrivals(origin, tick, x, y, gain, absorber, armed)


def own(network: LaserNetwork, n_lanes: int) -> Own | None:
    """Gain sections of the lanes of a bundle; None if all lasers are equal."""
    if network.threshold_ratio is None and network.gain_ratio is None:
        return None
    values = (network.gain_slope_per_ns, network.gain_transparency_electrons)
    slope, transparency = (np.resize(v, n_lanes).astype(np.float32) for v in values)
    return Own(slope, transparency)


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


def events(tables: Coupling, n_lanes: int, longest_jitter: int = 0) -> Events:
    """Empty timing wheel for a bundle."""
    n_slots = 2
    if tables.group_delay.size:
        n_slots += tables.pulse_steps + int(tables.group_delay.max()) + longest_jitter
    # A rectangle's length rarely sees more than two spikes of a lane; `enlarged` helps if it does.
    size = 8 * n_lanes
    return Events(
        slot_head=np.full(n_slots, -1, dtype=np.int64),
        next=np.zeros(size, dtype=np.int64),
        lane=np.zeros(size, dtype=np.int64),
        phase=np.zeros(size, dtype=np.int64),
        group=np.zeros(size, dtype=np.int64),
        origin=np.zeros(size, dtype=np.int64),
        amount=np.zeros(size, dtype=np.float32),
        cancelled=np.zeros(size, dtype=np.int64),
        free=np.arange(size, dtype=np.int64),
        n_free=np.array([size], dtype=np.int64),
        last_spike=np.full(n_lanes, _NEVER, dtype=np.int64),
        last_end=np.full(n_lanes, -1, dtype=np.int64),
    )


def enlarged(pool: Events) -> Events:
    """The same wheel with twice as many pool entries."""
    size = pool.next.size
    empty = np.zeros(size, dtype=np.int64)
    n_free = int(pool.n_free[0])
    free = np.concatenate([pool.free[:n_free], np.arange(size, 2 * size)])
    return pool._replace(
        next=np.append(pool.next, empty),
        lane=np.append(pool.lane, empty),
        phase=np.append(pool.phase, empty),
        group=np.append(pool.group, empty),
        origin=np.append(pool.origin, empty),
        amount=np.append(pool.amount, empty.astype(np.float32)),
        cancelled=np.append(pool.cancelled, empty),
        free=np.append(free, np.zeros(2 * size - free.size, dtype=np.int64)),
        n_free=np.array([n_free + size], dtype=np.int64),
    )
