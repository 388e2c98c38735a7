"""Properties of the integrator for any small network: resuming, and the timing wheel."""

from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lasersampling.lasers.device import load_device
from lasersampling.lasers.integrator import preparation, pulses
from lasersampling.lasers.integrator.tables import Lanes
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate
from lasersampling.lasers.synapse import Synapse

DEVICE = load_device("D2")
STEP_NS = 1e-3  # of all simulations here
ONE = np.float32(1.0)
BINARY = 256.0  # electrons/ns; sums of multiples of it are exact in single precision


@st.composite
def networks(draw, most_delay, shortest_pulse, longest_pulse):
    """Lasers with delays and pulses of whole steps, and weights whose sums are exact."""
    n = draw(st.integers(1, 4))
    weights = BINARY * np.array(
        draw(st.lists(st.integers(-8, 8), min_size=n * n, max_size=n * n)), dtype=np.float64
    ).reshape(n, n)
    np.fill_diagonal(weights, 0.0)
    delays = draw(st.lists(st.integers(0, most_delay), min_size=n * n, max_size=n * n))
    synapse = Synapse(
        duration_ns=STEP_NS * draw(st.integers(shortest_pulse, longest_pulse)),
        overlap=draw(st.sampled_from(["renew", "add"])),
    )
    ratio = st.sampled_from([None, np.linspace(0.97, 1.02, n)])
    return LaserNetwork(
        DEVICE, n, weights, STEP_NS * np.reshape(delays, (n, n)), synapse,
        threshold_ratio=draw(ratio), gain_ratio=draw(ratio),
    )  # fmt: skip


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    networks(3000, 200, 5000),
    st.integers(1, 3),
    st.lists(st.integers(1, 11_999), min_size=1, max_size=3, unique=True),
)
def test_a_resumed_simulation_is_the_uninterrupted_one(network, n_chains, splits):
    """Without noise, bit for bit: light, carriers, who spiked; times to rounding of their sum."""
    pump = np.linspace(1.8, 2.4, n_chains * network.n_lasers).reshape(n_chains, -1)
    drift = SimulationSettings(step_ps=1.0, burn_in_ns=0.0, noise=False)

    def run(n_steps, start=None):
        return simulate(
            network, pump, STEP_NS * n_steps, n_chains=n_chains, start=start, settings=drift
        )

    whole = run(12_000)
    assert whole.spikes.n_spikes >= 2 * n_chains
    times, units, end, before = [], [], None, 0
    for split in [*sorted(splits), 12_000]:
        part = run(split - before, end)
        for chain in range(n_chains):
            found, who = part.spikes.chain(chain)
            times.append((chain, found + STEP_NS * before))
            units.append((chain, who))
        end, before = part.end, split
    assert end is not None
    for name in ("field", "gain_electrons", "absorber_electrons", "armed"):
        assert np.array_equal(getattr(whole.end, name), getattr(end, name)), name
    assert np.array_equal(whole.end.spike_laser, end.spike_laser)
    assert np.allclose(whole.end.spike_time_ns, end.spike_time_ns, rtol=0.0, atol=1e-6)
    for chain in range(n_chains):
        expected, who = whole.spikes.chain(chain)
        assert np.array_equal(who, np.concatenate([u for c, u in units if c == chain]))
        found = np.concatenate([t for c, t in times if c == chain])
        assert np.allclose(expected, found, rtol=0.0, atol=1e-6)


class Spike(NamedTuple):
    """A laser that is seen to spike at the end of the step before `now`, by some steps late."""

    now: int
    lane: int
    late: int


def drive_by_sorting(network, spikes, n_steps, n_lanes):
    """Synaptic pump of each lane at each step, by a sorted list of edges."""
    pulse = round(network.synapse.duration_ns / STEP_NS)
    edges = []
    for lane in range(n_lanes):
        onsets = sorted(s.now + s.late for s in spikes if s.lane == lane)
        begins, ends = list(onsets), [onset + pulse for onset in onsets]
        if network.synapse.overlap == "renew":  # one pulse for spikes that come before its end
            later = [k for k in range(1, len(onsets)) if onsets[k] < ends[k - 1]]
            begins = [b for k, b in enumerate(begins) if k not in later]
            ends = [e for k, e in enumerate(ends) if k + 1 not in later]
        links = network.connections
        for k in np.flatnonzero(links.pre == lane % network.n_lasers):
            target = lane - lane % network.n_lasers + links.post[k]
            delay, weight = round(links.delay_ns[k] / STEP_NS), links.weight_electrons_per_ns[k]
            edges += [(begin + delay, target, weight) for begin in begins]
            edges += [(end + delay, target, -weight) for end in ends]
    drive = np.zeros((n_steps, n_lanes), dtype=np.float32)
    for due, target, change in sorted(edges):
        drive[due:, target] += np.float32(change)
    return drive


