"""Spikes of all lasers, and the states that they stand for."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.results.figures import style
from lasersampling.results.reading import Results, read_results

_WINDOW_IN_REFRACTORY_TIMES = 30
_COLOURS = {"visible": style.BLUE, "label": style.VERMILLION, "hidden": style.GREEN}


def plot(
    path: str | os.PathLike[str], start_ns: float = 0.0, window_ns: float | None = None
) -> Figure:
    """Plot a spike raster of the first chain, the intervals with z = 1 shaded.

    Parameters
    ----------
    path : path-like
        Results file with ``/spikes``, and ``/device`` with the attribute `refractory_time_ns`.
        Units are coloured by kind if ``/machine`` has label or hidden units.
    start_ns : float
        Begin of the window.
    window_ns : float, optional
        Length of the window; by default thirty refractory times.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no spikes or no refractory time.
    """
    results = read_results(path, groups=("spikes", "device", "machine"))
    results.group("spikes")
    refractory_ns = results.attributes.get("device", {}).get("refractory_time_ns")
    if refractory_ns is None:
        raise InputError.single(
            str(path), "no refractory time", "attribute 'refractory_time_ns' of /device"
        )
    extent = results.attributes["spikes"]
    window_ns = _WINDOW_IN_REFRACTORY_TIMES * refractory_ns if window_ns is None else window_ns
    stop_ns = min(start_ns + window_ns, float(extent["duration_ns"]))
    end = int(results.array("spikes/chain_offset")[1])
    time, unit = results.array("spikes/time")[:end], results.array("spikes/unit")[:end]
    # A spike before the window can still hold its unit at one within it.
    seen = (time > start_ns - refractory_ns) & (time < stop_ns)
    time, unit = time[seen], unit[seen]
    n_units = int(extent["n_units"])
    kinds = _kinds(results, n_units)
    with style.style():
        figure = style.new_figure(float(np.clip(1.8 + 0.32 * n_units, 3.2, 7.5)))
        axes = figure.subplots()
        for kind, units in kinds.items():
            chosen = (unit >= units.start) & (unit < units.stop)
            _draw_kind(axes, time[chosen], unit[chosen], refractory_ns, _COLOURS[kind], n_units)
        axes.set_xlim(start_ns, stop_ns)
        axes.set_ylim(n_units - 0.5, -0.5)
        axes.set_xlabel("time (ns)")
        axes.set_ylabel("laser")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True))
        rate = np.count_nonzero(time >= start_ns) / (n_units * (stop_ns - start_ns))
        axes.set_title(
            f"{n_units} lasers · {rate:.2f} spikes per ns and laser · shaded: z = 1 for "
            f"{refractory_ns:g} ns after a spike"
        )
        if len(kinds) > 1:
            handles = [Patch(color=_COLOURS[kind], label=kind) for kind in kinds]
            axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _draw_kind(
    axes: Axes,
    time: NDArray[np.float64],
    unit: NDArray[np.int32],
    refractory_ns: float,
    colour: str,
    n_units: int,
) -> None:
    corner_time = np.stack([time, time + refractory_ns, time + refractory_ns, time], axis=-1)
    corner_unit = unit[:, None] + np.array([-0.42, -0.42, 0.42, 0.42])
    boxes = np.stack([corner_time, corner_unit], axis=-1)
    # Overlapping shades must not add up: a renewed interval is one interval.
    axes.add_collection(PolyCollection(list(boxes), facecolor=_tint(colour), edgecolor="none"))
    ticks = np.stack([np.stack([time, unit - 0.42], -1), np.stack([time, unit + 0.42], -1)], 1)
    width = float(np.clip(30 / n_units, 1.0, 2.2))
    axes.add_collection(LineCollection(list(ticks), colors=colour, linewidths=width, zorder=3))


def _tint(colour: str) -> tuple[float, ...]:
    """Mix a colour with four parts of white."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return tuple(1 - 0.22 * (1 - channel) for channel in channels)


def _kinds(results: Results, n_units: int) -> dict[str, range]:
    """Return the units of each kind that the machine has, in the order of units."""
    known = results.attributes.get("machine", {})
    n_label, n_hidden = int(known.get("n_label", 0)), int(known.get("n_hidden", 0))
    n_visible = n_units - n_label - n_hidden
    edges = np.cumsum([0, n_visible, n_label, n_hidden])
    kinds = {
        kind: range(int(first), int(last))
        for kind, first, last in zip(_COLOURS, edges[:-1], edges[1:], strict=True)
    }
    return {kind: units for kind, units in kinds.items() if len(units)}
