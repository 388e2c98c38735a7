from pathlib import Path

import numpy as np
import pytest

from lasersampling.datasets import SpikeData
from lasersampling.learning.spikes import load_data
from lasersampling.learning.spikes.data import whole_name


def idx(array):
    sizes = b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    """MNIST's own files, of 3 x 3 pixels."""
    generator = np.random.default_rng(0)
    for part, count in (("train", 40), ("t10k", 10)):
        images = generator.integers(0, 256, (count, 3, 3))
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(count) % 2))
    return tmp_path


def test_a_tenth_of_the_training_files_validates_and_the_test_file_tests(folder):
    data = load_data(str(folder))
    assert isinstance(data, SpikeData)
    parts = data.train, data.validation, data.test
    assert [len(part) for part in parts] == [36, 4, 10]
    assert len({row.tobytes() for part in parts for row in part.times}) == 50
    assert data.validation.labels.sum() == 2


def test_names_of_data_stay_and_places_become_whole(folder, monkeypatch):
    monkeypatch.chdir(folder)
    Path("digits").mkdir()  # a folder of this name hides nothing
    assert whole_name("digits") == "digits"
    assert whole_name("nothing") == "nothing"
    assert whole_name(".") == str(folder)
    assert whole_name("mine.npz") == str(folder / "mine.npz")
