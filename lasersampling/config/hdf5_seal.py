"""The checksums that HDF5 files of this library carry, and what they tell of a damaged file.

HDF5 cuts a file where its own content ends and ignores what stands behind. There our files have

1. a *map*: eight bytes of text; JSON, compressed by zlib, with the path of each dataset, the places
   in the file of its data as they are stored, and the CRC-32 of these; the length and the CRC-32
   of what is compressed;
2. a *seal* of 20 bytes: eight bytes of text, the length of all that comes before it, and the
   CRC-32 of that.

So a changed byte anywhere is noticed before HDF5 sees the file, since some changes make it loop
for ever, and the map tells which datasets are concerned. Early files have no map. A file to which
another program wrote has lost both, and is read without this check; each piece of its compressed
datasets still has two checksums that every program verifies, Adler-32 within the stream of zlib
and Fletcher-32 of HDF5 around it.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from lasersampling.errors import InputError

if TYPE_CHECKING:
    import h5py

Places = list[tuple[int, int]]
"""Offsets and lengths of the pieces of a dataset in its file [bytes]."""

Map = list[tuple[str, int, Places]]
"""Path, CRC-32 and places of each dataset."""

_SEAL = struct.Struct("<8sQI")
_SEAL_TEXT = b"LASERSUM"
_MAP_END = struct.Struct("<II")
_MAP_TEXT = b"LASERMAP"
_ENDS = {0: 40, 2: 28, 3: 28}
"""Where the length of the content stands, by version of HDF5's superblock, with 8-byte offsets."""

_PIECE = 2**20
_MOST_NAMED = 3
_LARGEST_MAP = 2**26
REMEDY = "as it was written: copy it again from where it came, or make it anew"
"""What is expected in place of a damaged file, behind its kind."""


def sealed(content: bytes) -> bytes:
    """Return the content of an HDF5 file with its map and its seal behind it."""
    stream = io.BytesIO(content)
    seal(stream)
    return stream.getvalue()


def seal(stream: BinaryIO) -> None:
    """Append map and seal to an HDF5 file that is complete and closed by HDF5.

    Parameters
    ----------
    stream : binary file
        The file, open for reading and writing.
    """
    behind = _map_of(stream)
    stream.seek(0, io.SEEK_END)
    stream.write(behind)
    length = stream.tell()
    stream.seek(0)
    checksum = _checksum(stream, length)
    stream.seek(length)
    stream.write(_SEAL.pack(_SEAL_TEXT, length, checksum))


def check_seal(stream: BinaryIO, size: int, name: str, expected: str) -> bool:
    """Compare a file with its seal; return whether it has one.

    Parameters
    ----------
    stream : binary file
        The file, from its first byte.
    size : int
        Its length [bytes].
    name, expected : str
        Its name, and the kind of file that it should be, for messages.

    Raises
    ------
    InputError
        If a byte is not as it was, with the datasets that are concerned; or if the end of the file
        is missing.
    """
    stream.seek(max(size - 2 * _SEAL.size + 1, 0))
    end = stream.read()
    stream.seek(0)
    if len(end) >= _SEAL.size:
        text, length, checksum = _SEAL.unpack(end[-_SEAL.size :])
        signs = text == _SEAL_TEXT, length == size - _SEAL.size
        if all(signs) and _checksum(stream, length) == checksum:
            return True
        if any(signs):  # the other may be damaged itself
            got = f"a damaged file: {_damage(stream, size)}"
            raise InputError.single(name, got, f"{expected}, {REMEDY}")
    stream.seek(content_length(stream))
    behind = stream.read(len(_MAP_TEXT))
    stream.seek(0)
    if _SEAL_TEXT[:4] in end or (behind and _MAP_TEXT.startswith(behind)):
        got = "a damaged or truncated file: its end, which has the checksum, is cut off"
        raise InputError.single(name, got, f"{expected}, {REMEDY}")
    return False


