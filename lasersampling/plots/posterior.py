"""Posterior probabilities: exact ones, and those of one or several samplers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from lasersampling.plots import style

MOST_PANELS = 4
"""Up to so many cases have a panel each; more are drawn as sampled against exact."""

LOOKS: dict[str, dict[str, Any]] = {
    "lasers": {"color": style.VERMILLION, "fmt": "o", "label": "nanolasers"},
    "learned": {"color": style.PURPLE, "fmt": "D", "label": "nanolasers, learned"},
    "gibbs": {"color": style.BLUE, "fmt": "s", "label": "Gibbs sampling"},
    "renewal": {"color": style.GREEN, "fmt": "^", "label": "renewal sampler"},
}
_FREE = -1
_EXACT = {"target": "exact, of the target", "machine": "exact, of the ideal machine"}
"""Labels of the exact posterior, by its model."""


@dataclass(frozen=True, eq=False)
class Posteriors:
    """The probabilities that are drawn.

    Attributes
    ----------
    exact : ndarray of float64, shape (case, unit)
        Exact probabilities, nan where they are unknown [1].
    clamped : ndarray of int, shape (case, unit)
        -1 for a free unit, 0 or 1 for a clamped one.
    log_odds : ndarray of float64, shape (case, unit)
        Log odds of soft evidence [1].
    names : sequence of str
        Names of the units.
    sampled : mapping of str to tuple of ndarray, each of shape (case, unit)
        Means and standard errors, by the name of the sampler.
    exact_of : str
        Model of the exact posterior: "network", "target", "machine", or empty if unknown.
    """

    exact: NDArray[np.float64]
    clamped: NDArray[np.integer]
    log_odds: NDArray[np.float64]
    names: Sequence[str]
    sampled: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
    exact_of: str = ""

    @property
    def exact_label(self) -> str:
        """Label of the exact posterior; files of older versions do not name its model."""
        return _EXACT.get(self.exact_of, "exact")


def look(sampler: str) -> dict[str, Any]:
    """Return the look of a sampler's points; an unknown sampler gets its name as label."""
    return LOOKS.get(sampler, {"color": style.VERMILLION, "fmt": "o", "label": sampler})


def draw(found: Posteriors) -> Figure:
    """Draw up to four cases as bars, more as sampled against exact. Call within `style.style`."""
    n_cases = len(found.exact)
    if n_cases <= MOST_PANELS:
        figure = style.new_figure(1.4 + 2.3 * n_cases)
        draw_bars(figure, found)
        _legend(figure.axes[0])
        return figure
    figure = style.new_figure(7.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    _scatter(upper, lower, found)
    return figure


def draw_bars(figure: Figure | SubFigure, found: Posteriors, *, is_narrow: bool = False) -> None:
    """Draw a panel for each case: bars for the exact posterior, markers for samplers."""
    panels = figure.subplots(len(found.exact), 1, sharex=True, squeeze=False)[:, 0]
    for case, axes in enumerate(panels):
        draw_case(axes, found, case, markersize=5 if is_narrow else 7)
    between = "\n" if is_narrow else " "
    name_units(panels[-1], [str(name).replace("_", between) for name in found.names])
    if is_narrow:
        panels[-1].tick_params(axis="x", labelsize=11)


def name_units(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of units under an axis."""
    axes.set_xticks(np.arange(len(names)), names)
    axes.set_xlabel("unit" if all(name.isdigit() for name in names) else "variable")


def draw_case(axes: Axes, found: Posteriors, case: int, markersize: float = 7.0) -> None:
    """Draw one case."""
    style.check_axes(axes)
    exact, clamped, log_odds = found.exact[case], found.clamped[case], found.log_odds[case]
    place = np.arange(exact.size)
    free = clamped == _FREE
    held = ~free
    axes.bar(place[free], exact[free], 0.62, color=style.SKY, label=found.exact_label)
    axes.bar(
        place[held], np.where(clamped[held] == 1, 1.0, 0.012), 0.62, color=style.FAINT,
        edgecolor=style.GREY, hatch="//", linewidth=0.8, label="observed",
    )  # fmt: skip
    for unit in np.flatnonzero(held):
        axes.text(
            place[unit], 0.5 if clamped[unit] else 0.05, str(clamped[unit]),
            ha="center", va="center" if clamped[unit] else "bottom", fontsize=15,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2.5},
        )  # fmt: skip
    shifts = np.linspace(-0.18, 0.18, len(found.sampled)) if len(found.sampled) > 1 else [0.0]
    for shift, (name, (mean, error)) in zip(shifts, found.sampled.items(), strict=True):
        axes.errorbar(
            place[free] + shift, mean[case][free], error[case][free],
            markersize=markersize, elinewidth=1.6, **look(name),
        )  # fmt: skip
    for unit in np.flatnonzero(log_odds):
        axes.text(
            place[unit], 1.04, f"soft: {1 / (1 + np.exp(-log_odds[unit])):.2g}",
            ha="center", color=style.INK, fontsize=12,
        )  # fmt: skip
    axes.set_ylim(0, 1.15)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("P(z = 1)")
    style.quiet(axes)


def _scatter(upper: Axes, lower: Axes, found: Posteriors) -> None:
    free = found.clamped == _FREE
    exact = found.exact[free]
    upper.plot([0, 1], [0, 1], color=style.GREY, linewidth=1, label=found.exact_label)
    lower.axhline(0, color=style.GREY, linewidth=1)
    for name, (mean, error) in found.sampled.items():
        points = look(name) | {"markersize": 5, "elinewidth": 1, "capsize": 0, "alpha": 0.85}
        upper.errorbar(exact, mean[free], error[free], **points)
        lower.errorbar(exact, mean[free] - exact, error[free], **points)
    upper.set_ylabel("sampled P(z = 1)")
    lower.set_ylabel("sampled - exact")
    lower.set_xlabel("exact P(z = 1 | evidence)")
    for axes in (upper, lower):
        style.quiet(axes, grid="both")
    _legend(upper)


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4)
