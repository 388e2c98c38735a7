"""Dynamics of one laser: a spike, its phase portrait, trains, intervals, activation, stability."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.plots.activation import PUMP, with_error
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_WINDOWS_NS = ((-1.0, -0.05), (-0.05, 0.05), (0.05, 6.0))
_WINDOW_WIDTHS = (1.0, 1.3, 2.0)
_BAND = {
    "excitable": style.SKY,
    "self-pulsing": style.ORANGE,
    "continuous-wave": style.GREEN,
    "bistable": style.PURPLE,
}
_LEAST_PHOTONS = 1e-3  # leaves room for the legend under the loop
_GROUPS = ("spike", "portrait", "refractory", "trains", "intervals", "first_passage")


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the measurements of `training/laser_dynamics.py` in seven panels.

    Parameters
    ----------
    path : path-like
        Results file of that script.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file lacks one of the measurements.
    """
    results = read_results(path)
    for group in (*_GROUPS, "calibration", "stability", "regimes"):
        results.group(group)
    with style.style():
        figure = style.new_figure(18.0)
        rows: Any = figure.subfigures(4, 1, height_ratios=[1.3, 1.1, 1, 1.1])
        top, upper, middle, lower = rows
        _draw_spike(top, results)
        left, right = upper.subplots(1, 2)
        _draw_portrait(left, results)
        _draw_refractory(right, results)
        left, right = middle.subplots(1, 2)
        _draw_intervals(left, results)
        _draw_activation(right, results)
        left, right = lower.subplots(1, 2)
        _draw_trains(left, results)
        _draw_stability(right, results)
    return figure


def _title(axes: Axes, letter: str, text: str) -> None:
    axes.set_title(rf"$\bf{{{letter}}}$  {text}", fontsize=14)


def _draw_spike(figure: SubFigure, results: Results) -> None:
    """Photons above carriers; the three columns have different time scales."""
    time = results.array("spike/time_ns")
    panels: Any = figure.subplots(
        3, 3, sharey="row", sharex="col", width_ratios=_WINDOW_WIDTHS,
        gridspec_kw={"wspace": 0.03},
    )  # fmt: skip
    rows = (
        ("photons", 1.0, "photons $S$", style.VERMILLION),
        ("gain_electrons", 1e3, "gain $N_1$\n($10^3$ e$^-$)", style.BLUE),
        ("absorber_electrons", 1e3, "absorber $N_2$\n($10^3$ e$^-$)", style.GREEN),
    )
    for row, (name, scale, label, colour) in zip(panels, rows, strict=True):
        values = results.array(f"spike/{name}") / scale
        for column, (axes, (start, stop)) in enumerate(zip(row, _WINDOWS_NS, strict=True)):
            shown = (time >= start) & (time <= stop)
            # Inside the pulse time is counted in ps.
            factor = 1e3 if column == 1 else 1.0
            axes.plot(factor * time[shown], values[shown], color=colour, linewidth=1.5)
            axes.set_xlim(factor * start, factor * stop)
            style.quiet(axes)
            if column:
                axes.spines["left"].set_visible(False)
                axes.tick_params(axis="y", length=0)
                axes.axvline(factor * start, color=style.GREY, linewidth=0.9, linestyle=":")
            else:
                axes.set_ylabel(label, color=colour)
        row[0].set_ylim(bottom=0.0)
        row[0].tick_params(axis="y", colors=colour)
    for axes, ticks in zip(
        panels[-1], ((-1.0, -0.5), (-50, -25, 0, 25, 50), (1, 2, 3, 4, 5, 6)), strict=True
    ):
        axes.set_xticks(ticks)
    for axes, label in zip(panels[-1], ("time (ns)", "time (ps)", "time (ns)"), strict=True):
        axes.set_xlabel(label)
    for axes, text in zip(panels[0][1:], ("pulse", "recovery of the gain"), strict=True):
        axes.set_title(text, loc="center", fontsize=13, color="#666666")
    device = results.attributes["device"]["name"]
    pump = results.attributes["spike"]["pump"]
    _title(panels[0][0], "a", f"{device}, {pump:g} $P_\\mathrm{{th}}$")
    figure.align_ylabels(panels[:, 0])


