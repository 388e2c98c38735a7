"""Pieces of work on a cluster of dask.distributed.

References
----------
M. Rocklin, "Dask: parallel computation with blocked algorithms and task scheduling", Proc. 14th
Python in Science Conference (2015) 126.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import lasersampling
from lasersampling.checks import refuse
from lasersampling.errors import (
    InputError,
    LaserSamplingError,
    LaserSamplingWarning,
    Problem,
)
from lasersampling.workers.pieces import Lost, Waiting

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
R = TypeVar("R")

_MOST_AT_A_TIME = 1000
"""Pieces that the scheduler knows of at a time."""

_POLL_S = 0.05
_CONNECT_S = 10.0
_CLOSE_S = 2.0
_ADDRESS = "an address such as tcp://10.0.0.1:8786"
_RETURN_S = 600.0
"""So long a scheduler that has gone may take to come back, or the last worker."""

_TELL_S = 30.0
"""After so long without workers it is told that there are none."""

_ASK_S = 2.0
"""Time between two questions how many workers there are, while no piece is done."""

_GATHER_S = 60.0
_GONE = "cancelled", "lost"
_TALKATIVE = "distributed.client", "distributed.core", "distributed.scheduler", "distributed.comm"
"""Loggers that report what is dealt with here."""


def _none_expected() -> bool:
    return False


@dataclass(frozen=True)
class Cluster:
    """Workers that are those of a scheduler of dask.distributed.

    The scheduler gives the piece of a worker that is lost to another one. If the scheduler itself
    is lost and comes back under its address within ten minutes, the pieces that it had are given to
    it again. All machines have the same version of `lasersampling`.

    Attributes
    ----------
    address : str
        Address of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    InputError
        When pieces are to be done: if the extra `cluster` is missing, no scheduler answers, or a
        worker has no, or another, `lasersampling`.
    LaserSamplingError
        When pieces are to be done: if the scheduler, or its last worker, is gone and does not come
        back.
    """

    address: str
    expected: Callable[[], bool] = _none_expected

    def results(
        self, work: Callable[[T], R], pieces: Sequence[T]
    ) -> Iterator[tuple[int, R | Lost]]:
        """Do pieces of work; see `Workers.results`."""
        waiting = Waiting(pieces)
        absence = _Absence(self.address, self.expected)
        patience_s = _CONNECT_S
        while waiting:
            with _connected(self.address, patience_s) as client:
                _check_code(client)
                yield from _through(client, work, pieces, waiting, absence)
            patience_s = _RETURN_S

    @property
    def count(self) -> int:
        """Number of workers that the scheduler has now, at least one."""
        with _connected(self.address, _CONNECT_S) as client:
            return max(1, len(client.nthreads()))

    def check(self) -> None:
        """Find out whether the scheduler answers, and its workers are of use.

        Raises
        ------
        InputError
            If not.
        """
        with _connected(self.address, _CONNECT_S) as client:
            _check_code(client)


def import_distributed() -> Any:
    """Import dask.distributed.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import distributed
    except ModuleNotFoundError:
        expected = "distributed: python -m pip install 'lasersampling[cluster]'"
        raise InputError.single("--scheduler", "no library for clusters", expected) from None
    return distributed


@contextlib.contextmanager
def _connected(address: str, patience_s: float) -> Iterator[Client]:
    """Connect to a scheduler, which may take a while to come back."""
    distributed = import_distributed()
    refuse(_address_problems(address))

    class Client(distributed.Client):  # type: ignore[misc, name-defined]
        """A client that is dropped without waiting long, also if it never found the scheduler."""

        def __del__(self) -> None:
            with contextlib.suppress(Exception):
                self.close(timeout=_CLOSE_S)

    end = time.monotonic() + patience_s
    client = None
    with _quiet():
        while client is None:
            left = min(_CONNECT_S, max(end - time.monotonic(), 1.0))
            try:
                client = Client(address, timeout=left, set_as_default=False)
            except ValueError as error:
                got = f"{address!r} ({error})"
                raise InputError.single("--scheduler", got, _ADDRESS) from None
            except (OSError, TimeoutError) as error:
                if time.monotonic() < end - 1.0:
                    time.sleep(1.0)
                    continue
                if patience_s > _CONNECT_S:
                    raise LaserSamplingError(
                        f"the scheduler {address} is gone, and did not come back for "
                        f"{patience_s / 60:.0f} minutes; go on with --resume when it is there"
                    ) from None
                got = f"{address}, where no scheduler answers ({type(error).__name__})"
                expected = "the address of a scheduler, which `dask scheduler` prints"
                raise InputError.single("--scheduler", got, expected) from None
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=_CLOSE_S)


