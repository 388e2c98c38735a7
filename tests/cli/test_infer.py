import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    load_bayesian_network,
    load_machine,
    save_machine,
    target_from_table,
)
from lasersampling.boltzmann.learned import Learned
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.cli.evidence import evidence_of
from lasersampling.config import shipped_path, to_toml
from lasersampling.errors import InputError
from lasersampling.results import read_results
from lasersampling.results.figures.posterior import posteriors_of
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.inference import exact_posterior
from lasersampling.sampling.neurons.configured import settings_of
from lasersampling.sampling.neurons.sampler import Lasers

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
    network = load_bayesian_network(shipped_path("bayesian_networks", "explaining_away"))
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


@pytest.fixture
def learned_file(run):
    """Return a file of a machine that says what it learned, with lasers in the loop."""
    target = target_from_table([0.3, 0.05, 0.05, 0.1, 0.1, 0.2, 0.15, 0.05])
    lasers = Lasers("D6", delay_ns=0.05, imperfections="laboratory", chip_seed=3)
    record = Learned(target, "lasers", to_toml(settings_of(lasers)))
    base = BoltzmannMachine.random(5, seed=2)
    machine = BoltzmannMachine(base.weights, base.biases, n_hidden=2)
    names = UnitNames(("rain", "sun", "wind"))
    save_machine("learned.h5", machine, names=names, learned=record)
    return "learned.h5"


