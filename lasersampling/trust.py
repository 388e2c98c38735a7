"""Whether the HDF5 files that are opened now are trusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_untrusted: ContextVar[bool] = ContextVar("untrusted", default=False)


@contextmanager
def untrusted_files() -> Iterator[None]:
    """Let another process read each HDF5 file first, within the block.

    Functions that open HDF5 files within the block, in the same thread, do so only after a child
    process has read the whole file, with limits on its time and its memory. So a file that makes
    the HDF5 library loop, crash or take all memory becomes an `InputError` that names the place in
    the file. Commands open all files in this way. It doubles the time of reading, and starting the
    child takes a quarter of a second, once.

    Raises
    ------
    InputError
        From the functions that read, for a file that the child was not able to read as a whole.

    Examples
    --------
    >>> import lasersampling as ls
    >>> ls.save_machine("mine.h5", ls.BoltzmannMachine.random(3, seed=0))
    >>> with ls.untrusted_files():
    ...     ls.load_machine("mine.h5").n_units
    3
    """
    token = _untrusted.set(True)
    try:
        yield
    finally:
        _untrusted.reset(token)


def files_are_trusted() -> bool:
    """Return whether this is outside all blocks of `untrusted_files`."""
    return not _untrusted.get()
