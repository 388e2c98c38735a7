import json
from pathlib import Path

import numpy as np
import pytest

from lasersampling.results import read_results


def test_traces_and_spikes_of_each_pump(run):
    ran = run(
        "simulate", "D2", "--pump", 0.7, "--pump", 1.05, "--duration-ns", 60, "--seed", 2,
        "--out", "run.h5", "--set", "trace_ns=30", "--json",
    )  # fmt: skip
    assert ran.code == 0
    told = json.loads(ran.out)
    assert [laser["pump_ratio"] for laser in told["lasers"]] == [0.7, 1.05]
    # Far below threshold a laser is silent; above it pulses follow at 0.28 per ns, some 17 +- 4.
    assert told["lasers"][0]["spikes"] == 0
    assert 8 <= told["lasers"][1]["spikes"] <= 25
    assert told["files"] == ["run.h5", "run_spike_traces.png", "run_raster.png"]
    results = read_results("run.h5")
    assert results.array("traces/photons").shape == (2, results.array("traces/time_ns").size)
    assert results.array("traces/time_ns")[-1] <= 30
    assert np.bincount(results.array("spikes/unit"), minlength=2)[1] == told["lasers"][1]["spikes"]


def test_device_parameters_can_be_set(run):
    options = ("simulate", "D2", "--pump", 1.0, "--json")
    plain = json.loads(run(*options).out)
    quiet = json.loads(run(*options, "--set", "device.detection.threshold_photons=1e6").out)
    assert plain["lasers"][0]["spikes"] > 0
    assert quiet["lasers"][0]["spikes"] == 0


def test_without_pumps_a_device_shows_its_own_activation(run):
    """D6 saturates below its threshold pump; usual pumps must not all lie there."""
    ran = run("simulate", "D6", "--out", "run.h5", "--json", "--duration-ns", 400)
    assert ran.code == 0
    told = json.loads(ran.out)
    pumps = [laser["pump_ratio"] for laser in told["lasers"]]
    # Activations .05 to .95 by a calibration: logistic of slope 69 around 0.856.
    expected = [0.856 + np.log(p / (1 - p)) / 69 for p in (0.05, 0.25, 0.5, 0.75, 0.95)]
    np.testing.assert_allclose(pumps, expected, atol=0.006)
    spikes = [laser["spikes"] for laser in told["lasers"]]
    # A saturated D6 spikes at 0.46 per ns, 184 times; 0.022 per ns at P = .05 is 9 times.
    assert spikes[0] < 30 < 140 < spikes[-1]
    assert "0.05" in ran.err
    results = read_results("run.h5")
    np.testing.assert_allclose(results.array("traces/pump_ratio"), pumps)
    # The file says what was simulated, not that nothing was asked for.
    assert str(pumps[2]) in results.config


def test_ranges_and_numbers_of_pumps_together(run):
    ran = run("simulate", "D2", "--pump", "0.8:0.9:3", "--pump", 0.5, "--json", "--duration-ns", 5)
    assert [laser["pump_ratio"] for laser in json.loads(ran.out)["lasers"]] == [0.8, 0.85, 0.9, 0.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pump", "0.8:0.9"), "start:stop:count"),
        (("--pump", "0.8:0.9:x"), "a whole number as the count"),
        (("--pump", "0.8:0.9:2.5"), "a whole number as the count"),
        (("--pump", "0.8:0.9:1"), "a count of at least 2"),
        (("--pump", "0.8:0.9:-3"), "a count of at least 2"),
        (("--pump", "0.9:0.8:4"), "a start below the stop"),
        (("--pump", "0.9:0.9:4"), "a start below the stop"),
        (("--pump", "-1:0.8:4"), "numbers from 0 to 100"),
        (("--pump", "nan:0.8:4"), "numbers from 0 to 100"),
        (("--pump", "nan"), "numbers from 0 to 100"),
        (("--pump=-0.5",), "numbers from 0 to 100"),
        (("--pump", "20000"), "numbers from 0 to 100"),
        (("--pump", "0.8:0.9:1000000000000"), "at most 10,000 numbers"),
        (("--pump", "0.8:0.9:6000", "--pump", "0.8:0.9:6000"), "at most 10,000 numbers"),
        (("--set", "pump=[20000.0]"), "at most 100"),
        (("--set", "device.step_ps=9"), "device.step_ps"),
    ],
)
def test_pumps_and_steps_that_make_no_sense_are_refused(run, options, message):
    ran = run("simulate", "D2", *options)
    assert ran.code == 2
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_step_beyond_that_of_the_device_file_is_said_once(run):
    ran = run("simulate", "D2", "--pump", 1.0, "--duration-ns", 5, "--set", "device.step_ps=6")
    assert ran.code == 0
    said = [line for line in ran.err.splitlines() if "lasersampling: warning:" in line]
    assert len(said) == 1
    assert "a step of 6 ps is longer than the 4 ps" in said[0]


def test_a_simulation_that_does_not_fit_on_the_disk_is_refused_before_it_begins(run):
    ran = run("simulate", "D6", "--pump", "0.9", "--duration-ns", "1e12", "--out", "run.h5")
    assert ran.code == 2
    assert "of the disk while it is written, expected at most" in ran.err
    assert not Path("run.h5").exists()
