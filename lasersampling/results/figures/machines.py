"""Divergence of many sampled distributions from their targets, by method of programming."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_PREFIX, _ADAPTED = "kl_sample_target_translated_", "kl_sample_target_adapted_"

_MARKS = (
    ("translated", "o", style.ORANGE, "lasers, translated"),
    ("adapted", "D", style.GREEN, "lasers, adapted to the network"),
    ("learned", "o", style.VERMILLION, "lasers, after learning in the loop"),
    ("gibbs", "s", style.BLUE, "Gibbs sampling of the machine before learning"),
)


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot D_KL of every target, lasers and Gibbs sampling; one panel for each set of targets.

    Parameters
    ----------
    path : path-like
        Results file with ``/machines``: for each set of targets ``kl_sample_target_<who>_<set>``
        with who of translated, adapted (if there are such lasers), learned and gibbs, and
        ``kl_floor_learned_<set>``, all of shape (seed).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no machines.
    """
    results = read_results(path, groups=("machines",))
    known = results.group("machines")
    sets = [name.removeprefix(_PREFIX) for name in known if _PREFIX in name]
    with style.style():
        figure = style.new_figure(5.4)
        panels = figure.subplots(1, len(sets), sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, sets, strict=True):
            translated = results.array(f"machines/kl_sample_target_translated_{name}")
            order = np.argsort(translated)
            rank = np.arange(1, len(order) + 1)
            for who, mark, colour, label in _MARKS:
                if who == "adapted" and f"{_ADAPTED}{name}" not in known:
                    continue
                values = results.array(f"machines/kl_sample_target_{who}_{name}")
                axes.semilogy(rank, values[order], mark, color=colour, label=label)
                axes.axhline(float(np.median(values)), color=colour, linewidth=1, alpha=0.6)
            floor = results.array(f"machines/kl_floor_learned_{name}")[order]
            axes.semilogy(rank, floor, "_", color=style.INK, label="ideal sampler, equal ESS")
            axes.set_xlim(0.3, rank[-1] + 0.7)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_xlabel("target, sorted; lines: medians")
            if len(sets) > 1:
                axes.set_title(f"{name.replace('_', ' ')} weights")
            style.quiet(axes)
            axes.set_ylabel(r"$D_\mathrm{KL}$(sample$\,\|\,$target) (nats)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2)
    return figure
