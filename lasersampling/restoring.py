"""Going on from a state that may be damaged, or of something else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lasersampling.errors import InputError

STATE = "state"
"""Argument of all methods `set_state`."""

RETURNED = "what `state` returned"


@contextmanager
def restoring(where: str, expected: str) -> Iterator[None]:
    """Report what is wrong with a state, where missing or malformed parts are met in this block.

    It can decorate a function as well. What such blocks within this one report of a ``state`` is
    reported of the outermost one.

    Parameters
    ----------
    where : str
        Name of the state, for the message.
    expected : str
        What was expected.

    Raises
    ------
    InputError
        In place of what Python, NumPy and torch raise for such parts.

    Examples
    --------
    >>> with restoring("state", "what `state` returned"):
    ...     {}["run"]
    Traceback (most recent call last):
        ...
    lasersampling.errors.InputError: state: got one without 'run', expected what `state` returned
    """
    try:
        yield
    except InputError as error:
        raise InputError(
            p.at(where if p.where == STATE else p.where) for p in error.problems
        ) from None
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        got = f"a damaged one ({reason:.200})"
        if isinstance(error, KeyError):
            got = f"one without {reason:.200}"
        raise InputError.single(where, got, expected) from None
