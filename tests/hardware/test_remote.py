"""A substrate behind a socket or a pipe, and all that may go wrong between.

Servers that misbehave are played by the `scripted` fixture, message by message.
"""

import gc
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasersampling.errors import InputError, Problem, SubstrateError
from lasersampling.hardware import Description, RemoteSubstrate
from lasersampling.hardware.conversation import description_message, error_message
from lasersampling.hardware.messages import Message, MessageKind, encode, read_message

DESCRIPTION = Description("lif", "doubling", (2, 2), facts={"tau_syn_us": 10.0, "cold": True})
QUICK: dict[str, Any] = {"timeout_s": 60.0, "pause_s": 0.0}
NO_ANSWER = "no answer within 1 s \\(1 attempt\\)"


def observed(inputs):
    return {"spikes_0": 2.0 * inputs["times"]}


def requests(stream):
    """Requests that arrive; a test answers them."""

    def receive(size):
        return stream.recv(size)

    return iter(lambda: read_message(receive), None)


def hello(stream, description=DESCRIPTION):
    """Answer the greeting, and return the request that follows."""
    asked = requests(stream)
    first = next(asked)
    assert first.kind is MessageKind.HELLO
    stream.sendall(encode(description_message(first.request, description)))
    return next(asked, None)


def answer_to(asked, **changed):
    inputs = {"times": asked.arrays["inputs.times"]}
    values = {"kind": MessageKind.OBSERVATION, "request": asked.request,
              "arrays": observed(inputs)} | changed  # fmt: skip
    return encode(Message(**values))


def well(stream):
    """Serve as one should."""
    request = hello(stream)
    while request is not None and request.kind is MessageKind.RUN:
        stream.sendall(answer_to(request))
        request = next(requests(stream), None)


def sends(make):
    """Answer the first run with what `make` says of the request."""

    def behave(stream):
        stream.sendall(make(hello(stream)))

    return behave


def patched(data, offset, new):
    return data[:offset] + new + data[offset + len(new) :]


BROKEN = {
    "garbage": (sends(lambda _: b"\x00garbage" * 10), "began with"),
    "nothing": (sends(lambda _: b""), "ended the connection"),
    "truncated header": (sends(lambda r: answer_to(r)[:20]), "20 of the 32 bytes of its header"),
    "truncated payload": (sends(lambda r: answer_to(r)[:-1]), "ended after"),
    "damaged": (sends(lambda r: patched(answer_to(r), 60, b"!")), "checksum"),
    "version": (
        sends(lambda r: patched(answer_to(r), 4, struct.pack("<H", 2))),
        "version 2, 1 expected",
    ),
    "too long": (sends(lambda r: patched(answer_to(r), 16, b"\xff" * 8)), "checksum"),
    "other kind": (
        sends(lambda r: answer_to(r, kind=MessageKind.HELLO, arrays={})),
        "answered with hello, observation expected",
    ),
    "from the future": (sends(lambda r: answer_to(r, request=r.request + 1)), "was the last"),
    "no spikes": (sends(lambda r: answer_to(r, arrays={})), "spikes_0: got nothing"),
    "other names": (
        sends(lambda r: answer_to(r, arrays={"spikes_0": np.ones((1, 3, 2)), "v": np.ones(2)})),
        "v: got an array, expected one of spikes_0",
    ),
    "wrong shape": (
        sends(lambda r: answer_to(r, arrays={"spikes_0": np.ones((1, 2, 2))})),
        "expected float64 of shape (1, 3, 2)",
    ),
    "wrong type": (
        sends(lambda r: answer_to(r, arrays={"spikes_0": np.ones((1, 3, 2), "f4")})),
        "float32 of shape",
    ),
    "nan": (
        sends(lambda r: answer_to(r, arrays={"spikes_0": np.full((1, 3, 2), np.nan)})),
        "spikes_0: got nan",
    ),
    "-inf": (
        sends(lambda r: answer_to(r, arrays={"spikes_0": np.full((1, 3, 2), -np.inf)})),
        "-inf, expected numbers",
    ),
    "device error": (
        sends(lambda r: encode(error_message(r.request, RuntimeError("too warm")))),
        "the device reports: RuntimeError: too warm",
    ),
    "could not read": (
        sends(lambda r: encode(error_message(0, SubstrateError("what?")))),
        "the device reports: what?",
    ),
    "reset": (
        lambda s: (
            hello(s),
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
        ),
        "ended the connection",
    ),
}


