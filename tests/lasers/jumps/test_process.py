"""The jump process against exact laws, the meaning of synapses, and the rate equations."""

from dataclasses import fields

import numpy as np
import pytest

from lasersampling.errors import InputError, SimulationError
from lasersampling.lasers.device import Device, Section, load_device
from lasersampling.lasers.jumps import process as module
from lasersampling.lasers.jumps.process import JumpSettings, simulate_jumps
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.rate_equations import quiescent_state
from lasersampling.lasers.simulation import SimulationSettings, TraceRequest, simulate
from lasersampling.lasers.synapse import Synapse

DEVICE = load_device("D2")
P_TH = DEVICE.threshold_pump_electrons_per_ns
TAU_1 = DEVICE.gain.carrier_lifetime_ns


def replaced(device, **changes):
    return Device(**{f.name: getattr(device, f.name) for f in fields(device)} | changes)


def mean_and_error(values):
    """Mean over chains and its standard error."""
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(values.shape[0])


# ---- exact laws


@pytest.mark.slow
def test_without_light_the_carriers_are_poisson():
    """No emission into the mode: births at P and deaths at N/tau, stationary law Poisson(P tau)."""
    device = replaced(DEVICE, gain=Section(2.0, 1e-12, 7500.0), absorber=Section(0.1, 1e-3, 1.0))
    request = TraceRequest(tuple(range(50)), 0.0, 1000.0, 1e4)
    ratio = 20.0 / device.threshold_pump_electrons_per_ns
    traces = simulate_jumps(
        LaserNetwork(device, 50), ratio, 1000.0, seed=1,
        settings=JumpSettings(burn_in_ns=20.0, traces=request),
    ).traces  # fmt: skip
    assert traces is not None
    electrons = traces.gain_electrons.astype(np.float64)
    n = electrons.size  # 10 ns apart, five lifetimes: independent but for exp(-5)
    assert n == 50 * 101
    assert traces.photons.max() == 0
    assert electrons.mean() == pytest.approx(40.0, abs=4 * np.sqrt(40.0 / n))
    assert electrons.var() == pytest.approx(40.0, abs=4 * 40.0 * np.sqrt(2 / n))


@pytest.mark.slow
def test_with_frozen_carriers_the_photons_are_geometric():
    """So many carriers, so weakly coupled, that gain and loss stay: births at a (n + 1), deaths."""
    device = replaced(DEVICE, gain=Section(1e6, 1e-6, 1e8), absorber=Section(1e6, 1e-6, 1e6))
    pump = 900.0 / device.threshold_pump_electrons_per_ns
    rest = quiescent_state(device, pump)
    emission = 1e-6 * (rest.gain_electrons + rest.absorber_electrons)
    ratio = emission / (device.cavity.loss_per_ns + 100.0 + 1.0)
    assert 0.7 < ratio < 0.9
    result = simulate_jumps(
        LaserNetwork(device, 1), pump, 100.0, n_chains=40, seed=2,
        settings=JumpSettings(burn_in_ns=1.0, photon_histogram=200),
    )  # fmt: skip
    assert result.photon_histogram_ns is not None
    histogram = result.photon_histogram_ns[:, 0]
    assert histogram.sum(axis=1) == pytest.approx(100.0)
    number = np.arange(200)
    probability, error = mean_and_error(histogram / 100.0)
    expected = (1 - ratio) * ratio**number
    seen = expected > 1e-3
    assert error[seen].max() < 0.01
    # Forty values at once: four and a half standard errors, with 39 degrees of freedom.
    assert np.all(np.abs(probability - expected)[seen] < 4.5 * error[seen])
    # Thermal light: g2 = 2.
    mean, mean_error = mean_and_error(histogram @ number / 100.0)
    assert mean == pytest.approx(ratio / (1 - ratio), abs=4 * mean_error)
    pairs = histogram @ (number * (number - 1)) / 100.0
    g2 = pairs.mean() / mean**2
    assert g2 == pytest.approx(2.0, abs=4 * pairs.std(ddof=1) / np.sqrt(40) / mean**2)


