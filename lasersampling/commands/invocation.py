"""How and why a command was called: by a user, or as a piece of a sweep."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum

BEGINS_ANEW = "the same command begins anew"
"""What is said of a run that was stopped and has kept nothing."""


class Purpose(Enum):
    """Why a command was called."""

    RUN = "run"
    """By a user."""

    PIECE = "piece"
    """As a piece of a sweep, which draws no figures."""

    CHECK = "check"
    """To check its arguments: it ends with `Accepted` before it computes anything."""


class Accepted(Exception):
    """Ends a command that was called to check its arguments, of which none is refused."""


@dataclass
class Invocation:
    """How and when a command was called.

    Attributes
    ----------
    command : str
        The command line.
    purpose : Purpose
        Why it was called.
    started : float
        Time of the call on the clock of `time.monotonic` [s].
    has_begun : bool
        Whether all arguments were accepted, and the work has begun.
    """

    command: str
    purpose: Purpose = Purpose.RUN
    started: float = field(default_factory=time.monotonic)
    has_begun: bool = field(default=False, init=False)

    @property
    def draws_figures(self) -> bool:
        """Whether figures are drawn beside the results file."""
        return self.purpose is Purpose.RUN

    def begin(self) -> None:
        """Tell that all arguments are accepted, and that the work begins.

        Raises
        ------
        Accepted
            If the command was only to check them.
        """
        if self.purpose is Purpose.CHECK:
            raise Accepted
        self.has_begun = True
