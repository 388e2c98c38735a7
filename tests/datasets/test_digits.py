import numpy as np
import pytest

from lasersampling.datasets import label_units, load_digits
from lasersampling.errors import InputError


def test_all_digits_are_there_in_both_parts():
    digits = load_digits()
    assert digits.shape == (8, 8)
    assert digits.train_images.shape == (1437, 64)
    assert digits.test_images.shape == (360, 64)
    for labels in (digits.train_labels, digits.test_labels):
        share = np.bincount(labels, minlength=10) / len(labels)
        # The classes hold 174 to 183 of 1,797 images; rounding moves a part by one image.
        assert np.abs(share - 0.1).max() < 0.006


def test_binarised_by_threshold():
    grey = load_digits(binarise="none")
    assert set(np.unique(grey.train_images * 16)) == set(range(17))
    for threshold in (0.5, 0.25):
        binary = load_digits(threshold=threshold)
        assert np.array_equal(binary.train_images, grey.train_images >= threshold)
        assert np.array_equal(binary.test_labels, grey.test_labels)


def test_the_parts_share_no_image():
    grey = load_digits(binarise="none")
    train = {image.tobytes() for image in grey.train_images}
    test = {image.tobytes() for image in grey.test_images}
    assert len(train) + len(test) == 1797
    assert not train & test


def test_split_depends_on_the_seed_alone():
    assert np.array_equal(load_digits(seed=3).train_images, load_digits(seed=3).train_images)
    assert not np.array_equal(load_digits(seed=3).train_images, load_digits(seed=4).train_images)


def test_an_image_looks_like_its_label():
    # The zeros have a hole in the middle, the ones have not.
    digits = load_digits(binarise="none")
    middle = digits.train_images.reshape(-1, 8, 8)[:, 3:5, 3:5].mean(axis=(1, 2))
    assert middle[digits.train_labels == 0].mean() < 0.2
    assert middle[digits.train_labels == 1].mean() > 0.6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"binarise": "otsu"}, "binarise: got 'otsu'"),
        ({"threshold": 0.0}, "threshold: got 0.0"),
        ({"threshold": 1.0}, "threshold: got 1.0"),
        ({"test_fraction": 1.5}, "test_fraction: got 1.5"),
        ({"test_fraction": float("nan")}, "test_fraction: got nan"),
        ({"seed": -1}, "seed: got -1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        load_digits(**arguments)


def test_label_units():
    units = label_units([[3], [0]])
    assert units.dtype == np.int8
    assert units.shape == (2, 1, 10)
    assert np.array_equal(units.argmax(axis=-1), [[3], [0]])
    assert units.sum() == 2


@pytest.mark.parametrize(
    ("labels", "n_classes", "message"),
    [
        (
            [0, 10],
            10,
            "got 1 of 2 outside, values from 0 to 10, expected .* 0 to 9",
        ),
        ([-1], 10, "labels: got 1 of 1 outside, values from -1 to -1"),
        ([0.5], 10, "labels: got floating-point numbers"),
        ([0], 0, "n_classes: got 0"),
    ],
)
def test_bad_labels(labels, n_classes, message):
    with pytest.raises(InputError, match=message):
        label_units(labels, n_classes)
