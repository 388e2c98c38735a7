"""Calibration of the p-values of correlated samples, and power of the test."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_LOOKS = {
    "weak_corrected": (style.BLUE, "-", "corrected, weak weights"),
    "strong_corrected": (style.GREEN, "-", "corrected, strong weights"),
    "weak_independent": (style.VERMILLION, "--", "uncorrected, weak weights"),
    "strong_independent": (style.ORANGE, "--", "uncorrected, strong weights"),
}


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the rate of false alarms against the level of the test, and its power.

    Parameters
    ----------
    path : path-like
        Results file with ``/null``: p-values (run) of true hypotheses, named as in
        `training/sample_statistics.py`; ``/power``: `kl`, `rate` and `rate_se` (shift).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such tests.
    """
    results = read_results(path, groups=("null", "power"))
    with style.style():
        figure = style.new_figure(5.6)
        left, right = figure.subplots(1, 2)
        level = np.linspace(0, 0.3, 121)
        left.plot(level, level, color=style.GREY, linewidth=1)
        for name, (colour, line, label) in _LOOKS.items():
            p_values = results.array(f"null/{name}")
            rate = (p_values < level[:, None]).mean(axis=1)
            left.plot(level, rate, color=colour, linestyle=line, label=label)
        left.set_xlabel("level of the test")
        left.set_ylabel("rate of false alarms")
        left.set_xlim(0, 0.3)
        left.set_ylim(0, None)
        left.legend(loc="upper left", fontsize=11)
        kl, rate, error = (results.array(f"power/{name}") for name in ("kl", "rate", "rate_se"))
        right.axhline(0.05, color=style.GREY, linewidth=1)
        right.errorbar(kl, rate, error, color=style.BLUE, marker="o")
        right.set_xscale("log")
        right.set_ylim(0, 1.05)
        right.set_xlabel(r"true $D_\mathrm{KL}$(law‖target) (nats)")
        right.set_ylabel("rate of detection at 5 %")
        for axes in (left, right):
            style.quiet(axes, grid="both")
    return figure
