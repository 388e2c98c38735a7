import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from lasersampling.config import load, shipped_path
from lasersampling.datasets import EncodedPictures, Encoding, SpikeData, SpikeSet, digits_spikes
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.spikes.augmentation import Augmentation, training_samples, varied
from lasersampling.learning.spikes.classification import train_spikes
from lasersampling.learning.spikes.data import data_of, load_data
from lasersampling.learning.spikes.recipes import ClassifyRecipe, SpikeTraining
from lasersampling.lif import Streams


def pictures(n_members=1, n=6, rows=9, columns=7):
    """Smooth pictures with a black rim, which no small shift moves out of sight."""
    noise = np.random.default_rng(3).random((n, rows, columns))
    noise[:, :2], noise[:, -2:], noise[..., :2], noise[..., -2:] = 0, 0, 0, 0
    return torch.from_numpy(np.repeat(noise[None], n_members, 0))


def drawn(n=6, seed=0):
    """The uniform numbers that are drawn, from -1 to 1."""
    return (2.0 * Streams([seed]).uniform(n, 4) - 1.0)[0].numpy()


def test_shifts_and_turns_are_those_of_scipy():
    images = pictures()
    about = Augmentation(shift=2.0, angle=40.0, zoom=0.3)
    found = varied(images, about, Streams([0]))[0].numpy()
    centre = (np.array(images.shape[2:]) - 1) / 2
    for image, result, (down, right, turn, zoom) in zip(images[0], found, drawn(), strict=True):
        angle, size = np.radians(40.0 * turn), 1 + 0.3 * zoom
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / size
        offset = centre - 2.0 * np.array([down, right]) - matrix @ centre
        expected = ndimage.affine_transform(
            image.numpy(), matrix, offset, order=1, mode="grid-constant"
        )
        assert np.allclose(result, expected, atol=1e-12)


def test_elastic_displacements_have_the_size_and_width_of_the_settings():
    rows = torch.arange(40, dtype=torch.float64)[:, None].expand(40, 40) / 100 + 0.3
    ramps = rows.expand(1, 300, 40, 40)  # brightness tells the row that it comes from
    moved = varied(ramps, Augmentation(elastic=1.5, elastic_width=3.0), Streams([5]))[0].numpy()
    inner = (moved - rows.numpy())[:, 8:-8, 8:-8] * 100
    # Some 300 x 24^2 / (4 pi 3^2) independent patches: 2 % for the deviation, 3 % for correlations.
    assert np.std(inner) == pytest.approx(1.5, rel=0.06)
    for lag in (3, 6):
        alike = np.mean(inner[:, :, lag:] * inner[:, :, :-lag]) / np.mean(inner**2)
        assert alike == pytest.approx(np.exp(-((lag / 3.0) ** 2) / 4), abs=0.08)


def test_each_picture_varies_in_its_own_way_and_members_as_if_alone():
    images, about = pictures(2), Augmentation(shift=1.0, elastic=0.5)
    both = varied(images, about, Streams([1, 2]))
    assert torch.equal(both[1], varied(images[1:], about, Streams([2]))[0])
    assert not torch.equal(both[0], both[1])
    one = images[:, :1].expand(-1, 6, -1, -1)
    assert len(torch.unique(varied(one, about, Streams([1, 2]))[0], dim=0)) == 6


def test_spike_times_follow_the_moved_pixels():
    data: Any = digits_spikes()
    like = torch.zeros(1, dtype=torch.float64)
    samples: Any = training_samples(data.train, like, Augmentation(angle=90.0), Streams([0]))
    some = torch.arange(20)[None]
    times = samples.of(some)[0].numpy()
    encoding = data.train.encoding
    spiking = times[np.isfinite(times)]
    assert spiking.min() >= encoding.earliest
    assert spiking.max() <= encoding.latest - 0.1 * (encoding.latest - encoding.earliest)
    assert (np.isfinite(times) != np.isfinite(data.train.times[:20])).any(1).all()
    kept = encoding.brightness(times).sum() / encoding.brightness(data.train.times[:20]).sum()
    assert 0.8 < kept < 1.1  # some of the ink leaves the picture
    assert not np.array_equal(times, samples.of(some)[0].numpy())


def small(part, n):
    return part.chosen(np.arange(n))


