"""Visits of the modes of a distribution: which modes, how evenly, how often chains change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array
from lasersampling.checks import integer_problems
from lasersampling.errors import InputError
from lasersampling.statistics.jackknife import jackknife_error


@dataclass(frozen=True)
class ModeVisits:
    """Visits of modes by chains; all errors are estimated from differences between chains.

    Attributes
    ----------
    n_visited : int
        Number of modes that were seen at all.
    effective : float
        exp of the entropy of the frequencies of modes: their number if all are visited equally.
    effective_se : float
        Standard error of `effective`, by the jackknife over chains.
    switch_rate : float
        Changes of mode from one draw to the next, per draw.
    switch_rate_se : float
        Standard error of `switch_rate`.
    """

    n_visited: int
    effective: float
    effective_se: float
    switch_rate: float
    switch_rate_se: float


def mode_visits(modes: ArrayLike, n_modes: int) -> ModeVisits:
    """Measure visits of modes.

    Parameters
    ----------
    modes : array_like of int, shape (chain, draw)
        Mode at each draw, 0 to `n_modes` - 1. At least two chains.
    n_modes : int
        Number of modes.

    Raises
    ------
    InputError
        For other shapes or values.
    """
    problems = integer_problems("n_modes", n_modes, 1)
    if problems:
        raise InputError(problems)
    seen = as_array(modes, "modes")
    if seen.ndim != 2 or seen.dtype.kind not in "iu" or seen.shape[0] < 2 or seen.shape[1] < 1:
        got = f"{seen.dtype} of shape {seen.shape}"
        raise InputError.single("modes", got, "whole numbers of shape (chain, draw), 2 chains")
    if seen.min() < 0 or seen.max() >= n_modes:
        got = f"values from {seen.min()} to {seen.max()}"
        raise InputError.single("modes", got, f"0 to {n_modes - 1}")
    n_chains = len(seen)
    counts = np.stack([np.bincount(chain, minlength=n_modes) for chain in seen])
    total = counts.sum(axis=0)
    left_out = np.array([_effective(total - own) for own in counts])
    switches = np.zeros(n_chains)
    if seen.shape[1] > 1:
        switches = (np.diff(seen, axis=1) != 0).mean(axis=1)
    return ModeVisits(
        n_visited=int(np.count_nonzero(total)),
        effective=_effective(total),
        effective_se=float(jackknife_error(left_out)),
        switch_rate=float(switches.mean()),
        switch_rate_se=float(switches.std(ddof=1) / np.sqrt(n_chains)),
    )


def _effective(counts: NDArray[np.int64]) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(np.exp(-(share * np.log(share)).sum()))
