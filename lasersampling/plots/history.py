"""The record of a training, drawn over its epochs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lasersampling.plots import style

_FEW = 4
"""Up to this number, networks are drawn one by one."""

_RANGE_OF_LOGARITHM = 20.0
"""Ratio of largest to smallest value above which the axis is logarithmic."""

_SYMBOLS = {
    "kl_sample_target": r"$D_\mathrm{KL}$(sampled‖target)",
    "kl_target_sample": r"$D_\mathrm{KL}$(target‖sampled)",
}


def words(name: str) -> str:
    """Label of a quantity on an axis."""
    return _SYMBOLS.get(name, name.replace("_", " "))


def draw(
    axes: Axes, name: str, epoch: NDArray[Any], values: NDArray[Any], error: NDArray[Any] | None
) -> None:
    """Draw one quantity where it was measured.

    Parameters
    ----------
    axes : Axes
        Axes to draw on.
    name : str
        Name of the quantity.
    epoch : ndarray, shape (epoch,)
        Epochs.
    values : ndarray, shape (epoch,) or (epoch, member)
        Values, nan where it was not measured.
    error : ndarray, of the same shape, or None
        Standard errors; drawn for single values only.
    """
    style.check_axes(axes)
    members = values.reshape(len(values), -1)
    measured = np.isfinite(members).all(axis=1)
    at, members = epoch[measured], members[measured]
    positive = members.size > 0 and float(members.min()) > 0.0
    logarithmic = positive and float(members.max() / members.min()) > _RANGE_OF_LOGARITHM
    if members.shape[1] == 1 and error is not None:
        spread = error.reshape(len(values), -1)[measured, 0]
        low = members[:, 0] - spread
        if logarithmic:
            low = np.maximum(low, 0.1 * members[:, 0])
        axes.fill_between(at, low, members[:, 0] + spread, color=style.FAINT)
    draw_members(axes, at, members, style.SKY, style.BLUE)
    axes.set_yscale("log" if logarithmic else "linear")
    axes.set_xlabel("epoch")
    axes.set_ylabel(words(name))
    style.whole_ticks(axes.xaxis)
    style.quiet(axes)


def draw_members(
    axes: Axes, at: NDArray[Any], values: NDArray[Any], faint: str, strong: str, label: str = ""
) -> None:
    """Draw values (epoch, member) and their median: a line each, or the quartiles of many."""
    n_members = values.shape[1]
    if n_members > _FEW:
        low, high = np.quantile(values, [0.25, 0.75], axis=1)
        axes.fill_between(at, low, high, color=faint, alpha=0.4, linewidth=0)
    else:
        axes.plot(at, values, color=faint, linewidth=0.8, alpha=0.7)
    mark = "o" if len(at) == 1 else None  # a single point makes no line
    axes.plot(at, np.median(values, axis=1), color=strong, marker=mark, label=label)


def members_shown(n_members: int) -> str:
    """Say how several networks are drawn."""
    shown = "each, and their median" if n_members <= _FEW else "median and quartiles"
    return f"{n_members} networks: {shown}"
