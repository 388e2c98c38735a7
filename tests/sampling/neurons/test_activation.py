import numpy as np
import pytest

from lasersampling.errors import SimulationError
from lasersampling.lasers.device import load_device
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.neurons.activation import ActivationCurve, logistic, measure_activation


def curve_of_known_activation(slope, midpoint, tau=1.0):
    """Regular spikes, one every tau/P: units are active for the fraction P of the time."""
    pump = np.linspace(0.8, 1.2, 41)
    rates = logistic(pump, slope, midpoint) / tau
    duration, n_chains = 10_000.0, 2
    times, units, offset = [], [], [0]
    for _ in range(n_chains):
        trains = [np.arange(0.5 / rate, duration, 1.0 / rate) for rate in rates]
        time = np.concatenate(trains)
        unit = np.repeat(np.arange(pump.size), [len(train) for train in trains])
        order = np.argsort(time, kind="stable")
        times.append(time[order])
        units.append(unit[order])
        offset.append(offset[-1] + time.size)
    spikes = SpikeTrains(
        np.concatenate(times), np.concatenate(units).astype(np.int32), np.array(offset),
        pump.size, duration,
    )  # fmt: skip
    return ActivationCurve(pump, spikes)


def test_fit_recovers_a_logistic_curve():
    fit = curve_of_known_activation(25.0, 0.97).fit(1.0)
    # A regular train covers P up to one interval in 10,000.
    assert fit.slope == pytest.approx(25.0, rel=2e-3)
    assert fit.midpoint == pytest.approx(0.97, abs=1e-4)
    assert fit.rms < 1e-3
    assert fit(np.array([0.97]))[0] == pytest.approx(0.5, abs=1e-3)


def test_a_curve_without_rise_is_refused():
    with pytest.raises(SimulationError, match="no logistic fit"):
        curve_of_known_activation(25.0, 5.0).fit(1.0)


def test_range_is_found_also_for_a_steep_device():
    """The micropillar turns on within 3 % of its threshold pump, D1 above threshold."""
    for name, low, high in (("micropillar_selmi", 0.9, 1.02), ("D1", 1.0, 1.5)):
        device = load_device(name)
        curve = measure_activation(
            device, device.refractory_time_ns, duration_ns=200.0, n_chains=4, seed=1
        )
        activation, error = curve.activation(device.refractory_time_ns)
        assert low < curve.pump[np.argmax(activation > 0.5)] < high
        assert ((activation > 0.02) & (activation < 0.98)).sum() >= 8
        assert error.max() < 0.15


def test_a_device_that_never_spikes_is_reported():
    device = load_device("D1")
    with pytest.raises(SimulationError, match="stays below 1/2"):
        measure_activation(device, 0.01, duration_ns=50.0, n_chains=2, seed=1)
