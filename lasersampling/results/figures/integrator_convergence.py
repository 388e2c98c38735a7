"""Bias of the spike rate against step and cost."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_METHODS = {
    "common": ("kernel, common step", style.BLUE),
    "own": ("kernel, own steps", style.GREEN),
    "euler": ("Euler", style.VERMILLION),
    "euler_unshifted": ("Euler, thresholds not corrected", style.ORANGE),
}
_MARKERS = ("o", "s", "^", "D", "v")
_ORDERS = ((0.5, 1.0, 4e-2), (2.0, 8.0, 3e-2))  # order, and a point of the line [ps, bias]
_TOLERANCE = 0.01
_FLOOR = 3e-4


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the bias of every run against its step and its speed, one row per device.

    Parameters
    ----------
    path : path-like
        Results file with ``/convergence`` (run): `device`, `method`, `level`, `step_ps`, `bias`,
        `bias_se` and `speed`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such runs.
    """
    results = read_results(path, groups=("convergence",))
    device = np.array([str(name) for name in results.array("convergence/device")])
    method = np.array([str(name) for name in results.array("convergence/method")])
    level, step, bias, error, speed = (
        results.array(f"convergence/{name}")
        for name in ("level", "step_ps", "bias", "bias_se", "speed")
    )
    names = sorted(set(device))
    with style.style():
        figure = style.new_figure(1.2 + 3.4 * len(names))
        rows = figure.subplots(len(names), 2, sharex="col", sharey=True, squeeze=False)
        for name, (left, right) in zip(names, rows, strict=True):
            for key, (_, colour) in _METHODS.items():
                for marker, active in zip(_MARKERS, np.unique(level), strict=False):
                    chosen = (device == name) & (method == key) & (level == active)
                    if chosen.any():
                        for axes, x in ((left, step), (right, speed)):
                            _draw(axes, x[chosen], bias[chosen], error[chosen], colour, marker)
            _draw_orders(left)
            for axes in (left, right):
                axes.axhspan(_FLOOR, _TOLERANCE, color=style.FAINT, zorder=0)
                axes.set_ylim(_FLOOR, 1.5)
                axes.set_ylabel(f"{name}: |bias of the rate|")
                axes.set_xscale("log")
                axes.set_yscale("log")
                style.quiet(axes)
            left.set_xlabel("step (ps)")
            right.set_xlabel("laser-µs per core second")
        for key, (text, colour) in _METHODS.items():
            if (method == key).any():
                rows[0, 1].plot([], [], "o", color=colour, label=text)
        for marker, active in zip(_MARKERS, np.unique(level), strict=False):
            rows[0, 0].plot(
                [], [], marker, color=style.GREY, label=f"$P(z=1)$ = {active:g}", linestyle="none"
            )
        rows[0, 0].plot(
            [], [], "o", color=style.GREY, markerfacecolor="white", linestyle="none",
            label="within two standard errors",
        )  # fmt: skip
        for axes in rows[-1]:
            style.plain_log_ticks(axes.xaxis)
        for axes in rows[0]:
            axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=11)
        style.headline(figure, "Bias of the spike rate against step and cost")
    return figure


def _draw(
    axes: Axes,
    x: NDArray[np.float64],
    bias: NDArray[np.float64],
    error: NDArray[np.float64],
    colour: str,
    marker: str,
) -> None:
    """Show a bias below two standard errors as open: it is an upper limit."""
    order = np.argsort(x)
    x, size, error = x[order], np.abs(bias[order]), error[order]
    axes.plot(x, np.maximum(size, _FLOOR), color=colour, linewidth=0.7, alpha=0.5)
    for k in range(x.size):
        is_clear = size[k] > 2 * error[k]
        axes.errorbar(
            x[k], max(size[k], 1.2 * _FLOOR), error[k], fmt=marker, color=colour, markersize=6,
            markerfacecolor=colour if is_clear else "white", linewidth=0.9,
        )  # fmt: skip


def _draw_orders(axes: Axes) -> None:
    for order, at, value in _ORDERS:
        x = np.array([at / 5, at * 1.6])
        axes.plot(x, value * (x / at) ** order, color=style.GREY, linestyle=":", linewidth=1.4)
        text = "order 1/2" if order == 0.5 else f"order {order:g}"
        axes.text(
            x[1], value * (x[1] / at) ** order, " " + text, color=style.GREY, fontsize=11,
            va="center",
        )  # fmt: skip
