"""The reference server: any substrate, offered to other processes by messages."""

from __future__ import annotations

import contextlib
import selectors
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware.connection import (
    Address,
    Connection,
    parse_address,
    with_tcp_options,
)
from lasersampling.hardware.conversation import (
    NO_REQUEST,
    description_message,
    error_message,
    run_of,
)
from lasersampling.hardware.messages import Message, MessageKind, Receive, encode, read_message
from lasersampling.hardware.substrate import Substrate

__all__ = ["Server", "serve_pipe"]

_LOOK_S = 0.1
"""How often the server looks whether it is to stop."""
_PATIENCE_S = 60.0
"""How long a client may take to send the rest of a message, or to take an answer."""
_LINGER_S = 1.0
"""How long a client with which something went wrong is given to read what."""


class Server:
    """Offers a substrate at a socket, to one client after the other.

    A client that breaks off, or that sends what is no message, is told so if it is still there,
    and left; errors of the substrate are told to the client.

    Parameters
    ----------
    substrate : Substrate
        What is offered.
    address : str
        ``tcp://host:port``, where port 0 is any that is free, or ``unix:///path/of/socket``.

    Raises
    ------
    InputError
        For an address that is none.
    OSError
        If it is taken.

    Examples
    --------
    >>> from lasersampling.hardware import Description
    >>> from lasersampling.hardware.server import Server
    >>> class Nothing:
    ...     description = Description("lif", "nothing", (2, 3))
    >>> with Server(Nothing()) as server:
    ...     print(server.address)
    tcp://127.0.0.1:...
    """

    def __init__(self, substrate: Substrate, address: str = "tcp://127.0.0.1:0") -> None:
        self._substrate = substrate
        self._stopped = threading.Event()
        self._listener, self._address = _listening(parse_address(address))

    @property
    def address(self) -> str:
        """Where it listens."""
        return str(self._address)

    def serve(self) -> None:
        """Answer clients until `stop` is called, or an exception such as Ctrl-C ends it."""
        while not self._stopped.is_set():
            if not _ready(self._listener):
                continue
            try:
                stream, _ = self._listener.accept()
            except OSError:  # whoever it was has gone again
                continue
            if self._address.tcp is not None:
                with_tcp_options(stream)
            self._attend(Connection(stream))

    def stop(self) -> None:
        """Make `serve` return, from another thread, when the run at hand is over."""
        self._stopped.set()

    def close(self) -> None:
        """Stop, and listen no longer."""
        self.stop()
        self._listener.close()
        if self._address.path is not None:
            Path(self._address.path).unlink(missing_ok=True)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _attend(self, connection: Connection) -> None:
        """Answer one client until it leaves."""

        def next_message() -> Message | None:
            # A client may think as long as it likes, but not stop in the middle of a message.
            while not _ready(connection.socket):
                if self._stopped.is_set():
                    return None
            deadline = time.monotonic() + _PATIENCE_S
            return read_message(lambda size: connection.receive(size, deadline))

        def send(data: bytes) -> None:
            connection.send(data, time.monotonic() + _PATIENCE_S)

        try:
            if not _converse(self._substrate, next_message, send):
                _linger(connection)
        except OSError:
            pass  # it has gone, or takes no answer; the next one may be better
        finally:
            connection.close()


def serve_pipe(substrate: Substrate, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer the one client at the other ends of two pipes, until it leaves.

    Parameters
    ----------
    substrate : Substrate
        What is offered.
    source, sink : binary file
        Unbuffered (``open(..., buffering=0)``): where requests come from, and answers go.
    """

    def send(data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[sink.write(left) :]

    receive: Receive = source.read
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        _converse(substrate, lambda: read_message(receive), send)


def _converse(
    substrate: Substrate,
    next_message: Callable[[], Message | None],
    send: Callable[[bytes], None],
) -> bool:
    """Answer requests until the client leaves; False if it sent what is no message."""
    while True:
        try:
            message = next_message()
        except SubstrateError as error:
            # Where the next message would begin is not known.
            send(encode(error_message(NO_REQUEST, error)))
            return False
        if message is None or message.kind is MessageKind.BYE:
            return True
        send(_answer(substrate, message))


def _answer(substrate: Substrate, message: Message) -> bytes:
    number = message.request
    try:
        if message.kind is MessageKind.HELLO:
            return encode(description_message(number, substrate.description))
        if message.kind is not MessageKind.RUN:
            raise SubstrateError(f"hello, run or bye expected, not {message.kind.name.lower()}")
        observation = substrate.run(*run_of(message))
        return encode(Message(MessageKind.OBSERVATION, number, arrays=observation))
    except Exception as error:  # whatever it is, the client is to know, and others to be served
        return encode(error_message(number, error))


def _listening(address: Address) -> tuple[socket.socket, Address]:
    """Listen at an address; return it with the port that it got."""
    if address.command is not None:
        raise InputError.single("address", "a command", "'tcp://host:port' or 'unix:///path'")
    if address.path is not None:
        _remove_stale(address.path)
        listener = socket.socket(socket.AF_UNIX)
        place: tuple[str, int] | str = address.path
    else:
        assert address.tcp is not None
        place = address.tcp
        family = socket.AF_INET6 if ":" in address.tcp[0] else socket.AF_INET
        listener = socket.socket(family)
        # Else the port of a server that was killed stays taken for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(place)
        listener.listen()
    except BaseException:
        listener.close()
        raise
    if address.tcp is not None:
        address = Address(tcp=(address.tcp[0], listener.getsockname()[1]))
    return listener, address


def _remove_stale(path: str) -> None:
    """Remove the socket of a server that was killed."""
    if not Path(path).exists() or not stat.S_ISSOCK(Path(path).stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()


def _ready(stream: socket.socket) -> bool:
    """Wait a moment for something to read."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return bool(selector.select(_LOOK_S))


def _linger(connection: Connection) -> None:
    """Read on for a while: closing with bytes unread would take the last answer away as well."""
    connection.socket.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + _LINGER_S
    while connection.receive(65536, deadline):
        pass
