"""The reference server: broken clients, malformed requests, and being stopped."""

import socket
import struct
import threading
import time
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from urllib.parse import urlsplit

import numpy as np
import pytest

from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware import Description, RemoteSubstrate, Server, serve_pipe
from lasersampling.hardware.clients import MOST_CLIENTS
from lasersampling.hardware.messages import Message, MessageKind, encode, read_message

HELLO = encode(Message(MessageKind.HELLO, 1))


def client(server):
    place = urlsplit(server.address)
    return socket.create_connection((place.hostname, place.port), timeout=60.0)


def said(stream):
    return read_message(stream.recv)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"GET / HTTP/1.1\r\nHost: laboratory\r\n\r\n", "b'GET '"),
        (HELLO[:4] + struct.pack("<H", 9) + HELLO[6:], "version 9, 1 expected"),
        (HELLO[:-1] + b"!", "checksum"),
        (bytes(100_000), "b'LSUB' expected"),
    ],
)
def test_what_is_no_message_is_told_and_left(start_server, doubling, request_arrays, sent, says):
    server = start_server(doubling)
    with client(server) as stream:
        stream.sendall(sent)
        told = said(stream)
        assert (told.kind, told.request) == (MessageKind.ERROR, 0)
        assert says in told.about["message"]
        assert said(stream) is None
    with RemoteSubstrate(server.address) as device:
        assert "spikes_0" in device.run(*request_arrays)


def test_requests_that_are_none_are_told_and_the_conversation_goes_on(start_server, doubling):
    server = start_server(doubling)
    with client(server) as stream:
        for kind, arrays, says in (
            (MessageKind.OBSERVATION, {}, "hello, run or bye expected, not observation"),
            (MessageKind.RUN, {"weights": np.zeros(2)}, "parameters.NAME or inputs.NAME"),
        ):
            stream.sendall(encode(Message(kind, 5, {}, arrays)))
            told = said(stream)
            assert (told.kind, told.request) == (MessageKind.ERROR, 5)
            assert says in told.about["message"]
        stream.sendall(HELLO)
        assert said(stream).kind is MessageKind.DESCRIPTION


def test_clients_that_break_off_are_survived(start_server, doubling, request_arrays):
    server = start_server(doubling)
    for sent in (b"", HELLO[:10], HELLO, HELLO * 100):
        with client(server) as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.sendall(sent)
    with RemoteSubstrate(server.address) as device:
        assert "spikes_0" in device.run(*request_arrays)


def test_a_client_that_stops_in_a_message_is_left(
    start_server, doubling, request_arrays, monkeypatch
):
    monkeypatch.setattr("lasersampling.hardware.clients.GREETING_S", 0.3)
    server = start_server(doubling)
    with client(server) as silent, client(server) as slow:
        slow.sendall(HELLO[:10])
        with RemoteSubstrate(server.address) as device:
            assert "spikes_0" in device.run(*request_arrays)
        for stream in (silent, slow):  # both are left, soon
            stream.settimeout(3.0)
            assert stream.recv(1) == b""


def test_a_byte_at_a_time_ends_as_well(start_server, doubling, monkeypatch):
    monkeypatch.setattr("lasersampling.hardware.clients.GREETING_S", 0.3)
    server = start_server(doubling)
    with client(server) as slow:
        started = time.monotonic()
        with pytest.raises(OSError):
            for byte in HELLO * 20:
                slow.sendall(bytes([byte]))
                time.sleep(0.05)
        assert time.monotonic() - started < 5.0


@pytest.mark.parametrize("sent", [b"", HELLO[:10], HELLO[:34]])
def test_many_silent_connections_keep_nobody_out(start_server, doubling, request_arrays, sent):
    server = start_server(doubling)
    with ExitStack() as stack:
        for _ in range(3 * MOST_CLIENTS):
            stack.enter_context(client(server)).sendall(sent)
        started = time.monotonic()
        with RemoteSubstrate(server.address, timeout_s=20.0) as device:
            assert "spikes_0" in device.run(*request_arrays)
        assert time.monotonic() - started < 5.0
    assert threading.active_count() < 4 * MOST_CLIENTS


def test_too_many_clients_are_told_at_once(start_server, doubling, monkeypatch):
    server = start_server(doubling)
    with ExitStack() as stack:
        for _ in range(MOST_CLIENTS):
            stack.enter_context(RemoteSubstrate(server.address))
        started = time.monotonic()
        with pytest.raises(SubstrateError, match="busy: it has 32 clients; try again later"):
            RemoteSubstrate(server.address, retries=0)
        assert time.monotonic() - started < 5.0
        # A place is free again when somebody has thought for a minute.
        monkeypatch.setattr("lasersampling.hardware.clients.SPARED_S", 0.0)
        RemoteSubstrate(server.address, retries=0).close()


class Slow:
    """A substrate whose runs end when they are told to."""

    description = Description("lif", "slow", (2, 2))

    def __init__(self):
        self.at_work, self.end, self.runs = threading.Event(), threading.Event(), 0

    def run(self, parameters, inputs):
        self.runs += 1
        self.at_work.set()
        assert self.end.wait(20.0)
        return {"spikes_0": 2.0 * inputs["times"]}


def test_runs_take_turns_and_whoever_waits_too_long_is_told(
    start_server, request_arrays, monkeypatch
):
    monkeypatch.setattr("lasersampling.hardware.server._TURN_S", 0.3)
    slow = Slow()
    server = start_server(slow)
    first = []
    with RemoteSubstrate(server.address) as one:
        thread = threading.Thread(target=lambda: first.append(one.run(*request_arrays)))
        thread.start()
        assert slow.at_work.wait(20.0)
        with RemoteSubstrate(server.address, retries=0) as other:  # is described at once
            with pytest.raises(SubstrateError, match="busy: runs of other clients took more"):
                other.run(*request_arrays)
            slow.end.set()
            thread.join()
            assert "spikes_0" in other.run(*request_arrays)
    assert "spikes_0" in first[0]
    assert slow.runs == 2


