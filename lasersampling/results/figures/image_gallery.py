"""Images drawn by several samplers, one band for each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lasersampling.results.figures import style
from lasersampling.results.reading import Results, read_results

FREE = -1
"""Label of an image that was drawn without a label being given."""

_TITLES = {
    "lasers": "Nanolasers",
    "renewal": "Renewal sampler",
    "gibbs": "Gibbs sampling",
    "data": "Data",
}
_MAX_ROWS = 2
_MAX_FREE_COLUMNS = 4
_COLUMNS = 10
"""Columns of images with a label, which fewer labels share, and of free ones if there are no
others."""
_LEAST_COLUMNS = 4
"""What the width of a gallery is divided into at least, so that few images are not too large."""
_PITCH = 1.1
"""Distance from one image to the next, in widths of an image."""
_FREE_GAP = 0.5
_LETTERS = 6
"""Letters of a class's name that fit above an image."""
_BAND_TITLE_INCHES = 0.45


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot a gallery: one band for each sampler, one column for each label, then free images.

    Parameters
    ----------
    path : path-like
        Results file with ``/images``: one or more of `lasers`, `renewal`, `gibbs`, `data`, of
        shape (sample, row, column) with values 0 (white) to 1 (black), and beside each
        `<name>_label` (sample), -1 for images drawn freely; `class_name` (class), where there are
        names. The first two images of each label
        are shown, more of them if there are few labels.
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
    # Data are there to compare with: they take no more room than what was drawn.
    drawn = [name for name in names if name != "data"] or names
    most = {name: max(len(found) for found in tiles[name].values()) for name in names}
    alone = len({label for name in drawn for label in tiles[name]}) == 1
    in_a_row = alone and max(most[name] for name in drawn) <= _COLUMNS
    rows = {name: min(most[name], 1 if in_a_row else _MAX_ROWS) for name in names}
    # Few labels get several columns each, as many as their images fill.
    filled = [-(-len(tiles[name].get(y, ())) // rows[name]) for name in drawn for y in given]
    spread = min(max(1, _COLUMNS // len(given)), max(1, *filled)) if given else 0
    most_free = _MAX_FREE_COLUMNS if given else _COLUMNS
    free = max(-(-len(tiles[name].get(FREE, ())) // rows[name]) for name in names)
    free = min(free, most_free)
    free_from = _PITCH * spread * len(given) + (_FREE_GAP if given else 0)
    width = max(free_from + _PITCH * free, _PITCH * _LEAST_COLUMNS)
    with style.style():
        inches = (style.WIDTH - 0.4) / width
        heights = [inches * _PITCH * rows[name] + _BAND_TITLE_INCHES for name in names]
        headline = results.attributes["images"].get("headline")
        figure = style.new_figure(sum(heights) + (0.95 if headline else 0.5))
        bands = figure.subplots(len(names), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, name in zip(bands, names, strict=True):
            for place, label in enumerate(given):
                _draw_columns(
                    axes, tiles[name].get(label, []), rows[name], spread, place * spread * _PITCH
                )
            _draw_columns(axes, tiles[name].get(FREE, []), rows[name], free, free_from)
            axes.set_xlim(-0.04, width)
            axes.set_ylim(_PITCH * rows[name], -0.04)
            axes.set_aspect("equal")
            axes.set_anchor("NW")
            axes.set_axis_off()
            axes.set_title(_band_title(results, name), pad=28 if axes is bands[0] else 7)
        classes = {label: str(label) for label in given}
        if "class_name" in images:
            classes = {label: str(images["class_name"].data[label]) for label in given}
        _write_labels(bands[0], classes, spread, free_from if free else None)
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


def _draw_columns(
    axes: Axes, tiles: Sequence[NDArray[np.float64]], n_rows: int, n_columns: int, left: float
) -> None:
    """Fill columns from above, one after the other."""
    for number, image in enumerate(tiles[: n_rows * n_columns]):
        column, row = divmod(number, n_rows)
        x, y = left + column * _PITCH, row * _PITCH
        axes.imshow(
            image, cmap="Greys", vmin=0, vmax=1, extent=(x, x + 1, y + 1, y),
            interpolation="nearest",
        )  # fmt: skip
        frame = Rectangle((x, y), 1, 1, fill=False, edgecolor=style.GREY, linewidth=0.6)
        axes.add_patch(frame)


def _write_labels(
    axes: Axes, given: Mapping[int, str], spread: int, free_from: float | None
) -> None:
    room = max(1, int(spread * _LETTERS))
    for place, name in enumerate(given.values()):
        middle = (place + 0.5) * spread * _PITCH - (_PITCH - 1) / 2
        shown = name if len(name) <= room else name[: max(1, room - 1)] + "…"
        axes.text(middle, -0.12, style.plain(shown), ha="center", color="#666666")
    if free_from is not None:
        axes.text(free_from, -0.12, "free", ha="left", color="#666666")


def _band_title(results: Results, name: str) -> str:
    accuracy = results.metrics.get(f"label_accuracy_{name}")
    if accuracy is None:
        return _TITLES[name]
    error = accuracy.standard_error
    spread = f" ± {100 * error:.1f}" if error else ""
    return f"{_TITLES[name]} · label recognised in {100 * accuracy.value:.1f}{spread} %"
