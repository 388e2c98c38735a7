"""Writing a file completely or not at all, and never in place of another.

A run checks all names that it will write before it begins (`check_outputs`): files that it did not
make are replaced only if asked, and files that it reads are never replaced.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lasersampling.errors import InputError, LaserSamplingError, Problem
from lasersampling.paths import named

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_DISK_FAILED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""Errors of writing that are neither mistakes of the program nor bad input."""

A_FILE_THAT_EXISTS = "a file that exists"
"""What is got where a file is not to be replaced."""

Name = str | os.PathLike[str]


class FileInUseError(InputError):
    """A file that another run is writing now."""


def check_outputs(paths: Iterable[Name], **options: Any) -> None:
    """Refuse names of files that a run must not write; arguments are those of `output_problems`.

    Raises
    ------
    InputError
        With all problems.
    """
    problems = output_problems(paths, **options)
    if problems:
        raise InputError(problems)


def output_problems(
    paths: Iterable[Name],
    *,
    inputs: Iterable[Name] = (),
    folders: Iterable[Name] = (),
    overwrite: bool = False,
) -> list[Problem]:
    """Check all files that a run will write, before it begins.

    Parameters
    ----------
    paths : iterable of path-like
        Files to be written.
    inputs : iterable of path-like
        Files that the run reads. Names that are not files, such as those of shipped devices, are
        ignored.
    folders : iterable of path-like
        Folders of which the run reads all files.
    overwrite : bool
        Whether existing files may be replaced; inputs never are.

    Returns
    -------
    list of Problem
        Problems: a file that exists; a file that the run reads, also under another name, or whose
        temporary file would be one; a place among the inputs; a symbolic link; no regular file; no
        such directory; a directory that cannot be written.
    """
    read = [Path(name) for name in inputs if os.fspath(name) and Path(name).is_file()]
    among = [Path(name).resolve() for name in folders if os.fspath(name)]
    problems = []
    targets: list[Path] = []
    told: set[Path] = set()  # folders that are missing or cannot be written, one problem each
    for path in paths:
        target = _located(path)
        if target in targets:
            problems.append(Problem(str(path), "the name of two files of this run", "two names"))
        targets.append(target)
        places = (target, _temporary(target), _lock(target))
        same = next((name for place in places for name in read if _is_same(place, name)), None)
        if same is not None:
            got = f"a file that this run reads ({same})"
            problems.append(Problem(str(path), got, "a name that is none of the inputs"))
            continue
        inside = next((folder for folder in among if folder in target.parents), None)
        if inside is not None:
            got = f"a file among those that this run reads ({inside})"
            problems.append(Problem(str(path), got, "another folder"))
            continue
        if target.parent in told:
            continue
        problems += _target_problems(path, overwrite=overwrite)
        if not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
            told.add(target.parent)
    return problems


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """Give a temporary name beside `path`, and move what was written there into place.

    When the block ends normally, the data are forced to disk and the temporary file replaces
    `path`; after an exception it is removed and `path` stays as it was. The temporary name is
    always the same, and locked while in use, so that two runs that write one file notice one
    another at once, and the file that a killed run leaves behind is used by the next.

    Parameters
    ----------
    path : path-like
        File to be written. Symbolic links among its folders are followed; it must not be one
        itself, since the file to which it points would be replaced.
    overwrite : bool
        Whether an existing file may be replaced.

    Yields
    ------
    Path
        Existing, empty file in the directory of `path`, to be written by name.

    Raises
    ------
    InputError
        Before the block is entered: the directory is missing or not writable, `path` is no
        regular file, `path` exists and `overwrite` is false, or another run is writing it.
    LaserSamplingError
        If the disk is full or fails while the block writes.
    """
    shown = str(path)
    problems = _target_problems(path, overwrite=True)
    if problems:
        raise InputError(problems)
    target = _located(path)
    temporary = _temporary(target)
    descriptor = _open_locked(temporary, shown)
    try:
        # Another run may have made it before we had the lock.
        problems = _target_problems(path, overwrite=overwrite)
        if problems:
            raise InputError(problems)
        os.truncate(descriptor, 0)
        yield temporary
        os.fsync(descriptor)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno in _DISK_FAILED:
            reason = error.strerror or str(error)
            raise LaserSamplingError(f"{shown}: could not be written ({reason})") from error
        raise
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
    problems = _target_problems(path, overwrite=True)
    if problems:
        raise InputError(problems)
    lock = _lock(_located(path))
    descriptor = _open_locked(lock, str(path))
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def in_use(path: Name) -> Problem:
    """Say that another run is writing a file."""
    return Problem(str(path), "a file that another run is writing now", "one run per file")


