"""The reference server: offers any substrate to other processes by messages."""

from __future__ import annotations

import contextlib
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware.clients import MOST_CLIENTS, Client, Clients, ready
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
"""How often the server checks whether it is to stop [s]."""
_BACKLOG = 128
_TURN_S = 30.0
"""How long a run waits for those of other clients before its client is told to retry [s]."""
_LINGER_S = 1.0
"""How long a client is given to read the report of an error before it is disconnected [s]."""


class Server:
    """Offers a substrate at a socket, to several clients side by side, whose runs take turns.

    A client that breaks off, or that sends something else than messages, is told so if it is still
    there, and disconnected; errors of the substrate are reported to the client. Clients make one
    another wait only by their runs; `hardware.clients` has the limits.

    Parameters
    ----------
    substrate : Substrate
        The substrate that is offered.
    address : str
        ``tcp://host:port``, where port 0 means any free port, or ``unix:///path/of/socket``.

    Raises
    ------
    InputError
        If the address is invalid.
    OSError
        If the address is in use.

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
        self._clients = Clients()
        self._turn = threading.Lock()
        self._listener, self._address = _listening(parse_address(address))

    @property
    def address(self) -> str:
        """The address at which the server listens."""
        return str(self._address)

    @property
    def is_at_work(self) -> bool:
        """Whether the substrate is running at the moment."""
        return self._turn.locked()

    def serve(self) -> None:
        """Answer clients until `stop` is called, or an exception such as Ctrl-C ends it."""
        while not self._stopped.is_set():
            if not ready(self._listener, _LOOK_S):
                continue
            try:
                stream, _ = self._listener.accept()
            except OSError:  # the client has gone again, or there are no more sockets
                self._stopped.wait(_LOOK_S)
                continue
            if self._address.tcp is not None:
                with contextlib.suppress(OSError):
                    with_tcp_options(stream)
            self._receive(Client(Connection(stream)))
        self._clients.leave_all()

    def _receive(self, client: Client) -> None:
        """Give a client a thread of its own, or tell it that there are too many clients."""
        if not self._clients.enter(client):
            busy = SubstrateError(f"busy: it has {MOST_CLIENTS} clients; try again later")
            with contextlib.suppress(OSError):
                client.connection.send(
                    encode(error_message(NO_REQUEST, busy)), time.monotonic() + _LOOK_S
                )
            client.connection.close()
            return
        # A thread cannot interrupt a run, and the end of the process does not wait for it.
        client.thread = threading.Thread(target=self._attend, args=(client,), daemon=True)
        client.thread.start()

    def stop(self) -> None:
        """Make `serve` return, from another thread, when the present run is over."""
        self._stopped.set()

    def close(self) -> None:
        """Stop, and no longer listen."""
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

    def _attend(self, client: Client) -> None:
        """Answer one client until it leaves."""
        try:
            is_whole = _converse(
                lambda: self._clients.next_message(client, self._stopped),
                client.send,
                lambda message: self._answered(client, message),
            )
            if not is_whole:
                _linger(client.connection)
        except OSError:
            pass  # it has gone, or accepts no answer
        finally:
            self._clients.leave(client)
            client.connection.close()

    def _gets_its_turn(self) -> bool:
        deadline = time.monotonic() + _TURN_S
        while not self._turn.acquire(timeout=_LOOK_S):
            if self._stopped.is_set() or time.monotonic() > deadline:
                return False
        return True

    def _answered(self, client: Client, message: Message) -> bytes:
        """Answer a request when its turn has come."""
        if message.kind is not MessageKind.RUN:
            return _answer(self._substrate, message)
        if not self._gets_its_turn():
            busy = f"busy: runs of other clients took more than {_TURN_S:g} s; try again later"
            return encode(error_message(message.request, SubstrateError(busy)))
        try:
            if client.has_gone():  # it left while waiting, and may have asked again already
                raise ConnectionResetError
            return _answer(self._substrate, message)
        finally:
            self._turn.release()


def serve_pipe(substrate: Substrate, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer the one client at the other ends of two pipes, until it leaves.

    Parameters
    ----------
    substrate : Substrate
        The substrate that is offered.
    source, sink : binary file
        Source of the requests and sink of the answers, unbuffered (``open(..., buffering=0)``).
    """

    def send(data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[sink.write(left) :]

    receive: Receive = source.read
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        _converse(lambda: read_message(receive), send, lambda m: _answer(substrate, m))


def _converse(
    next_message: Callable[[], Message | None],
    send: Callable[[bytes], None],
    answer: Callable[[Message], bytes],
) -> bool:
    """Answer requests until the client leaves; False if it sent something else."""
    while True:
        try:
            message = next_message()
        except SubstrateError as error:
            # It is unknown where the next message would begin.
            send(encode(error_message(NO_REQUEST, error)))
            return False
        if message is None or message.kind is MessageKind.BYE:
            return True
        send(answer(message))


def _answer(substrate: Substrate, message: Message) -> bytes:
    number = message.request
    try:
        if message.kind is MessageKind.HELLO:
            return encode(description_message(number, substrate.description))
        if message.kind is not MessageKind.RUN:
            raise SubstrateError(f"hello, run or bye expected, not {message.kind.name.lower()}")
        observation = substrate.run(*run_of(message))
        return encode(Message(MessageKind.OBSERVATION, number, arrays=observation))
    except Exception as error:  # whatever it is, report it, and go on serving others
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
        # Without this, the port of a server that was killed stays in use for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(place)
        listener.listen(_BACKLOG)
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


def _linger(connection: Connection) -> None:
    """Read on for a while: closing with unread bytes would discard the last answer as well."""
    connection.socket.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + _LINGER_S
    while connection.receive(65536, deadline):
        pass
