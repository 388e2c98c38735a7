"""Target distributions over the joint states of a few binary units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_binary
from lasersampling.boltzmann.enumeration import (
    Moments,
    exact_distribution,
    marginal,
    table_moments,
)
from lasersampling.boltzmann.parameters import float_array
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.boltzmann.states import (
    MAX_ENUMERATED_UNITS,
    check_enumerable,
    chosen_units,
    state_index,
)
from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, Problem

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Target:
    """A distribution that is to be sampled or learned.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (2**n_units,)
        Entry `sum_k z_k 2**k` belongs to the state z; no entry is negative, and their sum is one
        within 1e-6; a read-only copy of the given table.
    n_units : int
        Number of units, at most 20.
    unit_names : tuple of str
        A name for each unit, or empty where they have none.

    Raises
    ------
    InputError
        If the table is no distribution of so many units, or the names are not theirs.

    Examples
    --------
    >>> Target(np.array([0.5, 0.0, 0.0, 0.5]), 2, ("rain", "wet")).n_units
    2
    """

    probabilities: NDArray[np.float64]
    n_units: int
    unit_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = integer_problems("n_units", self.n_units, 1, MAX_ENUMERATED_UNITS)
        table = _checked(self.probabilities)
        if not problems and len(table) != 2**self.n_units:
            expected = f"{2**self.n_units}, one for each joint state of {self.n_units} units"
            problems.append(Problem("probabilities", f"{len(table)} entries", expected))
        names: object = self.unit_names
        if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
            problems.append(Problem("unit_names", repr(names), "a tuple of names"))
        elif len(names) not in (0, self.n_units):
            expected = f"{self.n_units}, one for each unit, or none"
            problems.append(Problem("unit_names", f"{len(names)} names", expected))
        if problems:
            raise InputError(problems)
        table.flags.writeable = False
        object.__setattr__(self, "probabilities", table)

    @property
    def entropy(self) -> float:
        """Entropy -sum p log p in nats."""
        positive = self.probabilities[self.probabilities > 0]
        return float(-(positive * np.log(positive)).sum())

    def moments(self) -> Moments:
        """Means, shape (unit,), and second moments, shape (unit, unit)."""
        return table_moments(self.probabilities)


def target_from_table(probabilities: ArrayLike) -> Target:
    """Make a target from a table of probabilities.

    Parameters
    ----------
    probabilities : array_like, shape (2**n,)
        No entry is negative, and their sum is one within 1e-6; the table is then normalised.

    Raises
    ------
    InputError
        For a length that is no power of two (2 to 2**20), negative or infinite entries, or a sum
        other than one.

    Examples
    --------
    >>> target_from_table([0.4, 0.1, 0.1, 0.4]).n_units
    2
    """
    table = _checked(probabilities)
    return _target(table / table.sum())


def _checked(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return a table of probabilities as an array of its own, not yet normalised."""
    table, problems = float_array(probabilities, 1, "probabilities")
    if problems or table is None:
        raise InputError(problems)
    n_units = len(table).bit_length() - 1
    if len(table) != 2**n_units or not 1 <= n_units <= MAX_ENUMERATED_UNITS:
        expected = f"2**n of them, n from 1 to {MAX_ENUMERATED_UNITS}"
        raise InputError.single("probabilities", f"{len(table)} entries", expected)
    if (table < 0).any():
        first = int(np.flatnonzero(table < 0)[0])
        raise InputError.single(f"probabilities[{first}]", f"{table[first]:g}", "at least 0")
    total = table.sum()
    if abs(total - 1) > _SUM_TOLERANCE:
        raise InputError.single("probabilities", f"a sum of {total:g}", "a sum of 1")
    return table


def target_from_samples(states: ArrayLike, pseudocount: float = 0.0) -> Target:
    """Make a target from the frequencies of joint states.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (..., unit)
        At least one state of 1 to 20 units.
    pseudocount : float
        Added to the count of every joint state, so that states that never occurred get a
        probability too.

    Raises
    ------
    InputError
        For no states, too many units, values other than 0 and 1, a negative pseudocount.

    Examples
    --------
    >>> target_from_samples([[0, 1], [0, 1], [1, 1], [0, 0]]).probabilities
    array([0.25, 0.  , 0.5 , 0.25])
    """
    problems = number_problems("pseudocount", pseudocount, 0, strict=False)
    if problems:
        raise InputError(problems)
    array = as_binary(states, "states")
    if array.ndim < 2 or array.size == 0:
        raise InputError.single("states", f"shape {array.shape}", "shape (..., unit), not empty")
    check_enumerable(array.shape[-1], "states")
    counts = np.bincount(state_index(array).ravel(), minlength=2 ** array.shape[-1])
    return _target((counts + pseudocount) / (counts + pseudocount).sum())


def target_from_machine(machine: AnyMachine, units: slice | Sequence[int] | None = None) -> Target:
    """Make a target from the exact distribution of some units of a machine of at most 20 units.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        The machine; all other units are summed out.
    units : slice or sequence of int, optional
        The visible units by default; they become units 0, 1, ... of the target.

    Raises
    ------
    InputError
        For no unit, a unit that does not exist or is named twice, or a machine that is too large.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> target_from_machine(BoltzmannMachine([[0, 2], [2, 0]], [-1, -1])).probabilities.round(3)
    array([0.366, 0.134, 0.134, 0.366])
    """
    machine = as_machine(machine)
    chosen = chosen_units(machine.visible if units is None else units, machine.n_units)
    return _target(marginal(exact_distribution(machine), chosen))


def _target(probabilities: NDArray[np.float64]) -> Target:
    return Target(probabilities, len(probabilities).bit_length() - 1)
