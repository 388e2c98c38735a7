"""Completed images: a row for each, columns in groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lasersampling.plots import style

MOST_ROWS = 6
LARGEST_SPREAD = 0.5
"""Standard deviation of a pixel over completions that are evenly divided."""

_PITCH = 1.1
_GAP = 0.35
_UNKNOWN = to_rgb(style.ORANGE)

Column = tuple[str, NDArray[np.floating]]
"""Title, and images of shape (image, row, column) or (image, row, column, colour)."""


def with_unknown(given: NDArray[np.floating], known: NDArray[np.generic]) -> NDArray[np.floating]:
    """Colour what was seen, unknown pixels in orange: shape (image, row, column, 3)."""
    grey = np.repeat(1 - given[..., None], 3, axis=-1)
    return np.where(known[..., None] == 1, grey, _UNKNOWN)


def draw(groups: Sequence[Sequence[Column]], headline: str | None = None) -> Figure:
    """Draw groups of columns side by side. Call within `style.style`."""
    n_images, rows, width = groups[0][0][1].shape[:3]
    inches = (style.WIDTH - 0.3) / _total(groups)
    height = inches * _PITCH * n_images * rows / width
    figure = style.new_figure(height + (1.0 if headline else 0.55))
    draw_on(figure.subplots(), groups)
    if headline:
        style.headline(figure, headline)
    return figure


def draw_on(axes: Axes, groups: Sequence[Sequence[Column]]) -> None:
    """Draw groups of columns on axes."""
    style.check_axes(axes)
    n_images, rows, width = groups[0][0][1].shape[:3]
    aspect, x = rows / width, 0.0
    for group in groups:
        for title, images in group:
            axes.text(x + 0.5, -0.1 * aspect, title, ha="center", va="bottom", fontsize=12)
            for row, image in enumerate(images):
                _draw_image(axes, image, x, row * _PITCH * aspect, aspect)
            x += _PITCH
        x += _GAP
    axes.set_xlim(-0.04, _total(groups))
    axes.set_ylim(n_images * _PITCH * aspect, -0.45 * aspect)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _total(groups: Sequence[Sequence[Column]]) -> float:
    """Width of all columns, in widths of an image."""
    return sum(len(group) for group in groups) * _PITCH + (len(groups) - 1) * _GAP


def _draw_image(axes: Axes, image: NDArray[np.floating], x: float, y: float, aspect: float) -> None:
    axes.imshow(
        image, cmap="Greys", vmin=0, vmax=1, extent=(x, x + 1, y + aspect, y),
        interpolation="nearest",
    )  # fmt: skip
    axes.add_patch(Rectangle((x, y), 1, aspect, fill=False, edgecolor=style.GREY, linewidth=0.6))
