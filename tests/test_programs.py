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
