"""Connections to a device: addresses, sockets, child processes, and time limits."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lasersampling.errors import InputError, SubstrateError

__all__ = ["Address", "Connection", "connect", "parse_address"]

_GRACE_S = 5.0
"""How long a child process may take to end after its input has ended [s]."""
_TERM_GRACE_S = 1.0
"""How long a child process may take to end after a signal that asks it to [s]."""
_LAST_WORDS_S = 0.5
"""How long a process may take to end after its output has ended [s]."""
_LARGEST_PORT = 65535


@dataclass(frozen=True)
class Address:
    """Where a device is reached; exactly one of the three is given.

    Attributes
    ----------
    tcp : (str, int) or None
        Host and port.
    path : str or None
        Path of a Unix socket.
    command : tuple of str or None
        Command of a child process with its arguments.
    """

    tcp: tuple[str, int] | None = None
    path: str | None = None
    command: tuple[str, ...] | None = None

    def __str__(self) -> str:
        if self.tcp is not None:
            host, port = self.tcp
            return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
        return f"unix://{self.path}" if self.path is not None else " ".join(self.command or ())


def parse_address(given: str | Sequence[str]) -> Address:
    """Read an address.

    Parameters
    ----------
    given : str or sequence of str
        ``tcp://host:port``, ``unix:///path/of/socket``, or a command with its arguments.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(given, str):
        tcp = re.fullmatch(r"tcp://(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/\[\]]+)):(\d{1,5})", given)
        if tcp is not None and int(tcp[3]) <= _LARGEST_PORT:
            return Address(tcp=(tcp[1] or tcp[2], int(tcp[3])))
        unix = re.fullmatch(r"unix://(/.+)", given)
        if unix is not None:
            _need(given, hasattr(socket, "AF_UNIX"), "Unix sockets")
            return Address(path=unix[1])
    elif isinstance(given, Sequence) and given and all(isinstance(word, str) for word in given):
        _need(given, hasattr(os, "killpg"), "groups of processes")
        return Address(command=tuple(given))
    expected = "'tcp://host:port', 'unix:///path', or a command as a list of words"
    raise InputError.single("address", repr(given), expected)


def _need(given: str | Sequence[str], is_there: bool, what: str) -> None:
    if not is_there:
        got = f"{given!r} on a system without {what} ({sys.platform})"
        raise InputError.single("address", got, "'tcp://host:port'")


class Connection:
    """A stream of bytes to and from the other side, and the child process there, if it is one.

    Parameters
    ----------
    stream : socket
        The stream.
    process : Popen, optional
        Child process; it ends when the connection is closed.
    """

    def __init__(
        self, stream: socket.socket, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.socket = stream
        self._process = process

    def send(self, data: bytes, deadline: float) -> None:
        """Send all bytes.

        Parameters
        ----------
        data : bytes
            The bytes.
        deadline : float
            Time limit on the clock of `time.monotonic` [s].

        Raises
        ------
        OSError
            If the other side has gone; `TimeoutError` after the time limit.
        """
        self.socket.settimeout(_left(deadline))
        self.socket.sendall(data)

    def receive(self, size: int, deadline: float) -> bytes:
        """Receive up to so many bytes; none if the other side has ended. See `send`."""
        self.socket.settimeout(_left(deadline))
        return self.socket.recv(size)

    def ending(self) -> str:
        """Say how the other side ended, once it has."""
        code = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(_LAST_WORDS_S)
        if code is None:
            return "the device ended the connection"
        how = f"signal {-code}" if code < 0 else f"the exit code {code}"
        return f"the process of the device ended with {how}"

    def close(self, *, at_once: bool = False) -> None:
        """Close the connection; a child process may end by itself, unless `at_once`."""
        # In both directions, even if another process holds a copy of the socket.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        if self._process is not None:
            _end(self._process, 0.0 if at_once else _GRACE_S)


def connect(address: Address, deadline: float) -> Connection:
    """Connect to a device, or start it.

    Parameters
    ----------
    address : Address
        The address.
    deadline : float
        Time limit on the clock of `time.monotonic` [s].

    Raises
    ------
    OSError
        If nobody is there; `TimeoutError` after the time limit.
    """
    if address.tcp is not None:
        stream = socket.create_connection(address.tcp, timeout=_left(deadline))
        with_tcp_options(stream)
        return Connection(stream)
    if address.path is not None:
        stream = socket.socket(socket.AF_UNIX)
        try:
            stream.settimeout(_left(deadline))
            stream.connect(address.path)
        except BaseException:
            stream.close()
            raise
        return Connection(stream)
    # One socket serves as standard input and output: it has time-outs, which pipes do not.
    stream, other = socket.socketpair()
    with other:
        try:
            # In a session of its own, so that Ctrl-C reaches only us, and we end the process.
            process = subprocess.Popen(
                address.command or (),
                stdin=other.fileno(),
                stdout=other.fileno(),
                start_new_session=True,
            )
        except BaseException:
            stream.close()
            raise
    return Connection(stream, process)


def with_tcp_options(stream: socket.socket) -> None:
    """Send data at once, and notice a computer that is no longer there."""
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0.0:
        raise TimeoutError("timed out")
    return left


def _end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Wait for a process to end, and make it end if it does not."""
    for patience_s, then in ((grace_s, signal.SIGTERM), (_TERM_GRACE_S, signal.SIGKILL)):
        try:
            process.wait(patience_s)
            return
        except subprocess.TimeoutExpired:
            # It leads a process group of its own, which contains the processes that it started.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, then)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:  # in an uninterruptible system call
        raise SubstrateError(f"process {process.pid} of the device cannot be ended") from None
