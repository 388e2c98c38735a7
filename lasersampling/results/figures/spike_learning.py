"""Learning curves of networks that classify by spike times."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.plots.history import draw_members, members_shown
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
        left.set_yscale("log")
        draw_members(left, epoch, loss, style.SKY, style.BLUE)
        left.set_ylabel("loss (training part)")
        right.set_yscale("log")
        # A logarithmic axis cannot show an error of zero.
        lowest = 1e-2
        for values, at, faint, strong, name in (
            (error, epoch, style.SKY, style.BLUE, "training"),
            (validation[measured], epoch[measured], style.ORANGE, style.VERMILLION, "validation"),
        ):
            draw_members(right, at, np.maximum(values, lowest), faint, strong, name)
        right.set_ylabel("wrong decisions (%)")
        right.legend(loc="upper right")
        for axes in (left, right):
            axes.set_xlabel("epoch")
            style.whole_ticks(axes.xaxis)
            style.plain_log_ticks(axes.yaxis)
            style.quiet(axes)
        if n_members > 1:
            style.headline(figure, members_shown(n_members))
    return figure
