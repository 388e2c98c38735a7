"""Every experiment runs on a small scale and leaves a file that can be read."""

import subprocess
import sys
from pathlib import Path

import pytest

from lasersampling.results import read_results

SCRIPTS = sorted((Path(__file__).parents[1] / "training").glob("*.py"))
LONG = {
    "bayesian_inference",
    "design_device",
    "exact_reference",
    "integrator_convergence",
    "laser_dynamics",
}  # whose smoke runs take a minute
TABLES_ONLY = {"correlated_noise", "exact_network", "speed_and_power"}


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
