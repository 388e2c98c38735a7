"""Checks of the arguments of a certificate, before anything is judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.targets import Target
from lasersampling.checks import kind_problems, refuse
from lasersampling.errors import Problem
from lasersampling.sampling.arguments import names_problems, sampler_problems
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics.chains import MIN_DRAWS

_SAMPLES = "Samples, such as Gibbs().sample(...) gives"
_TARGET = "a Target (target_from_table makes one)"
_NO_TARGET = object()


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
    if sampler is not None:
        problems += sampler_problems(sampler)
    problems += names_problems("names", names, n_named)
    if held is not None:
        off = (held != FREE)[:, None] & (samples.states != held[:, None])
        if off.any():
            chain, _, unit = (int(place[0]) for place in np.nonzero(off))
            got = f"draws of chain {chain} in which unit {unit} is not {held[chain, unit]}"
            problems.append(Problem("clamped", got, "how units were held while sampling"))
    refuse(problems)


def check_samples(samples: object, target: object = _NO_TARGET) -> None:
    """Refuse anything but samples, such as an array, and but a target where one is needed.

    Raises
    ------
    InputError
        With the types of what was given.
    """
    problems = kind_problems("samples", samples, Samples, _SAMPLES)
    if target is not _NO_TARGET:
        problems += kind_problems("target", target, Target, _TARGET)
    refuse(problems)
