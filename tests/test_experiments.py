"""Every experiment runs on a small scale and leaves a file that can be read."""

import runpy
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lasersampling.results import read_results

SCRIPTS = sorted((Path(__file__).parents[1] / "training").glob("*.py"))
LONG = {
    "arbitrary_distributions",
    "bayesian_inference",
    "boltzmann_distributions",
    "calibrate_chip",
    "certificate",
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


@dataclass(frozen=True)
class Ran:
    code: int
    err: str


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a script in an empty folder, as the command line would.

    Within this process, since loading all libraries anew takes longer than most of the runs.
    """
    monkeypatch.chdir(tmp_path)

    def invoke(script, *arguments):
        monkeypatch.setattr(sys, "argv", [str(script), *arguments])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(script), run_name="__main__")
        return Ran(left.value.code, capsys.readouterr().err)

    return invoke


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, marks=[pytest.mark.slow] if path.stem in LONG else [], id=path.stem)
        for path in SCRIPTS
    ],
)
def test_smoke_run(run, script, tmp_path):
    ran = run(script, "--smoke", "--seed", "1", "--out", "run.h5")
    assert ran.code == 0, ran.err
    results = read_results(tmp_path / "run.h5")
    assert results.metrics
    assert list(tmp_path.glob("run*.png")) or script.stem in TABLES_ONLY
    listed = (script.parent / "README.md").read_text(encoding="utf-8")
    assert f"`{script.name}`" in listed


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_bad_options_are_refused(run, script):
    ran = run(script, "--smoke", "--out", "nowhere/run.h5")
    assert ran.code == 2
    assert "bad input: nowhere/run.h5: got no directory" in ran.err


def test_networks_that_were_trained_are_not_trained_again(run, tmp_path):
    """The experiment that takes an hour goes on where it was stopped."""
    script = next(path for path in SCRIPTS if path.stem == "delays_yin_yang")

    def again(*more):
        for name in ("run.h5", "run.png"):
            (tmp_path / name).unlink(missing_ok=True)
        return run(script, "--smoke", "--out", "run.h5", *more)

    assert again().code == 0
    kept = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    first = read_results(tmp_path / "run.h5").array("sizes/accuracy_axonal")
    assert len(kept) == 4
    (tmp_path / "run" / "none_5.h5").unlink()
    assert again().code == 0
    assert (read_results(tmp_path / "run.h5").array("sizes/accuracy_axonal") == first).all()
    del kept[tmp_path / "run" / "none_5.h5"]
    assert all(path.read_bytes() == content for path, content in kept.items())
    other = again("--seed", "5")
    assert other.code == 2
    assert "networks of another recipe" in other.err
