"""Weights and delays that were learned."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.labelled import Variable
from lasersampling.plots import style
from lasersampling.results.reading import read_results

_COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE)


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the distributions of weights and delays of all networks, by layer.

    Parameters
    ----------
    path : path-like
        Results file of ``lasersampling classify``: ``/parameters``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no parameters.
    """
    results = read_results(path, groups=("parameters",))
    found = results.group("parameters")
    kinds = {
        kind: [found[name] for name in sorted(found) if kind in name]
        for kind in ("weights", "delays")
    }
    labels = {"weights": "weight", "delays": r"delay ($\tau_\mathrm{syn}$)"}
    shown = [kind for kind in kinds if kinds[kind]]
    with style.style():
        figure = style.new_figure(4.6)
        panels = np.atleast_1d(figure.subplots(1, len(shown)))
        for axes, kind in zip(panels, shown, strict=True):
            every = np.concatenate([stage.data.ravel() for stage in kinds[kind]])
            low, high = np.quantile(every, [0.002, 0.998])
            bins = np.linspace(low, max(high, low + 1e-6), 31)
            for place, stage in enumerate(kinds[kind]):
                values = stage.data
                axes.hist(
                    np.clip(values.ravel(), low, high), bins=bins, density=True,
                    histtype="step", linewidth=2, color=_COLOURS[place % len(_COLOURS)],
                    label=f"{_of(stage, place, len(kinds[kind]))}: {values[0].size:,}",
                )  # fmt: skip
            axes.set_xlabel(labels[kind])
            axes.set_ylabel("density")
            axes.margins(y=0.3)
            axes.legend(loc="upper right", fontsize=11)
            style.quiet(axes)
        n_members = len(kinds["weights"][0].data)
        number = int(results.attributes["parameters"]["n_parameters"])
        networks = "a network" if n_members == 1 else f"{n_members} networks, each"
        style.headline(figure, f"{networks} of {number:,} parameters".capitalize())
    return figure


def _of(stage: Variable, place: int, n_stages: int) -> str:
    """Say which neurons or synapses the weights or delays of a stage belong to."""
    if " connection " in stage.description:
        return stage.description.partition(", ")[2]
    if stage.description.startswith("delays of"):
        return stage.description.removeprefix("delays ")
    if stage.description.startswith("AxonalDelays"):
        return "of inputs" if place == 0 else _hidden("of hidden", place - 1, n_stages - 1)
    preposition = "of" if stage.description.startswith("DendriticDelays") else "to"
    if place == n_stages - 1:
        return f"{preposition} output"
    return _hidden(f"{preposition} hidden", place, n_stages - 1)


def _hidden(text: str, place: int, n_hidden: int) -> str:
    return f"{text} {place + 1}" if n_hidden > 1 else text
