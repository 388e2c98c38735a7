"""Remarks on a device, with what to do about them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something about the device or the sampling that a user should know.

    Attributes
    ----------
    what : str
        What was found, a whole sentence.
    remedy : str
        What to do about it, another one.
    units : tuple of int
        Units that it concerns, the worst first.
    explains : bool
        Whether it only explains why draws are wrong, and is no matter where they are right.
    """

    what: str
    remedy: str
    units: tuple[int, ...] = ()
    explains: bool = False
