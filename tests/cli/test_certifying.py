"""Certificates at the end of commands: sentences, JSON, results file, and ``--strict``."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.boltzmann.learned import Learned
from lasersampling.boltzmann.targets import target_from_table
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.cli.certifying import NOT_CERTIFIED, enforce_again, pictures_remarks
from lasersampling.results import ResultsFile, read_results
from lasersampling.sampling.certificate import Judgement, Verdict

GIBBS = ("--sampler", "gibbs", "--set", "burn_in=10")


@pytest.fixture
def two_modes() -> str:
    """Eight units that are all 0 or all 1, with a barrier that no chain crosses."""
    weights = 4.0 * (np.ones((8, 8)) - np.eye(8))
    save_machine("modes.h5", BoltzmannMachine(weights, -0.5 * weights.sum(axis=1)))
    return "modes.h5"


def test_draws_that_agree_are_told_so(run, machine_file):
    ran = run("sample", machine_file, "--sampler", "gibbs", "--out", "run.h5", "--strict")
    assert ran.code == 0
    assert "agree with the machine" in " ".join(ran.out.split())
    file = read_results("run.h5")
    assert file.attributes["certificate"]["verdict"] == "agrees within its error"


def test_draws_that_do_not_mix_are_told_so_and_strict_leaves_with_three(run, two_modes):
    ran = run("sample", two_modes, *GIBBS, "--draws", 500, "--json")
    assert ran.code == 0
    told = json.loads(ran.out)["certificate"]
    assert told["verdict"] == "does not mix"
    assert not told["holds"]
    assert told["remedies"]
    strict = run("sample", two_modes, *GIBBS, "--draws", 500, "--strict", "--out", "run.h5")
    assert strict.code == 3
    again = run("sample", "--resume", "run.h5", "--strict")
    assert again.code == 3
    assert "run.h5: the verdict on the draws: does not mix" in again.err
    assert run("sample", "--resume", "run.h5").code == 0
    assert "do not mix" in strict.out
    assert "tempering" in strict.out
    assert Path("run.h5").exists()  # what was drawn is kept: the verdict is about it


def test_units_are_called_by_their_names(run, two_modes):
    machine = BoltzmannMachine.random(3, seed=1)
    save_machine("named.h5", machine, names=UnitNames(("rain", "sun", "wind")))
    ran = run("sample", "named.h5", *GIBBS, "--draws", 8, "--clamp", "rain=1", "--json")
    assert ran.code == 0
    told = json.loads(ran.out)["certificate"]
    assert told["verdict"] == "cannot be judged"


def test_lasers_say_what_an_independent_draw_costs(run, machine_file, quick_calibration):
    ran = run("sample", machine_file, "--duration-ns", 300, "--json", *quick_calibration)
    assert ran.code == 0
    cost = json.loads(ran.out)["certificate"]["cost"]
    assert cost["laser_time_ns"] == pytest.approx(4 * 300)
    # An independent draw takes at least a good part of the refractory time, 1 ns, and some of it.
    assert 0.2 < cost["ns_per_independent_draw"] < 50.0
    # Three junctions of tens of microwatts: femtojoules per nanosecond each.
    assert 0.01 < cost["pj_per_independent_draw"] < 10.0


def test_cases_of_evidence_have_a_verdict_each(run):
    weights = 0.5 * (np.ones((3, 3)) - np.eye(3))
    names = UnitNames(("rain", "sun", "wind"))
    save_machine("named.h5", BoltzmannMachine(weights, np.zeros(3)), names=names)
    Path("cases.csv").write_text("rain,sun,wind\n1,,\n,,0\n")
    ran = run(
        "infer", "named.h5", "--sampler", "gibbs", "--evidence", "cases.csv", "--json", "--strict"
    )
    assert ran.code == 0
    told = json.loads(ran.out)["certificate"]
    assert list(told["groups"]) == ["rain=1", "wind=0"]
    assert told["holds"]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_a_verdict_means_for_pictures_is_said_where_averages_are_not_known(verdict):
    remarks = pictures_remarks(Judgement(verdict=verdict, reason="", remedies=()), 50.0)
    assert len(remarks) == (verdict in (Verdict.UNMIXED, Verdict.UNKNOWN))
    assert all("one picture for 50 ns" in remark for remark in remarks)


def test_a_machine_learned_on_a_device_is_judged_by_what_it_learned(run, quick_calibration):
    target = target_from_table([0.25, 0.25, 0.25, 0.25])
    # Biases that make up for a device: the ideal machine is off by far.
    machine = BoltzmannMachine(np.zeros((2, 2)), [1.0, -1.0])
    save_machine("learned.h5", machine, learned=Learned(target, "lasers"))
    ran = run("sample", "learned.h5", "--duration-ns", 400, "--json", *quick_calibration)
    assert ran.code == 0
    told = json.loads(ran.out)
    assert "learned with a device in the loop" in told["adaptation"]["what"]
    # Log odds of 1 where the target has 0, as these lasers have nothing to make up for.
    assert told["certificate"]["kl_nats"] == pytest.approx(0.222, abs=0.1)
    assert told["certificate"]["verdict"] == "biased"
    assert told["certificate"]["cost"]["ns_per_independent_draw"] > 0


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_a_complete_run_ends_as_it_did(tmp_path, verdict):
    path = tmp_path / "run.h5"
    with ResultsFile.create(path, command="", seed=0, config="") as file:
        file.metric("error", 0.1)
        if verdict is not None:
            file.attributes("certificate", {"verdict": str(verdict)})
    found = read_results(path)
    enforce_again(found, strict=False)
    if verdict in (None, Verdict.AGREES):
        enforce_again(found, strict=True)
        return
    with pytest.raises(typer.Exit) as ended:
        enforce_again(found, strict=True)
    assert ended.value.exit_code == NOT_CERTIFIED
