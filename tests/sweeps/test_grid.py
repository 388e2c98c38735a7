import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.sweeps.grid import Axis, Cell, Grid, axes_of, axis_of


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("k=a,b,c", ("a", "b", "c")),
        ("k=1", ("1",)),
        ("k=0.1:0.5:5", ("0.1", "0.2", "0.3", "0.4", "0.5")),
        ("k=2:8:4", ("2", "4", "6", "8")),
        ("k=1:2:3", ("1", "1.5", "2")),
        ("k=1,3:5:3,7", ("1", "3", "4", "5", "7")),
        ("k=-1:1:3", ("-1", "0", "1")),
        ("k=[30],[30, 20]", ("[30]", "[30, 20]")),
        ('k="a,b",c', ('"a,b"', "c")),
        ("k={a=1, b=2},{a=3}", ("{a=1, b=2}", "{a=3}")),
        ("k=alarm=1,alarm=0", ("alarm=1", "alarm=0")),
        ("k=C:/a.toml,b:c:d", ("C:/a.toml", "b:c:d")),
        (' settings."network.hidden" = 3 , 4', ("3", "4")),
    ],
)
def test_values_are_lists_and_ranges(text, values):
    assert axis_of(text).values == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k", "--over: got 'k', expected KEY=VALUES"),
        ("=1", "--over: got '=1', expected KEY=VALUES"),
        ("k=", "--over k: got nothing, expected values"),
        ("k=1,,2", "--over k: got an empty value, expected values"),
        ("k=1,2,", "--over k: got an empty value, expected values"),
        ("k=1,2,1", "--over k: got 1 twice, expected each value once"),
        ("k=1:3:3,2", "--over k: got 2 twice, expected each value once"),
        ("k=0.1:0.5:0", "--over k: got '0.1:0.5:0', expected a count of at least 2"),
        ("k=0.1:0.5:x", "--over k: got '0.1:0.5:x', expected a whole number as the count"),
        ("k=0.5:0.1:3", "--over k: got '0.5:0.1:3', expected a start below the stop"),
        ("k=1:inf:3", "--over k: got '1:inf:3', expected finite numbers"),
        ("k=1:2:1000000", "--over k: got '1:2:1000000', expected at most 10,000 numbers"),
    ],
)
def test_bad_values_are_told(text, message):
    with pytest.raises(InputError) as caught:
        axis_of(text)
    assert str(caught.value).startswith(message)


def test_pieces_are_all_combinations_with_the_first_seed_then_with_the_next_one():
    grid = Grid((Axis("a", ("1", "2")), Axis("b", ("x", "y"))), (3, 4))
    cells = list(grid.cells())
    assert len(cells) == len(grid) == 8
    assert cells[:3] == [Cell(("1", "x"), 3), Cell(("1", "y"), 3), Cell(("2", "x"), 3)]
    assert {cell.seed for cell in cells[4:]} == {4}
    assert list(Grid((), (0, 1)).cells()) == [Cell((), 0), Cell((), 1)]


@pytest.mark.parametrize(
    ("axes", "seeds", "message"),
    [
        ([Axis("a", ("1",)), Axis("a", ("2",))], [0], "--over a: got twice"),
        ([], [], "--seeds: got no seed"),
        ([], [1, 1], "--seeds: got a seed twice"),
        ([], [-1], "--seeds: got -1"),
        ([], [2**63], "--seeds: got 9223372036854775808"),
        ([Axis("a", tuple(map(str, range(1000))))], range(1000), "--over: got 1,000,000 pieces"),
    ],
)
def test_bad_grids_are_told(axes, seeds, message):
    with pytest.raises(InputError) as caught:
        Grid(tuple(axes), tuple(seeds))
    assert str(caught.value).startswith(message)


def test_values_of_python_become_words():
    axes = axes_of({"a": [1, 2.5, np.float64(0.1)], "b": [True, "x", ["p", 2], np.arange(2)]})
    assert axes[0].values == ("1", "2.5", "0.1")
    assert axes[1].values == ("true", "x", '["p", 2]', "[0, 1]")


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"a": "xyz"}, r"over\['a'\]: got 'xyz', expected a list of values"),
        ({"a": 3}, r"over\['a'\]: got 3, expected a list of values"),
        ({"a": [None]}, r"over\['a'\]: got None, expected numbers, flags, texts"),
        ({"a": [float("nan")]}, r"over\['a'\]: got nan, expected numbers"),
        ({"a": []}, "--over a: got nothing"),
        ([("a", [1])], "over: got"),
    ],
)
def test_other_values_of_python_are_refused(over, message):
    with pytest.raises(InputError, match=message):
        axes_of(over)
