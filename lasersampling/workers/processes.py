"""Pieces of work in processes of this machine, which share its cores."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, TypeVar

from lasersampling.checks import integer_problems, refuse
from lasersampling.errors import LaserSamplingError
from lasersampling.parallel import available_cores
from lasersampling.workers.pieces import TRIES, Lost, Waiting

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

T = TypeVar("T")
R = TypeVar("R")

_CONTEXT = multiprocessing.get_context("spawn")  # threads do not survive a fork
_PATIENCE_S = 10.0

_THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"
"""Variables by which libraries that numpy and torch call are told how many threads to use."""


@dataclass(frozen=True)
class Processes:
    """Workers that are processes of this machine.

    Each may use an equal share of the cores. They end at once if results are no longer asked for,
    because of an error or of Ctrl-C, and if the process that started them is killed.

    Attributes
    ----------
    count : int
        Number of processes. A single worker is the calling process itself.

    Raises
    ------
    InputError
        If the number is not a whole number of at least 1.

    Examples
    --------
    >>> sorted(Processes(1).results(abs, [-3, 2]))
    [(0, 3), (1, 2)]
    """

    count: int

    def __post_init__(self) -> None:
        refuse(integer_problems("workers", self.count, 1))

    def results(
        self, work: Callable[[T], R], pieces: Sequence[T]
    ) -> Iterator[tuple[int, R | Lost]]:
        """Do pieces of work; see `Workers.results`."""
        count = min(self.count, len(pieces))
        if count <= 1:
            yield from enumerate(map(work, pieces))  # also those that come to a list meanwhile
            return
        waiting, lost = Waiting(pieces), Counter[int]()
        n_threads = max(available_cores() // count, 1)
        workers = [_Worker(work, _share(k, count), n_threads) for k in range(count)]
        try:
            while True:
                for worker in workers:
                    if worker.place is None and waiting:
                        worker.begin(waiting.next(), pieces)
                busy = [worker for worker in workers if worker.place is not None]
                if not busy:
                    return
                ready = wait([worker.connection for worker in busy])
                for worker in busy:
                    if worker.connection not in ready:
                        continue
                    place = worker.done()
                    try:
                        result = worker.received()
                    except _Ended as ended:
                        lost[place] += 1
                        if lost[place] < TRIES:
                            waiting.again([place])
                        else:
                            yield place, Lost(f"{ended}, {TRIES} times")
                        worker.start()
                    else:
                        yield place, result
                    if waiting:
                        worker.begin(waiting.next(), pieces)
        finally:
            for worker in workers:
                worker.end()


class _Ended(Exception):
    """A process ended before its piece was done."""


class _Worker:
    """A process, and the piece that it does.

    Parameters
    ----------
    work : callable
        Does a piece.
    cores : list of int
        Cores that the process may use; all if it is empty.
    n_threads : int
        How many threads its libraries may use.
    """

    def __init__(self, work: Callable[[Any], Any], cores: list[int], n_threads: int) -> None:
        self._work, self._cores, self._n_threads = work, cores, n_threads
        self.place: int | None = None
        self.start()

    def start(self) -> None:
        """Start a process, in place of one that has ended."""
        self.connection, there = _CONTEXT.Pipe()
        end_of_line, self._lifeline = _CONTEXT.Pipe(duplex=False)
        self._process: SpawnProcess = _CONTEXT.Process(
            target=_serve, args=(there, end_of_line, self._work, self._cores), daemon=True
        )
        with _at_most(self._n_threads):
            self._process.start()
        there.close()  # so that the end of the process is the end of the connection
        end_of_line.close()

    def begin(self, place: int, pieces: Sequence[Any]) -> None:
        """Give the process a piece; a process that has ended is noticed when it should answer."""
        self.place = place
        with contextlib.suppress(OSError):
            self.connection.send(pieces[place])

    def done(self) -> int:
        """Give the place of the piece that was done, or lost."""
        assert self.place is not None
        place, self.place = self.place, None
        return place

    def received(self) -> Any:
        """Give the result of the piece, or raise what was raised in it."""
        try:
            went_well, result = self.connection.recv()
        except (EOFError, OSError):
            self._process.join(_PATIENCE_S)
            code = self._process.exitcode
            by = f"by {signal.Signals(-code).name}" if code is not None and code < 0 else "itself"
            why = ", perhaps for want of memory" if by.endswith("SIGKILL") else ""
            raise _Ended(f"the process of a piece was ended {by}{why}") from None
        if not went_well:
            raise result
        return result

    def end(self) -> None:
        """End the process, also within a piece."""
        self._process.terminate()
        self._process.join(_PATIENCE_S)
        self.connection.close()
        self._lifeline.close()


def _share(place: int, count: int) -> list[int]:
    """Cores of one of so many processes; none for all of them."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return cores[place % len(cores) :: count] if cores else []


@contextlib.contextmanager
def _at_most(n_threads: int) -> Iterator[None]:
    """Start processes within the block whose libraries use so many threads, or fewer as asked.

    Threads of torch wait for each other in a loop that keeps a core busy. More of them than a
    process has cores cost several times the time of the work. Libraries read these variables when
    they are loaded, which is before the process knows its cores.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    for name, text in before.items():
        asked = int(text) if text is not None and text.isdecimal() else n_threads
        os.environ[name] = str(max(min(asked, n_threads), 1))
    try:
        yield
    finally:
        for name, text in before.items():
            if text is not None:
                os.environ[name] = text
            else:
                os.environ.pop(name, None)


def _serve(
    connection: Connection, lifeline: Connection, work: Callable[[Any], Any], cores: list[int]
) -> None:
    """Do pieces one after the other, as long as the process that started this one lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the first process ends us
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    if cores:
        os.sched_setaffinity(0, cores)
    while True:
        try:
            piece = connection.recv()
        except EOFError:
            return
        try:
            answer = True, work(piece)
        except Exception as error:
            answer = False, _that_travels(error)
        connection.send(answer)


def _end_with(lifeline: Connection) -> None:
    """Wait until the other end of the line is closed, which is when its process has ended."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)


def _that_travels(error: Exception) -> Exception:
    """Give an exception, or its words if it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return LaserSamplingError(f"{type(error).__name__}: {error}")
    return error
