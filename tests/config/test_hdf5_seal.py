"""Checksums of HDF5 files: each flipped byte is told, with the dataset in which it is."""

import io
import json
import zlib

import h5py
import numpy as np
import pytest

from lasersampling import ResultsFile, read_results
from lasersampling.config.hdf5_seal import (
    _MAP_END,
    _MAP_TEXT,
    _SEAL,
    _SEAL_TEXT,
    _places,
    check_seal,
    sealed,
)
from lasersampling.errors import InputError

REMEDY = "copy it again from where it came, or make it anew"


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A results file with small datasets, a large one in many chunks, and text."""
    path = tmp_path_factory.mktemp("seal") / "file.h5"
    rng = np.random.default_rng(0)
    with ResultsFile.create(path, command="test", seed=1, config="a = 1") as file:
        file.write("a/large", rng.normal(size=(40, 500)), ("m", "n"), units="1", description="")
        file.write("a/small", rng.normal(size=7), ("k",), units="1", description="")
        file.write("b/names", ["c", "d"], ("e",), units="1", description="")
        file.metric("kl", 0.1, 0.01)
    return path.read_bytes()


def places(content, name):
    with h5py.File(io.BytesIO(content), "r") as file:
        return _places(file[name])


def unsealed(content):
    return content[: int.from_bytes(content[40:48], "little")]


def flipped(content, place):
    changed = bytearray(content)
    changed[place] ^= 0x10
    return bytes(changed)


def damage(content):
    with pytest.raises(InputError) as caught:
        check_seal(io.BytesIO(content), len(content), "file.h5", "a file")
    (problem,) = caught.value.problems
    assert REMEDY in problem.expected
    return problem.got


def test_a_file_is_as_it_was(content):
    assert check_seal(io.BytesIO(content), len(content), "file.h5", "a file")
    bare = unsealed(content)
    assert not check_seal(io.BytesIO(bare), len(bare), "file.h5", "a file")


@pytest.mark.parametrize("name", ["a/large", "a/small", "metrics/kl"])
def test_damage_is_told_with_the_dataset(content, name):
    pieces = places(content, name)
    for start, length in pieces[:3]:
        got = damage(flipped(content, start + length // 2))
        assert got.startswith(f"a damaged file: its checksum does not fit the data of /{name};")
        assert "other datasets are as they were" in got


def test_damage_to_several_datasets(content):
    changed = content
    for name in ("a/large", "a/small", "metrics/kl", "b/names"):
        changed = flipped(changed, places(content, name)[0][0])
    got = damage(changed)
    assert "/a/large, /a/small, /b/names and 1 more;" in got


def test_every_byte_counts(content):
    """Also those of the map and of the seal; most of the large dataset is left out."""
    for place in [*range(8, len(content) - 400, 997), *range(len(content) - 400, len(content))]:
        assert damage(flipped(content, place))


def test_damage_outside_of_all_datasets(content):
    got = damage(flipped(content, content.index(b"schema_version")))
    assert "texts, names or sizes" in got


def test_a_file_that_is_cut_anywhere_behind_hdf5(content):
    for length in range(len(unsealed(content)) + 1, len(content)):
        assert "cut off" in damage(content[:length])


def test_a_seal_without_map(content):
    """Early files have no map."""
    bare = unsealed(content)
    old = bare + _SEAL.pack(_SEAL_TEXT, len(bare), zlib.crc32(bare))
    assert check_seal(io.BytesIO(old), len(old), "file.h5", "a file")
    assert damage(flipped(old, 3000)) == "a damaged file: its checksum does not fit its content"


@pytest.mark.parametrize(
    "known",
    [
        {"a": 1},
        [["a/x", 1, [[-5, 10]]]],
        [["a/x", 1, [[0, 10**12]]]],
        [["a/x", 1, [[0, 2000]] * 1000]],
        [["\x1b[2J", 1, [[0, 10]]]],
        [["a/x", "y", [[0, 10]]]],
        [["a/x", 1e400, [[0, 10]]]],
        "[" * 10**5,
        "x" * 10**8,
    ],
)
def test_a_map_that_was_made_to_deceive(content, known):
    text = known if isinstance(known, str) else json.dumps(known)
    packed = zlib.compress(text.encode())
    bare = unsealed(content)
    whole = bare + _MAP_TEXT + packed + _MAP_END.pack(len(packed), zlib.crc32(packed))
    whole += _SEAL.pack(_SEAL_TEXT, len(whole), 1)
    assert damage(whole) == "a damaged file: its checksum does not fit its content"


def test_other_programs_notice_damage_to_compressed_data(content):
    """And so does a file that has lost its seal, by the checksums within HDF5."""
    bare = unsealed(content)
    start, length = places(content, "a/large")[1]
    with h5py.File(io.BytesIO(bare), "r") as file:
        assert file["a/large"].fletcher32
    with h5py.File(io.BytesIO(flipped(bare, start + length // 2)), "r") as file:
        assert file["a/small"][0]
        with pytest.raises(OSError, match="filter returned failure"):
            file["a/large"][()]


def test_a_file_that_another_program_changed_is_read(content, tmp_path):
    path = tmp_path / "file.h5"
    path.write_bytes(content)
    with h5py.File(path, "a") as file:
        file["a/small"][0] = 5.0
        file["a"].attrs["added"] = "by h5py"
    assert read_results(path).array("a/small")[0] == 5.0


def test_any_hdf5_content_can_be_sealed():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as file:
        file["empty"] = h5py.Empty("f8")
        file["none"] = np.zeros((0, 3))
        file.create_dataset("never", (4, 4), chunks=(2, 2), dtype="f8")
        file["soft"] = h5py.SoftLink("/nowhere")
        file["x"] = 1.0
    whole = sealed(buffer.getvalue())
    assert check_seal(io.BytesIO(whole), len(whole), "file.h5", "a file")
    assert "cut off" in damage(whole[:-25])
