"""Learning curves of networks that classify by spike times."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_FEW = 4
"""Up to this number, networks are drawn one by one."""


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot loss and error over the epochs: a line for each network, or the quartiles of many.

    Parameters
    ----------
    path : path-like
        Results file of ``lasersampling classify``: ``/history``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no history.
    """
    results = read_results(path, groups=("history",))
    epoch, loss = results.array("history/epoch"), results.array("history/loss")
    error = 100.0 * (1.0 - results.array("history/train_accuracy"))
    validation = 100.0 * (1.0 - results.array("history/validation_accuracy"))
    measured = np.isfinite(validation).all(axis=1)
    n_members = loss.shape[1]
    with style.style():
        figure = style.new_figure(4.8)
        left, right = figure.subplots(1, 2)
        _draw(left, epoch, loss, style.SKY, style.BLUE)
        left.set_ylabel("loss (training part)")
        # A logarithmic axis cannot show an error of zero.
        lowest = 1e-2
        for values, at, faint, strong, name in (
            (error, epoch, style.SKY, style.BLUE, "training"),
            (validation[measured], epoch[measured], style.ORANGE, style.VERMILLION, "validation"),
        ):
            _draw(right, at, np.maximum(values, lowest), faint, strong, name)
        right.set_ylabel("wrong decisions (%)")
        right.legend(loc="upper right")
        for axes in (left, right):
            axes.set_xlabel("epoch")
            style.whole_ticks(axes.xaxis)
            style.plain_log_ticks(axes.yaxis)
            style.quiet(axes)
        if n_members > 1:
            shown = "each, and their median" if n_members <= _FEW else "median and quartiles"
            style.headline(figure, f"{n_members} networks: {shown}")
    return figure


def _draw(
    axes: Axes, at: NDArray[Any], values: NDArray[Any], faint: str, strong: str, label: str = ""
) -> None:
    """Draw values (epoch, member) and their median."""
    if values.shape[1] <= _FEW:
        axes.semilogy(at, values, color=faint, linewidth=0.8, alpha=0.7)
    else:
        low, high = np.quantile(values, [0.25, 0.75], axis=1)
        axes.fill_between(at, low, high, color=faint, alpha=0.4, linewidth=0)
    mark = "o" if len(at) == 1 else None  # a single point makes no line
    axes.semilogy(at, np.median(values, axis=1), color=strong, marker=mark, label=label)
