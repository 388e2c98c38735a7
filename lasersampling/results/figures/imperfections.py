"""What each imperfection of the lasers costs, by its strength, for three ways to program them."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.errors import InputError
from lasersampling.results.figures import style
from lasersampling.results.reading import read_results

KINDS = ("pump", "threshold", "coupling", "bits", "jitter", "lost")
_WAYS = {
    "translation": ("translated", style.VERMILLION, "o"),
    "moved": ("learned on the ideal device, moved", style.ORANGE, "s"),
    "learned": ("learned in the loop", style.BLUE, "D"),
}


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot D_KL against the strength of each imperfection.

    Parameters
    ----------
    path : path-like
        Results file with ``/imperfect``: `kl_ideal`, shape (machine), and for each of `KINDS` that
        it has `<kind>_strength`, and `<kind>_kl_translation`, `<kind>_kl_moved` and
        `<kind>_kl_learned`, shape (strength, machine), with the attribute `<kind>_label`.

    Returns
    -------
    matplotlib.figure.Figure
        Medians over the machines, and each machine.

    Raises
    ------
    InputError
        If the file holds none of it.
    """
    results = read_results(path, groups=("imperfect",))
    ideal = float(np.median(results.array("imperfect/kl_ideal")))
    labels = results.attributes["imperfect"]
    kinds = [kind for kind in KINDS if f"{kind}_label" in labels]
    if not kinds:
        raise InputError.single(f"{path}, imperfect", "no kind of imperfection", ", ".join(KINDS))
    n_columns = min(3, len(kinds))
    n_rows = -(-len(kinds) // n_columns)
    with style.style():
        figure = style.new_figure(1.0 + 3.4 * n_rows)
        grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
        for axes in grid.flat[len(kinds) :]:
            axes.set_visible(False)
        for axes, kind in zip(grid.flat, kinds, strict=False):
            strength = results.array(f"imperfect/{kind}_strength")
            place = np.arange(len(strength))
            for shift, (way, (label, colour, marker)) in zip(
                (-0.08, 0.0, 0.08), _WAYS.items(), strict=True
            ):
                values = results.array(f"imperfect/{kind}_kl_{way}")
                axes.semilogy(place + shift, values, marker, color=colour, markersize=4, alpha=0.35)
                median = np.median(values, axis=1)
                axes.semilogy(place + shift, median, marker + "-", color=colour, label=label)
            axes.axhline(
                ideal, color=style.INK, linestyle="--", linewidth=1.2, label="ideal device"
            )
            percent = kind not in ("bits", "jitter")
            axes.set_xticks(place, [f"{100 * s:g} %" if percent else f"{s:g}" for s in strength])
            axes.set_xlim(-0.4, len(strength) - 0.6)
            axes.set_xlabel(str(labels[f"{kind}_label"]).replace("(tau)", "(τ)"))
            style.quiet(axes)
            axes.set_ylabel(r"$D_\mathrm{KL}$ (nats)")
        handles, names = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=4)
    return figure
