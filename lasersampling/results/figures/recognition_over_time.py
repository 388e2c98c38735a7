"""How recognition improves with the time for which an image is shown."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_CURVES = (
    ("lasers", style.VERMILLION, "nanolasers"),
    ("tuned", style.PURPLE, "nanolasers, after learning in the loop"),
    ("gibbs", style.BLUE, "Gibbs sampling, one sweep per refractory time"),
)


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the fraction of correct labels over sampling time, with bands of one standard error.

    Parameters
    ----------
    path : path-like
        Results file with ``/recognition``: for each of `lasers`, `tuned` (optional) and `gibbs` the
        variables ``time_ns_<name>`` and, along it, ``accuracy_<name>`` and ``accuracy_se_<name>``;
        the metrics `accuracy_exact` (label posterior of the machine for the same images) and,
        optionally, the attribute `headline` of the group.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no recognition.
    """
    results = read_results(path, groups=("recognition",))
    held = results.group("recognition")
    exact = results.metric("accuracy_exact")
    chance = 1 / results.metric("n_classes").value
    with style.style():
        figure = style.new_figure(5.8)
        axes = figure.subplots()
        low, high = np.inf, 0.0
        for name, colour, label in _CURVES:
            if f"accuracy_{name}" not in held:
                continue
            time = results.array(f"recognition/time_ns_{name}")
            mean = 100 * results.array(f"recognition/accuracy_{name}")
            error = 100 * results.array(f"recognition/accuracy_se_{name}")
            axes.fill_between(time, mean - error, mean + error, color=colour, alpha=0.2, lw=0)
            axes.plot(
                time, mean, color=colour, label=f"{label}: {mean[-1]:.1f} ± {error[-1]:.1f} %"
            )
            low, high = min(low, time[0]), max(high, time[-1])
        level, spread = 100 * exact.value, 100 * (exact.standard_error or 0.0)
        axes.axhspan(level - spread, level + spread, color=style.FAINT, lw=0, zorder=0)
        axes.axhline(
            level, color=style.INK, linestyle="--", linewidth=1.2,
            label=f"label posterior of the machine: {level:.1f} ± {spread:.1f} %",
        )  # fmt: skip
        axes.axhline(100 * chance, color=style.GREY, linestyle=":", linewidth=1.2)
        axes.text(1.03 * low, 100 * chance + 1, "guessing", va="bottom", color="#666666")
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_ylim(0, 100)
        style.plain_log_ticks(axes.xaxis)
        axes.set_xlabel("time for which the image is shown (ns)")
        axes.set_ylabel("images recognised (%)")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.12))
        style.quiet(axes, grid="both")
        headline = results.attributes["recognition"].get("headline")
        if headline:
            style.headline(figure, headline)
    return figure
