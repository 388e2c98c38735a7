import errno

import numpy as np
import pytest

from lasersampling.errors import LaserSamplingError
from lasersampling.results import ResultsFile
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
    made = DiskFile.__init__

    def full(self, path):
        made(self, path)
        self._file = Full(self._file, 100_000)

    monkeypatch.setattr(DiskFile, "__init__", full)
    path = tmp_path / "run.h5"
    noise = np.random.default_rng(0).normal(size=100_000)
    with (
        pytest.raises(LaserSamplingError, match="could not be written"),
        ResultsFile.create(path, command="", seed=0, config="") as file,
    ):
        file.write("a/x", noise, ("x",), units="1", description="noise")
    assert list(tmp_path.iterdir()) == []
