import numpy as np
import pytest

from lasersampling.datasets import load_digits, load_pictures
from lasersampling.errors import InputError


def test_digits_by_name():
    pictures = load_pictures("digits", seed=4)
    assert np.array_equal(pictures.test_images, load_digits(seed=4).test_images)
    grey = load_pictures("digits", binarise="none", invert=True)
    assert np.array_equal(grey.train_images, 1 - load_digits(binarise="none").train_images)


def test_arrays_are_resized_and_split(tmp_path):
    images = np.random.default_rng(0).random((20, 4, 6))
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(20) % 2)
    pictures = load_pictures(tmp_path / "a.npz", side=3, binarise="none", test_fraction=0.25)
    assert pictures.shape == (3, 3)
    assert pictures.train_images.shape == (15, 9)
    assert pictures.class_names == ("0", "1")


def test_own_files_of_mnist_keep_their_test_part(tmp_path):
    generator = np.random.default_rng(0)
    for part, count in (("train", 5), ("t10k", 3)):
        for kind, array in (
            ("images-idx3", generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)),
            ("labels-idx1", np.arange(count, dtype=np.uint8)),
        ):
            sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
            header = bytes([0, 0, 8, array.ndim]) + sizes
            (tmp_path / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())
    pictures = load_pictures(tmp_path, side=16, binarise="none")
    assert pictures.train_images.shape == (5, 256)
    assert pictures.test_labels.tolist() == [0, 1, 2]
    assert pictures.n_classes == 5


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"source": "letters"}, ["source"]),
        ({"source": "digits", "side": 16}, ["side"]),
        ({"source": "mnist", "side": 20}, ["side"]),
        ({"source": "digits", "side": 1}, ["side", "side"]),
        (
            {"source": "nowhere.npz", "binarise": "otsu", "test_fraction": 1.0, "seed": -1},
            ["binarise", "test_fraction", "seed", "source"],
        ),
    ],
)
def test_all_problems_at_once(arguments, where):
    with pytest.raises(InputError) as caught:
        load_pictures(**arguments)
    assert [problem.where for problem in caught.value.problems] == where


def idx_file(path, array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes())


def test_one_idx_file_is_split_with_the_labels_beside_it(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6))
    idx_file(tmp_path / "train-images.idx3-ubyte", images)
    without = load_pictures(tmp_path / "train-images.idx3-ubyte", binarise="none")
    assert without.n_classes == 0
    assert "no file of labels beside it" in without.notes[0]
    idx_file(tmp_path / "train-labels.idx1-ubyte", 1 + np.arange(20) % 2 * 9)
    pictures = load_pictures(tmp_path / "train-images.idx3-ubyte", binarise="none", side=3)
    assert pictures.class_names == ("1", "10")
    assert pictures.shape == (3, 3)
    assert len(pictures.test_images) == 4


SAME = np.tile(np.eye(4), (10, 1, 1))
SET = np.random.default_rng(0).random((10, 4, 4))


@pytest.mark.parametrize(
    ("images", "settings", "message"),
    [
        (np.zeros((10, 4, 4)), {}, "brightness from 0 to 0, expected dark and bright parts"),
        (np.ones((10, 4, 4)), {"invert": True}, "brightness from 0 to 0"),
        (SET / 255, {"binarise": "drawn"}, "brightness from .* to 0.0039"),
        (SET / 255 + 0.9, {"binarise": "none"}, "hardly|brightness from 0.9"),
        (SET * 0.4, {}, "10 times pixels of 0 only, expected pictures that differ"),
        (SAME, {}, "10 times the same picture"),
    ],
)
def test_sets_with_nothing_to_learn_are_refused(tmp_path, images, settings, message):
    np.save(tmp_path / "a.npy", images)
    with pytest.raises(InputError, match=message):
        load_pictures(tmp_path / "a.npy", **settings)


def test_bright_and_blank_pictures_are_told(tmp_path):
    images = np.ones((10, 4, 4))
    images[1:, 0] = SET[1:, 0]
    np.save(tmp_path / "a.npy", images)
    notes = load_pictures(tmp_path / "a.npy", binarise="none", test_fraction=0.1, seed=1).notes
    assert "1 of 9 pictures have the same value" in notes[0]
    assert "invert = true" in notes[1]
    assert load_pictures("digits").notes == ()
