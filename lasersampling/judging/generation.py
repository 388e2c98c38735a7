"""Drawing images from a machine with any sampler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.checks import integer_problems, memory_problems
from lasersampling.datasets.digits import label_units
from lasersampling.errors import InputError, Problem
from lasersampling.judging.images import GeneratedImages
from lasersampling.sampling.protocol import BYTES_PER_CHAIN, Progress, Sampler


def generate_images(
    sampler: Sampler,
    machine: BoltzmannMachine,
    n_draws: int,
    *,
    images_per_label: int,
    free_images: int,
    labels: Sequence[int] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> GeneratedImages:
    """Draw images with one chain each: equally many for each clamped label, and free ones.

    Parameters
    ----------
    sampler : Sampler
        The sampler.
    machine : BoltzmannMachine
        A machine of images.
    n_draws : int
        Draws per chain.
    images_per_label, free_images : int
        Numbers of chains for each label, and without a label.
    labels : sequence of int, optional
        The labels; all by default.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with the fraction of the work done.

    Raises
    ------
    InputError
        For labels that the machine does not have, or if nothing is to be drawn.
    """
    clamped, given = label_conditions(
        machine, images_per_label=images_per_label, free_images=free_images, labels=labels
    )
    samples = sampler.sample(
        machine, n_draws, n_chains=len(clamped), clamped=clamped, seed=seed, progress=progress
    )
    return GeneratedImages(samples, given)


def label_conditions(
    machine: BoltzmannMachine,
    *,
    images_per_label: int,
    free_images: int,
    labels: Sequence[int] | None = None,
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Say how the units of each chain are held when images are generated.

    Parameters
    ----------
    machine : BoltzmannMachine
        A machine of images.
    images_per_label, free_images : int
        Numbers of chains for each label, and without a label.
    labels : sequence of int, optional
        The labels; all by default.

    Returns
    -------
    clamped : ndarray of int8, shape (chain, unit)
        -1 for a free unit, 0 or 1 for a held one. Lasers should be adapted under these conditions.
    given : ndarray of int64, shape (chain,)
        Label of each chain, -1 for chains without one.

    Raises
    ------
    InputError
        For labels that the machine does not have, or if nothing is to be drawn.
    """
    wanted = tuple(range(machine.n_label)) if labels is None else tuple(labels)
    problems = [
        *integer_problems("images_per_label", images_per_label, 1),
        *integer_problems("free_images", free_images, 0),
    ]
    for label in wanted:
        if not 0 <= label < machine.n_label:
            has = (
                f"0 to {machine.n_label - 1}" if machine.n_label else "none: it has no label units"
            )
            problems.append(Problem("label", repr(label), has))
    if not problems and not wanted and not free_images:
        problems.append(Problem("free_images", "0", "at least 1, as there are no labels"))
    if problems:
        raise InputError(problems)
    shape = (len(wanted) * images_per_label + free_images, machine.n_units)
    problems = memory_problems("images_per_label, free_images", shape, 1, per_row=BYTES_PER_CHAIN)
    if problems:
        raise InputError(problems)
    given = np.repeat(np.array(wanted, dtype=np.int64), images_per_label)
    clamped = np.full((given.size + free_images, machine.n_units), FREE, dtype=np.int8)
    if given.size:
        clamped[: given.size, machine.label] = label_units(given, machine.n_label)
    return clamped, np.append(given, np.full(free_images, FREE))
