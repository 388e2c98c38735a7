"""Checks of the arguments of a certificate, before anything is judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.targets import Target
from lasersampling.errors import InputError, Problem
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics.chains import MIN_DRAWS


def check_arguments(
    samples: Samples,
    n_named: int,
    sampler: object,
    names: Sequence[str],
    held: NDArray[np.int8] | None = None,
) -> None:
    """Refuse arguments from which no certificate can be made.

    Parameters
    ----------
    samples : Samples
        At least four draws per chain.
    n_named : int
        Number of units that have names.
    sampler : Sampler or None
        The sampler of the draws.
    names : sequence of str
        Empty, or one name for each unit.
    held : ndarray of int8, shape (chain, unit), optional
        -1 for a free unit, 0 or 1 for a clamped one, whose draws must all have this value.

    Raises
    ------
    InputError
        With all problems.
    """
    problems = []
    if samples.n_draws < MIN_DRAWS:
        got, expected = f"{samples.n_draws} draws per chain", f"at least {MIN_DRAWS}"
        problems.append(Problem("samples", got, expected))
    if sampler is not None and (
        isinstance(sampler, type) or not callable(getattr(sampler, "sample", None))
    ):
        got = sampler.__name__ if isinstance(sampler, type) else type(sampler).__name__
        problems.append(Problem("sampler", got, "an object that samples, such as Lasers('D6')"))
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        problems.append(Problem("names", repr(names), "a sequence of texts, one for each unit"))
    elif len(names) not in (0, n_named):
        problems.append(Problem("names", f"{len(names)} names", f"{n_named}, one for each unit"))
    if held is not None:
        off = (held != FREE)[:, None] & (samples.states != held[:, None])
        if off.any():
            chain, _, unit = (int(place[0]) for place in np.nonzero(off))
            got = f"draws of chain {chain} in which unit {unit} is not {held[chain, unit]}"
            problems.append(Problem("clamped", got, "how units were held while sampling"))
    if problems:
        raise InputError(problems)


def check_target(target: object) -> None:
    """Refuse anything but a target, such as a plain table.

    Raises
    ------
    InputError
        With the type of what was given.
    """
    if not isinstance(target, Target):
        expected = "a Target (target_from_table makes one)"
        raise InputError.single("target", type(target).__name__, expected)
