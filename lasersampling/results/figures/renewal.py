"""Comparison of the renewal sampler with the lasers that it replaces."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_COLOURS = (style.SKY, style.BLUE, style.PURPLE)


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot intervals, cross-correlation and divergences of lasers and renewal neurons.

    Parameters
    ----------
    path : path-like
        Results file with ``/single``, ``/response`` and ``/machines`` of
        ``training/renewal_sampler.py``.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels; lasers are points, renewal neurons lines.

    Raises
    ------
    InputError
        If the file lacks one of them.
    """
    results = read_results(path, groups=("single", "response", "machines"))
    with style.style():
        figure = style.new_figure(4.6)
        intervals, response, machines = figure.subplots(1, 3)
        time = results.array("single/interval_ns")
        for k, logit in enumerate(results.array("single/shown")):
            lasers = results.array("single/interval_lasers")[k]
            renewal = results.array("single/interval_renewal")[k]
            seen = lasers > 0.0
            colour = _COLOURS[k % len(_COLOURS)]
            intervals.semilogy(time[seen], lasers[seen], "o", color=colour, markersize=3.5)
            seen = renewal > 0.0
            intervals.semilogy(time[seen], renewal[seen], color=colour, label=f"logit {logit:g}")
        intervals.set(xlabel="interval (ns)", ylabel="density (1/ns)", title="intervals")
        intervals.legend(loc="upper right")
        lag = results.array("response/lag_ns")
        for name, marker, colour in (
            ("lasers", "o", style.VERMILLION),
            ("renewal", "-", style.INK),
        ):
            rate = results.array(f"response/rate_{name}")
            response.plot(lag, rate, marker, color=colour, markersize=4, label=name)
        response.set(xlabel="time after a spike (ns)", ylabel="rate (1/ns)",
                     title="rate of a coupled neuron")  # fmt: skip
        response.set_ylim(0.0)
        response.legend(loc="lower right")
        columns = (("kl_lasers", "lasers\nexact"), ("kl_renewal", "renewal\nexact"),
                   ("kl_between", "renewal\nlasers"), ("kl_halves", "lasers\nhalves"),
        )  # fmt: skip
        for place, (name, _) in enumerate(columns):
            values = results.array(f"machines/{name}")
            spread = np.linspace(-0.2, 0.2, len(values))
            machines.semilogy(
                place + spread, values, "o", color=style.BLUE, markersize=4, alpha=0.6
            )
            machines.semilogy([place - 0.3, place + 0.3], [np.median(values)] * 2, color=style.INK)
        machines.set_xticks(range(len(columns)), [label for _, label in columns], fontsize=9)
        machines.set(ylabel=r"$D_\mathrm{KL}$ (nats)", title="machines of 5 units")
        machines.set_ylim(1e-4, 1e-2)
        for axes in (intervals, response, machines):
            style.quiet(axes)
    return figure
