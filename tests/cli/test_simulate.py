import json

import numpy as np

from lasersampling.results import read_results


def test_traces_and_spikes_of_each_pump(run):
    ran = run(
        "simulate", "D2", "--pump", 0.7, "--pump", 1.05, "--duration-ns", 60, "--seed", 2,
        "--out", "run.h5", "--set", "trace_ns=30", "--json",
    )  # fmt: skip
    assert ran.code == 0
    told = json.loads(ran.out)
    assert [laser["pump"] for laser in told["lasers"]] == [0.7, 1.05]
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
