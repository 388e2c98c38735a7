"""Recognition with any sampler: pixels are clamped, label units are observed over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array
from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems, memory_problems, refuse
from lasersampling.datasets.labels import label_problems
from lasersampling.errors import InputError
from lasersampling.sampling.arguments import sampler_problems
from lasersampling.sampling.protocol import BYTES_PER_CHAIN, Progress, Sampler


@dataclass(frozen=True, eq=False)
class Recognition:
    """Activity of label units while images were shown.

    Attributes
    ----------
    activity : ndarray of float64, shape (image, draw, label)
        Mean of each label unit over all draws up to this one, and over the chains of the image [1].
    interval_ns : float or None
        Time between draws, for samplers that run in time.
    """

    activity: NDArray[np.float64]
    interval_ns: float | None

    @property
    def labels(self) -> NDArray[np.int64]:
        """Label that was most active over all draws, shape (image,)."""
        labels: NDArray[np.int64] = self.activity[:, -1].argmax(axis=1)
        return labels

    def scores(self, labels: ArrayLike) -> NDArray[np.float64]:
        """Whether the most active label after each draw is correct, shape (image, draw).

        If n labels are equally active and one is correct, it counts 1/n, as guessing would give.
        """
        true = as_array(labels, "labels")
        if true.shape != (len(self.activity),):
            expected = f"whole numbers of shape ({len(self.activity)},)"
            raise InputError.single("labels", f"{true.dtype} of shape {true.shape}", expected)
        problems = label_problems(true, self.activity.shape[2])
        if problems:
            raise InputError(problems)
        most = self.activity == self.activity.max(axis=2, keepdims=True)
        right = np.take_along_axis(most, true[:, None, None], axis=2)[:, :, 0]
        scores: NDArray[np.float64] = right / most.sum(axis=2)
        return scores

    def accuracy(self, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean score after each draw and its standard error over images, both (draw,)."""
        scores = self.scores(labels)
        error = scores.std(axis=0, ddof=1) / np.sqrt(len(scores))
        return scores.mean(axis=0), error


def recognise(
    sampler: Sampler,
    machine: AnyMachine,
    images: ArrayLike,
    *,
    n_draws: int,
    n_chains: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Recognition:
    """Show images to a machine and observe its label units.

    Time counts from the end of the sampler's burn-in; without burn-in, the first draws show how a
    decision builds up.

    Parameters
    ----------
    sampler : Sampler
        The sampler.
    machine : BoltzmannMachine or RestrictedMachine
        A machine with label units.
    images : array_like of 0 and 1, shape (image, visible)
        Images, which are shown by clamping.
    n_draws : int
        Draws per chain.
    n_chains : int
        Number of networks that look at each image.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with the fraction of the work done.

    Raises
    ------
    InputError
        With all problems found.
    """
    machine, pixels = as_machine(machine), as_array(images, "images")
    refuse(
        sampler_problems(sampler),
        integer_problems("n_draws", n_draws, 1),
        integer_problems("n_chains", n_chains, 1),
        integer_problems("seed", seed, 0),
    )
    if machine.n_label == 0:
        raise InputError.single("machine", "no label units", "at least one")
    if pixels.ndim != 2 or len(pixels) == 0 or pixels.shape[1] != machine.n_visible:
        expected = f"shape (image, {machine.n_visible})"
        raise InputError.single("images", f"shape {pixels.shape}", expected)
    if not ((pixels == 0) | (pixels == 1)).all():
        raise InputError.single("images", "grey levels", "0 and 1, since pixels are clamped")
    size = n_chains * len(pixels), n_draws, machine.n_units
    refuse(memory_problems("n_chains x n_draws", size, 1, per_row=BYTES_PER_CHAIN))
    clamped = np.full((len(pixels), machine.n_units), FREE, dtype=np.int8)
    clamped[:, machine.visible] = pixels
    samples = sampler.sample(
        machine,
        n_draws,
        n_chains=n_chains * len(pixels),
        clamped=np.repeat(clamped, n_chains, axis=0),
        seed=seed,
        progress=progress,
    )
    states = samples.states[:, :, machine.label]
    shape = len(pixels), n_chains, n_draws, machine.n_label
    summed = states.reshape(shape).sum(axis=1, dtype=np.int64).cumsum(axis=1)
    activity = summed / (n_chains * np.arange(1, n_draws + 1)[:, None])
    return Recognition(activity, samples.interval_ns)
