"""Values of the curves and bars of a figure, which the page shows under the pointer.

They are taken from the drawn figure itself, so every figure has them, and they cannot differ from
what is seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter

from lasersampling.report.words import spoken, visible

_MOST_SERIES = 10
_MOST_POINTS = 1500
"""Longer curves are thinned evenly; nobody reads more values off a screen's width."""
_DIGITS = 5


def readings_of(figure: Figure) -> list[dict[str, Any]]:
    """Collect the values of all panels of a figure that was drawn.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        A figure after `savefig`, so that its panels stand where they are seen.

    Returns
    -------
    list of dict
        For each panel with values: its `box` (left, top, right, bottom; in parts of the figure),
        both axes (`label`, `log`, `low`, `high`) and `series` (`label`, `colour`, `x`, `y`).
    """
    panels = []
    for axes in figure.axes:
        if hasattr(axes, "_colorbar") or not {axes.get_xscale(), axes.get_yscale()} <= {
            "linear",
            "log",
        }:
            continue
        series = _series(axes)
        if not series:
            continue
        place = axes.get_position()
        panels.append(
            {
                "box": [_short(v) for v in (place.x0, 1 - place.y1, place.x1, 1 - place.y0)],
                "x": _axis(axes.get_xlabel(), axes.get_xscale(), axes.get_xlim()),
                "y": _axis(axes.get_ylabel(), axes.get_yscale(), axes.get_ylim()),
                "names": _tick_names(axes),
                "series": series,
            }
        )
    return panels


def _axis(label: str, scale: str, ends: tuple[float, float]) -> dict[str, Any]:
    low, high = ends
    return {
        "label": visible(spoken(label)), "log": scale == "log", "low": float(low),
        "high": float(high),
    }  # fmt: skip


def _series(axes: Axes) -> list[dict[str, Any]]:
    """Collect curves and bars: those with names or, where there are none, those without."""
    named: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    labels: dict[Line2D, str] = {}
    passed: set[Line2D] = set()
    for container in axes.containers:
        label = str(container.get_label())
        if isinstance(container, ErrorbarContainer):
            line, caps, _ = container.lines
            passed.update(caps)
            if line is not None:
                labels[line] = label
        elif isinstance(container, BarContainer) and container.orientation != "horizontal":
            middle = [bar.get_x() + bar.get_width() / 2 for bar in container.patches]
            top = [bar.get_y() + bar.get_height() for bar in container.patches]
            colour = to_hex(container.patches[0].get_facecolor()) if container.patches else ""
            _keep(named, others, label, colour, (np.asarray(middle), np.asarray(top)))
    for line in axes.lines:
        if line in passed or not line.get_visible() or line.get_transform() != axes.transData:
            continue
        label = labels.get(line, str(line.get_label()))
        try:
            x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        except (TypeError, ValueError):
            continue  # dates or categories
        _keep(named, others, label, to_hex(line.get_color()), (x, y))
    return (named or others)[:_MOST_SERIES]


def _keep(
    named: list[dict[str, Any]],
    others: list[dict[str, Any]],
    label: str,
    colour: str,
    points: tuple[Any, Any],
) -> None:
    x, y = points
    seen = np.isfinite(x) & np.isfinite(y)
    x, y = x[seen], y[seen]
    if x.size < 2:
        return
    order = np.argsort(x, kind="stable")[:: -(-x.size // _MOST_POINTS)]
    is_named = bool(label) and not label.startswith("_")
    (named if is_named else others).append(
        {
            "label": visible(spoken(label)) if is_named else "",
            "colour": colour,
            "x": [_short(v) for v in x[order]],
            "y": [_short(v) for v in y[order]],
        }
    )


def _tick_names(axes: Axes) -> dict[str, str]:
    """Names at whole places of the axis, such as states below bars."""
    if not isinstance(axes.xaxis.get_major_formatter(), FixedFormatter):
        return {}
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=False)
    return {
        f"{place:.0f}": visible(spoken(label.get_text()))
        for place, label in ticks
        if float(place).is_integer()
    }


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
