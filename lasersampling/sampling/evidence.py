"""Evidence: observed values of some units, certain or not.

*Hard* evidence holds a unit at 0 or 1. *Soft* evidence is an observation e that favours one of the
values without deciding it. Only its likelihood ratio matters: with q = P(e | z = 1) / (P(e | z = 1)
+ P(e | z = 0)), the log odds of the unit increase by log(q / (1 - q)), which is added to its bias.
q is the probability of 1 that one would assign to a unit of which nothing else is known: 0.5 means
nothing, 0.8 means odds of four to one for 1.

References
----------
J. Pearl, Probabilistic Reasoning in Intelligent Systems (1988), section 2.2.2 ("virtual evidence").
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.arrays import as_array, as_floats
from lasersampling.boltzmann.clamping import FREE, NO_MAPPING, is_bit
from lasersampling.boltzmann.csv_tables import binary_cell, csv_rows, number_cell
from lasersampling.boltzmann.parameters import MAX_LISTED
from lasersampling.checks import (
    integer_problems,
    kind_problems,
    memory_problems,
    number_problems,
    refuse,
)
from lasersampling.datasets.labels import number_of_name
from lasersampling.errors import InputError, Problem
from lasersampling.paths import expanded


@dataclass(frozen=True, eq=False)
class Evidence:
    """Observations, in one or many cases.

    Attributes
    ----------
    clamped : ndarray of int8, shape (case, unit)
        -1 for a unit that is not observed, 0 or 1 for an observed one.
    log_odds : ndarray of float64, shape (case, unit)
        log(q / (1 - q)) of soft evidence; 0 if there is none [1].

    Raises
    ------
    InputError
        For arrays of other shapes or values, soft evidence on a clamped unit, no case, and cases
        that leave no unit free.

    Examples
    --------
    >>> clamped = np.array([[1, -1, -1], [0, -1, -1]])
    >>> evidence = Evidence(clamped, log_odds=np.zeros((2, 3)))
    >>> evidence.n_cases, evidence.n_units
    (2, 3)
    """

    clamped: NDArray[np.int8]
    log_odds: NDArray[np.float64]

    def __post_init__(self) -> None:
        clamped = as_array(self.clamped, "clamped")
        log_odds = as_floats(self.log_odds, "log_odds")
        if clamped.ndim != 2 or clamped.size == 0 or clamped.shape != log_odds.shape:
            got = f"shapes {clamped.shape} and {log_odds.shape}"
            raise InputError.single("evidence", got, "shape (case, unit) twice, not empty")
        problems = []
        if not np.isin(clamped, (FREE, 0, 1)).all():
            problems.append(Problem("clamped", "other values", "-1 (free), 0 or 1"))
        if not np.isfinite(log_odds).all():
            problems.append(Problem("log_odds", "infinite or nan", "finite numbers"))
        both = np.argwhere((clamped != FREE) & (log_odds != 0))
        for case, unit in both[:MAX_LISTED]:
            got = "hard and soft evidence"
            problems.append(Problem(f"case {case}, unit {unit}", got, "one of the two"))
        for case in np.flatnonzero((clamped != FREE).all(axis=1))[:MAX_LISTED]:
            problems.append(Problem(f"case {case}", "all units clamped", "at least one free"))
        if problems:
            raise InputError(problems)
        object.__setattr__(self, "clamped", clamped.astype(np.int8))
        object.__setattr__(self, "log_odds", log_odds)

    @classmethod
    def single(
        cls, n_units: int, hard: Mapping[int, int], soft: Mapping[int, float] | None = None
    ) -> Evidence:
        """Make the evidence of one case.

        Parameters
        ----------
        n_units : int
            Number of units.
        hard : mapping of int to int
            Unit to value, 0 or 1.
        soft : mapping of int to float
            Unit to q, above 0 and below 1.

        Raises
        ------
        InputError
            For units that do not exist, other values, and no unit left free; for more units than
            any memory holds.

        Examples
        --------
        >>> Evidence.single(3, {0: 1}, {2: 0.5}).clamped
        array([[ 1, -1, -1]], dtype=int8)
        """
        refuse(
            integer_problems("n_units", n_units, 1),
            kind_problems("hard", hard, Mapping, NO_MAPPING),
            kind_problems("soft", {} if soft is None else soft, Mapping, NO_MAPPING),
        )
        refuse(memory_problems("n_units", (n_units,), 9))
        clamped = np.full((1, n_units), FREE, dtype=np.int8)
        log_odds = np.zeros((1, n_units))
        problems = [
            Problem("evidence", f"unit {unit}", f"units 0 to {n_units - 1}")
            for unit in [*hard, *(soft or {})]
            if integer_problems("", unit, 0) or unit >= n_units
        ]
        problems += [
            Problem(f"hard evidence of unit {unit}", f"{value!r}", "0 or 1")
            for unit, value in hard.items()
            if not is_bit(value)
        ]
        problems += [
            Problem(f"soft evidence of unit {unit}", f"{q!r}", "above 0 and below 1")
            for unit, q in (soft or {}).items()
            if number_problems("", q, 0.0, strict=True) or not q < 1
        ]
        if problems:
            raise InputError(problems)
        for unit, value in hard.items():
            clamped[0, unit] = value
        for unit, q in (soft or {}).items():
            log_odds[0, unit] = log_odds_of(q)
        return cls(clamped, log_odds)

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return len(self.clamped)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.clamped.shape[1])


def log_odds_of(q: float) -> float:
    """log(q / (1 - q)) [1]."""
    return math.log(q) - math.log1p(-q)


def read_evidence(path: str | os.PathLike[str], names: Sequence[str]) -> Evidence:
    r"""Read the evidence of many cases from a CSV file, one case per row.

    The header names the units of the columns; units without a column are free. An empty cell leaves
    the unit free, 0 and 1 (also 0.0 and 1.0) hold it, and a number between them is soft evidence q.
    A blank line is a case without evidence; the other rules are those of
    `lasersampling.boltzmann.csv_tables`.

    Parameters
    ----------
    path : path-like
        The file.
    names : sequence of str
        Names of all units, in their order; numbers ("0", "1", ...) if they have no others. Columns
        may have numbers instead of names where this is unambiguous.

    Raises
    ------
    InputError
        With file and line: unknown or repeated names, cells with other content, cases that leave no
        unit free, no case.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("cases.csv").write_text("rain,wet\n1,\n,0.8\n")
    >>> read_evidence("cases.csv", ["rain", "wet"]).clamped
    array([[ 1, -1],
           [-1, -1]], dtype=int8)
    """
    rows = csv_rows(expanded(path))
    header_line, header = next(rows)
    place = f"{path}, line {header_line}"
    problems: list[Problem] = []
    units: list[int] = []
    for name in header:
        try:
            unit = number_of_name(name, names, place)
        except InputError as error:
            problems += error.problems
            continue
        if unit in units:
            problems.append(Problem(place, f"{name!r}, which has a column", "each unit once"))
        units.append(unit)
    if problems:
        raise InputError(problems)
    clamped, log_odds = [], []
    for line, row in rows:
        held, shift = np.full(len(names), FREE, dtype=np.int8), np.zeros(len(names))
        for unit, cell in zip(units, row, strict=False):  # a blank line has no cells
            value, q = binary_cell(cell), number_cell(cell)
            if value is not None:
                held[unit] = int(value)
            elif q is not None and 0 < q < 1:
                shift[unit] = log_odds_of(q)
            elif cell:
                where = f"{path}, line {line}, column {names[unit]!r}"
                expected = "0, 1, a number between, or nothing for a unit that is free"
                problems.append(Problem(where, repr(cell), expected))
        if (held != FREE).all():
            problems.append(
                Problem(f"{path}, line {line}", "all units clamped", "at least one free")
            )
        clamped.append(held)
        log_odds.append(shift)
    if not clamped:
        problems.append(Problem(str(path), "a header alone", "a row for each case"))
    if problems:
        raise InputError(problems[:MAX_LISTED])
    return Evidence(np.stack(clamped), np.stack(log_odds))
