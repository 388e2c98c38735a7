"""Activation of a laser against its pump, with the logistic curve fitted to it."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.results.figures import style
from lasersampling.results.reading import Metric, Results, read_results


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot measured activation, logistic fit and residuals.

    Parameters
    ----------
    path : path-like
        Results file with ``/calibration``: `pump` (pump) in threshold pumps, `activation` and
        `activation_se` (pump), attribute `refractory_time_ns`; and metrics `alpha` and `r0`
        (with standard errors) and `fit_rms`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no calibration.
    """
    results = read_results(path, groups=("calibration",))
    pump = results.array("calibration/pump")
    activation = results.array("calibration/activation")
    error = results.array("calibration/activation_se")
    alpha, r0 = results.metric("alpha"), results.metric("r0")
    with style.style():
        figure = style.new_figure(6.2)
        main, residual = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
        fine = np.linspace(pump.min(), pump.max(), 400)
        main.plot(fine, _logistic(fine, alpha, r0), color=style.BLUE, label="logistic fit")
        main.errorbar(
            pump, activation, error, fmt="o", color=style.VERMILLION, markersize=6, label="lasers"
        )
        main.set_ylim(-0.03, 1.03)
        main.set_ylabel("activation $P(z=1)$")
        main.legend(loc="upper left")
        style.quiet(main)
        _write_fit(main, results, alpha, r0)
        offset = 100 * (activation - _logistic(pump, alpha, r0))
        residual.axhline(0, color=style.BLUE)
        residual.errorbar(pump, offset, 100 * error, fmt="o", color=style.VERMILLION, markersize=5)
        reach = 1.2 * float(np.max(np.abs(offset) + 100 * error))
        residual.set_ylim(-reach, reach)
        residual.set_ylabel("residual\n($10^{-2}$)")
        residual.set_xlabel(r"pump ($P/P_\mathrm{th}$)")
        style.quiet(residual)
        figure.align_ylabels()
    return figure


def _logistic(pump: NDArray[np.float64], alpha: Metric, r0: Metric) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-alpha.value * (pump - r0.value)))


def _write_fit(axes: Axes, results: Results, alpha: Metric, r0: Metric) -> None:
    lines = [
        r"$P = 1/(1+e^{-\alpha(r-r_0)})$",
        rf"$\alpha$ = {with_error(alpha)}",
        f"$r_0$ = {with_error(r0)}",
        f"rms residual {results.metric('fit_rms').value:.3f}",
    ]
    refractory_ns = results.attributes["calibration"].get("refractory_time_ns")
    if refractory_ns is not None:
        lines.append(rf"$\tau$ = {refractory_ns:g} ns")
    axes.text(0.99, 0.04, "\n".join(lines), transform=axes.transAxes, ha="right", linespacing=1.5)


def with_error(metric: Metric) -> str:
    """Write a value with its standard error, rounded to one digit of the error."""
    if not metric.standard_error:
        return f"{metric.value:.4g}"
    digits = max(0, -int(np.floor(np.log10(metric.standard_error))))
    return f"{metric.value:.{digits}f} ± {metric.standard_error:.{digits}f}"
