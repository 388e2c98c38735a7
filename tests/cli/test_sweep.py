import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lasersampling.results import read_results
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sweeps import read_swept
from lasersampling.sweeps.record import journal_of

SWEEP = ("sweep", "sample", "machine.toml", "--sampler", "gibbs", "--over", "draws=50,100")
FILES = ("--out", "s.h5", "--workers", "1")


def test_a_sweep_ends_with_a_table_a_file_and_a_figure(run, machine_file):
    ran = run(*SWEEP, "--seeds", "2", *FILES, "--quiet")
    assert ran.code == 0, ran.err
    assert "sample machine.toml --sampler gibbs, 4 pieces" in ran.out
    assert "draws 50" in ran.out and "draws 100" in ran.out
    assert "Means over 2 seeds, with standard errors from the scatter over seeds." in ran.out
    row = next(line for line in ran.out.splitlines() if line.strip().startswith("effective sample"))
    assert row.count("±") == 2
    assert Path("s.png").stat().st_size > 10_000
    results = read_results("s.h5", groups=())
    assert results.attrs["complete"] and results.attrs["command"].startswith("lasersampling sweep")
    assert not Path("s").exists()


def test_options_of_the_sweep_and_of_the_command_may_stand_anywhere(run, machine_file):
    words = ["sweep", "--over", "draws=50", *FILES, "sample", "--json", "--sampler=gibbs"]
    ran = run(*words, machine_file, "--seeds", "2", "--seed", "5", "--set", "chains=2", "--quiet")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["command"][0] == "sample" and found["seeds"] == [5, 6]
    assert found["over"] == {"draws": ["50"]}
    (combination,) = found["combinations"]
    assert (combination["values"], combination["seeds"]) == ({"draws": "50"}, 2)
    assert combination["metrics"]["ess_joint"]["standard_error"] > 0
    commands = [outcome.command for outcome in read_swept("s.h5").outcomes.values()]
    assert commands[1].endswith("--set=draws=50 --seed 6")