@pytest.mark.parametrize("ratio", [0.8, 1.0])
def test_every_electron_is_accounted_for(ratio):
    """On average the pump is what recombines without light plus what leaves as photons."""
    pump, duration = ratio * P_TH, 200.0
    traces = simulate_jumps(
        LaserNetwork(DEVICE, 1),
        ratio,
        duration,
        seed=3,
        settings=JumpSettings(traces=TraceRequest((0,), 0.0, 200.0, 0.5)),
    ).traces
    assert traces is not None
    lost = DEVICE.cavity.loss_per_ns * traces.photons.astype(np.float64)
    for section, electrons in (
        (DEVICE.gain, traces.gain_electrons),
        (DEVICE.absorber, traces.absorber_electrons),
    ):
        dark = 1 / section.carrier_lifetime_ns - section.differential_gain_per_ns
        lost += dark * electrons.astype(np.float64)
    # Events of the pump and losses fluctuate by sqrt(2 P T); what is stored at the end may differ
    # from the beginning by what a pulse takes, 10^4 electrons.
    tolerance = 4 * np.sqrt(2 * pump / duration) + 1e4 / duration
    assert tolerance < 0.006 * pump
    assert lost.mean() == pytest.approx(pump, abs=tolerance)


# ---- seeds, threads, buffers


def test_same_seed_same_bits_for_any_number_of_threads_and_size_of_buffers(monkeypatch):
    weights = 300.0 * (np.ones((3, 3)) - np.eye(3))
    synapse = Synapse(kernel="shaped", kick=0.5, duration_ns=6.0, overlap="add")
    network = LaserNetwork(DEVICE, 3, weights, 9.0, synapse)

    def run(seed=5, **changes):
        settings = JumpSettings(burn_in_ns=5.0, photon_histogram=9, **changes)
        return simulate_jumps(network, 1.05, 25.0, n_chains=4, seed=seed, settings=settings)

    one, two, other = run(n_threads=1), run(n_threads=2), run(seed=6)
    monkeypatch.setattr(module, "_EVENTS_PER_CALL", 100_003)
    monkeypatch.setattr(module, "_SPIKES_PER_CALL", 2)
    monkeypatch.setattr(module, "_PULSES_PER_LINK", 2)
    small = run()
    assert one.spikes.n_spikes > 60
    for same in (two, small):
        assert np.array_equal(one.spikes.time_ns, same.spikes.time_ns)
        assert np.array_equal(one.spikes.unit, same.spikes.unit)
        assert np.array_equal(one.spikes.chain_offset, same.spikes.chain_offset)
        # Time at a photon number is added up in other portions.
        assert one.photon_histogram_ns == pytest.approx(same.photon_histogram_ns, abs=1e-9)
    assert not np.array_equal(one.spikes.time_ns[:5], other.spikes.time_ns[:5])
    first = [one.spikes.chain(c)[0][0] for c in range(4)]
    assert len(set(first)) == 4


def test_events_at_the_very_same_time_are_both_carried_out(monkeypatch):
    """Rare by chance, certain for two lasers with the same random numbers."""
    at_rest = module._at_rest

    def twins(*arguments):
        lasers = at_rest(*arguments)
        for values in (lasers.photons, lasers.gain, lasers.absorber, lasers.rng):
            values[1] = values[0]
        return lasers

    monkeypatch.setattr(module, "_at_rest", twins)
    spikes = simulate_jumps(
        LaserNetwork(DEVICE, 2), 1.0, 20.0, seed=1, settings=JumpSettings(burn_in_ns=0.0)
    ).spikes
    assert spikes.n_spikes >= 4
    assert np.array_equal(spikes.time_ns[spikes.unit == 0], spikes.time_ns[spikes.unit == 1])


