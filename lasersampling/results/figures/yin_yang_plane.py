"""Decisions over the plane of the Yin-Yang data, with the errors on the test part."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lasersampling.datasets.yin_yang import CLASS_NAMES
from lasersampling.plots import style
from lasersampling.results.reading import read_results

_COLOURS = (style.ORANGE, style.BLUE, style.GREEN)
_FIRST_TIME, _TIME_SPAN = 0.15, 1.85


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the decisions of the first network over the plane, and the lead of its first spike.

    Parameters
    ----------
    path : path-like
        Results file of ``lasersampling classify`` on the Yin-Yang data: ``/plane`` and ``/test``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such decisions.
    """
    results = read_results(path, groups=("plane", "test"))
    decision = results.array("plane/decision").astype(float)
    lead = results.array("plane/separation").copy()
    edge = results.array("plane/x")
    names: tuple[str, ...] = CLASS_NAMES
    if "class_name" in results.group("test"):
        names = tuple(style.plain(str(name)) for name in results.array("test/class_name"))
    labels, decided = results.array("test/label"), results.array("test/decision")[0]
    points = (results.array("test/input_time")[:, :2] - _FIRST_TIME) / _TIME_SPAN
    x, y = np.meshgrid(edge, edge)
    outside = np.hypot(x - 0.5, y - 0.5) > 0.5
    decision[outside | (decision < 0)] = np.nan
    lead[outside] = np.nan
    extent = (edge[0], edge[-1], edge[0], edge[-1])
    with style.style():
        figure = style.new_figure(5.6)
        plane, separation = figure.subplots(1, 2)
        plane.imshow(
            decision, origin="lower", extent=extent, cmap=ListedColormap(_COLOURS), vmin=0, vmax=2,
            alpha=0.35, interpolation="nearest",
        )  # fmt: skip
        right = decided == labels
        colours = np.array(_COLOURS)[labels]
        plane.scatter(*points[right].T, s=7, c=colours[right], linewidths=0)
        plane.scatter(*points[~right].T, s=42, c=colours[~right], edgecolors=style.INK, marker="X")
        handles = [
            Line2D([], [], marker="o", linestyle="", color=colour, label=name)
            for name, colour in zip(names, _COLOURS, strict=True)
        ]
        handles.append(
            Line2D(
                [], [], marker="X", linestyle="", markersize=8, label="error",
                markerfacecolor="white", markeredgecolor=style.INK,
            )
        )  # fmt: skip
        plane.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4,
                     columnspacing=1.0, handletextpad=0.1)  # fmt: skip
        plane.set_title(f"decisions, {(~right).sum()} of {len(labels)} wrong")
        image = separation.imshow(
            lead, origin="lower", extent=extent, cmap="viridis", vmin=0,
            vmax=np.nanquantile(lead, 0.99), interpolation="nearest",
        )  # fmt: skip
        bar = figure.colorbar(image, ax=separation, shrink=0.85)
        answer = results.group("test").get("answer")
        if answer is None:
            bar.set_label(r"second minus first spike ($\tau_\mathrm{syn}$)")
            separation.set_title("lead of the first spike")
        else:
            bar.set_label("largest minus second")
            separation.set_title(f"lead: {answer.description}", fontsize=14)
        for axes in (plane, separation):
            axes.set_xlabel("x")
            axes.set_ylabel("y")
            axes.set_xticks([0, 0.5, 1])
            axes.set_yticks([0, 0.5, 1])
    return figure
