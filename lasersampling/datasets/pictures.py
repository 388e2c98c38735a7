"""Images to learn from: training and test part, labels, binarisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import integer_problems, number_problems
from lasersampling.datasets.labels import label_problems
from lasersampling.errors import InputError, Problem

Binarise = Literal["threshold", "drawn", "none"]

UNLABELLED = -1
"""Label of an image that has none."""

DIGIT_NAMES = tuple(str(digit) for digit in range(10))

_FEWEST = 2
"""Fewest images of a class, so that both parts can have one."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images in a training and a test part.

    Attributes
    ----------
    train_images, test_images : ndarray of float64, shape (image, pixel)
        Values from 0 to 1, rows of pixels one after the other.
    train_labels, test_labels : ndarray of int64, shape (image,)
        Number of the class, -1 for images without labels.
    shape : tuple of int
        Rows and columns of an image.
    class_names : tuple of str
        Names of the classes; empty for images without labels.
    notes : tuple of str
        Remarks for the user on how the images were read: which value counts as full brightness, on
        which paper clear parts were laid, whether most pixels are bright.

    Raises
    ------
    InputError
        If labels are not the numbers of classes, or the training part lacks a class.
    """

    train_images: NDArray[np.float64]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float64]
    test_labels: NDArray[np.int64]
    shape: tuple[int, int]
    class_names: tuple[str, ...] = DIGIT_NAMES
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = []
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            if np.shape(labels) != (len(images),):
                got = f"shape {np.shape(labels)}"
                expected = f"({len(images)},), one for each image"
                problems.append(Problem(f"{part}_labels", got, expected))
            elif self.class_names:
                problems += label_problems(labels, self.n_classes, f"{part}_labels")
        if problems:
            raise InputError(problems)

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for images without labels."""
        return len(self.class_names)

    def binarised(
        self, binarise: Binarise = "threshold", *, threshold: float = 0.5, seed: int = 0
    ) -> Pictures:
        """Make pixels 0 and 1.

        Parameters
        ----------
        binarise : "threshold", "drawn" or "none"
            With "threshold", pixels of at least `threshold` become 1. With "drawn", each pixel is
            drawn once, with its grey level as the probability of 1. With "none", grey levels stay,
            as probabilities from which pixels are drawn anew whenever an image is used.
        threshold : float
            A number between 0 and 1.
        seed : int
            Seed of the drawing.

        Raises
        ------
        InputError
            With all problems found.
        """
        problems = [
            *binarise_problems(binarise),
            *share_problems("threshold", threshold),
            *integer_problems("seed", seed, 0),
        ]
        if problems:
            raise InputError(problems)
        if binarise == "none":
            return self
        generator = np.random.default_rng(seed)
        parts = {}
        for name in ("train_images", "test_images"):
            grey = getattr(self, name)
            least = threshold if binarise == "threshold" else 1 - generator.random(grey.shape)
            parts[name] = (grey >= least).astype(np.float64)
        return dataclasses.replace(self, **parts)


def split(
    images: NDArray[np.float64],
    labels: NDArray[np.int64] | None,
    shape: tuple[int, int],
    class_names: Sequence[str] = DIGIT_NAMES,
    *,
    test_size: float,
    seed: int,
    where: str = "images",
) -> Pictures:
    """Split images into a training and a test part, with the same proportions of all classes.

    Parameters
    ----------
    images : ndarray, shape (image, pixel)
        Values from 0 to 1.
    labels : ndarray of int, shape (image,), optional
        Numbers of the classes.
    shape : tuple of int
        Rows and columns.
    class_names : sequence of str
        Names of the classes, if there are labels.
    test_size : float or int
        Share of the images in the test part; a whole number is their number.
    seed : int
        Seed of the split.
    where : str
        What the images are called in error messages.

    Raises
    ------
    InputError
        If there are too few images to split.
    """
    counts = np.array([len(images)]) if labels is None else np.bincount(labels)
    problems = [
        Problem(where, f"{count} images" + _of(class_names, k, labels), f"at least {_FEWEST}")
        for k, count in enumerate(counts)
        if count < _FEWEST
    ]
    if problems:
        raise InputError(problems)

    # Imported here, since scikit-learn takes a second to load.
    from sklearn.model_selection import train_test_split

    numbers = np.full(len(images), UNLABELLED, dtype=np.int64) if labels is None else labels
    try:
        train, test, train_labels, test_labels = train_test_split(
            images,
            np.asarray(numbers, dtype=np.int64),
            test_size=test_size,
            random_state=seed,
            stratify=labels,
        )
    except ValueError:
        expected = "so many that both parts have some of each class"
        raise InputError.single(where, f"{len(images)} images", expected) from None
    names = () if labels is None else tuple(class_names)
    return Pictures(train, train_labels, test, test_labels, shape, names)


def binarise_problems(binarise: object) -> list[Problem]:
    """Check the name of a binarisation."""
    if isinstance(binarise, str) and binarise in get_args(Binarise):
        return []
    names = ", ".join(f'"{name}"' for name in get_args(Binarise))
    return [Problem("binarise", repr(binarise), f"one of {names}")]


def share_problems(name: str, value: object) -> list[Problem]:
    """Check a number between 0 and 1, both excluded."""
    problems = number_problems(name, value, 0, strict=True)
    if not problems and not value < 1:  # type: ignore[operator]
        problems.append(Problem(name, repr(value), "a number below 1"))
    return problems


def _of(names: Sequence[str], k: int, labels: NDArray[np.int64] | None) -> str:
    return "" if labels is None else f" of class {names[k]!r}"
