"""Rounded values lie on the grid, next to what was asked for."""

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.hardware import Grid

VALUES = np.random.default_rng(1).uniform(-3.0, 3.0, 2000)


@pytest.mark.parametrize(
    ("grid", "n_levels"),
    [(Grid(bits=5), 31), (Grid(bits=3, lowest=-1, highest=1), 7),
     (Grid(bits=4, lowest=0.0, highest=1.5), 16)],
)  # fmt: skip
def test_bits(grid, n_levels):
    rounded = grid.rounded(VALUES)
    low = -np.abs(VALUES).max() if grid.lowest is None else grid.lowest
    high = np.abs(VALUES).max() if grid.highest is None else grid.highest
    levels = np.linspace(low, high, n_levels)
    assert np.abs(rounded[:, None] - levels).min(axis=1).max() < 1e-12
    assert np.unique(rounded.round(9)).size == n_levels
    inside = (low <= VALUES) & (high >= VALUES)
    assert np.abs(rounded - VALUES)[inside].max() <= 0.5 * (levels[1] - levels[0]) + 1e-12
    assert grid.rounded(rounded) == pytest.approx(rounded, abs=1e-12)
    assert (rounded[high < VALUES] == high).all()


def test_signed_grids_have_a_zero():
    assert Grid(bits=4).rounded(np.array([0.0, 0.01, -3.0])) == pytest.approx([0, 0, -3])


def test_steps_and_ranges():
    grid = Grid(step=0.25, lowest=-1.1, highest=1.1)
    assert grid.rounded(np.array([0.3, 0.39, -5.0])) == pytest.approx([0.25, 0.5, -1.1])
    assert Grid(step=0.5).rounded(np.array([7.3])) == pytest.approx(7.5)
    assert np.array_equal(Grid(lowest=-1, highest=2).rounded(VALUES), np.clip(VALUES, -1, 2))
    assert Grid().is_none
    assert np.array_equal(Grid().rounded(VALUES), VALUES)
    assert np.array_equal(Grid(bits=5).rounded(np.zeros(3)), np.zeros(3))


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"bits": 5, "step": 0.1}, "bits: got 5 and a step"),
        ({"bits": 1}, "bits"),
        ({"lowest": 0.0}, "lowest: got one end"),
        ({"lowest": 1.0, "highest": 1.0}, "lowest: got 1"),
        ({"step": 0.0}, "step"),
    ],
)
def test_what_is_no_grid_is_refused(arguments, where):
    with pytest.raises(InputError, match=where):
        Grid(**arguments)


@pytest.mark.parametrize(
    "grid",
    [Grid(bits=6), Grid(step=1e-3), Grid(bits=4, lowest=-1, highest=1), Grid(step=5e-324),
     Grid(bits=4, lowest=-1.7e308, highest=1.7e308)],
)  # fmt: skip
def test_numbers_of_any_size_stay_numbers(grid):
    values = np.array([-1.7e308, -1e30, -1.0, -1e-320, 0.0, 1e-320, 1.0, 1e30, 1.7e308])
    rounded = grid.rounded(values)
    assert np.isfinite(rounded).all()
    assert (np.diff(rounded) >= 0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(InputError, match="1 that are nan or infinite"):
        Grid(bits=6).rounded(np.array([0.0, bad]))
