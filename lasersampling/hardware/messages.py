"""Messages between a program that learns and a device: named arrays as bytes, without pickle.

A message is a header of 32 bytes and a payload; all numbers are little-endian.

====== ===== ============ ==========================================================================
offset bytes type         what
====== ===== ============ ==========================================================================
0      4     text         ``LSUB``
4      2     uint16       version of the format: 1
6      2     uint16       kind, see `MessageKind`
8      8     uint64       number of the request; an answer has the number of what it answers
16     8     uint64       length of the payload in bytes, at most 2^30
24     4     uint32       CRC-32 (that of zip and PNG) of the payload
28     4     uint32       CRC-32 of the 28 bytes before
====== ===== ============ ==========================================================================

The payload is a uint32 ``n``, a JSON object of ``n`` bytes in UTF-8, and the entries of all arrays
in the order of their list, row by row, with nothing between them::

    {"about": {...}, "arrays": [{"name": "biases", "type": "float64", "shape": [5]}, ...]}

Complex numbers have the real before the imaginary part, and flags are one byte, 0 or 1. The content
of messages is described in `hardware.conversation` and `docs/remote.md`.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import SubstrateError
from lasersampling.hardware.substrate import Arrays

__all__ = ["Message", "MessageKind", "encode", "read_message"]

MAGIC = b"LSUB"
VERSION = 1
LARGEST_PAYLOAD = 2**30
LARGEST_HEAD = 2**20
"""Largest length of the JSON object [bytes]."""
MOST_ARRAYS = 1000
MOST_AXES = 8
LONGEST_NAME = 100

TYPES = {
    "bool": "|b1",
    "int8": "|i1",
    "uint8": "|u1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "float32": "<f4",
    "float64": "<f8",
    "complex64": "<c8",
}
"""Types of arrays that can be sent, as NumPy names them."""

_HEADER = struct.Struct("<4sHHQQII")
_LENGTH = struct.Struct("<I")
_CHUNK = 2**20

HEADER_BYTES = _HEADER.size

Receive = Callable[[int], bytes]
"""Gives up to so many bytes, and none when there are no more."""


class MessageKind(IntEnum):
    """Kinds of messages.

    The client sends hello, run and bye; the device answers with a description, an observation or an
    error.
    """

    HELLO = 1
    DESCRIPTION = 2
    RUN = 3
    OBSERVATION = 4
    ERROR = 5
    BYE = 6


@dataclass(frozen=True, eq=False)
class Message:
    """One message.

    Attributes
    ----------
    kind : MessageKind
        Kind of the message.
    request : int
        Number of the request.
    about : mapping
        Anything that JSON can express.
    arrays : mapping of str to ndarray
        Named arrays.
    """

    kind: MessageKind
    request: int
    about: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=dict)


def encode(message: Message) -> bytes:
    """Write a message as bytes.

    Raises
    ------
    SubstrateError
        If an array is of a type that cannot be sent, or anything is too large.
    """
    blocks, listed = [], []
    for name, values in message.arrays.items():
        array = np.asarray(values)
        kind = array.dtype.name
        if kind not in TYPES:
            raise SubstrateError(f"array {name!r} is of type {kind}, {_one_of_types()} expected")
        blocks.append(array.astype(TYPES[kind], copy=False).tobytes())
        listed.append({"name": name, "type": kind, "shape": list(array.shape)})
    try:
        head = json.dumps({"about": dict(message.about), "arrays": listed}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SubstrateError(f"what a message says must fit into JSON: {error}") from None
    text = head.encode()
    payload = b"".join([_LENGTH.pack(len(text)), text, *blocks])
    if len(payload) > LARGEST_PAYLOAD:
        raise SubstrateError(_too_long(len(payload)))
    _layout(text, len(payload) - _LENGTH.size - len(text))  # we send only what we would accept
    start = _HEADER.pack(
        MAGIC, VERSION, message.kind, message.request, len(payload), zlib.crc32(payload), 0
    )[: -_LENGTH.size]
    return start + _LENGTH.pack(zlib.crc32(start)) + payload


def read_message(receive: Receive) -> Message | None:
    """Read the next message.

    Parameters
    ----------
    receive : callable
        Source of the bytes.

    Returns
    -------
    Message or None
        None at the end of the stream.

    Raises
    ------
    SubstrateError
        If the bytes are not a complete and undamaged message of this version.
    """
    header = _received(receive, _HEADER.size)
    if not header:
        return None
    if header[:4] != MAGIC[: len(header)]:
        raise SubstrateError(f"a message began with {header[:4]!r}, {MAGIC!r} expected")
    _complete("header", header, _HEADER.size)
    _, version, kind, request, length, checksum, header_checksum = _HEADER.unpack(header)
    if version != VERSION:
        raise SubstrateError(f"a message is of version {version}, {VERSION} expected")
    if zlib.crc32(header[: -_LENGTH.size]) != header_checksum:
        raise SubstrateError("the header of a message was damaged: its checksum does not fit")
    if kind not in MessageKind.__members__.values():
        raise SubstrateError(f"a message is of the kind {kind}, 1 to {max(MessageKind)} expected")
    if length > LARGEST_PAYLOAD:
        raise SubstrateError(_too_long(length))
    payload = _received(receive, length)
    _complete("payload", payload, length)
    if zlib.crc32(payload) != checksum:
        raise SubstrateError("a message was damaged: its checksum does not fit")
    about, arrays = _decoded(payload)
    return Message(MessageKind(kind), request, about, arrays)


def payload_length(header: bytes) -> int:
    """Length of the payload that a complete header announces [bytes]."""
    return int(_HEADER.unpack(header)[4])


def _received(receive: Receive, size: int) -> bytes:
    """Receive so many bytes, or fewer at the end of the stream."""
    # In pieces: a sender may announce more than it has, and more than fits into memory.
    received = bytearray()
    while len(received) < size:
        piece = receive(min(size - len(received), _CHUNK))
        if not piece:
            break
        received += piece
    return bytes(received)


def _complete(what: str, received: bytes, size: int) -> None:
    if len(received) < size:
        got = f"{len(received)} of the {size} bytes of its {what}"
        raise SubstrateError(f"a message ended after {got}")


def _decoded(payload: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Split a payload into its JSON object and its arrays."""
    _complete("payload", payload, _LENGTH.size)
    (size,) = _LENGTH.unpack_from(payload)
    _complete("payload", payload, _LENGTH.size + size)
    position = _LENGTH.size + size
    about, arrays = _layout(payload[_LENGTH.size : position], len(payload) - position)
    found = {}
    for name, (dtype, shape) in arrays.items():
        count = math.prod(shape)
        values = np.frombuffer(payload, dtype, count, position)
        if dtype == np.bool_ and values.view(np.uint8).max(initial=0) > 1:
            raise SubstrateError(f"array {name!r} holds flags other than 0 and 1")
        found[name] = values.astype(dtype.newbyteorder("=")).reshape(shape)
        position += count * dtype.itemsize
    return about, found


