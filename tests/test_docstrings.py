"""The examples in docstrings run and give what they show."""

import doctest
import importlib
from pathlib import Path

import pytest

SELF_CONTAINED = ("lasersampling.lif", "lasersampling.hardware", "lasersampling.training")
"""Where examples import all that they name, so that they run as they are copied."""

PACKAGE = Path(__file__).parents[1] / "lasersampling"
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def test_there_are_examples():
    assert "lasersampling.config" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example may write a file
    names = {} if name.startswith(SELF_CONTAINED) else None  # None: those of the module
    result = doctest.testmod(
        importlib.import_module(name), globs=names, optionflags=doctest.ELLIPSIS
    )
    assert result.attempted > 0
    assert result.failed == 0, "see the captured output"
