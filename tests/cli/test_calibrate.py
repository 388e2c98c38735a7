import json
import tomllib

import pytest

from lasersampling.results import read_results


def test_calibration_is_told_and_drawn(run, quick_calibration):
    settings = [option.replace("calibration.", "") for option in quick_calibration]
    ran = run("calibrate", "D2", "--out", "run.h5", "--json", *settings)
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
    assert results.attributes["calibration"]["refractory_time_ns"] == pytest.approx(
        results.attributes["device"]["refractory_time_ns"]
    )
