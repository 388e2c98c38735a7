import errno
import signal

import numpy as np
import pytest

from lasersampling.errors import LaserSamplingError
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.disk import DiskFile


class Full:
    """A file on a disk that holds so many bytes."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        if self._file.tell() + len(data) > self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


def beside(patch, file_of):
    """Put another file in front of the one that a `DiskFile` writes."""
    made = DiskFile.__init__

    def init(self, path):
        made(self, path)
        self._file = file_of(self._file)

    patch.setattr(DiskFile, "__init__", init)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    file = DiskFile(path)
    file.write(b"abcdef")
    file.seek(1)
    assert file.read(2) == b"bc"
    assert file.tell() == 3
    file.truncate(4)
    file.check()
    file.close()
    assert path.read_bytes() == b"abcd"


def test_a_disk_that_becomes_full_is_told_at_the_end(tmp_path, monkeypatch):
    beside(monkeypatch, lambda file: Full(file, 100_000))
    path = tmp_path / "run.h5"
    noise = np.random.default_rng(0).normal(size=100_000)
    with (
        pytest.raises(LaserSamplingError, match="could not be written"),
        ResultsFile.create(path, command="", seed=0, config="") as file,
    ):
        file.write("a/x", noise, ("x",), units="1", description="noise")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_becomes_full_while_pieces_are_written_is_told_as_such(tmp_path, monkeypatch):
    """HDF5 reads back what it believes to have written, and then complains of that."""
    beside(monkeypatch, lambda file: Full(file, 100_000))
    noise = np.random.default_rng(0).normal(size=(40, 5000))
    with (
        pytest.raises(LaserSamplingError, match=r"could not be written \(No space left"),
        ResultsFile.create(tmp_path / "run.h5", command="", seed=0, config="") as file,
    ):
        stored = file.allot(
            "a/x", noise.shape, noise.dtype, ("k", "x"), units="1", description="",
            chunks=(20, 5000),
        )  # fmt: skip
        for k in range(40):
            stored[k] = noise[k]
    assert list(tmp_path.iterdir()) == []


class Signalling:
    """A file in whose n-th use a signal arrives."""

    def __init__(self, file, n):
        self._file, self._left = file, n

    def __getattr__(self, name):
        self._left -= 1
        if self._left == 0:
            signal.raise_signal(signal.SIGINT)
        return getattr(self._file, name)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 10**9])
def test_a_run_that_is_stopped_while_it_writes_leaves_no_broken_file(tmp_path, monkeypatch, n):
    """HDF5 forgets what is raised in a file that it writes through Python."""
    noise = np.random.default_rng(0).normal(size=(200, 1000))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    path = tmp_path / "run.h5"
    try:
        with monkeypatch.context() as patch:
            beside(patch, lambda file: Signalling(file, n))
            with ResultsFile.create(path, command="", seed=0, config="") as file:
                stored = file.allot(
                    "a/x", noise.shape, noise.dtype, ("k", "x"), units="1", description="",
                    chunks=(10, 1000),
                )  # fmt: skip
                for k in range(0, 200, 10):
                    stored[k : k + 10] = noise[k : k + 10]
            is_stopped = False
    except KeyboardInterrupt:
        is_stopped = True
    finally:
        signal.signal(signal.SIGINT, before)
    assert is_stopped == (n < 10**9)
    if path.exists():  # it may have been whole when the signal acted
        np.testing.assert_array_equal(read_results(path).array("a/x"), noise)
    else:
        assert is_stopped and list(tmp_path.iterdir()) == []
