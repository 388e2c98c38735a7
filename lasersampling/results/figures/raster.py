"""Spike raster of all lasers, and the states that follow from the spikes."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.plots import raster, style
from lasersampling.results.contents import Results, missing_groups
from lasersampling.results.reading import read_results, read_rows

_WINDOW_IN_REFRACTORY_TIMES = 30
_BLOCK = 1 << 18


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
        Beginning of the window.
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
    results = read_results(path, groups=())
    if "spikes/time" not in results.contents:
        raise InputError(missing_groups(path, results.attributes, ["spikes"]))
    refractory_ns = results.attributes.get("device", {}).get("refractory_time_ns")
    if refractory_ns is None:
        raise InputError.single(
            str(path), "no refractory time", "attribute 'refractory_time_ns' of /device"
        )
    extent = results.attributes["spikes"]
    window_ns = _WINDOW_IN_REFRACTORY_TIMES * refractory_ns if window_ns is None else window_ns
    stop_ns = min(start_ns + window_ns, float(extent["duration_ns"]))
    time, unit = _until(path, stop_ns)
    n_units = int(extent["n_units"])
    with style.style():
        figure = style.new_figure(raster.height(n_units))
        raster.draw(
            figure.subplots(), time, unit, (start_ns, stop_ns), _kinds(results, n_units),
            refractory_ns,
        )  # fmt: skip
    return figure


def _until(
    path: str | os.PathLike[str], stop_ns: float
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Read times and units of the spikes of the first chain up to a time, block by block."""
    end = int(read_rows(path, "spikes/chain_offset", 1, 2)[0])
    times = [np.zeros(0)]
    for first in range(0, end, _BLOCK):
        times.append(read_rows(path, "spikes/time", first, min(first + _BLOCK, end)))
        if times[-1][-1] > stop_ns:
            break
    time = np.concatenate(times)
    return time, read_rows(path, "spikes/unit", 0, len(time))


def _kinds(results: Results, n_units: int) -> dict[str, range]:
    """Return the units of each kind that the machine has, in the order of units."""
    known = results.attributes.get("machine", {})
    n_label, n_hidden = int(known.get("n_label", 0)), int(known.get("n_hidden", 0))
    n_visible = n_units - n_label - n_hidden
    edges = np.cumsum([0, n_visible, n_label, n_hidden])
    kinds = {
        kind: range(int(first), int(last))
        for kind, first, last in zip(raster.COLOURS, edges[:-1], edges[1:], strict=True)
    }
    return {kind: units for kind, units in kinds.items() if len(units)}
