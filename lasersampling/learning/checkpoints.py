"""Where the states of a training are kept, how often, and from which one it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lasersampling.checks import number_problems
from lasersampling.errors import InputError
from lasersampling.keeping import KeptState, kept_state
from lasersampling.learning.history import History
from lasersampling.learning.task import State


class CheckpointStore(Protocol):
    """Stores a checkpoint; see `results.run_file.RunFile`."""

    def save(self, state: State, history: History) -> None:
        """Keep a state in place of the one before, at once or not at all."""
        ...


class KeptTraining:
    """Stores the states of a training among the steps of the run to which it belongs."""

    def __init__(self, kept: KeptState) -> None:
        self._kept = kept

    def save(self, state: State, history: History) -> None:
        """Keep a state, which contains the history, in place of the one before."""
        self._kept.save(state)


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """How a training is kept and continued.

    Attributes
    ----------
    store : CheckpointStore or None
        Store of the states; None stores nothing.
    interval_s : float
        Time between checkpoints [s]. The state after the last epoch is kept in any case.
    resume : State or None
        A state that was kept, from which the training goes on.

    Raises
    ------
    InputError
        For an interval that is negative or not finite.
    """

    store: CheckpointStore | None = None
    interval_s: float = 20.0
    resume: State | None = None

    @classmethod
    def of_run(cls) -> Checkpoints:
        """Keep a training among the steps of the run to which it belongs, if that keeps any."""
        kept = kept_state("training")
        return cls() if kept is None else cls(KeptTraining(kept), resume=kept.load())

    def __post_init__(self) -> None:
        problems = number_problems("interval_s", self.interval_s, 0, strict=False)
        if problems:
            raise InputError(problems)
