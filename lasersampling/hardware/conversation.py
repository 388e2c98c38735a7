"""The content of messages: substrates, requests and errors as messages, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from lasersampling.errors import InputError, Problem, SubstrateError
from lasersampling.hardware.messages import Message, MessageKind
from lasersampling.hardware.ragged import fact_problems
from lasersampling.hardware.substrate import Arrays, Description

PARAMETERS, INPUTS = "parameters.", "inputs."
"""Prefixes of the names of arrays in a run."""

NO_REQUEST = 0
"""Request number in an error that answers an unreadable message."""

_LONGEST_TEXT = 2000
_MOST_PROBLEMS = 50
_LARGEST_COUNT = 2**20
_LARGEST_FACT = 1e300


def description_message(request: int, description: Description) -> Message:
    """Describe a substrate in a message."""
    about = {
        "kind": description.kind,
        "name": description.name,
        "sizes": [int(size) for size in description.sizes],
        "n_members": int(description.n_members),
        "facts": dict(description.facts),
    }
    return Message(MessageKind.DESCRIPTION, request, about)


def description_of(message: Message) -> Description:
    """Read the description of a substrate.

    Raises
    ------
    SubstrateError
        If it is no description.
    """
    about = message.about
    problems = [
        f"{key}: got {about.get(key)!r:.80}, expected {expected}"
        for key, is_right, expected in (
            ("kind", lambda v: v in ("lif", "lasers"), "'lif' or 'lasers'"),
            ("name", lambda v: isinstance(v, str), "a text"),
            ("sizes", _are_counts, f"a list of whole numbers from 1 to {_LARGEST_COUNT}"),
            ("n_members", lambda v: _are_counts([v]), f"a whole number from 1 to {_LARGEST_COUNT}"),
            ("facts", _are_facts, "texts, finite numbers and flags by name"),
        )
        if not is_right(about.get(key))
    ]
    if not problems and about["kind"] == "lif":
        problems = list(map(str, fact_problems(tuple(about["sizes"]), about["facts"])))
    if problems:
        raise SubstrateError("the device describes itself wrongly: " + "; ".join(problems))
    return Description(
        kind=about["kind"],
        name=about["name"],
        sizes=tuple(about["sizes"]),
        n_members=about["n_members"],
        facts=about["facts"],
    )


def run_message(request: int, parameters: Arrays, inputs: Arrays) -> Message:
    """Make the message that asks for a run."""
    arrays: dict[str, NDArray[Any]] = {}
    for prefix, group in ((PARAMETERS, parameters), (INPUTS, inputs)):
        arrays |= {f"{prefix}{name}": values for name, values in group.items()}
    return Message(MessageKind.RUN, request, arrays=arrays)


def run_of(message: Message) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Read parameters and inputs of a run.

    Raises
    ------
    SubstrateError
        If an array is neither a parameter nor an input.
    """
    groups: dict[str, dict[str, NDArray[Any]]] = {PARAMETERS: {}, INPUTS: {}}
    for name, values in message.arrays.items():
        prefix, dot, rest = name.partition(".")
        if prefix + dot not in groups:
            expected = f"{PARAMETERS}NAME or {INPUTS}NAME expected"
            raise SubstrateError(f"a run has the array {name!r}, {expected}")
        groups[prefix + dot][rest] = values
    return groups[PARAMETERS], groups[INPUTS]


def error_message(request: int, error: Exception) -> Message:
    """Make the message that reports an error."""
    about: dict[str, Any]
    if isinstance(error, InputError):
        problems = [
            {key: getattr(problem, key)[:_LONGEST_TEXT] for key in ("where", "got", "expected")}
            for problem in error.problems[:_MOST_PROBLEMS]
        ]
        about = {"error": "input", "problems": problems}
    else:
        kind = "" if isinstance(error, SubstrateError) else f"{type(error).__name__}: "
        about = {"error": "device", "message": f"{kind}{error}"[:_LONGEST_TEXT]}
    return Message(MessageKind.ERROR, request, about)


def error_of(message: Message) -> InputError | SubstrateError:
    """Make the exception that a message reports."""
    about = message.about
    problems = about.get("problems")
    if about.get("error") == "input" and isinstance(problems, list) and problems:
        return InputError(map(_problem, problems))
    return SubstrateError(
        f"the device reports: {about.get('message', 'an error')!s:.{_LONGEST_TEXT}}"
    )


def _problem(told: Any) -> Problem:
    told = told if isinstance(told, Mapping) else {}
    where, got, expected = (str(told.get(key, "?")) for key in ("where", "got", "expected"))
    return Problem(where, got, expected)


def _are_counts(value: Any) -> bool:
    is_list = isinstance(value, list) and len(value) > 0
    return is_list and all(type(n) is int and 1 <= n <= _LARGEST_COUNT for n in value)


def _are_facts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_fact, value.values()))


def _is_fact(fact: Any) -> bool:
    # JSON reads 1e999 as infinity, and whole numbers of any length.
    is_number = isinstance(fact, float | int)
    return isinstance(fact, str) or (is_number and abs(fact) <= _LARGEST_FACT)
