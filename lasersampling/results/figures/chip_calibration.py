"""Calibration of chips: estimates against the truth, and what deviates before and after."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.results.figures import style
from lasersampling.results.reading import read_results

MODELS = ("brainscales2", "harsh")

_QUANTITIES = {
    "gap": r"threshold $-$ leak",
    "tau_mem": r"$\tau_\mathrm{mem}$",
    "tau_syn": r"$\tau_\mathrm{syn}$",
    "strengths": "synaptic strength",
}
_PARTS = {"before": ("before", style.VERMILLION), "after": ("after", style.BLUE)}


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot estimates against true values, and the spread of true deviations before and after.

    Parameters
    ----------
    path : path-like
        Results file of ``training/calibrate_chip.py``: for each of `MODELS` that it has a group
        ``/calibration_<model>`` with, for each quantity and ``before`` or ``after``,
        `<quantity>_<part>` of shape (column, value): estimate, standard error and true value over
        the nominal one.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no calibration.
    """
    groups = {model: f"calibration_{model}" for model in MODELS}
    results = read_results(path, groups=tuple(groups.values()))
    present = [model for model, group in groups.items() if group in results.attributes]
    present = present or [MODELS[0]]  # which then is what the refusal asks for
    with style.style():
        figure = style.new_figure(0.8 + 5.6 * len(present))
        grid = figure.subplots(2 * len(present), len(_QUANTITIES), squeeze=False)
        for row, model in enumerate(present):
            for column, (name, label) in enumerate(_QUANTITIES.items()):
                upper, lower = grid[2 * row, column], grid[2 * row + 1, column]
                values = {part: results.array(f"{groups[model]}/{name}_{part}") for part in _PARTS}
                _compare(upper, values["before"])
                _spread(lower, values)
                upper.set_title(label)
                upper.set_ylabel("estimated / nominal")
                lower.set_ylabel("number")
            grid[2 * row, 0].set_ylabel(f"{model}\nestimated / nominal")
        handles, labels = grid[1, 0].get_legend_handles_labels()
        names = [text.partition(":")[0] + " calibration" for text in labels]
        figure.legend(handles, names, loc="outside lower center", ncols=2)
    return figure


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
    axes.locator_params(nbins=4)
    style.quiet(axes, grid="both")


def _spread(axes: Axes, values: dict[str, NDArray[np.float64]]) -> None:
    changes = {part: 100.0 * (found[2] - 1.0) for part, found in values.items()}
    reach = max(1.0, *(float(np.abs(change).max()) for change in changes.values()))
    bins = np.linspace(-reach, reach, 42)
    for part, (label, colour) in _PARTS.items():
        text = f"{label}: {changes[part].std():.1f} %"
        axes.hist(changes[part], bins.tolist(), color=colour, alpha=0.6, label=text)
    shown = [f"{_PARTS[part][0]} {changes[part].std():.1f} %" for part in _PARTS]
    axes.set_title("spread " + "\n".join(shown), fontsize=11, pad=4)
    axes.set_xlabel("true deviation (%)")
    axes.locator_params(nbins=4)
    style.quiet(axes)