def is_reserved(path: Name) -> bool:
    """Whether a run has reserved this file now; nothing is written to find out."""
    try:
        descriptor = os.open(_lock(_located(path)), os.O_RDONLY)
    except OSError:  # there is none, or it is not ours to read
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, AttributeError):  # a file system without locks, or Windows
        return False
    finally:
        os.close(descriptor)
    return False


def _located(path: Name) -> Path:
    """Follow links among the folders of a path, but not in its last part."""
    absolute = Path(os.path.abspath(named(path)))  # noqa: PTH100 - pathlib's follows the last link too
    try:
        return absolute.parent.resolve() / absolute.name
    except (OSError, RuntimeError):  # circular links; reported when the directory is checked
        return absolute


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


def _lock(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _is_same(place: Path, read: Path) -> bool:
    try:
        return place.samefile(read)
    except (OSError, RuntimeError, ValueError):
        return False


def _target_problems(path: Name, *, overwrite: bool) -> list[Problem]:
    """Reasons why a file cannot be written under this name."""
    shown = str(path)
    target = _located(path)
    if not target.name or not target.parent.is_dir():
        got, expected = f"no directory {str(target.parent)!r}", "a file in an existing directory"
        return [Problem(shown, got, expected)]
    try:
        _temporary(target).lstat()  # its name is longer than that of the target
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        got = f"a file that cannot be written ({reason})"
        return [Problem(shown, got, "a writable directory and a name of usual length")]
    if target.is_symlink():
        got = f"a symbolic link to {target.readlink()}"
        return [Problem(shown, got, "the name of a regular file, such as that one's own")]
    if target.exists() and not target.is_file():
        kind = "a directory" if target.is_dir() else "something other than a regular file"
        return [Problem(shown, kind, "the name of a regular file")]
    if target.exists() and not overwrite:
        expected = "a new file name, or leave to overwrite it (--overwrite)"
        return [Problem(shown, A_FILE_THAT_EXISTS, expected)]
    if not os.access(target.parent, os.W_OK):
        got = "a file that cannot be written (permission denied)"
        return [Problem(shown, got, "a writable directory")]
    return []


def _open_locked(temporary: Path, shown: str) -> int:
    """Open `temporary` and lock it, without truncating what another run may be writing."""
    if fcntl is None:
        raise InputError.single(
            shown,
            f"a system without locks of files ({sys.platform})",
            "Linux or macOS, which writing files needs; under Windows, WSL is Linux",
        )
    flags = os.O_RDWR | os.O_CREAT
    for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):  # not all systems have them
        flags |= getattr(os, name, 0)
    while True:
        try:
            descriptor = os.open(temporary, flags, 0o666)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError.single(
                shown, f"a file that cannot be written ({temporary.name}: {reason})",
                "a writable directory",
            ) from None  # fmt: skip
        held = os.fstat(descriptor)
        if not stat.S_ISREG(held.st_mode) or held.st_nlink > 1:
            os.close(descriptor)
            # What is written there would also appear under the other name.
            got = f"beside it {temporary.name}, which is no file of this program's own"
            raise InputError.single(shown, got, "another name, or none of this file")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise FileInUseError([in_use(shown)]) from None
        except OSError:
            # Some network file systems have no locks; then the run continues without this guard.
            return descriptor
        # The other run may have moved the file into place between our opening and locking it; then
        # we hold its result.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), temporary.stat()):
                return descriptor
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    """Make the renaming durable, on file systems that can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