def test_a_run_travels_there_and_back(start_server, doubling, request_arrays):
    server = start_server(doubling)
    with RemoteSubstrate(server.address) as device:
        assert device.description == doubling.description
        for _ in range(3):
            got = device.run(*request_arrays)
            np.testing.assert_array_equal(got["spikes_0"], 2.0 * request_arrays[1]["times"])
    assert doubling.runs == 3


def test_unix_sockets_and_their_leftovers(start_server, doubling, request_arrays, tmp_path):
    path = tmp_path / "device.socket"
    with socket.socket(socket.AF_UNIX) as killed:  # a server that left without a word
        killed.bind(str(path))
    server = start_server(doubling, f"unix://{path}")
    with pytest.raises(OSError):
        start_server(doubling, f"unix://{path}")
    with RemoteSubstrate(server.address) as device:
        assert "spikes_0" in device.run(*request_arrays)
    server.end()
    assert not path.exists()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_asked_for_again(scripted, name, request_arrays):
    behaviour, _ = BROKEN[name]
    with RemoteSubstrate(scripted(behaviour, well), retries=1, **QUICK) as device:
        got = device.run(*request_arrays)
    np.testing.assert_array_equal(got["spikes_0"], 2.0 * request_arrays[1]["times"])


@pytest.mark.parametrize("name", BROKEN)
def test_without_retries_it_is_one_clear_error(scripted, name, request_arrays):
    behaviour, says = BROKEN[name]
    address = scripted(behaviour, well)
    with RemoteSubstrate(address, retries=0, **QUICK) as device:
        with pytest.raises(SubstrateError) as error:
            device.run(*request_arrays)
        assert str(error.value).startswith(f"{address}: ")
        assert says in str(error.value)
        assert "\n" not in str(error.value)
        assert "spikes_0" in device.run(*request_arrays)  # and a later run is none the worse


def test_all_retries_may_be_used_up(scripted, request_arrays):
    behaviour, _ = BROKEN["garbage"]
    address = scripted(behaviour, behaviour, behaviour)
    with (
        RemoteSubstrate(address, retries=2, **QUICK) as device,
        pytest.raises(SubstrateError, match="began with .* \\(3 attempts\\)"),
    ):
        device.run(*request_arrays)


def test_late_answers_are_thrown_away(scripted, request_arrays):
    def late(stream):
        request = hello(stream)
        wrong = {"spikes_0": np.zeros((1, 3, 2))}
        stream.sendall(answer_to(request, request=request.request - 1, arrays=wrong))
        stream.sendall(encode(error_message(request.request - 1, RuntimeError("long ago"))))
        stream.sendall(answer_to(request))
        stream.sendall(answer_to(request, arrays=wrong))  # once more, and late for the next
        stream.sendall(answer_to(next(requests(stream))))
        next(requests(stream))

    with RemoteSubstrate(scripted(late), retries=0, **QUICK) as device:
        for _ in range(2):
            got = device.run(*request_arrays)
            np.testing.assert_array_equal(got["spikes_0"], 2.0 * request_arrays[1]["times"])


def test_a_server_that_sleeps_is_given_up(scripted, request_arrays, short):
    awake = threading.Event()

    def sleeps(stream):
        hello(stream)
        awake.wait(60.0)

    address = scripted(sleeps, well)
    try:
        with RemoteSubstrate(address, retries=0) as device:
            began = time.monotonic()
            with short(device), pytest.raises(SubstrateError, match=NO_ANSWER):
                device.run(*request_arrays)
            assert time.monotonic() - began < 30.0
            awake.set()
            assert "spikes_0" in device.run(*request_arrays)
    finally:
        awake.set()


def test_answers_drop_by_drop_do_not_outwit_the_time_out(scripted, request_arrays, short):
    def drips(stream):
        data = answer_to(hello(stream))
        try:
            for k in range(len(data)):
                stream.sendall(data[k : k + 1])
                time.sleep(0.02)
        except OSError:
            pass

    address = scripted(drips)
    with (
        RemoteSubstrate(address, retries=0) as device,
        short(device),
        pytest.raises(SubstrateError, match="no answer within"),
    ):
        device.run(*request_arrays)


def test_a_bad_request_is_not_sent_again(start_server, doubling, request_arrays):
    _, inputs = request_arrays
    server = start_server(doubling)
    with RemoteSubstrate(server.address, **QUICK) as device:
        with pytest.raises(InputError) as error:
            device.run({}, inputs)
        assert error.value.problems == (Problem("weights_0", "nothing", "weights"),)
        assert doubling.runs == 1
        assert "spikes_0" in device.run(*request_arrays)


