"""Imperfections of a chip, as layers of neurons have them."""

from __future__ import annotations

import torch
from torch import Tensor

from lasersampling.errors import InputError
from lasersampling.hardware import Grid, Imperfections

KNOWN = frozenset({"threshold.mismatch", "threshold.trial", "delay.trial", "coupling.grid"})
"""What is implemented: thresholds of neurons, drawn once and for each batch; delays, for each
delayed spike; rounded and clipped weights."""


def checked(imperfections: Imperfections | None) -> Imperfections:
    """Imperfections that layers know, none if None; all of them in absolute values.

    Raises
    ------
    InputError
        With all that are of another kind.
    """
    chip = Imperfections() if imperfections is None else imperfections
    chip.refuse_others(KNOWN, "LIF neurons", absolute=True)
    if chip.delay.trial.mean != 0.0:
        got = f"{chip.delay.trial.mean:g}"
        raise InputError.single("imperfections.delay.trial.mean", got, "0, jitter about the delay")
    return chip


def realised(weights: Tensor, grid: Grid) -> Tensor:
    """Round and clip weights; derivatives pass as if they were not.

    Parameters
    ----------
    weights : Tensor
        What is learned [1].
    grid : Grid
        What can be programmed.
    """
    if grid.is_none:
        return weights
    with torch.no_grad():
        coarse = weights
        largest = float(weights.abs().max()) if weights.numel() else 0.0
        origin, step, lowest, highest = grid.levels(largest)
        if step > 0.0:
            coarse = origin + torch.round((weights - origin) / step) * step
        change = coarse.clamp(lowest, highest) - weights
    return weights + change
