"""Bayesian networks of binary variables: exact answers, and equivalent Boltzmann machines.

A network is a TOML file with one table per variable::

    [variables.alarm]
    parents = ["burglary", "earthquake"]
    probability = { "00" = 0.05, "10" = 0.9, "01" = 0.6, "11" = 0.95 }

`probability` is P(variable = 1) for each joint state of the parents, in their order; one number for
a variable without parents. A `description` may stand at the head.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.boltzmann.clamping import FREE, clamped_vector
from lasersampling.boltzmann.higher_order import log_polynomial, machine_from_terms
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.parameters import float_array
from lasersampling.boltzmann.states import MAX_ENUMERATED_UNITS, all_states, state_index
from lasersampling.boltzmann.targets import Target, target_from_table
from lasersampling.checks import integer_problems
from lasersampling.config import read_toml
from lasersampling.errors import InputError, Problem
from lasersampling.paths import named

MAX_PARENTS = 7


@dataclass(frozen=True, eq=False)
class BayesianNetwork:
    """Binary variables, each with a table of its probability given its parents.

    p(z) = prod_k P(z_k | z_parents(k)).

    Attributes
    ----------
    names : tuple of str
        Names of the variables, at most 20; variable k is unit k of `target` and `machine`.
    parents : tuple of tuple of int
        Parents of each variable; no variable is its own ancestor.
    tables : tuple of ndarray of float64, each of shape (2**n_parents,)
        P(z_k = 1 | parents), at `sum_j parent_j 2**j` with the parents in their order.
    source : str
        File from which it was read, for messages; may be empty.

    Raises
    ------
    InputError
        With all problems: a number of names other than 1 to 20, parents that do not exist or form
        a cycle, tables of another size, and entries that are no probabilities.

    References
    ----------
    J. Pearl, Probabilistic Reasoning in Intelligent Systems (1988), section 3.3.

    Examples
    --------
    >>> network = BayesianNetwork(("rain", "wet"), ((), (0,)), ([0.3], [0.1, 0.9]))
    >>> network.target().probabilities.round(2)
    array([0.63, 0.03, 0.07, 0.27])
    """

    names: tuple[str, ...]
    parents: tuple[tuple[int, ...], ...]
    tables: tuple[NDArray[np.float64], ...]
    source: str = ""

    def __post_init__(self) -> None:
        names, parents, tables = _checked_parts(self.names, self.parents, self.tables)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "parents", parents)
        object.__setattr__(self, "tables", tables)

    @property
    def n_variables(self) -> int:
        """Number of variables."""
        return len(self.names)

    def joint(self) -> NDArray[np.float64]:
        """Probabilities of all joint states, shape (2**n_variables,)."""
        states = all_states(self.n_variables)
        joint = np.ones(len(states))
        for variable in range(self.n_variables):
            active = self.tables[variable][self._parent_state(states, variable)]
            joint *= np.where(states[:, variable] == 1, active, 1 - active)
        return joint

    def target(self) -> Target:
        """Return the joint distribution as a target, with the names of the variables."""
        return Target(target_from_table(self.joint()).probabilities, self.n_variables, self.names)

    def posterior(
        self, clamped: ArrayLike | None = None, log_odds: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Probabilities of all joint states given evidence, by enumeration of the tables.

        Parameters
        ----------
        clamped : array_like of int, shape (variable,), optional
            -1 for a free variable, 0 or 1 for an observed one.
        log_odds : array_like, shape (variable,), optional
            Soft evidence: log of the likelihood ratio P(e | z_k = 1) / P(e | z_k = 0).

        Returns
        -------
        ndarray of float64, shape (2**n_variables,)

        Raises
        ------
        InputError
            If the evidence is impossible.
        """
        held = clamped_vector(clamped, self.n_variables)
        states = all_states(self.n_variables)
        weight = self.joint()
        if log_odds is not None:
            shift = as_floats(log_odds, "log_odds")
            if shift.shape != (self.n_variables,) or not np.isfinite(shift).all():
                expected = f"{self.n_variables} finite numbers"
                raise InputError.single("log_odds", f"{shift}", expected)
            exponent = states @ shift
            weight = weight * np.exp(exponent - exponent.max())
        weight[((states != held) & (held != FREE)).any(axis=1)] = 0.0
        if not weight.sum() > 0:
            raise InputError.single("evidence", "probability 0", "possible evidence")
        return np.asarray(weight / weight.sum())

    def machine(self, *, max_auxiliary_weight: float = 3.0) -> BoltzmannMachine:
        """Make a Boltzmann machine whose visible units have exactly the network's distribution.

        Factors of three and more variables get auxiliary units; see `higher_order`.

        Parameters
        ----------
        max_auxiliary_weight : float
            Largest coupling of an auxiliary unit; a smaller limit costs more units [1].

        Raises
        ------
        InputError
            If a table holds 0 or 1, which no finite weights can represent.
        """
        problems = [
            Problem(
                self._place(variable, int(at)),
                f"{table[at]:g}",
                "a number above 0 and below 1, since no finite weights forbid a state; "
                f"such as {0.001 if table[at] <= 0 else 0.999}",
            )
            for variable, table in enumerate(self.tables)
            for at in np.flatnonzero((table <= 0) | (table >= 1))
        ]
        if problems:
            raise InputError(problems)
        terms: dict[tuple[int, ...], float] = {}
        for variable, (parents, table) in enumerate(zip(self.parents, self.tables, strict=True)):
            # The factor's table over (parents, variable): the variable is the highest bit.
            members = (*parents, variable)
            factor = log_polynomial(np.log(np.concatenate([1 - table, table])))
            for state, value in zip(all_states(len(members)), factor, strict=True):
                units = tuple(sorted(members[k] for k in np.flatnonzero(state)))
                if units:
                    terms[units] = terms.get(units, 0.0) + float(value)
        return machine_from_terms(
            terms, self.n_variables, max_auxiliary_weight=max_auxiliary_weight
        )

    def _place(self, variable: int, row: int) -> str:
        """Where an entry of a table stands: file, variable, states of the parents."""
        parents = self.parents[variable]
        states = "".join(str(row >> k & 1) for k in range(len(parents)))
        place = f"variables.{self.names[variable]}.probability"
        place += f".{states}" if states else ""
        given = ", ".join(f"{self.names[p]} = {s}" for p, s in zip(parents, states, strict=True))
        place += f" ({given})" if given else ""
        return f"{self.source}: {place}" if self.source else place

    def _parent_state(self, states: NDArray[np.int8], variable: int) -> NDArray[np.int64]:
        return state_index(states[:, list(self.parents[variable])])


