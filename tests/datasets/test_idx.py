import gzip

import numpy as np
import pytest

from lasersampling.datasets.idx import has_idx, is_idx, labels_beside, read_idx, read_idx_set
from lasersampling.errors import InputError


def idx(array):
    sizes = b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for part, count in (("train", 5), ("t10k", 3)):
        images = generator.integers(0, 256, (count, 4, 4))
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        content = gzip.compress(idx(np.arange(count)))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(content)
    return tmp_path


def test_a_set_is_read_plain_and_packed(folder, tmp_path):
    read = read_idx_set(folder)
    assert read["train_images"].shape == (5, 4, 4)
    assert read["test_labels"].tolist() == [0, 1, 2]
    assert has_idx(folder)
    assert not has_idx(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "another kind of file"),
        (idx(np.zeros((2, 3, 3))) + b"x", "got more than 18 bytes of data, expected 18"),
        (bytes([0, 0, 8, 3]) + bytes([255] * 12), "pixels, expected at most 134,217,728"),
        (gzip.compress(idx(np.zeros((2, 3, 3))), mtime=0)[:-3], "a file that cannot be read"),
        (idx(np.zeros(4)), "another kind of file"),
        (idx(np.zeros((2, 3, 3)))[:-1], "got 17 bytes of data, expected 18"),
    ],
)
def test_truncated_and_foreign_files_are_refused(tmp_path, content, message):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_idx(tmp_path / "x", 3)


def test_broken_gzip_missing_files_and_counts_that_differ_are_refused(folder):
    labels = folder / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(labels.read_bytes()[:-12])
    with pytest.raises(InputError, match="a file that cannot be read"):
        read_idx_set(folder)
    labels.write_bytes(gzip.compress(idx(np.arange(4))))
    with pytest.raises(InputError, match="got 3 images, 4 labels"):
        read_idx_set(folder)
    labels.unlink()
    with pytest.raises(InputError, match="t10k-labels-idx1-ubyte: got no such file"):
        read_idx_set(folder)


NAMES = [
    ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
    ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"),
    ("emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte.gz"),
]


@pytest.mark.parametrize(("images", "labels"), NAMES)
def test_files_are_known_by_words_and_content(tmp_path, images, labels):
    for part, n in (("train", 5), ("t10k", 3)):
        for name, array in ((images, np.zeros((n, 2, 2))), (labels, np.arange(n))):
            content = idx(array)
            packed = gzip.compress(content) if name.endswith(".gz") else content
            (tmp_path / name.replace("train", part)).write_bytes(packed)
    assert read_idx_set(tmp_path)["test_labels"].tolist() == [0, 1, 2]
    assert is_idx(tmp_path / images)
    beside = labels_beside(tmp_path / images)
    assert beside is not None
    assert beside.name == labels
    (tmp_path / f"other-{images}").write_bytes(idx(np.zeros((1, 2, 2))))
    with pytest.raises(InputError, match="train images: got .*, expected files of a single set"):
        read_idx_set(tmp_path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_damage_is_told_or_harmless(tmp_path, damaged, pack):
    content = pack(idx(np.random.default_rng(0).integers(0, 256, (3, 4, 4))))
    for copy in damaged(content):
        (tmp_path / "x").write_bytes(copy)
        is_idx(tmp_path / "x")
        try:
            read_idx(tmp_path / "x", 3)
        except InputError as error:
            assert len(error.problems) == 1


def test_no_more_is_unpacked_than_the_header_declares(tmp_path):
    bomb = gzip.compress(bytes([0, 0, 8, 3]) + b"\0\0\0\1" * 3 + bytes(50_000_000))
    (tmp_path / "x.gz").write_bytes(bomb)
    with pytest.raises(InputError, match="more than 1 bytes of data"):
        read_idx(tmp_path / "x.gz", 3)
