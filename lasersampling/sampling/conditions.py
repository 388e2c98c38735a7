"""Draws of a machine of images under several conditions: pixels or labels that are held.

What completion, recognition and generation share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.checks import integer_problems, memory_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.sampling.arguments import shape_problems
from lasersampling.sampling.pieces import Pieces
from lasersampling.sampling.protocol import BYTES_PER_CHAIN, Progress, Sampler, Samples


def draws_under(
    sampler: Sampler,
    machine: BoltzmannMachine,
    conditions: NDArray[np.int8],
    n_chains: int,
    n_draws: int,
    *,
    seed: int,
    progress: Progress | None = None,
) -> Samples:
    """Draw with several chains under each condition.

    Parameters
    ----------
    sampler : Sampler
        The sampler.
    machine : BoltzmannMachine
        The machine to be sampled.
    conditions : ndarray of int8, shape (condition, unit)
        -1 for a free unit, 0 or 1 for a held one.
    n_chains, n_draws : int
        Chains of each condition, and draws of each chain.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Samples
        Chains of the same condition stand one after the other.
    """
    held = np.repeat(conditions, n_chains, axis=0)
    return Pieces(sampler, machine, n_draws, len(held), held, seed).whole(progress)


def check_size(name: str, n_chains: int, n_draws: int, n_units: int) -> None:
    """Refuse draws that no memory holds, before any array is made.

    Raises
    ------
    InputError
        If the draws, and what their chains need, take more than half of the memory.
    """
    size = n_chains, n_draws, n_units
    refuse(memory_problems(name, size, 1, per_row=BYTES_PER_CHAIN))


def pixel_problems(
    where: str, pixels: NDArray[np.generic], n_pixels: int | None = None
) -> list[Problem]:
    """Check that these are pixels of images that can be held: 0 and 1, (image, pixel)."""
    if pixels.ndim != 2 or pixels.size == 0 or n_pixels not in (None, pixels.shape[1]):
        expected = f"shape (image, {'pixel' if n_pixels is None else n_pixels}), not empty"
        return [Problem(where, f"shape {pixels.shape}", expected)]
    if not ((pixels == 0) | (pixels == 1)).all():
        return [Problem(where, "grey levels", "0 and 1, since pixels are clamped")]
    return []


def class_problems(where: str, label: object, n_label: int) -> list[Problem]:
    """Check that a machine with so many label units has this class."""
    if not integer_problems(where, label, 0, n_label - 1):
        return []
    has = f"0 to {n_label - 1}" if n_label else "none: it has no label units"
    return [Problem(where, repr(label), has)]


def occluded(shape: tuple[int, int], side: str) -> NDArray[np.bool_]:
    """Which pixels remain known when half of an image is hidden, shape (pixel,).

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    side : str
        The half that is hidden: "lower", "upper", "left" or "right". Of an odd number of rows or
        columns the middle one stays known.

    Raises
    ------
    InputError
        For another side, and for a shape that is not two whole numbers from 1.

    Examples
    --------
    >>> occluded((2, 3), "left").reshape(2, 3)
    array([[False,  True,  True],
           [False,  True,  True]])
    """
    refuse(shape_problems("shape", shape))
    refuse(memory_problems("shape", shape, np.dtype(np.bool_).itemsize))
    rows, columns = shape
    known = np.ones(shape, dtype=bool)
    if side == "lower":
        known[(rows + 1) // 2 :] = False
    elif side == "upper":
        known[: rows // 2] = False
    elif side == "left":
        known[:, : columns // 2] = False
    elif side == "right":
        known[:, (columns + 1) // 2 :] = False
    else:
        expected = "'lower', 'upper', 'left' or 'right'"
        raise InputError.single("side", repr(side), expected)
    return known.ravel()
