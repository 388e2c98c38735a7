"""The exceptions of the library, one family.

Everything that the library raises on purpose is a `LaserSamplingError`. Bad input raises an
`InputError`, which lists every problem found, so that a user can correct all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class LaserSamplingError(Exception):
    """Base class of all errors raised by `lasersampling`."""


@dataclass(frozen=True)
class Problem:
    """One problem of an input.

    Attributes
    ----------
    where : str
        File and key, or the name of the argument.
    got : str
        What was found there, in short.
    expected : str
        What would have been accepted.
    """

    where: str
    got: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: got {self.got}, expected {self.expected}"

    def at(self, where: str) -> Problem:
        """Return the same problem, found where the caller knows it to be."""
        return Problem(where, self.got, self.expected)


class InputError(LaserSamplingError, ValueError):
    """Input that cannot be used; `problems` lists everything that was found.

    Parameters
    ----------
    problems : iterable of Problem
        At least one problem.

    Examples
    --------
    >>> error = InputError.single("n_chains", 0, "a whole number of at least 1")
    >>> str(error), error.problems[0].where
    ('n_chains: got 0, expected a whole number of at least 1', 'n_chains')
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """Say how an error that passes from one process to another is made again."""
        return type(self), (self.problems,)

    @classmethod
    def single(cls, where: str, got: object, expected: str) -> InputError:
        """Make the error for one problem; `got` is shown as `str` shows it."""
        return cls([Problem(where, str(got), expected)])


class LaserSamplingWarning(UserWarning):
    """Something that does not stop a computation but should be known, with its remedy."""


class AccuracyWarning(LaserSamplingWarning):
    """The request can be fulfilled, but less accurately than the library promises."""


class SimulationError(LaserSamplingError):
    """A simulation that cannot be trusted: it diverged, or its step is too long."""


class SubstrateError(LaserSamplingError):
    """A device that did not answer, or gave an unusable answer."""
