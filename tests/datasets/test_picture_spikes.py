import numpy as np
import pytest

from lasersampling.datasets import digits_spikes, load_digits, load_pictures, picture_spikes
from lasersampling.errors import InputError


def rows(part):
    return {row.tobytes() for row in part.times}


def test_parts_share_no_picture_and_the_test_part_stays_what_it_was():
    data, digits = digits_spikes(), load_digits(binarise="none")
    parts = [rows(part) for part in (data.train, data.validation, data.test)]
    # No two of the 1,797 digits are the same.
    assert [len(part) for part in parts] == [1287, 150, 360]
    assert len(set.union(*parts)) == 1797
    assert np.array_equal(data.test.labels, digits.test_labels)
    given = np.where(digits.test_images > 0.1, 0.15 + 1.85 * (1 - digits.test_images), np.inf)
    assert np.allclose(data.test.times, given)
    # Balanced over classes, as far as whole pictures allow.
    share = np.bincount(data.validation.labels) / np.bincount(digits.train_labels)
    assert np.abs(share - 150 / 1437).max() < 1 / 140


def test_another_seed_divides_in_another_way():
    one, same, other = digits_spikes(), digits_spikes(), digits_spikes(seed=1)
    assert np.array_equal(one.validation.times, same.validation.times)
    assert rows(one.validation) != rows(other.validation)
    assert rows(one.test) != rows(other.test)


def test_a_tenth_is_held_out_if_nothing_is_said():
    data = picture_spikes(load_digits(binarise="none"), seed=3)
    assert (len(data.train), len(data.validation)) == (1294, 143)


def test_pictures_without_labels_are_refused(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "plain.npz", images=images)
    with pytest.raises(InputError, match="pictures: got pictures without labels"):
        picture_spikes(load_pictures(tmp_path / "plain.npz", binarise="none"))
    with pytest.raises(InputError, match="pictures: got int, expected Pictures"):
        picture_spikes(5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="n_held"):
        picture_spikes(load_digits(binarise="none"), n_validation=5000)
