"""Accuracy lost to imperfections, with and without delays, over a population of chips."""

from __future__ import annotations

import os
import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lasersampling.errors import InputError
from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.figures.noisy_hardware import KINDS
from lasersampling.results.reading import read_results

_WAYS = {"moved": (":", "o", "transferred"), "learned": ("-", "D", "after learning on the chip")}


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot accuracy against the strength of each imperfection, and its spread over many chips.

    Parameters
    ----------
    path : path-like
        Results file of ``training/chip_population.py``: ``/population`` with `nominal_<delays>`,
        `many_<way>_<delays>`, and for each imperfection `<name>_strength`, the attribute
        `<name>_label`, and `<name>_<way>_<delays>`, shape (strength, chip).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such accuracies.
    """
    results = read_results(path, groups=("population",))
    kinds = [kind for kind in KINDS if f"nominal_{kind}" in results.group("population")]
    labels = results.attributes["population"]
    names = [key.removesuffix("_label") for key in labels if key.endswith("_label")]
    if not names or not kinds:
        raise InputError.single(f"{path}, population", "no accuracies", "those of the experiment")
    n_columns = min(3, len(names) + 1)
    n_rows = -(-(len(names) + 1) // n_columns)
    with style.style():
        figure = style.new_figure(1.2 + 3.2 * n_rows)
        grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
        for axes in grid.flat[len(names) + 1 :]:
            axes.set_visible(False)
        for axes, name in zip(grid.flat, names, strict=False):
            _panel(axes, results, name, kinds)
            axes.set_xlabel(
                re.sub(r"\btau_(\w+)", r"$τ_\\mathrm{\1}$", str(labels[f"{name}_label"]))
            )
        _population(grid.flat[len(names)], results, kinds)
        for axes in grid.flat:
            axes.set_ylabel("test accuracy (%)")
        handles, texts = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside upper left", ncols=len(kinds))
    return figure


def _panel(axes: Axes, results: Results, name: str, kinds: list[str]) -> None:
    strength = [0.0, *results.array(f"population/{name}_strength")]
    for kind in kinds:
        label, colour = KINDS[kind]
        nominal = results.array(f"population/nominal_{kind}")
        for way, (dashes, marker, text) in _WAYS.items():
            values = 100.0 * np.vstack([nominal, results.array(f"population/{name}_{way}_{kind}")])
            axes.errorbar(
                strength, values.mean(1), values.std(1, ddof=1), color=colour, linestyle=dashes,
                marker=marker, markersize=5, label=f"{label}, {text}",
            )  # fmt: skip
    axes.set_xticks(strength, [f"{value:g}" for value in strength])
    style.quiet(axes)


def _population(axes: Axes, results: Results, kinds: list[str]) -> None:
    """One network on many chips."""
    ways = list(_WAYS)
    for place, kind in enumerate(kinds):
        for side, way in enumerate(ways):
            values = 100.0 * results.array(f"population/many_{way}_{kind}")
            at = side + (place - (len(kinds) - 1) / 2) * 0.26
            colour = KINDS[kind][1]
            axes.plot(np.full(values.size, at), values, "o", color=colour, markersize=3, alpha=0.3)
            axes.errorbar(
                at, values.mean(), values.std(ddof=1), color=colour, marker="D", markersize=7,
                linewidth=2.5, capsize=5,
            )  # fmt: skip
    axes.set_xticks(range(len(ways)), ["transferred", "after learning on"])
    axes.set_xlim(-0.6, len(ways) - 0.4)
    n_chips = results.array(f"population/many_moved_{kinds[0]}").size
    axes.set_xlabel(f"one network on {n_chips} chips")
    style.quiet(axes)
