from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.cli.main import app

QUICK_CALIBRATION = {"n_chains": 8, "activation_duration_ns": 200.0, "pair_duration_ns": 400.0}
"""A calibration of a second or two, which the tests of a run share through the cache."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the command in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def invoke(*arguments: object, encoding: str = "utf-8") -> Ran:
        result = CliRunner(charset=encoding).invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def machine_file(run) -> Path:
    """Return a machine of three units in the folder where commands run."""
    path = Path("machine.toml")
    save_machine(path, BoltzmannMachine.random(3, seed=4))
    return path


@pytest.fixture
def quick_calibration() -> list[str]:
    """Return options of `sample` for a quick calibration."""
    return [f"--set=calibration.{key}={value}" for key, value in QUICK_CALIBRATION.items()]
