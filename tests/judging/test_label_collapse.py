"""Losses that a mean over labels hides are said: labels, classes, variety."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import InputError
from lasersampling.judging.images import GeneratedImages
from lasersampling.judging.label_collapse import collapsed_labels, image_variety
from lasersampling.learning.pictures.label_reader import LabelReader
from lasersampling.sampling import Samples

N_PIXELS, NAMES = 12, ("cross", "ring")
MACHINE = BoltzmannMachine(np.zeros((17, 17)), np.zeros(17), n_label=2, n_hidden=3)


class FirstPixel(LabelReader):
    """Reads class 1 where the first pixel is bright."""

    def __init__(self):
        pass  # nothing has been learned

    def read(self, images):
        return np.asarray(images)[..., 0].astype(int)


def images(shown, *, alike=False, seed=0):
    """Last draws that show these classes, by label that was asked for (-1: none)."""
    labels = np.concatenate([np.full(len(classes), label) for label, classes in shown.items()])
    classes = np.concatenate(list(shown.values()))
    states = np.random.default_rng(seed).integers(0, 2, (len(labels), 3, 17)).astype(np.int8)
    if alike:
        states[:] = states[0]
    states[:, :, 0] = classes[:, None]
    return GeneratedImages(Samples(states, "x", seed), labels)


def shares(first, second, free=6, n=12):
    """So many of n images with labels 0 and 1, and without one, that show class 1."""
    return {label: np.arange(n) < count for label, count in {0: first, 1: second, -1: free}.items()}


GOOD = images(shares(0, 12), seed=1)


@pytest.mark.parametrize(
    ("lasers", "says"),
    [
        (shares(0, 12), []),
        (shares(1, 10), []),
        (shares(0, 5), ["lasers: asked for 'ring', 5 of 12 images show it (gibbs: 12 of 12)."]),
        (shares(12, 12), ["lasers: asked for 'cross', 0 of 12 images show it"]),
        # 7 of 12 beside 12 of 12 come about by chance once in 70 only, 6 of 12 in 200.
        (shares(6, 12), ["lasers: asked for 'cross', 6 of 12"]),
        (shares(0, 12, free=0), ["lasers: 0 of 12 images without a label show 'ring'"]),
        (shares(0, 12, free=12), ["lasers: 0 of 12 images without a label show 'cross'"]),
    ],
)
def test_labels_and_classes_that_are_lost(lasers, says):
    found = {"gibbs": GOOD, "lasers": images(lasers, seed=2)}
    told = collapsed_labels(MACHINE, found, FirstPixel(), NAMES)
    assert len(told) == len(says)
    for sentence, start in zip(told, says, strict=True):
        assert sentence.startswith(start)


def test_a_machine_that_does_not_know_its_labels():
    found = {"gibbs": images(shares(6, 6)), "lasers": images(shares(6, 6), seed=3)}
    told = collapsed_labels(MACHINE, found, FirstPixel())
    assert told[0] == "gibbs: asked for label 0, 6 of 12 images show it."


def test_images_that_are_all_alike():
    found = {"gibbs": GOOD, "lasers": images(shares(0, 12), alike=True)}
    told = collapsed_labels(MACHINE, found, None, NAMES)
    assert [sentence.partition(" differ")[0] for sentence in told] == [
        "lasers: two images without a label",
        "lasers: two images of 'cross'",
        "lasers: two images of 'ring'",
    ]


def test_variety_is_the_mean_distance_of_pairs():
    pixels = GOOD.samples.states[GOOD.labels == 1][:, -1, MACHINE.visible].astype(int)
    pairs = [np.abs(a - b).sum() for k, a in enumerate(pixels) for b in pixels[:k]]
    assert image_variety(MACHINE, GOOD, 1) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("n", [0, 1])
def test_variety_needs_two_chains(n):
    found = GeneratedImages(Samples(np.zeros((3, 2, 4), np.int8), "x", 0), np.arange(3) * 0 + 1)
    found.labels[:n] = 0
    with pytest.raises(InputError, match=f"images: got {n} chains of label 0, expected at least 2"):
        image_variety(BoltzmannMachine(np.zeros((4, 4)), np.zeros(4)), found, 0)
