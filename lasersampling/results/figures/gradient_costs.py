"""Cost of a step of learning by each gradient method."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_LOOKS = {"closed-form": (style.BLUE, "o"), "eventprop": (style.VERMILLION, "s"),
          "surrogate": (style.GREEN, "D")}  # fmt: skip


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot processor time, memory and observed bytes against number of neurons and duration.

    Parameters
    ----------
    path : path-like
        Results file of ``training/gradient_methods.py``: ``/cost``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such costs.
    """
    results = read_results(path, groups=("cost",))
    hidden, duration = results.array("cost/hidden"), results.array("cost/duration")
    time = 1e3 * results.array("cost/processor_time_s")
    memory = results.array("cost/memory_bytes") / 2**20
    seen = np.nan_to_num(results.array("cost/spike_bytes"))
    seen = (seen + np.nan_to_num(results.array("cost/voltage_bytes"))) / 2**10
    methods = [str(name) for name in np.atleast_1d(results.attributes["cost"]["methods"])]
    quantities = (
        ("processor time (ms)", time), ("memory (MiB)", memory), ("observed (KiB)", seen),
    )  # fmt: skip
    rows = (
        (hidden, duration == duration[0], "hidden neurons"),
        (duration, hidden == hidden[0], "duration (tau_syn)"),
    )
    with style.style():
        figure = style.new_figure(7.6)
        panels = figure.subplots(2, 3)
        for row, (at, chosen, label) in zip(panels, rows, strict=True):
            for axes, (name, values) in zip(row, quantities, strict=True):
                for method, own in zip(methods, values, strict=True):
                    colour, marker = _LOOKS[method]
                    axes.loglog(
                        at[chosen], np.where(own > 0, own, np.nan)[chosen], marker=marker,
                        color=colour, label=method,
                    )  # fmt: skip
                axes.set_xticks(at[chosen], [f"{value:g}" for value in at[chosen]])
                axes.minorticks_off()
                axes.set_xlabel(label)
                axes.set_ylabel(name)
                style.plain_log_ticks(axes.yaxis)
                style.quiet(axes)
        panels[0, 0].legend(fontsize="small")
        style.headline(
            figure,
            f"A step of learning, for each sample: {duration[0]} tau_syn above, "
            f"{hidden[0]} hidden neurons below",
        )
    return figure
