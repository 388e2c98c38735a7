"""Comparison of the stochastic rate equations with the exact jump process."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.plots.activation import with_error
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_TOLERANCE_PERCENT = 2.0
_LEAST_PROBABILITY = 1e-5  # less is seen too rarely
_JUMPS, _EQUATIONS = style.VERMILLION, style.BLUE


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot activation, its deviation, intervals, pulses and photon statistics of both methods.

    Parameters
    ----------
    path : path-like
        Results file with ``/comparison`` (pump), ``/intervals`` (time_ns), ``/pulses`` (time_ps and
        height) and ``/photons`` (number), each with variables that end in `_jumps` and
        `_equations`, and the metrics `g2_jumps`, `g2_equations`, `mean_difference_rate`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such comparison.
    """
    groups = ("comparison", "intervals", "pulses", "photons")
    results = read_results(path, groups=groups)
    results.group("comparison")
    with style.style():
        figure = style.new_figure(11.6)
        panels = figure.subplots(3, 2).ravel()
        _draw_activation(panels[0], results)
        _draw_deviation(panels[1], results)
        _draw_intervals(panels[2], results)
        _draw_shapes(panels[3], results)
        _draw_heights(panels[4], results)
        _draw_photons(panels[5], results)
        for letter, panel in zip("abcdef", panels, strict=True):
            panel.set_title(f"{letter}   {panel.get_title(loc='left')}", fontsize=14)
            style.quiet(panel)
        figure.align_ylabels()
        name = results.attributes.get("device", {}).get("name", "laser")
        mean = results.metric("mean_difference_rate")
        verdict = f"spike rates of the equations differ by {100 * mean.value:+.1f}"
        if mean.standard_error is not None:
            verdict += f" ± {100 * mean.standard_error:.1f}"
        style.headline(figure, f"{name}: {verdict} %")
    return figure


def _draw_activation(axes: Axes, results: Results) -> None:
    pump = results.array("comparison/pump")
    axes.plot(
        pump,
        results.array("comparison/active_equations"),
        "s-",
        color=_EQUATIONS,
        linewidth=1.2,
        markersize=9,
        markerfacecolor="none",
        label="equations",
    )
    axes.errorbar(
        pump, results.array("comparison/active_jumps"), results.array("comparison/active_se_jumps"),
        fmt="o", color=_JUMPS, markersize=6, label="jump process",
    )  # fmt: skip
    axes.set_ylim(0, 1)
    axes.set_xlabel(r"pump ($P/P_\mathrm{th}$)")
    axes.set_ylabel("$P(z=1)$")
    axes.set_title("activation")
    axes.legend(loc="upper left")


def _draw_deviation(axes: Axes, results: Results) -> None:
    pump = results.array("comparison/pump")
    axes.axhspan(-_TOLERANCE_PERCENT, _TOLERANCE_PERCENT, color=style.FAINT, zorder=0)
    axes.axhline(0, color=style.GREY, linewidth=1)
    shift = 0.008 * np.ptp(pump)
    reach = 2.5
    for side, (quantity, colour, label) in zip(
        (-1, 1), (("rate", style.INK, "rate"), ("active", style.GREEN, "$P(z=1)$")), strict=True
    ):
        exact = results.array(f"comparison/{quantity}_jumps")
        percent = 100 * (results.array(f"comparison/{quantity}_equations") / exact - 1)
        errors = (results.array(f"comparison/{quantity}_se_{m}") for m in ("jumps", "equations"))
        error = 100 * np.hypot(*errors) / exact
        axes.errorbar(
            pump + side * shift, percent, error, fmt="o", color=colour, markersize=5, label=label
        )
        reach = max(reach, 1.15 * float(np.max(np.abs(percent) + error)))
    axes.set_ylim(-reach, reach)
    axes.set_xlabel(r"pump ($P/P_\mathrm{th}$)")
    axes.set_ylabel("equations / jumps $-$ 1 (%)")
    axes.set_title("deviation of the equations")
    axes.legend(loc="lower right", ncols=2)


def _draw_intervals(axes: Axes, results: Results) -> None:
    time = results.array("intervals/time_ns")
    axes.step(time, results.array("intervals/density_equations"), where="mid", color=_EQUATIONS)
    axes.errorbar(
        time, results.array("intervals/density_jumps"), results.array("intervals/density_se_jumps"),
        fmt="o", color=_JUMPS, markersize=3.5, linewidth=1,
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, None)
    axes.set_xlabel("interval (ns)")
    axes.set_ylabel("density (1/ns)")
    axes.set_title("intervals at half activation")


def _draw_shapes(axes: Axes, results: Results) -> None:
    time = results.array("pulses/time_ps")
    mean, error = (results.array(f"pulses/{n}_jumps") / 1e3 for n in ("shape", "shape_se"))
    axes.fill_between(time, mean - 2 * error, mean + 2 * error, color=_JUMPS, alpha=0.35, lw=0)
    axes.plot(time, mean, color=_JUMPS)
    equations = results.array("pulses/shape_equations") / 1e3
    axes.plot(time, equations, color=_EQUATIONS, linestyle=(0, (3, 2)))
    axes.set_ylim(bottom=0)
    axes.set_xlim(time[0], time[-1])
    axes.set_xlabel("time from the peak (ps)")
    axes.set_ylabel("photons ($10^3$)")
    axes.set_title("mean pulse")


def _draw_heights(axes: Axes, results: Results) -> None:
    height = results.array("pulses/height") / 1e3
    width = height[1] - height[0]
    axes.bar(
        height, results.array("pulses/share_jumps"), width, color=_JUMPS, alpha=0.45, linewidth=0
    )
    axes.step(height, results.array("pulses/share_equations"), where="mid", color=_EQUATIONS)
    axes.set_xlim(0, None)
    axes.set_xlabel("height of the pulse ($10^3$ photons)")
    axes.set_ylabel("share of pulses")
    axes.set_title("pulse heights")


def _draw_photons(axes: Axes, results: Results) -> None:
    number = results.array("photons/number")
    equations = results.array("photons/probability_equations")
    axes.semilogy(number, equations, color=_EQUATIONS)
    jumps = results.array("photons/probability_jumps")
    every = max(1, number.size // 40)
    axes.semilogy(number[::every], jumps[::every], "o", color=_JUMPS, markersize=4)
    seen = number[jumps > _LEAST_PROBABILITY]
    axes.set_ylim(_LEAST_PROBABILITY, 2 * float(jumps.max()))
    axes.set_xlim(0, float(seen.max()))
    axes.set_xlabel(r"photons $n$; $S$ within $n \pm 1/2$")
    axes.set_ylabel("probability")
    axes.set_title("light below threshold")
    lines = []
    for label, name in (("$g_2(0)$ jumps", "g2_jumps"), ("equations", "g2_equations")):
        metric = results.metric(name)
        lines.append(f"{label} {with_error(metric.value, metric.standard_error)}")
    axes.text(0.98, 0.96, "\n".join(lines), transform=axes.transAxes, ha="right", va="top")
