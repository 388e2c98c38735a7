import json
import tomllib

import pytest

import lasersampling as ls
from lasersampling.cli.configurations import CalibrateConfig
from lasersampling.results import read_results
from lasersampling.sampling.neurons.calibration import CalibrationSettings

QUICK_PERFORMANCE = [
    f"--set=performance.{setting}"
    for setting in (
        "n_copies=16",
        "emission_duration_ns=40",
        "n_chains=4",
        "machine_duration_ns=400",
    )
]


def test_calibration_is_told_and_drawn(run, quick_calibration):
    settings = [option.replace("calibration.", "") for option in quick_calibration]
    ran = run("calibrate", "D2", "--out", "run.h5", "--json", *settings, *QUICK_PERFORMANCE)
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["files"] == ["run.h5", "run.png"]
    results = read_results("run.h5")
    assert tomllib.loads(results.config)["n_chains"] == 8
    pump, activation = results.array("calibration/pump"), results.array("calibration/activation")
    assert activation[pump < results.metric("r0").value].max() < 0.6
    assert activation[pump > results.metric("r0").value].min() > 0.4
    for name, metric in results.metrics.items():
        assert told["metrics"][name]["value"] == metric.value
        assert told["metrics"][name]["units"] == metric.units
    assert results.metric("spike_energy_fj").units == "fJ"
    assert results.attributes["wall_plug"]["excess_voltage_v"] == 0.2
    assert results.attributes["calibration"]["refractory_time_ns"] == pytest.approx(
        results.attributes["device"]["refractory_time_ns"]
    )


def test_speed_and_power_follow_the_assumptions(run, quick_calibration):
    settings = [option.replace("calibration.", "") for option in quick_calibration]

    def metrics(*more):
        ran = run("calibrate", "D2", "--json", *settings, *QUICK_PERFORMANCE, *more)
        assert ran.code == 0
        return json.loads(ran.out)["metrics"]

    plain, leaky = metrics(), metrics("--set=wall_plug.injection_efficiency=0.5")
    for name in ("current_ua", "power_uw", "spike_energy_fj", "sample_energy_fj"):
        assert leaky[name]["value"] == pytest.approx(2 * plain[name]["value"])
    assert leaky["spike_rate_per_ns"] == plain["spike_rate_per_ns"]
    ran = run("calibrate", "D2", *settings, *QUICK_PERFORMANCE, "--all")
    assert "electrical energy per spike (fJ)" in ran.out


def test_keys_stand_once_and_in_the_order_of_results_files():
    config = CalibrateConfig(device=ls.load_device("D6"), n_chains=12, seed=3)
    assert list(CalibrateConfig.__dataclass_fields__) == [
        "device", "delay_ns", "seed", "n_chains", "activation_duration_ns", "pair_duration_ns",
        "performance", "wall_plug",
    ]  # fmt: skip
    assert config.measured == CalibrationSettings(n_chains=12, seed=3)
    assert CalibrateConfig(device=ls.load_device("D6")).measured == CalibrationSettings()


@pytest.mark.parametrize("wrong", [{"seed": 2**63}, {"n_chains": 10**12}, {"n_chains": 1}])
def test_settings_of_a_calibration_are_as_strict_in_python(wrong):
    with pytest.raises(ls.InputError, match=next(iter(wrong))):
        CalibrationSettings(**wrong)
