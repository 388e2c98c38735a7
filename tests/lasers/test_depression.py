"""Synapses that tire: against the recursion of their resource, in the kernel and beyond."""

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import load_device
from lasersampling.lasers.jumps.process import simulate_jumps
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, TraceRequest, simulate
from lasersampling.lasers.synapse import Synapse

DEVICE = load_device("D2")
WEIGHTS = np.array([[0, 1200, -900], [1000, 0, 0], [600, 800, 0.0]])


def amplitudes(times, about):
    """What spikes at these times transmit, by the equations of `depression`."""
    found, resource = [], 1.0
    for k, time in enumerate(times):
        if k:
            missing = (1.0 - resource) * np.exp(-(time - times[k - 1]) / about.recovery_time_ns)
            resource = 1.0 - missing
        found.append(resource)
        resource *= 1.0 - about.utilisation
    return np.array(found)


@pytest.mark.parametrize("interval_ns", [0.5, 3.0, 40.0])
def test_regular_spikes_settle_at_the_known_amplitude(interval_ns):
    about = Depression(utilisation=0.3, recovery_time_ns=8.0)
    found = amplitudes(np.arange(100) * interval_ns, about)
    assert found[0] == 1.0
    assert found[-1] == pytest.approx(about.steady_state(interval_ns), rel=1e-9)
    # Each spike goes the same part of the way that is left.
    left = np.diff(found)[:10]
    part = (1.0 - 0.3) * np.exp(-interval_ns / 8.0)
    assert left[1:4] == pytest.approx(part * left[:3], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("length_ns", [0.8, 5.0], ids=["one by one", "renewed"])
def test_drive_of_a_regular_laser(length_ns):
    """Without noise: electrons that a laser drives into an empty one, against their equation."""
    about, weight, step = Depression(utilisation=0.3, recovery_time_ns=8.0), 800.0, 1e-3
    synapse = Synapse(duration_ns=length_ns)
    network = LaserNetwork(DEVICE, 2, [[0.0, 0.0], [weight, 0.0]], 0.0, synapse, depression=about)
    run = simulate(
        network,
        [1.9, 0.0],
        40.0,
        settings=SimulationSettings(
            step_ps=1.0, noise=False, burn_in_ns=0.0, traces=TraceRequest((1,), 0.0, 40.0, 1.0)
        ),
    )
    times = run.spikes.chain(0)[0]
    assert len(times) > 12
    interval = np.diff(times)[-1]
    assert (interval < length_ns) == (length_ns == 5.0)
    expected = amplitudes(times, about)
    assert expected[-1] == pytest.approx(about.steady_state(interval), rel=0.02)
    assert expected[-1] < 0.8
    # The pulse acts from the end of the step with the spike, with the strength of the last spike.
    assert run.traces is not None
    now = np.arange(len(run.traces.time_ns)) * step
    last = np.searchsorted(np.ceil(times / step) * step, now + step / 4) - 1
    since = now - times[np.maximum(last, 0)]
    drive = np.where((last >= 0) & (since < length_ns), weight * expected[last], 0.0)
    tau = DEVICE.gain.carrier_lifetime_ns
    electrons = np.zeros(len(now))
    for k in range(1, len(now)):
        level = drive[k - 1] * tau
        electrons[k] = level + (electrons[k - 1] - level) * np.exp(-step / tau)
    found = run.traces.gain_electrons[0]
    assert np.abs(found - electrons).max() < 0.02 * electrons.max()
    # The test can fail: undepressed pulses are far off.
    assert np.abs(found - electrons / np.mean(expected)).max() > 0.1 * electrons.max()
    # And what the state keeps is what was transmitted.
    end = run.end
    assert end.spike_amplitude is not None
    assert end.spike_amplitude == pytest.approx(expected[-len(end.spike_amplitude) :], rel=1e-3)
    left = expected[-1] * 0.7
    now_left = 1.0 - (1.0 - left) * np.exp(-(40.0 - times[-1]) / 8.0)
    assert end.resource is not None
    assert end.resource[0] == pytest.approx([now_left, 1.0], rel=1e-3)


@pytest.mark.parametrize("overlap", ["renew", "add"])
def test_synapses_that_hardly_tire_change_no_bit(overlap):
    synapse = Synapse(kernel="shaped", kick=0.6, duration_ns=3.0, overlap=overlap)

    def run(about):
        network = LaserNetwork(DEVICE, 3, WEIGHTS, 0.4, synapse, depression=about)
        return simulate(network, 0.98, 60.0, n_chains=8, seed=1)

    none, hardly = run(None), run(Depression(utilisation=1e-12, recovery_time_ns=5.0))
    clearly = run(Depression(utilisation=0.5, recovery_time_ns=5.0))
    assert np.array_equal(none.spikes.time_ns, hardly.spikes.time_ns)
    assert np.array_equal(none.end.field, hardly.end.field)
    assert none.end.resource is None
    assert not np.array_equal(none.end.field, clearly.end.field)


def test_bits_do_not_depend_on_threads_and_bundles():
    about = Depression(utilisation=0.4, recovery_time_ns=10.0)
    network = LaserNetwork(DEVICE, 3, WEIGHTS, 0.0, depression=about)
    start = simulate(network, 0.98, 20.0, n_chains=60, seed=1).end

    def run(threads):
        return simulate(
            network,
            0.98,
            20.0,
            n_chains=60,
            seed=2,
            start=start,
            settings=SimulationSettings(n_threads=threads),
        )

    one, two = run(1), run(2)
    assert np.array_equal(one.spikes.time_ns, two.spikes.time_ns)
    assert np.array_equal(one.end.resource, two.end.resource)
    assert np.array_equal(one.end.spike_amplitude, two.end.spike_amplitude)
    assert one.end.resource.min() < 0.7


def test_reference_interval_has_the_full_weight():
    about = Depression(utilisation=0.3, recovery_time_ns=8.0, reference_interval_ns=2.0)
    assert about.full_strength * about.steady_state(2.0) == pytest.approx(1.0)
    assert about.full_strength * about.steady_state(1.0) < 1.0


def test_the_jump_process_has_none():
    about = Depression(utilisation=0.3, recovery_time_ns=8.0)
    network = LaserNetwork(DEVICE, 2, [[0, 1.0], [1.0, 0]], depression=about)
    with pytest.raises(InputError, match="depression"):
        simulate_jumps(network, 1.0, 1.0)


@pytest.mark.parametrize(
    "values", [{"utilisation": 0.0}, {"utilisation": 1.1}, {"recovery_time_ns": 0.0}]
)
def test_impossible_synapses_are_refused(values):
    with pytest.raises(InputError, match=next(iter(values))):
        Depression(**({"utilisation": 0.3, "recovery_time_ns": 8.0} | values))
