"""The short programs of docs/programs.md run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "programs.md").read_text(encoding="utf-8")
PROGRAMS = dict(
    re.findall(r"^## ([^\n]+)\n.*?^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
)


@pytest.mark.parametrize("title", PROGRAMS)
def test_it_runs_and_says_something(title, tmp_path):
    code = PROGRAMS[title]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    assert not re.search(r"^(from|import) lasersampling\.", code, flags=re.MULTILINE)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()
    assert "nan" not in run.stdout


WALK = (Path(__file__).parents[1] / "docs" / "one_sample.md").read_text(encoding="utf-8")


def words(text):
    """The text without spaces, each number replaced by #: draws may differ between processors."""
    return re.sub(
        r"-?\d+\.?\d*(e-?\d+)?", "#", re.sub(r"\s", "", re.sub(r"\d\s+(?=\d)", "0", text))
    )


def test_the_walk_of_one_sample_runs_and_prints_what_it_shows(tmp_path):
    fenced = re.findall(r"^```(python)?\n(.*?)^```$", WALK, flags=re.DOTALL | re.MULTILINE)
    blocks = [text for language, text in fenced if language]
    shown = [text for language, text in fenced if not language]
    assert len(blocks) == len(shown) > 0
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "".join(blocks)], cwd=tmp_path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert words(run.stdout) == words("".join(shown))
    for picture in re.findall(r"\(images/(one_sample_\w+\.png)\)", WALK):
        assert (tmp_path / picture).is_file()
