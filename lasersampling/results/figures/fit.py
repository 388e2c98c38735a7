"""A learned distribution: divergence over the epochs, and probabilities of the states."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_MAX_STATES = 32


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot D_KL over the epochs, and probabilities of the states before and after learning.

    Parameters
    ----------
    path : path-like
        Results file of ``lasersampling fit``: ``/history``, ``/distribution`` and the metrics. Of
        more than 32 states, the 32 most probable are shown.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no fit.
    """
    results = read_results(path, groups=("history", "distribution"))
    target = results.array("distribution/target")
    shown = np.argsort(-target, kind="stable")[:_MAX_STATES]
    with style.style():
        figure = style.new_figure(9.0)
        upper, lower = figure.subplots(2, 1, height_ratios=[1, 1.25])
        _draw_history(upper, results)
        place = np.arange(shown.size)
        lower.bar(place, target[shown], 0.86, color=style.FAINT, label="target")
        for shift, name, colour, label in (
            (-0.27, "sampled_before", style.PURPLE, "before learning in the loop"),
            (0.0, "sampled", style.VERMILLION, "learned"),
            (0.27, "sampled_gibbs", style.BLUE, "Gibbs sampling, ideal machine"),
        ):
            error = name.replace("sampled", "sampled_se")
            lower.errorbar(
                place + shift, results.array(f"distribution/{name}")[shown],
                results.array(f"distribution/{error}")[shown], fmt="o", markersize=4.5,
                color=colour, label=label, capsize=0,
            )  # fmt: skip
        n_units = target.size.bit_length() - 1
        labels = [f"{number:0{n_units}b}"[::-1] for number in shown]
        lower.set_xticks(place, labels, rotation=90, family="DejaVu Sans Mono")
        lower.set_xlim(-0.8, shown.size - 0.2)
        lower.set_ylim(bottom=0.0)
        lower.set_ylabel("probability")
        state = style.state_words(
            results.attributes["distribution"], "state of the visible units (first on the left)"
        )
        lower.set_xlabel(f"{state}, by decreasing probability")
        lower.legend(loc="upper right")
        for axes in (upper, lower):
            style.quiet(axes)
    return figure


def _draw_history(axes: Axes, results: Results) -> None:
    epoch = results.array("history/epoch")
    if "kl_sample_target" in results.group("history"):
        value = results.array("history/kl_sample_target")
        error = results.array("history/kl_sample_target_se")
        axes.fill_between(
            epoch, np.maximum(value - error, 0.1 * value), value + error, color=style.FAINT
        )
        axes.plot(epoch, value, color=style.INK, linewidth=1.2, label="draws of one epoch")
    ends = epoch[0] - 0.5, epoch[-1] + 0.5
    for name, colour, label in (
        ("kl_sample_target_before", style.PURPLE, "before learning in the loop"),
        ("kl_sample_target", style.VERMILLION, "learned"),
        ("kl_sample_target_gibbs", style.BLUE, "Gibbs sampling, ideal machine"),
    ):
        reached = results.metric(name).value
        axes.hlines(reached, *ends, color=colour, linestyle="--", label=f"{label}: {reached:.2g}")
    axes.hlines(
        results.metric("kl_floor").value, *ends, color=style.GREY, linestyle=":",
        label="floor of an ideal sampler",
    )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlim(*ends)
    axes.set_xlabel("epoch of learning in the loop")
    style.whole_ticks(axes.xaxis)
    axes.set_ylabel(r"$D_\mathrm{KL}$(sampled‖target)")
    axes.legend(loc="lower left", ncols=2, bbox_to_anchor=(0.0, 1.0))
