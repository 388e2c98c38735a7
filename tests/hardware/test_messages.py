"""The message format: what is sent comes back, what is damaged is refused."""

import io
import json
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from lasersampling.errors import SubstrateError
from lasersampling.hardware import messages
from lasersampling.hardware.messages import TYPES, Message, MessageKind, encode, read_message

PLAIN = Message(
    MessageKind.RUN, 7, {"why": "µ"}, {"weights": np.arange(6.0).reshape(2, 3), "n": np.array(3)}
)

NAMES = st.text(min_size=1, max_size=100).filter(str.isprintable)
SHAPES = arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
ARRAYS = st.sampled_from(sorted(TYPES.values())).flatmap(
    lambda dtype: arrays_of.arrays(np.dtype(dtype), SHAPES)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8,
)  # fmt: skip
MESSAGES = st.builds(
    Message,
    st.sampled_from(MessageKind),
    st.integers(0, 2**64 - 1),
    st.dictionaries(st.text(), JSON, max_size=4),
    st.dictionaries(NAMES, ARRAYS, max_size=4),
)


def read(data):
    return read_message(io.BytesIO(data).read)


def message(head, blocks=b"", *, kind=3, version=1, magic=b"LSUB", length=None):
    """A message made by hand, after the table of the format; its checksums are right."""
    head = head if isinstance(head, bytes) else json.dumps(head).encode()
    payload = struct.pack("<I", len(head)) + head + blocks
    size = len(payload) if length is None else length
    start = magic + struct.pack("<HHQQI", version, kind, 7, size, zlib.crc32(payload))
    return start + struct.pack("<I", zlib.crc32(start)) + payload


def listing(**changed):
    entry = {"name": "a", "type": "float64", "shape": [2]} | changed
    return {"about": {}, "arrays": [{k: v for k, v in entry.items() if v is not None}]}


@settings(max_examples=30)
@given(MESSAGES)
def test_what_is_written_is_read(sent):
    got = read(encode(sent))
    assert (got.kind, got.request, got.about) == (sent.kind, sent.request, sent.about)
    assert list(got.arrays) == list(sent.arrays)
    for name, values in got.arrays.items():
        assert values.dtype == sent.arrays[name].dtype
        assert values.shape == sent.arrays[name].shape
        assert values.tobytes() == sent.arrays[name].tobytes()  # nan included
        assert values.flags.writeable
        assert values.flags.aligned


