"""Arrays from NumPy files that may be damaged, hostile or of another kind.

The shapes and types that a file declares are checked before its data are read: nothing is
decompressed that would take more than `MAX_BYTES`, and nothing is ever unpickled.
"""

from __future__ import annotations

import math
import os
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from numpy.lib import format as npy
from numpy.typing import NDArray

from lasersampling.config.plain_files import no_plain_file
from lasersampling.errors import InputError
from lasersampling.paths import named

NUMPY_SUFFIXES = (".npy", ".npz")

MAX_BYTES = 2**30
"""Largest memory of all arrays of one file, in bytes: 1 GiB."""

MAX_ARRAYS = 1000
"""Largest number of arrays in one archive."""

LONE = ""
"""Name under which `read_numpy` gives the only array of a ``.npy`` file."""

_NPY, _ZIP = b"\x93NUMPY", b"PK"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_KINDS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a file compressed by gzip",
    b"\x80": "what looks like a pickle, which is never read",
}


def read_numpy(path: str | os.PathLike[str], expected: str) -> dict[str, NDArray[Any]]:
    """Read all arrays of a ``.npy`` or ``.npz`` file; its content, not its name, says which.

    Parameters
    ----------
    path : path-like
        A regular file.
    expected : str
        What the error message says was expected, if the file is of another kind or damaged.

    Returns
    -------
    dict of str to ndarray
        Arrays of an archive by name; the array of a ``.npy`` file by the empty name `LONE`.

    Raises
    ------
    InputError
        If there is no such file; if it cannot be read, is of another kind or damaged; if it holds
        pickled objects, or declares more than `MAX_BYTES` or `MAX_ARRAYS`. Nothing else is raised.

    References
    ----------
    NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/a.npz", rain=np.arange(3))
    ...     read_numpy(f"{folder}/a.npz", "an archive")
    {'rain': array([0, 1, 2])}
    """
    where = named(path)
    file = Path(where)
    with told_as_damage(where, expected):
        if not file.is_file():
            raise InputError.single(where, no_plain_file(file), expected)
        with file.open("rb") as stream:
            start = stream.read(len(_NPY))
            stream.seek(0)
            if start == _NPY:
                size = file.stat().st_size
                _, array = _array(stream, size, where, expected, MAX_BYTES)
                return {LONE: array}
            if start.startswith(_ZIP):
                return _archive(stream, where, expected)
        raise InputError.single(where, _kind(start), expected)


@contextmanager
def told_as_damage(where: str, expected: str) -> Iterator[None]:
    """Turn whatever a decoder raises on a damaged file into one `InputError`.

    What decoders raise depends on where a file is damaged: `BadZipFile`, `zlib.error`, `EOFError`,
    `struct.error`, `SyntaxError` and more. Only calls of decoders belong in the block.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError.single(where, "no such file", expected) from None
    except PermissionError:
        raise InputError.single(where, "a file that may not be read", expected) from None
    except MemoryError:
        raise InputError.single(where, "more than fits into memory", expected) from None
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        got = f"a file that cannot be read, damaged or of another kind ({reason})"
        raise InputError.single(where, got, expected) from None


def _archive(stream: IO[bytes], where: str, expected: str) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    left = MAX_BYTES
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        if len(members) > MAX_ARRAYS:
            got = f"an archive of {len(members)} files"
            raise InputError.single(where, got, f"{expected}, at most {MAX_ARRAYS} arrays")
        for member in members:
            name = member.filename.removesuffix(".npy")
            inside = f"{where}: {name}"
            if name in arrays:
                raise InputError.single(inside, "two arrays of this name", expected)
            with archive.open(member) as content:
                start = content.read(len(_NPY))
                content.seek(0)
                if start != _NPY:
                    got = f"an archive with {name!r} in it, which is no array"
                    raise InputError.single(where, got, expected)
                used, arrays[name] = _array(content, member.file_size, inside, expected, left)
            left -= used
    return arrays


def _array(
    stream: IO[bytes], size: int, where: str, expected: str, limit: int
) -> tuple[int, NDArray[Any]]:
    """Read one array from `size` bytes; return its memory in bytes, and the array."""
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        got = f"an array in version {version[0]}.{version[1]} of the format"
        raise InputError.single(where, got, f"{expected}, in version 1.0 or 2.0")
    shape, _, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        raise InputError.single(where, "pickled objects, which are never read", expected)
    count = math.prod(shape)
    needed, held = count * dtype.itemsize, size - stream.tell()
    if max(count, needed) > limit:
        got = f"{dtype} of shape {shape}, {max(count, needed):,} bytes"
        expected = (
            f"at most {MAX_BYTES:,} bytes (1 GiB) in one file; divide it, or store smaller types"
        )
        raise InputError.single(where, got, expected)
    if min(shape, default=0) < 0 or needed != held:
        got = f"{held:,} bytes of data for {dtype} of shape {shape}, which takes {needed:,}"
        raise InputError.single(where, f"a damaged file: {got}", expected)
    stream.seek(0)
    return max(count, needed), npy.read_array(stream, allow_pickle=False)


def _kind(start: bytes) -> str:
    if not start:
        return "an empty file"
    for magic, kind in _KINDS.items():
        if start.startswith(magic):
            return kind
    return f"a file of another kind, which begins with {start!r}"
