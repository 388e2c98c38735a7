"""Activation of a laser against its pump, with the logistic curve fitted to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lasersampling.plots import style

PUMP = r"pump ($P/P_\mathrm{th}$)"
"""Label of the horizontal axis."""


@dataclass(frozen=True, eq=False)
class ActivationCurve:
    """The curve that is drawn.

    Attributes
    ----------
    pump : ndarray of float64, shape (pump,)
        Pumps over the threshold pump [1].
    activation, error : ndarray of float64, shape (pump,)
        P(z = 1) at these pumps, and its standard error [1].
    slope, midpoint : tuple of float and (float or None)
        Logistic fit, values with standard errors [1].
    rms : float
        Misfit of the logistic function [1].
    refractory_ns : float or None
        Refractory time.
    """

    pump: NDArray[np.float64]
    activation: NDArray[np.float64]
    error: NDArray[np.float64]
    slope: tuple[float, float | None]
    midpoint: tuple[float, float | None]
    rms: float
    refractory_ns: float | None = None

    def fit(self, pump: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logistic function at some pumps [1]."""
        return np.asarray(1 / (1 + np.exp(-self.slope[0] * (pump - self.midpoint[0]))))


def draw(axes: Axes, curve: ActivationCurve) -> None:
    """Draw points, fit and its parameters."""
    style.check_axes(axes)
    fine = np.linspace(curve.pump.min(), curve.pump.max(), 400)
    axes.plot(fine, curve.fit(fine), color=style.BLUE, label="logistic fit")
    axes.errorbar(
        curve.pump, curve.activation, curve.error, fmt="o", color=style.VERMILLION, markersize=6,
        label="lasers",
    )  # fmt: skip
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("activation $P(z=1)$")
    axes.legend(loc="upper left")
    style.quiet(axes)
    lines = [
        r"$P = 1/(1+e^{-\alpha(r-r_0)})$",
        rf"$\alpha$ = {with_error(*curve.slope)}",
        f"$r_0$ = {with_error(*curve.midpoint)}",
        f"rms residual {curve.rms:.3f}",
    ]
    if curve.refractory_ns is not None:
        lines.append(rf"$\tau$ = {curve.refractory_ns:g} ns")
    axes.text(0.99, 0.04, "\n".join(lines), transform=axes.transAxes, ha="right", linespacing=1.5)


def draw_residuals(axes: Axes, curve: ActivationCurve) -> None:
    """Draw the residuals of the fit, in hundredths."""
    offset, error = 100 * (curve.activation - curve.fit(curve.pump)), 100 * curve.error
    axes.axhline(0, color=style.BLUE)
    axes.errorbar(curve.pump, offset, error, fmt="o", color=style.VERMILLION, markersize=5)
    reach = 1.2 * float(np.max(np.abs(offset) + error))
    axes.set_ylim(-reach, reach)
    axes.set_ylabel("residual\n($10^{-2}$)")
    axes.set_xlabel(PUMP)
    style.quiet(axes)


def draw_with_residuals(curve: ActivationCurve) -> Figure:
    """Draw the curve above the residuals. Call within `style.style`."""
    figure = style.new_figure(6.2)
    main, residual = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
    draw(main, curve)
    draw_residuals(residual, curve)
    figure.align_ylabels()
    return figure


def with_error(value: float, error: float | None) -> str:
    """Write a value with its standard error, rounded to one digit of the error."""
    if not error:
        return f"{value:.4g}"
    digits = max(0, -int(np.floor(np.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"
