import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, exact_moments, load_machine, save_machine
from lasersampling.hardware import Deviation, Imperfections, Quantity
from lasersampling.hardware.chip import draw_chip
from lasersampling.judging.tally import Tally
from lasersampling.results import read_results
from lasersampling.sampling import pieces


def test_gibbs_run_leaves_complete_results_and_figures(run, machine_file):
    ran = run(
        "sample", machine_file, "--sampler", "gibbs", "--draws", 2000, "--seed", 3,
        "--out", "run.h5", "--set", "thin=2", "--json",
    )  # fmt: skip
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    told = json.loads(ran.out)
    assert told["files"] == ["run.h5", "run_distribution.png", "run_divergence_over_time.png"]
    assert sorted(path.name for path in Path().iterdir()) == sorted(
        [*told["files"], "machine.toml"]
    )
    assert (told["sampler"], told["chains"], told["draws"], told["seed"]) == ("gibbs", 4, 2000, 3)
    results = read_results("run.h5")
    assert results.attrs["command"].startswith("lasersampling sample machine.toml --sampler gibbs")
    assert results.attrs["seed"] == 3
    assert tomllib.loads(results.config)["thin"] == 2
    assert results.samples().states.shape == (4, 2000, 3)
    np.testing.assert_array_equal(results.machine().biases, load_machine(machine_file).biases)
    for name, metric in results.metrics.items():
        assert told["metrics"][name]["value"] == metric.value
    # 2 N D_KL is chi-squared with 7 degrees of freedom: below 25 with probability 0.999. Thinned
    # draws of this machine are worth at least half as many independent ones.
    assert 2 * 4000 * results.metrics["kl_sample_target"].value < 25


def test_imperfect_lasers_are_recorded_and_met_again(run, machine_file, quick_calibration):
    options = (
        "sample", machine_file, "--duration-ns", 200, "--imperfections", "laboratory",
        "--set", "imperfections.pump.mismatch.std=0.02", "--set", "chip_seed=3", "--json",
        *quick_calibration,
    )  # fmt: skip
    told = run(*options, "--out", "run.h5")
    assert told.code == 0
    results = read_results("run.h5")
    config = tomllib.loads(results.config)
    assert config["imperfections"]["pump"]["mismatch"]["std"] == 0.02
    assert config["imperfections"]["coupling"]["grid"]["bits"] == 5
    pumps = Imperfections(pump=Quantity(mismatch=Deviation(0.02)))
    expected = draw_chip(pumps, 3, 3).pump
    assert np.array_equal(results.array("chip/pump"), expected)
    few = ("--set", "adaptation_draws=4")
    adapted = run(*options, "--adapt", 1, *few, "--out", "adapted.h5")
    assert adapted.code == 0
    results = read_results("adapted.h5")
    assert (results.array("adaptation/gain") != 1.0).all()
    assert results.attributes["adaptation"]["what"] in adapted.err
    without_number = run(*options, "--adapt", *few)
    assert without_number.code == 0
    assert "4 rounds" in json.loads(without_number.out)["adaptation"]["what"]
    refused = run(*options, "--adapt", -1)
    assert refused.code == 2
    assert "--adapt: got -1" in refused.err
    for key in ("adaptation_rounds", "adaptation_draws"):
        refused = run(*options, "--set", f"{key}=-1")
        assert refused.code == 2
        assert f"--set {key}: got -1" in refused.err
    again = run(*options)
    assert json.loads(again.out)["metrics"] == json.loads(told.out)["metrics"]
    ran = run("sample", machine_file, "--imperfections", "none such")
    assert ran.code == 2
    assert "laboratory" in ran.err
    ran = run("sample", machine_file, "--set", "imperfections.gain.trial.std=0.1")
    assert ran.code == 2
    assert "imperfections.gain.trial" in ran.err


