"""Images completed by lasers: the given part, how a completion forms, other completions."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.results.reading import read_results

_MOST_ROWS = 6
_MOST_COMPLETIONS = 3
_PITCH = 1.1
_GAP = 0.35
_UNKNOWN = to_rgb(style.ORANGE)
_LARGEST_SPREAD = 0.5


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot a row for each image: the original, the given part, a completion over time, others.

    Parameters
    ----------
    path : path-like
        Results file with ``/completions`` as `judging.picture_records.write_completions` lays it
        out; a `headline` may be an attribute of the group. Unknown pixels of the given image are
        orange; in the picture of the uncertainty, black is a standard deviation of 1/2, where half
        of the completions differ.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no completions.
    """
    results = read_results(path, groups=("completions",))
    held = {
        name: variable.data[:_MOST_ROWS]
        for name, variable in results.group("completions").items()
        if variable.dims[0] == "image"
    }
    times_ns = results.array("completions/shown_ns")
    columns: list[list[tuple[str, NDArray[np.float64]]]] = [
        [("seen", _with_unknown(held["given"], held["known"]))],
        [(f"{time:.3g} ns", held["series"][:, k]) for k, time in enumerate(times_ns)],
        [
            ("others" if k == 1 else "", held["completion"][:, k])
            for k in range(1, min(held["completion"].shape[1], _MOST_COMPLETIONS + 1))
        ],
        [("mean", held["mean"]), ("spread", held["uncertainty"] / _LARGEST_SPREAD)],
    ]
    if "original" in held:
        columns[0].insert(0, ("original", held["original"]))
    n_images, rows, width = held["given"].shape
    aspect = rows / width
    total = sum(len(group) for group in columns) * _PITCH + (len(columns) - 1) * _GAP
    with style.style():
        inches = (style.WIDTH - 0.3) / total
        headline = results.attributes["completions"].get("headline")
        figure = style.new_figure(inches * _PITCH * n_images * aspect + (1.0 if headline else 0.55))
        axes = figure.subplots()
        x = 0.0
        for group in columns:
            for title, images in group:
                axes.text(x + 0.5, -0.1 * aspect, title, ha="center", va="bottom", fontsize=12)
                for row, image in enumerate(images):
                    _draw(axes, image, x, row * _PITCH * aspect, aspect)
                x += _PITCH
            x += _GAP
        axes.set_xlim(-0.04, total)
        axes.set_ylim(n_images * _PITCH * aspect, -0.45 * aspect)
        axes.set_aspect("equal")
        axes.set_axis_off()
        if headline:
            style.headline(figure, headline)
    return figure


def _with_unknown(given: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours of the given image, (image, row, column, 3)."""
    grey = np.repeat(1 - given[..., None], 3, axis=-1)
    return np.where(known[..., None] == 1, grey, _UNKNOWN)


def _draw(axes: Axes, image: NDArray[np.float64], x: float, y: float, aspect: float) -> None:
    axes.imshow(
        image, cmap="Greys", vmin=0, vmax=1, extent=(x, x + 1, y + aspect, y),
        interpolation="nearest",
    )  # fmt: skip
    axes.add_patch(Rectangle((x, y), 1, aspect, fill=False, edgecolor=style.GREY, linewidth=0.6))
