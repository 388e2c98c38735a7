"""The common look of all figures: colour-blind safe, and large enough for a talk.

References
----------
Colours: M. Okabe and K. Ito, "Color universal design" (2008),
https://jfly.uni-koeln.de/color/.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from lasersampling.errors import InputError

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
ORANGE = "#E69F00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
INK = "#222222"
GREY = "#8C8C8C"
FAINT = "#E4E4E4"

_MOST_NAMED = 60
"""Number of letters of unit names that fit under an axis."""

WIDTH = 11.0
"""Width of a figure in inches; at 150 dots per inch it fills a slide."""

_SETTINGS: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 15,
    "axes.linewidth": 0.9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.titlesize": 16,
    "errorbar.capsize": 2.5,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "figure.titlesize": 17,
    "font.family": "DejaVu Sans",
    "font.size": 14,
    "legend.borderaxespad": 0.2,
    "legend.fontsize": 13,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.8,
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 13,
    "ytick.color": INK,
    "ytick.labelsize": 13,
}


@contextmanager
def style() -> Iterator[None]:
    """Apply the style within the block; the user's settings are back afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def new_figure(height: float) -> Figure:
    """Return an empty figure of standard width; `height` in inches. Call within `style`."""
    return Figure(figsize=(WIDTH, height))


@contextmanager
def on(axes: Axes | None, height: float) -> Iterator[Axes]:
    """Give axes to draw on: those of the caller, or those of a new figure in the common style."""
    if axes is not None:
        check_axes(axes)
        yield axes
        return
    with style():
        yield new_figure(height).subplots()


def check_axes(axes: object) -> None:
    """Refuse anything on which nothing can be drawn.

    Raises
    ------
    InputError
        If these are not the axes of one panel.
    """
    if not isinstance(axes, Axes):
        expected = "the Axes of one panel, such as figure.subplots() gives, or None"
        raise InputError.single("axes", type(axes).__name__, expected)


def figure_of(axes: Axes) -> Figure:
    """Return the figure to which axes belong."""
    return axes.figure.figure if isinstance(axes.figure, SubFigure) else axes.figure


def plain(text: str) -> str:
    """Keep Matplotlib from reading a user's text as mathematics."""
    return text.replace("$", r"\$")


def state_words(attributes: Mapping[str, Any], otherwise: str) -> str:
    """Label for states: the names of the units if they have names and are few."""
    names = [str(name) for name in np.atleast_1d(attributes.get("unit_names", []))]
    listed = ", ".join(names)
    return f"state of {plain(listed)}" if names and len(listed) <= _MOST_NAMED else otherwise


def headline(figure: Figure, text: str) -> None:
    """Write the message of a figure above it, flush left."""
    figure.suptitle(text, x=0.007, ha="left", fontweight="bold")


def quiet(axes: Axes, *, grid: Literal["x", "y", "both"] = "y") -> None:
    """Draw a faint grid along `grid` to read values off."""
    axes.grid(visible=True, axis=grid, color=FAINT, linewidth=0.8)


def whole_ticks(axis: Axis) -> None:
    """Put ticks at whole numbers only: epochs, rounds and updates have no fractions."""
    axis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))


def plain_log_ticks(axis: Axis, most: int = 8) -> None:
    """Put ticks at 1, 2, 3 and 5 times powers of ten on a logarithmic axis, as plain numbers.

    Where these would be more than `most`, only the powers of ten stay.
    """
    low, high = axis.get_view_interval()
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10.0**power for power in decades for digit in (1, 2, 3, 5)]
    shown = [tick for tick in ticks if low <= tick <= high]
    if len(shown) < 2:  # a short axis, as of a few epochs
        ticks = [float(t) for t in MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high)]
        shown = [tick for tick in ticks if low <= tick <= high]
    if len(shown) > most:
        shown = [tick for tick in shown if f"{tick:e}".startswith("1")]
    axis.set_ticks(shown, labels=[f"{tick:g}" for tick in shown])
    axis.set_ticks([], minor=True)
