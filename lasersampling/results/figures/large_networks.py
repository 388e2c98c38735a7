"""Time and memory of a laser in networks of many."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_LOOKS = {"lattice": (style.BLUE, "o", "square lattice"),
          "random": (style.VERMILLION, "s", "random targets")}  # fmt: skip


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot processor time and memory of a laser against the number of lasers.

    Parameters
    ----------
    path : path-like
        Results file of ``training/large_networks.py``: ``/large``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no such costs.
    """
    results = read_results(path, groups=("large",))
    n_lasers = results.array("large/lasers")
    kinds = [str(name) for name in np.atleast_1d(results.attributes["large"]["kinds"])]
    quantities = (
        ("processor time of a laser-ns (ns)", 1e9 * results.array("large/processor_time_s")),
        ("memory of a laser (KiB)", results.array("large/memory_bytes") / 1024),
    )
    with style.style():
        figure = style.new_figure(7.0)
        for axes, (name, values) in zip(figure.subplots(1, 2), quantities, strict=True):
            for kind, own in zip(kinds, values, strict=True):
                colour, marker, label = _LOOKS[kind]
                # Too little memory to be measured is left out.
                axes.semilogx(
                    n_lasers,
                    np.where(own > 0, own, np.nan),
                    marker=marker,
                    color=colour,
                    label=label,
                )
            axes.set_ylim(0.0, 1.15 * float(values.max()) or 1.0)
            axes.set_xlabel("lasers in one chain")
            axes.set_ylabel(name)
            style.quiet(axes)
        figure.axes[0].legend(loc="lower right")
        style.headline(
            figure,
            f"Networks in which each laser has {results.attributes['large']['neighbours']} "
            "neighbours, on one core",
        )
    return figure
