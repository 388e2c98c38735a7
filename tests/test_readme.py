"""What the README shows works as it stands there, and so do the commands of docs/commands.md."""

import itertools
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
COMMANDS = [
    shlex.split(line, comments=True)
    for line in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("lasersampling ")
]
NUMBER = re.compile(r"\d+(?:\.\d*)?")
OFF_BY = 0.03, 0.5
"""How far numbers of the two programs may be off on a processor that rounds otherwise: means and
rates of 16 x 2000 ns have standard errors of 0.005 at most, two of them differ by less than four
times as much and their rounding; the weight is learned from 16 x 50 draws an update."""


def shown_by_the_readme():
    """The Python blocks, each with the block behind it, which shows what it prints."""
    pairs = list(itertools.pairwise(BLOCKS))
    return [(code, shown) for (language, code), (_, shown) in pairs if language == "python"]


def test_the_programs_run_and_print_what_is_shown(tmp_path):
    programs = shown_by_the_readme()
    assert [sum(map(bool, code.split("\n"))) for code, _ in programs] == [8, 5]
    # The second goes on with the names of the first.
    code = 'print("=====")\n'.join(code for code, _ in programs)
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    printed = run.stdout.split("=====\n")
    for (_, shown), found, off_by in zip(programs, printed, OFF_BY, strict=True):
        assert NUMBER.sub("#", found) == NUMBER.sub("#", shown)
        for one, other in zip(NUMBER.findall(found), NUMBER.findall(shown), strict=True):
            assert abs(float(one) - float(other)) <= off_by


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
