"""The integrator against independent methods: theory, scipy's solver, a plain Euler loop."""

from dataclasses import fields

import numpy as np
import pytest
import scipy.sparse
from scipy.integrate import solve_ivp

from lasersampling.errors import InputError, SimulationError
from lasersampling.lasers import simulation as module
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import Device, load_device
from lasersampling.lasers.euler import euler_rates
from lasersampling.lasers.integrator import bundle as bundle_module
from lasersampling.lasers.integrator.bright import LANES_AT_ONCE
from lasersampling.lasers.jumps.process import JumpSettings
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.rate_equations import drift, net_gain, quiescent_state
from lasersampling.lasers.simulation import SimulationSettings, TraceRequest, simulate
from lasersampling.lasers.synapse import Synapse

DEVICE = load_device("D2")
TAU_1 = DEVICE.gain.carrier_lifetime_ns


def replaced(device, **changes):
    return Device(**{f.name: getattr(device, f.name) for f in fields(device)} | changes)


def test_same_seed_same_bits_for_any_number_of_threads_and_bundles(monkeypatch):
    weights = 500.0 * (np.ones((3, 3)) - np.eye(3))
    network = LaserNetwork(DEVICE, 3, weights)

    def run(seed=5, **changes):
        settings = SimulationSettings(**changes)
        return simulate(network, 0.96, 150.0, n_chains=30, seed=seed, settings=settings).spikes

    one, two, other = run(n_threads=1), run(n_threads=2), run(seed=6)
    monkeypatch.setattr(module, "LANES_PER_BUNDLE", 9)
    small = run()
    assert one.n_spikes > 500
    for same in (two, small):
        assert np.array_equal(one.time_ns, same.time_ns)
        assert np.array_equal(one.unit, same.unit)
        assert np.array_equal(one.chain_offset, same.chain_offset)
    assert not np.array_equal(one.time_ns[:50], other.time_ns[:50])


def test_lasers_with_steps_of_their_own_give_the_same_bits_too(monkeypatch):
    network = LaserNetwork(DEVICE, 3)
    pump = np.array([0.9, 0.96, 1.05])

    def run(**changes):
        settings = SimulationSettings(**changes)
        return simulate(network, pump, 150.0, n_chains=60, seed=5, settings=settings).spikes

    one, two, common = run(n_threads=1), run(n_threads=2), run(common_step=True)
    monkeypatch.setattr(module, "LANES_PER_BUNDLE", 9)
    monkeypatch.setattr(bundle_module, "_SPIKE_BUFFER_PER_LANE", 2)
    small = run()
    assert one.n_spikes > 1000
    for same in (two, small):
        assert np.array_equal(one.time_ns, same.time_ns)
        assert np.array_equal(one.unit, same.unit)
    assert one.time_ns.max() <= 150.0
    # Other steps are other paths of the same law.
    assert not np.array_equal(one.time_ns[:50], common.time_ns[:50])
    rates = np.stack([one.rate_per_ns(), common.rate_per_ns()])
    difference = rates[0].mean(axis=0) - rates[1].mean(axis=0)
    error = np.sqrt((rates.var(axis=1, ddof=1) / 60).sum(axis=0))
    assert np.all(np.abs(difference) < 4 * error + 0.01 * rates[1].mean(axis=0))


def test_threads_that_share_a_chain_give_the_same_bits(monkeypatch):
    """With delays, depression, lost and late spikes, which all parts of the chain must know."""
    n, generator = 70, np.random.default_rng(3)
    weights = generator.normal(0.0, 300.0, (n, n)) * (1.0 - np.eye(n))
    weights[generator.random((n, n)) < 0.5] = 0.0
    network = LaserNetwork(
        DEVICE, n, weights, generator.choice([0.0, 0.1, 0.7], (n, n)), lost_spikes=0.1,
        jitter_ns=0.02, depression=Depression(utilisation=0.4, recovery_time_ns=5.0),
    )  # fmt: skip

    def run(threads):
        settings = SimulationSettings(n_threads=threads, burn_in_ns=5.0)
        return simulate(network, 0.97, 60.0, seed=4, settings=settings)

    one = run(1)
    assert one.spikes.n_spikes > 400
    monkeypatch.setattr(module, "FEWEST_LANES_PER_PART", 16)
    monkeypatch.setattr(bundle_module, "_SPIKE_BUFFER_PER_LANE", 1)
    for threads in (2, 3):
        same = run(threads)
        assert np.array_equal(one.spikes.time_ns, same.spikes.time_ns)
        assert np.array_equal(one.spikes.unit, same.spikes.unit)
        for name, values in one.end.arrays().items():
            assert np.array_equal(values, getattr(same.end, name)), name


