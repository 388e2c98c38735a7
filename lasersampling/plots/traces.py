"""Photon number and carriers of lasers against time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.plots import style

_SHOWN_BY_DEFAULT = 3


@dataclass(frozen=True, eq=False)
class LaserTrace:
    """The traces of one laser.

    Attributes
    ----------
    title : str
        Name of the laser, and what is known about it.
    photons, gain_electrons, absorber_electrons : ndarray, shape (time,)
        S, N1 and N2.
    spikes_ns : ndarray of float64, shape (spike,), or None
        Its spikes within the time shown; None if unknown.
    threshold_photons : float or None
        Detection threshold, if it is known.
    """

    title: str
    photons: NDArray[np.floating]
    gain_electrons: NDArray[np.floating]
    absorber_electrons: NDArray[np.floating]
    spikes_ns: NDArray[np.float64] | None = None
    threshold_photons: float | None = None


def spread(recorded: Sequence[int]) -> list[int]:
    """Choose three lasers, or all if there are fewer, from the first to the last."""
    n = min(_SHOWN_BY_DEFAULT, len(recorded))
    return [recorded[k * (len(recorded) - 1) // max(n - 1, 1)] for k in range(n)]


def draw(time_ns: NDArray[np.float64], traces: Sequence[LaserTrace]) -> Figure:
    """Draw two panels for each laser, photons above carriers. Call within `style.style`."""
    n = len(traces)
    figure = style.new_figure(1.0 + (4.2 if n == 1 else 3.1) * n)
    panels = figure.subplots(2 * n, 1, sharex=True, squeeze=False, height_ratios=[1.1, 1] * n)[:, 0]
    for number, trace in enumerate(traces):
        photons, carriers = panels[2 * number : 2 * number + 2]
        draw_photons(photons, time_ns, trace)
        _draw_carriers(carriers, time_ns, trace)
    panels[-1].set_xlabel("time (ns)")
    panels[-1].set_xlim(time_ns[0], time_ns[-1])
    figure.align_ylabels()
    return figure


def draw_photons(axes: Axes, time_ns: NDArray[np.float64], trace: LaserTrace) -> None:
    """Draw the photon number of one laser on a logarithmic axis, its spikes marked above."""
    style.check_axes(axes)
    # A photon number below one is noise of the field; the axis need not follow it.
    shown = np.maximum(trace.photons, 0.1)
    threshold, spikes = trace.threshold_photons, trace.spikes_ns
    axes.semilogy(time_ns, shown, color=style.VERMILLION, linewidth=1.0)
    # For a laser without a spike this shows how far it stays below the threshold.
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
    count = ""
    if spikes is not None:
        axes.plot(spikes, np.full(spikes.size, top * 3), "v", color=style.INK, markersize=6)
        count = f" · {spikes.size} spike{'' if spikes.size == 1 else 's'} ▾"
    axes.set_title(trace.title + count, pad=6)


def _draw_carriers(axes: Axes, time_ns: NDArray[np.float64], trace: LaserTrace) -> None:
    """Draw gain and absorber, each on an axis of its own, since they differ tenfold."""
    other = axes.twinx()
    for panel, values, colour, name in (
        (axes, trace.gain_electrons, style.BLUE, "gain"),
        (other, trace.absorber_electrons, style.GREEN, "absorber"),
    ):
        panel.plot(time_ns, values / 1e3, color=colour, linewidth=1.4)
        panel.set_ylabel(f"{name}\n($10^3$ e$^-$)", color=colour)
        panel.tick_params(axis="y", colors=colour)
        panel.locator_params(axis="y", nbins=4)
    other.spines["right"].set_visible(True)
