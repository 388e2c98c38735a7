"""Log odds of lasers against their field, as translated and as adapted to the network."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_IDEAL = (
    ("gibbs", style.GREY, "s", "Gibbs sampling"),
    ("ideal_translated", style.VERMILLION, "o", "ideal lasers, translated"),
    ("ideal_by_curve", style.ORANGE, "^", "adapted by their activation curve"),
    ("ideal_adapted", style.BLUE, "D", "adapted by the network's draws"),
)
_MISFITS = (
    ("chip", style.PURPLE, "s", "imperfect chip"),
    ("ideal", style.BLUE, "D", "ideal lasers"),
)


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the curve of one laser, log odds against fields in the network, and misfit over rounds.

    Parameters
    ----------
    path : path-like
        Results file with ``/adaptation``: `argument` and `curve`, shape (argument); `field`, shape
        (field), and ``<who>_excess`` with ``_se`` for who of gibbs, ideal_translated,
        ideal_by_curve and ideal_adapted; `ideal_misfit` and `chip_misfit`, shape (stage). The
        metric `misfit_gibbs` is the misfit that chance alone causes.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no adaptation.
    """
    results = read_results(path, groups=("adaptation",))
    with style.style():
        figure = style.new_figure(6.0)
        left, middle, right = figure.subplots(1, 3, width_ratios=(1.0, 1.25, 1.0))
        _curve(left, results)
        _fields(middle, results)
        _rounds(right, results)
        shown = middle.get_legend_handles_labels()
        figure.legend(*shown, loc="outside lower center", ncols=2)
    return figure


def _curve(axes: Axes, results: Results) -> None:
    argument = results.array("adaptation/argument")
    axes.plot(argument, argument, color=style.GREY, linewidth=1.2)
    axes.plot(argument, results.array("adaptation/curve"), color=style.VERMILLION)
    axes.set_title("one laser")
    axes.set_xlabel("argument of its pump")
    axes.set_ylabel("log odds of $z = 1$")
    axes.set_aspect("equal", adjustable="box")
    axes.set_xlim(-8, 8)
    axes.set_ylim(-13, 13)
    axes.text(7.6, 2.6, "logistic", color=style.GREY, ha="right", va="top")
    axes.text(4.6, 9.5, "measured", color=style.VERMILLION, ha="right")
    style.quiet(axes, grid="both")


def _fields(axes: Axes, results: Results) -> None:
    field = results.array("adaptation/field")
    axes.axhline(0.0, color=style.INK, linewidth=0.9)
    for who, colour, mark, label in _IDEAL:
        values = results.array(f"adaptation/{who}_excess")
        error = results.array(f"adaptation/{who}_excess_se")
        axes.errorbar(field, values, error, fmt=f"{mark}-", color=colour, markersize=5, label=label)
    axes.set_title("in the network")
    axes.set_xlabel("field $u$ of a unit")
    axes.set_ylabel("log odds $-\\; u$")
    style.quiet(axes)


def _rounds(axes: Axes, results: Results) -> None:
    for who, colour, mark, label in _MISFITS:
        values = results.array(f"adaptation/{who}_misfit")
        axes.semilogy(np.arange(len(values)), values, f"{mark}-", color=colour, label=label)
    chance = results.metric("misfit_gibbs").value
    axes.axhline(chance, color=style.GREY, linestyle="--", linewidth=1.2)
    axes.text(0.0, 0.97 * chance, "chance", color=style.GREY, va="top")
    axes.set_ylim(bottom=0.75 * chance)
    n = len(values)
    axes.set_xticks(np.arange(n), ["T", "C", *(str(k) for k in range(1, n - 1))])
    axes.set_title("remaining misfit")
    axes.set_xlabel("round (T: translated,\nC: by curve)")
    axes.set_ylabel("rms log odds")
    axes.legend(loc="upper right")
    style.quiet(axes)
