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
        ({"source": "letters"}, ["data"]),
        ({"source": "digits", "side": 16}, ["side"]),
        ({"source": "mnist", "side": 20}, ["side"]),
        ({"source": "digits", "side": 1}, ["side", "side"]),
        (
            {"source": "nowhere.npz", "binarise": "otsu", "test_fraction": 1.0, "seed": -1},
            ["binarise", "test_fraction", "seed", "data"],
        ),
    ],
)
def test_all_problems_at_once(arguments, where):
    with pytest.raises(InputError) as caught:
        load_pictures(**arguments)
    assert [problem.where for problem in caught.value.problems] == where
