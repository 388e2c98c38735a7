import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasersampling.errors import LaserSamplingError
from lasersampling.learning.spikes import train_spikes
from lasersampling.results import read_results

COMPARISON = """
base = "base.toml"
members = 2
reference = "slow"

[arms.slow]
settings = { method = "closed-form", "learning.learning_rate" = 0.001 }

[arms.fast]
settings = { method = "closed-form", "learning.learning_rate" = 0.05 }

[studies.training_samples]
about = "training samples"
variants.20 = { train_samples = 20 }
variants.40 = { train_samples = 40 }
"""

BASE = """
data = "mine.npz"

[network]
hidden = [5]
neuron = { threshold = 1.0, conductance = 0.5, tau_mem = 2.0 }

[learning]
n_epochs = 2
batch_size = 30
recruitment = "lifted"
"""


@pytest.fixture
def recipe(run):
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for part, n in (("train", 60), ("test", 30)):
        labels = rng.integers(0, 2, n)
        times = np.where(labels[:, None] == [0, 1], 0.2, 0.9) + 0.3 * rng.random((n, 2))
        arrays |= {f"{part}_times": times, f"{part}_labels": labels}
    np.savez("mine.npz", **arrays)
    Path("base.toml").write_text(BASE)
    Path("methods.toml").write_text(COMPARISON)
    return "methods.toml"


def test_methods_are_compared(run, recipe):
    ran = run("compare", recipe, "--out", "c.h5", "--json", "--only", "main")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["failures"] == {}
    results = read_results("c.h5")
    accuracy = results.array("main/accuracy")
    assert accuracy.shape == (1, 2, 2)
    assert found["metrics"]["accuracy_fast"]["value"] == pytest.approx(accuracy[0, 1].mean())
    assert Path("c.png").stat().st_size > 10_000
    assert sorted(path.name for path in Path("c").glob("*.h5")) == ["main-fast.h5", "main-slow.h5"]
    # What was trained is kept, and another study is added to it.
    written = Path("c/main-fast.h5").stat().st_mtime_ns
    assert run("compare", recipe, "--out", "c.h5").code == 2
    ran = run("compare", recipe, "--out", "c.h5", "--resume", "--quiet")
    assert ran.code == 0, ran.err
    assert "points more (95 % interval)" in ran.out
    assert Path("c/main-fast.h5").stat().st_mtime_ns == written
    assert read_results("c.h5").array("training_samples/accuracy").shape == (2, 2, 2)
    assert "methods.toml, 2 networks of each, training_samples" in ran.out
    assert "2 networks of each arm are too few" in ran.out.replace("\n", " ")
    ran = run("compare", recipe, "--out", "c.h5", "--overwrite", "--only", "main", "--quiet")
    assert ran.code == 0, ran.err
    assert Path("c/main-fast.h5").stat().st_mtime_ns > written
    assert len(list(Path("c").glob("training_samples*"))) == 4  # studies that were not asked for
    # A study is not lost by going on with another one in the same file.
    before = Path("c.h5").read_bytes()
    only = ("--resume", "--only", "training_samples")
    ran = run("compare", recipe, "--out", "c.h5", *only)
    assert ran.code == 2
    assert "expected --only main too, which c.h5 holds" in " ".join(ran.err.split())
    assert Path("c.h5").read_bytes() == before
    ran = run("compare", recipe, "--out", "c.h5", *only, "--only", "main", "--quiet")
    assert ran.code == 0, ran.err
    # Neither networks of another recipe nor a damaged file take the place of results.
    before, picture = Path("c.h5").read_bytes(), Path("c.png").read_bytes()
    ran = run("compare", recipe, "--out", "c.h5", "--resume", "--set", "members=3")
    assert ran.code == 2
    told = " ".join(ran.err.split())
    assert "main-fast.h5: got networks of another recipe" in told
    assert "main-slow.h5: got networks of another recipe" in told
    damaged = Path("c/main-slow.h5")
    damaged.write_bytes(damaged.read_bytes()[:20_000])
    ran = run("compare", recipe, "--out", "c.h5", "--resume")
    assert ran.code == 2
    assert "main-slow.h5" in ran.err
    assert (Path("c.h5").read_bytes(), Path("c.png").read_bytes()) == (before, picture)


