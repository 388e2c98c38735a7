"""Spikes as a raster, the intervals with z = 1 shaded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lasersampling.plots import style

COLOURS = {"visible": style.BLUE, "label": style.VERMILLION, "hidden": style.GREEN}
"""Kinds of units, in their order."""


def height(n_units: int) -> float:
    """Return the height in inches of a figure with so many units."""
    return float(np.clip(1.8 + 0.32 * n_units, 3.2, 7.5))


def draw(
    axes: Axes,
    time_ns: NDArray[np.float64],
    unit: NDArray[np.integer],
    window_ns: tuple[float, float],
    kinds: Mapping[str, range],
    refractory_ns: float | None = None,
) -> None:
    """Draw the spikes of one chain.

    Parameters
    ----------
    axes : Axes
        Axes to draw on.
    time_ns : ndarray of float64, shape (spike,)
        Times of the spikes, in any order.
    unit : ndarray of int, shape (spike,)
        Unit of each spike.
    window_ns : tuple of float
        Beginning and end of the time shown.
    kinds : mapping of str to range
        Units of each kind, of `COLOURS`, which together are all units.
    refractory_ns : float, optional
        How long z = 1 after a spike; without it nothing is shaded.
    """
    start_ns, stop_ns = window_ns
    n_units = sum(len(units) for units in kinds.values())
    # A spike before the window can still hold its unit at one within it.
    seen = (time_ns > start_ns - (refractory_ns or 0.0)) & (time_ns < stop_ns)
    time, unit = time_ns[seen], unit[seen]
    for kind, units in kinds.items():
        chosen = (unit >= units.start) & (unit < units.stop)
        _draw_kind(axes, time[chosen], unit[chosen], refractory_ns, COLOURS[kind], n_units)
    axes.set_xlim(start_ns, stop_ns)
    axes.set_ylim(n_units - 0.5, -0.5)
    axes.set_xlabel("time (ns)")
    axes.set_ylabel("laser")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True))
    rate = np.count_nonzero(time >= start_ns) / (n_units * (stop_ns - start_ns))
    parts = [f"{n_units} laser{'s' if n_units > 1 else ''}", f"{rate:.2f} spikes per ns and laser"]
    if refractory_ns is not None:
        parts.append(f"shaded: z = 1 for {refractory_ns:g} ns after a spike")
    axes.set_title(" · ".join(parts))
    if len(kinds) > 1:
        handles = [Patch(color=COLOURS[kind], label=kind) for kind in kinds]
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1))


def _draw_kind(
    axes: Axes,
    time: NDArray[np.float64],
    unit: NDArray[np.integer],
    refractory_ns: float | None,
    colour: str,
    n_units: int,
) -> None:
    if refractory_ns is not None:
        corner_time = np.stack([time, time + refractory_ns, time + refractory_ns, time], axis=-1)
        corner_unit = unit[:, None] + np.array([-0.42, -0.42, 0.42, 0.42])
        boxes = np.stack([corner_time, corner_unit], axis=-1)
        # Overlapping shades must not add up: a renewed interval is one interval.
        axes.add_collection(PolyCollection(list(boxes), facecolor=shade(colour), edgecolor="none"))
    ticks = np.stack([np.stack([time, unit - 0.42], -1), np.stack([time, unit + 0.42], -1)], 1)
    width = float(np.clip(30 / n_units, 1.0, 2.2))
    axes.add_collection(LineCollection(list(ticks), colors=colour, linewidths=width, zorder=3))


def shade(colour: str) -> tuple[float, float, float]:
    """Return the colour, mixed with four parts of white, of intervals with z = 1."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return 1 - 0.22 * (1 - red), 1 - 0.22 * (1 - green), 1 - 0.22 * (1 - blue)
