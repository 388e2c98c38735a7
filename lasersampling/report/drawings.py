"""Figures of a results file as pictures inside the page, dark ones for dark screens."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from lasersampling.errors import LaserSamplingError
from lasersampling.plots import raster, style
from lasersampling.report.readings import readings_of
from lasersampling.report.words import told
from lasersampling.results import figures

_LARGEST_SVG = 700_000
"""Figures of more characters, such as rasters of many spikes, are stored as pixels."""
_DPI = 130
_SIMPLIFIED = 0.5
"""How far [points] long curves may be drawn from their values; the eye sees no difference."""

_FIRST = (
    "comparison", "image_gallery", "completions", "distribution", "posterior", "yin_yang_plane",
    "spike_learning", "fit", "divergence_over_time", "spike_traces", "raster",
)  # fmt: skip
"""Figures that one wants to see first; the others follow in the order of `figures.NAMES`."""

_SLID = ("epoch", "epochs", "update", "updates")
"""How labels of axes begin along which learning goes on."""

DARK = {
    "#ffffff": "#1b1e23", "#000000": "#e6e3dd", style.INK: "#e6e3dd", style.FAINT: "#3b4149",
    style.GREY: "#9aa0a8", style.BLUE: "#4aa8e0", style.VERMILLION: "#f0763a",
    style.GREEN: "#2fbf97", "#666666": "#9aa0a8",
    to_hex(raster.shade(style.BLUE)): "#274a61", to_hex(raster.shade(style.GREEN)): "#205445",
    to_hex(raster.shade(style.VERMILLION)): "#5f3a29",
}  # fmt: skip
"""Colours on dark screens instead of those of the figures."""


@dataclass(frozen=True)
class Drawing:
    """A figure inside the page.

    Attributes
    ----------
    name : str
        Name of the figure, empty if it is none of those of a single file.
    title : str
        What it shows, in a sentence.
    alt : str
        What is seen, for those who do not see it.
    source : str
        The picture as a data URI.
    width, height : float
        Size [inches].
    is_vector : bool
        Whether it follows the dark screen by itself; others stand on white paper.
    readings : list of dict
        Values to be read off; see `readings.readings_of`.
    """

    name: str
    title: str
    alt: str
    source: str
    width: float
    height: float
    is_vector: bool
    readings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def over(self) -> str:
        """What a slider below the figure goes through: epochs or updates that it shows, or none."""
        across = [str(panel["x"]["label"]) for panel in self.readings]
        return next((label for label in across if label.split(" ")[0] in _SLID), "")


@dataclass(frozen=True)
class Failure:
    """A figure that the file promises by its contents and that could not be drawn."""

    name: str
    reason: str


def drawings_of(path: Path) -> Iterator[Drawing | Failure]:
    """Draw all figures that a results file can show.

    Parameters
    ----------
    path : Path
        A results file.

    Yields
    ------
    Drawing or Failure
        Figures of other kinds of files are left out. One that fails in another way than by lacking
        its variables, as damaged values may cause, is told.
    """
    held = figures.candidates(path)
    for name in sorted(
        held, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST)
    ):
        try:
            yield picture(figures.draw(path, name), figures.title_of(name), name)
        except LaserSamplingError:
            continue  # a group of the same name, as files of another kind have
        except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
            yield Failure(name, f"{type(error).__name__}: {error}")


def picture(figure: Figure, title: str, name: str = "") -> Drawing:
    """Turn a figure into a picture of the page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    title : str
        What it shows, without a dot.
    name : str
        Its name, if it is a figure of one file.
    """
    stored = io.StringIO()
    # Names of the user's may hold characters that the font lacks; they are drawn as boxes.
    settings: dict[Any, Any] = {
        "svg.hashsalt": name or title, "path.simplify_threshold": _SIMPLIFIED,
    }  # fmt: skip
    with warnings.catch_warnings(), mpl.rc_context(settings):
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        warnings.filterwarnings("ignore", message=".*[Mm]atplotlib currently does not support")
        figure.savefig(stored, format="svg", metadata={"Date": None, "Creator": None})
        drawn, kind = _dark(stored.getvalue()).encode(), "svg+xml"
        is_vector = len(drawn) <= _LARGEST_SVG
        if not is_vector:
            pixels = io.BytesIO()
            figure.savefig(pixels, format="png", dpi=_DPI, metadata={"Software": None})
            drawn, kind = pixels.getvalue(), "png"
        alt = told(figure)
    width, height = figure.get_size_inches()
    source = f"data:image/{kind};base64,{base64.b64encode(drawn).decode()}"
    return Drawing(
        name, title, f"{title}. {alt}", source, float(width), float(height), is_vector,
        readings_of(figure),
    )  # fmt: skip


def _dark(svg: str) -> str:
    """Add colours for dark screens."""
    rules = "".join(
        f'[style*="{what}: {light.lower()}"]{{{what}:{dark}!important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    )
    # What has no colour of its own is black, as text is in places.
    rules += f"svg{{fill:{DARK['#000000']}}}"
    head, opening, rest = svg.partition("<defs>")
    screen = f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>"
    return head + opening + screen + rest