def load_bayesian_network(path: str | os.PathLike[str]) -> BayesianNetwork:
    """Read a Bayesian network from a TOML file.

    Parameters
    ----------
    path : path-like
        The file; its form is described at the head of this module.

    Raises
    ------
    InputError
        With all problems, each with file and key: missing and unknown keys, parents that do not
        exist or form a cycle, states that are missing or too many, numbers that are no
        probabilities, more than 20 variables or 7 parents.

    Examples
    --------
    >>> from lasersampling.config import shipped_path
    >>> load_bayesian_network(shipped_path("bayesian_networks", "explaining_away")).n_variables
    5
    """
    name = named(path)
    return network_from_mapping(read_toml(name), name)


def network_from_mapping(values: Mapping[str, Any], where: str) -> BayesianNetwork:
    """Make a network from the content of its file; `where` is put in front of each problem."""
    problems = [
        Problem(f"{where}: {key}", "an unknown key", "variables or description")
        for key in values
        if key not in ("variables", "description")
    ]
    variables = values.get("variables")
    if not isinstance(variables, Mapping) or not 1 <= len(variables) <= MAX_ENUMERATED_UNITS:
        got = f"{len(variables)} of them" if isinstance(variables, Mapping) else repr(variables)
        expected = f"1 to {MAX_ENUMERATED_UNITS} tables [variables.name]"
        raise InputError([*problems, Problem(f"{where}: variables", got, expected)])
    names = tuple(variables)
    parents, tables = [], []
    for name, given in variables.items():
        place = f"{where}: variables.{name}"
        if not re.fullmatch(r"[A-Za-z_][\w-]*", name):
            expected = "a name of letters, digits, _ and -, that begins with a letter"
            problems.append(Problem(place, repr(name), expected))
        if not isinstance(given, Mapping):
            problems.append(Problem(place, repr(given), "a table with the key probability"))
            continue
        problems += [
            Problem(f"{place}.{key}", "an unknown key", "probability or parents")
            for key in given
            if key not in ("probability", "parents")
        ]
        of_variable, found = _parents(given.get("parents", []), name, names, f"{place}.parents")
        problems += found
        if not found:
            table, found = _table(given.get("probability"), len(of_variable), place)
            problems += found
            parents.append(of_variable)
            tables.append(table)
    if problems:
        raise InputError(problems)
    _refuse_cycles(names, parents, f"{where}: variables")
    return BayesianNetwork(names, tuple(parents), tuple(tables), where)


