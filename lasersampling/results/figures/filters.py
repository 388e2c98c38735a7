"""Filters of the hidden units of a machine of images: their weights to the pixels."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_COLUMNS = 15
_MOST_SHOWN = 60
_PITCH = 1.12


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot the weights between pixels and hidden units, the strongest filters first.

    Parameters
    ----------
    path : path-like
        Results file with ``/machine`` and ``/images``, which has the numbers of rows and columns.
        Hidden units without weights to pixels, as in upper layers, are left out; of the others, the
        sixty with the largest weights are shown.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no machine or no images.
    """
    results = read_results(path, groups=("machine", "images"))
    images = results.group("images")
    shape = next(held.data.shape[1:] for held in images.values() if held.data.ndim == 3)
    machine = results.machine()
    weights = machine.weights[machine.hidden, machine.visible]
    strength = np.sqrt((weights**2).mean(axis=1))
    order = np.argsort(-strength)[:_MOST_SHOWN]
    order = order[strength[order] > 0]
    largest = float(np.quantile(np.abs(weights[order]), 0.995))
    n_rows = -(-len(order) // _COLUMNS)
    aspect = shape[0] / shape[1]
    with style.style():
        inches = (style.WIDTH - 1.4) / (_COLUMNS * _PITCH)
        figure = style.new_figure(0.95 + inches * _PITCH * n_rows * aspect)
        axes = figure.subplots()
        for place, unit in enumerate(order):
            row, column = divmod(place, _COLUMNS)
            x, y = column * _PITCH, row * _PITCH * aspect
            drawn = axes.imshow(
                weights[unit].reshape(shape), cmap="RdBu_r", vmin=-largest, vmax=largest,
                extent=(x, x + 1, y + aspect, y), interpolation="nearest",
            )  # fmt: skip
            axes.add_patch(
                Rectangle((x, y), 1, aspect, fill=False, edgecolor=style.GREY, linewidth=0.6)
            )
        axes.set_xlim(-0.04, _COLUMNS * _PITCH)
        axes.set_ylim(n_rows * _PITCH * aspect, -0.04)
        axes.set_aspect("equal")
        axes.set_axis_off()
        figure.colorbar(drawn, ax=axes, label="weight to the pixel", fraction=0.03, pad=0.01)
        n_all = int((strength > 0).sum())
        which = f"the {len(order)} strongest of {n_all}" if n_all > len(order) else f"{n_all}"
        style.headline(figure, f"Weights of hidden lasers to the pixels: {which} filters")
    return figure