@pytest.mark.slow
def test_a_cluster_finds_what_one_process_finds(run, recipe, cluster):
    cluster.start_scheduler()
    cluster.start_worker()
    options = ("--scheduler", cluster.address, "--quiet")
    assert run("compare", recipe, "--out", "alone.h5", "--only", "main", "--quiet").code == 0
    assert run("compare", recipe, "--out", "c.h5", "--only", "main", *options).code == 0
    alone, together = (read_results(name).array("main/accuracy") for name in ("alone.h5", "c.h5"))
    assert (alone == together).all()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "other"), "--only: got other, expected of main, training_samples"),
        (("--resume", "--overwrite"), "--resume: got beside --overwrite"),
        (("--set", "members=1"), "--set members: got 1"),
        (("--set", "goal=2"), "--set goal: got 2"),
        (("--workers", "0"), "--workers"),
        (("--workers", "2", "--scheduler", "tcp://a:1"), "--workers: got beside --scheduler"),
        (("--slurm", "8"), "--slurm: got '8', expected jobs=N"),
        (("--set", 'settings."network.hiden"=[3]'), "arms.slow, arms.fast: network.hiden"),
        (("--set", 'settings."network.hidden=[3]'), "--set: got"),
        (("--set", "base=elsewhere"), "base: got 'elsewhere'"),
    ],
)
def test_bad_options_are_refused_before_anything_is_trained(run, recipe, arguments, told):
    ran = run("compare", recipe, "--out", "c.h5", *arguments)
    assert ran.code == 2
    assert told in ran.err
    assert not Path("c").exists()


def test_a_study_alone_is_shown_and_a_dotted_key_stands_in_quotes(run, recipe):
    chosen = ("--only", "training_samples", "--set", 'settings."network.hidden"=[3]')
    ran = run("compare", recipe, "--out", "c.h5", *chosen, "--json")
    assert ran.code == 0, ran.err
    assert "warning: 2 networks of each arm are too few" in ran.err
    found = json.loads(ran.out)
    assert set(found["studies"]["training_samples"]["40"]) == {"slow", "fast"}
    trained = tomllib.loads(read_results("c/training_samples-40-fast.h5").config)
    assert trained["network"]["hidden"] == [3]
    accuracy = read_results("c.h5").array("training_samples/accuracy")
    expected = accuracy[1, 1].mean()
    assert found["studies"]["training_samples"]["40"]["fast"]["value"] == pytest.approx(expected)


def test_another_recipe_is_refused(run):
    ran = run("compare", "yin_yang", "--out", "c.h5")
    assert ran.code == 2
    assert "lasersampling classify" in ran.err


def test_a_comparison_is_no_recipe_of_other_commands(run):
    ran = run("classify", "yin_yang_methods")
    assert ran.code == 2
    assert "a recipe of lasersampling compare" in ran.err


def test_a_folder_with_trainings_is_not_used_unasked(run, recipe):
    Path("c").mkdir()
    Path("c/main-fast.h5").write_bytes(b"mine")
    ran = run("compare", recipe, "--out", "c.h5")
    assert ran.code == 2
    assert "--resume" in ran.err
    assert Path("c/main-fast.h5").read_bytes() == b"mine"


def test_files_of_ones_own_in_the_folder_are_never_removed(run, recipe):
    Path("c").mkdir()
    Path("c/mine.h5").write_bytes(b"mine")
    ran = run("compare", recipe, "--out", "c.h5", "--overwrite", "--only", "main", "--quiet")
    assert ran.code == 0, ran.err
    assert Path("c/mine.h5").read_bytes() == b"mine"


def test_trainings_that_fail_end_with_an_error(run, recipe, monkeypatch):
    def fails_if_fast(data, settings, **options):
        if settings.learning.learning_rate == 0.05:
            raise LaserSamplingError("activity ran away")
        return train_spikes(data, settings=settings, **options)

    monkeypatch.setattr("lasersampling.comparison.cells.train_spikes", fails_if_fast)
    ran = run("compare", recipe, "--out", "c.h5", "--only", "main", "--quiet")
    assert ran.code == 1
    assert "trainings failed: main-fast: activity ran away" in ran.err
    assert Path("c.h5").exists()


def test_times_that_come_before_spikes_are_refused_before_anything_is_trained(run, recipe):
    text = Path(recipe).read_text()
    for place in ('"learning.learning_rate" = 0.05', "train_samples = 40"):
        Path(recipe).write_text(text.replace(place, '"loss.absent_time" = 0.01'))
        ran = run("compare", recipe, "--out", "c.h5", "--quiet")
        assert ran.code == 2
        assert "loss.absent_time: got 0.01, while the network that training begins" in ran.err
        assert not Path("c").exists()


