"""Steps of long work whose results are kept, so that a run that was stopped goes on from them.

A function that takes long divides its work into steps and runs each by `kept`. Outside a run that
keeps its steps this calls the step and nothing more. Within one (`results.run_file`), a finished
step is written to disk, and a run that goes on reads it in place of computing it again. Steps may
have steps within them, which are forgotten when the outer one is finished. Work is deterministic,
so the results have the same bits in either case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Keeper(Protocol):
    """Keeps the results of steps; see `results.kept_steps.KeptSteps`."""

    def step(self, name: str, compute: Callable[[], T], of: object) -> T:
        """Return the result of a step: the kept one if there is one, else compute and keep it."""
        ...

    def state(self, name: str) -> KeptState:
        """Return where the state of a step that goes on for long is kept; see `kept_state`."""
        ...


class KeptState(Protocol):
    """The last state of a step that goes on for long."""

    def load(self) -> Any:
        """Return the state that was saved last, None if there is none."""
        ...

    def save(self, state: Any) -> None:
        """Keep a state in place of the one before, at once or not at all."""
        ...


# Threads that a run starts see none of it: their work belongs to the step that started them.
_keeper: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


@contextmanager
def keeping(keeper: Keeper | None) -> Iterator[None]:
    """Keep the steps of all functions that are called within the block, in this thread.

    None keeps none, for work that is kept in another way.
    """
    token = _keeper.set(keeper)
    try:
        yield
    finally:
        _keeper.reset(token)


def kept(name: str, compute: Callable[[], T], of: object = None) -> T:
    """Run a step of long work.

    Parameters
    ----------
    name : str
        What the step is, in letters, digits and hyphens. Steps of one name are told apart by their
        order, which must be the same in each run of the same work.
    compute : callable
        Computes the result, which consists of what `learning.packing.pack` takes.
    of : object, optional
        On what the result depends, of the same kind. A kept result of anything else is refused.

    Returns
    -------
    object
        The result, computed now or by an earlier run that was stopped.

    Examples
    --------
    >>> kept("sum", lambda: 1 + 1)
    2
    """
    keeper = _keeper.get()
    return compute() if keeper is None else keeper.step(name, compute, of)


def kept_state(name: str) -> KeptState | None:
    """Find where a step that goes on for long keeps its state; None outside runs that keep theirs.

    Parameters
    ----------
    name : str
        As for `kept`, with which it shares the order.

    Examples
    --------
    >>> kept_state("training") is None
    True
    """
    keeper = _keeper.get()
    return None if keeper is None else keeper.state(name)
