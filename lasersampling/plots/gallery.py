"""Images as a gallery: a band for each sampler, columns for each label, then free images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lasersampling.plots import style

FREE = -1
"""Label of an image that was drawn without a given label."""

TITLES = {
    "lasers": "Nanolasers",
    "renewal": "Renewal sampler",
    "gibbs": "Gibbs sampling",
    "data": "Data",
}
"""Names of samplers above their images."""

_MAX_ROWS = 2
_MAX_FREE_COLUMNS = 4
_COLUMNS = 10
"""Columns of images with a label, shared by fewer labels if there are few, and of free images if
there are no others."""
_LEAST_COLUMNS = 4
"""Least number of images across the width of a gallery, so that few are not too large."""
_PITCH = 1.1
"""Distance between images, in widths of an image."""
_FREE_GAP = 0.5
_LETTERS = 6
"""Number of letters of a class name that fit above an image."""
_BAND_TITLE_INCHES = 0.45


@dataclass(frozen=True, eq=False)
class Band:
    """Images of one sampler.

    Attributes
    ----------
    title : str
        Title of the band.
    images : ndarray, shape (sample, row, column)
        Brightness, 0 (white) to 1 (black) [1].
    labels : ndarray of int, shape (sample,)
        Label that was given, -1 for images drawn without a label.
    is_beside : bool
        Whether the images serve for comparison, and take no more room than the drawn ones.
    """

    title: str
    images: NDArray[np.floating]
    labels: NDArray[np.integer]
    is_beside: bool = False

    @cached_property
    def tiles(self) -> dict[int, list[NDArray[np.floating]]]:
        """Images by label."""
        found: dict[int, list[NDArray[np.floating]]] = {}
        for image, label in zip(self.images, self.labels, strict=True):
            found.setdefault(int(label), []).append(image)
        return found


class Layout:
    """Places of the images of some bands."""

    def __init__(self, bands: Sequence[Band]) -> None:
        self.given = sorted({label for band in bands for label in band.tiles} - {FREE})
        drawn = [band for band in bands if not band.is_beside] or list(bands)
        most = {id(band): max(map(len, band.tiles.values())) for band in bands}
        alone = len({label for band in drawn for label in band.tiles}) == 1
        in_a_row = alone and max(most[id(band)] for band in drawn) <= _COLUMNS
        self.rows = [min(most[id(band)], 1 if in_a_row else _MAX_ROWS) for band in bands]
        rows = {id(band): n for band, n in zip(bands, self.rows, strict=True)}
        # Few labels get several columns each, as many as their images fill.
        filled = [
            -(-len(band.tiles.get(y, ())) // rows[id(band)]) for band in drawn for y in self.given
        ]
        n_given = len(self.given)
        self.spread = min(max(1, _COLUMNS // n_given), max(1, *filled)) if n_given else 0
        free = max(-(-len(band.tiles.get(FREE, ())) // rows[id(band)]) for band in bands)
        self.free = min(free, _MAX_FREE_COLUMNS if n_given else _COLUMNS)
        self.free_from = _PITCH * self.spread * n_given + (_FREE_GAP if n_given else 0)
        self.width = max(self.free_from + _PITCH * self.free, _PITCH * _LEAST_COLUMNS)


def draw(
    bands: Sequence[Band], class_names: Sequence[str] = (), headline: str | None = None
) -> Figure:
    """Draw bands below one another. Call within `style.style`.

    Parameters
    ----------
    bands : sequence of Band
        Bands, of which the first two images of each label are shown, and more if there are few
        labels.
    class_names : sequence of str
        Names of all classes, by their number; their numbers by default.
    headline : str, optional
        Text above the figure.
    """
    layout = Layout(bands)
    inches = (style.WIDTH - 0.4) / layout.width
    heights = [inches * _PITCH * rows + _BAND_TITLE_INCHES for rows in layout.rows]
    figure = style.new_figure(sum(heights) + (0.95 if headline else 0.5))
    panels = figure.subplots(len(bands), 1, squeeze=False, height_ratios=heights)[:, 0]
    for k, axes in enumerate(panels):
        draw_band(axes, bands[k], layout, layout.rows[k], class_names if k == 0 else None)
    if headline:
        style.headline(figure, headline)
    return figure


def draw_band(
    axes: Axes, band: Band, layout: Layout, n_rows: int, class_names: Sequence[str] | None
) -> None:
    """Draw one band, with the names of classes above it unless they are None."""
    style.check_axes(axes)
    for place, label in enumerate(layout.given):
        left = place * layout.spread * _PITCH
        _draw_columns(axes, band.tiles.get(label, []), n_rows, layout.spread, left)
    _draw_columns(axes, band.tiles.get(FREE, []), n_rows, layout.free, layout.free_from)
    axes.set_xlim(-0.04, layout.width)
    axes.set_ylim(_PITCH * n_rows, -0.04)
    axes.set_aspect("equal")
    axes.set_anchor("NW")
    axes.set_axis_off()
    axes.set_title(band.title, pad=7 if class_names is None else 28)
    if class_names is not None:
        names = {y: str(class_names[y]) if len(class_names) else str(y) for y in layout.given}
        _write_labels(axes, names, layout.spread, layout.free_from if layout.free else None)


def _draw_columns(
    axes: Axes, tiles: Sequence[NDArray[np.floating]], n_rows: int, n_columns: int, left: float
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
