"""The user's own images: folders of PNG files, and arrays of NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.errors import InputError, Problem
from lasersampling.paths import suffix_of

ARRAY_SUFFIXES = (".npy", ".npz")

_SUFFIX = ".png"
_WHITE = 255.0
_MAX_LISTED = 5

Labelled = tuple[NDArray[np.float64], NDArray[np.int64] | None, tuple[str, ...]]
"""Images (image, row, column), numbers of their classes or None, and names of the classes."""


def read_folder(folder: Path, size: tuple[int, int] | None = None) -> Labelled:
    """Read all PNG files of a folder as brightness, 0 to 1.

    Parameters
    ----------
    folder : Path
        With PNG files, or with one subfolder of them for each class, which is named after it.
    size : tuple of int, optional
        Rows and columns that images are brought to; by default all have to be of one size.

    Raises
    ------
    InputError
        With all problems found: no images, files that cannot be read, images on both levels,
        different sizes.
    """
    loose = _pictures_in(folder)
    classes = [path for path in sorted(folder.iterdir()) if path.is_dir() and _pictures_in(path)]
    if loose and classes:
        got = f"{len(loose)} PNG files beside folders of others, such as {classes[0].name!r}"
        raise InputError.single(str(folder), got, "all in folders named by class, or none")
    if not loose and not classes:
        expected = "PNG files, or a folder of PNG files for each class"
        raise InputError.single(str(folder), "no PNG files", expected)
    paths = loose or [path for name in classes for path in _pictures_in(name)]
    images = _stacked([_read(path, size) for path in paths], paths)
    if loose:
        return images, None, ()
    counts = [len(_pictures_in(name)) for name in classes]
    labels = np.repeat(np.arange(len(classes)), counts)
    return images, labels, tuple(name.name for name in classes)


def read_array(path: Path, size: tuple[int, int] | None = None) -> Labelled:
    """Read images from a file of NumPy.

    Parameters
    ----------
    path : Path
        A ``.npy`` file of images, or a ``.npz`` file of `images` and, where wanted, `labels`
        (whole numbers or text). Images are (image, row, column); bytes count from 0 to 255,
        floating-point numbers from 0 to 1.
    size : tuple of int, optional
        Rows and columns that images are brought to.

    Raises
    ------
    InputError
        With all problems found.
    """
    try:
        held = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        expected = "images in a file of NumPy, without pickled objects"
        raise InputError.single(str(path), "a file that cannot be read", expected) from None
    labels = None
    if suffix_of(path) == ".npz":
        with held:
            if "images" not in held:
                got = ", ".join(held.files) or "nothing"
                raise InputError.single(f"{path}: images", got, "an array named images")
            images = held["images"]
            labels = held.get("labels")
    else:
        images = held
    brightness = _brightness(images, f"{path}: images")
    if size is not None and brightness.shape[1:] != size:
        brightness = np.stack([_resized(image, size) for image in brightness])
    if labels is None:
        return brightness, None, ()
    return brightness, *_classes(labels, len(images), f"{path}: labels")


def read_picture(
    path: Path, size: tuple[int, int], *, invert: bool = False
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Read one PNG file as binary pixels, and which of them are known.

    Parameters
    ----------
    path : Path
        A picture of any size, which is averaged over areas; pixels of at least half brightness
        become 1. Where more than half of a pixel is transparent it is unknown.
    size : tuple of int
        Rows and columns.
    invert : bool
        Turn brightness round, for dark strokes on bright paper.

    Returns
    -------
    pixels : ndarray of int8, shape (pixel,)
        0 and 1; of unknown pixels without meaning.
    known : ndarray of bool, shape (pixel,)

    Raises
    ------
    InputError
        If the file is none, or no picture.
    """
    from PIL import Image

    if not path.is_file():
        raise InputError.single(str(path), "no such file", "a PNG image")
    try:
        with Image.open(path) as image:
            parts = np.asarray(image.convert("LA"), dtype=np.float64) / _WHITE
    except (OSError, SyntaxError, ValueError):
        raise InputError.single(str(path), "a file that cannot be read", "a PNG image") from None
    grey, opaque = parts[..., 0], parts[..., 1]
    # Transparent parts of a pixel have no say in its brightness.
    share = _resized(opaque, size)
    brightness = _resized(grey * opaque, size) / np.maximum(share, 1e-9)
    pixels = (1 - brightness if invert else brightness) >= 0.5
    return pixels.astype(np.int8).ravel(), (share >= 0.5).ravel()


def _pictures_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if suffix_of(path) == _SUFFIX)


def _read(path: Path, size: tuple[int, int] | None) -> NDArray[np.float64] | Problem:
    """Read one file; a problem is returned, so that all can be told."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            grey = np.asarray(image.convert("L"), dtype=np.float64) / _WHITE
    except (OSError, SyntaxError, ValueError):
        return Problem(str(path), "a file that cannot be read", "a PNG image")
    return grey if size is None or grey.shape == size else _resized(grey, size)


def _stacked(images: list[NDArray[np.float64] | Problem], paths: list[Path]) -> NDArray[np.float64]:
    problems = [image for image in images if isinstance(image, Problem)]
    good = [image for image in images if not isinstance(image, Problem)]
    if not problems:
        first = good[0].shape
        problems = [
            Problem(
                str(path), _pixels(image.shape), f"{_pixels(first)} as {paths[0].name}; or a side"
            )
            for path, image in zip(paths, good, strict=True)
            if image.shape != first
        ]
    if len(problems) > _MAX_LISTED:
        more = Problem(str(paths[0].parent), f"{len(problems) - _MAX_LISTED} more", "none such")
        problems = [*problems[:_MAX_LISTED], more]
    if problems:
        raise InputError(problems)
    return np.stack(good)


def _resized(image: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Average over areas, with Pillow."""
    from PIL import Image

    rows, columns = size
    small = Image.fromarray(image.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    return np.clip(np.asarray(small, dtype=np.float64), 0.0, 1.0)


def _brightness(images: NDArray[Any], where: str) -> NDArray[np.float64]:
    if images.ndim != 3 or images.size == 0:
        raise InputError.single(where, f"shape {images.shape}", "shape (image, row, column)")
    if images.dtype == np.uint8:
        return images / _WHITE
    if images.dtype.kind not in "bf":
        raise InputError.single(
            where, f"dtype {images.dtype}", "bytes (0 to 255) or floats (0 to 1)"
        )
    # Written so that a nan fails it too.
    if not ((images >= 0) & (images <= 1)).all():
        raise InputError.single(where, "values outside [0, 1]", "floats in [0, 1], or bytes")
    return images.astype(np.float64)


def _classes(
    labels: ArrayLike, n_images: int, where: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    array = np.asarray(labels)
    if array.shape != (n_images,):
        raise InputError.single(where, f"shape {array.shape}", f"({n_images},), one for each image")
    if array.dtype.kind not in "iuU":
        raise InputError.single(where, f"dtype {array.dtype}", "whole numbers or text")
    names, numbers = np.unique(array, return_inverse=True)
    return numbers.reshape(-1).astype(np.int64), tuple(str(name) for name in names)


def _pixels(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape) + " pixels"
