"""Every experiment runs on a small scale and leaves a file that can be read."""

import subprocess
import sys
from pathlib import Path

import pytest

from lasersampling.results import read_results

SCRIPTS = sorted((Path(__file__).parents[1] / "training").glob("*.py"))
LONG = {
    "arbitrary_distributions",
    "bayesian_inference",
    "boltzmann_distributions",
    "calibrate_chip",
    "correlated_noise",
    "design_device",
    "exact_network",
    "exact_reference",
    "generate_digits",
    "generate_mnist",
    "images_in_loop",
    "imperfect_lasers",
    "integrator_convergence",
    "laser_dynamics",
    "mixing",
    "noisy_hardware",
    "online_learning",
    "renewal_sampler",
    "sample_statistics",
    "train_machines",
}  # whose smoke runs take a minute
TABLES_ONLY = {"correlated_noise", "exact_network", "images_in_loop", "speed_and_power"}


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, marks=[pytest.mark.slow] if path.stem in LONG else [], id=path.stem)
        for path in SCRIPTS
    ],
)
def test_smoke_run(script, tmp_path):
    run = subprocess.run(
        [sys.executable, script, "--smoke", "--seed", "1", "--out", "run.h5"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    results = read_results(tmp_path / "run.h5")
    assert results.metrics
    assert list(tmp_path.glob("run*.png")) or script.stem in TABLES_ONLY
    listed = (script.parent / "README.md").read_text(encoding="utf-8")
    assert f"`{script.name}`" in listed


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_bad_options_are_refused(script, tmp_path):
    run = subprocess.run(
        [sys.executable, script, "--smoke", "--out", "nowhere/run.h5"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "bad input: nowhere/run.h5: got no directory" in run.stderr
    assert "Traceback" not in run.stderr


def test_networks_that_were_trained_are_not_trained_again(tmp_path):
    """The experiment that takes an hour goes on where it was stopped."""
    script = next(path for path in SCRIPTS if path.stem == "delays_yin_yang")

    def run(*more):
        (tmp_path / "run.h5").unlink(missing_ok=True)
        return subprocess.run(
            [sys.executable, script, "--smoke", "--out", "run.h5", *more],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert run().returncode == 0
    kept = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    first = read_results(tmp_path / "run.h5").array("sizes/accuracy_axonal")
    assert len(kept) == 4
    (tmp_path / "run" / "none_5.h5").unlink()
    assert run().returncode == 0
    assert (read_results(tmp_path / "run.h5").array("sizes/accuracy_axonal") == first).all()
    del kept[tmp_path / "run" / "none_5.h5"]
    assert all(path.read_bytes() == content for path, content in kept.items())
    other = run("--seed", "5")
    assert other.returncode == 2
    assert "networks of another recipe" in other.stderr
