"""Recognition: how active the classes of images are, over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.plots import style

_MOST_IMAGES = 6
_MOST_NAMED = 3
"""Classes in colour, and named in the legend, of each image: those that are most active."""

_COLOURS = (style.VERMILLION, style.BLUE, style.GREEN)


def draw(activity: NDArray[np.float64], interval_ns: float | None, names: Sequence[str]) -> Figure:
    """Draw the first images in panels of their own. Call within `style.style`.

    Parameters
    ----------
    activity : ndarray, shape (image, draw, class)
        Mean of each label unit over the draws so far [1].
    interval_ns : float or None
        Time between draws [ns]; the axis counts draws without it.
    names : sequence of str
        Names of the classes.
    """
    shown = activity[:_MOST_IMAGES]
    n_columns = min(2, len(shown))
    n_rows = math.ceil(len(shown) / n_columns)
    figure = style.new_figure(0.8 + 2.9 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for number, panel in enumerate(panels):
        if number >= len(shown):
            panel.set_axis_off()
            continue
        draw_image(panel, shown[number], interval_ns, names)
        panel.set_title(f"image {number}")
        if number + n_columns < len(shown):
            panel.set_xlabel("")
    return figure


def draw_image(
    axes: Axes, activity: NDArray[np.float64], interval_ns: float | None, names: Sequence[str]
) -> None:
    """Draw the activity of the classes of one image, shape (draw, class)."""
    style.check_axes(axes)
    draw_of = np.arange(1, len(activity) + 1)
    time = draw_of if interval_ns is None else draw_of * interval_ns
    mark = "o" if len(time) == 1 else None  # a single point makes no line
    order = np.argsort(-activity[-1], kind="stable")
    for place in order[_MOST_NAMED:]:
        axes.plot(time, activity[:, place], color=style.FAINT, marker=mark)
    for place, colour in zip(order[:_MOST_NAMED], _COLOURS, strict=False):
        label = style.plain(names[place])
        axes.plot(time, activity[:, place], color=colour, marker=mark, label=label)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("activity")
    axes.set_xlabel("draws" if interval_ns is None else "time (ns)")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=11)
    style.quiet(axes)
