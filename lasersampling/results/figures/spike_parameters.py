"""Weights and delays that were learned."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure

from lasersampling.results.figures import style
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
        kind: [found[name].data for name in sorted(found) if name.startswith(kind)]
        for kind in ("weights", "delays")
    }
    labels = {"weights": "weight", "delays": r"delay ($\tau_\mathrm{syn}$)"}
    shown = [kind for kind in kinds if kinds[kind]]
    with style.style():
        figure = style.new_figure(4.6)
        panels = np.atleast_1d(figure.subplots(1, len(shown)))
        for axes, kind in zip(panels, shown, strict=True):
            every = np.concatenate([values.ravel() for values in kinds[kind]])
            low, high = np.quantile(every, [0.002, 0.998])
            bins = np.linspace(low, max(high, low + 1e-6), 31)
            for place, values in enumerate(kinds[kind]):
                axes.hist(
                    np.clip(values.ravel(), low, high), bins=bins, density=True,
                    histtype="step", linewidth=2, color=_COLOURS[place % len(_COLOURS)],
                    label=f"{_layer(kind, place, len(kinds[kind]))}, {values[0].size} a network",
                )  # fmt: skip
            axes.set_xlabel(labels[kind])
            axes.set_ylabel("density")
            axes.margins(y=0.3)
            axes.legend(loc="upper right", fontsize=11)
            style.quiet(axes)
        n_members = len(kinds["weights"][0])
        number = int(results.attributes["parameters"]["n_parameters"])
        style.headline(figure, f"{number} parameters each, {n_members} network(s)")
    return figure


def _layer(kind: str, place: int, n_layers: int) -> str:
    if kind == "delays":
        return f"delays {place + 1}"
    return (
        "to output"
        if place == n_layers - 1
        else "to hidden" + (f" {place + 1}" if n_layers > 2 else "")
    )
