"""The short programs of docs/programs.md run as they stand there."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "programs.md").read_text(encoding="utf-8")
PROGRAMS = dict(
    re.findall(r"^## ([^\n]+)\n.*?^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
)
PNG = b"\x89PNG"


@pytest.mark.parametrize("title", PROGRAMS)
def test_it_runs_and_says_something(title, tmp_path, monkeypatch, capsys):
    code = PROGRAMS[title]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    assert re.findall(r"^(?:from|import) .*", code, flags=re.MULTILINE)[-1] == (
        "import lasersampling as ls"
    )
    monkeypatch.chdir(tmp_path)
    # In this process, where what other tests compiled and calibrated is at hand.
    exec(compile(code, title, "exec"), {"__name__": "__main__"})
    said = capsys.readouterr().out
    assert said.strip()
    assert not re.search(r"\b(nan|inf)\b", said)
    pictures = re.findall(r'savefig\("([^"]+)"\)', code)
    assert pictures == [] or all(Path(name).read_bytes()[:4] == PNG for name in pictures)


def test_every_program_is_found():
    assert len(PROGRAMS) == PAGE.count("```python") == PAGE.count("\n## ")