def test_what_cannot_travel_is_not_sent(start_server, doubling, request_arrays):
    parameters, inputs = request_arrays
    server = start_server(doubling)
    with RemoteSubstrate(server.address, **QUICK) as device:
        with pytest.raises(SubstrateError, match="'parameters.weights_0' is of type object"):
            device.run({"weights_0": np.array([None])}, inputs)
        assert "spikes_0" in device.run(parameters, inputs)


def test_another_device_at_the_same_place_is_refused(scripted, request_arrays):
    other = Description("lif", "doubling", (2, 2), facts={"tau_syn_us": 11.0, "cold": True})
    address = scripted(
        BROKEN["nothing"][0],
        lambda stream: hello(stream, other),
        lambda stream: hello(stream, other),
    )
    with (
        RemoteSubstrate(address, retries=2, **QUICK) as device,
        pytest.raises(SubstrateError, match="another device than before .*11.0.*10.0"),
    ):
        device.run(*request_arrays)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "toaster"},
        {"name": 3},
        {"sizes": []},
        {"sizes": [2, 0]},
        {"sizes": [2, True]},
        {"n_members": 0},
        {"facts": {"a": [1]}},
        {"facts": None},
    ],
)
def test_a_description_that_is_none_is_refused(scripted, changed):
    def behave(stream):
        first = next(requests(stream))
        right = description_message(first.request, DESCRIPTION)
        about = dict(right.about) | changed
        stream.sendall(encode(Message(MessageKind.DESCRIPTION, first.request, about)))

    with pytest.raises(SubstrateError, match=f"describes itself wrongly: {next(iter(changed))}"):
        RemoteSubstrate(scripted(behave), retries=0)


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SubstrateError, match=f"127.0.0.1:{port}: .*refused \\(2 attempts\\)"):
        RemoteSubstrate(f"tcp://127.0.0.1:{port}", retries=1, pause_s=0.0)
    with pytest.raises(SubstrateError, match="No such file"):
        RemoteSubstrate("unix:///nothing/here", retries=0)
    with pytest.raises(SubstrateError, match="No such file"):
        RemoteSubstrate(["/no/such/program"], retries=0)


@pytest.mark.parametrize(
    "address",
    ["", "localhost:5005", "tcp://localhost", "tcp://h:99999", "tcp://a b:1", "unix://relative",
     "http://h:80", [], [1], None, 5],
)  # fmt: skip
def test_addresses_that_are_none(address):
    with pytest.raises(InputError, match="address: got"):
        RemoteSubstrate(address)


def test_numbers_out_of_range_are_all_named():
    with pytest.raises(InputError) as error:
        RemoteSubstrate("tcp://h:1", timeout_s=0.0, retries=-1, pause_s=float("nan"))
    assert [p.where for p in error.value.problems] == ["timeout_s", "retries", "pause_s"]


def test_a_server_that_is_restarted_is_found_again(start_server, doubling, request_arrays):
    first = start_server(doubling)
    with RemoteSubstrate(first.address, retries=60, pause_s=0.05) as device:
        device.run(*request_arrays)
        first.end()
        thread = threading.Timer(0.3, start_server, (doubling, first.address))
        thread.start()
        assert "spikes_0" in device.run(*request_arrays)
        thread.join()


def test_ctrl_c_within_a_run_leaves_no_half_answer(scripted, request_arrays, monkeypatch):
    address = scripted(well, well)
    with RemoteSubstrate(address, **QUICK) as device:

        def interrupted(*arguments):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("lasersampling.hardware.remote.read_message", interrupted)
            device.run(*request_arrays)
        assert "spikes_0" in device.run(*request_arrays)


def test_closed_is_closed(start_server, doubling, request_arrays):
    server = start_server(doubling)
    device = RemoteSubstrate(server.address)
    device.close()
    device.close()
    with pytest.raises(SubstrateError, match="the connection was closed"):
        device.run(*request_arrays)


def test_no_descriptor_is_left_open(scripted, start_server, doubling, request_arrays, tmp_path):
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs /proc")
    server = start_server(doubling)
    broken = scripted(*[BROKEN["garbage"][0]] * 3)

    def connect() -> None:
        with RemoteSubstrate(server.address) as device:
            device.run(*request_arrays)

    connect()  # the server opens what it keeps
    gc.collect()  # what earlier tests of this process left goes before the count
    before = len(list(folder.iterdir()))
    for _ in range(3):
        connect()
    with RemoteSubstrate(broken, **QUICK) as device, pytest.raises(SubstrateError):
        device.run(*request_arrays)
    with pytest.raises(SubstrateError):
        RemoteSubstrate(["/no/such/program"], retries=0)
    # The server may be closing its last connection.
    deadline = time.monotonic() + 60.0
    while len(list(folder.iterdir())) > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(list(folder.iterdir())) <= before
