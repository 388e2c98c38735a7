"""Bias of the spike rate at the stated step of each device."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_TITLES = {"windows": "windows in the dark", "common": "common steps"}
_LEFT = (-0.3, 0.3)
"""Places of the first and the last device beside the number of an activation."""


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the bias of the spike rate against the activation, for each device.

    Parameters
    ----------
    path : path-like
        Results file of ``training/step_bias.py``: ``/bias``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such biases.
    """
    results = read_results(path, groups=("bias",))
    level, step_ps = results.array("bias/level"), results.array("bias/step_ps")
    bias, error = 100 * results.array("bias/bias"), 100 * results.array("bias/bias_se")
    told = results.attributes["bias"]
    devices, modes = (np.atleast_1d(told[name]) for name in ("devices", "modes"))
    places = np.linspace(*_LEFT, len(devices)) if len(devices) > 1 else np.zeros(1)
    colours = (style.BLUE, style.VERMILLION, style.GREEN, style.ORANGE, style.PURPLE)
    with style.style():
        figure = style.new_figure(7.6)
        for axes, mode, own, own_error in zip(
            figure.subplots(1, len(modes), sharey=True, squeeze=False)[0],
            modes, bias, error, strict=True,
        ):  # fmt: skip
            axes.axhspan(-1.0, 1.0, color=style.GREY, alpha=0.2, linewidth=0)
            for k, device in enumerate(devices):
                axes.errorbar(
                    np.arange(level.size) + places[k], own[k], own_error[k], fmt="o",
                    color=colours[k % len(colours)], label=f"{device}, {step_ps[k]:g} ps",
                )  # fmt: skip
            axes.set_xticks(np.arange(level.size), [f"{value:g}" for value in level])
            axes.set_xlabel("P(z = 1)")
            axes.set_ylabel("bias of the spike rate (%)")
            axes.set_title(_TITLES.get(str(mode), str(mode)))
            style.quiet(axes)
        figure.axes[-1].legend(fontsize="small")
        style.headline(figure, "Stated steps against steps of 1 ps, with standard errors")
    return figure
