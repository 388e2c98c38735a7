import hashlib

import numpy as np
import pytest

from lasersampling.datasets.yin_yang import (
    DOT,
    OUTSIDE,
    SEEDS,
    SIZES,
    YANG,
    YIN,
    yin_yang,
    yin_yang_class,
    yin_yang_spikes,
)
from lasersampling.errors import InputError

# Of the arrays in publication_data of github.com/lkriener/yin_yang_data_set, commit 121a380.
PUBLISHED = {
    "train": ("f5a4054d56f2a058f8250fba7ff9720458e1625db7af78a295e45701745b2228",
              "534d12acda4f9dbc7208a99d3646115a4aa7d74ca31d6d23f822079a568559b7"),
    "validation": ("5eac358bdf2122763dce3703a79f3005e56e46a4db25ec329a07333d0f7b8093",
                   "5a4c2f605814a620f514c1091f10441ce562cd81e902ce701b3cf94ae7576f7d"),
    "test": ("7bab3ed668ed4992679cff6339fe21bfe7d0c921ddc6187eaa3bc6ef34b888d7",
             "daa0f8f4e3b37b1ddec2afee22f09afb768f0e575f3f568e7469f1ebc6af73c1"),
}  # fmt: skip


@pytest.mark.parametrize("part", PUBLISHED)
def test_the_published_sets_bit_for_bit(part):
    values, labels = yin_yang(SIZES[part], SEEDS[part])
    digests = tuple(hashlib.sha256(array.tobytes()).hexdigest() for array in (values, labels))
    assert digests == PUBLISHED[part]


def test_labels_are_the_classes_of_the_points():
    values, labels = yin_yang(500, 7)
    assert (yin_yang_class(values[:, 0], values[:, 1]) == labels).all()
    assert np.allclose(values[:, :2] + values[:, 2:], 1.0)
    # 500 draws of three classes: standard error 0.02.
    assert np.allclose(np.bincount(labels) / 500, 1 / 3, atol=0.08)


def test_the_plane():
    """Turned by half around the centre, yin becomes yang, and dots stay."""
    x, y = np.meshgrid(np.linspace(0, 1, 203), np.linspace(0, 1, 203))
    classes, turned = yin_yang_class(x, y), yin_yang_class(1 - x, 1 - y)
    assert (turned[classes == YIN] == YANG).mean() > 0.99
    assert ((classes == DOT) == (turned == DOT)).mean() > 0.999
    assert yin_yang_class([0.25, 0.75, 0.01], [0.5, 0.5, 0.01]).tolist() == [DOT, DOT, OUTSIDE]


def test_spikes():
    data = yin_yang_spikes()
    assert (data.n_inputs, data.n_classes, len(data.train)) == (4, 3, 5000)
    values, _ = yin_yang(SIZES["test"], SEEDS["test"])
    assert np.allclose(data.test.times, 0.15 + 1.85 * values)


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (1, -1), (1, 2**32), (1.5, 0)])
def test_bad_input_is_refused(n, seed):
    with pytest.raises(InputError):
        yin_yang(n, seed)
