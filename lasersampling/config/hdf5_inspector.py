"""The process that reads untrusted HDF5 files first; `config.hdf5_inspection` starts it.

It is run as a script, imports h5py and NumPy only, and forks for each file. Each line of its input
is a request, a JSON object with the keys of `Request`. It answers with lines of JSON: ``{"at":
...}`` says where in the file it is, ``{"sound": ...}`` identifies a file in which everything could
be read, ``{"fault": ...}`` says why not, ``{"failed": ...}`` that the file cannot be opened for a
reason that is not its content, and ``{"ended": ...}`` that the process which read it ended with
this exit code, minus the number of a signal. If HDF5 loops for ever, the system ends that process
when its processor time is over; if HDF5 asks for memory without end, it gets none.

All that a reader may touch is read and thrown away: attributes, references, texts, rows, and all
data, in pieces. Links are not followed, nor are data read that lie in other files, are packed by
unknown filters, or were never written: readers refuse those themselves.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import h5py
from h5py import h5d, h5o, h5t, h5z

_IDLE_S = 120.0
_PIECE_BYTES = 2**24
_LONGEST = 200
_WALL_PER_CPU = 20
_PLAIN = (h5t.INTEGER, h5t.FLOAT, h5t.ENUM)
_REFERENCES = "DIMENSION_LIST"


class Request(TypedDict):
    """What is to be inspected, and the limits.

    Attributes
    ----------
    path : str
        The file.
    seconds : float
        Processor time [s].
    bytes_per_s : float
        Uncompressed data for which there is one further second [bytes/s], and ten times the bytes
        of the file.
    most_memory : int
        Memory beyond that of an idle process [bytes].
    largest_bytes, largest_ratio, most_objects, deepest : int
        Limits of `config.hdf5_checks`.
    """

    path: str
    seconds: float
    bytes_per_s: float
    most_memory: int
    largest_bytes: int
    largest_ratio: int
    most_objects: int
    deepest: int


class Fault(Exception):
    """A reason why a file is refused."""


class _Inspection:
    """One file that is being inspected."""

    def __init__(self, file: h5py.File, request: Request) -> None:
        self._file, self._request = file, request
        self._size = os.fstat(file.id.get_vfd_handle()).st_size
        self._datasets: list[tuple[str, h5py.Dataset]] = []

    def run(self) -> None:
        """Read everything.

        Raises
        ------
        Fault
            If something is refused; h5py raises errors of its own for what it cannot read.
        """
        self._allow(10 * self._size)
        self._walk()
        planned = [(path, dataset, self._declared(dataset)) for path, dataset in self._datasets]
        total = sum(n_bytes for _, _, n_bytes in planned)
        if total > self._most(self._size):
            raise Fault(f"{_spoken(total)} of data in a file of {_spoken(self._size)}")
        self._allow(total)
        for path, dataset, n_bytes in planned:
            _tell(at=path[:_LONGEST])
            if n_bytes:
                _read(dataset, self._request["most_objects"])

    def _allow(self, n_bytes: int) -> None:
        _allow(self._request["seconds"] + n_bytes / self._request["bytes_per_s"])

    def _most(self, stored: int) -> int:
        ratio = self._request["largest_ratio"]
        return max(self._request["largest_bytes"], ratio * min(stored, self._size))

    def _walk(self) -> None:
        """Visit all groups and datasets once, and read their attributes."""
        seen: set[int] = set()
        left: list[tuple[str, h5py.Group, int]] = [("", self._file["/"], 0)]
        while left:
            path, group, depth = left.pop()
            _tell(at=path[:_LONGEST])
            address = int(h5o.get_info(group.id).addr)
            if address in seen:
                continue  # reached twice; readers refuse that
            seen.add(address)
            if depth > self._request["deepest"]:
                raise Fault(f"groups nested deeper than {self._request['deepest']}")
            self._read_attributes(group)
            if group.id.get_num_objs() > self._request["most_objects"]:
                raise Fault(f"a group with {group.id.get_num_objs()} entries")
            for name in group:
                if not isinstance(name, str) or "/" in name:
                    raise Fault(f"the name {name!r:.80}")
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    continue
                below = f"{path}/{name}"
                _tell(at=below[:_LONGEST])
                child = group.get(name)
                if isinstance(child, h5py.Group):
                    left.append((below, child, depth + 1))
                elif isinstance(child, h5py.Dataset):
                    self._read_attributes(child)
                    self._datasets.append((below, child))
            if len(left) + len(seen) + len(self._datasets) > self._request["most_objects"]:
                raise Fault(f"more than {self._request['most_objects']} groups and datasets")

    def _read_attributes(self, holder: Any) -> None:
        for name in holder.attrs:
            held = holder.attrs.get_id(name)
            n_bytes = math.prod(held.shape or ()) * held.get_type().get_size()
            if n_bytes > max(self._size, 2**16):
                raise Fault(f"an attribute {name!r} with more than the file can hold")
            value = holder.attrs[name]
            if name == _REFERENCES:
                for reference in itertools.chain.from_iterable(value):
                    if reference:
                        self._file[reference]

    def _declared(self, dataset: h5py.Dataset) -> int:
        """Bytes that reading a dataset takes; 0 if it is not to be read.

        Raises
        ------
        Fault
            If that is more than what is stored justifies.
        """
        layout = dataset.id.get_create_plist()
        filters = [layout.get_filter(place)[0] for place in range(layout.get_nfilters())]
        stored = int(dataset.id.get_storage_size())
        if (
            dataset.shape is None
            or not stored
            or layout.get_layout() == h5d.VIRTUAL
            or layout.get_external_count()
            or not all(h5z.filter_avail(code) for code in filters)
            or not _is_ours(dataset.id.get_type())
        ):
            return 0
        n_bytes: int = math.prod(dataset.shape) * int(dataset.id.get_type().get_size())
        if dataset.chunks is not None:
            piece = math.prod(dataset.chunks) * int(dataset.id.get_type().get_size())
            if piece > self._request["largest_bytes"]:
                raise Fault(f"pieces of {_spoken(piece)}")
            pairs = zip(dataset.shape, dataset.chunks, strict=True)
            wanted = math.prod(-(-n // m) for n, m in pairs)
            if dataset.id.get_num_chunks() < wanted:
                raise Fault(f"data of shape {dataset.shape} that are missing in part")
            n_bytes = wanted * piece
        if n_bytes > self._most(stored):
            raise Fault(f"{_spoken(n_bytes)} declared, of which {_spoken(stored)} are in the file")
        return n_bytes


def _spoken(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.3g} MB"


def _is_ours(kind: Any) -> bool:
    """Whether entries are numbers, texts, or rows of numbers."""
    if kind.get_class() == h5t.VLEN:
        kind = kind.get_super()
    return kind.get_class() in (*_PLAIN, h5t.STRING)


def _read(dataset: h5py.Dataset, most_texts: int) -> None:
    """Read a dataset in pieces, each no larger than it must be."""
    kind = dataset.id.get_type()
    alone = kind.get_class() == h5t.VLEN or (
        kind.get_class() == h5t.STRING and kind.is_variable_str()
    )
    if kind.get_class() == h5t.STRING and alone and dataset.size > most_texts:
        return  # readers refuse so many
    if alone:
        # One at a time: each may be as long as the file.
        pieces: Iterator[tuple[slice | int, ...]] = itertools.product(*map(range, dataset.shape))
    else:
        pieces = _pieces(dataset.shape, dataset.chunks, _PIECE_BYTES // kind.get_size())
    for piece in pieces:
        dataset[piece]


def _pieces(
    shape: tuple[int, ...], chunk: tuple[int, ...] | None, most_items: int
) -> Iterator[tuple[slice, ...]]:
    """Divide an array into blocks of whole chunks, the last axes kept together."""
    block = list(chunk or (1,) * len(shape))
    for axis in reversed(range(len(shape))):
        others = math.prod(block) // block[axis]
        n_blocks = max(1, most_items // (others * block[axis]))
        whole = block[axis] * n_blocks >= shape[axis]
        block[axis] = shape[axis] if whole else block[axis] * n_blocks
        if not whole:
            break
    starts = [range(0, n, max(step, 1)) for n, step in zip(shape, block, strict=True)]
    for corner in itertools.product(*starts):
        yield tuple(slice(start, start + step) for start, step in zip(corner, block, strict=True))


def _inspected(request: Request) -> dict[str, Any]:
    try:
        file = h5py.File(request["path"], "r", locking="best-effort")
    except (BlockingIOError, PermissionError, FileNotFoundError) as error:
        return {"failed": str(error)}
    with file:
        held = os.fstat(file.id.get_vfd_handle())
        _Inspection(file, request).run()
    return {"sound": [held.st_dev, held.st_ino, held.st_size, held.st_mtime_ns, held.st_ctime_ns]}


def _allow(seconds: float) -> None:
    """End this process by a signal when it has worked for so long."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * _WALL_PER_CPU)


def _allow_memory(n_bytes: int) -> None:
    # Not all systems know or keep this limit; the size of what is read is checked besides.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
        now = int(pages) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + n_bytes, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tell(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _work(request: Request) -> None:
    """Inspect a file and answer."""
    _allow_memory(request["most_memory"])
    _allow(request["seconds"])
    try:
        answer = _inspected(request)
    except MemoryError:
        answer = {"fault": "it needs more memory than the file justifies"}
    except Fault as fault:
        answer = {"fault": str(fault)}
    except Exception:  # what h5py says is about its own structures
        answer = {"fault": "a part of it cannot be read"}
    _tell(**answer)


def main() -> None:
    """Answer requests until there are no more, or for some time none."""
    while select.select([sys.stdin], [], [], _IDLE_S)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        # What HDF5 has in memory after a damaged file may be damaged too.
        process = os.fork()
        if not process:
            _work(json.loads(line))
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if code:
            _tell(ended=code)


if __name__ == "__main__":
    main()
