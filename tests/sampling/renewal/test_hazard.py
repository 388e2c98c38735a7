"""The hazard as a surface, and whether its measurement finds a hazard that is known."""

import numpy as np
import pytest
from scipy import stats

from lasersampling.config import to_toml
from lasersampling.errors import InputError
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.lasers.synapse import Synapse
from lasersampling.paths import CACHE_VARIABLE
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.renewal import hazard_measurement
from lasersampling.sampling.renewal import store as hazard_store
from lasersampling.sampling.renewal.hazard import LOWEST_LOG_HAZARD, basis
from lasersampling.sampling.renewal.hazard_measurement import HazardSettings, measure_hazard
from lasersampling.sampling.renewal.hazard_response import (
    DrivenTrain,
    fit_response,
    rescaled_intervals,
)

TAU_NS = 2.0


def test_splines_add_up_to_one_and_keep_straight_lines():
    x = np.linspace(2.0, 5.0, 31)
    matrix = basis(x, 2.0, 5.0, 9)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0)
    knots = 2.0 + 0.5 * (np.arange(9) - 1.0)
    np.testing.assert_allclose(matrix @ knots, x)


def test_surface_has_the_stated_form(hazard_of):
    hazard = hazard_of(0.4, 0.1, 0.6, lack=3.0)
    pump, age = np.array([0.7, 0.9, 1.0, 1.35, 9.0]), np.array([1.99, 2.0, 2.5, 7.0, np.inf])
    got = hazard.log_hazard(pump, age)
    assert np.all(got[:, 0] == -np.inf)
    # Straight below the measured range, which begins at 0.8, and constant above its end, 1.35.
    logit = 40.0 * (np.minimum(pump, 1.35) - 1.0)
    expected = logit[:, None] - 3.0 * np.exp(-age[1:] / 0.6) - np.log(2.0)
    np.testing.assert_allclose(got[:, 1:], expected, atol=1e-9)
    assert hazard.log_hazard([-50.0], [3.0]) == LOWEST_LOG_HAZARD


def test_relaxation_times_must_be_in_order(hazard_of):
    with pytest.raises(InputError, match=r"fast_ns: got 0.5, expected less than slow_ns, 0.4"):
        hazard_of(0.4, 0.5, 0.6)


def test_exposure_is_the_time_spent_in_each_cell():
    edges = np.array([1.0, 2.0, 4.0, np.inf])
    got = hazard_measurement._exposure(np.array([1.5, 3.0, 6.0]), edges)
    np.testing.assert_allclose(got, [0.5 + 1 + 1, 1 + 2, 2])


def test_surface_is_found_from_intervals_of_a_known_hazard():
    """Dead time and an exponential, whose rate grows exponentially with the pump."""
    generator = np.random.default_rng(1)
    neuron = Lasers(refractory_time_ns=TAU_NS).neuron
    pump = np.linspace(0.85, 1.2, 30)
    rate = np.exp(15.0 * (pump - 1.0))
    times, units = [], []
    for unit, per_ns in enumerate(rate):
        intervals = TAU_NS + generator.exponential(1.0 / per_ns, 4000)
        times.append(np.cumsum(intervals))
        units.append(np.full(4000, unit, dtype=np.int32))
    time, number = np.concatenate(times), np.concatenate(units)
    order = np.argsort(time, kind="stable")
    trains = SpikeTrains(
        time[order], number[order], np.array([0, time.size]), len(pump), float(time.max())
    )
    found = hazard_measurement._fitted_surface(neuron, pump, trains)
    assert 0.9 * TAU_NS < found.first_age_ns <= TAU_NS
    # Late enough that a smooth surface has forgotten the step at the end of dead time.
    age = np.array([TAU_NS + 0.3, TAU_NS + 0.8])
    ratio = found.log_hazard(pump, age) - np.log(rate)[:, None]
    # A cell-wide rate has an error of some 1/sqrt(4000 * share); the surface is smoother.
    assert np.sqrt((ratio[3:-3] ** 2).mean()) < 0.05
    assert found.misfit == pytest.approx(1.0, abs=0.3)