def trained(data, checkpoints=None, **learning):
    about: Any = {"n_epochs": 3, "batch_size": 30, "recruitment": "lifted"} | learning
    network: Any = {"hidden": [6], "weight_mean": 0.3, "weight_std": 0.3}
    settings = SpikeTraining(members=2, network=network, learning=about)
    return train_spikes(data, settings=settings, checkpoints=checkpoints)


def small_digits():
    data = digits_spikes()
    return SpikeData(small(data.train, 60), small(data.validation, 30), small(data.test, 30))


def weights(trained):
    return [p.detach().numpy() for p in trained.network.parameters()]


def test_varied_pictures_change_what_is_learned_and_going_on_gives_the_same_bits(kept):
    data, learning = small_digits(), {"augmentation": {"shift": 1.0, "elastic": 0.3}}
    whole = trained(data, Checkpoints(kept, 0.0), **learning)
    assert any((a != b).any() for a, b in zip(weights(whole), weights(trained(data)), strict=True))
    again = trained(data, Checkpoints(resume=kept.states[0]), **learning)
    assert all((a == b).all() for a, b in zip(weights(whole), weights(again), strict=True))


def test_weights_decay_beside_the_steps_of_adam():
    """The first step has the size of the rate and the sign of the gradient, with and without."""
    data, steps = small_digits(), {"n_epochs": 1, "batch_size": 60, "recruitment": "none"}
    plain = trained(data, learning_rate=0.01, **steps)
    decayed = trained(data, learning_rate=0.01, weight_decay=5.0, **steps)
    start = trained(data, learning_rate=1e-8, **steps)
    for own, other, first in zip(weights(decayed), weights(plain), weights(start), strict=True):
        assert np.allclose(own - other, -0.01 * 5.0 * first, atol=1e-6)
        assert np.abs(first).max() > 0.1


def test_what_cannot_be_varied_or_decay_is_refused():
    data = small_digits()
    plain = SpikeSet(data.train.times, data.train.labels)
    with pytest.raises(InputError, match=r"learning\.augmentation: got settings, expected none wi"):
        trained(dataclasses.replace(data, train=plain), augmentation={"shift": 1.0})
    with pytest.raises(InputError, match=r"augmentation\.zoom"):
        trained(data, augmentation={"zoom": 1.0})
    with pytest.raises(InputError, match="weight_decay: got 200, expected below 100"):
        trained(data, weight_decay=200.0)


def test_encoded_pictures_say_what_they_are():
    encoding = Encoding(0.5, 1.5, 0.2)
    brightness = np.array([[1.0, 0.6, 0.3, 0.2, 0.0, 0.9]])
    label = np.array([0])
    part = EncodedPictures(encoding.times(brightness), label, (2, 3), encoding)
    assert part.chosen(np.array([0, 0])).encoding == encoding
    assert np.allclose(encoding.brightness(part.times), [[1.0, 0.6, 0.3, 0.0, 0.0, 0.9]])
    with pytest.raises(InputError, match="times: got 6 inputs, expected 4, one for each of 2 x 2"):
        EncodedPictures(part.times, label, (2, 2), encoding)
    with pytest.raises(InputError, match="latest: got 0.5, expected a number above earliest, 1"):
        Encoding(1.0, 0.5)


def test_the_recipe_for_chips_is_that_of_ideal_neurons_in_units_of_their_threshold():
    ideal, chip = (
        load(shipped_path("recipes", name), ClassifyRecipe) for name in ("mnist28", "mnist28_chip")
    )
    scale = chip.neuron.threshold / ideal.neuron.threshold
    for part, keys in (
        ("network", ("weight_mean", "weight_std", "output_weight_mean", "output_weight_std")),
        ("learning", ("learning_rate", "smallest_slope")),
    ):
        for key in keys:
            given = getattr(getattr(ideal, part), key)
            assert getattr(getattr(chip, part), key) == pytest.approx(scale * given), key
    assert (chip.encoding, chip.loss, chip.members) == (ideal.encoding, ideal.loss, 10)
    assert chip.learning.augmentation == ideal.learning.augmentation


def test_recipes_say_how_pixels_spike():
    recipe = ClassifyRecipe(data="digits", encoding=Encoding(earliest=0.1, latest=0.5))
    parts: list[Any] = [data_of(recipe).train, load_data("digits").train]
    times, usual = (part.times for part in parts)
    assert np.allclose(times, 0.1 + 0.4 * (usual - 0.15) / 1.85, equal_nan=True)
    with pytest.raises(InputError, match="encoding: got settings, expected none with the data 'y"):
        data_of(dataclasses.replace(recipe, data="yin_yang"))
