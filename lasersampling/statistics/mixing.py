"""How well chains change between modes: switches, coverage, draws per independent draw.

A mode is a number from 0 for each draw, such as the label of an image, and -1 for draws that belong
to no mode. These are counted with the mode before them, so that flicker at a border is not taken
for mixing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array, as_floats
from lasersampling.errors import InputError

__all__ = ["coverage", "draws_per_independent", "held_modes", "switches"]


def held_modes(modes: ArrayLike) -> NDArray[np.int64]:
    """Replace -1 (no mode) by the last mode before it in the chain.

    Parameters
    ----------
    modes : array_like of int, shape (chain, draw)
        Modes, -1 for none.

    Returns
    -------
    ndarray of int64, shape (chain, draw)
        -1 is left only before the first mode of a chain.
    """
    given = _checked(modes)
    last = np.where(given >= 0, np.arange(given.shape[1]), -1)
    last = np.maximum.accumulate(last, axis=1)
    held: NDArray[np.int64] = np.where(
        last >= 0, np.take_along_axis(given, np.maximum(last, 0), axis=1), -1
    )
    return held


def switches(modes: ArrayLike) -> NDArray[np.int64]:
    """Number of changes from one mode to another, shape (chain,)."""
    held = held_modes(modes)
    changed = (np.diff(held, axis=1) != 0) & (held[:, :-1] >= 0)
    counts: NDArray[np.int64] = np.count_nonzero(changed, axis=1)
    return counts


def coverage(modes: ArrayLike, n_modes: int) -> NDArray[np.float64]:
    """Fraction of the modes that each chain has visited, shape (chain,)."""
    given = _checked(modes)
    seen = np.stack([(given == mode).any(axis=1) for mode in range(n_modes)], axis=1)
    fraction: NDArray[np.float64] = seen.mean(axis=1)
    return fraction


def draws_per_independent(frequencies: ArrayLike, n_draws: int) -> float:
    """Number of draws that are worth one independent draw, for the frequencies of modes.

    For independent draws the frequency f of a mode in n draws of a chain has the variance p (1 - p)
    / n. The result is the factor by which the variance between chains is larger, for all modes
    together: n sum Var(f) / sum p (1 - p). Unlike an autocorrelation time this does not need chains
    longer than their memory; chains that never change give n, which is then a lower bound. The
    chains must have started independently, and the burn-in must have been long enough to forget
    where.

    Parameters
    ----------
    frequencies : array_like, shape (chain, mode)
        Frequencies of the modes in each chain, with rows that sum to one; at least two chains.
    n_draws : int
        Draws per chain.

    Returns
    -------
    float
        nan if all chains have seen the same single mode.
    """
    f = as_floats(frequencies, "frequencies")
    if f.ndim != 2 or f.shape[0] < 2:
        raise InputError.single(
            "frequencies", f"shape {f.shape}", "(chain, mode), 2 chains or more"
        )
    n_chains, mean = f.shape[0], f.mean(axis=0)
    between = f.var(axis=0, ddof=1)
    # E[mean (1 - mean)] is smaller than p (1 - p) by the variance of the mean.
    single = (mean * (1.0 - mean) + between / n_chains).sum()
    return float(n_draws * between.sum() / single) if single > 0.0 else float("nan")


def _checked(modes: ArrayLike) -> NDArray[np.int64]:
    given = as_array(modes, "modes")
    if given.dtype.kind not in "iu":
        raise InputError.single("modes", str(given.dtype), "whole numbers")
    if given.ndim != 2 or given.shape[1] < 1:
        raise InputError.single("modes", f"shape {given.shape}", "shape (chain, draw)")
    return given.astype(np.int64, copy=False)
