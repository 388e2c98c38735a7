"""Spike raster of all lasers, and the states that follow from the spikes."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.errors import InputError
from lasersampling.plots import raster, style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_WINDOW_IN_REFRACTORY_TIMES = 30


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
    results = read_results(path, groups=("spikes",))
    refractory_ns = results.attributes.get("device", {}).get("refractory_time_ns")
    if refractory_ns is None:
        raise InputError.single(
            str(path), "no refractory time", "attribute 'refractory_time_ns' of /device"
        )
    extent = results.attributes["spikes"]
    window_ns = _WINDOW_IN_REFRACTORY_TIMES * refractory_ns if window_ns is None else window_ns
    stop_ns = min(start_ns + window_ns, float(extent["duration_ns"]))
    end = int(results.array("spikes/chain_offset")[1])
    n_units = int(extent["n_units"])
    with style.style():
        figure = style.new_figure(raster.height(n_units))
        raster.draw(
            figure.subplots(), results.array("spikes/time")[:end],
            results.array("spikes/unit")[:end], (start_ns, stop_ns), _kinds(results, n_units),
            refractory_ns,
        )  # fmt: skip
    return figure


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