def _parents(
    given: object, name: str, names: tuple[str, ...], where: str
) -> tuple[tuple[int, ...], list[Problem]]:
    if not isinstance(given, list) or len(given) > MAX_PARENTS:
        return (), [Problem(where, repr(given), f"a list of at most {MAX_PARENTS} names")]
    others = [other for other in names if other != name]
    problems = [
        Problem(where, repr(parent), f"one of {', '.join(others) or 'no others'}")
        for parent in given
        if parent not in others
    ]
    if not problems and len(set(given)) < len(given):
        problems = [Problem(where, repr(given), "each parent once")]
    return () if problems else tuple(names.index(parent) for parent in given), problems


def _table(given: object, n_parents: int, where: str) -> tuple[NDArray[np.float64], list[Problem]]:
    where = f"{where}.probability"
    table = np.zeros(2**n_parents)
    if n_parents == 0:
        entries: Mapping[str, object] = {"": given}
    elif isinstance(given, Mapping):
        entries = given
    else:
        got = "nothing" if given is None else repr(given)
        return table, [Problem(where, got, f"a table of the {2**n_parents} states of its parents")]
    states = {"".join(map(str, state)): k for k, state in enumerate(all_states(n_parents))}
    problems = [
        Problem(f"{where}.{state}", "an unknown state", f"{n_parents} digits 0 or 1")
        for state in entries
        if state not in states
    ]
    for state, place in states.items():
        key, value = f"{where}.{state}" if state else where, entries.get(state)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and 0 <= value <= 1:  # type: ignore[operator]
            table[place] = value
        else:
            got = "nothing" if value is None else repr(value)
            problems.append(Problem(key, got, "a probability, 0 to 1"))
    return table, problems


def _checked_parts(
    names: object, parents: object, tables: object
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...], tuple[NDArray[np.float64], ...]]:
    """Check the parts of a network; return them as tuples."""
    parts = {"names": names, "parents": parents, "tables": tables}
    problems = [
        Problem(
            where, repr(given), f"a tuple of 1 to {MAX_ENUMERATED_UNITS}, one for each variable"
        )
        for where, given in parts.items()
        if not isinstance(given, tuple | list) or not 1 <= len(given) <= MAX_ENUMERATED_UNITS
    ]
    if problems:
        raise InputError(problems)
    assert isinstance(names, tuple | list)
    assert isinstance(parents, tuple | list)
    assert isinstance(tables, tuple | list)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise InputError.single("names", repr(names), "texts, each once")
    n = len(names)
    problems = [
        Problem(where, f"{len(given)} entries", f"{n}, one for each name")
        for where, given in (("parents", parents), ("tables", tables))
        if len(given) != n
    ]
    if problems:
        raise InputError(problems)
    arrays = []
    for k, (own, table) in enumerate(zip(parents, tables, strict=True)):
        if (
            not isinstance(own, tuple | list)
            or len(own) > MAX_PARENTS
            or any(integer_problems("", parent, 0, n - 1) for parent in own)
            or k in own
            or len(set(own)) < len(own)
        ):
            expected = f"at most {MAX_PARENTS} other variables, each once, from 0 to {n - 1}"
            problems.append(Problem(f"parents[{k}]", repr(own), expected))
            continue
        array, found = float_array(table, 1, f"tables[{k}]")
        problems += found
        if array is None or found:
            continue
        if array.size != 2 ** len(own) or not ((array >= 0) & (array <= 1)).all():
            expected = f"{2 ** len(own)} probabilities, 0 to 1, one for each state of the parents"
            problems.append(Problem(f"tables[{k}]", f"{array}", expected))
        arrays.append(array)
    if problems:
        raise InputError(problems)
    related = [tuple(int(parent) for parent in own) for own in parents]
    _refuse_cycles(tuple(names), related, "parents")
    return tuple(names), tuple(related), tuple(arrays)


def _refuse_cycles(names: tuple[str, ...], parents: list[tuple[int, ...]], where: str) -> None:
    known: set[int] = set()
    left = set(range(len(names)))
    while left:
        ready = {variable for variable in left if known.issuperset(parents[variable])}
        if not ready:
            cycle = ", ".join(names[variable] for variable in sorted(left))
            got = f"a cycle among {cycle}"
            raise InputError.single(where, got, "parents that form no cycle")
        known |= ready
        left -= ready