def _address_problems(address: str) -> list[Problem]:
    """Check the form of an address, before a client waits for what stands there."""
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import backends

    scheme, place = parse_address(address)
    fault = ""
    if scheme not in backends:
        fault = f"the protocol {scheme!r}, not one of {', '.join(sorted(backends))}"
    elif scheme != "inproc":
        try:
            host, port = parse_host_port(place)
        except ValueError:
            fault = "no host and port"
        else:
            fault = "" if host else "no host"
            fault = fault if 0 < port < 2**16 else f"the port {port}"
    return [Problem("--scheduler", f"{address!r}: {fault}", _ADDRESS)] if fault else []


@dataclass
class _Absence:
    """Watches for a scheduler that has no workers, for which pieces would wait for ever."""

    address: str
    expected: Callable[[], bool]
    asked_s: float = -math.inf
    since_s: float | None = None
    told: bool = False

    def watch(self, client: Client) -> None:
        """Ask for the workers, if it is time to; to be called while no piece is done.

        Raises
        ------
        LaserSamplingError
            If there were none for too long.
        """
        now = time.monotonic()
        if now < self.asked_s + _ASK_S:
            return
        self.asked_s = now
        try:
            workers = client.nthreads()
        except Exception:  # the scheduler is gone too, which is seen elsewhere
            return
        if workers:
            self.since_s = None
            return
        if self.since_s is None:
            self.since_s = now
        alone_s = now - self.since_s
        if alone_s > _RETURN_S and not self.expected():
            raise LaserSamplingError(
                f"the scheduler {self.address} has had no workers for {_RETURN_S / 60:.0f} "
                "minutes; start some, and go on from what is done with --resume"
            )
        if alone_s > _TELL_S and not self.told:
            self.told = True
            warnings.warn(
                f"the scheduler {self.address} has no workers: pieces wait until one is there "
                f"(`dask worker {self.address}`)",
                LaserSamplingWarning,
                stacklevel=2,
            )


def _through(
    client: Client,
    work: Callable[[T], R],
    pieces: Sequence[T],
    waiting: Waiting,
    absence: _Absence,
) -> Iterator[tuple[int, R | Lost]]:
    """Do pieces until none is left, or the scheduler is lost; those that are left are `waiting`."""
    running: dict[int, Any] = {}  # futures
    try:
        while waiting or running:
            while waiting and len(running) < _MOST_AT_A_TIME:
                place = waiting.next()
                running[place] = client.submit(work, pieces[place], pure=False)
            ready = [place for place, future in running.items() if future.status != "pending"]
            if client.status != "running" or any(running[k].status in _GONE for k in ready):
                return
            for place in ready:
                result = _result(running[place])
                if result is _NOT_YET:
                    continue
                del running[place]
                yield place, result
            if not ready:
                absence.watch(client)
                time.sleep(_POLL_S)
    finally:
        waiting.again(list(running))
        if running and client.status == "running":
            with contextlib.suppress(Exception):
                client.cancel(list(running.values()), force=True)


_NOT_YET = object()


def _result(future: Any) -> Any:
    """Give the result of a piece, `Lost`, or `_NOT_YET` if the worker that had it is gone."""
    from distributed import KilledWorker

    if future.status == "error":
        error = future.exception(timeout=_GATHER_S)
        if isinstance(error, KilledWorker):
            return Lost(f"the workers of a piece were lost, several times ({_first_line(error)})")
        assert error is not None
        raise error
    try:
        return future.result(timeout=_GATHER_S)
    except Exception:  # the worker went between the end of the piece and now
        if future.status in ("pending", *_GONE):
            return _NOT_YET
        raise


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def code_of_library() -> str:
    """Digest the source of the library that this process runs."""
    folder = Path(lasersampling.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _check_code(client: Client) -> None:
    """Refuse workers with another library, whose numbers would not be those of this one."""
    own = code_of_library()
    problems = []
    for worker, found in client.run(code_of_library, on_error="return").items():
        if isinstance(found, Exception):
            got = f"a worker that cannot load this library ({_first_line(found)})"
            problems.append(Problem(str(worker), got, "lasersampling, installed on all machines"))
        elif found != own:
            got, expected = f"a worker with another lasersampling ({found})", f"the same ({own})"
            problems.append(Problem(str(worker), got, expected))
    refuse(problems)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the library tells of lost workers from the output of the command."""
    before = {logging.getLogger(name): logging.getLogger(name).level for name in _TALKATIVE}
    for logger in before:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)
