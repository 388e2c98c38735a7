"""The user's own images: folders of pictures, and NumPy arrays in files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.datasets.brightness import on_paper, scaled, size_problems
from lasersampling.datasets.labels import class_numbers, natural_order
from lasersampling.datasets.numpy_files import LONE, NUMPY_SUFFIXES, read_numpy, told_as_damage
from lasersampling.datasets.picture_decoding import (
    EXPECTED,
    PICTURE_SUFFIXES,
    decoded,
    pixel_count,
    resized,
)
from lasersampling.errors import InputError, Problem
from lasersampling.paths import suffix_of

ARRAY_SUFFIXES = NUMPY_SUFFIXES

_MAX_LISTED = 5


class Labelled(NamedTuple):
    """Images as they stand in files.

    Attributes
    ----------
    images : ndarray of float64, shape (image, row, column)
        Brightness, 0 to 1.
    labels : ndarray of int64, shape (image,), or None
        Numbers of the classes.
    names : tuple of str
        Names of the classes; empty without labels.
    notes : tuple of str
        Remarks for the user on how the images were read.
    """

    images: NDArray[np.float64]
    labels: NDArray[np.int64] | None
    names: tuple[str, ...]
    notes: tuple[str, ...]


def read_folder(folder: Path, size: tuple[int, int] | None = None) -> Labelled:
    """Read all pictures of a folder as brightness, 0 to 1.

    Parameters
    ----------
    folder : Path
        A folder that holds pictures, or one subfolder of pictures for each class, which is named
        after it; classes are in natural order, 2 before 10. Hidden files, whose names begin with a
        dot, are left out.
    size : tuple of int, optional
        Rows and columns to which images are scaled; by default all must have the same size.

    Raises
    ------
    InputError
        With all problems found: no pictures, files that cannot be read, pictures both in the folder
        and in subfolders, different sizes, more pixels than `brightness.MAX_SET_PIXELS`.
    """
    where = str(folder)
    with told_as_damage(where, "a folder of pictures"):
        loose = _pictures_in(folder)
        found = {path.name: path for path in folder.iterdir() if _is_class(path)}
        classes = {name: _pictures_in(found[name]) for name in natural_order(found)}
    full = {name: paths for name, paths in classes.items() if paths}
    if loose and full:
        got = f"{len(loose)} pictures beside folders of others, such as {next(iter(full))!r}"
        raise InputError.single(where, got, "all in folders named by class, or none")
    if not loose and not full:
        got = "no pictures" + _contents(folder, list(found))
        expected = f"pictures ({', '.join(PICTURE_SUFFIXES)}), or a folder of them for each class"
        raise InputError.single(where, got, expected)
    empty = [name for name in classes if name not in full]
    images, notes = _read_all(loose or [path for paths in full.values() for path in paths], size)
    if loose:
        return Labelled(images, None, (), notes)
    if empty:
        listed = ", ".join(empty[:_MAX_LISTED])
        notes += (f"{where}: {len(empty)} folders without pictures are no classes: {listed}",)
    labels = np.repeat(np.arange(len(full)), [len(paths) for paths in full.values()])
    return Labelled(images, labels, tuple(full), notes)


def read_array(path: Path, size: tuple[int, int] | None = None) -> Labelled:
    """Read images from a NumPy file.

    Parameters
    ----------
    path : Path
        A ``.npy`` file of images, or a ``.npz`` file of `images` and, optionally, `labels` (whole
        numbers or text). Images have shape (image, row, column); `brightness` says what their
        numbers mean.
    size : tuple of int, optional
        Rows and columns to which images are scaled.

    Raises
    ------
    InputError
        With all problems found.
    """
    arrays = read_numpy(path, "images in a NumPy file, without pickled objects")
    if LONE not in arrays and "images" not in arrays:
        got = ", ".join(arrays) or "nothing"
        raise InputError.single(f"{path}: images", got, "an array named images")
    images, labels = arrays.get(LONE, arrays.get("images")), arrays.get("labels")
    assert images is not None
    brightness, notes = scaled(images, f"{path}: images")
    if size is not None and brightness.shape[1:] != size:
        brightness = np.stack([resized(image, size) for image in brightness])
    if labels is None:
        return Labelled(brightness, None, (), notes)
    numbers, names = class_numbers(labels, len(images), f"{path}: labels")
    return Labelled(brightness, numbers, names, notes)


def read_picture(
    path: Path, size: tuple[int, int], *, invert: bool = False
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Read one picture as binary pixels, and say which of them are known.

    Parameters
    ----------
    path : Path
        A picture of any size, which is averaged over areas; pixels of at least half brightness
        become 1. A pixel is unknown if more than half of it is clear (transparent).
    size : tuple of int
        Rows and columns.
    invert : bool
        Invert brightness, for dark strokes on bright paper.

    Returns
    -------
    pixels : ndarray of int8, shape (pixel,)
        0 or 1; without meaning for unknown pixels.
    known : ndarray of bool, shape (pixel,)

    Raises
    ------
    InputError
        If there is no such file, or it is no picture.
    """
    ink, share = decoded(path).parts(size)
    # Clear parts of a pixel do not count in its brightness.
    brightness = ink / np.maximum(share, 1e-9)
    pixels = (1 - brightness if invert else brightness) >= 0.5
    return pixels.astype(np.int8).ravel(), (share >= 0.5).ravel()


def _pictures_in(folder: Path) -> list[Path]:
    found = {
        path.name: path
        for path in folder.iterdir()
        if suffix_of(path) in PICTURE_SUFFIXES and not path.name.startswith(".")
    }
    return [found[name] for name in sorted(found)]


def _is_class(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _contents(folder: Path, folders: list[str]) -> str:
    """Say what a folder contains instead of pictures."""
    suffixes = Counter(suffix_of(path) or path.name for path in folder.iterdir() if path.is_file())
    parts = [f"{count} files {suffix}" for suffix, count in suffixes.most_common(3)]
    parts += [f"folders such as {folders[0]!r} without any directly in them"] if folders else []
    return f" ({'; '.join(parts)})" if parts else ""


def _read_all(
    paths: list[Path], size: tuple[int, int] | None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Read pictures of one size, or scale them to one; check all headers before any content."""
    problems: list[Problem] = []
    n_pixels = 0
    for path in paths:
        try:
            n_pixels += pixel_count(path) if size is None else size[0] * size[1]
        except InputError as error:
            problems += error.problems
    problems += size_problems(n_pixels, str(paths[0].parent))
    _raise_some(problems, paths)
    read = []
    for path in paths:
        try:
            read.append(decoded(path).parts(size))
        except InputError as error:
            problems += error.problems
    _raise_some(problems, paths)
    first = read[0][0].shape
    for path, (ink, _) in zip(paths, read, strict=True):
        if ink.shape != first:
            expected = f"{_pixels(first)} as {paths[0].name}; or a side"
            problems.append(Problem(str(path), _pixels(ink.shape), expected))
    _raise_some(problems, paths)
    return on_paper(np.stack([ink for ink, _ in read]), np.stack([share for _, share in read]))


def _raise_some(problems: list[Problem], paths: list[Path]) -> None:
    if len(problems) > _MAX_LISTED:
        more = Problem(str(paths[0].parent), f"{len(problems) - _MAX_LISTED} more", EXPECTED)
        problems = [*problems[:_MAX_LISTED], more]
    if problems:
        raise InputError(problems)


def _pixels(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape) + " pixels"
