"""Going on from where a simulation ended: the same trajectory, the same law."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import load_device
from lasersampling.lasers.integrator.state import NETWORK_ARRAYS, NetworkState, joined
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, TraceRequest, simulate
from lasersampling.lasers.synapse import Synapse

DEVICE = load_device("D2")
WEIGHTS = np.array([[0, 2700, -1500], [2100, 0, 0], [1200, 2400, 0.0]])
DELAYS = np.array([[0, 0.5, 1.3], [0.2, 0, 0], [3.1, 0.7, 0.0]])
SYNAPSES = [
    Synapse(duration_ns=1.0),
    Synapse(kernel="shaped", kick=0.6, duration_ns=3.0),  # pulses are renewed
    Synapse(kernel="shaped", kick=0.6, duration_ns=3.0, overlap="add"),
    Synapse(kernel="exponential", time_constant_ns=0.8),
]
NO_SPIKES = {"spike_chain": np.zeros(0, np.int32), "spike_laser": np.zeros(0, np.int32),
             "spike_time_ns": np.zeros(0), "spike_amplitude": None}  # fmt: skip
TIRING = Depression(utilisation=0.4, recovery_time_ns=5.0)


@pytest.mark.parametrize("synapse", SYNAPSES, ids=lambda s: f"{s.kernel} {s.overlap}")
@pytest.mark.parametrize(("part_ns", "about"), [(17.3, None), (25.111, None), (25.111, TIRING)])
def test_without_noise_two_parts_are_the_whole(synapse, part_ns, about):
    network = LaserNetwork(DEVICE, 3, WEIGHTS, DELAYS, synapse, depression=about)

    def run(duration, traced=None, start=None):
        traces = None if traced is None else TraceRequest((0, 1, 2), traced[0], traced[1], 1.0)
        return simulate(
            network,
            np.array([1.9, 2.0, 2.3]),
            duration,
            n_chains=2,
            seed=3,
            settings=SimulationSettings(step_ps=1.0, noise=False, burn_in_ns=0.0, traces=traces),
            start=start,
        )

    # Amplitudes are no whole numbers, as the weights are: their sums are rounded in another order,
    # which moves a pulse, in which the gain falls by half its size in some ps, by 1e-5 ns.
    rounded = (1e-5, 1e-6) if about is None else (1e-4, 1e-2)
    whole = run(60.0, (part_ns, 60.0))
    first = run(part_ns)
    rest = 60.0 - part_ns
    second = run(rest, (0.0, rest), start=first.end)
    for chain in (0, 1):
        times, lasers = whole.spikes.chain(chain)
        late = times > part_ns
        again, same = second.spikes.chain(chain)
        assert late.sum() > 30
        assert np.array_equal(lasers[late], same)
        assert np.abs(times[late] - part_ns - again).max() < rounded[0]
    expected, found = whole.traces.gain_electrons, second.traces.gain_electrons
    assert np.abs(expected - found).max() < rounded[1] * expected.max()
    # The test can fail: what the recent spikes do is most of it.
    forgetful = run(rest, (0.0, rest), start=replace(first.end, **NO_SPIKES))
    assert np.abs(expected - forgetful.traces.gain_electrons).max() > 0.1 * expected.max()
    # And the state after both parts is that after the whole.
    assert np.allclose(whole.end.field, second.end.field, rtol=1e-5)
    assert np.array_equal(whole.end.spike_laser, second.end.spike_laser)
    assert np.allclose(whole.end.spike_time_ns, second.end.spike_time_ns, atol=1e-5)
    if about is not None:
        assert np.allclose(whole.end.resource, second.end.resource, atol=1e-6)
        assert np.allclose(whole.end.spike_amplitude, second.end.spike_amplitude, atol=1e-6)
        assert whole.end.spike_amplitude.max() < 0.9


@pytest.mark.parametrize("weight", [0.0, 1500.0], ids=["own steps", "coupled"])
def test_many_short_parts_have_the_law_of_one_run(weight):
    """Parts of 1.3 ns, shorter than a refractory time, against one run: rates and correlation."""
    delays = np.full((2, 2), 0.9)
    network = LaserNetwork(DEVICE, 2, [[0, weight], [-weight, 0]] if weight else None, delays)
    pump, n = np.array([0.95, 1.02]), 150
    long = simulate(network, pump, 130.0, n_chains=n, seed=1)
    end, counts = simulate(network, pump, 1.3, n_chains=n, seed=2).end, np.zeros((n, 2))
    between = []
    for part in range(100):
        run = simulate(network, pump, 1.3, n_chains=n, seed=100 + part, start=end)
        end = run.end
        counts += run.spikes.counts()
        between.append(end.gain_electrons)
    expected = long.spikes.counts()
    difference = expected.mean(axis=0) - counts.mean(axis=0)
    error = np.sqrt((expected.var(axis=0, ddof=1) + counts.var(axis=0, ddof=1)) / n)
    assert np.all(error < 0.03 * expected.mean(axis=0))
    assert np.all(np.abs(difference) < 3.5 * error)
    # The carriers at the ends are those at the end of the long run.
    parts = np.mean(between, axis=0)
    spread = np.hypot(long.end.gain_electrons.std(axis=0), parts.std(axis=0)) / np.sqrt(n)
    gap = np.abs(long.end.gain_electrons.mean(axis=0) - parts.mean(axis=0))
    assert np.all(gap < 3.5 * spread)


def test_a_state_does_not_depend_on_threads_and_bundles():
    network = LaserNetwork(DEVICE, 3)
    pump = np.array([0.9, 0.96, 1.05])
    start = simulate(network, pump, 30.0, n_chains=90, seed=1).end

    def run(threads):
        return simulate(
            network,
            pump,
            30.0,
            n_chains=90,
            seed=2,
            start=start,
            settings=SimulationSettings(n_threads=threads),
        )

    one, two = run(1), run(2)
    assert np.array_equal(one.spikes.time_ns, two.spikes.time_ns)
    assert np.array_equal(one.end.field, two.end.field)
    assert np.array_equal(one.end.spike_time_ns, two.end.spike_time_ns)
    assert one.end.spike_time_ns.max() <= 0.0


def test_weights_may_change_in_between():
    """A pulse under way is computed with the present weight: here a far larger one."""
    synapse = Synapse(duration_ns=20.0)

    def network(weight):
        return LaserNetwork(DEVICE, 2, [[0, 0], [weight, 0]], 0.0, synapse)

    start = simulate(
        network(1.0), [1.9, 0.0], 40.0, settings=SimulationSettings(step_ps=1.0, noise=False)
    ).end
    run = simulate(
        network(3000.0),
        [0.0, 0.0],
        1.0,
        start=start,
        settings=SimulationSettings(
            step_ps=1.0, noise=False, traces=TraceRequest((1,), 0.0, 1.0, 1.0)
        ),
    )
    tau_1 = DEVICE.gain.carrier_lifetime_ns
    assert run.traces is not None
    expected = 3000.0 * tau_1 * (1.0 - np.exp(-run.traces.time_ns / tau_1))
    grown = run.traces.gain_electrons[0]
    assert np.abs(grown - expected)[50:].max() < 0.02 * 3000.0 * tau_1


def test_parts_of_a_state_and_all_of_them_again():
    network = LaserNetwork(DEVICE, 3)
    state = simulate(network, 1.05, 60.0, n_chains=4, seed=1).end
    every = np.arange(3)
    again = joined([state.part(np.array([0, 1]), every), state.part(np.array([2, 3]), every)])
    for name in vars(state):
        assert np.array_equal(getattr(state, name), getattr(again, name)), name
    turned = state.part(np.array([2]), np.array([2, 0]))
    assert np.array_equal(turned.field, state.field[2:3, [2, 0]])
    mine = (state.spike_chain == 2) & (state.spike_laser != 1)
    assert np.array_equal(turned.spike_time_ns, state.spike_time_ns[mine])
    assert np.array_equal(turned.spike_laser, 1 - state.spike_laser[mine] // 2)


def test_states_that_do_not_fit_are_refused():
    network = LaserNetwork(DEVICE, 2)
    state = simulate(network, 1.0, 5.0, n_chains=3).end
    with pytest.raises(InputError, match="start: got a state of 3 chains of 2 lasers"):
        simulate(network, 1.0, 5.0, n_chains=2, start=state)
    with pytest.raises(InputError, match="start: got dict, expected a NetworkState"):
        simulate(network, 1.0, 5.0, start={})  # type: ignore[arg-type]
    with pytest.raises(InputError) as error:
        replace(state, armed=state.armed[:1], spike_time_ns=np.zeros(99))
    found = [problem.where for problem in error.value.problems]
    assert found == ["armed", "spike_chain", "spike_laser"]
    with pytest.raises(InputError, match="spike_laser: got 7 to 7, expected 0 to 1"):
        one = np.array([7], dtype=np.int32)
        replace(state, spike_chain=0 * one, spike_laser=one, spike_time_ns=np.zeros(1))
    with pytest.raises(InputError, match="gain_electrons: got values that are not finite"):
        replace(state, gain_electrons=state.gain_electrons * np.float32(np.nan))


@pytest.mark.parametrize("about", [None, TIRING], ids=["plain", "depression"])
def test_a_state_is_what_its_effects_declare(about):
    """An array that is not declared would be lost when states are cut, joined or stored."""
    names = [array.name for array in NETWORK_ARRAYS]
    assert [f.name for f in fields(NetworkState)] == [*names, "device"]
    network = LaserNetwork(DEVICE, 3, WEIGHTS, DELAYS, depression=about)
    end = simulate(network, 1.05, 30.0, n_chains=2, seed=1).end
    arrays = end.arrays()
    assert len(arrays) == len(NETWORK_ARRAYS) - (0 if about else 2)
    for array in NETWORK_ARRAYS:
        if array.name in arrays:
            values, shape = arrays[array.name], array.shape((2, 3))
            assert values.dtype == array.dtype
            assert shape in (values.shape, (None,))
            assert values.size
    bare: dict[str, Any] = {
        **arrays,
        "resource": None,
        "spike_amplitude": None,
        "armed": end.armed[:1],
    }
    with pytest.raises(InputError, match=r"armed: got shape \(1, 3\), expected one shape"):
        NetworkState(**bare)
