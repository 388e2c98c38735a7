"""Divergence of many sampled machines from their exact distributions."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lasersampling.results.figures import style
from lasersampling.results.reading import read_results


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot D_KL of every machine, lasers beside Gibbs sampling, and the floor of an ideal sampler.

    Parameters
    ----------
    path : path-like
        Results file with ``/machines``: `seed`, and for each sampler (`lasers`, `gibbs`)
        `kl_sample_target_<name>` and `kl_floor_<name>`, all of shape (seed).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no machines.
    """
    results = read_results(path, groups=("machines",))
    lasers = results.array("machines/kl_sample_target_lasers")
    gibbs = results.array("machines/kl_sample_target_gibbs")
    order = np.argsort(lasers)
    rank = np.arange(1, len(order) + 1)
    with style.style():
        figure = style.new_figure(5.0)
        axes = figure.subplots()
        axes.semilogy(rank, lasers[order], "o", color=style.VERMILLION, label="nanolasers")
        axes.semilogy(rank, gibbs[order], "s", color=style.BLUE, label="Gibbs sampling")
        floor = results.array("machines/kl_floor_lasers")[order]
        axes.semilogy(rank, floor, "_", color=style.INK, label="ideal sampler, equal ESS")
        axes.axhline(float(np.median(lasers)), color=style.VERMILLION, linewidth=1, alpha=0.6)
        axes.text(
            rank[-1] + 0.6, float(np.median(lasers)), "median", color=style.VERMILLION, va="center"
        )
        axes.set_xlim(0.3, rank[-1] + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("machine, sorted")
        axes.set_ylabel(r"$D_\mathrm{KL}$(sample$\,\|\,$target) (nats)")
        axes.legend(loc="upper left", ncols=3, bbox_to_anchor=(0.0, 1.16))
        style.quiet(axes)
    return figure