def test_ctrl_c_says_whether_anything_is_trained(run, recipe, monkeypatch):
    def stopped(design, folder, **_):
        if "trained" in os.environ:
            (folder / "main-slow.h5").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("lasersampling.comparison.run.run_comparison", stopped)
    ran = run("compare", recipe, "--out", "c.h5")
    assert ran.code == 130
    assert "no training has kept anything yet; the same command begins anew" in ran.err
    monkeypatch.setenv("trained", "1")
    ran = run("compare", recipe, "--out", "c.h5")
    goes_on = f"lasersampling compare {recipe} --out c.h5 --resume"
    assert f"go on from what is trained with: {goes_on}\n" in ran.err
    ran = run("compare", recipe, "--out", "c.h5", "--overwrite")
    assert f"go on from what is trained with: {goes_on}\n" in ran.err
    ran = run(*goes_on.split()[1:])
    assert f"go on from what is trained with: {goes_on}\n" in ran.err


@pytest.mark.slow
def test_killed_in_the_middle_of_a_training_it_goes_on_bit_for_bit(run, recipe, tmp_path):
    told = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    chosen = ("settings.checkpoint_interval_s=0", 'settings."learning.n_epochs"=60')
    command = [
        sys.executable, "-m", "lasersampling", "compare", recipe, "--only", "main", "--quiet",
        *(f"--set={one}" for one in chosen),
    ]  # fmt: skip
    subprocess.run([*command, "--out", "whole.h5"], check=True, env=told)
    process = subprocess.Popen([*command, "--out", "killed.h5"], env=told)
    training = Path("killed/main-fast.h5")  # the second
    while not training.exists() and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not Path("killed.h5").exists()
    assert read_results(training).attrs["complete"] == 0
    subprocess.run([*command, "--out", "killed.h5", "--resume"], check=True, env=told)
    for name in ("main-slow", "main-fast"):
        whole, killed = (read_results(f"{folder}/{name}.h5") for folder in ("whole", "killed"))
        for key, variable in whole.group("parameters").items():
            assert np.array_equal(variable.data, killed.array(f"parameters/{key}"))
    whole, killed = read_results("whole.h5"), read_results("killed.h5")
    assert np.array_equal(whole.array("main/accuracy"), killed.array("main/accuracy"))


def test_a_picture_of_ones_own_is_not_replaced(run, recipe):
    Path("c.png").write_bytes(b"mine")
    for options in ((), ("--resume",)):
        ran = run("compare", recipe, "--out", "c.h5", *options)
        assert ran.code == 2
        assert "c.png: got a file that exists" in ran.err
        assert not Path("c").exists()
    assert Path("c.png").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["mine.npz", "base.toml", "methods.toml"])
def test_what_is_read_is_never_replaced(run, recipe, name):
    before = Path(name).read_bytes()
    for option in ("--overwrite", "--resume"):
        ran = run("compare", recipe, "--out", name, option, "--only", "main", "--quiet")
        assert ran.code == 2
        assert name in ran.err
        assert Path(name).read_bytes() == before


def test_data_that_are_kept_in_hdf5_are_never_replaced(run, recipe):
    for part in ("train", "test"):
        Path(f"words_{part}.h5").write_bytes(b"mine")
    Path("base.toml").write_text(BASE.replace("mine.npz", "words_train.h5"))
    ran = run("compare", recipe, "--out", "words_test.h5", "--overwrite", "--quiet")
    assert ran.code == 2
    assert "words_test.h5" in ran.err
    assert Path("words_test.h5").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("mine.npz", "elsewhere.npz"), "elsewhere.npz"),
        (("hidden = [5]", "hidden = [1000000000]"), "arms.slow, arms.fast: network (members,"),
    ],
)
def test_what_was_trained_stays_if_nothing_can_be_trained_anew(run, recipe, change, told):
    kept = Path("c/main-fast.h5")
    kept.parent.mkdir()
    kept.write_bytes(b"trained for hours")
    Path("base.toml").write_text(BASE.replace(*change))
    ran = run("compare", recipe, "--out", "c.h5", "--overwrite", "--quiet")
    assert ran.code == 2
    assert told in ran.err
    assert kept.read_bytes() == b"trained for hours"
