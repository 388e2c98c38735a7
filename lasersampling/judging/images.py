"""How good generated images are, and how closely two samplers of one machine agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.learning.pictures.label_reader import LabelReader
from lasersampling.results.contents import Metric
from lasersampling.results.records import write_images
from lasersampling.results.store import ResultsFile
from lasersampling.sampling.protocol import Samples

FREE = -1
"""Label of an image that was drawn without a given label."""

_READINGS_PER_CHAIN = 20


@dataclass(frozen=True, eq=False)
class GeneratedImages:
    """Images of one sampler: chains with a clamped label, and free ones.

    Attributes
    ----------
    samples : Samples
        One chain per image.
    labels : ndarray of int, shape (chain,)
        Clamped label of each chain, -1 for free ones.
    """

    samples: Samples
    labels: NDArray[np.int64]

    def images(
        self, machine: BoltzmannMachine, shape: tuple[int, int], n_draws: int
    ) -> NDArray[np.float64]:
        """Give each chain's image: the mean of its last draws, shape (chain, row, column)."""
        last: NDArray[np.float64] = self.samples.states[:, -n_draws:, machine.visible].mean(axis=1)
        return last.reshape(-1, *shape)

    def pixel_means(self, machine: BoltzmannMachine, label: int) -> NDArray[np.float64]:
        """Mean of each pixel over all draws of the chains with a label, shape (pixel,)."""
        chosen = self.samples.states[self.labels == label][:, :, machine.visible]
        mean: NDArray[np.float64] = chosen.mean(axis=(0, 1), dtype=np.float64)
        return mean

    def label_accuracy(self, machine: BoltzmannMachine, reader: LabelReader) -> Metric:
        """Fraction of single draws that a classifier reads as the clamped label.

        The standard error is taken over chains, which are independent.
        """
        given = self.labels != FREE
        states = self.samples.states[given][:, :, machine.visible]
        draws = np.unique(np.linspace(0, states.shape[1] - 1, _READINGS_PER_CHAIN).astype(int))
        right = reader.read(states[:, draws]) == self.labels[given, None]
        per_chain = right.mean(axis=1)
        about = "clamped label read by a classifier"
        if len(per_chain) < 2:
            reason = "a single chain says nothing of the scatter over chains"
            return Metric(float(per_chain.mean()), None, "1", about, reason=reason)
        error = per_chain.std(ddof=1) / np.sqrt(len(per_chain))
        return Metric(float(per_chain.mean()), float(error), "1", about)

    def covered_classes(self, machine: BoltzmannMachine, reader: LabelReader) -> int:
        """Count the classes that a classifier reads in the last draws of the free chains."""
        states = self.samples.states[self.labels == FREE][:, -1, machine.visible]
        return len(np.unique(reader.read(states))) if len(states) else 0


def pixel_mean_error(
    machine: BoltzmannMachine, one: GeneratedImages, other: GeneratedImages, label: int
) -> float:
    """Mean absolute difference of the pixel means of two samplers for one label (-1: free)."""
    difference = one.pixel_means(machine, label) - other.pixel_means(machine, label)
    return float(np.abs(difference).mean())


def compare_images(
    machine: BoltzmannMachine, found: dict[str, GeneratedImages], reader: LabelReader | None
) -> dict[str, Metric]:
    """Figures of merit of images of several samplers, compared with those of the first.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine that all of them sampled.
    found : dict of str to GeneratedImages
        Images by name of the sampler; the reference comes first.
    reader : LabelReader or None
        Classifier that was not trained on generated images; None if labels cannot be judged.

    Returns
    -------
    dict of str to Metric
        ``label_accuracy_<name>`` for images with a label, ``covered_classes_<name>`` for free ones,
        and for all samplers but the first ``pixel_mean_error_<name>`` (mean over the clamped
        labels, with its standard error over them) and ``pixel_mean_error_free_<name>``;
        ``label_accuracy_data`` for held-out images.
    """
    metrics = {}
    if reader is not None:
        metrics["label_accuracy_data"] = Metric(
            reader.test_accuracy, None, "1", "labels of held-out images read by the classifier"
        )
    reference = next(iter(found.values()))
    for name, images in found.items():
        given = sorted(set(images.labels.tolist()) - {FREE})
        if reader is not None and given:
            metrics[f"label_accuracy_{name}"] = images.label_accuracy(machine, reader)
        if reader is not None and FREE in images.labels:
            metrics[f"covered_classes_{name}"] = Metric(
                images.covered_classes(machine, reader), None, "1", "classes among free images"
            )
        if images is reference:
            continue
        errors = np.array([pixel_mean_error(machine, images, reference, y) for y in given])
        if given:
            spread = float(errors.std(ddof=1) / np.sqrt(errors.size)) if len(given) > 1 else None
            metrics[f"pixel_mean_error_{name}"] = Metric(
                float(errors.mean()), spread, "1",
                "mean absolute difference of pixel means, labels clamped",
            )  # fmt: skip
        if FREE in images.labels:
            metrics[f"pixel_mean_error_free_{name}"] = Metric(
                pixel_mean_error(machine, images, reference, FREE), None, "1",
                "mean absolute difference of pixel means, free",
            )  # fmt: skip
    return metrics


def write_generated(
    file: ResultsFile,
    machine: BoltzmannMachine,
    found: dict[str, GeneratedImages],
    shape: tuple[int, int],
    n_draws: int,
) -> None:
    """Write the images of each sampler, which are means of the last `n_draws`, to ``/images``."""
    for name, images in found.items():
        write_images(file, name, images.images(machine, shape, n_draws), images.labels)