def test_more_lasers_than_cross_a_window_at_once_have_the_same_bits_in_parts():
    """Their lanes are divided at other places; gain sections, losses and jitter are of each."""
    n, generator = LANES_AT_ONCE + 500, np.random.default_rng(3)
    before = np.repeat(np.arange(n), 5)
    behind = (before + generator.integers(1, n, before.size)) % n
    weights = generator.normal(0.0, 300.0, before.size)
    network = LaserNetwork(
        DEVICE, n, scipy.sparse.coo_array((weights, (behind, before)), shape=(n, n)),
        gain_ratio=generator.normal(1.0, 0.01, n), lost_spikes=0.1, jitter_ns=0.02,
    )  # fmt: skip

    def run(threads):
        settings = SimulationSettings(n_threads=threads, burn_in_ns=2.0)
        return simulate(network, 0.97, 8.0, seed=4, settings=settings)

    one, two = run(1), run(2)
    assert one.spikes.n_spikes > 2000
    assert np.array_equal(one.spikes.time_ns, two.spikes.time_ns)
    assert np.array_equal(one.spikes.unit, two.spikes.unit)
    for name, values in one.end.arrays().items():
        assert np.array_equal(values, getattr(two.end, name)), name


def test_coupled_lasers_have_the_same_law_in_windows_and_in_common_steps():
    """Rates, and how often both of a pair are on, to 1 % and four standard errors."""
    weights = np.array([[0.0, 900.0, -900.0], [900.0, 0.0, 500.0], [-900.0, 500.0, 0.0]])
    network, n = LaserNetwork(DEVICE, 3, weights), 400
    counts, pairs = [], []
    for common, seed in ((False, 1), (True, 2)):
        settings = SimulationSettings(common_step=common)
        spikes = simulate(network, 0.955, 150.0, n_chains=n, seed=seed, settings=settings).spikes
        counts.append(spikes.counts())
        on = spikes.states(4.0, np.arange(5.0, 150.0, 1.0)).astype(np.float64)
        pairs.append(np.einsum("ctj,ctk->cjk", on, on)[:, *np.triu_indices(3, 1)] / on.shape[1])
    for values in (counts, pairs):
        means = [value.mean(axis=0) for value in values]
        error = np.hypot(*(value.std(axis=0, ddof=1) / n**0.5 for value in values))
        assert np.all(error < 0.02 * means[1])
        assert np.all(np.abs(means[0] - means[1]) < 0.01 * means[1] + 4.0 * error)


def test_chains_are_independent():
    spikes = simulate(LaserNetwork(DEVICE, 1), 1.0, 100.0, n_chains=40, seed=2).spikes
    first = [tuple(spikes.chain(c)[0][:2]) for c in range(40)]
    assert len(set(first)) == 40


def test_some_chains_have_the_bits_that_they_have_among_all():
    weights = 500.0 * (np.ones((3, 3)) - np.eye(3))
    network = LaserNetwork(DEVICE, 3, weights, lost_spikes=0.1, jitter_ns=0.02)
    pump = 0.9 + 0.1 * np.random.default_rng(1).random((7, 3))

    def run(chains, duration_ns, **more):
        settings = SimulationSettings(burn_in_ns=5.0, chains=chains)
        return simulate(network, pump, duration_ns, n_chains=7, settings=settings, **more)

    every, few = run(None, 60.0, seed=4), run((2, 5), 60.0, seed=4)
    after = run(None, 20.0, seed=5, start=every.end), run((2, 5), 20.0, seed=5, start=few.end)
    for whole, part in ((every, few), after):
        assert part.spikes.n_chains == part.end.n_chains == 3
        for k in range(3):
            for one, other in zip(part.spikes.chain(k), whole.spikes.chain(k + 2), strict=True):
                assert len(one) and np.array_equal(one, other)
        own = whole.end.part(np.arange(2, 5), np.arange(3)).arrays()
        for name, values in part.end.arrays().items():
            assert np.array_equal(values, own[name]), name
    with pytest.raises(InputError, match=r"chains: got \(5, 9\), expected an end up to 7"):
        run((5, 9), 10.0)


