"""Evidence as it is given on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lasersampling.errors import InputError, Problem

if TYPE_CHECKING:
    from lasersampling.sampling.evidence import Evidence


def evidence_of(clamp: str, soft: str, file: str, names: Sequence[str]) -> Evidence:
    """Make evidence of ``--clamp`` and ``--soft``, or of the file of ``--evidence``.

    Parameters
    ----------
    clamp, soft : str
        Pairs ``unit=value`` separated by commas; a unit is its name or its number.
    file : str
        CSV file; see `sampling.evidence.read_evidence`. It is used if it is not empty.
    names : sequence of str
        Of all units.

    Raises
    ------
    InputError
        With all problems: malformed pairs, units named twice or that do not exist, values other
        than 0 and 1, soft evidence that is not between them, no unit left free.
    """
    from lasersampling.sampling.evidence import Evidence, read_evidence

    if file:
        return read_evidence(file, names)
    problems: list[Problem] = []
    hard = _pairs(clamp, "--clamp", names, problems)
    unsure = _pairs(soft, "--soft", names, problems)
    problems += [
        Problem("--clamp", f"{names[unit]}={value:g}", "the value 0 or 1")
        for unit, value in hard.items()
        if value not in (0, 1)
    ]
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
    if not problems and len(hard) == len(names):
        problems.append(Problem("--clamp", "all units", "at least one unit left free"))
    if problems:
        raise InputError(problems)
    return Evidence.single(len(names), {unit: int(hard[unit]) for unit in hard}, unsure)


def _pairs(
    text: str, option: str, names: Sequence[str], problems: list[Problem]
) -> dict[int, float]:
    """Read pairs; what is wrong with them is added to `problems`."""
    found: dict[int, float] = {}
    for pair in text.split(",") if text.strip() else ():
        name, _, value = (part.strip() for part in pair.partition("="))
        try:
            number = float(value)
        except ValueError:
            problems.append(Problem(option, repr(pair), "unit=value, with a number"))
            continue
        if name in names:
            unit = list(names).index(name)
        elif name.isdecimal() and int(name) < len(names):
            unit = int(name)
        else:
            problems.append(Problem(option, f"unit {name!r}", "one of " + ", ".join(names)))
            continue
        if unit in found:
            problems.append(Problem(option, f"unit {name!r} twice", "each unit once"))
        found[unit] = number
    return found