def test_what_was_learned_is_the_measure(run, learned_file):
    ran = run("infer", learned_file, "--clamp", "wind=1", *GIBBS, "--out", "run.h5", "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["exact_of"] == "target"
    assert told["units"] == ["rain", "sun", "wind"]
    # Rain and sun given wind, in states 001, 101, 011 and 111.
    assert told["exact"][0] == pytest.approx([0.25 / 0.5, 0.2 / 0.5, 1.0])
    assert "Gibbs sampling draws from the machine on an ideal device" in told["remarks"][0]
    results = read_results("run.h5")
    assert results.attributes["posterior"]["exact_of"] == "target"
    assert results.array("posterior/name").tolist() == ["rain", "sun", "wind"]
    assert posteriors_of(results, "posterior").exact_label == "exact, of the target"
    assert results.metrics["mean_abs_error_gibbs"].value == pytest.approx(
        np.abs(results.array("posterior/mean_gibbs") - told["exact"])[0, :2].mean()
    )


def test_hidden_units_are_listed_when_asked(run, learned_file):
    shown = run("infer", learned_file, "--clamp", "wind=1", *GIBBS, "--quiet").out
    assert "hidden" not in shown
    assert "exact, of the target" in shown
    more = run("infer", learned_file, "--clamp", "wind=1", *GIBBS, "--quiet", "--hidden")
    assert more.code == 0
    assert "hidden1" in more.out
    assert "unknown" in more.out
    assert "a target does not contain hidden units" in more.out
    # Evidence on hidden units: the target does not know it, the machine does.
    told = json.loads(run("infer", learned_file, "--clamp", "hidden0=1", *GIBBS, "--json").out)
    assert told["exact_of"] == "machine"
    assert told["units"][-1] == "hidden1"
    assert None not in told["exact"][0]
    everything = run("infer", learned_file, "--clamp", "rain=1,sun=0,wind=0", *GIBBS)
    assert everything.code == 2
    assert "--clamp: got all visible units clamped" in everything.err


def test_a_machine_alone_is_judged_by_its_ideal_law_and_says_so(run, machine_file):
    ran = run("infer", machine_file, "--clamp", "0=1", *GIBBS, "--quiet")
    assert "exact, of the ideal machine" in ran.out
    told = json.loads(run("infer", machine_file, "--clamp", "0=1", *GIBBS, "--json").out)
    assert told["exact_of"] == "machine"
    assert told["adaptation"] is None


def test_a_fit_keeps_names_target_and_lasers(run):
    Path("pair.csv").write_text("rain,wet,probability\n0,0,0.4\n1,0,0.1\n0,1,0.1\n1,1,0.4\n")
    settings = ("n_hidden=1", "judging.n_draws=50", "judging.n_chains=2", "sampler.kind=gibbs")
    few = ("learning.n_updates=1", "learning.updates_per_epoch=1", "pretraining.n_updates=1")
    chosen = [f"--set={setting}" for setting in (*settings, *few)]
    assert run("fit", "pair.csv", "--out", "fit.h5", "--quiet", *chosen).code == 0
    ran = run("infer", "fit.h5", "--clamp", "rain=1", *GIBBS, "--json", "--out", "run.h5")
    told = json.loads(ran.out)
    assert told["units"] == ["rain", "wet"]
    assert told["exact_of"] == "target"
    assert told["exact"][0] == pytest.approx([1.0, 0.8])
    assert load_machine("fit.h5").n_hidden == 1


QUICK_LASERS = ("--duration-ns", 10, "--chains", 2, "--draws", 4, "--json")


def test_lasers_are_those_that_the_machine_was_learned_with(run, learned_file, quick_calibration):
    asked = ("infer", learned_file, "--clamp", "wind=1", *QUICK_LASERS, *quick_calibration)
    ran = run(*asked, "--out", "run.h5")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert "The lasers are those that the machine was learned with." in told["remarks"]
    assert "was learned with a device in the loop" in told["adaptation"]["what"]
    assert told["adaptation"]["laser_time_ns"] == 0
    config = read_results("run.h5").config
    assert "chip_seed = 3" in config
    assert "delay_ns = 0.05" in config
    other = run(*asked, "--set", "chip_seed=4", "--set", "delay_ns=0.0")
    remark = "learned with other lasers (delay_ns, chip_seed)"
    assert any(remark in sentence for sentence in json.loads(other.out)["remarks"])
    adapted = json.loads(run(*asked, "--adapt", 1, "--set", "adaptation_draws=4").out)
    assert "1 round" in adapted["adaptation"]["what"]
    assert "no longer from what was learned" in adapted["remarks"][-1]


def test_evidence_that_the_data_never_show(run):
    record = Learned(target_from_table([0.5, 0.5, 0.0, 0.0]), "gibbs")
    save_machine("pair.h5", BoltzmannMachine(np.zeros((2, 2)), [0.0, -3.0]), learned=record)
    ran = run("infer", "pair.h5", "--clamp", "1=1", *GIBBS, "--quiet")
    assert ran.code == 0
    assert "unknown" in ran.out
    assert "the target never shows the evidence" in ran.out
    assert "hidden" not in ran.out


def test_lasers_of_a_machine_whose_file_does_not_say_which(run, quick_calibration):
    record = Learned(target_from_table([0.5, 0.5]), "a chip")
    save_machine("chip.h5", BoltzmannMachine([[0.0]], [0.0]), learned=record)
    ran = run("infer", "chip.h5", *QUICK_LASERS, *quick_calibration)
    assert any("learned with 'a chip'" in sentence for sentence in json.loads(ran.out)["remarks"])


def test_a_damaged_record_of_lasers_is_refused(run, learned_file):
    with h5py.File(learned_file, "a") as file:
        file["learned"].attrs["settings"] = "device = ["
    ran = run("infer", learned_file, "--clamp", "wind=1")
    assert ran.code == 2
    assert "/learned@settings" in ran.err


def test_rounds_of_adaptation_are_told_and_kept(run, machine_file, quick_calibration):
    asked = ("infer", machine_file, *QUICK_LASERS, *quick_calibration)
    chip = ("--imperfections", "harsh", "--set", "adaptation_draws=50")
    told = json.loads(run(*asked, "--adapt", 1, *chip, "--out", "run.h5").out)["adaptation"]
    assert told["rounds"] == [1]
    assert "adapted, in 1 round:" in told["what"]
    # Sixteen chains of 50 draws after 50 such intervals of burn-in: to adapt, and to judge twice.
    tau = Lasers("D6").neuron.refractory_time_ns
    assert told["laser_time_ns"] == pytest.approx(3 * 16 * 100 * tau)
    results = read_results("run.h5")
    assert results.attributes["adaptation"]["laser_time_ns"] == told["laser_time_ns"]
    assert results.array("adaptation/gain").shape == (1, 3)
    never = json.loads(run(*asked, "--adapt", 0).out)["adaptation"]
    assert "not adapted, as asked" in never["what"]
    # A run of 20 ns leaves no time for it.
    left = json.loads(run(*asked).out)["adaptation"]
    assert "more laser time than the run" in left["what"]
    refused = run(*asked, "--adapt", -1)
    assert refused.code == 2
    assert "--adapt: got -1" in refused.err