def test_below_threshold_light_is_thermal():
    """Far below threshold the carriers hardly move: <S> = R / (-G) and g2 = <S^2>/<S>^2 = 2."""
    pump = 0.6
    request = TraceRequest(tuple(range(64)), 0.0, 400.0, 50.0)
    traces = simulate(
        LaserNetwork(DEVICE, 64), pump, 400.0, seed=3, settings=SimulationSettings(traces=request)
    ).traces
    assert traces is not None
    photons = traces.photons.astype(np.float64)
    # The field forgets within 2/|G|, 10 ps here, so readings 50 ps apart are independent:
    # thermal light has var S = <S>^2.
    expected = quiescent_state(DEVICE, pump).photons
    n = photons.size
    assert n > 500_000
    assert photons.mean() == pytest.approx(expected, abs=0.01 * expected + 4 * expected / n**0.5)
    # <n (n - 1)> in symmetric order.
    g2 = ((photons**2).mean() - photons.mean() - 0.25) / photons.mean() ** 2
    # var of S^2/<S>^2 is 20 for an exponential law, of its ratio estimate 4: error 2/sqrt(n).
    assert g2 == pytest.approx(2.0, abs=0.01 + 4 * 2 / n**0.5)


@pytest.mark.parametrize(
    ("name", "ratio", "step_ps"),
    [
        ("D2", 0.97, 4.0),
        pytest.param("D2", 0.93, 4.0, marks=pytest.mark.slow),
        pytest.param("D2", 1.05, 4.0, marks=pytest.mark.slow),
        pytest.param("D1", 1.2, 1.0, marks=pytest.mark.slow),
        pytest.param("D4", 1.04, 1.0, marks=pytest.mark.slow),
    ],
)
def test_spike_rate_agrees_with_a_plain_euler_loop(name, ratio, step_ps):
    device = load_device(name)
    plain = euler_rates(device, ratio, 1000.0, n_lasers=20, step_ps=0.25, seed=0)
    expected, error = plain.mean(), plain.std(ddof=1) / np.sqrt(20)
    spikes = simulate(
        LaserNetwork(device, 1),
        ratio,
        500.0,
        n_chains=400,
        seed=4,
        settings=SimulationSettings(step_ps=step_ps),
    ).spikes
    rates = spikes.rate_per_ns()[:, 0]
    total = np.hypot(error, rates.std(ddof=1) / np.sqrt(400))
    assert total < 0.02 * expected
    # 1 % for the step of either scheme, and three standard errors.
    assert rates.mean() == pytest.approx(expected, abs=0.01 * expected + 3 * total)


def test_without_noise_an_excited_pulse_follows_the_rate_equations():
    """A pump step triggers a pulse; the field equation without noise is dS/dt = G S."""
    pump = 1.3
    request = TraceRequest((0,), 0.0, 4.0, 1.0)
    traces = simulate(
        LaserNetwork(DEVICE, 1),
        pump,
        4.0,
        settings=SimulationSettings(noise=False, burn_in_ns=0.0, step_ps=0.25, traces=request),
    ).traces
    assert traces is not None
    start = [float(traces.photons[0, 0]), float(traces.gain_electrons[0, 0]),
             float(traces.absorber_electrons[0, 0])]  # fmt: skip

    def change(time, state):
        # In log S, since between pulses the photon number falls by many orders of magnitude.
        n1, n2 = state[1:]
        rates = drift(DEVICE, [np.exp(state[0]), n1, n2], pump)
        return [net_gain(DEVICE, n1, n2), rates[1], rates[2]]

    solution = solve_ivp(
        change, (0.0, 4.0), [np.log(start[0]), *start[1:]], "LSODA", t_eval=traces.time_ns,
        rtol=1e-10, atol=1e-8,
    )  # fmt: skip
    exact = np.exp(solution.y[0])
    peak, at = traces.photons[0].max(), traces.photons[0].argmax()
    assert peak > 3000
    assert peak == pytest.approx(exact.max(), rel=3e-3)
    assert traces.time_ns[at] == pytest.approx(traces.time_ns[exact.argmax()], abs=2e-3)
    assert traces.gain_electrons[0].min() == pytest.approx(solution.y[1].min(), rel=2e-3)


@pytest.mark.parametrize("every_ps", [5.0, 20.0])
def test_traces_and_spikes_tell_the_same_story(every_ps):
    request = TraceRequest((1, 0), 10.0, 60.0, every_ps)
    result = simulate(
        LaserNetwork(DEVICE, 2), 1.0, 80.0, seed=1, settings=SimulationSettings(traces=request)
    )
    traces = result.traces
    assert traces is not None
    assert traces.time_ns[0] == pytest.approx(10.0)
    assert traces.time_ns[-1] == pytest.approx(60.0)
    assert np.isfinite(traces.photons).all()
    times, units = result.spikes.chain(0)
    for row, laser in enumerate(traces.laser):
        mine = times[(units == laser) & (times > 10.0) & (times < 60.0)]
        assert mine.size > 3
        level = DEVICE.detection.threshold_photons
        above = np.interp(mine + 0.02, traces.time_ns, traces.photons[row])
        before = np.interp(mine - 0.06, traces.time_ns, traces.photons[row])
        assert (above > level).all()
        assert (before < level).all()


