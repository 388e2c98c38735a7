import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lasersampling.hardware import load_imperfections
from lasersampling.hardware.chip import draw_chip
from lasersampling.lasers.device import load_device
from lasersampling.lasers.simulation import Traces
from lasersampling.results import ResultsFile, read_results, records
from lasersampling.sampling.neurons.calibration import Calibration, LaserNeuron
from lasersampling.sampling.neurons.performance import Performance, ValueWithError, WallPlug

PAGE = (Path(__file__).parents[2] / "docs" / "units.md").read_text(encoding="utf-8")
UNITS = dict(re.findall(r"^\| `([^`]+)` \| (?:`(_\w+)`)? *\|", PAGE, re.M))


@dataclass
class Inner:
    kick: float
    delay_ns: float | None = None


@dataclass
class Outer:
    name: str
    inner: Inner


def written(tmp_path, write):
    with ResultsFile.create(tmp_path / "x.h5", command="", seed=0, config="") as file:
        write(file)
    return read_results(tmp_path / "x.h5")


def test_nested_fields_get_dotted_names_without_what_is_none():
    assert records.flattened(Outer("x", Inner(0.5))) == {"name": "x", "inner.kick": 0.5}
    assert records.flattened(Outer("x", Inner(0.5, 2.0)))["inner.delay_ns"] == 2.0


def test_neuron_is_written_as_used_not_as_in_the_device_file(tmp_path):
    device = load_device("D2")
    neuron = LaserNeuron(device, device.synapse, refractory_time_ns=9.5, delay_ns=0.25, step_ps=1.0)
    found = written(tmp_path, lambda file: records.write_neuron(file, neuron)).attributes["device"]
    assert found["refractory_time_ns"] == 9.5
    assert found["delay_ns"] == 0.25
    assert found["step_ps"] == 1.0
    assert found["gain.carrier_lifetime_ns"] == device.gain.carrier_lifetime_ns
    assert found["synapse.kernel"] == device.synapse.kernel


def test_calibration_is_written_with_its_errors(tmp_path):
    calibration = Calibration(
        refractory_time_ns=4.0,
        slope=36.0, slope_se=0.7, midpoint=0.95, midpoint_se=0.001, fit_rms=0.012,
        synapse_strength=0.97, synapse_strength_se=0.01,
        synapse_bias_shift=-0.02, synapse_bias_shift_se=0.004,
        pump=(0.9, 1.0), activation=(0.2, 0.8), activation_se=(0.01, 0.02),
        rate_per_ns=(0.05, 0.2),
        pair_weight=(-1.0, 1.0), pair_measured=(-0.9, 0.9), pair_measured_se=(0.1, 0.1),
        tau_ns=(2.0, 4.0, 6.0), tau_slope=(30.0, 36.0, 40.0), tau_midpoint=(1.0, 0.95, 0.9),
        tau_rms=(0.03, 0.012, 0.01),
    )  # fmt: skip
    results = written(tmp_path, lambda file: records.write_calibration(file, calibration))
    alpha = results.metric("alpha")
    assert (alpha.value, alpha.standard_error) == (36.0, 0.7)
    assert results.metric("r0").value == 0.95
    assert results.metric("fit_rms").standard_error is None
    np.testing.assert_array_equal(results.array("calibration/activation"), [0.2, 0.8])
    np.testing.assert_array_equal(results.array("calibration/tau_rms"), [0.03, 0.012, 0.01])
    assert results.group("calibration")["rate_per_ns"].units == "1/ns"
    assert results.attributes["calibration"] == {"refractory_time_ns": 4.0}


def test_speed_and_power_are_metrics_with_units(tmp_path):
    names = [field.name for field in dataclasses.fields(Performance)]
    values = {name: ValueWithError(1.0 + k, 0.1 * k) for k, name in enumerate(names[:-1])}
    performance = Performance(**(values | {names[-1]: ValueWithError(50.0)}))
    assert list(records.performance_metrics(performance)) == names
    results = written(
        tmp_path, lambda file: records.write_performance(file, performance, WallPlug())
    )
    rate = results.metric("spike_rate_per_ns")
    assert (rate.value, rate.standard_error, rate.units) == (1.0, 0.0, "1/ns")
    assert results.metric("sample_energy_fj").standard_error is None
    assert results.attributes["wall_plug"]["output_share"] == 0.5
    for name, metric in results.metrics.items():
        assert metric.units in UNITS
        assert metric.units == "1" or name.endswith((UNITS[metric.units], metric.units))


def test_traces_and_images_keep_shape_and_units(tmp_path):
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    traces = Traces(
        np.arange(3.0), np.array([0, 4], dtype=np.int32), values, values + 1, values + 2
    )

    def write(file):
        records.write_traces(file, traces, spike_threshold_photons=600.0)
        records.write_images(file, "lasers", np.ones((5, 2, 4)), [0, 1, 2, -1, -1])
        records.write_images(file, "gibbs", np.ones((3, 2, 4)), [0, 1, 2])

    results = written(tmp_path, write)
    absorber = results.group("traces")["absorber_electrons"]
    np.testing.assert_array_equal(absorber.data, values + 2)
    assert (absorber.dims, absorber.units) == (("laser", "time_ns"), "electrons")
    assert results.attributes["traces"]["spike_threshold_photons"] == 600
    assert results.array("images/lasers").shape == (5, 2, 4)
    assert list(results.array("images/lasers_label")) == [0, 1, 2, -1, -1]


def test_a_chip_is_written_as_it_was_drawn(tmp_path):
    chip = draw_chip(load_imperfections("harsh"), 4, 7)
    found = written(tmp_path, lambda file: records.write_chip(file, chip))
    for name in ("pump", "threshold", "gain", "coupling", "delay", "dead"):
        assert np.array_equal(found.array(f"chip/{name}"), getattr(chip, name))
    about = found.attributes["chip"]
    assert about["seed"] == 7
    assert about["spikes.lost"] == chip.imperfections.spikes.lost
    assert about["coupling.mismatch.distribution"] == "lognormal"
