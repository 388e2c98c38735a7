"""Accuracy against the number of spikes and the time of a decision."""

from __future__ import annotations

import os

from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.reading import read_results


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot accuracy against decision time and hidden spikes, for several rewards of early spikes.

    Parameters
    ----------
    path : path-like
        Results file of ``training/sparse_codes.py``: ``/sparse``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such accuracies.
    """
    results = read_results(path, groups=("sparse",))
    rewards, accuracy = results.array("sparse/reward"), results.array("sparse/accuracy")
    panels = (
        ("decision_time", r"time to the decision ($\tau_\mathrm{syn}$)"),
        ("hidden_spikes", "hidden spikes before the decision"),
    )
    colours = (style.INK, style.BLUE, style.GREEN, style.ORANGE, style.VERMILLION)
    with style.style():
        figure = style.new_figure(5.0)
        for axes, (name, label) in zip(figure.subplots(1, 2, sharey=True), panels, strict=True):
            spent = results.array(f"sparse/{name}")
            for place, reward in enumerate(rewards):
                axes.scatter(
                    spent[place], 100 * accuracy[place], s=28, alpha=0.7, linewidths=0,
                    color=colours[place % len(colours)], label=f"{reward:g}",
                )  # fmt: skip
            axes.plot(
                spent.mean(axis=1), 100 * accuracy.mean(axis=1), color=style.GREY, linewidth=1,
                zorder=0,
            )  # fmt: skip
            axes.set_xlabel(label)
            axes.set_ylabel("test accuracy (%)")
            style.quiet(axes, grid="both")
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(rewards),
            title="reward for early spikes", title_fontsize=13,
        )  # fmt: skip
    return figure