def test_lasers_run(run, machine_file, quick_calibration):
    ran = run(
        "sample", machine_file, "--duration-ns", 2000, "--chains", 8, "--out", "run.h5",
        "--json", *quick_calibration,
    )  # fmt: skip
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["sampler"] == "lasers"
    assert told["draws"] * told["interval_ns"] == 2000
    assert "run_raster.png" in told["files"]
    results = read_results("run.h5")
    assert results.spikes().n_units == 3
    assert results.attributes["device"]["refractory_time_ns"] > 0
    assert results.attributes["device"]["gain.carrier_lifetime_ns"] > 0
    assert {"alpha", "r0", "synapse_strength"} <= set(results.metrics)
    assert results.array("divergence/time_ns")[-1] == 16_000
    config = tomllib.loads(results.config)
    assert config["device"]["name"] == "D6"
    assert config["calibration"]["n_chains"] == 8
    # The quick calibration is good to a few percent; uncoupled, unbiased lasers would show .3.
    assert results.metrics["kl_sample_target"].value < 0.1


def test_tempering_and_depression_are_set_and_recorded(run, machine_file, quick_calibration):
    ran = run(
        "sample", machine_file, "--duration-ns", 200, "--out", "run.h5", "--json",
        "--set", "tempering.period_ns=40", "--set", "depression.utilisation=0.1",
        "--set", "depression.recovery_time_ns=20", *quick_calibration,
    )  # fmt: skip
    assert ran.code == 0
    # 14 ns of a period of 40 ns are for draws, a quarter of the refractory time of 2.5 ns apart.
    told = json.loads(ran.out)
    assert told["interval_ns"] == pytest.approx(40.0 / 23)
    assert told["draws"] == 115
    config = tomllib.loads(read_results("run.h5").config)
    assert config["tempering"]["period_ns"] == 40.0
    assert config["depression"]["utilisation"] == 0.1
    ran = run("sample", machine_file, "--set", "depression.utilisation=0.1")
    assert ran.code == 2
    assert "depression.recovery_time_ns" in ran.err


def test_renewal_run(run, machine_file, quick_calibration):
    options = (
        "sample", machine_file, "--sampler", "renewal", "--duration-ns", 2000, "--chains", 8,
        "--set=hazard.n_chains=4", "--set=hazard.duration_ns=500",
        "--set=hazard.response_duration_ns=60", "--json", *quick_calibration,
    )  # fmt: skip
    ran = run(*options, "--out", "run.h5")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["sampler"] == "renewal"
    assert told["draws"] * told["interval_ns"] == 2000
    assert "run_raster.png" in told["files"]
    results = read_results("run.h5")
    assert results.spikes().n_units == 3
    assert results.attributes["device"]["refractory_time_ns"] > 0
    assert tomllib.loads(results.config)["hazard"]["n_chains"] == 4
    # As good as the quick calibration; uncoupled, unbiased neurons would show .3.
    assert results.metrics["kl_sample_target"].value < 0.1
    assert json.loads(run(*options).out)["metrics"] == told["metrics"]
    ran = run("sample", machine_file, "--sampler", "renewal", "--imperfections", "laboratory")
    assert ran.code == 2
    assert "--imperfections: got 'laboratory' with --sampler renewal" in ran.err
    ran = run("sample", machine_file, "--sampler", "renewal", "--set", "hazard.n_chains=1")
    assert ran.code == 2
    assert "n_chains: got 1, expected at least 2" in ran.err


def test_same_seed_same_bits_and_another_seed_others(run, machine_file):
    options = ("sample", machine_file, "--sampler", "gibbs", "--draws", 50, "--json")
    first, again, other = (
        run(*options, "--seed", 1).out,
        run(*options, "--seed", 1).out,
        run(*options, "--seed", 2).out,
    )
    assert first == again
    assert json.loads(first)["metrics"] != json.loads(other)["metrics"]


def test_clamped_units_hold_and_the_rest_follow(run, machine_file):
    ran = run(
        "sample", machine_file, "--sampler", "gibbs", "--clamp", "0=1, 2=0", "--out", "run.h5"
    )
    assert ran.code == 0
    results = read_results("run.h5")
    states = results.samples().states
    assert states[..., 0].min() == 1
    assert states[..., 2].max() == 0
    exact = exact_moments(load_machine(machine_file), [1, -1, 0]).mean[1]
    # 40000 nearly independent draws: a standard error of at most 0.0025.
    assert results.array("units/mean")[0] == pytest.approx(exact, abs=0.01)


