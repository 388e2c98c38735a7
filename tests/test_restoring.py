"""States that lack a part, or are of something else."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.learning.averaging import ParameterMeans
from lasersampling.learning.early_stopping import Plateau
from lasersampling.lif import Streams
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.populations import PopulationChip
from lasersampling.lif.recruitment import RaisedWeights

PACKAGE = Path(__file__).parents[1] / "lasersampling"
MAKERS: dict[str, Callable[[], Any]] = {
    "chips": lambda: EmulatedChip("harsh", (2, 1), [3]),
    "populations": lambda: PopulationChip("harsh", (2, 1), [3]),
    "weights": RaisedWeights,
    "plateau": lambda: Plateau("accuracy", 3),
    "means": ParameterMeans,
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_without_a_part_is_refused(name):
    made = MAKERS[name]()
    state = made.state()
    assert state
    with pytest.raises(InputError, match="state: got one without '.*what `state` returned"):
        made.set_state({})
    for part in state:
        with pytest.raises(InputError, match=f"state: got one without '{part}'"):
            made.set_state({key: value for key, value in state.items() if key != part})
    made.set_state(state)


def test_streams_of_other_members_are_refused():
    with pytest.raises(InputError, match="state: got a damaged one .*for 2 members"):
        Streams([1, 2]).set_state(Streams([1]).state())
    with pytest.raises(InputError, match="state: got a damaged one"):
        Streams([1]).set_state(torch.zeros(1, 3))


def test_a_state_of_other_chips_is_refused_as_a_whole():
    chip = EmulatedChip("harsh", (2, 1), [3])
    before = chip.state()
    with pytest.raises(InputError, match="state: got drifts of shapes"):
        chip.set_state(EmulatedChip("harsh", (2, 2), [4]).state())
    after = chip.state()
    assert torch.equal(before["streams"], after["streams"])
    for key, values in before["drift"].items():
        assert np.array_equal(values, after["drift"][key])


def test_every_set_state_that_reads_a_state_says_what_is_missing():
    found = 0
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "def set_state" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef) or node.name != "set_state":
                continue
            inner = [part for line in node.body for part in ast.walk(line)]
            reads = any(isinstance(part, ast.Subscript | ast.For) for part in inner)
            if reads:
                found += 1
                assert "restoring(" in ast.unparse(node), f"{path}, line {node.lineno}"
    assert found > 8
