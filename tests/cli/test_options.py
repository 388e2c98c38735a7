from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Literal

import pytest

from lasersampling import cli
from lasersampling.commands.configuring import configured
from lasersampling.config import Positive, validated
from lasersampling.errors import InputError


@validated
class Inner:
    width: Positive = 1.0
    kind: Literal["a", "b"] = "a"


@validated
class Outer:
    n_draws: int = 3
    text: str = ""
    many: tuple[float, ...] = ()
    flag: bool = False
    inner: Inner = Inner()


def test_values_of_set_are_toml_or_plain_text():
    config = configured(
        Outer,
        {"n_draws": None},
        ["text=some = text", "many=[1, 2]", "flag = true", "inner.width=2", "inner.kind=b"],
    )
    assert config == Outer(
        text="some = text", many=(1, 2), flag=True, inner=Inner(width=2, kind="b")
    )
    assert configured(Outer, {}, ['text="3"']).text == "3"
    assert configured(Outer, {}, ["text=a\nflag=true"]).text == "a\nflag=true"


def test_options_that_were_not_given_leave_defaults():
    assert configured(Outer, {"n_draws": None, "text": "x"}, None) == Outer(text="x")


@pytest.mark.parametrize(
    ("options", "overrides", "places"),
    [
        ({"n_draws": "x"}, [], ["--n-draws"]),
        ({"n_draws": 1}, ["n_draws=x"], ["--set n_draws"]),
        ({"n_draws": "x"}, ["inner.width=-1"], ["--n-draws", "--set inner.width"]),
        ({"many": [1, "x"]}, [], ["--many[1]"]),
        ({}, ["nothing=1"], ["--set nothing"]),
        ({}, ["inner.nothing=1"], ["--set inner.nothing"]),
        ({}, ["many=[true]"], ["--set many[0]"]),
        ({}, ["n_draws"], ["--set"]),
        ({}, ["=3", "inner..width=1"], ["--set", "--set"]),
        ({"n_draws": 1}, ["n_draws.x=1"], ["--set n_draws.x"]),
    ],
)
def test_problems_are_named_by_the_option_they_came_by(options, overrides, places):
    with pytest.raises(InputError) as caught:
        configured(Outer, {"n_draws": None, "many": None} | options, overrides)
    assert [problem.where for problem in caught.value.problems] == places


def test_keys_of_a_recipe_are_no_options():
    """There is no --n-draws where only a recipe says how many; --set is how to change it."""
    assert configured(Outer, {"n_draws": 2}, None, recipe={"n_draws": 1, "text": "x"}) == Outer(
        n_draws=2, text="x"
    )
    with pytest.raises(InputError) as caught:
        configured(Outer, {"text": None}, None, recipe={"n_draws": "x"})
    assert [problem.where for problem in caught.value.problems] == ["--set n_draws"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "digits", "--set", "duration_ns=20"],
        ["generate", "digits", "--set", "data.source=letters"],
        ["fit", "distribution", "--hidden", "-1"],
        ["fit", "--hidden", "3", "--resume", "a.h5"],
    ],
)
def test_problems_name_options_and_keys_that_there_are(arguments, run):
    result = run(*arguments)
    assert result.code == 2
    assert re.search(r"--(set (window_ns|data\.source)|hidden)\b", result.err), result.err


def test_help_shows_units():
    """Rich takes a word in square brackets for markup and leaves it out."""
    for path in sorted(Path(cli.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "help":
                assert not re.search(r"\[[a-z]", ast.unparse(node.value)), f"{path.name}: help"
