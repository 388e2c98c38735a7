"""What a machine of pictures has learned, apart from any device: recognition and images."""

from __future__ import annotations

import numpy as np

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.recognition import label_posterior
from lasersampling.datasets.pictures import Pictures
from lasersampling.judging.generation import generate_images
from lasersampling.judging.images import GeneratedImages, compare_images
from lasersampling.learning.pictures.label_reader import train_label_reader
from lasersampling.results.contents import Metric
from lasersampling.sampling.gibbs import Gibbs


def recognition_metric(machine: BoltzmannMachine, pictures: Pictures) -> Metric:
    """Fraction of held-out images, made binary, whose label has the largest posterior.

    The standard error is taken over images.
    """
    held_out = pictures.binarised("threshold")
    right = label_posterior(machine, held_out.test_images).argmax(axis=1) == held_out.test_labels
    about = "held-out images recognised by label posterior"
    if len(right) < 2:
        reason = "a single image says nothing of the scatter over images"
        return Metric(float(right.mean()), None, "1", about, reason=reason)
    error = right.std(ddof=1) / np.sqrt(len(right))
    return Metric(float(right.mean()), float(error), "1", about)


def judge_machine(
    machine: BoltzmannMachine,
    pictures: Pictures,
    *,
    images_per_label: int = 10,
    n_draws: int = 20,
    burn_in: int = 1000,
    thin: int = 10,
    seed: int = 0,
) -> tuple[dict[str, Metric], GeneratedImages]:
    """Measure a machine by Gibbs sampling and by its label posterior.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine.
    pictures : Pictures
        The pictures on which it was trained.
    images_per_label, n_draws, burn_in, thin : int
        Number of chains for each label, with as many free ones as there are labels; draws of each
        chain; sweeps before the first draw and between draws.
    seed : int
        Seed of the sampling.

    Returns
    -------
    metrics : dict of str to Metric
        ``recognition``; ``label_accuracy_gibbs``, ``covered_classes_gibbs`` and
        ``label_accuracy_data`` of `compare_images`. Empty for images without labels.
    images : GeneratedImages
        The images that were drawn.
    """
    found = generate_images(
        Gibbs(burn_in=burn_in, thin=thin),
        machine,
        n_draws,
        images_per_label=images_per_label,
        free_images=max(10, machine.n_label),
        seed=seed,
    )
    if machine.n_label == 0:
        return {}, found
    reader = train_label_reader(pictures.binarised("threshold"))
    metrics = {"recognition": recognition_metric(machine, pictures)}
    return metrics | compare_images(machine, {"gibbs": found}, reader), found