@settings(max_examples=40)
@given(MESSAGES, st.data())
def test_a_flipped_bit_is_noticed(sent, data):
    whole = bytearray(encode(sent))
    position = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[position // 8] ^= 1 << position % 8
    with pytest.raises(SubstrateError):
        read(bytes(whole))


@given(st.binary(min_size=1, max_size=200))
def test_garbage_is_refused(data):
    with pytest.raises(SubstrateError):
        read(data)


@given(st.binary(max_size=60))
def test_garbage_in_a_sound_frame_is_refused(head):
    with pytest.raises(SubstrateError):
        read(message(head))


def test_the_bytes_are_those_of_the_table():
    head = {"about": {}, "arrays": [{"name": "a", "type": "float64", "shape": [2]}]}
    by_hand = message(head, struct.pack("<2d", 1.5, -2.0))
    assert encode(Message(MessageKind.RUN, 7, {}, {"a": np.array([1.5, -2.0])})) == by_hand


def test_messages_follow_each_other_and_arrive_in_pieces():
    stream = io.BytesIO(encode(PLAIN) + encode(Message(MessageKind.BYE, 8)))

    def one_byte(size):
        return stream.read(min(size, 1))

    first, second = read_message(one_byte), read_message(one_byte)
    assert first is not None and second is not None
    assert first.request == 7
    assert second.kind is MessageKind.BYE
    assert read_message(one_byte) is None


@pytest.mark.parametrize("size", [1, 5, 31, 32, 40, -1])
def test_a_message_that_breaks_off_is_refused(size):
    with pytest.raises(SubstrateError, match="ended after"):
        read(encode(PLAIN)[:size])


def test_other_byte_orders_and_layouts_are_sent_as_they_should_be():
    sent = {"big": np.arange(4, dtype=">i4"), "turned": np.arange(6.0).reshape(2, 3).T}
    got = read(encode(Message(MessageKind.RUN, 1, {}, sent))).arrays
    assert got["big"].dtype == np.int32
    for name, values in sent.items():
        np.testing.assert_array_equal(got[name], values)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"GET / HTTP/1.1\r\n\r\n" + bytes(40), "began with b'GET '"),
        (message({}, magic=b"LSUC"), "b'LSUB' expected"),
        (message({}, version=2), "of version 2, 1 expected"),
        (message({}, kind=9), "of the kind 9, 1 to 6 expected"),
        (message({}, length=2**30 + 1), "1073741825 bytes, at most 1073741824"),
        (message({}, length=2**64 - 1), "at most 1073741824"),
        (message({}), "'about' and a list 'arrays' expected"),
        (message({"about": {}, "arrays": [], "more": 1}), "'about' and a list"),
        (message([]), "'about' and a list"),
        (message(b"\xff"), "no JSON object that can be read"),
        (message(b'{"about": {"a": NaN}, "arrays": []}'), "NaN is no number of JSON"),
        (message(b"[" * 100_000), "no JSON object that can be read"),
        (message(b" " * (2**20 + 1)), "1048577 bytes, at most 1048576"),
        (message({"about": {}, "arrays": [1]}), "not listed by name, type and shape"),
        (message(listing(shape=None)), "not listed by name, type and shape"),
        (message(listing(name="")), "the name ''"),
        (message(listing(name="a" * 101)), "printable characters"),
        (message(listing(name="a\nb")), "printable characters"),
        (message(listing(type="object")), "of type 'object', one of bool, int8"),
        (message(listing(type="O")), "of type 'O'"),
        (message(listing(type=["float64"])), "one of bool, int8"),
        (message(listing(shape=[-1])), "has the shape \\[-1\\]"),
        (message(listing(shape=[2.0])), "whole numbers"),
        (message(listing(shape=[True])), "whole numbers"),
        (message(listing(shape=[1] * 9)), "at most 8 whole numbers"),
        (message(listing(shape=[0, 2**30, 2**30, 2**30])), "fit into a message"),
        (message(listing(shape=[10**30])), "fit into a message"),
        (message(listing(), bytes(15)), "15 bytes for arrays of 16"),
        (message(listing(), bytes(17)), "17 bytes for arrays of 16"),
        (message(listing(type="bool"), b"\x01\x02"), "flags other than 0 and 1"),
        (message({"about": {}, "arrays": listing()["arrays"] * 2}, bytes(32)), "two arrays 'a'"),
        (message({"about": {}, "arrays": [{}] * 1001}), "1001 arrays, at most 1000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_does_not_follow_the_format_is_refused(data, says):
    with pytest.raises(SubstrateError, match=says):
        read(data)


def test_an_announced_length_takes_no_memory():
    tracemalloc.start()
    try:
        with pytest.raises(SubstrateError, match="ended after"):
            read(message({}, length=2**30))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize(
    ("about", "arrays", "says"),
    [
        ({}, {"a": np.array([None])}, "array 'a' is of type object"),
        ({}, {"a": np.array(["text"])}, "is of type str"),
        ({}, {"a": np.zeros(2, "complex128")}, "is of type complex128"),
        ({}, {"a": np.zeros(2, "M8[s]")}, "is of type datetime64"),
        ({}, {"": np.zeros(2)}, "printable characters"),
        ({}, {"a": np.zeros((1,) * 9)}, "at most 8 whole numbers"),
        ({"a": float("nan")}, {}, "must fit into JSON"),
        ({"a": object()}, {}, "must fit into JSON"),
    ],
)
def test_what_cannot_travel_is_not_sent(about, arrays, says):
    with pytest.raises(SubstrateError, match=says):
        encode(Message(MessageKind.RUN, 1, about, arrays))


def test_a_message_that_is_too_long_is_not_sent(monkeypatch):
    monkeypatch.setattr(messages, "LARGEST_PAYLOAD", 1000)
    with pytest.raises(SubstrateError, match="at most 1000 expected"):
        encode(Message(MessageKind.RUN, 1, {}, {"a": np.zeros(1000)}))
