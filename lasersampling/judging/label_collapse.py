"""Whether generated images show the labels that were asked for, and are diverse enough.

A sampler can fail at images in ways that a mean over all labels hides: one class is hardly ever
drawn, or all images of a class are alike. Other samplers are compared with Gibbs sampling of the
same machine, by an exact test of two proportions, since there are few chains.

References
----------
R. A. Fisher, Statistical Methods for Research Workers (1934), section 21.02 (the exact test).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.errors import InputError
from lasersampling.judging.images import FREE, GeneratedImages
from lasersampling.learning.pictures.label_reader import LabelReader

_FEWEST_RIGHT = 0.5
"""A label is taken as lost if a smaller fraction of the chains with this label show it."""

_SIGNIFICANT = 0.01
_FEWEST_CHAINS = 4
_LEAST_VARIETY = 0.5
"""Least distance between images, as a fraction of that of the reference."""

REMEDY = (
    "More time before the first draw (burn_in_ns), tempering of pumps and couplings, or "
    "more draws of the adaptation (adaptation_rounds, adaptation_draws) may help; where Gibbs "
    "sampling fails too, the machine must be trained longer."
)


def collapsed_labels(
    machine: BoltzmannMachine,
    found: dict[str, GeneratedImages],
    reader: LabelReader | None,
    class_names: Sequence[str] = (),
) -> list[str]:
    """Say what is lost: labels that are hardly ever drawn, classes, or diversity.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine that all of them sampled.
    found : dict of str to GeneratedImages
        Images by name of the sampler; the reference comes first.
    reader : LabelReader or None
        Classifier that was not trained on generated images; without it only diversity is judged.
    class_names : sequence of str
        Names of the labels; their numbers by default.

    Returns
    -------
    list of str
        A sentence for each loss; none if all is well.
    """
    told: list[str] = []
    reference = next(iter(found))
    for name, images in found.items():
        for label in sorted(set(images.labels.tolist())):
            if reader is not None and label != FREE:
                told += _label(machine, found, reader, name, label, class_names)
            elif reader is not None and name != reference:
                told += _free(machine, found, reader, name, class_names)
            if name != reference:
                told += _variety(machine, found, name, label, class_names)
    return told


def image_variety(machine: BoltzmannMachine, images: GeneratedImages, label: int) -> float:
    """Mean number of pixels in which the last draws of two chains of a label differ.

    Parameters
    ----------
    machine : BoltzmannMachine
        The machine that was sampled.
    images : GeneratedImages
        Images with at least two chains of this label.
    label : int
        The label; -1 for chains without one.

    Raises
    ------
    InputError
        For fewer than two such chains.
    """
    pixels = _last(machine, images, label).astype(np.float64)
    n, ones = len(pixels), pixels.sum(axis=0)
    if n < 2:
        raise InputError.single("images", f"{n} chains of label {label}", "at least 2, to compare")
    return float((2 * ones * (n - ones)).sum() / (n * (n - 1)))


def _label(
    machine: BoltzmannMachine,
    found: dict[str, GeneratedImages],
    reader: LabelReader,
    name: str,
    label: int,
    class_names: Sequence[str],
) -> list[str]:
    reference = next(iter(found))
    right, n = _shown(machine, found[name], reader, label, label)
    few = right <= _FEWEST_RIGHT * n
    told = f"{name}: asked for {_called(label, class_names)}, {right} of {n} images show it"
    if name != reference and _has(found[reference], label):
        best, n_best = _shown(machine, found[reference], reader, label, label)
        few = few or _by_chance(right, n, best, n_best) < _SIGNIFICANT
        told += f" ({reference}: {best} of {n_best})"
    return [f"{told}."] if few else []


def _free(
    machine: BoltzmannMachine,
    found: dict[str, GeneratedImages],
    reader: LabelReader,
    name: str,
    class_names: Sequence[str],
) -> list[str]:
    reference = next(iter(found))
    if not _has(found[reference], FREE):
        return []
    told = []
    for label in range(machine.n_label):
        seen, n = _shown(machine, found[name], reader, FREE, label)
        best, n_best = _shown(machine, found[reference], reader, FREE, label)
        if _by_chance(seen, n, best, n_best) < _SIGNIFICANT:
            told.append(
                f"{name}: {seen} of {n} images without a label show "
                f"{_called(label, class_names)} ({reference}: {best} of {n_best})."
            )
    return told


def _variety(
    machine: BoltzmannMachine,
    found: dict[str, GeneratedImages],
    name: str,
    label: int,
    class_names: Sequence[str],
) -> list[str]:
    reference = next(iter(found))
    pair = found[name], found[reference]
    if any((images.labels == label).sum() < _FEWEST_CHAINS for images in pair):
        return []
    own, best = (image_variety(machine, images, label) for images in pair)
    if own >= _LEAST_VARIETY * best:
        return []
    which = "without a label" if label == FREE else f"of {_called(label, class_names)}"
    return [
        f"{name}: two images {which} differ in {own:.1f} pixels on average "
        f"({reference}: {best:.1f})."
    ]


def _called(label: int, class_names: Sequence[str]) -> str:
    return repr(class_names[label]) if label < len(class_names) else f"label {label}"


def _has(images: GeneratedImages, label: int) -> bool:
    return bool((images.labels == label).any())


def _last(machine: BoltzmannMachine, images: GeneratedImages, label: int) -> NDArray[np.int8]:
    """Last draw of each chain with a label, (chain, pixel)."""
    return np.asarray(images.samples.states[images.labels == label][:, -1, machine.visible])


def _shown(
    machine: BoltzmannMachine, images: GeneratedImages, reader: LabelReader, given: int, shown: int
) -> tuple[int, int]:
    """Among the last draws with a given label, count those that show a class; and all."""
    read = reader.read(_last(machine, images, given))
    return int((read == shown).sum()), len(read)


def _by_chance(few: int, n: int, many: int, n_many: int) -> float:
    """Probability of at most as many hits among `n`, if both samplers have the same rate."""
    hits, total = few + many, n + n_many
    ways = sum(math.comb(hits, k) * math.comb(total - hits, n - k) for k in range(few + 1))
    return ways / math.comb(total, n)
