"""Three methods of training for noisy chips, and accuracy after a chip is exchanged."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lasersampling.errors import InputError
from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

KINDS = {
    "none": ("weights only", style.GREY),
    "axonal": ("+ axonal delays", style.BLUE),
    "synaptic": ("+ synaptic delays", style.VERMILLION),
}
"""Kinds of delays, their labels and colours."""

_WAYS = {
    "blind": "nominal\nmodel",
    "noise_aware": "random\nchips",
    "in_the_loop": "that\nchip",
    "moved": "another\nchip",
    "learned_again": "another, then\nthat chip",
}


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot accuracies on chips by training method, and learning after an exchange of the chip.

    Parameters
    ----------
    path : path-like
        Results file of ``training/noisy_hardware.py``: ``/hardware`` with `<kind>_<way>`, shape
        (chip), and `<kind>_curve`, shape (epoch, chip), for each of `KINDS` that it has.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such accuracies.
    """
    results = read_results(path, groups=("hardware",))
    kinds = [kind for kind in KINDS if f"{kind}_in_the_loop" in results.group("hardware")]
    if not kinds:
        raise InputError.single(f"{path}, hardware", "no accuracies", ", ".join(KINDS))
    n_chips = results.array(f"hardware/{kinds[0]}_in_the_loop").size
    with style.style():
        figure = style.new_figure(5.6)
        ways, curve = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
        for place, kind in enumerate(kinds):
            _strip(ways, results, kind, (place - (len(kinds) - 1) / 2) * 0.26)
            _curve(curve, results, kind)
        ways.set_xticks(range(len(_WAYS)), list(_WAYS.values()), fontsize=12)
        curve.set_title("after the chip is exchanged")
        curve.set_xlabel("epochs on the other chip")
        style.whole_ticks(curve.xaxis)
        for axes in (ways, curve):
            axes.set_ylabel("accuracy on the chip (%)")
            style.quiet(axes)
        handles, labels = ways.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(kinds))
        ways.set_title(f"networks on {n_chips} chips, trained on ...")
    return figure


def _strip(axes: Axes, results: Results, kind: str, shift: float) -> None:
    label, colour = KINDS[kind]
    for place, way in enumerate(_WAYS):
        values = 100.0 * results.array(f"hardware/{kind}_{way}")
        at = place + shift
        axes.plot(np.full(values.size, at), values, "o", color=colour, markersize=4, alpha=0.35)
        axes.errorbar(
            at, values.mean(), values.std(ddof=1), color=colour, marker="D", markersize=8,
            linewidth=2.5, capsize=5, label=label if place == 0 else None,
        )  # fmt: skip


def _curve(axes: Axes, results: Results, kind: str) -> None:
    values = 100.0 * results.array(f"hardware/{kind}_curve")
    epochs, mean, spread = np.arange(len(values)), values.mean(1), values.std(1, ddof=1)
    axes.plot(epochs, mean, "o-", color=KINDS[kind][1])
    axes.fill_between(
        epochs, mean - spread, mean + spread, color=KINDS[kind][1], alpha=0.15, linewidth=0
    )
