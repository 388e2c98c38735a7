"""Evidence that is given on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lasersampling.datasets.labels import number_of_name
from lasersampling.errors import InputError, Problem
from lasersampling.paths import expanded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lasersampling.sampling.evidence import Evidence


def clamped_units(text: str, names: Sequence[str]) -> NDArray[np.int8]:
    """Read ``--clamp`` as a clamping vector, -1 for free units.

    Parameters
    ----------
    text : str
        Pairs ``unit=value`` separated by commas; a unit is its name or its number.
    names : sequence of str
        Names of all units.

    Raises
    ------
    InputError
        With all problems: malformed pairs, units named twice or that do not exist, values other
        than 0 and 1, no unit left free.
    """
    from lasersampling.boltzmann import clamp

    problems: list[Problem] = []
    hard = _hard(text, names, problems)
    if problems:
        raise InputError(problems)
    return clamp(len(names), hard)


def evidence_of(clamp: str, soft: str, file: str, names: Sequence[str]) -> Evidence:
    """Make evidence from ``--clamp`` and ``--soft``, or from the file of ``--evidence``.

    Parameters
    ----------
    clamp, soft : str
        Pairs ``unit=value`` separated by commas; a unit is its name or its number.
    file : str
        CSV file; see `sampling.evidence.read_evidence`. It is used if it is not empty.
    names : sequence of str
        Names of all units.

    Raises
    ------
    InputError
        With all problems: malformed pairs, units named twice or that do not exist, values other
        than 0 and 1, soft evidence that is not between them, no unit left free.
    """
    from lasersampling.sampling.evidence import Evidence, read_evidence

    if file:
        return read_evidence(expanded(file), names)
    problems: list[Problem] = []
    hard = _hard(clamp, names, problems)
    unsure = _pairs(soft, "--soft", names, problems)
    problems += [
        Problem("--soft", f"{names[unit]}={value:g}", "a number above 0 and below 1")
        for unit, value in unsure.items()
        if not 0 < value < 1
    ]
    problems += [
        Problem("--soft", names[unit], "a unit that is not clamped")
        for unit in unsure
        if unit in hard
    ]
    if problems:
        raise InputError(problems)
    return Evidence.single(len(names), hard, unsure)


def _hard(text: str, names: Sequence[str], problems: list[Problem]) -> dict[int, int]:
    """Read pairs of ``--clamp``; add what is wrong with them to `problems`."""
    found = _pairs(text, "--clamp", names, problems)
    problems += [
        Problem("--clamp", f"{names[unit]}={value:g}", "the value 0 or 1")
        for unit, value in found.items()
        if value not in (0, 1)
    ]
    if not problems and len(found) == len(names):
        problems.append(Problem("--clamp", "all units", "at least one unit left free"))
    # Values other than 0 and 1, which may not even be whole numbers, are a problem already.
    return {unit: int(value == 1) for unit, value in found.items()}


def _pairs(
    text: str, option: str, names: Sequence[str], problems: list[Problem]
) -> dict[int, float]:
    """Read pairs; add what is wrong with them to `problems`."""
    found: dict[int, float] = {}
    numbered = list(names) == [str(unit) for unit in range(len(names))]
    units = f"units 0 to {len(names) - 1}"
    for pair in text.split(",") if text.strip() else ():
        name, sign, value = (part.strip() for part in pair.rpartition("="))
        try:
            number = float(value if sign else "")
        except ValueError:
            problems.append(Problem(option, repr(pair), "unit=value, with a number"))
            continue
        try:
            unit = number_of_name(name, names, option)
        except InputError as error:
            expected = units if numbered else error.problems[0].expected
            problems.append(Problem(option, f"unit {name!r}", expected))
            continue
        if unit in found:
            problems.append(Problem(option, f"unit {name!r} twice", "each unit once"))
            continue
        found[unit] = number
    return found
