"""Learning curves of networks that classify by spike times."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.results.figures import style
from lasersampling.results.reading import read_results


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot loss and error over the epochs, a line for each network and their median.

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
        left.semilogy(epoch, loss, color=style.SKY, linewidth=0.8, alpha=0.7)
        left.semilogy(epoch, np.median(loss, axis=1), color=style.BLUE)
        left.set_ylabel("loss (training part)")
        # No error at all has no place on a logarithmic axis.
        lowest = 1e-2
        for values, at, faint, strong, name in (
            (error, epoch, style.SKY, style.BLUE, "training"),
            (validation[measured], epoch[measured], style.ORANGE, style.VERMILLION, "validation"),
        ):
            shown = np.maximum(values, lowest)
            right.semilogy(at, shown, color=faint, linewidth=0.8, alpha=0.7)
            right.semilogy(at, np.median(shown, axis=1), color=strong, label=name)
        right.set_ylabel("wrong decisions (%)")
        right.legend(loc="upper right")
        for axes in (left, right):
            axes.set_xlabel("epoch")
            style.plain_log_ticks(axes.yaxis)
            style.quiet(axes)
        if n_members > 1:
            style.headline(figure, f"{n_members} networks: each, and their median")
    return figure
