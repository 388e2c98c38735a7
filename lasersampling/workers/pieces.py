"""What workers do: pieces of work, each of which ends with a result or is lost."""

from __future__ import annotations

from collections import deque
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

    @property
    def count(self) -> int:
        """How many pieces they do side by side, as far as that is known."""

    def results(
        self, work: Callable[[T], R], pieces: Sequence[T]
    ) -> Iterator[tuple[int, R | Lost]]:
        """Do pieces of work.

        Parameters
        ----------
        work : callable
            Does a piece. It stands in a module, as all that is sent to other processes.
        pieces : sequence
            The pieces. A list may grow while results come: pieces that are appended to it before
            the next result is asked for are done as well.

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


class Waiting:
    """Places of the pieces that no worker has yet, in a sequence that may grow.

    Parameters
    ----------
    pieces : sequence
        The pieces.

    Examples
    --------
    >>> pieces = ["one", "two"]
    >>> waiting = Waiting(pieces)
    >>> waiting.next(), waiting.next(), bool(waiting)
    (0, 1, False)
    >>> pieces.append("three")
    >>> bool(waiting), waiting.next()
    (True, 2)
    """

    def __init__(self, pieces: Sequence[object]) -> None:
        self._pieces, self._known, self._again = pieces, 0, deque[int]()

    def __bool__(self) -> bool:
        return bool(self._again) or self._known < len(self._pieces)

    def next(self) -> int:
        """Give the place of the next piece, which then does not wait any more."""
        if self._again:
            return self._again.popleft()
        self._known += 1
        return self._known - 1

    def again(self, places: Sequence[int]) -> None:
        """Let pieces whose workers are lost wait again, before all others."""
        self._again.extendleft(sorted(places, reverse=True))


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