def test_results_file_serves_as_machine(run, machine_file):
    run("sample", machine_file, "--sampler", "gibbs", "--draws", 10, "--out", "run.h5")
    ran = run("sample", "run.h5", "--sampler", "gibbs", "--draws", 10, "--json")
    assert json.loads(ran.out)["n_units"] == 3


def test_more_than_twenty_units_get_diagnostics_only(run):
    save_machine("large.toml", BoltzmannMachine.random(21, seed=1, weight_std=0.1))
    ran = run(
        "sample", "large.toml", "--sampler", "gibbs", "--draws", 20, "--out", "x.h5", "--json"
    )
    told = json.loads(ran.out)
    assert set(told["metrics"]) == {"ess_joint", "ess_min", "r_hat_max"}
    assert told["files"] == ["x.h5"]


def test_infinite_divergence_is_null_in_json(run, machine_file):
    ran = run("sample", machine_file, "--sampler", "gibbs", "--draws", 4, "--chains", 1, "--json")
    metrics = json.loads(ran.out)["metrics"]
    assert metrics["kl_target_sample"]["value"] is None
    assert metrics["r_hat_max"]["value"] is None
    assert metrics["kl_sample_target"]["value"] > 0


def test_table_for_people_and_remarks_apart(run, machine_file):
    ran = run("sample", machine_file, "--sampler", "gibbs", "--draws", 10)
    assert "D_KL(sampled" in ran.out
    assert "sampling 3 units" in ran.err
    ran = run("sample", machine_file, "--sampler", "gibbs", "--draws", 10, "--quiet")
    assert "D_KL(sampled" in ran.out
    assert ran.err == ""


def test_overwriting_needs_to_be_said(run, machine_file):
    options = ("sample", machine_file, "--sampler", "gibbs", "--draws", 10, "--out", "run.h5")
    assert run(*options).code == 0
    assert run(*options).code == 2
    assert run(*options, "--seed", 9, "--overwrite").code == 0
    assert read_results("run.h5").attrs["seed"] == 9


def test_set_wins_over_options(run, machine_file):
    ran = run(
        "sample", machine_file, "--sampler", "gibbs", "--draws", 10, "--set", "draws=20", "--json"
    )
    assert json.loads(ran.out)["draws"] == 20


SPREAD = ("--sampler", "gibbs", "--draws", 1500, "--chains", 3, "--clamp", "0=1", "--seed", 2)


def assert_same(*paths):
    found = [read_results(path) for path in paths]
    assert found[0].contents.keys() == found[1].contents.keys()
    for name in found[0].contents:
        one, other = (each.array(name) for each in found)
        np.testing.assert_array_equal(one, other, strict=True)
    assert found[0].config == found[1].config


def test_workers_change_no_bit_and_other_workers_go_on(run, machine_file, monkeypatch):
    monkeypatch.setattr(pieces, "VALUES_PER_PIECE", 3 * 3 * 100)
    assert run("sample", machine_file, *SPREAD, "--out", "alone.h5").code == 0
    ran = run("sample", machine_file, *SPREAD, "--workers", 2, "--out", "spread.h5")
    assert (ran.code, "warning" in ran.err) == (0, False)
    assert_same("alone.h5", "spread.h5")

    def add(self, piece, real=Tally.add):
        if self._done >= 600:
            raise KeyboardInterrupt
        real(self, piece)

    with monkeypatch.context() as stopping:
        stopping.setattr(Tally, "add", add)
        ran = run("sample", machine_file, *SPREAD, "--workers", 3, "--out", "stopped.h5")
    assert ran.code == 130
    assert "go on from the last checkpoint" in ran.err
    ran = run("sample", "--resume", "stopped.h5", "--workers", 5)
    assert ran.code == 0
    assert "warning: 3 chains keep 3 of 5 workers busy" in ran.err
    assert_same("alone.h5", "stopped.h5")