_Layout = dict[str, tuple[np.dtype[Any], tuple[int, ...]]]


def _layout(head: bytes, n_bytes: int) -> tuple[dict[str, Any], _Layout]:
    """Read the JSON object of a payload, given the total size of its arrays [bytes]."""
    if len(head) > LARGEST_HEAD:
        expected = f"at most {LARGEST_HEAD} expected"
        raise SubstrateError(f"the JSON object of a message has {len(head)} bytes, {expected}")
    try:
        parsed = json.loads(head.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise SubstrateError(f"a message holds no JSON object that can be read: {error}") from None
    about = parsed.get("about") if isinstance(parsed, dict) else None
    listed = parsed.get("arrays") if isinstance(parsed, dict) else None
    if not isinstance(about, dict) or not isinstance(listed, list) or len(parsed) != 2:
        expected = "an object 'about' and a list 'arrays' expected"
        raise SubstrateError(f"the JSON object of a message is another one, {expected}")
    if len(listed) > MOST_ARRAYS:
        raise SubstrateError(f"a message has {len(listed)} arrays, at most {MOST_ARRAYS} expected")
    arrays: _Layout = {}
    for entry in listed:
        name, dtype, shape = _entry(entry)
        if name in arrays:
            raise SubstrateError(f"a message has two arrays {name!r}")
        arrays[name] = dtype, shape
    expected_bytes = sum(d.itemsize * math.prod(shape) for d, shape in arrays.values())
    if expected_bytes != n_bytes:
        has = f"{n_bytes} bytes for arrays of {expected_bytes}"
        raise SubstrateError(f"the arrays of a message do not fit its length: {has}")
    return about, arrays


def _entry(entry: Any) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    """Check one entry of the list of arrays."""
    if not isinstance(entry, dict) or set(entry) != {"name", "type", "shape"}:
        raise SubstrateError("an array of a message is not listed by name, type and shape")
    name, kind, shape = entry["name"], entry["type"], entry["shape"]
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        expected = f"1 to {LONGEST_NAME} printable characters"
        raise SubstrateError(f"an array of a message has the name {name!r:.120}, not {expected}")
    if not isinstance(kind, str) or kind not in TYPES:
        raise SubstrateError(f"array {name!r} is of type {kind!r:.40}, {_one_of_types()} expected")
    if not isinstance(shape, list) or len(shape) > MOST_AXES or not _are_lengths(shape):
        expected = f"at most {MOST_AXES} whole numbers of entries that fit into a message expected"
        raise SubstrateError(f"array {name!r} has the shape {shape!r:.80}, {expected}")
    return name, np.dtype(TYPES[kind]), tuple(shape)


def _are_lengths(shape: list[int]) -> bool:
    if any(type(n) is not int or n < 0 for n in shape):
        return False
    # NumPy also refuses an empty array if the product of its other axes is too large.
    return math.prod(n for n in shape if n) <= LARGEST_PAYLOAD


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _one_of_types() -> str:
    return f"one of {', '.join(TYPES)}"


def _too_long(length: int) -> str:
    return f"a message has a payload of {length} bytes, at most {LARGEST_PAYLOAD} expected"
