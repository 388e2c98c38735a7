import dataclasses

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import InputError
from lasersampling.lasers.device import load_device
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.lasers.synapse import Synapse
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.performance import (
    PerformanceSettings,
    ValueWithError,
    WallPlug,
    longest_correlation,
    measure_performance,
    pulse_share,
)
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import Samples

DEVICE = load_device("D2")
LASERS = Lasers(
    DEVICE,
    settings=CalibrationSettings(n_chains=8, activation_duration_ns=200.0, pair_duration_ns=400.0),
)
SHORT = PerformanceSettings(
    n_copies=64, emission_duration_ns=60.0, n_units=3, n_chains=12, machine_duration_ns=800.0
)


@pytest.fixture(scope="module")
def measured():
    return measure_performance(LASERS, SHORT, seed=2)


def test_figures_fit_together(measured):
    tau = LASERS.neuron.refractory_time_ns
    threshold = LASERS.calibration.midpoint * DEVICE.threshold_current_ua
    assert measured.current_ua.value == pytest.approx(threshold)
    # 1239.84 eV nm and 0.2 V on top.
    assert measured.voltage_v.value == pytest.approx(1239.842 / 1550 + 0.2, rel=1e-6)
    assert measured.power_uw.value == pytest.approx(
        measured.current_ua.value * measured.voltage_v.value
    )
    assert measured.spike_energy_fj.value == pytest.approx(
        measured.power_uw.value / measured.spike_rate_per_ns.value
    )
    assert measured.sample_time_tau.value == pytest.approx(measured.sample_time_ns.value / tau)
    assert measured.samples_per_s.value == pytest.approx(1e9 / measured.sample_time_ns.value)
    assert measured.sample_energy_fj.value == pytest.approx(
        measured.sample_time_ns.value * measured.machine_power_uw.value
    )
    assert measured.machine_power_uw.value == pytest.approx(3 * measured.power_uw.value, rel=0.05)
    # Half of the light comes out, so no more of the energy than half of the efficiency.
    light = measured.optical_power_uw.value / measured.power_uw.value
    assert light < 0.5 * measured.quantum_efficiency.value
    assert measured.pulse_energy_fj.value < measured.spike_energy_fj.value


def test_what_is_random_has_an_error(measured):
    exact = {"voltage_v", "current_ua", "power_uw"}
    for field in dataclasses.fields(measured):
        value, error = getattr(measured, field.name)
        assert value > 0
        assert (error is None) == (field.name in exact)
        # The pump of a machine is nearly all bias, which is not random.
        assert error is None or field.name == "machine_power_uw" or 0 < error < 0.3 * value


def test_spike_rate_is_that_of_the_activation_curve(measured):
    calibration = LASERS.calibration
    there = np.interp(calibration.midpoint, calibration.pump, calibration.rate_per_ns)
    rate, error = measured.spike_rate_per_ns
    assert abs(rate - there) < 4 * error + 0.05 * there


def test_assumptions_scale_as_they_should():
    plug = WallPlug()
    assert plug.power_uw(DEVICE, 2e4) == pytest.approx(2 * plug.power_uw(DEVICE, 1e4))
    # 6241.5 electrons/ns are 1 uA; at 1 V that is 1 uW.
    volt = WallPlug(excess_voltage_v=1.0 - 1239.842 / 1550)
    assert volt.power_uw(DEVICE, 6241.509) == pytest.approx(1.0, rel=1e-5)
    leaky = WallPlug(injection_efficiency=0.5)
    assert leaky.power_uw(DEVICE, 1e4) == pytest.approx(2 * plug.power_uw(DEVICE, 1e4))


def test_bad_assumptions_are_refused():
    with pytest.raises(InputError, match=r"injection_efficiency.*\n.*output_share"):
        WallPlug(injection_efficiency=0.0, output_share=1.5)


def test_estimates_carry_their_errors():
    estimate = ValueWithError(4.0, 0.2)
    assert estimate.times(-3.0) == pytest.approx((-12.0, 0.6))
    assert estimate.inverse(8.0) == pytest.approx((2.0, 0.1))
    assert ValueWithError(4.0).times(2.0) == (8.0, None)
    assert ValueWithError(4.0).inverse() == (0.25, None)


def test_longest_correlation_of_a_known_chain():
    """One unit flips with probability q per draw: tau = (1 - q) / q; the other is independent."""
    random, q = np.random.default_rng(3), 0.1
    slow = np.cumsum(random.random((40, 2000)) < q, axis=1) % 2
    states = np.stack([random.integers(0, 2, slow.shape), slow], axis=2).astype(np.int8)
    machine = BoltzmannMachine(np.zeros((2, 2)), np.array([1.0, 0.1]))
    time, which = longest_correlation(machine, Samples(states, "test", 0))
    assert which == 1
    assert time.standard_error is not None
    assert abs(time.value - (1 - q) / q) < 4 * time.standard_error
    assert 0 < time.standard_error < 1.0


def test_energy_can_be_the_slowest():
    """Two units that move together in one bias-free machine: flips of both leave the energy."""
    random = np.random.default_rng(5)
    first = random.integers(0, 2, (20, 1000))
    equal = np.cumsum(random.random(first.shape) < 0.05, axis=1) % 2
    states = np.stack([first, first ^ equal], axis=2).astype(np.int8)
    # Energy -W z1 z2 + (z1 + z2) W / 2 depends on z1 = z2 alone.
    machine = BoltzmannMachine(np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([-1.0, -1.0]))
    _, which = longest_correlation(machine, Samples(states, "test", 0))
    assert which == 2


def test_frozen_units_have_no_correlation_time():
    states = np.zeros((2, 10, 2), dtype=np.int8)
    states[:, ::2, 0] = 1
    with pytest.raises(InputError, match="never changed"):
        longest_correlation(BoltzmannMachine.random(2, seed=0), Samples(states, "test", 0))


def test_gibbs_sampling_is_timed_in_sweeps():
    machine = BoltzmannMachine(np.zeros((2, 2)), np.zeros(2))
    samples = Gibbs().sample(machine, 4000, n_chains=20, seed=1)
    sweeps, _ = longest_correlation(machine, samples)
    # A sweep is two updates at random, so a unit is passed over with probability 1/4.
    assert sweeps.standard_error is not None
    assert abs(sweeps.value - (1 + 0.25) / (1 - 0.25)) < 5 * sweeps.standard_error


@pytest.mark.parametrize(
    ("synapse", "expected"),
    [
        (Synapse(), [3 / 8, 0.0]),
        (Synapse(overlap="add"), [0.4, 0.0]),
        (Synapse(duration_ns=1.0), [2 / 9, 0.0]),
        (Synapse(kernel="exponential", time_constant_ns=3.0), [0.6, 0.0]),
    ],
)
def test_mean_pump_of_pulses(synapse, expected):
    # A renewed pulse is on from 4 ns; the first pulse length of the recording does not count.
    spikes = SpikeTrains(
        np.array([4.0, 5.0]), np.zeros(2, np.int32), np.array([0, 2]), n_units=2, duration_ns=10.0
    )
    share = pulse_share(synapse, spikes, refractory_time_ns=2.0)
    np.testing.assert_allclose(share, [expected])