@pytest.mark.parametrize("workers", [(), ("--workers", 2)])
def test_ctrl_c_before_anything_is_kept_says_so(run, machine_file, monkeypatch, workers):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lasersampling.sampling.pieces.kept", stopped)
    words = ("sample", machine_file, *SPREAD, *workers)
    ran = run(*words, "--out", "run.h5")
    assert ran.code == 130
    assert "keyboard; nothing is kept yet; the same command begins anew" in ran.err
    assert sorted(path.name for path in Path().iterdir()) == ["machine.toml"]
    ran = run(*words)
    assert ran.code == 130
    assert (
        "nothing was kept, as --out FILE.h5 was not given; the same command begins anew" in ran.err
    )
    monkeypatch.setattr("lasersampling.cli.sample.workers_of", stopped)
    ran = run(*words)
    assert "keyboard; nothing was begun; the same command begins anew" in ran.err
    ran = run("sample", "--resume", "run.h5")
    assert "run.h5: got no such file" in ran.err


def test_a_complete_run_draws_its_missing_figures_and_nothing_else(run, machine_file, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    words = ("sample", machine_file, "--sampler", "gibbs", "--draws", 50, "--out", "run.h5")
    with monkeypatch.context() as stopping:
        stopping.setattr("lasersampling.results.outputs.save_figure", stopped)
        ran = run(*words)
        assert ran.code == 130
        goes_on = "lasersampling sample --resume run.h5"
        told = f"the results are complete; missing figures are drawn if you go on with: {goes_on}"
        assert told in ran.err
        again = run("sample", "--resume", "run.h5")
        assert (again.code, told in again.err) == (130, True)
    assert not list(Path().glob("*.png"))
    monkeypatch.setattr("lasersampling.sampling.Pieces.drawn", stopped)
    before = Path("run.h5").read_bytes()
    ran = run("sample", "--resume", "run.h5")
    assert ran.code == 0, ran.err
    figures = ["run_distribution.png", "run_divergence_over_time.png"]
    assert ran.out == f"run.h5: the results were complete already; drawn: {', '.join(figures)}\n"
    assert all(map(Path.exists, map(Path, figures)))
    Path(figures[1]).unlink()
    kept = Path(figures[0]).stat().st_mtime_ns
    ran = run("sample", "--resume", "run.h5", "--json")
    assert json.loads(ran.out) == {"complete": True, "files": ["run.h5", figures[1]]}
    assert Path(figures[0]).stat().st_mtime_ns == kept
    ran = run("sample", "--resume", "run.h5")
    assert (ran.code, ran.out) == (
        0, "run.h5: the results were complete already; nothing is left to do\n",
    )  # fmt: skip
    assert Path("run.h5").read_bytes() == before
    ran = run("infer", "--resume", "run.h5")
    assert ran.code == 2
    assert "a run of another command" in ran.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--workers", 2, "--scheduler", "tcp://a:1"), "--workers: got beside --scheduler"),
        (("--workers", 2, "--slurm", "jobs=3"), "--workers: got beside --slurm"),
        (("--slurm", "3"), "--slurm: got '3', expected jobs=N"),
    ],
)
def test_workers_that_are_not_there_are_refused_at_once(run, machine_file, options, message):
    ran = run("sample", machine_file, *SPREAD, *options, "--out", "run.h5")
    assert (ran.code, Path("run.h5").exists()) == (2, False)
    assert message in ran.err


@pytest.mark.slow
def test_a_cluster_changes_no_bit(run, machine_file, cluster, monkeypatch):
    monkeypatch.setattr(pieces, "VALUES_PER_PIECE", 3 * 3 * 100)
    cluster.start_scheduler()
    cluster.start_worker()
    assert run("sample", machine_file, *SPREAD, "--out", "alone.h5").code == 0
    options = ("--scheduler", cluster.address, "--out", "spread.h5")
    assert run("sample", machine_file, *SPREAD, *options).code == 0
    assert_same("alone.h5", "spread.h5")
