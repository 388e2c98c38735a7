"""Calibration of chips: estimates against true values, and deviations before and after."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.plots.deviations import NAMES, PARTS, draw_spread
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

MODELS = ("brainscales2", "harsh")


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot estimates against true values, and the spread of true deviations before and after.

    Parameters
    ----------
    path : path-like
        Results file of ``training/calibrate_chip.py``: for each of `MODELS` that it has a group
        ``/calibration_<model>`` with, for each quantity and ``before`` or ``after``,
        `<quantity>_<part>` of shape (column, value): estimate, standard error and true value over
        the nominal one. Quantities that do not deviate are left out.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no calibration.
    """
    groups = {model: f"calibration_{model}" for model in MODELS}
    held = read_results(path, groups=()).attributes
    present = [model for model, group in groups.items() if group in held]
    present = present or [MODELS[0]]  # the error message then asks for this group
    results = read_results(path, groups=[groups[model] for model in present])
    panels = [
        (model, name, values)
        for model in present
        for name in NAMES
        if np.ptp((values := _values(results, model, name))["before"][2]) > 0.0
    ]
    with style.style():
        figure = style.new_figure(6.4)
        grid = figure.subplots(2, max(1, len(panels)), squeeze=False)
        for column, (model, name, values) in enumerate(panels):
            upper, lower = grid[:, column]
            _compare(upper, values["before"])
            draw_spread(lower, {part: found[2] for part, found in values.items()})
            upper.set_title(f"{model}\n{NAMES[name]}", fontsize=14)
            upper.set_ylabel("estimated / nominal" if column == 0 else "estimated")
            lower.set_ylabel("number")
        handles, labels = grid[1, 0].get_legend_handles_labels()
        names = [text.partition(":")[0] + " calibration" for text in labels]
        figure.legend(handles, names, loc="outside lower center", ncols=2)
    return figure


def _values(results: Results, model: str, name: str) -> dict[str, NDArray[np.float64]]:
    group = f"calibration_{model}"
    return {part: results.array(f"{group}/{name}_{part}") for part in PARTS}


def _compare(axes: Axes, values: NDArray[np.float64]) -> None:
    estimate, error, true = values
    axes.errorbar(
        true, estimate, error, fmt="o", markersize=2.5, linewidth=0.6, capsize=0, alpha=0.4,
        color=style.VERMILLION,
    )  # fmt: skip
    middle, reach = 1.0, 1.05 * max(0.02, *(float(np.abs(v - 1.0).max()) for v in (true, estimate)))
    ends = (middle - reach, middle + reach)
    axes.plot(ends, ends, color=style.INK, linewidth=1)
    axes.set(xlim=ends, ylim=ends, xlabel="true / nominal")
    axes.locator_params(nbins=3)
    axes.tick_params(labelsize=11)
    style.quiet(axes, grid="both")
