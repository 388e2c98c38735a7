"""Remarks on a device, with what to do about them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something about the device or the sampling that a user should know.

    Attributes
    ----------
    what : str
        What was found, as a whole sentence.
    remedy : str
        What to do about it, as a whole sentence.
    units : tuple of int
        Units that are affected, the worst first.
    explains : bool
        Whether it only explains why draws are wrong, and does not matter if they are right.
    """

    what: str
    remedy: str
    units: tuple[int, ...] = ()
    explains: bool = False
