import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lasersampling.boltzmann import load_machine
from lasersampling.commands.configuring import recipe_table
from lasersampling.config import parse, shipped_path
from lasersampling.learning.machines.recipes import FitRecipe
from lasersampling.results import read_results

QUICK = ("n_hidden=2", "judging.n_draws=500", "judging.n_chains=8", "pretraining.n_updates=20")
GIBBS = (*QUICK, "sampler.kind=gibbs", "learning.n_updates=40")

TABLE = """state,probability
000,0.3
100,0.05
010,0.05
110,0.2
001,0.02
101,0.18
011,0.15
111,0.05
"""


def options(*settings):
    return [f"--set={setting}" for setting in settings]


@pytest.fixture
def mine(run):
    """Return a table of probabilities of one's own."""
    path = Path("mine.csv")
    path.write_text(TABLE)
    return path


def test_a_table_of_ones_own_is_fitted_by_lasers(run, mine):
    chosen = options(*QUICK, "learning.n_updates=20", "learning.n_chains=16")
    ran = run("fit", mine, "--out", "fit.h5", "--quiet", "--json", *chosen)
    assert ran.code == 0
    results = read_results("fit.h5")
    target = results.array("distribution/target")
    assert target == pytest.approx([0.3, 0.05, 0.05, 0.2, 0.02, 0.18, 0.15, 0.05])
    states = results.array("samples/state")
    assert states.shape == (8, 500, 5)
    number = (states[:, :, :3] * [1, 2, 4]).sum(-1)
    frequency = np.bincount(number.ravel(), minlength=8) / number.size
    assert results.array("distribution/sampled") == pytest.approx(frequency)
    for who in ("", "_before", "_gibbs"):
        assert np.isfinite(results.metric(f"kl_sample_target{who}").value)
    assert results.array("history/kl_sample_target").shape == (1,)
    assert results.attrs["complete"] == 1
    assert load_machine("fit.h5").n_hidden == 2
    assert Path("fit.png").stat().st_size > 10_000


def test_learning_brings_the_target_closer(run):
    Path("pair.csv").write_text("rain,wet,probability\n0,0,0.4\n1,0,0.1\n0,1,0.1\n1,1,0.4\n")
    chosen = options(
        *GIBBS, "learning.n_updates=100", "judging.n_draws=4000", "pretraining.n_updates=1"
    )
    ran = run("fit", "pair.csv", "--hidden", 0, "--out", "fit.h5", "--quiet", *chosen)
    assert ran.code == 0
    results = read_results("fit.h5")
    after, before = (results.metric(f"kl_sample_target{who}").value for who in ("", "_before"))
    # Independent units miss by 0.19; 32,000 draws of four states, 1.5 of them for one, leave 1e-4.
    assert after < 1e-3 < 0.1 < before


def test_an_imperfect_chip_is_named_and_kept(run, mine):
    chosen = options(*QUICK, "learning.n_updates=1", "learning.updates_per_epoch=1")
    ran = run("fit", mine, "--imperfections", "laboratory", "--out", "fit.h5", "--quiet", *chosen)
    assert ran.code == 0
    assert "[imperfections" in read_results("fit.h5").config


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "RECIPE: got nothing"),
        (["missing.csv"], "missing.csv: got no such file"),
        (["nothing_like_this"], "nothing_like_this"),
        (["mine.csv", "--hidden", "-1"], "--hidden: got -1"),
        (["mine.csv", "--set", "learning.gradient=newton"], "learning.gradient: got 'newton'"),
        (["mine.csv", "--set", "pretraining.gradient=cd"], "expected gradient 'exact'"),
        (["mine.csv", "--set", "initial_weight_std=0"], "initial_weight_std"),
        (["mine.csv", "--set", "learning.n_chains=1"], "learning.n_chains: got 1"),
        (["mine.csv", "--set", "pseudocount=1"], "pseudocount"),
        (["mine.csv", "--imperfections", "worst"], "worst"),
        (["mine.csv", "--device", "D99"], "D99"),
        (["mine.csv", "--timeout-s", "nan"], "--timeout-s: got nan, expected nothing without"),
        (["--resume", "missing.h5"], "missing.h5: got no such file"),
        (["mine.csv", "--resume", "x.h5", "--seed", "1"], "--resume: got a recipe, --seed"),
    ],
)
def test_what_cannot_be_used_is_refused(run, mine, arguments, message):
    ran = run("fit", *arguments)
    assert ran.code == 2
    assert message in ran.err


def test_a_changed_target_is_not_gone_on_with(run, mine, monkeypatch):
    from lasersampling.results.run_file import RunFile

    def stop(file, *results):
        raise KeyboardInterrupt

    chosen = options(*GIBBS, "checkpoint_interval_s=0")
    with monkeypatch.context() as patched:
        patched.setattr(RunFile, "finish", stop)
        assert run("fit", mine, "--out", "fit.h5", "--quiet", *chosen).code == 130
    Path("mine.csv").write_text(TABLE.replace("0.3", "0.25").replace("0.02", "0.07"))
    ran = run("fit", "--resume", "fit.h5", "--quiet")
    assert ran.code == 2
    assert "another content than when the run began" in ran.err
    Path("mine.csv").write_text(TABLE)
    assert run("fit", "--resume", "fit.h5", "--quiet").code == 0


COMMAND = [
    sys.executable, "-m", "lasersampling", "fit", "distribution", "--quiet",
    *options(*QUICK, "learning.n_updates=30", "learning.updates_per_epoch=1",
             "learning.n_chains=16", "checkpoint_interval_s=0"),
]  # fmt: skip


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_bit_for_bit(tmp_path):
    """kill -9 at 20 random moments of learning with lasers; then to the end, and the same bits."""
    told = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    start = time.monotonic()
    subprocess.run([*COMMAND, "--out", "whole.h5"], cwd=tmp_path, check=True, env=told)
    longest = time.monotonic() - start
    rng = np.random.default_rng(0)
    path = tmp_path / "killed.h5"
    resume = [*COMMAND[:4], "--resume", "killed.h5", "--quiet"]
    for _ in range(20):
        command = resume if path.exists() else [*COMMAND, "--out", "killed.h5"]
        process = subprocess.Popen(command, cwd=tmp_path, env=told)
        time.sleep(rng.uniform(0.3, 0.9) * longest)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if path.exists() and read_results(path).attrs["complete"]:
            break
    if not read_results(path).attrs["complete"]:
        subprocess.run(resume, cwd=tmp_path, check=True, env=told)
    whole, killed = read_results(tmp_path / "whole.h5"), read_results(path)
    for name in ("machine/weights", "machine/biases", "samples/state", "history/moment_error"):
        assert np.array_equal(whole.array(name), killed.array(name))


def test_a_short_learning_is_judged_shortly_and_the_shipped_recipe_as_published():
    table = recipe_table(shipped_path("recipes", "distribution"), FitRecipe)
    recipe = parse(table, FitRecipe, "")
    assert recipe.judged_draws == 8000
    short = replace(recipe, learning=replace(recipe.learning, n_updates=5))
    assert short.judged_draws == 1000
    middle = replace(recipe, learning=replace(recipe.learning, n_updates=50))
    assert middle.judged_draws == 50 * 64 * 32 // 32
    asked = replace(short, judging=replace(short.judging, n_draws=123))
    assert asked.judged_draws == 123