def content_length(stream: BinaryIO) -> int:
    """Return where the content of HDF5 ends, as it says itself (file format 3.0, II.A).

    Parameters
    ----------
    stream : binary file
        The file, of which the place is changed.

    Returns
    -------
    int
        Its length; 0 for a form of files that is not known [bytes].
    """
    stream.seek(0)
    head = stream.read(48)
    place = _ENDS.get(head[8], 48) if len(head) > 8 else 48
    return min(int.from_bytes(head[place : place + 8], "little"), 2**62)


def _checksum(stream: BinaryIO, length: int) -> int:
    found = 0
    while length and (piece := stream.read(min(length, _PIECE))):
        found, length = zlib.crc32(piece, found), length - len(piece)
    return found


def _damage(stream: BinaryIO, size: int) -> str:
    """Say which datasets are not as the map of the file says, without HDF5."""
    known = _stored_map(stream, size)
    if known is None:
        return "its checksum does not fit its content"
    damaged = [path for path, checksum, places in known if _crc(stream, places) != checksum]
    if not damaged:
        others = f"the numbers of its {len(known)} datasets are as they were"
        return f"its checksum does not fit its texts, names or sizes; {others}"
    named = ", ".join(f"/{path}" for path in damaged[:_MOST_NAMED])
    more = f" and {len(damaged) - _MOST_NAMED} more" if len(damaged) > _MOST_NAMED else ""
    others = f"the numbers of {len(known) - len(damaged)} other datasets are as they were"
    return f"its checksum does not fit the data of {named}{more}; {others}"


def _crc(stream: BinaryIO, places: Places) -> int:
    found = 0
    for start, length in places:
        stream.seek(start)
        found = zlib.crc32(stream.read(length), found)
    return found


def _map_of(stream: BinaryIO) -> bytes:
    import h5py

    places: dict[str, Places] = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and (found := _places(item)):
            places[name] = found

    with h5py.File(stream, "r") as file:
        file.visititems(note)
    known = [(name, _crc(stream, found), found) for name, found in places.items()]
    packed = zlib.compress(json.dumps(known, separators=(",", ":")).encode())
    return _MAP_TEXT + packed + _MAP_END.pack(len(packed), zlib.crc32(packed))


def _places(dataset: h5py.Dataset) -> Places:
    """Offsets and lengths of the data of a dataset in the file; none if they stand in its head."""
    if dataset.chunks is None:
        start = dataset.id.get_offset()
        return [] if start is None else [(start, dataset.id.get_storage_size())]
    found: Places = []
    dataset.id.chunk_iter(lambda chunk: found.append((chunk.byte_offset, chunk.size)))
    return found


def _stored_map(stream: BinaryIO, size: int) -> Map | None:
    """Read the map of a damaged file, if it has one that is sound."""
    end = size - _SEAL.size - _MAP_END.size
    if end < 0:
        return None
    stream.seek(end)
    length, checksum = _MAP_END.unpack(stream.read(_MAP_END.size))
    start = end - length - len(_MAP_TEXT)
    if start < 0:
        return None
    stream.seek(start)
    text, packed = stream.read(len(_MAP_TEXT)), stream.read(length)
    if text != _MAP_TEXT or zlib.crc32(packed) != checksum:
        return None
    try:
        known = json.loads(zlib.decompressobj().decompress(packed, _LARGEST_MAP))
        entries = [
            (str(path), int(crc), [(int(start), int(count)) for start, count in places])
            for path, crc, places in known
        ]
    # It may have been made to deceive.
    except (zlib.error, ValueError, TypeError, OverflowError, RecursionError):
        return None
    pieces = [piece for _, _, places in entries for piece in places]
    inside = all(start >= 0 and 0 <= count <= size - start for start, count in pieces)
    plain = all(path.isprintable() for path, _, _ in entries)
    return entries if inside and plain and sum(n for _, n in pieces) <= size else None
