"""Handwritten digits of 8 x 8 pixels, which scikit-learn ships."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import integer_problems
from lasersampling.datasets.labels import label_problems
from lasersampling.datasets.pictures import (
    Binarise,
    Pictures,
    binarise_problems,
    share_problems,
    split,
)
from lasersampling.errors import InputError

N_CLASSES = 10
_LARGEST_GREY = 16.0


def load_digits(
    *,
    binarise: Binarise = "threshold",
    threshold: float = 0.5,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Pictures:
    """Load the 1,797 digits and split them, with the same proportions of all classes.

    Parameters
    ----------
    binarise : "threshold", "drawn" or "none"
        Make pixels 0 and 1, or leave the 17 grey levels, divided by 16; see `Pictures.binarised`.
    threshold : float
        Pixels of at least this value become 1; between 0 and 1.
    test_fraction : float
        Share of the images in the test part; between 0 and 1.
    seed : int
        Seed of the split, and of pixels that are drawn.

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
    problems = [
        *integer_problems("seed", seed, 0),
        *binarise_problems(binarise),
        *share_problems("threshold", threshold),
        *share_problems("test_fraction", test_fraction),
    ]
    if problems:
        raise InputError(problems)

    # Imported here, since scikit-learn takes a second to load.
    from sklearn import datasets

    bunch = datasets.load_digits()
    grey = bunch.data / _LARGEST_GREY
    pictures = split(
        grey, bunch.target.astype(np.int64), (8, 8), test_size=test_fraction, seed=seed
    )
    return pictures.binarised(binarise, threshold=threshold, seed=seed)


def label_units(labels: ArrayLike, n_classes: int = N_CLASSES) -> NDArray[np.int8]:
    """Turn class labels into the states of label units, one of which is 1.

    Parameters
    ----------
    labels : array_like of int, shape (...)
        Classes, 0 to n_classes - 1.
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
    problems = label_problems(labels, n_classes)
    if problems:
        raise InputError(problems)
    array = np.asarray(labels)
    units: NDArray[np.int8] = np.equal(array[..., None], np.arange(n_classes)).astype(np.int8)
    return units
