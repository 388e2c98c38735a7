"""A classifier that reads the labels of generated images, to judge them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.svm import SVC

from lasersampling.arrays import as_floats
from lasersampling.datasets.pictures import Pictures
from lasersampling.errors import InputError

_MARGIN_PENALTY = 5.0
"""C of the support-vector classifier, from cross-validation within the training part."""


@dataclass(frozen=True, eq=False)
class LabelReader:
    """A classifier of images that has seen the training part only.

    Attributes
    ----------
    classifier : SVC
        Support-vector classifier with Gaussian kernel.
    test_accuracy : float
        Fraction of correct labels in the test part.
    """

    classifier: SVC
    test_accuracy: float

    def read(self, images: ArrayLike) -> NDArray[np.int64]:
        """Label images of shape (..., pixel); the result has the shape (...)."""
        pixels = as_floats(images, "images")
        n_pixels = self.classifier.n_features_in_
        if pixels.ndim == 0 or pixels.shape[-1] != n_pixels:
            expected = f"shape (..., {n_pixels})"
            raise InputError.single("images", f"shape {pixels.shape}", expected)
        labels: NDArray[np.int64] = self.classifier.predict(pixels.reshape(-1, n_pixels))
        return labels.reshape(pixels.shape[:-1])

    def agreement(self, images: ArrayLike, labels: ArrayLike) -> float:
        """Fraction of images that are read as their labels."""
        return float((self.read(images) == np.asarray(labels)).mean())


def train_label_reader(pictures: Pictures) -> LabelReader:
    """Train a classifier on the training part and measure it on the test part.

    Images that are read later should be of the same kind: binary, if `pictures` are.
    """
    classifier = SVC(C=_MARGIN_PENALTY, gamma="scale")
    classifier.fit(pictures.train_images, pictures.train_labels)
    accuracy = float(classifier.score(pictures.test_images, pictures.test_labels))
    return LabelReader(classifier, accuracy)