def test_a_run_whose_client_has_gone_meanwhile_is_not_made(start_server, request_arrays):
    slow = Slow()
    server = start_server(slow)
    arrays = {"parameters.weights_0": np.eye(2)[None], "inputs.times": np.zeros((1, 1, 2))}
    asked = encode(Message(MessageKind.RUN, 1, {}, arrays))
    with client(server) as one:
        one.sendall(asked)
        assert slow.at_work.wait(20.0)
        with client(server) as other:
            other.sendall(asked)
            time.sleep(0.3)
        slow.end.set()
        assert said(one).kind is MessageKind.OBSERVATION
        one.sendall(HELLO)
        assert said(one).kind is MessageKind.DESCRIPTION
    with RemoteSubstrate(server.address) as last:
        last.run(*request_arrays)
    assert slow.runs == 2


def test_large_messages_need_room(start_server, doubling, monkeypatch):
    monkeypatch.setattr("lasersampling.hardware.clients.SMALL_BYTES", 1000)
    monkeypatch.setattr("lasersampling.hardware.clients.MOST_BYTES", 5000)
    server = start_server(doubling)
    arrays = {"parameters.weights_0": np.eye(20)[None], "inputs.times": np.zeros((1, 1, 2))}
    asked = encode(Message(MessageKind.RUN, 1, {}, arrays))
    with client(server) as one, client(server) as other:
        one.sendall(asked[:100])
        time.sleep(0.3)
        other.sendall(asked)
        assert "busy: large messages" in said(other).about["message"]
        one.sendall(asked[100:])
        assert said(one).kind is MessageKind.OBSERVATION
        with client(server) as again:
            again.sendall(asked)
            assert said(again).kind is MessageKind.OBSERVATION


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (InputError([]), "an error"),
        (RuntimeError("x" * 2**21), "RuntimeError: xxx"),
        ({"spikes_0": np.array([None])}, "is of type object"),
        ([1, 2], "AttributeError"),
        ({"spikes_0": "text"}, "is of type str"),
    ],
)
def test_whatever_the_substrate_does_is_told(start_server, request_arrays, fails, says):
    class Failing:
        description = Description("lif", "failing", (2, 2))

        def run(self, parameters, inputs):
            if isinstance(fails, Exception):
                raise fails
            return fails

    server = start_server(Failing())
    with client(server) as stream:
        stream.sendall(encode(Message(MessageKind.RUN, 3)))
        told = said(stream)
        assert (told.kind, told.request) == (MessageKind.ERROR, 3)
        assert says in told.about.get("message", "an error")
        assert len(str(told.about)) < 3000
        stream.sendall(HELLO)
        assert said(stream).kind is MessageKind.DESCRIPTION


def test_clients_side_by_side(start_server, doubling, request_arrays):
    server = start_server(doubling)
    with RemoteSubstrate(server.address) as one, RemoteSubstrate(server.address) as other:
        for _ in range(5):
            for device in (one, other):
                assert "spikes_0" in device.run(*request_arrays)
    assert doubling.runs == 10


def test_stopped_with_a_client_there(doubling):
    with Server(doubling) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        with RemoteSubstrate(server.address):
            server.stop()
            thread.join(5.0)
            assert not thread.is_alive()


def test_the_port_is_free_again_at_once(doubling, request_arrays):
    address = "tcp://127.0.0.1:0"
    for _ in range(3):
        with Server(doubling, address) as server:
            address = server.address
            thread = threading.Thread(target=server.serve)
            thread.start()
            with RemoteSubstrate(address) as device:
                device.run(*request_arrays)
            server.stop()
            thread.join()


def test_where_a_server_cannot_listen(doubling):
    with pytest.raises(InputError, match="address: got a command"):
        Server(doubling, ["cat"])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="address: got 'nonsense'"):
        Server(doubling, "nonsense")
    with Server(doubling) as server, pytest.raises(OSError):
        Server(doubling, server.address)


def test_a_pipe_is_answered_to_its_end(doubling, request_arrays):
    parameters, inputs = request_arrays
    arrays = {f"parameters.{n}": v for n, v in parameters.items()}
    arrays |= {f"inputs.{n}": v for n, v in inputs.items()}
    asked = HELLO + encode(Message(MessageKind.RUN, 2, {}, arrays))
    for ending in (b"", encode(Message(MessageKind.BYE, 3)) + HELLO, b"garbage"):
        sink = BytesIO()
        serve_pipe(doubling, BytesIO(asked + ending), sink)
        sink.seek(0)
        answers = list(iter(partial(read_message, sink.read), None))
        kinds = [answer.kind.name for answer in answers]
        assert kinds == ["DESCRIPTION", "OBSERVATION"] + ["ERROR"] * (ending == b"garbage")
        np.testing.assert_array_equal(answers[1].arrays["spikes_0"], 2.0 * inputs["times"])


def test_a_pipe_whose_reader_has_gone_is_left(doubling):
    class Gone(BytesIO):
        def write(self, data):
            raise BrokenPipeError

    serve_pipe(doubling, BytesIO(HELLO), Gone())


def test_an_idle_server_takes_no_time(doubling):
    with Server(doubling) as server:
        thread = threading.Thread(target=server.serve)
        before = time.process_time()
        thread.start()
        time.sleep(0.5)
        server.stop()
        thread.join()
        assert time.process_time() - before < 0.25