# ---- what a spike does


N_TARGETS = 24
DARK_PUMP = 2000.0


def post_synaptic_gain(synapse, weight, delay_ns=0.0, stop=20.0):
    """Mean electrons of weakly pumped lasers driven by a self-pulsing one, and its spikes."""
    weights = np.zeros((N_TARGETS + 1, N_TARGETS + 1))
    weights[1:, 0] = weight
    network = LaserNetwork(DEVICE, N_TARGETS + 1, weights, delay_ns, synapse)
    pump = np.full(N_TARGETS + 1, DARK_PUMP / P_TH)
    pump[0] = 2.0
    targets = tuple(range(1, N_TARGETS + 1))
    result = simulate_jumps(
        network,
        pump,
        stop,
        seed=7,
        settings=JumpSettings(burn_in_ns=0.0, traces=TraceRequest(targets, 0.0, stop, 5.0)),
    )
    times, units = result.spikes.chain(0)
    assert result.traces is not None
    return result.traces.time_ns, result.traces.gain_electrons.mean(axis=0), times[units == 0]


def expected_gain(synapse, weight, delay_ns, time, spikes):
    """Integral of the kernel over the gain lifetime, kicks included; no overlapping pulses."""
    total = np.full_like(time, DARK_PUMP * TAU_1)
    for spike in spikes:
        since = time - spike - delay_ns
        on = np.maximum(since, 0.0)
        if synapse.kernel == "exponential":
            ts = synapse.time_constant_ns
            rise = (np.exp(-on / TAU_1) - np.exp(-on / ts)) / (1 / ts - 1 / TAU_1)
            total += weight * rise
            continue
        off = np.maximum(since - synapse.duration_ns, 0.0)
        total += weight * TAU_1 * (np.exp(-off / TAU_1) - np.exp(-on / TAU_1))
        kick = weight * synapse.kick * TAU_1
        total += kick * np.where(since >= 0, np.exp(-on / TAU_1), 0.0)
        total -= kick * np.where(since >= synapse.duration_ns, np.exp(-off / TAU_1), 0.0)
    return total


@pytest.mark.parametrize("delay_ns", [0.0, 0.7])
@pytest.mark.parametrize(
    ("synapse", "weight"),
    [
        (Synapse(duration_ns=0.8), 2000.0),
        (Synapse(duration_ns=0.8), -1500.0),
        (Synapse(kernel="shaped", kick=1.0, duration_ns=0.8), 1000.0),
        (Synapse(kernel="shaped", kick=0.45, duration_ns=0.8), 1500.0),
        (Synapse(kernel="exponential", time_constant_ns=0.5), 3000.0),
        (Synapse(kernel="exponential", time_constant_ns=0.5), -1200.0),
    ],
)
def test_a_spike_changes_the_gain_as_the_kernel_says(synapse, weight, delay_ns):
    time, gain, spikes = post_synaptic_gain(synapse, weight, delay_ns)
    assert spikes.size > 3
    assert np.diff(spikes).min() > 0.8
    expected = expected_gain(synapse, weight, delay_ns, time, spikes)
    difference = gain - expected
    # Mean of 24 Poisson numbers of at most 9000: 20 electrons. Neighbouring times are correlated,
    # some 20 independent ones remain. Light takes and gives few electrons, some 10.
    error = np.sqrt(expected / N_TARGETS)
    assert np.all(np.abs(difference) < 4.5 * error + 15.0)
    assert abs(difference.mean()) < 4 * error.mean() / np.sqrt(10) + 15.0
    assert np.ptp(expected) > 15 * error.mean()


