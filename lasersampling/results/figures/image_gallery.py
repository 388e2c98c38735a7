"""Images drawn by several samplers, one band for each."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lasersampling.results.figures import style
from lasersampling.results.reading import Results, read_results

FREE = -1
"""Label of an image that was drawn without a label being given."""

_TITLES = {"lasers": "Nanolasers", "gibbs": "Gibbs sampling", "data": "Data"}
_MAX_ROWS = 2
_MAX_FREE_COLUMNS = 4
_PITCH = 1.1
"""Distance from one image to the next, in widths of an image."""
_FREE_GAP = 0.5
_BAND_TITLE_INCHES = 0.45


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot a gallery: one band for each sampler, one column for each label, then free images.

    Parameters
    ----------
    path : path-like
        Results file with ``/images``: one or more of `lasers`, `gibbs`, `data`, of shape
        (sample, row, column) with values 0 (white) to 1 (black), and beside each `<name>_label`
        (sample), -1 for images drawn freely. The first two images of each label are shown.
        Metrics `label_accuracy_<name>` are written above the bands, and the text attribute
        `headline` of the group above all.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no images.
    """
    results = read_results(path, groups=("images",))
    images = results.group("images")
    names = [name for name in _TITLES if name in images] or ["lasers"]
    tiles = {
        name: _tiles(results.array(f"images/{name}"), results.array(f"images/{name}_label"))
        for name in names
    }
    given = sorted({label for found in tiles.values() for label in found} - {FREE})
    rows = {name: max(1, *(len(found) for found in tiles[name].values())) for name in names}
    for name in names:
        rows[name] = min(rows[name], _MAX_ROWS)
    free = max(-(-len(tiles[name].get(FREE, ())) // rows[name]) for name in names)
    free = min(free, _MAX_FREE_COLUMNS)
    free_from = _PITCH * len(given) + (_FREE_GAP if given else 0)
    width = free_from + _PITCH * free
    with style.style():
        inches = (style.WIDTH - 0.4) / width
        heights = [inches * _PITCH * rows[name] + _BAND_TITLE_INCHES for name in names]
        headline = results.attributes["images"].get("headline")
        figure = style.new_figure(sum(heights) + (0.95 if headline else 0.5))
        bands = figure.subplots(len(names), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, name in zip(bands, names, strict=True):
            for column, label in enumerate(given):
                _draw_column(axes, tiles[name].get(label, [])[: rows[name]], column * _PITCH)
            free_tiles = tiles[name].get(FREE, [])
            for column in range(free):
                part = free_tiles[column * rows[name] : (column + 1) * rows[name]]
                _draw_column(axes, part, free_from + column * _PITCH)
            axes.set_xlim(-0.04, width)
            axes.set_ylim(_PITCH * rows[name], -0.04)
            axes.set_aspect("equal")
            axes.set_anchor("NW")
            axes.set_axis_off()
            axes.set_title(_band_title(results, name), pad=28 if axes is bands[0] else 7)
        _write_labels(bands[0], given, free_from if free else None)
        if headline:
            style.headline(figure, headline)
    return figure


def _tiles(
    images: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[int, list[NDArray[np.float64]]]:
    """Sort images by label."""
    found: dict[int, list[NDArray[np.float64]]] = {}
    for image, label in zip(images, labels, strict=True):
        found.setdefault(int(label), []).append(image)
    return found


def _draw_column(axes: Axes, tiles: Sequence[NDArray[np.float64]], left: float) -> None:
    for row, image in enumerate(tiles):
        top = row * _PITCH
        axes.imshow(
            image, cmap="Greys", vmin=0, vmax=1, extent=(left, left + 1, top + 1, top),
            interpolation="nearest",
        )  # fmt: skip
        frame = Rectangle((left, top), 1, 1, fill=False, edgecolor=style.GREY, linewidth=0.6)
        axes.add_patch(frame)


def _write_labels(axes: Axes, given: Sequence[int], free_from: float | None) -> None:
    for column, label in enumerate(given):
        axes.text(column * _PITCH + 0.5, -0.12, str(label), ha="center", color="#666666")
    if free_from is not None:
        axes.text(free_from, -0.12, "free", ha="left", color="#666666")


def _band_title(results: Results, name: str) -> str:
    accuracy = results.metrics.get(f"label_accuracy_{name}")
    if accuracy is None:
        return _TITLES[name]
    error = accuracy.standard_error
    spread = f" ± {100 * error:.1f}" if error else ""
    return f"{_TITLES[name]} · label recognised in {100 * accuracy.value:.1f}{spread} %"
