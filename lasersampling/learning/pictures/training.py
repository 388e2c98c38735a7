"""Machines of pictures from images: a data set by its name, or arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from lasersampling.arrays import as_floats
from lasersampling.checks import integer_problems, kind_problems, refuse
from lasersampling.datasets.labels import class_numbers
from lasersampling.datasets.pictures import UNLABELLED, Pictures
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.pictures.models import PictureModel, describe_data
from lasersampling.learning.pictures.persistent_cd import train
from lasersampling.learning.pictures.settings import PictureLearning, PictureSettings

_DEFAULT = PictureLearning()


def train_images(
    images: ArrayLike | str | Path | PictureSettings | Pictures,
    labels: ArrayLike | None = None,
    settings: PictureLearning = _DEFAULT,
    *,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> PictureModel:
    """Train a machine that draws and completes images, with label units if there are labels.

    Parameters
    ----------
    images : array_like, str, path, PictureSettings or Pictures
        Images of shape (image, row, column), or (image, pixel) with one row after the other, which
        are taken as square if possible; values are from 0 to 1, intermediate ones being the
        probability of a pixel to be 1. Or a name or place as for `load_pictures`, its settings, or
        loaded pictures, of which the training part is used.
    labels : array_like, shape (image,), optional
        Whole numbers or text, for images that are given as an array.
    settings : PictureLearning
        Settings of the machine and of its learning.
    seed : int
        The same seed gives the same bits.
    progress, checkpoints
        See `learning.loop.train`.

    Returns
    -------
    PictureModel
        The machine, the shape of its images, the names of its classes, and its `history`.

    Raises
    ------
    InputError
        For images, labels or settings that do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.learning.pictures.settings import PictureLearning
    >>> from lasersampling.learning.pictures.training import train_images
    >>> bars = np.repeat(np.eye(3)[:, None].repeat(3, axis=1), 20, axis=0)  # upright, 3 x 3 pixels
    >>> names = np.repeat(["left", "middle", "right"], 20)
    >>> settings = PictureLearning(n_hidden=6, n_epochs=50, batch_size=20)
    >>> model = train_images(bars, names, settings, seed=1)
    >>> model.shape, model.class_names, model.machine.n_hidden
    ((3, 3), ('left', 'middle', 'right'), 6)
    >>> model.history.arrays()["moment_error"].shape
    (50,)
    """
    refuse(
        kind_problems("settings", settings, PictureLearning),
        integer_problems("seed", seed, 0),
    )
    data = None
    if isinstance(images, str | Path):
        images = PictureSettings(source=str(images))
    if isinstance(images, PictureSettings):
        data, images = images, images.load()
    if isinstance(images, Pictures):
        if labels is not None:
            expected = "none beside images that have their own (settings are given by name)"
            raise InputError.single("labels", type(labels).__name__, expected)
        pictures = images
    else:
        pictures = _of_arrays(images, labels)
    trained = train(
        pictures.train_images,
        pictures.train_labels if pictures.n_classes else None,
        settings,
        n_classes=max(1, pictures.n_classes),
        connectivity=settings.connectivity(pictures.shape, seed),
        seed=seed,
        progress=progress,
        checkpoints=checkpoints,
    )
    return PictureModel(
        "trained",
        trained.machine,
        pictures.shape,
        data,
        {"shape": list(pictures.shape)} if data is None else describe_data(data, pictures.shape),
        pictures.class_names,
        "" if data is not None else "it was trained on images that have no name",
        trained.history,
    )


def _of_arrays(images: ArrayLike, labels: ArrayLike | None) -> Pictures:
    """Put arrays of images and labels together; all of them are the training part."""
    pixels = as_floats(images, "images")
    if pixels.ndim not in (2, 3) or pixels.size == 0:
        expected = "shape (image, row, column) or (image, pixel)"
        raise InputError.single("images", f"shape {pixels.shape}", expected)
    shape = pixels.shape[1:]
    if pixels.ndim == 2:
        side = math.isqrt(pixels.shape[1])
        shape = (side, side) if side**2 == pixels.shape[1] else (1, pixels.shape[1])
    flat = pixels.reshape(len(pixels), -1)
    numbers, names = np.full(len(flat), UNLABELLED, dtype=np.int64), tuple[str, ...]()
    if labels is not None:
        numbers, names = class_numbers(labels, len(flat), "labels")
    none = np.empty((0, flat.shape[1])), np.empty(0, dtype=np.int64)
    return Pictures(flat, numbers, *none, (shape[0], shape[1]), names)
