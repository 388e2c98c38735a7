"""Which visible units each hidden unit is coupled to, where fan-in is limited as on a chip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import integer_problems
from lasersampling.errors import InputError, Problem


def local_fields(shape: tuple[int, int], n_hidden: int, side: int) -> NDArray[np.bool_]:
    """Couple each hidden unit to a square patch of an image.

    The patches are spread evenly over the image, row by row, and lie entirely within it.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the image.
    n_hidden : int
        Number of hidden units.
    side : int
        Rows and columns of a patch.

    Returns
    -------
    ndarray of bool, shape (hidden, pixel)

    Raises
    ------
    InputError
        With all problems found.
    """
    problems = [*integer_problems("n_hidden", n_hidden, 1), *integer_problems("side", side, 1)]
    if not problems and side > min(shape):
        problems.append(Problem("side", str(side), f"at most {min(shape)}, of the image"))
    if problems:
        raise InputError(problems)
    # As many rows of patches as make the grid about as tall as it is wide; the last may be short.
    n_rows = max(1, round(np.sqrt(n_hidden * shape[0] / shape[1])))
    in_row = np.diff(np.linspace(0, n_hidden, n_rows + 1).astype(int))
    tops = np.rint(np.linspace(0, shape[0] - side, n_rows)).astype(int)
    fields = np.zeros((n_hidden, *shape), dtype=np.bool_)
    unit = 0
    for top, count in zip(tops, in_row, strict=True):
        for left in np.rint(np.linspace(0, shape[1] - side, count)).astype(int):
            fields[unit, top : top + side, left : left + side] = True
            unit += 1
    return fields.reshape(n_hidden, -1)


def random_fan_in(n_visible: int, n_hidden: int, fan_in: int, *, seed: int) -> NDArray[np.bool_]:
    """Couple each hidden unit to the same number of visible units, drawn at random.

    Parameters
    ----------
    n_visible, n_hidden : int
        Numbers of units.
    fan_in : int
        Visible units per hidden one.
    seed : int
        Seed of the draw.

    Returns
    -------
    ndarray of bool, shape (hidden, visible)

    Raises
    ------
    InputError
        With all problems found.
    """
    problems = [
        *integer_problems("n_visible", n_visible, 1),
        *integer_problems("n_hidden", n_hidden, 1),
        *integer_problems("fan_in", fan_in, 1),
        *integer_problems("seed", seed, 0),
    ]
    if not problems and fan_in > n_visible:
        problems.append(Problem("fan_in", str(fan_in), f"at most {n_visible}, of visible units"))
    if problems:
        raise InputError(problems)
    order = np.random.default_rng(seed).random((n_hidden, n_visible)).argsort(axis=1)
    coupled = np.zeros((n_hidden, n_visible), dtype=np.bool_)
    np.put_along_axis(coupled, order[:, :fan_in], True, axis=1)
    return coupled
