import json
from pathlib import Path

import numpy as np
import pytest

from lasersampling.boltzmann import load_machine, load_network
from lasersampling.cli.evidence import evidence_of
from lasersampling.config import shipped_path
from lasersampling.errors import InputError
from lasersampling.results import read_results
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.inference import exact_posterior

GIBBS = ("--sampler", "gibbs", "--draws", 2000, "--chains", 8)


def test_a_network_by_name_leaves_results_and_a_figure(run):
    ran = run(
        "infer", "explaining_away", "--clamp", "alarm=1", "--soft", "john_calls=0.8", *GIBBS,
        "--out", "run.h5", "--json",
    )  # fmt: skip
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["files"] == ["run.h5", "run.png"]
    results = read_results("run.h5")
    network = load_network(shipped_path("bayesian_networks", "explaining_away"))
    assert results.array("posterior/name").tolist() == list(network.names) == told["units"]
    exact = exact_posterior(network, Evidence.single(5, {2: 1}, {3: 0.8}))
    np.testing.assert_array_equal(results.array("posterior/exact"), exact)
    assert told["exact"] == exact.tolist()
    difference = results.array("posterior/mean_gibbs") - exact
    # The largest of four normal deviates exceeds 4 with probability 0.0003.
    assert (np.abs(difference) <= 4 * results.array("posterior/se_gibbs")).all()
    assert results.metrics["mean_abs_error_gibbs"].value < 0.02
    assert load_machine("run.h5").n_visible == 5


def test_many_cases_of_a_machine_in_one_run(run, machine_file):
    Path("cases.csv").write_text("2,0\n1,0\n,1\n0.3,\n,\n0,0\n")
    ran = run(
        "infer", machine_file, "--evidence", "cases.csv", *GIBBS, "--out", "run.h5", "--quiet"
    )
    assert ran.code == 0
    assert "2=0.3" in ran.out
    results = read_results("run.h5")
    assert results.array("posterior/clamped").tolist() == [
        [0, -1, 1], [1, -1, -1], [-1, -1, -1], [-1, -1, -1], [0, -1, 0]
    ]  # fmt: skip
    assert results.array("posterior/name").tolist() == ["0", "1", "2"]


@pytest.mark.slow
def test_lasers_stand_beside_gibbs(run, machine_file, quick_calibration):
    ran = run(
        "infer", machine_file, "--clamp", "0=1", "--duration-ns", 1000, "--json",
        *quick_calibration,
    )  # fmt: skip
    assert ran.code == 0
    told = json.loads(ran.out)
    assert set(told["samplers"]) == {"lasers", "gibbs"}
    assert told["metrics"]["mean_abs_error_lasers"]["value"] < 0.1


def test_machines_of_many_units_have_no_exact_posterior(run):
    n = 22
    zeros = ",".join("0" for _ in range(n))
    rows = ",".join(f"[{zeros}]" for _ in range(n))
    Path("large.toml").write_text(f"biases = [{zeros}]\nweights = [{rows}]\n")
    ran = run("infer", "large.toml", "--clamp", "0=1", "--sampler", "gibbs", "--draws", 10)
    assert ran.code == 0
    assert "unknown" in ran.out
    assert "mean_abs_error" not in ran.out


@pytest.mark.parametrize(
    ("clamp", "soft", "messages"),
    [
        ("alarm", "", ["--clamp: got 'alarm', expected unit=value"]),
        ("thief=1", "", ["--clamp: got unit 'thief', expected one of burglary, alarm"]),
        ("2=1", "", ["--clamp: got unit '2', expected one of"]),
        ("alarm=2", "", ["--clamp: got alarm=2, expected the value 0 or 1"]),
        ("alarm=1,1=0", "", ["--clamp: got unit '1' twice"]),
        ("", "0=1, alarm=0", ["--soft: got burglary=1, expected", "--soft: got alarm=0"]),
        ("0=1", "0=0.5", ["--soft: got burglary, expected a unit that is not clamped"]),
        ("0=1,1=1", "", ["--clamp: got all units, expected at least one"]),
    ],
)
def test_malformed_evidence(clamp, soft, messages):
    with pytest.raises(InputError) as error:
        evidence_of(clamp, soft, "", ("burglary", "alarm"))
    for message in messages:
        assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["explaining_away", "--clamp", "x=1"], "unit 'x'"),
        (["explaining_away", "--evidence", "none.csv"], "none.csv: got No such file"),
        (["explaining_away", "--evidence", "a.csv", "--clamp", "0=1"], "got a file and clamp or"),
        (["nobody"], "'nobody'"),
        (["explaining_away", "--sampler", "dice"], "--sampler: got 'dice'"),
        (["explaining_away", "--clamp", "0=1", "--duration-ns", "0.5"], "which is 4 draws"),
    ],
)
def test_bad_input_leaves_nothing(run, options, message):
    ran = run("infer", *options, "--out", "run.h5")
    assert ran.code == 2
    assert message in ran.err
    assert not Path("run.h5").exists()
