"""Writing a file so that it is there as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from lasersampling.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class FileInUseError(InputError):
    """A file that another run is writing now."""


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """Give a temporary name beside `path`, and move what was written there into place.

    At a clean exit of the block the data are forced to disk and the temporary file replaces
    `path`; after an exception it is removed and `path` stays as it was. The temporary name is the
    same every time and locked while in use, so that two runs that write one file are found out
    at once, and what a killed run leaves behind is used up by the next.

    Parameters
    ----------
    path : path-like
        File to be written. A symbolic link is followed: the file it names is replaced.
    overwrite : bool
        Whether a file that is there may be replaced.

    Yields
    ------
    Path
        Existing, empty file in the directory of `path`, to be written by name.

    Raises
    ------
    InputError
        Before the block is entered: the directory is missing or not writable, `path` is no
        regular file, `path` exists and `overwrite` is false, or another run is writing it.
    """
    shown = str(path)
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise InputError.single(
            shown, f"no directory {str(target.parent)!r}", "a file in an existing directory"
        )
    if target.exists() and not target.is_file():
        kind = "a directory" if target.is_dir() else "something other than a regular file"
        raise InputError.single(shown, kind, "the name of a regular file")
    temporary = target.with_name(f".{target.name}.partial")
    descriptor = _open_locked(temporary, shown)
    try:
        if target.exists() and not overwrite:
            raise InputError.single(
                shown, "a file that exists", "a new file name, or leave to overwrite it"
            )
        os.truncate(descriptor, 0)
        yield temporary
        os.fsync(descriptor)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    _sync_directory(target.parent)


@contextlib.contextmanager
def reserved(path: str | os.PathLike[str]) -> Iterator[None]:
    """Keep other runs from writing `path` while the block lasts, by a lock file beside it.

    Raises
    ------
    InputError
        If the directory is missing or not writable, or another run has reserved the file.
    """
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise InputError.single(
            str(path), f"no directory {str(target.parent)!r}", "a file in an existing directory"
        )
    lock = target.with_name(f".{target.name}.lock")
    descriptor = _open_locked(lock, str(path))
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _open_locked(temporary: Path, shown: str) -> int:
    """Open `temporary` and lock it, without truncating what another run may be writing."""
    if fcntl is None:
        raise InputError.single(
            shown,
            f"a system without locks of files ({sys.platform})",
            "Linux or macOS, which writing files needs; under Windows, WSL is Linux",
        )
    while True:
        try:
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError.single(
                shown, f"a file that cannot be written ({reason})", "a writable directory"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise FileInUseError.single(
                shown, "a file that another run is writing now", "one run per file"
            ) from None
        except OSError:
            # Some network file systems know no locks; the run goes on without this guard.
            return descriptor
        # The other run may have moved the file into place between our opening and locking it;
        # what we hold then is its result.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), temporary.stat()):
                return descriptor
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    """Make the renaming last; file systems that cannot are left alone."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
