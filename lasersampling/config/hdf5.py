"""HDF5 files from anywhere, read with care: checked before anything is read, with one error.

A file can declare any amount of data at no cost, and can link to other places, so links, types and
sizes are checked first. The following is refused:

- links other than hard ones: external, soft (which may be broken or run in circles), and groups
  that are reached twice;
- virtual datasets, data in other files, filters other than those that come with HDF5;
- compound, opaque and reference types, in place of numbers and text;
- data that were never written (they would read as zeros), or reach beyond the end of the file;
- more in the file than the data would take without compression;
- more than `LARGEST_BYTES` of data that are not at least 1 / `LARGEST_RATIO` of that in the file;
- more than `MOST_OBJECTS` groups and datasets, or groups nested deeper than `DEEPEST`;
- text that is not UTF-8.

These limits stand in `config.hdf5_checks`, and the checksums that our own files carry in
`config.hdf5_seal`.
Files that are not trusted are read by another process first (`config.hdf5_inspection`).
Whatever else h5py raises becomes an `InputError` that names the file.

Examples
--------
>>> from lasersampling.config import hdf5
>>> from lasersampling.config import shipped_path
>>> with hdf5.opened(shipped_path("machines", "digits"), "a machine") as root:
...     root.group("machine").dataset("biases").shape
(134,)
"""

from __future__ import annotations

import io
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.config.hdf5_checks import (
    DEEPEST,
    MOST_OBJECTS,
    Source,
    attributes,
    check_attributes,
    check_file,
    check_stream,
    decoded,
    spoken,
)
from lasersampling.config.hdf5_inspection import inspected, is_same
from lasersampling.config.hdf5_seal import REMEDY, seal, sealed
from lasersampling.errors import InputError, LaserSamplingError

if TYPE_CHECKING:
    import h5py

__all__ = ["Dataset", "Group", "file_content", "opened", "opened_bytes", "seal", "sealed"]

_LARGEST_CONTENT = 10**9
_CHUNK_HEAD = 64
_PATIENCE_S = 1.0
_EXCHANGED = "a file that was changed or exchanged while it was being read"


@contextmanager
def opened(path: str | os.PathLike[str], expected: str) -> Iterator[Group]:
    """Open a file and give its root; within the block every failure is an `InputError`.

    Parameters
    ----------
    path : path-like
        The file.
    expected : str
        The kind of file that it should be, for messages.

    Raises
    ------
    InputError
        If there is no such file; if it is not a plain file, empty, of another kind, held by a
        process that writes it, or damaged; or if it has one of the faults listed at the head of
        this module.
    """
    import h5py

    name = str(path)
    with _translated(name, expected):
        for is_last in _attempts():
            size = check_file(path, expected)
            identity = inspected(path, expected)
            got = "a file that another process is writing"
            with suppress(BlockingIOError):
                file = h5py.File(os.fspath(path), "r", locking="best-effort")
                if is_same(file.id.get_vfd_handle(), identity):
                    break
                file.close()
                got = _EXCHANGED
            if is_last:
                raise InputError.single(name, got, f"{expected}; wait until that is over")
        with file:
            yield Group(Source(name, expected, size), file, "")


@contextmanager
def opened_bytes(content: bytes, name: str, expected: str) -> Iterator[Group]:
    """Open the content of a file, as `opened` does.

    Parameters
    ----------
    content : bytes
        The content.
    name, expected : str
        Name and kind of the file, for messages.
    """
    import h5py

    with _translated(name, expected):
        check_stream(io.BytesIO(content), len(content), name, expected)
        with h5py.File(io.BytesIO(content), "r") as file:
            yield Group(Source(name, expected, len(content)), file, "")


def file_content(path: str | os.PathLike[str], expected: str) -> bytes:
    """Return the bytes of an HDF5 file, for `opened_bytes`.

    Raises
    ------
    InputError
        As for `opened`, and for files of more than 1 GB.
    """
    name = str(path)
    for is_last in _attempts():
        size = check_file(path, expected)
        if size > _LARGEST_CONTENT:
            got = f"a file of {spoken(size)}"
            raise InputError.single(name, got, f"at most {spoken(_LARGEST_CONTENT)}")
        with _translated(name, expected):
            identity = inspected(path, expected)
            with Path(path).open("rb") as stream:
                content = stream.read()
                if is_same(stream.fileno(), identity):
                    break
        if is_last:
            raise InputError.single(name, _EXCHANGED, f"{expected}; wait until that is over")
    return content


def _attempts() -> Iterator[bool]:
    """Try for a while to open a file, since a run that goes on puts one after the other in place.

    Yields
    ------
    bool
        Whether it is the last attempt.
    """
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        yield False
        time.sleep(_PATIENCE_S / 20)
    yield True


