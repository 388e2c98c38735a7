"""Photon number and carriers of single lasers over time."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.plots import style, traces
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results


def plot(path: str | os.PathLike[str], lasers: Sequence[int] | None = None) -> Figure:
    """Plot traces of chosen lasers.

    Parameters
    ----------
    path : path-like
        Results file with ``/traces``: `time_ns` (time), `laser` (laser), and `photons`,
        `gain_electrons`, `absorber_electrons` (laser, time). Spikes of the first chain in
        ``/spikes`` are marked if there are any, the detection threshold if ``/traces`` has the
        attribute `spike_threshold_photons`. Titles give the pump over the threshold pump if
        ``/traces`` has `pump_ratio` (laser).
    lasers : sequence of int, optional
        Numbers of the lasers; by default three of those that were recorded, from the first
        to the last.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no traces, or none of a laser that is asked for.
    """
    has_spikes = "spikes" in read_results(path, groups=()).attributes
    results = read_results(path, groups=("traces", "spikes") if has_spikes else ("traces",))
    recorded = [int(laser) for laser in results.array("traces/laser")]
    chosen = traces.spread(recorded) if lasers is None else list(lasers)
    missing = sorted(set(chosen) - set(recorded))
    if missing or not chosen:
        raise InputError.single(
            "lasers", f"{missing or 'none'}", f"some of {recorded}, of which {path} holds traces"
        )
    time_ns = results.array("traces/time_ns")
    found = [_trace(results, laser, recorded.index(laser), time_ns) for laser in chosen]
    with style.style():
        return traces.draw(time_ns, found)


def _trace(
    results: Results, laser: int, row: int, time_ns: NDArray[np.float64]
) -> traces.LaserTrace:
    """Collect the variables of one laser, which stands in this row."""
    pump = ""
    if "pump_ratio" in results.groups["traces"]:
        pump = f" · pump {results.array('traces/pump_ratio')[row]:.4g} $P_\\mathrm{{th}}$"
    photons, gain, absorber = (
        results.array(f"traces/{name}")[row]
        for name in ("photons", "gain_electrons", "absorber_electrons")
    )
    threshold = results.attributes["traces"].get("spike_threshold_photons")
    spikes = _spike_times(results, laser, time_ns)
    return traces.LaserTrace(f"laser {laser}{pump}", photons, gain, absorber, spikes, threshold)


def _spike_times(
    results: Results, laser: int, time_ns: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the spike times of one laser in the first chain, within the time shown."""
    if "spikes" not in results.groups:
        return None
    end = int(results.array("spikes/chain_offset")[1])
    times: NDArray[np.float64] = results.array("spikes/time")[:end]
    seen = (times >= time_ns[0]) & (times <= time_ns[-1])
    seen &= results.array("spikes/unit")[:end] == laser
    return np.compress(seen, times)
