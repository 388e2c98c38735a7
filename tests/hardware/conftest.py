import socket
import threading
from contextlib import ExitStack, closing, contextmanager

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.hardware import Description, Server


class Doubling:
    """A substrate of one layer that answers each input spike twice as late."""

    description = Description("lif", "doubling", (2, 2), facts={"tau_syn_us": 10.0, "cold": True})

    def __init__(self):
        self.runs = 0

    def run(self, parameters, inputs):
        self.runs += 1
        if "weights_0" not in parameters:
            raise InputError.single("weights_0", "nothing", "weights")
        return {"spikes_0": 2.0 * inputs["times"]}


@pytest.fixture
def doubling():
    return Doubling()


@pytest.fixture
def request_arrays():
    """Parameters and inputs of a run."""
    times = np.array([[[0.5, np.inf], [1.0, 0.0], [0.25, 2.0]]])
    return {"weights_0": np.eye(2)[None]}, {"times": times}


@pytest.fixture
def cleanup():
    with ExitStack() as stack:
        yield stack


class Running:
    """A server of a substrate in a thread."""

    def __init__(self, substrate, address):
        self._server = Server(substrate, address)
        self._thread = threading.Thread(target=self._server.serve)
        self._thread.start()
        self.address = self._server.address

    def end(self):
        self._server.stop()
        self._thread.join()
        self._server.close()


@pytest.fixture
def start_server(cleanup):
    """Return a function that starts a server of a substrate."""

    def start(substrate, address="tcp://127.0.0.1:0"):
        running = Running(substrate, address)
        cleanup.callback(running.end)
        return running

    return start


@pytest.fixture
def scripted(cleanup):
    """Return a function that listens, and treats one connection after the other as it is told."""

    def start(*behaviours):
        listener = cleanup.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        listener.settimeout(60.0)
        failures = []

        def play():
            for behaviour in behaviours:
                try:
                    stream, _ = listener.accept()
                    with stream:
                        stream.settimeout(60.0)
                        behaviour(stream)
                except Exception as error:
                    failures.append(error)

        thread = threading.Thread(target=play)
        thread.start()

        def end():
            thread.join()
            assert failures == []

        cleanup.callback(end)
        return f"tcp://127.0.0.1:{listener.getsockname()[1]}"

    return start


@pytest.fixture
def short():
    """Return what gives a connected device a second: what had to start may have needed more."""

    @contextmanager
    def within(device):
        usual, device._timeout_s = device._timeout_s, 1.0
        try:
            yield
        finally:
            device._timeout_s = usual

    return within
