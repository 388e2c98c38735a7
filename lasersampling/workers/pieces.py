"""What workers do: pieces of work, each of which ends with a result or is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from lasersampling.errors import LaserSamplingError

T = TypeVar("T")
R = TypeVar("R")

TRIES = 3
"""So many workers may be lost in a piece before it is given up."""


@dataclass(frozen=True)
class Lost:
    """Stands in place of the result of a piece that was given up.

    Attributes
    ----------
    reason : str
        What became of its workers.
    """

    reason: str


class Workers(Protocol):
    """Anything that does pieces of work side by side."""

    def results(
        self, work: Callable[[T], R], pieces: Sequence[T]
    ) -> Iterator[tuple[int, R | Lost]]:
        """Do pieces of work.

        Parameters
        ----------
        work : callable
            Does a piece. It stands in a module, as all that is sent to other processes.
        pieces : sequence
            The pieces.

        Yields
        ------
        place : int
            Place of a piece in the sequence; pieces come in the order in which they are done.
        result : object or Lost
            What `work` returned.

        Raises
        ------
        Exception
            What `work` raises; pieces that are not done yet are not done then.
        """


def finished(workers: Workers, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
    """Do pieces of work of which none may be lost.

    Parameters
    ----------
    workers, work, pieces
        As for `Workers.results`.

    Yields
    ------
    object
        What `work` returns, in the order in which pieces are done.

    Raises
    ------
    LaserSamplingError
        If a piece is lost.
    """
    for _, result in workers.results(work, pieces):
        if isinstance(result, Lost):
            raise LaserSamplingError(
                f"{result.reason}: take fewer workers, and go on from what is done with --resume"
            )
        yield result
