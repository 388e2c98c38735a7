"""Clients of a server: how many there may be, for how long, and how much each may send.

Every client that connects is given a place. When all places are taken, the place of a client that
has not sent anything yet, or not for a while, is given to the new one, so silent connections do not
block others. If all are at work, the new client is refused.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time

from lasersampling.errors import SubstrateError
from lasersampling.hardware.connection import Connection
from lasersampling.hardware.messages import HEADER_BYTES, Message, payload_length, read_message

__all__ = ["MOST_CLIENTS", "Client", "Clients", "ready"]

MOST_CLIENTS = 32
"""Largest number of clients at a time."""
GREETING_S = 10.0
"""How long a client may take for its first message, and for the header of any message [s]."""
IDLE_S = 3600.0
"""How long a client may wait between two requests [s]."""
SPARED_S = 60.0
"""After so long without a request, the place of a client may be given to another [s]."""
MESSAGE_S = 60.0
"""How long a client may take to send the rest of a message, or to receive an answer [s]."""
SMALL_BYTES = 2**24
"""Messages up to this length are always accepted [bytes]."""
MOST_BYTES = 2**31
"""Total length of larger messages that may be under way at a time [bytes]."""

_LOOK_S = 0.1


class Client:
    """A client at the other end of a connection.

    Parameters
    ----------
    connection : Connection
        The connection.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.thread: threading.Thread | None = None
        self.has_spoken = False
        self.is_at_work = False
        self.since = time.monotonic()

    def send(self, data: bytes) -> None:
        """Send an answer, and wait for the next request."""
        self.connection.send(data, time.monotonic() + MESSAGE_S)
        self.is_at_work, self.since = False, time.monotonic()

    def has_gone(self) -> bool:
        """Tell whether the client has closed the connection."""
        stream = self.connection.socket
        try:
            stream.settimeout(0.0)
            return ready(stream, 0.0) and not stream.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def dismiss(self) -> None:
        """Make the thread of the client end."""
        with contextlib.suppress(OSError):
            self.connection.socket.shutdown(socket.SHUT_RDWR)


class Clients:
    """All clients of a server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: list[Client] = []
        self._bytes = 0

    def enter(self, client: Client) -> bool:
        """Give a client a place, if need be that of a silent one; False if there is none."""
        with self._lock:
            if len(self._present) >= MOST_CLIENTS:
                silent = self._most_silent()
                if silent is None:
                    return False
                self._present.remove(silent)
                silent.dismiss()
            self._present.append(client)
        return True

    def leave(self, client: Client) -> None:
        """Release the place of a client."""
        with self._lock, contextlib.suppress(ValueError):
            self._present.remove(client)

    def leave_all(self) -> None:
        """Disconnect idle clients, and wait until the others have their answers."""
        with self._lock:
            present = list(self._present)
        for client in present:
            if not client.is_at_work:
                client.dismiss()
        for client in present:
            if client.thread is not None:
                client.thread.join()

    def next_message(self, client: Client, stopped: threading.Event) -> Message | None:
        """Wait for the next request of a client, and read it.

        Returns
        -------
        Message or None
            None if the client has left or is disconnected: it was silent too long, or the server
            stops.

        Raises
        ------
        SubstrateError
            If the data are no message, or too large together with those of others.
        OSError
            If the client has gone, or is too slow.
        """
        patience = IDLE_S if client.has_spoken else GREETING_S
        while not ready(client.connection.socket, _LOOK_S):
            if stopped.is_set() or time.monotonic() - client.since > patience:
                return None
        reading = _Reading(self, client.connection)
        try:
            message = read_message(reading.receive)
        finally:
            self.give_back(reading.reserved)
        if message is not None:
            client.has_spoken = client.is_at_work = True
        return message

    def reserve(self, n_bytes: int) -> bool:
        """Reserve memory for a large message, if there is any left."""
        with self._lock:
            if self._bytes + n_bytes > MOST_BYTES:
                return False
            self._bytes += n_bytes
        return True

    def give_back(self, n_bytes: int) -> None:
        """Release such memory."""
        with self._lock:
            self._bytes -= n_bytes

    def _most_silent(self) -> Client | None:
        """Choose the client to disconnect: one that never sent anything, then the most idle."""
        now = time.monotonic()
        waiting = [client for client in self._present if not client.is_at_work]
        silent = [client for client in waiting if not client.has_spoken]
        idle = [client for client in waiting if now - client.since > SPARED_S]
        return min(silent or idle, key=lambda client: client.since, default=None)


class _Reading:
    """One message on its way: its header must come soon, and its length must have room."""

    def __init__(self, clients: Clients, connection: Connection) -> None:
        self.reserved = 0
        self._clients, self._connection = clients, connection
        self._head = b""
        started = time.monotonic()
        self._until, self._end = started + GREETING_S, started + MESSAGE_S

    def receive(self, size: int) -> bytes:
        """Give up to so many bytes, as `messages.read_message` requires."""
        if len(self._head) < HEADER_BYTES:
            piece = self._connection.receive(size, self._until)
            self._head += piece
            return piece
        if not self.reserved and (length := payload_length(self._head)) > SMALL_BYTES:
            if not self._clients.reserve(length):
                raise SubstrateError(
                    "busy: large messages of others are under way; try again later"
                )
            self.reserved = length
        return self._connection.receive(size, self._end)


def ready(stream: socket.socket, patience_s: float) -> bool:
    """Wait a moment for something to read [s]."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return bool(selector.select(patience_s))
