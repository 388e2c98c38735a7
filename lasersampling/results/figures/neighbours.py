"""Generated images above their nearest training images."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lasersampling.plots import style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

_COLUMNS = 10
_BANDS = 2
_PITCH = 1.1
_BAND_GAP = 0.75
_KINDS = {
    "lasers": ("nanolasers", style.VERMILLION),
    "renewal": ("renewal sampler", style.GREEN),
    "gibbs": ("Gibbs sampling", style.BLUE),
    "held_out": ("held-out images", style.INK),
}


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot images with labels, nearest training images below them, and distances of all.

    Parameters
    ----------
    path : path-like
        Results file with ``/neighbours``: `image` and `nearest` (sample, row, column), `label`,
        `nearest_label` and `distance` (sample), and distances of all images of each kind as
        ``distance_<kind>``; and, as attribute of the group, a `headline`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no neighbours.
    """
    results = read_results(path, groups=("neighbours",))
    results.group("neighbours")
    images = results.array("neighbours/image")
    chosen = _chosen(results.array("neighbours/label"))
    n_bands = -(-len(chosen) // _COLUMNS)
    band = 2 * _PITCH + _BAND_GAP
    aspect = images.shape[1] / images.shape[2]
    with style.style():
        inches = (style.WIDTH - 1.5) / (_COLUMNS * _PITCH)
        tiles_height = inches * band * n_bands * aspect
        figure = style.new_figure(tiles_height + 3.6)
        above, below = figure.subplots(2, 1, height_ratios=[tiles_height, 2.7])
        _draw_tiles(above, results, chosen, aspect, band)
        _draw_distances(below, results)
        headline = results.attributes["neighbours"].get("headline")
        if headline:
            style.headline(figure, headline)
    return figure


def _chosen(labels: NDArray[np.int64]) -> NDArray[np.intp]:
    """Equally many images of each label, as far as there is room, labels taking turns."""
    known = np.unique(labels)
    n_each = max(1, _BANDS * _COLUMNS // len(known))
    turns = [
        np.flatnonzero(labels == y)[turn]
        for turn in range(n_each)
        for y in known
        if np.count_nonzero(labels == y) > turn
    ]
    return np.array(turns[: _BANDS * _COLUMNS], dtype=np.intp)


def _draw_tiles(
    axes: Axes, results: Results, chosen: NDArray[np.intp], aspect: float, band: float
) -> None:
    labels = results.array("neighbours/label")
    distance = results.array("neighbours/distance")
    for place, sample in enumerate(chosen):
        line, column = divmod(place, _COLUMNS)
        x, top = column * _PITCH, line * band * aspect
        for row, name in enumerate(("image", "nearest")):
            y = top + row * _PITCH * aspect
            axes.imshow(
                results.array(f"neighbours/{name}")[sample], cmap="Greys", vmin=0, vmax=1,
                extent=(x, x + 1, y + aspect, y), interpolation="nearest",
            )  # fmt: skip
            colour, width = (style.VERMILLION, 1.6) if row == 0 else (style.GREY, 0.6)
            axes.add_patch(
                Rectangle((x, y), 1, aspect, fill=False, edgecolor=colour, linewidth=width)
            )
        axes.text(x + 0.5, top - 0.08, str(labels[sample]), ha="center", va="bottom")
        axes.text(
            x + 0.5, top + (2 * _PITCH - 0.06) * aspect, f"{distance[sample]:.0f} px",
            ha="center", va="top", fontsize=11, color="#666666",
        )  # fmt: skip
    for line in range(-(-len(chosen) // _COLUMNS)):
        for row, name in enumerate(("drawn", "nearest in\ntraining")):
            y = (line * band + row * _PITCH + 0.5) * aspect
            axes.text(-0.15, y, name, ha="right", va="center", fontsize=12)
    axes.set_xlim(-1.25, _COLUMNS * _PITCH)
    axes.set_ylim((-(-len(chosen) // _COLUMNS)) * band * aspect, -0.45)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _draw_distances(axes: Axes, results: Results) -> None:
    """Fraction of images by their distance to the training images."""
    found = {
        kind: results.array(f"neighbours/distance_{kind}")
        for kind in _KINDS
        if f"distance_{kind}" in results.group("neighbours")
    }
    largest = int(max(values.max() for values in found.values()))
    width = max(1, largest // 25)
    edges = np.arange(-0.5, largest + width + 0.5, width)
    for kind, values in found.items():
        label, colour = _KINDS[kind]
        share = np.histogram(values, edges)[0] / len(values)
        axes.stairs(
            share, edges, color=colour, linewidth=2, linestyle="--" if kind == "held_out" else "-",
            label=f"{label}: {100 * (values == 0).mean():.1f} % copies",
        )  # fmt: skip
    axes.set_xlabel("pixels that differ from the nearest training image")
    axes.set_ylabel("fraction of images")
    axes.legend(loc="upper right")
    style.quiet(axes)
