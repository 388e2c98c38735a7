"""Limits for HDF5 files that are read, and checks of whole files and of attributes."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lasersampling.config.hdf5_seal import REMEDY, check_seal, content_length
from lasersampling.config.plain_files import no_plain_file
from lasersampling.errors import InputError
from lasersampling.paths import named, no_such_file

LARGEST_BYTES = 2**28
"""Limit for the uncompressed data of a file; for more see `LARGEST_RATIO`."""

LARGEST_RATIO = 200
"""Largest compression ratio of larger data. Weights and states reach 2 to 100, zeros 1000."""

MOST_OBJECTS = 20_000
MOST_ATTRIBUTES = 1000
DEEPEST = 32

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PIECE = 2**20
_COLLECTION = b"GCOL\x01\x00\x00\x00"
_LARGEST_COLLECTION = 2**28
_LARGEST_FILE = 2**50
_NETCDF_REFERENCES = ("DIMENSION_LIST", "REFERENCE_LIST")


class Source:
    """A file that is being read, and how much of it has been read."""

    def __init__(self, name: str, expected: str, size: int) -> None:
        self.name, self.expected, self.size = name, expected, size
        self._read_bytes = 0

    def refusal(self, path: str, got: str, expected: str = "") -> InputError:
        """Make the error for one entry; ``""`` stands for the root."""
        where = f"{self.name}: /{path}" if path else self.name
        return InputError.single(where, got, expected or self.expected)

    def most(self, stored: int) -> int:
        """Say how many bytes may result from so many bytes in the file."""
        return max(LARGEST_BYTES, LARGEST_RATIO * min(stored, self.size))

    def count(self, path: str, n_bytes: int) -> None:
        """Refuse data that would take more memory than the size of the file justifies."""
        self._read_bytes += n_bytes
        most = self.most(self.size)
        if self._read_bytes > most:
            got = f"{spoken(self._read_bytes)} of data in a file of {spoken(self.size)}"
            raise self.refusal(path, got, f"at most {spoken(most)}")


def check_stream(stream: BinaryIO, size: int, name: str, expected: str) -> None:
    """Detect an empty or foreign file, and one that has changed since it was sealed.

    In files without a seal the collections of texts are checked too: HDF5 2.0 never returns from
    one with an empty entry, which a flipped byte can produce.

    Raises
    ------
    InputError
        If it is one of these.
    """
    start = stream.read(len(_SIGNATURE))
    if start != _SIGNATURE:
        got = f"a file that begins with {start!r}" if start else "an empty file"
        raise InputError.single(name, got, expected)
    if check_seal(stream, size, name, expected):
        return
    length = content_length(stream)
    stream.seek(0)
    if size < length < _LARGEST_FILE:  # a larger number is itself damaged
        got = (
            f"a damaged or truncated file: {spoken(size)} are there, of at least {spoken(length)}, "
            "as after a copy that was broken off"
        )
        raise InputError.single(name, got, f"{expected}, {REMEDY}")
    for place in list(_collections(stream)):
        stream.seek(place)
        if not _is_sound(stream):
            got = f"a damaged or truncated file (its text at byte {place} has no end)"
            raise InputError.single(name, got, f"{expected}, {REMEDY}")


def _collections(stream: BinaryIO) -> Iterator[int]:
    """Find where collections of texts begin (HDF5 file format 3.0, III.E "Global Heap")."""
    place, before = 0, b""
    while piece := stream.read(_PIECE):
        text = before + piece
        hit = text.find(_COLLECTION)
        while hit >= 0:
            yield place - len(before) + hit
            hit = text.find(_COLLECTION, hit + 1)
        place += len(piece)
        before = text[1 - len(_COLLECTION) :]


def _is_sound(stream: BinaryIO) -> bool:
    """Walk through a collection, starting at its first byte."""
    head = stream.read(16)
    size = int.from_bytes(head[8:], "little") - len(head)
    if not 0 <= size <= _LARGEST_COLLECTION:
        return False
    body = stream.read(size)
    place = 0
    while place + 16 <= len(body):
        number = int.from_bytes(body[place : place + 2], "little")
        length = int.from_bytes(body[place + 8 : place + 16], "little")
        # Number 0 is the free space, whose length includes its own head.
        length = 16 + -(-length // 8) * 8 if number else length
        if not 0 < length <= len(body) - place:
            return False
        place += length
    return True


def check_file(path: str | os.PathLike[str], expected: str) -> int:
    """Check a file before HDF5 opens it; return its bytes.

    Raises
    ------
    InputError
        If there is none, it cannot be read or is not a plain file, or if `check_stream` refuses it.
    """
    name = named(path)
    try:
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode):  # opening a pipe would block until another process writes to it
            raise InputError.single(name, no_plain_file(path), expected)
        with Path(path).open("rb") as stream:
            # Of what is open: a run that goes on may have put a new file in the place of the old.
            size = os.fstat(stream.fileno()).st_size
            check_stream(stream, size, name, expected)
    except FileNotFoundError:
        raise InputError.single(name, no_such_file(path), expected) from None
    except OSError as error:
        raise InputError.single(name, (error.strerror or str(error)).lower(), expected) from None
    return size


def check_attributes(source: Source, holder: Any, path: str) -> list[str]:
    """Check the types and sizes of attributes; return the names of those with values.

    Parameters
    ----------
    source : Source
        The file.
    holder : h5py.Group or h5py.Dataset
        Group or dataset with the attributes.
    path : str
        Its place, for messages.
    """
    from h5py import h5a, h5t

    n_held = h5a.get_num_attrs(holder.id)
    if n_held > MOST_ATTRIBUTES:
        raise source.refusal(path, f"{n_held} attributes", f"at most {MOST_ATTRIBUTES}")
    names = []
    for name in holder.attrs:
        if not isinstance(name, str) or not name.isprintable():
            got = f"an attribute of the name {name!r:.80}"
            raise source.refusal(path, got, "a name as text")
        if name in _NETCDF_REFERENCES:
            continue
        held = holder.attrs.get_id(name)
        kind = held.get_type().get_class()
        if kind not in (h5t.INTEGER, h5t.FLOAT, h5t.ENUM, h5t.STRING):
            raise source.refusal(f"{path}@{name}", "no numbers or text", "numbers or text")
        n_items = math.prod(held.shape or ())
        if n_items * held.get_type().get_size() > max(source.size, 2**16):
            got = f"{n_items} entries, more than the file can hold"
            raise source.refusal(f"{path}@{name}", got, "numbers or text")
        # All of them may be one and the same text, as long as the file.
        if kind == h5t.STRING and n_items * source.size > source.most(source.size):
            raise source.refusal(f"{path}@{name}", f"{n_items} texts", f"at most {LARGEST_RATIO}")
        names.append(name)
    return names


def attributes(source: Source, holder: Any, path: str) -> dict[str, Any]:
    """Read attributes: numbers, text, and arrays of these; see `check_attributes`."""
    found: dict[str, Any] = {}
    for name in check_attributes(source, holder, path):
        value, place = holder.attrs[name], f"{path}@{name}"
        if isinstance(value, str | bytes):
            found[name] = decoded(source, place, value)
        elif isinstance(value, np.ndarray) and value.dtype.kind in "OS":
            texts = [decoded(source, place, text) for text in value.ravel()]
            found[name] = np.array(texts, dtype=object).reshape(value.shape)
        else:
            found[name] = value
    return found


def decoded(source: Source, path: str, value: Any) -> str:
    """Return text, in which h5py hides bytes that are not UTF-8."""
    try:
        text = value.decode() if isinstance(value, bytes) else str(value)
        text.encode()
    except UnicodeError:
        raise source.refusal(path, "text that is not UTF-8", "text") from None
    return text


def spoken(n_bytes: int) -> str:
    """Write a number of bytes with a unit."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"