def _draw_portrait(axes: Axes, results: Results) -> None:
    photons = results.array("portrait/photons")
    for name, colour, label in (
        ("photon_nullcline", style.VERMILLION, r"$\dot S = 0$"),
        ("gain_nullcline", style.BLUE, r"$\dot N_1 = 0$"),
    ):
        axes.plot(
            results.array(f"portrait/{name}") / 1e3, photons, "--", color=colour, linewidth=1.3,
            label=label,
        )  # fmt: skip
    groups = sorted(g for g in results.groups if g.startswith("portrait/kick_"))
    for group in groups:
        gain, light = results.array(f"{group}/gain_electrons"), results.array(f"{group}/photons")
        fires = light.max() > results.attributes["device"]["detection.threshold_photons"]
        colour = style.INK if fires else style.GREY
        label = "kick fires" if fires else "kick fades"
        known = axes.get_legend_handles_labels()[1]
        axes.plot(gain / 1e3, light, color=colour, label=None if label in known else label)
    rest = results.attributes["portrait"]
    axes.plot(rest["rest_gain_electrons"] / 1e3, rest["rest_photons"], "o", color=style.INK,
              markersize=8, label="rest")  # fmt: skip
    widest = results.array(f"{groups[-1]}/gain_electrons") / 1e3
    axes.set_xlim(0.8 * widest.min(), widest.max() + 0.25 * np.ptp(widest))
    axes.set_yscale("log")
    axes.set_ylim(_LEAST_PHOTONS, 3e4)
    axes.set_xlabel("gain $N_1$ ($10^3$ e$^-$)")
    axes.set_ylabel("photons $S$")
    axes.legend(loc="lower left", fontsize=11, ncols=2)
    style.quiet(axes, grid="both")
    _title(axes, "b", "phase portrait")


def _draw_refractory(axes: Axes, results: Results) -> None:
    delay = results.array("refractory/delay_ns")
    threshold = results.array("refractory/threshold_electrons") / 1e3
    at_rest = results.metric("threshold_kick_electrons").value / 1e3
    strong = results.metric("strong_kick_electrons").value / 1e3
    absolute = results.metric("absolute_refractory_ns").value
    relative = results.metric("relative_refractory_ns").value
    axes.axvspan(0.0, absolute, color=style.GREY, alpha=0.35, linewidth=0)
    axes.axvspan(absolute, relative, color=style.GREY, alpha=0.15, linewidth=0)
    axes.plot(delay, threshold, "o-", color=style.BLUE, markersize=4)
    axes.axhline(strong, color=style.VERMILLION, linestyle="--", linewidth=1.2)
    axes.axhline(at_rest, color=style.INK, linestyle=":", linewidth=1.2)
    end = float(delay[-1])
    for level, text, colour in (
        (strong, "first kick", style.VERMILLION), (at_rest, "threshold at rest", style.INK)
    ):  # fmt: skip
        axes.text(end, level * 1.06, text, ha="right", va="bottom", fontsize=11, color=colour)
    top = float(np.nanmax(threshold[np.isfinite(threshold)])) * 1.8
    axes.set_yscale("log")
    axes.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0.6 * at_rest, top)
    axes.set_xlim(0.0, end)
    for centre, text in (
        (absolute / 2, f"absolute\n{absolute:.2f} ns"),
        ((absolute + relative) / 2, f"relative\n{relative:.2f} ns"),
    ):
        axes.text(centre, top * 0.93, text, ha="center", va="top", fontsize=11)
    axes.set_xlabel("delay of the second kick (ns)")
    axes.set_ylabel("its threshold ($10^3$ e$^-$)")
    _title(axes, "c", "refractory periods")


def _draw_trains(axes: Axes, results: Results) -> None:
    times, lasers = results.array("trains/time_ns"), results.array("trains/laser")
    pumps = results.array("trains/pump")
    colours = (style.BLUE, style.GREEN, style.VERMILLION)
    for k in range(len(pumps)):
        axes.eventplot(
            times[lasers == k], lineoffsets=float(k), linelengths=0.6, linewidths=1.6,
            colors=colours[k % 3],
        )  # fmt: skip
    axes.set_yticks(np.arange(len(pumps)), [f"{pump:.2f}" for pump in pumps])
    axes.set_ylim(-0.6, len(pumps) - 0.4)
    axes.set_xlim(0.0, results.attributes["trains"]["duration_ns"])
    axes.set_xlabel("time (ns)")
    axes.set_ylabel(PUMP)
    _title(axes, "f", "spike trains")


