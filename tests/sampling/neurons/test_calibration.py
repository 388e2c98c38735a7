import numpy as np
import pytest

from lasersampling.atomic import atomic_path
from lasersampling.errors import InputError, LaserSamplingWarning
from lasersampling.lasers.synapse import Synapse
from lasersampling.paths import CACHE_VARIABLE
from lasersampling.sampling.neurons import store as calibration_store
from lasersampling.sampling.neurons.calibration import (
    Calibration,
    CalibrationSettings,
    LaserNeuron,
    calibration_key,
    choose_refractory_time,
    measure_calibration,
)
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.store import calibration_path, stored_calibration

SHORT = CalibrationSettings(n_chains=12, activation_duration_ns=300.0, pair_duration_ns=600.0)


def neuron(**changes):
    values = Lasers("D2").neuron
    kept = {name: getattr(values, name) for name in values.__dataclass_fields__}
    return LaserNeuron(**{**kept, **changes})


@pytest.fixture(scope="module")
def measured():
    return measure_calibration(neuron(), SHORT)


def test_default_device_turns_on_logistically(measured):
    assert 30.0 < measured.slope < 45.0
    assert 0.94 < measured.midpoint < 0.965
    assert measured.fit_rms < 0.035
    activation = np.array(measured.activation)
    assert activation[0] < 0.1
    assert activation[-1] > 0.9
    assert len(measured.pump) == len(measured.activation_se) == len(measured.rate_per_ns)


def test_unit_synapse_has_about_unit_strength(measured):
    """The partly shaped pulse of D2 was chosen for this; the error is that of the short run."""
    assert measured.synapse_strength_se < 0.05
    assert abs(measured.synapse_strength - 1.0) < 0.1 + 3 * measured.synapse_strength_se
    assert abs(measured.synapse_bias_shift) < 0.05 + 3 * measured.synapse_bias_shift_se
    assert measured.synapse_bias_shift_se < 0.06
    signs = np.sign(measured.pair_measured)
    assert np.array_equal(signs, np.sign(measured.pair_weight))


def test_a_pulse_without_kick_is_weaker(measured):
    flat = measure_calibration(neuron(synapse=Synapse()), SHORT)
    error = np.hypot(flat.synapse_strength_se, measured.synapse_strength_se)
    assert measured.synapse_strength - flat.synapse_strength > 5 * error
    # It goes on acting after z is over.
    assert flat.synapse_bias_shift > measured.synapse_bias_shift


def test_longer_refractory_times_fit_better_and_the_shortest_good_one_is_chosen(measured):
    tau, rms = np.array(measured.tau_ns), np.array(measured.tau_rms)
    assert rms[tau >= 4.0].max() < rms[tau <= 3.0].min()
    values = {name: getattr(measured, name) for name in measured.__dataclass_fields__}
    known = Calibration(**{**values, "tau_ns": (1.0, 2.0, 3.0), "tau_rms": (0.03, 0.019, 0.01)})
    assert choose_refractory_time(known) == 2.0
    poor = Calibration(**{**values, "tau_ns": (1.0, 2.0, 3.0), "tau_rms": (0.05, 0.03, 0.04)})
    assert choose_refractory_time(poor) == 2.0


def test_calibrations_are_stored_and_reused(measured, monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "new"))
    calls = []

    def measure(*args, **kwargs):
        calls.append(args)
        return measured

    monkeypatch.setattr(calibration_store, "measure_calibration", measure)
    assert stored_calibration(neuron(), SHORT) == measured
    assert stored_calibration(neuron(), SHORT) == measured
    assert len(calls) == 1
    path = calibration_path(neuron(), SHORT)
    path.write_text("damaged")
    assert stored_calibration(neuron(), SHORT) == measured
    assert len(calls) == 2
    stored_calibration(neuron(delay_ns=0.5), SHORT)
    assert len(calls) == 3


def test_a_cache_that_cannot_be_written_is_said_and_no_error(measured, monkeypatch, tmp_path):
    occupied = tmp_path / "file"
    occupied.write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(occupied))
    monkeypatch.setattr(calibration_store, "measure_calibration", lambda *args, **kwargs: measured)
    said = "could not be kept .* a later run measures it again; LASERSAMPLING_CACHE names another"
    with pytest.warns(LaserSamplingWarning, match=said):
        assert stored_calibration(neuron(), SHORT) == measured


def test_another_run_that_keeps_the_same_is_not_worth_a_word(measured, monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(calibration_store, "measure_calibration", lambda *args, **kwargs: measured)
    with atomic_path(calibration_path(neuron(), SHORT)) as temporary:
        temporary.write_text("half")
        assert stored_calibration(neuron(), SHORT) == measured


def test_the_key_depends_on_everything():
    keys = {
        calibration_key(one, settings)
        for one, settings in (
            (neuron(), SHORT),
            (neuron(), CalibrationSettings()),
            (neuron(), CalibrationSettings(seed=1)),
            (neuron(refractory_time_ns=3.0), SHORT),
            (neuron(step_ps=2.0), SHORT),
            (neuron(delay_ns=1.0), SHORT),
            (neuron(synapse=Synapse()), SHORT),
            (neuron(device=Lasers("D5").neuron.device, step_ps=1.5), SHORT),
        )
    }
    assert len(keys) == 8
    assert calibration_key(neuron(), SHORT) in keys


@pytest.mark.parametrize(
    "arguments", [{"n_chains": 1}, {"seed": -1}, {"pair_duration_ns": 0.0}, {"n_chains": 2.5}]
)
def test_settings_that_cannot_be_used_are_refused(arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        CalibrationSettings(**arguments)