def test_a_recipe_stands_for_its_command(run):
    ran = run(
        "sweep", "yin_yang_small", "--over", "learning.n_epochs=1,2", "--set", "train_samples=200",
        "--members", 1, *FILES, "--json", "--quiet",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["command"][:2] == ["classify", "yin_yang_small"]
    assert [one["seeds"] for one in found["combinations"]] == [1, 1]


def test_spike_rates_are_swept(run):
    ran = run(
        "sweep", "simulate", "D6", "--duration-ns", 20, "--over", "pump=0.9,1.0", *FILES,
        "--json", "--quiet",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    low, high = json.loads(ran.out)["combinations"]
    assert low["metrics"]["rate_per_ns"]["value"] < high["metrics"]["rate_per_ns"]["value"]
    assert low["metrics"]["rate_per_ns"]["units"] == "1/ns"


def test_a_piece_that_fails_is_reported_and_the_rest_goes_on(run, machine_file, monkeypatch):
    original = Gibbs.sample

    def sample(self, machine, n_draws, **more):
        if n_draws == 100:
            raise ZeroDivisionError("by mistake")
        return original(self, machine, n_draws, **more)

    monkeypatch.setattr(Gibbs, "sample", sample)
    ran = run(*SWEEP, *FILES, "--json", "--quiet")
    assert ran.code == 1
    found = json.loads(ran.out)
    assert [one["failed"] for one in found["combinations"]] == [0, 1]
    (failure,) = found["failures"]
    assert failure["reason"] == "ZeroDivisionError: by mistake"
    assert failure["values"] == {"draws": "100"} and failure["seed"] == 0
    assert "failed: 1 of 2 pieces failed; the same command with --resume does them again" in ran.err
    command = "lasersampling sample machine.toml --sampler gibbs --set=draws=100 --seed 0"
    assert f"failed: {command}: ZeroDivisionError: by mistake" in ran.err
    assert Path("s.png").exists()
    # Whoever opens the file later is told, too.
    again = "1 of 2 pieces failed; the same command with --resume does them again."
    shown = run("info", "s.h5").out
    assert again in shown and "draws 100, seed 0: ZeroDivisionError: by mistake" in shown
    assert run("report", "s.h5").code == 0
    assert again in Path("s.html").read_text(encoding="utf-8")
    # If no piece has results there is nothing to draw.
    ran = run(*SWEEP[:-1], "draws=100", "--out", "t.h5", "--workers", 1)
    assert ran.code == 1 and not Path("t.png").exists()
    assert "sweeping sample: 1 combination of values, 1 seed\n" in ran.err
    assert "1 of 1 piece failed; the same command with --resume" in ran.out
    ran = run("plot", "t.h5", "sweep")
    assert ran.code == 2 and "got pieces that have all failed" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--over", "chains=x"], "--over chains: got 'x', expected a whole number"),
        (["--over", "draws=1"], "--over draws: got twice, expected each key once"),
        (["--over", "chains=1:4:0"], "--over chains: got '1:4:0', expected a count of at least 2"),
        (["--over", "chainz=3"], "--over chainz: got an unknown key, expected one of: machine"),
        (["--over", "chains"], "--over: got 'chains', expected KEY=VALUES"),
        (["--over", "clamp=0=1,9=1"], "--over clamp: got unit '9', expected units 0 to 2"),
        (["--seeds", "100000"], "--over: got 200,000 pieces, expected at most 100,000"),
        (["--resume", "--overwrite"], "--resume: got beside --overwrite"),
        (["--sedes", "3"], "sample: got no such option: --sedes"),
    ],
)
def test_bad_input_is_one_clear_error_before_anything_runs(run, machine_file, arguments, message):
    ran = run(*SWEEP, *FILES, *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert sorted(path.name for path in Path().iterdir()) == ["machine.toml"]


def test_a_file_that_exists_is_not_replaced_unasked(run, machine_file):
    Path("s.h5").write_text("mine")
    ran = run(*SWEEP, *FILES)
    assert ran.code == 2 and "s.h5: got a file that exists" in ran.err
    assert Path("s.h5").read_text() == "mine"


def test_report_info_plot_and_export_show_a_sweep(run, machine_file):
    assert run(*SWEEP, "--seeds", "2", *FILES, "--quiet").code == 0
    ran = run("report", "s.h5", "--out", "s.html")
    assert ran.code == 0, ran.err
    page = Path("s.html").read_text(encoding="utf-8")
    assert "draws 50" in page and "Sweep of sample, 2 seeds" in page
    assert "draws 100" in run("info", "s.h5").out
    assert run("plot", "s.h5", "sweep", "--out", "s.pdf").code == 0
    assert run("export", "s.h5", "--to", "csv").code == 0
    head, *rows = Path("s_pieces.csv").read_text().splitlines()
    assert head.startswith("piece,over.draws,seed,wall_time_s,failure") and len(rows) == 4


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(run, machine_file):
    words = [*SWEEP, "--seeds", "200", *FILES]
    process = subprocess.Popen(
        [sys.executable, "-m", "lasersampling", *words], stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 120
    while not journal_of(Path("s.h5")).exists() and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 130, told
    n_done = len(read_swept("s.h5").outcomes)
    assert 0 < n_done < 400
    goes_on = f"lasersampling {' '.join(words)} --resume"
    assert f"; {n_done} piece{'s are' if n_done > 1 else ' is'} kept; go on with: {goes_on}" in told
    ran = run(*SWEEP, "--seeds", "3", *FILES, "--resume", "--quiet", "--json")
    assert ran.code == 0, ran.err
    assert len(read_swept("s.h5").outcomes) == max(n_done, 6)


def test_ctrl_c_before_a_piece_is_finished_says_so(run, machine_file, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as stopping:
        stopping.setattr(Gibbs, "sample", stopped)
        ran = run(*SWEEP, *FILES, "--overwrite")
    assert ran.code == 130
    assert "no piece is finished yet; go on with: lasersampling sweep sample" in ran.err
    _, _, words = ran.err.strip().rpartition("go on with: lasersampling ")
    ran = run(*words.split(), "--quiet")  # without --overwrite, which would remove what is kept
    assert ran.code == 0, ran.err
    # The results are complete when the figure is drawn.
    with monkeypatch.context() as stopping:
        stopping.setattr("lasersampling.results.outputs.save_figure", stopped)
        ran = run(*SWEEP, *FILES, "--overwrite")
    assert ran.code == 130
    told = "the results are complete; missing figures are drawn if you go on with: lasersampling "
    assert f"{told}sweep sample" in ran.err
    _, _, words = ran.err.strip().rpartition(told)
    ran = run(*words.split(), "--quiet")
    assert ran.code == 0, ran.err