def _draw_intervals(axes: Axes, results: Results) -> None:
    edges, density = results.array("intervals/edge_ns"), results.array("intervals/density_per_ns")
    centre = 0.5 * (edges[1:] + edges[:-1])
    axes.stairs(density, edges, fill=True, color=style.FAINT)
    axes.errorbar(
        centre, density, results.array("intervals/se_per_ns"), fmt=".", color=style.GREY,
        markersize=4, elinewidth=1, label="simulated",
    )  # fmt: skip
    time = results.array("first_passage/time_ns")
    axes.plot(time, results.array("first_passage/density_per_ns"), color=style.VERMILLION,
              label="recovering gain")  # fmt: skip
    tail = results.array("first_passage/long_time_density_per_ns")
    axes.plot(time[tail > 0], tail[tail > 0], "--", color=style.BLUE, label="exponential tail")
    axes.set_xlim(0.0, edges[-1])
    axes.set_ylim(0.0, 1.35 * float(max(density.max(), tail.max())))
    axes.set_xlabel("interval (ns)")
    axes.set_ylabel("density (1/ns)")
    axes.legend(loc="upper right", fontsize=11)
    pump = results.attributes["spike"]["pump"]
    _title(axes, "d", f"intervals at {pump:g} $P_\\mathrm{{th}}$")


def _draw_activation(axes: Axes, results: Results) -> None:
    pump, values = results.array("calibration/pump"), results.array("calibration/activation")
    alpha, r0 = results.metric("alpha"), results.metric("r0")
    fine = np.linspace(pump.min(), pump.max(), 300)
    axes.plot(fine, 1.0 / (1.0 + np.exp(-alpha.value * (fine - r0.value))), color=style.BLUE)
    axes.errorbar(
        pump, values, results.array("calibration/activation_se"), fmt="o",
        color=style.VERMILLION, markersize=5,
    )  # fmt: skip
    tau = results.attributes["calibration"]["refractory_time_ns"]
    lines = [
        rf"$\alpha$ = {with_error(alpha.value, alpha.standard_error)}",
        f"$r_0$ = {with_error(r0.value, r0.standard_error)}",
        f"rms {results.metric('fit_rms').value:.3f}",
        rf"$\tau$ = {tau:g} ns",
    ]
    axes.text(0.98, 0.04, "\n".join(lines), transform=axes.transAxes, ha="right", fontsize=12)
    axes.set_xlabel(PUMP)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylabel("activation $P(z=1)$")
    axes.set_ylim(-0.03, 1.05)
    style.quiet(axes)
    _title(axes, "e", "activation, logistic fit")


def _draw_stability(axes: Axes, results: Results) -> None:
    _draw_regimes(axes, results.array("regimes/pump"), results.array("regimes/regime"))
    pump, photons = results.array("stability/pump"), results.array("stability/photons")
    is_stable = results.array("stability/n_unstable") == 0
    for chosen, colour, label in (
        (is_stable, style.INK, "stable"), (~is_stable, style.VERMILLION, "unstable")
    ):  # fmt: skip
        axes.plot(pump[chosen], photons[chosen], "o", color=colour, markersize=3.5, label=label)
    for group, known in results.attributes.items():
        if group.startswith("bifurcations/"):
            axes.axvline(known["pump"], color=style.INK, linewidth=0.9, linestyle=":")
            axes.text(
                known["pump"], 0.02, f" {known['kind']} {known['pump']:.2f}", fontsize=10,
                rotation=90, ha="right", va="bottom", transform=axes.get_xaxis_transform(),
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(pump.min(), pump.max())
    axes.set_ylim(0.3 * photons.min(), 300.0 * photons.max())
    axes.set_xticks([0.3, 1, 3, 10], ["0.3", "1", "3", "10"])
    axes.set_xlabel(PUMP)
    axes.set_ylabel("steady photons $S$")
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, 0.9), fontsize=11)
    _title(axes, "g", "steady states and regimes")


def _draw_regimes(axes: Axes, pump: NDArray[np.float64], regime: NDArray[Any]) -> None:
    """Colour the ranges of pump, each with its name where there is room."""
    logs = np.log(pump)
    edges = np.exp(np.concatenate([logs[:1], 0.5 * (logs[1:] + logs[:-1]), logs[-1:]]))
    changes = np.flatnonzero(regime[1:] != regime[:-1]) + 1
    for first, last in pairwise([0, *changes.tolist(), len(regime)]):
        name, start, stop = str(regime[first]), edges[first], edges[last]
        axes.axvspan(start, stop, color=_BAND[name], alpha=0.25, linewidth=0)
        axes.text(
            np.sqrt(start * stop), 0.97, name, fontsize=10, ha="center", va="top",
            rotation=0 if stop / start > 2.2 else 90, transform=axes.get_xaxis_transform(),
        )  # fmt: skip
