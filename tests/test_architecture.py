"""docs/architecture.md and its picture name the packages and rooms that there are."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lasersampling"
ROOMS = sorted(
    ".".join(path.parent.relative_to(PACKAGE).parts)
    for path in PACKAGE.rglob("__init__.py")
    if path.parent != PACKAGE
)
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", PAGE, flags=re.MULTILINE))


def test_each_room_has_one_row():
    assert sorted(ROWS) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_files_of_a_row_exist(room):
    files = re.findall(r"`([a-z_]+\.py)`", ROWS[room])
    assert files or room == "config"
    for file in files:
        assert (PACKAGE / room.replace(".", "/") / file).is_file()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_what_may_not_enter(room):
    text = (PACKAGE / room.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
    docstring = re.match(r'"""(.*?)"""', text, flags=re.DOTALL)
    assert docstring is not None
    introduction = docstring[1].split("\nExamples\n")[0]
    assert re.search(r"\b(no|not|nothing|nor|only|never)\b", introduction, flags=re.IGNORECASE)


def test_the_picture_shows_the_layers_and_rooms():
    path = ROOT / "docs" / "draw_architecture.py"
    spec = importlib.util.spec_from_file_location("draw_architecture", path)
    assert spec is not None and spec.loader is not None
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    shown = [set(layer) for layer in drawing.LAYERS]
    packages = [set(layer.split(" | ")) for layer in layers[: len(shown)]]
    assert shown == packages
    below = {name for layer in layers[len(shown) :] for name in layer.split(" | ")}
    assert set(drawing.BELOW.split(" · ")) == below
    rooms = {
        ".".join([package, *room])
        for layer in drawing.LAYERS
        for package, inside in layer.items()
        for room in [(), *((name,) for name in inside)]
    }
    assert rooms == set(ROOMS)
    assert {room for _, room, *_ in drawing.STEPS} <= rooms
    assert drawing.draw().axes
