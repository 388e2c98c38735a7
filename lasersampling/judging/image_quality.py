"""Quality of sampled images, measure by measure, over sampling time, compared between samplers.

Every chain gives one image at a time, so at any time the images of all chains are independent, and
every standard error is taken over chains. Chains with a clamped label are judged by the images that
they show, free chains by the classes that they visit. If two samplers use the same machine,
differences are due to the samplers and not to learning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.partition import LogPartition, log_probability
from lasersampling.datasets.digits import label_units
from lasersampling.datasets.pictures import Pictures
from lasersampling.errors import InputError
from lasersampling.judging.images import GeneratedImages
from lasersampling.learning.pictures.label_reader import LabelReader
from lasersampling.results.contents import Metric
from lasersampling.statistics.jackknife import jackknife_error
from lasersampling.statistics.modes import mode_visits
from lasersampling.statistics.neighbours import adversarial_accuracy, nearest

MEASURES = {
    "label_accuracy": "clamped label read by a classifier",
    "log_probability": "log probability of image and clamped label under the machine, nats",
    "adversarial_accuracy": "adversarial accuracy of nearest neighbours against training images",
    "mean_error": "rms difference of pixel means from training images, over labels",
    "correlation_error": "rms difference of pixel covariances from training images, all labels",
    "neighbour_distance": "pixels that differ from the nearest training image",
    "effective_classes": "exp of the entropy of the classes that free chains show",
    "switches_per_read": "changes of class from one reading of a free chain to the next",
}
"""Each measure, with its description."""

_GROUPS = 20
"""Groups of chains that are left out in turn, for measures that are not means over chains."""


@dataclass(frozen=True, eq=False)
class ImageJudge:
    """Judges images of one machine: the training images, the classifier, and log Z.

    Attributes
    ----------
    machine : BoltzmannMachine
        A machine with label units.
    pictures : Pictures
        The images on which it was trained, binary.
    reader : LabelReader
        A classifier that never saw generated images.
    partition : LogPartition
        Partition function of the machine.
    """

    machine: BoltzmannMachine
    pictures: Pictures
    reader: LabelReader
    partition: LogPartition

    def __post_init__(self) -> None:
        pixels = self.pictures.train_images
        if not ((pixels == 0) | (pixels == 1)).all():
            raise InputError.single("pictures", "grey levels", "binary images; see `binarised`")
        if self.machine.n_label != self.pictures.n_classes or self.machine.n_label == 0:
            got = f"{self.machine.n_label} label units"
            raise InputError.single("machine", got, f"{self.pictures.n_classes}, one per class")

    def measures(self, found: GeneratedImages, draws: Sequence[int]) -> dict[str, Metric]:
        """Measure images at several draws, and average the measures over draws.

        Parameters
        ----------
        found : GeneratedImages
            Images of one sampler: equally many chains, at least two, for each of some labels, and
            at least two free chains.
        draws : sequence of int
            Draws at which images are measured, far apart rather than many.

        Returns
        -------
        dict of str to Metric
            Metrics by the names of `MEASURES`. Chains, and pairs of neighbours, are taken as
            independent; draws of one chain are not.

        Raises
        ------
        InputError
            If there are too few chains.
        """
        given = found.labels != FREE
        labels = found.labels[given]
        if min(np.unique(labels, return_counts=True)[1], default=0) < 2 or (~given).sum() < 2:
            expected = "at least 2 chains for each label and 2 free ones"
            raise InputError.single("found", f"chains of labels {found.labels.tolist()}", expected)
        taken = found.samples.states[:, list(draws)][:, :, self.machine.visible]
        images = taken[given].astype(np.float64)
        data = self._data_like(labels)
        right = self.reader.read(images) == labels[:, None]
        units = label_units(labels, self.machine.n_label)
        logs = np.stack(
            [
                log_probability(self.machine, np.hstack([now, units]), self.partition)
                for now in images.swapaxes(0, 1)
            ],
            axis=1,
        )
        distance = np.stack(
            [
                nearest(now, self.pictures.train_images).distance ** 2
                for now in images.swapaxes(0, 1)
            ],
            axis=1,
        )
        told = [adversarial_accuracy(now, data) for now in images.swapaxes(0, 1)]
        free = self.reader.read(taken[~given])
        classes = np.searchsorted(np.unique(self.pictures.train_labels), free)
        visits = mode_visits(classes, self.pictures.n_classes)
        values = {
            "label_accuracy": _over_chains(right),
            "log_probability": _over_chains(logs),
            "adversarial_accuracy": (
                float(np.mean([one.value for one in told])),
                float(np.mean([one.standard_error for one in told])),
            ),
            "mean_error": self._moment_error(images, labels, self._mean_error),
            "correlation_error": self._moment_error(images, labels, self._correlation_error),
            "neighbour_distance": _over_chains(distance),
            "effective_classes": (visits.effective, visits.effective_se),
        }
        if len(draws) > 1:
            values["switches_per_read"] = visits.switch_rate, visits.switch_rate_se
        return {
            name: Metric(value, error, "1", MEASURES[name])
            for name, (value, error) in values.items()
        }

    def held_out(self) -> dict[str, Metric]:
        """The same measures for held-out images, which show the best that samples can reach.

        Moments are compared with those of the training images, as for samples, and the adversarial
        accuracy is that of equally many training images.
        """
        images, labels = self.pictures.test_images, self.pictures.test_labels
        right = self.reader.read(images) == labels
        units = label_units(labels, self.machine.n_label)
        logs = log_probability(self.machine, np.hstack([images, units]), self.partition)
        told = adversarial_accuracy(images, self._data_like(labels))
        distance = nearest(images, self.pictures.train_images).distance ** 2
        single = images[:, None]
        values = {
            "label_accuracy": _over_chains(right[:, None]),
            "log_probability": _over_chains(logs[:, None]),
            "adversarial_accuracy": (told.value, told.standard_error),
            "mean_error": self._moment_error(single, labels, self._mean_error),
            "correlation_error": self._moment_error(single, labels, self._correlation_error),
            "neighbour_distance": _over_chains(distance[:, None]),
        }
        return {
            name: Metric(value, error, "1", MEASURES[name])
            for name, (value, error) in values.items()
        }

    def _data_like(self, labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Training images with these labels, without repetition while there are enough."""
        known = self.pictures.train_labels
        chosen = np.empty(len(labels), dtype=np.int64)
        for label in np.unique(labels):
            places = np.flatnonzero(labels == label)
            own = np.flatnonzero(known == label)
            if len(own) < len(places):
                got = f"{len(places)} images of label {label}"
                raise InputError.single("found", got, f"at most {len(own)}, as many as training")
            chosen[places] = own[: len(places)]
        images: NDArray[np.float64] = self.pictures.train_images[chosen]
        return images

    def _moment_error(
        self,
        images: NDArray[np.float64],
        labels: NDArray[np.int64],
        measure: Callable[[NDArray[np.float64], NDArray[np.int64]], float],
    ) -> tuple[float, float]:
        """Measure all chains; its error comes from leaving out groups of chains."""
        value = measure(images, labels)
        # Each group has chains of all labels.
        fewest = int(np.unique(labels, return_counts=True)[1].min())
        group = np.empty(len(labels), dtype=np.int64)
        group[np.argsort(labels, kind="stable")] = np.arange(len(labels)) % min(_GROUPS, fewest)
        left = [measure(images[group != g], labels[group != g]) for g in range(group.max() + 1)]
        return value, float(jackknife_error(left))

    def _mean_error(self, images: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
        known = self.pictures.train_labels
        squares = [
            (
                images[labels == y].mean(axis=(0, 1))
                - self.pictures.train_images[known == y].mean(axis=0)
            )
            ** 2
            for y in np.unique(labels)
        ]
        return math.sqrt(float(np.mean(squares)))

    def _correlation_error(self, images: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
        """Covariances of a mixture that has each label as often as `labels` have it."""
        known = np.isin(self.pictures.train_labels, labels)
        data = _covariance(self.pictures.train_images[known])
        drawn = _covariance(images.reshape(-1, images.shape[-1]))
        pairs = np.triu_indices(len(data), k=1)
        return math.sqrt(float(np.mean((drawn[pairs] - data[pairs]) ** 2)))


def quality_over_time(
    judge: ImageJudge, found: GeneratedImages, draws: Sequence[int]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Measure the images of each of some draws: values and standard errors, both (draw,)."""
    single = [judge.measures(found, [draw]) for draw in draws]
    return {
        name: (
            np.array([one[name].value for one in single]),
            np.array([one[name].standard_error for one in single]),
        )
        for name in single[0]
    }


def ratios(measures: dict[str, Metric], reference: dict[str, Metric]) -> dict[str, Metric]:
    """Divide each measure by that of a reference sampler, and propagate both errors.

    Parameters
    ----------
    measures, reference : dict of str to Metric
        Measures by name, as `ImageJudge.measures` gives them; measures that are zero or unknown in
        the reference are left out.
    """
    found = {}
    for name, metric in measures.items():
        base = reference.get(name)
        if base is None or base.value == 0:
            continue
        ratio = metric.value / base.value
        parts = [
            (one.standard_error or 0.0) / one.value if one.value else 0.0 for one in (metric, base)
        ]
        found[name] = Metric(
            ratio,
            abs(ratio) * math.hypot(*parts),
            "1",
            f"{metric.description}, divided by that of Gibbs sampling",
        )
    return found


def _over_chains(values: NDArray[np.float64] | NDArray[np.bool_]) -> tuple[float, float]:
    """Mean of (chain, draw) and its standard error over chains."""
    per_chain = values.mean(axis=1)
    return float(per_chain.mean()), float(per_chain.std(ddof=1) / math.sqrt(len(per_chain)))


def _covariance(images: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation = images - images.mean(axis=0)
    covariance: NDArray[np.float64] = deviation.T @ deviation / len(images)
    return covariance
