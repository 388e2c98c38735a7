import numpy as np
import pytest
from scipy.special import expit

from lasersampling.datasets import label_units, load_digits
from lasersampling.errors import InputError
from lasersampling.learning.pictures.label_reader import train_label_reader
from lasersampling.learning.pictures.settings import PictureLearning
from lasersampling.learning.pictures.training import train_images
from lasersampling.sampling import Gibbs


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(scope="module")
def reader(digits):
    return train_label_reader(digits)


def test_reads_held_out_digits(digits, reader):
    # 0.967 on 360 images, of standard error 0.01.
    assert reader.test_accuracy > 0.95
    assert reader.agreement(digits.test_images, digits.test_labels) == reader.test_accuracy


def test_has_not_seen_the_test_part(digits, reader):
    seen = {image.tobytes() for image in digits.train_images}
    assert all(vector.tobytes() in seen for vector in reader.classifier.support_vectors_)


def test_shapes(digits, reader):
    images = digits.test_images[:6].reshape(2, 3, 64)
    labels = reader.read(images)
    assert labels.shape == (2, 3)
    assert np.array_equal(labels.ravel(), reader.read(digits.test_images[:6]))
    assert reader.agreement(images, labels) == 1.0
    assert reader.agreement(images, (labels + 1) % 10) == 0.0


def test_images_of_another_size(reader):
    with pytest.raises(
        InputError, match=r"images: got shape \(2, 8, 8\), expected shape \(..., 64\)"
    ):
        reader.read(np.zeros((2, 8, 8)))


@pytest.mark.slow
def test_trained_digits_are_read_as_their_labels(digits, reader):
    """A machine of modest weights draws digits that the classifier reads as what was clamped."""
    settings = PictureLearning(n_hidden=60, n_epochs=1500, weight_limit=2.0, bias_limit=4.0)
    trained = train_images(digits, settings=settings)
    labels = np.arange(1000) % 10
    clamped = np.full((1000, 134), -1)
    clamped[:, 64:74] = label_units(labels)
    sampler = Gibbs(burn_in=1000)
    machine = trained.machine
    states = sampler.sample(machine, 1, n_chains=1000, clamped=clamped, seed=1).states[:, 0]
    probabilities = expit(machine.local_field(states))[:, :64]
    # 0.923 and 0.945 here, 0.91 to 0.93 and 0.945 to 0.948 with other seeds; one standard error
    # of 1,000 images is 0.009.
    assert reader.agreement(states[:, :64], labels) > 0.89
    assert reader.agreement(probabilities, labels) > 0.92

    free = sampler.sample(machine, 1, n_chains=1000, seed=1).states[:, 0, :64]
    # Each class holds a tenth of the data; the least one was 0.06 of the samples.
    assert np.bincount(reader.read(free), minlength=10).min() > 30
