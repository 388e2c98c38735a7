"""A substrate in another process or on another computer, behind a socket or a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from numpy.typing import NDArray

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, SubstrateError
from lasersampling.hardware.connection import Connection, connect, parse_address
from lasersampling.hardware.conversation import NO_REQUEST, description_of, error_of, run_message
from lasersampling.hardware.messages import Message, MessageKind, encode, read_message
from lasersampling.hardware.observations import observation_problems
from lasersampling.hardware.substrate import Arrays, Description

__all__ = ["RemoteSubstrate"]

T = TypeVar("T")

_GOODBYE_S = 1.0


class RemoteSubstrate:
    """A substrate that is reached by messages (`hardware.messages`); see `docs/remote.md`.

    A run that is not answered in time, or is answered with unusable data, is sent again over a new
    connection (a child process is started anew), provided that the device there still has the same
    description. Answers that come too late are recognised by their number and discarded.

    Parameters
    ----------
    address : str or sequence of str
        ``tcp://host:port``, ``unix:///path/of/socket``, or the command of a child process that
        reads messages from its standard input and writes them to its standard output.
    timeout_s : float
        Time limit for an answer, including the connection [s].
    retries : int
        How often a request is repeated.
    pause_s : float
        Pause before a request is repeated [s].

    Raises
    ------
    InputError
        If the address is invalid, or numbers are out of range.
    SubstrateError
        If there is no device.

    Examples
    --------
    >>> import threading
    >>> from lasersampling.hardware import Description
    >>> from lasersampling.hardware.remote import RemoteSubstrate
    >>> from lasersampling.hardware.server import Server
    >>> class Nothing:
    ...     description = Description("lasers", "an empty table", (3,))
    >>> server = Server(Nothing())  # as it would run elsewhere
    >>> thread = threading.Thread(target=server.serve)
    >>> thread.start()
    >>> with RemoteSubstrate(server.address) as device:
    ...     print(device.description.name)
    an empty table
    >>> server.stop()
    >>> thread.join()
    >>> server.close()
    """

    def __init__(
        self,
        address: str | Sequence[str],
        *,
        timeout_s: float = 60.0,
        retries: int = 2,
        pause_s: float = 1.0,
    ) -> None:
        problems = [
            *number_problems("timeout_s", timeout_s, 0.0, strict=True),
            *integer_problems("retries", retries, 0),
            *number_problems("pause_s", pause_s, 0.0, strict=False),
        ]
        if problems:
            raise InputError(problems)
        self._address = parse_address(address)
        self._timeout_s, self._retries, self._pause_s = timeout_s, retries, pause_s
        self._connection: Connection | None = None
        self._request = NO_REQUEST
        self._description: Description | None = None
        self._closed = False
        self._repeated(self._connected)

    @property
    def description(self) -> Description:
        """Description of the device."""
        assert self._description is not None  # known since the constructor
        return self._description

    def run(self, parameters: Arrays, inputs: Arrays) -> Arrays:
        """Let the device run; see `hardware.substrate.Substrate`.

        Raises
        ------
        InputError
            If the device refuses parameters or inputs.
        SubstrateError
            If the device does not answer, or only with unusable data, after all retries; or if an
            array cannot be sent.
        """
        if self._closed:
            raise SubstrateError(f"{self._address}: the connection was closed")
        # Retries do not help with an array that cannot be sent.
        encode(run_message(NO_REQUEST, parameters, inputs))

        def attempt(deadline: float) -> dict[str, NDArray[Any]]:
            connection = self._connected(deadline)
            message = run_message(self._next(), parameters, inputs)
            answer = self._asked(connection, message, MessageKind.OBSERVATION, deadline)
            problems = observation_problems(self.description, inputs, answer.arrays)
            if problems:
                raise SubstrateError("; ".join(map(str, problems)))
            return dict(answer.arrays)

        return self._repeated(attempt)

    def close(self) -> None:
        """Take leave of the device; a child process is ended."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            goodbye = encode(Message(MessageKind.BYE, self._next()))
            connection.send(goodbye, time.monotonic() + _GOODBYE_S)
        except OSError:
            pass  # it has gone already
        finally:
            connection.close()

    def __enter__(self) -> RemoteSubstrate:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _repeated(self, attempt: Callable[[float], T]) -> T:
        """Repeat an attempt until it succeeds or the retries are used up."""
        failure: Exception | None = None
        for k in range(self._retries + 1):
            if k:
                time.sleep(self._pause_s)
            try:
                return attempt(time.monotonic() + self._timeout_s)
            except InputError:
                raise  # the device works, the question was wrong
            except TimeoutError:
                self._drop()
                failure = SubstrateError(f"no answer within {self._timeout_s:g} s")
            except (SubstrateError, OSError) as error:
                self._drop()
                failure = error
            except BaseException:
                self._drop()  # half an answer may still be under way
                raise
        tries = f"{self._retries + 1} attempts" if self._retries else "1 attempt"
        raise SubstrateError(f"{self._address}: {failure} ({tries})") from failure

    def _connected(self, deadline: float) -> Connection:
        """Connect if there is no connection, and ask for the description."""
        if self._connection is None:
            self._connection = connect(self._address, deadline)
            hello = Message(MessageKind.HELLO, self._next())
            answer = self._asked(self._connection, hello, MessageKind.DESCRIPTION, deadline)
            description = description_of(answer)
            if self._description not in (None, description):
                got = f"now {description}, {self._description} before"
                raise SubstrateError(f"another device than before answers: {got}")
            self._description = description
        return self._connection

    def _asked(
        self, connection: Connection, message: Message, kind: MessageKind, deadline: float
    ) -> Message:
        """Send a message and return its answer."""
        try:
            connection.send(encode(message), deadline)
            while True:
                answer = read_message(lambda size: connection.receive(size, deadline))
                if answer is None:
                    raise SubstrateError(connection.ending())
                is_error = answer.kind is MessageKind.ERROR
                if answer.request == message.request or (is_error and answer.request == NO_REQUEST):
                    break
                if answer.request > message.request:
                    asked = f"request {message.request} was the last"
                    raise SubstrateError(f"an answer to request {answer.request}, {asked}")
                # Otherwise it is a late answer to a request that was given up.
        except (BrokenPipeError, ConnectionResetError):
            raise SubstrateError(connection.ending()) from None
        if is_error:
            raise error_of(answer)
        if answer.kind is not kind:
            got = f"{answer.kind.name.lower()}, {kind.name.lower()} expected"
            raise SubstrateError(f"the device answered with {got}")
        return answer

    def _next(self) -> int:
        self._request += 1
        return self._request

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(at_once=True)