def test_a_synapse_can_drive_the_absorber():
    """Electrons follow the rectangle with the absorber's lifetime, up and down."""
    weights = np.zeros((2, 2))
    weights[1, 0] = 9000.0
    synapse = Synapse(duration_ns=1.0, section="absorber")
    network = LaserNetwork(DEVICE, 2, weights, 0.5, synapse)
    result = simulate_jumps(
        network,
        [1.02, 0.0],
        60.0,
        n_chains=1,
        seed=3,
        settings=JumpSettings(burn_in_ns=0.0, traces=TraceRequest((1,), 0.0, 60.0, 50.0)),
    )
    times, units = result.spikes.chain(0)
    spikes = times[units == 0]
    assert spikes.size > 5
    lifetime = DEVICE.absorber.carrier_lifetime_ns
    assert result.traces is not None
    since = np.maximum(result.traces.time_ns[:, None] - spikes - 0.5, 0.0)
    level = np.exp(-np.maximum(since - 1.0, 0.0) / lifetime) - np.exp(-since / lifetime)
    expected = (9000.0 * lifetime * level).sum(axis=1)
    deviation = result.traces.absorber_electrons[0] - expected
    # Poisson numbers: the deviation has variance `expected`.
    assert np.abs(deviation).max() < 5 * np.sqrt(expected.max())
    assert expected.max() > 800
    # Only what absorbs the light of the absorber: no pump.
    assert result.traces.gain_electrons.max() < 50


@pytest.mark.parametrize("overlap", ["renew", "add"])
def test_overlapping_pulses_renew_or_add(overlap):
    """A laser far above threshold spikes again within the 4 ns of a pulse."""
    synapse = Synapse(duration_ns=4.0, overlap=overlap)
    time, gain, spikes = post_synaptic_gain(synapse, 800.0, delay_ns=6.0, stop=40.0)
    settled = gain[time > 22.0].mean()
    interval = np.diff(spikes[spikes > 10.0])
    assert interval.max() < 3.9
    pulses_at_once = 4.0 / interval.mean() if overlap == "add" else 1.0
    expected = (DARK_PUMP + 800.0 * pulses_at_once) * TAU_1
    assert settled == pytest.approx(expected, rel=0.03)


def test_delays_are_exact_and_belong_to_connections():
    weights, delay = np.zeros((3, 3)), np.zeros((3, 3))
    weights[1:, 0] = 20_000.0
    delay[1, 0], delay[2, 0] = 0.5003, 2.5
    network = LaserNetwork(DEVICE, 3, weights, delay, Synapse(duration_ns=1.0))
    result = simulate_jumps(
        network,
        [1.1, 0.0, 0.0],
        15.0,
        seed=7,
        settings=JumpSettings(burn_in_ns=0.0, traces=TraceRequest((1, 2), 0.0, 15.0, 0.1)),
    )
    times, _ = result.spikes.chain(0)
    assert result.traces is not None
    starts = [result.traces.time_ns[np.argmax(row > 0)] for row in result.traces.gain_electrons]
    # The first electron comes after 0.05 ps on average.
    assert np.array(starts) - times[0] == pytest.approx([0.5003, 2.5], abs=0.0008)


def test_more_inhibition_than_pump_stops_the_pump():
    weights = [[0.0, 0.0], [-1e5, 0.0]]
    network = LaserNetwork(DEVICE, 2, weights, 0.0, Synapse(duration_ns=30.0))
    traces = simulate_jumps(
        network,
        [1.2, 100.0 / P_TH],
        25.0,
        seed=1,
        settings=JumpSettings(burn_in_ns=0.0, traces=TraceRequest((1,), 0.0, 25.0, 100.0)),
    ).traces
    assert traces is not None
    assert traces.gain_electrons[0, 0] > 150
    assert traces.gain_electrons[0, -1] == 0.0


def test_a_kick_that_takes_more_electrons_than_there_are_is_reported():
    synapse = Synapse(kernel="shaped", kick=1.0, duration_ns=1.0)
    network = LaserNetwork(DEVICE, 2, [[0.0, 0.0], [-1e5, 0.0]], 0.0, synapse)
    with pytest.raises(SimulationError, match="takes more electrons than there are"):
        simulate_jumps(network, [1.2, 100.0 / P_TH], 25.0, seed=1)


