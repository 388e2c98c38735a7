import numpy as np
import pytest

from lasersampling.datasets.pictures import Pictures, split
from lasersampling.errors import InputError

GENERATOR = np.random.default_rng(3)
IMAGES = GENERATOR.random((60, 6))
LABELS = np.repeat([0, 1, 2], [30, 20, 10])
NAMES = ("a", "b", "c")


def test_each_class_is_split_alike():
    pictures = split(IMAGES, LABELS, (2, 3), NAMES, test_size=0.2, seed=1)
    assert np.bincount(pictures.train_labels).tolist() == [24, 16, 8]
    assert np.bincount(pictures.test_labels).tolist() == [6, 4, 2]
    assert (pictures.class_names, pictures.n_classes, pictures.shape) == (NAMES, 3, (2, 3))
    both = np.vstack([pictures.train_images, pictures.test_images])
    assert sorted(map(tuple, both)) == sorted(map(tuple, IMAGES))
    again = split(IMAGES, LABELS, (2, 3), NAMES, test_size=0.2, seed=1)
    assert np.array_equal(again.test_images, pictures.test_images)


def test_images_without_labels_have_no_classes():
    pictures = split(IMAGES, None, (2, 3), test_size=0.2, seed=1)
    assert pictures.n_classes == 0
    assert set(pictures.train_labels) == set(pictures.test_labels) == {-1}


def test_grey_levels_are_thresholds_or_probabilities():
    grey = np.tile([0.0, 0.25, 0.75, 1.0], (2000, 1))
    pictures = Pictures(grey, np.zeros(2000, int), grey[:4], np.zeros(4, int), (2, 2), ("x",))
    assert pictures.binarised("none") is pictures
    assert (pictures.binarised("threshold").train_images == [0, 0, 1, 1]).all()
    assert (pictures.binarised("threshold", threshold=0.2).train_images == [0, 1, 1, 1]).all()
    drawn = pictures.binarised("drawn", seed=2)
    assert set(np.unique(drawn.train_images)) == {0.0, 1.0}
    # Standard errors of at most sqrt(.1875 / 2000) = .0097; what is certain stays certain.
    np.testing.assert_allclose(drawn.train_images.mean(0), [0, 0.25, 0.75, 1], atol=0.04)
    assert (drawn.train_images[:, [0, 3]] == [0, 1]).all()
    assert np.array_equal(pictures.binarised("drawn", seed=2).train_images, drawn.train_images)
    assert not np.array_equal(pictures.binarised("drawn", seed=3).train_images, drawn.train_images)


@pytest.mark.parametrize(
    ("labels", "test_size", "message"),
    [
        ([0] * 59 + [1], 0.2, "images: got 1 images of class 'b', expected at least 2"),
        (np.repeat([0, 1], [58, 2]), 1, "images: got 60 images, expected so many"),
    ],
)
def test_too_few_images_are_refused(labels, test_size, message):
    with pytest.raises(InputError, match=message):
        split(IMAGES, np.array(labels), (2, 3), NAMES, test_size=test_size, seed=0)


def test_all_problems_of_a_binarisation_at_once():
    pictures = split(IMAGES, None, (2, 3), test_size=0.2, seed=1)
    with pytest.raises(InputError) as caught:
        pictures.binarised("otsu", threshold=1.0, seed=-1)  # type: ignore[arg-type]
    assert [problem.where for problem in caught.value.problems] == ["binarise", "threshold", "seed"]
