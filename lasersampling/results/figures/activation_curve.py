"""Activation of a laser against its pump, with the logistic curve fitted to it."""

from __future__ import annotations

import os

from matplotlib.figure import Figure

from lasersampling.plots import activation, style
from lasersampling.results.reading import read_results


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
    pump, measured, error = (
        results.array(f"calibration/{name}") for name in ("pump", "activation", "activation_se")
    )
    alpha, r0 = results.metric("alpha"), results.metric("r0")
    curve = activation.ActivationCurve(
        pump, measured, error, (alpha.value, alpha.standard_error),
        (r0.value, r0.standard_error), results.metric("fit_rms").value,
        results.attributes["calibration"].get("refractory_time_ns"),
    )  # fmt: skip
    with style.style():
        return activation.draw_with_residuals(curve)
