"""D_KL that lasers reach by learning on the chip, against time, compared with batch learning."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_WAYS = (
    ("local", style.VERMILLION, "o", "local rule, spike by spike"),
    ("batch", style.BLUE, "s", "batch learning"),
)


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot D_KL after learning against laser time; a panel for each case.

    Parameters
    ----------
    path : path-like
        Results file with ``/online``: `label`, `kl_start` and `kl_translated`, shape (case); for
        local and batch learning `time_<way>_us`, `kl_<way>`, `kl_se_<way>` and `floor_<way>`, shape
        (case, budget); and the attribute `chips`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such data.
    """
    results = read_results(path, groups=("online",))
    array = {name: results.array(f"online/{name}") for name in results.group("online")}
    n_cases = len(array["label"])
    n_columns = min(2, n_cases)
    n_rows = -(-n_cases // n_columns)
    with style.style():
        figure = style.new_figure(1.2 + 3.3 * n_rows)
        grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
        for axes in grid.flat[n_cases:]:
            axes.set_visible(False)
        for case, axes in enumerate(grid.flat[:n_cases]):
            for way, colour, mark, label in _WAYS:
                time_us, kl = array[f"time_{way}_us"][case], array[f"kl_{way}"][case]
                axes.errorbar(time_us, kl, array[f"kl_se_{way}"][case], fmt=f"{mark}-",
                              color=colour, label=label)  # fmt: skip
            floor = float(np.mean(array["floor_local"][case]))
            for level, colour, line, label in (
                (array["kl_start"][case], style.GREY, ":", "before learning"),
                (array["kl_translated"][case], style.ORANGE, "--", "translated"),
                (floor, style.INK, "-", "ideal sampler, equal ESS"),
            ):
                axes.axhline(level, color=colour, linestyle=line, linewidth=1.4, label=label)
            axes.set_xscale("log")
            axes.set_yscale("log")
            style.plain_log_ticks(axes.xaxis)
            axes.set_title(str(array["label"][case]))
            style.quiet(axes)
            axes.set_ylabel(r"$D_\mathrm{KL}$ (nats)")
        for axes in grid[-1]:
            chips = results.attributes["online"]["chips"]
            axes.set_xlabel(f"laser time of each of {chips} chips (µs)")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=3)
    return figure
