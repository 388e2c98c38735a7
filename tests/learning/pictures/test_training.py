"""Machines out of arrays, and out of data sets by their names."""

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.judging.generation import generate_images
from lasersampling.learning.pictures.persistent_cd import train
from lasersampling.learning.pictures.settings import PictureLearning, PictureSettings
from lasersampling.learning.pictures.training import train_images
from lasersampling.sampling import Gibbs

SETTINGS = PictureLearning(n_hidden=4, n_epochs=3, batch_size=20)
BARS = np.repeat(np.eye(3)[:, None].repeat(3, axis=1), 20, axis=0)
NUMBERS = np.repeat([0, 1, 2], 20)


@pytest.mark.parametrize("labels", [NUMBERS, NUMBERS * 10, np.array(list("abc"))[NUMBERS]])
def test_arrays_give_the_machine_that_plain_training_gives(labels):
    model = train_images(BARS, labels, SETTINGS, seed=1)
    plain = train(BARS.reshape(60, 9), NUMBERS, SETTINGS, n_classes=3, seed=1)
    assert np.array_equal(model.machine.weights, plain.machine.weights)
    assert model.class_names == tuple(str(label) for label in labels[::20])
    assert model.history is not None
    assert model.history.n_epochs == 3
    drawn = generate_images(Gibbs(), model.machine, 2, images_per_label=2, free_images=0)
    assert drawn.images(model.machine, model.shape, n_draws=1).shape == (6, 3, 3)


def test_a_name_is_what_its_settings_load():
    named = train_images("digits", settings=SETTINGS, seed=2)
    loaded = train_images(PictureSettings(source="digits").load(), settings=SETTINGS, seed=2)
    assert np.array_equal(named.machine.weights, loaded.machine.weights)
    assert named.data == PictureSettings(source="digits")
    assert (loaded.data, named.shape, named.machine.n_label) == (None, (8, 8), 10)


def test_shapes_of_images():
    flat = train_images(BARS.reshape(60, 9), settings=SETTINGS)
    assert (flat.shape, flat.class_names, flat.machine.n_label) == ((3, 3), (), 0)
    assert train_images(BARS[:, :2], settings=SETTINGS).shape == (2, 3)
    assert train_images(np.ones((20, 5)), settings=SETTINGS).shape == (1, 5)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        ("digits", SETTINGS, "labels: got PictureLearning, expected none beside images that have"),
        ("letters", None, "source: got 'letters'"),
        (BARS, NUMBERS[:-1], r"labels: got shape \(59,\)"),
        (BARS[0, 0], None, r"images: got shape \(3,\)"),
        (BARS * 255, None, r"images: got values outside \[0, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused(images, labels, message):
    with pytest.raises(InputError, match=message):
        train_images(images, labels)


def test_the_smallest_share_averages_the_last_epoch():
    settings = PictureLearning(n_hidden=2, n_epochs=2, averaged_share=1e-20)
    assert settings.first_averaged == 1
    assert np.isfinite(train_images(BARS, settings=settings).machine.weights).all()
