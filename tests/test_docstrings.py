"""The examples in docstrings run and give what they show."""

import ast
import doctest
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

import lasersampling as ls

SELF_CONTAINED = ("lasersampling.lif", "lasersampling.hardware", "lasersampling.learning")
"""Where examples import all that they name, so that they run as they are copied."""

PACKAGE = Path(__file__).parents[1] / "lasersampling"
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def number_of_examples(name):
    """Count the examples in the source, since doctest passes over what it does not know."""
    path = Path(importlib.import_module(name).__file__ or "")
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return sum(
        len(doctest.DocTestParser().get_examples(ast.get_docstring(node) or ""))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, nodes)
    )


def test_there_are_examples():
    assert "lasersampling.config" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example may write a file
    names: dict[str, Any] | None = (
        {} if name.startswith(SELF_CONTAINED) else None
    )  # None: those of the module
    result = doctest.testmod(
        importlib.import_module(name), globs=names, optionflags=doctest.ELLIPSIS
    )
    assert result.attempted == number_of_examples(name) > 0
    assert result.failed == 0, "see the captured output"


PUBLIC = [
    name
    for name in ls.__all__
    if inspect.isroutine(what := getattr(ls, name))
    or (inspect.isclass(what) and not issubclass(what, Exception))
]


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_has_an_example_and_says_what_it_raises(name):
    text = inspect.getdoc(getattr(ls, name)) or ""
    assert "\nExamples\n---" in text and ">>> " in text
    assert "\nRaises\n---" in text