class Group:
    """A group of a file, whose entries are checked before they are opened."""

    def __init__(self, source: Source, group: h5py.Group, path: str) -> None:
        self.path = path
        self.h5py = group
        self._source = source

    def refusal(self, name: str, got: str, expected: str) -> InputError:
        """Make the error for one entry; ``""`` stands for this group itself."""
        path = "/".join(part for part in (self.path, name) if part)
        return self._source.refusal(path, got, expected)

    def names(self) -> list[str]:
        """Names of all entries, in the order of the file."""
        if self.h5py.id.get_num_objs() > MOST_OBJECTS:
            got = f"{self.h5py.id.get_num_objs()} entries"
            raise self._source.refusal(self.path, got, f"at most {MOST_OBJECTS}")
        names = list(self.h5py)
        for name in names:
            # The text of a damaged name comes as bytes; one with a slash leads elsewhere.
            if not isinstance(name, str) or not name.isprintable() or "/" in name:
                raise self._source.refusal(self.path, f"the name {name!r:.80}", "a name as text")
        return names

    def __contains__(self, name: str) -> bool:
        return self.h5py.get(name, getlink=True, default=None) is not None

    def group(self, name: str) -> Group | None:
        """Return a group by its name, if there is one."""
        child = self._child(name) if name in self else None
        return child if isinstance(child, Group) else None

    def dataset(self, name: str) -> Dataset | None:
        """Return a dataset by its name, if there is one."""
        child = self._child(name) if name in self else None
        return child if isinstance(child, Dataset) else None

    def children(self) -> dict[str, Group | Dataset]:
        """All entries by their names."""
        return {name: self._child(name) for name in self.names()}

    def attributes(self) -> dict[str, Any]:
        """Attributes as numbers, text and arrays; without those by which netCDF links."""
        return attributes(self._source, self.h5py, self.path)

    def inspected(self) -> dict[str, Group | Dataset]:
        """Check everything below, for code that will read it by other means.

        Returns
        -------
        dict of str to Group or Dataset
            All entries by their paths, and this group under "".
        """
        found: dict[str, Group | Dataset] = {}
        seen: set[int] = set()
        left: list[tuple[Group, int]] = [(self, 0)]
        while left:
            group, depth = left.pop()
            address = _address(group.h5py)
            if address in seen or depth > DEEPEST:
                got = "a group that lies within itself or is linked to twice"
                got = got if address in seen else f"groups nested deeper than {DEEPEST}"
                raise self._source.refusal(group.path, got, "a tree of groups")
            seen.add(address)
            found[group.path] = group
            check_attributes(self._source, group.h5py, group.path)
            for child in group.children().values():
                found[child.path] = child
                if len(found) > MOST_OBJECTS:
                    expected = f"at most {MOST_OBJECTS} groups and datasets"
                    raise self._source.refusal("", "more", expected)
                if isinstance(child, Group):
                    left.append((child, depth + 1))
                else:
                    check_attributes(self._source, child.h5py, child.path)
        return found

    def _child(self, name: str) -> Group | Dataset:
        import h5py

        path = f"{self.path}/{name}" if self.path else name
        link = self.h5py.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            other = {h5py.SoftLink: "a soft link", h5py.ExternalLink: "a link to another file"}
            got = other.get(type(link), "a link of unknown kind")
            raise self._source.refusal(path, got, "what it leads to, in this file and place")
        found = h5py.h5o.open(self.h5py.id, name.encode())
        if isinstance(found, h5py.h5g.GroupID):
            return Group(self._source, h5py.Group(found), path)
        if isinstance(found, h5py.h5d.DatasetID):
            return Dataset(self._source, h5py.Dataset(found), path)
        raise self._source.refusal(path, "a named type", "a group or a dataset")


