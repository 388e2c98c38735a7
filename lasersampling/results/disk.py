"""A file on a disk that may become full, and whose run may be stopped, as HDF5 can bear it."""

from __future__ import annotations

import io
import os
from typing import Any

from lasersampling.interrupts import called_back


class DiskFile(io.RawIOBase):
    """A new file that HDF5 writes through Python.

    HDF5 crashes the process when the disk is full. So a write that fails is remembered and told to
    HDF5 as done, and the writer asks by `check` whether all is on the disk. What a signal raises
    here, HDF5 may forget; so signals wait (`interrupts`).

    Parameters
    ----------
    path : path-like
        Existing file, which is emptied.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self._file = open(path, "w+b", buffering=0)  # noqa: PTH123, SIM115 - closed by `close`
        self._failure: OSError | None = None

    def check(self) -> None:
        """Raise the error of the first write that failed, if any did.

        Raises
        ------
        OSError
            The error of the operating system.
        """
        if self._failure is not None:
            raise self._failure

    @called_back
    def readable(self) -> bool:
        """Return True."""
        return True

    @called_back
    def writable(self) -> bool:
        """Return True."""
        return True

    @called_back
    def seekable(self) -> bool:
        """Return True."""
        return True

    @called_back
    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place in the file."""
        return self._file.seek(offset, whence)

    @called_back
    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    @called_back
    def readinto(self, buffer: Any) -> int:
        """Read as many bytes as fit, or as there are."""
        return self._file.readinto(buffer)

    @called_back
    def write(self, data: Any) -> int:
        """Write bytes; a failure is remembered."""
        left = memoryview(data).cast("B")
        size = len(left)
        if self._failure is None:
            try:
                while left:
                    left = left[self._file.write(left) :]
            except OSError as failure:
                self._failure = failure
        return size

    @called_back
    def truncate(self, size: int | None = None) -> int:
        """Change the length of the file; a failure is remembered."""
        try:
            return self._file.truncate(size)
        except OSError as failure:
            self._failure = self._failure or failure
            return self.tell() if size is None else size

    @called_back
    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