def post_synaptic_gain(synapse, weight, delay_ns=0.0, pump_ratio=2.0, stop=25.0):
    """Electrons that a dark laser collects from a self-pulsing one, and the spikes of that one."""
    weights = np.zeros((2, 2))
    weights[1, 0] = weight
    network = LaserNetwork(DEVICE, 2, weights, delay_ns, synapse)
    result = simulate(
        network,
        [pump_ratio, 0.0],
        stop,
        seed=7,
        settings=SimulationSettings(
            step_ps=1.0, burn_in_ns=0.0, noise=False, traces=TraceRequest((1,), 0.0, stop, 1.0)
        ),
    )
    times, units = result.spikes.chain(0)
    assert result.traces is not None
    return result.traces.time_ns, result.traces.gain_electrons[0], times[units == 0]


def expected_gain(synapse, weight, delay_ns, time, spikes):
    """Integral of the kernel over the gain lifetime, kicks included; no overlapping pulses."""
    total = np.zeros_like(time)
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
    "synapse",
    [
        Synapse(duration_ns=1.0),
        Synapse(kernel="shaped", kick=0.45, duration_ns=1.0),
        Synapse(kernel="shaped", kick=1.0, duration_ns=1.0),
        Synapse(kernel="exponential", time_constant_ns=0.5),
    ],
)
def test_a_spike_changes_the_gain_as_the_kernel_says(synapse, delay_ns):
    weight = 4000.0
    time, gain, spikes = post_synaptic_gain(synapse, weight, delay_ns)
    assert spikes.size > 3
    assert np.diff(spikes).min() > 1.0
    expected = expected_gain(synapse, weight, delay_ns, time, spikes)
    # Away from the edges, which the kernel puts on whole steps of 1 ps; a step more or less of
    # the pump is a thousandth of the pulse.
    edges = np.concatenate([spikes + delay_ns, spikes + delay_ns + 1.0])
    smooth = np.abs(time[:, None] - edges).min(axis=1) > 0.004
    assert np.abs(gain - expected)[smooth].max() < 0.003 * weight
    assert gain.max() > 0.3 * weight


def test_a_synapse_can_drive_the_absorber_but_not_below_no_pump():
    """The absorber follows a rectangle with its own lifetime; no pump is less than none."""
    synapse = Synapse(duration_ns=1.0, section="absorber")
    lifetime = DEVICE.absorber.carrier_lifetime_ns
    device = replaced(DEVICE, absorber_pump_electrons_per_ns=2000.0)
    for weight, change in ((5000.0, 5000.0), (-1500.0, -1500.0), (-5000.0, -2000.0)):
        weights = np.zeros((2, 2))
        weights[1, 0] = weight
        # A laser that spikes by itself, as the pumped absorber lowers its threshold.
        result = simulate(
            LaserNetwork(device, 2, weights, 0.0, synapse),
            [2.0, 0.0],
            15.0,
            seed=7,
            settings=SimulationSettings(
                step_ps=1.0, burn_in_ns=0.0, noise=False, traces=TraceRequest((1,), 0.0, 15.0, 1.0)
            ),
        )
        times, units = result.spikes.chain(0)
        spikes = times[units == 0]
        assert spikes.size > 3
        assert result.traces is not None
        since = np.maximum(result.traces.time_ns[:, None] - spikes, 0.0)
        level = np.exp(-np.maximum(since - 1.0, 0.0) / lifetime) - np.exp(-since / lifetime)
        expected = 2000.0 * lifetime + (change * lifetime * level).sum(axis=1)
        deviation = np.abs(result.traces.absorber_electrons[0] - expected)
        assert np.quantile(deviation, 0.99) < 0.03 * abs(change) * lifetime


@pytest.mark.parametrize("overlap", ["renew", "add"])
def test_overlapping_pulses_renew_or_add(overlap):
    """A laser far above threshold spikes again within the 4 ns of a pulse."""
    synapse = Synapse(duration_ns=4.0, overlap=overlap)
    time, gain, spikes = post_synaptic_gain(synapse, 3000.0, stop=40.0)
    settled = gain[time > 20.0].mean()
    interval = np.diff(spikes)[-1]
    assert interval < 3.5
    pulses_at_once = 4.0 / interval if overlap == "add" else 1.0
    assert settled == pytest.approx(3000.0 * TAU_1 * pulses_at_once, rel=0.03)