@st.composite
def networks_with_spikes(draw):
    """A network, and spikes of two copies of it in which no lane overtakes itself."""
    network = draw(networks(30, 1, 25))
    spikes = []
    seen: dict[int, tuple[int, int]] = {}
    times = draw(st.lists(st.integers(1, 99), max_size=40))
    for now in sorted(times):
        lane, late = draw(st.integers(0, 2 * network.n_lasers - 1)), draw(st.integers(0, 5))
        last_now, last_onset = seen.get(lane, (0, 0))
        if now > last_now and now + late > last_onset:
            spikes.append(Spike(now, lane, late))
            seen[lane] = now, now + late
    return network, spikes


def wheel_of(network, n_lanes, window):
    """Coupling, an empty wheel, lanes without light and constants, for windows of so many steps."""
    links = preparation.links(network, 1e3 * STEP_NS)
    every = slice(0, network.n_lasers)
    coupling = preparation.coupling(links, network, 1.0, 1e3 * STEP_NS, every)
    events = preparation.events(coupling, n_lanes, window, longest_jitter=5)
    kinds: dict[str, Any] = dict.fromkeys(("armed", "left"), np.int32)
    kinds |= {f"rng{k}": np.uint32 for k in range(4)}
    lanes = Lanes(**{f: np.zeros(n_lanes, kinds.get(f, np.float32)) for f in Lanes._fields})
    lanes.base[:] = 5000.0
    constants = preparation.constants(DEVICE, None, 1e3 * STEP_NS, noise=True, windows=window > 1)
    return coupling, events, lanes, constants


@settings(max_examples=60, deadline=None, derandomize=True)
@given(networks_with_spikes(), st.integers(0, 99))
def test_the_timing_wheel_delivers_what_a_sorted_list_does(case, enlarged_at):
    network, spikes = case
    n_lanes, n_steps, n_lasers = 2 * network.n_lasers, 100, network.n_lasers
    coupling, events, lanes, c = wheel_of(network, n_lanes, 1)
    drive = np.zeros((n_steps, n_lanes), dtype=np.float32)
    for step in range(n_steps):
        if step == enlarged_at or events.n_free[0] < 2 * n_lanes:
            events = preparation.enlarged(events)
        first = max(step - 1, 0)
        pulses.deliver(c, coupling, events, lanes, (n_lasers, 0), (first, step, step), ONE)
        drive[step] = lanes.synaptic
        for _, lane, late in (spike for spike in spikes if spike.now == step + 1):
            onset = step + 1 + late
            pulses.emit(coupling, events, None, n_lasers, lane, step + 1, onset)
    assert np.array_equal(drive, drive_by_sorting(network, spikes, n_steps, n_lanes))
    reached = lanes.synaptic != 0.0
    assert np.array_equal(lanes.pump[reached], np.maximum(5000.0 + lanes.synaptic[reached], 0.0))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(networks_with_spikes(), st.sampled_from([4, 9, 12]))
def test_windows_deliver_the_same_charge(case, window):
    """Drive times time and electrons at boundaries, against the drive of every step."""
    network, spikes = case
    n_lanes, n_steps, n_lasers = 2 * network.n_lasers, 300 // window * window, network.n_lasers
    coupling, events, lanes, c = wheel_of(network, n_lanes, window)
    lanes.base[:] = 1e6  # no pump is cut off at zero
    electrons = lanes.absorber if coupling.drives_absorber else lanes.gain
    charge = np.zeros(n_lanes)
    for step in range(0, n_steps, window):
        while events.n_free[0] < 2 * n_lanes * window:
            events = preparation.enlarged(events)
        around = max(step - window, 0), step, step + window // 2
        pulses.deliver(c, coupling, events, lanes, (n_lasers, 0), around, ONE)
        charge += window * STEP_NS * lanes.synaptic.astype(np.float64)
        for now, lane, late in spikes:
            if step < now <= step + window:
                pulses.emit(coupling, events, None, n_lasers, lane, step + 1, now + late)
    drive = drive_by_sorting(network, spikes, n_steps, n_lanes).astype(np.float64)
    expected = STEP_NS * drive.sum(axis=0)
    # All pulses are over by then, so nothing is left of the drive.
    assert np.abs(lanes.synaptic).max() < 1e-2
    scale = 1.0 + STEP_NS * np.abs(drive).sum(axis=0).max()
    assert np.abs(charge + electrons - expected).max() < 1e-5 * scale
