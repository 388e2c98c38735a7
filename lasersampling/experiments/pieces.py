"""Independent pieces of an experiment, each of which keeps what it has finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from lasersampling.keeping import Keeper, KeptState, keeping
from lasersampling.results.kept_steps import State
from lasersampling.workers import Lost, Processes, Workers

T = TypeVar("T")
R = TypeVar("R")


class WatchedWorkers:
    """Workers that know whether they were asked to do anything."""

    def __init__(self, workers: Workers) -> None:
        self.of, self.is_asked = workers, False

    @property
    def count(self) -> int:
        """How many pieces they do side by side."""
        return self.of.count

    def results(
        self, work: Callable[[T], R], pieces: Sequence[T]
    ) -> Iterator[tuple[int, R | Lost]]:
        """Do pieces of work; see `Workers.results`."""
        self.is_asked = True
        return self.of.results(work, pieces)


def done(
    workers: Workers, work: Callable[[T], R], pieces: Sequence[tuple[T, KeptState | None]]
) -> Iterator[tuple[int, R | Lost]]:
    """Do pieces, of which each keeps its own steps if it is done on this machine.

    Parameters
    ----------
    workers : Workers
        Who does them.
    work : callable
        Does a piece.
    pieces : sequence of tuple
        Each piece, and where its result is kept; None for nowhere.

    Yields
    ------
    tuple
        Place of a piece, and what `work` returned or why it was lost, as they come.
    """
    of = workers.of if isinstance(workers, WatchedWorkers) else workers
    if not isinstance(of, Processes):
        return workers.results(work, [piece for piece, _ in pieces])
    jobs = [
        (work, piece, state.within() if isinstance(state, State) else None)
        for piece, state in pieces
    ]
    return workers.results(_with_own_steps, jobs)


def _with_own_steps(job: tuple[Callable[[T], R], T, Keeper | None]) -> R:
    """Do a piece whose steps are kept, in this process or another one of this machine."""
    work, piece, keeper = job
    with keeping(keeper):
        return work(piece)
