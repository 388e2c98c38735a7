"""Posterior probabilities: exact, from lasers and from Gibbs sampling."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from lasersampling.results.figures import style
from lasersampling.results.reading import Results, read_results

_MAX_PANELS = 4
LOOKS: dict[str, dict[str, Any]] = {
    "lasers": {"color": style.VERMILLION, "fmt": "o", "label": "nanolasers"},
    "learned": {"color": style.PURPLE, "fmt": "D", "label": "nanolasers, learned"},
    "gibbs": {"color": style.BLUE, "fmt": "s", "label": "Gibbs sampling"},
}
_FREE = -1
_EXACT = {"target": "exact, of the target", "machine": "exact, of the ideal machine"}
"""What stands for the exact posterior, by whose it is."""


def plot(path: str | os.PathLike[str], group: str = "posterior") -> Figure:
    """Plot the posterior of up to four cases as bars, of more as sampled against exact.

    Parameters
    ----------
    path : path-like
        Results file with ``/posterior``: `name` (unit); `clamped`, `log_odds`, `exact` and, for
        each sampler (`lasers`, `gibbs`) that was run, `mean_<sampler>` and `se_<sampler>`
        (case, unit); metrics `mean_abs_error_<sampler>` for the title; the attribute `exact_of`,
        which says whose posterior `exact` is.
    group : str
        Another group of that form.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no posterior.
    """
    results = read_results(path, groups=(group,))
    exact = results.array(f"{group}/exact")
    samplers = [name for name in LOOKS if f"mean_{name}" in results.group(group)]
    few = len(exact) <= _MAX_PANELS
    with style.style():
        figure = style.new_figure(1.4 + 2.3 * len(exact) if few else 7.6)
        if few:
            draw_bars(figure, results, group)
            _legend(figure.axes[0])
        else:
            _scatter(figure, results, group, samplers)
        prefix = "" if group == "posterior" else f"{group}_"
        parts = [
            f"{LOOKS[name]['label']} {metric.value:.2g}"
            for name in samplers
            if (metric := results.metrics.get(f"{prefix}mean_abs_error_{name}"))
        ]
        if parts:
            figure.axes[0].set_title("mean error of a marginal: " + " · ".join(parts), pad=34)
    return figure


def draw_bars(
    figure: Figure | SubFigure, results: Results, group: str, *, is_narrow: bool = False
) -> None:
    """Draw a panel for each case: bars for the exact posterior, markers for samplers."""
    samplers = [name for name in LOOKS if f"mean_{name}" in results.group(group)]
    exact, clamped, log_odds, names = (
        results.array(f"{group}/{column}") for column in ("exact", "clamped", "log_odds", "name")
    )
    panels = figure.subplots(len(exact), 1, sharex=True, squeeze=False)[:, 0]
    place = np.arange(exact.shape[1])
    label = exact_label(results, group)
    for case, axes in enumerate(panels):
        free = clamped[case] == _FREE
        held = ~free
        axes.bar(place[free], exact[case][free], 0.62, color=style.SKY, label=label)
        axes.bar(
            place[held], np.where(clamped[case][held] == 1, 1.0, 0.012), 0.62, color=style.FAINT,
            edgecolor=style.GREY, hatch="//", linewidth=0.8, label="observed",
        )  # fmt: skip
        for unit in np.flatnonzero(held):
            axes.text(
                place[unit], 0.5 if clamped[case, unit] else 0.05, str(clamped[case, unit]),
                ha="center", va="center" if clamped[case, unit] else "bottom", fontsize=15,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 2.5},
            )  # fmt: skip
        for shift, name in zip(_shifts(len(samplers)), samplers, strict=True):
            axes.errorbar(
                place[free] + shift,
                results.array(f"{group}/mean_{name}")[case][free],
                results.array(f"{group}/se_{name}")[case][free],
                markersize=5 if is_narrow else 7, elinewidth=1.6, **LOOKS[name],
            )  # fmt: skip
        for unit in np.flatnonzero(log_odds[case]):
            axes.text(
                place[unit], 1.04, f"soft: {1 / (1 + np.exp(-log_odds[case, unit])):.2g}",
                ha="center", color=style.INK, fontsize=12,
            )  # fmt: skip
        axes.set_ylim(0, 1.15)
        axes.set_yticks([0, 0.5, 1])
        axes.set_ylabel("P(z = 1)")
        style.quiet(axes)
    between = "\n" if is_narrow else " "
    panels[-1].set_xticks(place, [str(name).replace("_", between) for name in names])
    if is_narrow:
        panels[-1].tick_params(axis="x", labelsize=11)
    if all(str(name).isdigit() for name in names):
        panels[-1].set_xlabel("unit")
    else:
        panels[-1].set_xlabel("variable")


def exact_label(results: Results, group: str) -> str:
    """Name what stands as exact; files of older versions do not say whose it is."""
    return _EXACT.get(str(results.attributes[group].get("exact_of", "")), "exact")


def _scatter(figure: Figure, results: Results, group: str, samplers: list[str]) -> None:
    free = results.array(f"{group}/clamped") == _FREE
    exact = results.array(f"{group}/exact")[free]
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    label = exact_label(results, group)
    upper.plot([0, 1], [0, 1], color=style.GREY, linewidth=1, label=label)
    lower.axhline(0, color=style.GREY, linewidth=1)
    for name in samplers:
        mean = results.array(f"{group}/mean_{name}")[free]
        error = results.array(f"{group}/se_{name}")[free]
        look = LOOKS[name] | {"markersize": 5, "elinewidth": 1, "capsize": 0, "alpha": 0.85}
        upper.errorbar(exact, mean, error, **look)
        lower.errorbar(exact, mean - exact, error, **look)
    upper.set_ylabel("sampled P(z = 1)")
    lower.set_ylabel("sampled - exact")
    lower.set_xlabel("exact P(z = 1 | evidence)")
    for axes in (upper, lower):
        style.quiet(axes, grid="both")
    _legend(upper)


def _shifts(n: int) -> NDArray[np.float64]:
    return np.linspace(-0.18, 0.18, n) if n > 1 else np.zeros(n)


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4)
