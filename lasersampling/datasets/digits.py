"""Handwritten digits, 8 x 8 pixels, as scikit-learn ships them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, Problem

Binarise = Literal["threshold", "none"]

N_CLASSES = 10
_LARGEST_GREY = 16.0


@dataclass(frozen=True, eq=False)
class Digits:
    """Digits in a training and a test part.

    Attributes
    ----------
    train_images, test_images : ndarray of float64, shape (image, pixel)
        Values from 0 (paper) to 1 (ink), rows of pixels one after the other.
    train_labels, test_labels : ndarray of int64, shape (image,)
        0 to 9.
    shape : tuple of int
        Rows and columns of an image.
    """

    train_images: NDArray[np.float64]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float64]
    test_labels: NDArray[np.int64]
    shape: tuple[int, int]


def load_digits(
    *,
    binarise: Binarise = "threshold",
    threshold: float = 0.5,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Digits:
    """Load the 1,797 digits and split them, each class in the same proportion.

    Parameters
    ----------
    binarise : "threshold" or "none"
        Make pixels 0 and 1, or leave the 17 grey levels, divided by 16.
    threshold : float
        Pixels of at least this value become 1; between 0 and 1.
    test_fraction : float
        Share of the images in the test part; between 0 and 1.
    seed : int
        Of the split.

    Raises
    ------
    InputError
        With all problems found.

    References
    ----------
    Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository (1998), https://doi.org/10.24432/C50P49: the test part of that set, which
    scikit-learn distributes.
    """
    problems = integer_problems("seed", seed, 0)
    if binarise not in get_args(Binarise):
        problems.append(Problem("binarise", repr(binarise), '"threshold" or "none"'))
    for name, value in (("threshold", threshold), ("test_fraction", test_fraction)):
        problems += number_problems(name, value, 0, strict=True) or (
            [] if value < 1 else [Problem(name, repr(value), "a number below 1")]
        )
    if problems:
        raise InputError(problems)

    # Imported here, since scikit-learn takes a second to load.
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    bunch = datasets.load_digits()
    images = bunch.data / _LARGEST_GREY
    if binarise == "threshold":
        images = (images >= threshold).astype(np.float64)
    train_images, test_images, train_labels, test_labels = train_test_split(
        images,
        bunch.target.astype(np.int64),
        test_size=test_fraction,
        random_state=seed,
        stratify=bunch.target,
    )
    return Digits(train_images, train_labels, test_images, test_labels, (8, 8))


def label_units(labels: ArrayLike, n_classes: int = N_CLASSES) -> NDArray[np.int8]:
    """Turn class labels into the states of label units, one of which is 1.

    Parameters
    ----------
    labels : array_like of int, shape (...)
        0 to n_classes - 1.
    n_classes : int
        Number of label units.

    Returns
    -------
    ndarray of int8, shape (..., n_classes)

    Examples
    --------
    >>> label_units([2, 0], n_classes=3).tolist()
    [[0, 0, 1], [1, 0, 0]]
    """
    problems = integer_problems("n_classes", n_classes, 1)
    if problems:
        raise InputError(problems)
    array = np.asarray(labels)
    if array.dtype.kind not in "iu":
        raise InputError.single("labels", f"dtype {array.dtype}", "whole numbers")
    if array.size and (array.min() < 0 or array.max() >= n_classes):
        got = f"values from {array.min()} to {array.max()}"
        raise InputError.single("labels", got, f"0 to {n_classes - 1}")
    units: NDArray[np.int8] = np.equal(array[..., None], np.arange(n_classes)).astype(np.int8)
    return units
