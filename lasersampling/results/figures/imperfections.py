"""Cost of each imperfection of the lasers against its strength, by method of programming."""

from __future__ import annotations

import os
import re
import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from lasersampling.errors import InputError
from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

ALL_AT_ONCE = "laboratory"
KINDS = (
    ALL_AT_ONCE, "pump", "threshold", "gain", "trial", "drift", "coupling", "bits", "jitter",
    "lost", "delay", "dead",
)  # fmt: skip

_WAYS = {
    "translation": ("translated", style.VERMILLION, "o"),
    "moved": ("learned on the ideal device, transferred", style.ORANGE, "s"),
    "adapted": ("adapted to the network", style.GREEN, "^"),
    "learned": ("learned in the loop", style.BLUE, "D"),
}
_IDEAL = {
    "kl_ideal_translated": ("ideal device, translated", ":"),
    "kl_ideal": ("ideal device, learned", "--"),
}
_IN_PERCENT = frozenset(
    {"pump", "threshold", "gain", "trial", "drift", "coupling", "lost", "dead"}
)  # fmt: skip


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot D_KL against the strength of each imperfection.

    Parameters
    ----------
    path : path-like
        Results file with ``/imperfect``: `kl_ideal` and `kl_ideal_translated`, shape (machine),
        and for each of `KINDS` that it has `<kind>_strength`, and `<kind>_kl_translation`,
        `<kind>_kl_moved`, `<kind>_kl_adapted` and `<kind>_kl_learned`, shape (strength, machine),
        with the attribute `<kind>_label`.

    Returns
    -------
    matplotlib.figure.Figure
        Medians over the machines, and each machine.

    Raises
    ------
    InputError
        If the file holds no such data.
    """
    results = read_results(path, groups=("imperfect",))
    ideal = {name: float(np.median(results.array(f"imperfect/{name}"))) for name in _IDEAL}
    labels = results.attributes["imperfect"]
    kinds = [kind for kind in KINDS if f"{kind}_label" in labels]
    if not kinds:
        raise InputError.single(f"{path}, imperfect", "no kind of imperfection", ", ".join(KINDS))
    n_columns = min(4, len(kinds) if len(kinds) < 4 else (len(kinds) + 1) // 2)
    n_rows = -(-len(kinds) // n_columns)
    with style.style():
        figure = style.new_figure(1.6 + 3.4 * n_rows)
        grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
        for axes in grid.flat[len(kinds) :]:
            axes.set_visible(False)
        for axes, kind in zip(grid.flat, kinds, strict=False):
            _panel(axes, results, kind, ideal)
            label = re.sub(r"\btau\b", "τ", str(labels[f"{kind}_label"]))
            axes.set_xlabel(textwrap.fill(label, 20))
            axes.set_ylabel(r"$D_\mathrm{KL}$ (nats)")
        handles, names = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=3)
    return figure


def _panel(axes: Axes, results: Results, kind: str, ideal: dict[str, float]) -> None:
    strength = results.array(f"imperfect/{kind}_strength")
    spread = 0.2 if kind == ALL_AT_ONCE else 0.08
    for side, (way, (name, colour, marker)) in zip(
        (-1.5, -0.5, 0.5, 1.5), _WAYS.items(), strict=True
    ):
        values = results.array(f"imperfect/{kind}_kl_{way}")
        place = np.arange(len(strength)) + side * spread
        axes.semilogy(place, values, marker, color=colour, markersize=4, alpha=0.35)
        median = np.median(values, axis=1)
        axes.semilogy(place, median, marker + "-", color=colour, markersize=8, label=name)
    for which, (name, dashes) in _IDEAL.items():
        axes.axhline(ideal[which], color=style.INK, linestyle=dashes, linewidth=1.4, label=name)
    ticks = [f"{100 * s:g} %" if kind in _IN_PERCENT else f"{s:g}" for s in strength]
    axes.set_xticks(np.arange(len(strength)), [""] if kind == ALL_AT_ONCE else ticks)
    axes.set_xlim(-0.5, len(strength) - 0.5)
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    style.quiet(axes)
