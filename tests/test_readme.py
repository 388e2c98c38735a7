"""What the README shows works as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
PYTHON = [code for language, code in BLOCKS if language == "python"]
COMMANDS = [
    shlex.split(line, comments=True)
    for _, code in BLOCKS
    for line in code.splitlines()
    if line.startswith("lasersampling ")
]


def test_the_python_example_runs_and_the_lasers_sample(tmp_path):
    assert len([line for line in PYTHON[0].splitlines() if line.strip()]) <= 10
    # Later blocks go on with the names of the first; what they leave is looked at after them.
    code = "\n".join([*PYTHON, "print(lasers.lines.gain.shape)"])
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    shape, rate, divergence, gains = run.stdout.splitlines()
    assert gains == "(5,)"
    assert shape == "(16, 3200, 5)"
    assert 0.05 < float(rate) < 0.35
    assert float(divergence) < 0.03


def test_commands_are_understood():
    from typer.main import get_command

    from lasersampling.cli.main import app

    group: Any = get_command(app)
    assert {command[1] for command in COMMANDS} == set(group.commands)
    for command in COMMANDS:
        # Raises for an unknown option or a missing argument; the commands have tests of their own.
        group.commands[command[1]].make_context(command[1], list(command[2:]))


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_links_and_pictures_are_there(target):
    assert (ROOT / target).is_file()
