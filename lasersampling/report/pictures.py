"""Pictures that the page lets one enlarge and leaf through, and completions that form in time."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lasersampling.errors import InputError
from lasersampling.plots import gallery
from lasersampling.report.words import visible
from lasersampling.results.contents import Results

_MOST_PICTURES = 40
_MOST_SERIES = 6
_MOST_ROWS = 64
"""Larger pictures are thinned to so many rows or columns."""


@dataclass(frozen=True)
class Picture:
    """One picture: its label in words, and its pixels as a data URI."""

    label: str
    source: str


@dataclass(frozen=True)
class Band:
    """Pictures of one origin.

    Attributes
    ----------
    title : str
        Their origin.
    pictures : tuple of Picture
        Those that are shown, evenly spread over all.
    n_held : int
        How many the file holds.
    """

    title: str
    pictures: tuple[Picture, ...]
    n_held: int


@dataclass(frozen=True)
class Forming:
    """A completion as it forms: the given part, and a picture for each time [ns]."""

    given: Picture
    frames: tuple[Picture, ...]


def bands_of(results: Results) -> list[Band]:
    """Collect the pictures of ``/images``, for each sampler; see `results.figures.image_gallery`.

    Raises
    ------
    InputError
        If the file holds images of another form.
    """
    held = results.groups.get("images", {})
    names = [visible(name) for name in held["class_name"].data] if "class_name" in held else []
    bands = []
    for name, title in gallery.TITLES.items():
        if name not in held:
            continue
        images = _checked(results, f"images/{name}", 3)
        labels = results.array(f"images/{name}_label")
        n_held = min(len(images), len(labels))
        # Evenly spread, since labels stand in order.
        chosen = np.linspace(0, n_held - 1, min(n_held, _MOST_PICTURES)).round().astype(int)
        pictures = tuple(
            Picture(_label(int(labels[k]), names), source_of(images[k])) for k in chosen
        )
        bands.append(Band(title, pictures, len(images)))
    return bands


def forming_of(results: Results) -> tuple[list[Forming], list[float]]:
    """Collect the completions of ``/completions`` as they form, and their times [ns].

    Raises
    ------
    InputError
        If the file holds completions of another form.
    """
    if "series" not in results.groups.get("completions", {}):
        return [], []
    series = _checked(results, "completions/series", 4)
    given, known = (_checked(results, f"completions/{name}", 3) for name in ("given", "known"))
    times = [float(f"{time:.6g}") for time in results.array("completions/shown_ns")]
    found = []
    for number in range(min(len(series), len(given), _MOST_SERIES)):
        seen = Picture("the given part", source_of(given[number], known[number] > 0))
        frames = tuple(
            Picture(f"after {time:g} ns", source_of(frame))
            for time, frame in zip(times, series[number], strict=False)
        )
        found.append(Forming(seen, frames))
    return found, times


def source_of(image: NDArray[np.floating], known: NDArray[np.bool_] | None = None) -> str:
    """Store a picture, of brightness 0 (white) to 1 (black), as a data URI.

    Parameters
    ----------
    image : ndarray, shape (row, column)
        The picture.
    known : ndarray of bool, shape (row, column), optional
        Pixels that are known; others are orange.
    """
    step = -(-max(image.shape) // _MOST_ROWS) if image.size else 1
    grey = np.nan_to_num(255 * (1 - np.clip(image, 0, 1)), nan=128).round().astype(np.uint8)
    if known is None:
        drawn = Image.fromarray(grey[::step, ::step])
    else:
        colours = np.where(known[..., None], grey[..., None], np.array([230, 159, 0], np.uint8))
        drawn = Image.fromarray(colours[::step, ::step].astype(np.uint8))
    stored = io.BytesIO()
    drawn.save(stored, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(stored.getvalue()).decode()}"


def _checked(results: Results, name: str, n_dims: int) -> NDArray[np.floating]:
    array = results.array(name)
    if array.ndim != n_dims or array.dtype.kind not in "iuf" or not array.size:
        got = f"type {array.dtype} of shape {array.shape}"
        raise InputError.single(f"{results.path}: /{name}", got, f"pictures in {n_dims} dimensions")
    return array


def _label(label: int, names: list[str]) -> str:
    if label < 0:
        return "no label asked for"
    return f"label {names[label] if label < len(names) else label}"