class Dataset:
    """A dataset of a file. Its form has been checked; its size is checked when it is read.

    Attributes
    ----------
    shape : tuple of int
        Shape that the file declares.
    is_text : bool
        Whether its entries are text; otherwise they are numbers.
    """

    def __init__(self, source: Source, dataset: h5py.Dataset, path: str) -> None:
        import h5py

        self.path = path
        self.h5py = dataset
        self._source = source
        kind = dataset.id.get_type().get_class()
        self.is_text = kind == h5py.h5t.STRING
        if not self.is_text and kind not in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM):
            raise source.refusal(path, "entries that are no numbers", "numbers or text")
        if not self.is_text and dataset.dtype.kind not in "biuf":
            raise source.refusal(path, f"entries of type {dataset.dtype}", "numbers or text")
        if dataset.shape is None:
            raise source.refusal(path, "a dataset without any data", "numbers or text")
        self.shape: tuple[int, ...] = tuple(dataset.shape)
        self._layout = dataset.id.get_create_plist()
        if self._layout.get_layout() == h5py.h5d.VIRTUAL or self._layout.get_external_count():
            raise source.refusal(path, "data that lie in other files", "data in this file")
        for place in range(self._layout.get_nfilters()):
            code = self._layout.get_filter(place)[0]
            if code not in _known_filters():
                raise source.refusal(path, f"data compressed by the filter {code}", "gzip, or none")

    def attributes(self) -> dict[str, Any]:
        """Attributes, as those of a group."""
        return attributes(self._source, self.h5py, self.path)

    @property
    def n_items(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    def numbers(self) -> NDArray[Any]:
        """Read the numbers.

        Raises
        ------
        InputError
            For text, data that were never written, or too many.
        """
        if self.is_text:
            raise self._source.refusal(self.path, "text", "numbers")
        self.check_size()
        return np.asarray(self.h5py[()])

    def rows(self, first: int, last: int) -> NDArray[Any]:
        """Read numbers from one place up to another along the first dimension.

        Raises
        ------
        InputError
            For text and single numbers, data that were never written, or too many.
        """
        if self.is_text or not self.shape:
            got = "text" if self.is_text else "a single number"
            raise self._source.refusal(self.path, got, "a list of numbers")
        self.check_size()
        return np.asarray(self.h5py[first:last])

    def texts(self) -> NDArray[np.object_]:
        """Read text, as an array of the shape of the dataset.

        Raises
        ------
        InputError
            For numbers, text that is not UTF-8, or too much.
        """
        if not self.is_text:
            raise self._source.refusal(self.path, "numbers", "text")
        self.check_size()
        found = np.empty(self.shape, dtype=object)
        if self.n_items > MOST_OBJECTS:
            got, expected = f"{self.n_items} texts", f"at most {MOST_OBJECTS}"
            raise self._source.refusal(self.path, got, expected)
        # One at a time: only HDF5 knows the length of each, and all may be the same one.
        for index in np.ndindex(self.shape):
            found[index] = self._text(self.h5py[index])
        return found

    def text(self) -> str:
        """Read the text of a scalar dataset."""
        found = self.texts()
        if found.size != 1:
            raise self._source.refusal(self.path, f"{found.size} texts", "one")
        return str(found.flat[0])

    def _text(self, value: Any) -> str:
        text = decoded(self._source, self.path, value)
        self._source.count(self.path, len(text))
        return text

    def check_size(self) -> None:
        """Check what is declared and what is there, for code that reads by other means.

        Raises
        ------
        InputError
            If the dataset is too large, or was never written.
        """
        import h5py

        n_items, item = self.n_items, int(self.h5py.id.get_type().get_size())
        stored = int(self.h5py.id.get_storage_size())
        n_bytes = n_items * item
        if self._layout.get_layout() == h5py.h5d.CHUNKED:
            chunk = self._layout.get_chunk()
            wanted = math.prod(-(-n // m) for n, m in zip(self.shape, chunk, strict=True))
            there = int(self.h5py.id.get_num_chunks()) if n_items else 0
            n_bytes = wanted * math.prod(chunk) * item
            # HDF5 unpacks all that is packed in a chunk, whatever its size was declared to be.
            if stored > n_bytes + n_bytes // 64 + _CHUNK_HEAD * there:
                got = f"{spoken(stored)} in the file for {spoken(n_bytes)} of data"
                raise self._source.refusal(self.path, got, "no more than that")
        else:
            wanted, there = n_bytes, min(stored, self._source.size)
        # First the cost, since a small file can declare a large dataset.
        most = self._source.most(stored)
        if n_bytes > most:
            got = f"{spoken(n_bytes)} declared, of which {spoken(stored)} are in the file"
            raise self._source.refusal(self.path, got, f"at most {spoken(most)}")
        if n_items and there < wanted:
            got = f"data of shape {self.shape} that are missing, all or in part"
            raise self._source.refusal(self.path, got, "data that were written")
        self._source.count(self.path, n_bytes)


@contextmanager
def _translated(name: str, expected: str) -> Iterator[None]:
    try:
        yield
    except LaserSamplingError:
        raise
    except MemoryError:
        got = "more data than there is memory for"
        raise InputError.single(name, got, expected) from None
    except Exception as error:
        if isinstance(error, OSError) and error.strerror and error.errno:
            got = f"a file that cannot be read ({error.strerror.lower()})"
            raise InputError.single(name, got, expected) from error
        # What h5py says is about its own structures, of which users know nothing.
        got = "a damaged or truncated file, of which a part cannot be read"
        raise InputError.single(name, got, f"{expected}, {REMEDY}") from error


def _known_filters() -> tuple[int, ...]:
    from h5py import h5z

    return (
        h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, h5z.FILTER_SZIP,
        h5z.FILTER_NBIT, h5z.FILTER_SCALEOFFSET, h5z.FILTER_LZF,
    )  # fmt: skip


def _address(group: h5py.Group) -> int:
    from h5py import h5o

    return int(h5o.get_info(group.id).addr)
