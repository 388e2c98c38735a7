"""Photon number and carriers of single lasers against time."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.results.figures import style
from lasersampling.results.reading import Results, read_results

_SHOWN_BY_DEFAULT = 3


def plot(path: str | os.PathLike[str], lasers: Sequence[int] | None = None) -> Figure:
    """Plot traces of chosen lasers.

    Parameters
    ----------
    path : path-like
        Results file with ``/traces``: `time_ns` (time), `laser` (laser), and `photons`,
        `gain_electrons`, `absorber_electrons` (laser, time). Spikes of the first chain in
        ``/spikes`` are marked if there are any, the detection threshold if ``/traces`` has the
        attribute `spike_threshold_photons`. Titles name the pump where ``/traces`` has
        `pump_ratio` (laser), over the threshold pump.
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
    results = read_results(path, groups=("traces", "spikes"))
    recorded = [int(laser) for laser in results.array("traces/laser")]
    chosen = _spread(recorded) if lasers is None else list(lasers)
    missing = sorted(set(chosen) - set(recorded))
    if missing or not chosen:
        raise InputError.single(
            "lasers", f"{missing or 'none'}", f"some of {recorded}, of which {path} holds traces"
        )
    time_ns = results.array("traces/time_ns")
    with style.style():
        figure = style.new_figure(1.0 + (4.2 if len(chosen) == 1 else 3.1) * len(chosen))
        panels = figure.subplots(
            2 * len(chosen), 1, sharex=True, squeeze=False, height_ratios=[1.1, 1] * len(chosen)
        )[:, 0]
        for number, laser in enumerate(chosen):
            row = recorded.index(laser)
            photons, carriers = panels[2 * number : 2 * number + 2]
            _draw_photons(photons, results, laser, time_ns, results.array("traces/photons")[row])
            _draw_carriers(
                carriers,
                time_ns,
                results.array("traces/gain_electrons")[row],
                results.array("traces/absorber_electrons")[row],
            )
        panels[-1].set_xlabel("time (ns)")
        panels[-1].set_xlim(time_ns[0], time_ns[-1])
        figure.align_ylabels()
    return figure


def _draw_photons(
    axes: Axes,
    results: Results,
    laser: int,
    time_ns: NDArray[np.float64],
    photons: NDArray[np.float64],
) -> None:
    # A photon number below one is noise of the field's random walk; the axis need not follow it.
    shown = np.maximum(photons, 0.1)
    axes.semilogy(time_ns, shown, color=style.VERMILLION, linewidth=1.0)
    threshold = results.attributes["traces"].get("spike_threshold_photons")
    # A laser without a spike shows how far it stays below the threshold.
    top = max(float(shown.max()), 10.0, 0.0 if threshold is None else float(threshold))
    axes.set_ylim(0.5, top * 8)
    axes.set_ylabel("photons $S$")
    style.quiet(axes)
    if threshold is not None:
        axes.axhline(threshold, color=style.GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.text(
            1.01, threshold, "spike\nthreshold", transform=axes.get_yaxis_transform(),
            va="center", color="#666666", fontsize=12,
        )  # fmt: skip
    spikes = _spike_times(results, laser, time_ns)
    axes.plot(spikes, np.full(spikes.size, top * 3), "v", color=style.INK, markersize=6)
    count = ""
    if "spikes" in results.groups:
        count = f" · {spikes.size} spike{'' if spikes.size == 1 else 's'} ▾"
    pump = ""
    if "pump_ratio" in results.groups["traces"]:
        row = results.array("traces/laser").tolist().index(laser)
        pump = f" · pump {results.array('traces/pump_ratio')[row]:.4g} $P_\\mathrm{{th}}$"
    axes.set_title(f"laser {laser}{pump}{count}", pad=6)


def _spread(recorded: list[int]) -> list[int]:
    """Three lasers, or all if they are fewer, from the first to the last."""
    n = min(_SHOWN_BY_DEFAULT, len(recorded))
    return [recorded[k * (len(recorded) - 1) // max(n - 1, 1)] for k in range(n)]


def _draw_carriers(
    axes: Axes,
    time_ns: NDArray[np.float64],
    gain: NDArray[np.float64],
    absorber: NDArray[np.float64],
) -> None:
    """Draw gain and absorber on an axis of their own each: they differ tenfold."""
    other = axes.twinx()
    for panel, values, colour, name in (
        (axes, gain, style.BLUE, "gain"),
        (other, absorber, style.GREEN, "absorber"),
    ):
        panel.plot(time_ns, values / 1e3, color=colour, linewidth=1.4)
        panel.set_ylabel(f"{name}\n($10^3$ e$^-$)", color=colour)
        panel.tick_params(axis="y", colors=colour)
        panel.locator_params(axis="y", nbins=4)
    other.spines["right"].set_visible(True)


def _spike_times(results: Results, laser: int, time_ns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the spike times of one laser in the first chain, within the time shown."""
    if "spikes" not in results.groups:
        return np.empty(0)
    end = int(results.array("spikes/chain_offset")[1])
    times: NDArray[np.float64] = results.array("spikes/time")[:end]
    seen = (times >= time_ns[0]) & (times <= time_ns[-1])
    seen &= results.array("spikes/unit")[:end] == laser
    return np.compress(seen, times)