def test_delays_per_connection():
    """Each target is reached at its own time: here 2 ns apart."""
    weights = np.zeros((3, 3))
    weights[1:, 0] = 5000.0
    delay = np.zeros((3, 3))
    delay[1, 0], delay[2, 0] = 0.5, 2.5
    network = LaserNetwork(DEVICE, 3, weights, delay, Synapse(duration_ns=1.0))
    result = simulate(
        network,
        [1.02, 0.0, 0.0],
        30.0,
        seed=7,
        settings=SimulationSettings(
            burn_in_ns=0.0, step_ps=1.0, traces=TraceRequest((1, 2), 0.0, 30.0, 1.0)
        ),
    )
    times, _ = result.spikes.chain(0)
    assert result.traces is not None
    starts = [result.traces.time_ns[np.argmax(row > 50.0)] for row in result.traces.gain_electrons]
    assert np.array(starts) - times[0] == pytest.approx([0.5, 2.5], abs=0.03)


def test_many_spikes_and_events_outgrow_the_buffers(monkeypatch):
    monkeypatch.setattr(bundle_module, "_SPIKE_BUFFER_PER_LANE", 2)
    weights = 50.0 * (np.ones((4, 4)) - np.eye(4))
    synapse = Synapse(duration_ns=30.0, overlap="add")
    network = LaserNetwork(DEVICE, 4, weights, 20.0, synapse)
    few = simulate(network, 1.3, 100.0, seed=1).spikes
    monkeypatch.undo()
    many = simulate(network, 1.3, 100.0, seed=1).spikes
    assert few.n_spikes > 150
    assert np.array_equal(few.time_ns, many.time_ns)


@pytest.mark.slow
def test_linewidth_enhancement_turns_the_phase_and_leaves_the_intensity():
    """A single laser's photon number does not depend on alpha, up to statistics."""
    cavity = type(DEVICE.cavity)(
        photon_lifetime_ps=5.0, wavelength_nm=1550.0, linewidth_enhancement=3.0
    )
    turned = replaced(DEVICE, cavity=cavity)
    rates = []
    for device in (DEVICE, turned):
        spikes = simulate(LaserNetwork(device, 1), 1.0, 300.0, n_chains=200, seed=8).spikes
        rates.append(spikes.rate_per_ns()[:, 0])
    difference = rates[0].mean() - rates[1].mean()
    error = np.hypot(rates[0].std(), rates[1].std()) / np.sqrt(200)
    assert abs(difference) < 4 * error
    assert not np.array_equal(rates[0], rates[1])


def test_a_step_that_is_too_long_is_reported():
    network = LaserNetwork(DEVICE, 2, [[0, 1e9], [1e9, 0]], 0.0, Synapse(duration_ns=1.0))
    with pytest.raises(SimulationError, match="a step shorter than 4 ps or a weaker coupling"):
        simulate(network, 1.2, 200.0, seed=1)


def test_progress_ends_at_one():
    seen: list[float] = []
    simulate(LaserNetwork(DEVICE, 1), 1.0, 20.0, n_chains=70, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def traced(*request):
    return {"settings": SimulationSettings(traces=TraceRequest(*request))}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration_ns": 0.0}, "duration_ns: got 0.0"),
        ({"duration_ns": float("nan")}, "duration_ns: got nan"),
        ({"n_chains": 0}, "n_chains: got 0"),
        ({"n_chains": True}, "n_chains: got True"),
        ({"seed": -1}, "seed: got -1"),
        ({"settings": {"step_ps": 1.0}}, r"settings: got dict, expected SimulationSettings\("),
        ({"settings": JumpSettings()}, "settings: got JumpSettings"),
        ({"pump_ratio": [1.0, 2.0, 3.0]}, r"shape \(3,\)"),
        ({"pump_ratio": [1.0, -2.0]}, "pump_ratio: got -2, expected finite ratios"),
        ({"pump_ratio": [1.0, float("nan")]}, "pump_ratio: got nan"),
        ({"pump_ratio": 23_000.0}, "a pump in electrons/ns is divided by the threshold"),
        ({"pump_ratio": ["a", "b"]}, "numbers"),
        (traced((2,), 0, 5, 1), r"traces.lasers\[0\]: got 2"),
        (traced((0,), 0, 50, 1), "a window within 0 to 10 ns"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    usual = {"pump_ratio": 1.0, "duration_ns": 10.0}
    with pytest.raises(InputError, match=message):
        simulate(LaserNetwork(DEVICE, 2), **{**usual, **arguments})