# ---- arguments


def test_progress_ends_at_one():
    seen: list[float] = []
    simulate_jumps(LaserNetwork(DEVICE, 1), 100.0 / P_TH, 5.0, n_chains=3, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def traced(*request):
    return {"settings": JumpSettings(traces=TraceRequest(*request))}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration_ns": float("nan")}, "duration_ns: got nan"),
        ({"n_chains": 0}, "n_chains: got 0"),
        ({"seed": -1}, "seed: got -1"),
        ({"settings": SimulationSettings()}, "settings: got SimulationSettings"),
        ({"settings": JumpSettings(photon_histogram=10**9), "n_chains": 10**6}, "GiB"),
        ({"pump_ratio": [1.0, 2.0, 3.0]}, r"shape \(3,\)"),
        (traced((2,), 0, 5, 1), r"traces.lasers\[0\]: got 2"),
        (traced((0,), 0, 50, 1), "a window within 0 to 10 ns"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    usual = {"pump_ratio": 1.0, "duration_ns": 10.0}
    with pytest.raises(InputError, match=message):
        simulate_jumps(LaserNetwork(DEVICE, 2), **{**usual, **arguments})


# ---- the rate equations


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ratio", "duration_ns"),
    [
        ("D2", 0.92, 20_000.0),
        ("D2", 1.0, 3000.0),
        ("D2", 1.03, 2000.0),
        ("D1", 1.2, 2000.0),
        ("D4", 1.04, 2000.0),
        ("D5", 0.97, 2000.0),
        ("D6", 0.8392, 12_000.0),
        ("D6", 0.8981, 2000.0),
    ],
)
def test_rate_and_activation_agree_with_the_rate_equations(name, ratio, duration_ns):
    device = load_device(name)
    network = LaserNetwork(device, 1)
    tau = device.refractory_time_ns
    exact = simulate_jumps(network, ratio, duration_ns / 10, n_chains=10, seed=11).spikes
    step = min(device.step_ps, 1.0)
    equations = simulate(
        network, ratio, 500.0, n_chains=400, seed=12, settings=SimulationSettings(step_ps=step)
    ).spikes
    for jumps, langevin in (
        (exact.rate_per_ns()[:, 0], equations.rate_per_ns()[:, 0]),
        (exact.active_fraction(tau)[:, 0], equations.active_fraction(tau)[:, 0]),
    ):
        expected, error = mean_and_error(jumps)
        found, its_error = mean_and_error(langevin)
        # Either 2 %, or three standard errors: sixteen comparisons at once.
        tolerance = max(0.02 * expected, 3 * np.hypot(error, its_error))
        assert found == pytest.approx(expected, abs=tolerance)


@pytest.mark.slow
def test_coupled_lasers_agree_with_the_rate_equations():
    """Two lasers that excite each other spike more often, by the same amount in both methods."""
    weights = 2500.0 * (np.ones((2, 2)) - np.eye(2))
    network = LaserNetwork(DEVICE, 2, weights)
    pump = 0.95
    exact = simulate_jumps(
        network, pump, 60.0, n_chains=10, seed=3, settings=JumpSettings(burn_in_ns=20.0)
    ).spikes
    equations = simulate(network, pump, 200.0, n_chains=100, seed=4).spikes
    alone = simulate(LaserNetwork(DEVICE, 1), pump, 200.0, n_chains=100, seed=5).spikes
    expected, its_error = mean_and_error(equations.rate_per_ns().mean(axis=1))
    found, error = mean_and_error(exact.rate_per_ns().mean(axis=1))
    single, _ = mean_and_error(alone.rate_per_ns()[:, 0])
    total = np.hypot(error, its_error)
    assert expected - single > 5 * total
    assert found == pytest.approx(expected, abs=3 * total)