def driven_trains(hazard, slow_ns, fast_ns):
    """Neurons under drives that jump, by small steps of time."""
    generator = np.random.default_rng(2)
    step, n, duration = 0.01, 300, 60.0
    edges = np.sort(generator.uniform(0.0, duration, (n, 30)), axis=1)
    edges = np.rint(edges / step) * step
    jumps = generator.normal(0.0, 0.05, (n, 30))
    jumps[:, 1::2] = -jumps[:, ::2]
    steady = generator.uniform(0.98, 1.04, n)
    pumps, ages = np.linspace(0.6, 1.4, 801), step * (np.arange(1500) + 0.5)
    table = np.exp(hazard.log_hazard(pumps, ages))
    drive = steady.copy()
    between, x = drive.copy(), drive.copy()
    age = np.full(n, len(ages) - 1)
    spikes = []
    at = np.rint(edges / step).astype(int)
    change = np.zeros((int(duration / step) + 2, n))
    np.add.at(change, (at, np.arange(n)[:, None]), jumps)
    to_between, to_x = np.exp(-step / fast_ns), np.exp(-step / slow_ns)
    for t in range(int(duration / step)):
        drive = drive + change[t]
        between = drive + (between - drive) * to_between
        x = between + (x - between) * to_x
        row = np.clip(np.rint((x - pumps[0]) * 1000).astype(int), 0, 800)
        spiked = generator.random(n) < -np.expm1(-table[row, age] * step)
        age = np.where(spiked, 0, np.minimum(age + 1, len(ages) - 1))
        spikes.append(spiked)
    has_spiked = np.array(spikes)
    middles = step * (np.arange(len(spikes), dtype=np.float64) + 0.5)
    return [
        DrivenTrain(middles[has_spiked[:, k]], steady[k], edges[k], jumps[k], 0.0, duration)
        for k in range(n)
    ]  # fmt: skip


def test_relaxation_times_are_found_and_integrals_are_exponential(hazard_of):
    true = hazard_of(0.6, 0.15, 0.6, lack=5.0)
    trains = driven_trains(true, 0.6, 0.15)
    slow, fast, slow_se, fast_se = fit_response(true, trains, 1.0, 1)
    assert 0.0 < slow_se < 0.1
    assert 0.0 < fast_se < 0.1
    # The two times are strongly anticorrelated: each is known to a few errors, their sum well.
    assert slow == pytest.approx(0.6, abs=4 * slow_se)
    assert fast == pytest.approx(0.15, abs=4 * fast_se + 0.01)  # 0.01: a step of the simulation
    integrals = rescaled_intervals(true, trains)
    # Steps of 0.01 blur the end of dead time; 1.95 is the level of 0.1 %.
    distance = stats.kstest(integrals, "expon").statistic
    assert distance < 1.95 / np.sqrt(integrals.size) + 5e-3
    other = rescaled_intervals(hazard_of(3.0, 0.15, 0.6, lack=5.0), trains)
    assert stats.kstest(other, "expon").statistic > distance


def test_bad_settings_are_refused():
    with pytest.raises(InputError, match="n_chains: got 1, expected at least 2"):
        HazardSettings(n_chains=1)
    with pytest.raises(InputError, match="seed: got -1"):
        HazardSettings(seed=-1)
    neuron = Lasers(synapse=Synapse("exponential", time_constant_ns=1.0)).neuron
    with pytest.raises(InputError, match="synapse: got the exponential kernel"):
        measure_hazard(neuron, None, HazardSettings())  # type: ignore[arg-type]


def test_a_hazard_is_measured_once_for_the_same_settings(hazard_of, monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    measured = []

    def measure(neuron, calibration, settings, **options):
        measured.append(settings)
        return hazard_of(0.4, 0.1, 0.6)

    monkeypatch.setattr(hazard_store, "measure_hazard", measure)
    monkeypatch.setattr(hazard_store, "stored_calibration", lambda *a, **k: None)
    neuron, calibrated = Lasers().neuron, CalibrationSettings()
    one, two = (hazard_store.stored_hazard(neuron, calibrated, HazardSettings()) for _ in range(2))
    assert len(measured) == 1
    assert to_toml(one) == to_toml(two)
    hazard_store.stored_hazard(neuron, calibrated, HazardSettings(seed=1))
    assert len(measured) == 2
    path = hazard_store.hazard_path(neuron, calibrated, HazardSettings())
    path.write_text("damaged", encoding="utf-8")
    hazard_store.stored_hazard(neuron, calibrated, HazardSettings())
    assert len(measured) == 3
