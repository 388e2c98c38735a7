"""Files of NumPy: whole ones are read, and nothing else gets further than one refusal."""

import io
import zipfile
from typing import Any

import numpy as np
import pytest

from lasersampling.datasets import numpy_files
from lasersampling.datasets.numpy_files import LONE, read_numpy
from lasersampling.errors import InputError


def test_archives_and_lone_arrays_are_read_whatever_their_suffix(tmp_path):
    arrays: dict[str, Any] = {
        "x": np.arange(6.0).reshape(2, 3),
        "names": np.array(["a", "bc"]),
        "none": [],
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)
        read = read_numpy(tmp_path / "a.npz", "arrays")
        assert read.keys() == arrays.keys()
        assert all(np.array_equal(read[name], array) for name, array in arrays.items())
    np.save(tmp_path / "b.npy", np.asfortranarray(arrays["x"]))
    (tmp_path / "b.npy").rename(tmp_path / "b.dat")
    assert np.array_equal(read_numpy(tmp_path / "b.dat", "arrays")[LONE], arrays["x"])


def header(dtype, shape):
    stream = io.BytesIO()
    described = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, described)
    return stream.getvalue()


def in_archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


FOREIGN = {
    "empty": (b"", "an empty file"),
    "png": (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    "pickle": (b"\x80\x04]\x94.", "pickle"),
    "text": (b"a,b\n", "begins with b'a,b"),
    "zip of text": (in_archive(notes=b"hello"), "'notes' in it, which is no array"),
    "objects": (header("|O", (1,)) + b"x", "pickled objects"),
    "declares more than it has": (header("<f8", (3,)) + bytes(16), "16 bytes of data"),
    "has more than it declares": (header("<f8", (1,)) + bytes(16), "16 bytes of data"),
    "negative": (header("<f8", (-1, -1)) + bytes(8), "damaged"),
    "terabytes": (header("<f8", (10**6, 10**6)), "at most 1,073,741,824 bytes"),
    "no bytes each": (header("|V0", (10**12,)), "at most 1,073,741,824 bytes"),
    "terabytes in an archive": (in_archive(x=header("|u1", (10**12,))), "x: got uint8 of shape"),
    "beyond any integer": (header("<f8", (10**30, 0)), "damaged or of another kind"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_files_get_one_refusal(tmp_path, name):
    content, message = FOREIGN[name]
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_numpy(tmp_path / "x", "an array")
    assert message in str(caught.value)
    assert str(tmp_path / "x") in str(caught.value)


def test_arrays_that_fit_alone_but_not_together_are_refused(tmp_path, monkeypatch):
    np.savez(tmp_path / "x.npz", a=np.zeros(100), b=np.zeros(100))
    monkeypatch.setattr(numpy_files, "MAX_BYTES", 1600)
    read_numpy(tmp_path / "x.npz", "arrays")
    monkeypatch.setattr(numpy_files, "MAX_BYTES", 1599)
    with pytest.raises(InputError, match="b: got float64 of shape"):
        read_numpy(tmp_path / "x.npz", "arrays")


@pytest.mark.parametrize("place", ["nowhere", "."])
def test_what_is_no_file_is_refused(tmp_path, place):
    with pytest.raises(InputError, match=r"no such file|a directory"):
        read_numpy(tmp_path / place, "an array")


@pytest.mark.parametrize("kind", ["npz", "compressed npz", "npy"])
def test_damage_is_told_or_harmless(tmp_path, damaged, kind):
    arrays: dict[str, Any] = {"x": np.random.default_rng(0).random((9, 4)), "y": np.arange(9)}
    stream = io.BytesIO()
    if kind == "npy":
        np.save(stream, arrays["x"])
    else:
        (np.savez if kind == "npz" else np.savez_compressed)(stream, **arrays)
    told = 0
    for content in damaged(stream.getvalue()):
        (tmp_path / "x").write_bytes(content)
        try:
            read_numpy(tmp_path / "x", "an array")
        except InputError as error:
            assert len(error.problems) == 1
            told += 1
    # Truncations at least; of bytes only those in headers and under check sums can be told.
    assert told >= 10
