"""Errors of pydantic in the words of `InputError`."""

from __future__ import annotations

import dataclasses
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lasersampling.errors import InputError, Problem

Keys = tuple[str | int, ...]

UNKNOWN_KEY = "an unknown key"
"""What is got where no key has this name."""

_EXPECTED = {
    "bool_type": "true or false",
    "dataclass_type": "a table",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "int_type": "a whole number",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "{expected}",
    "missing": "a value (required)",
    "model_attributes_type": "a table",
    "none_required": "nothing",
    "path_type": "a path",
    "string_type": "a string",
    "too_long": "at most {max_length} values",
    "too_short": "at least {min_length} values",
    "tuple_type": "a list",
    "union_tag_invalid": "{expected_tags}",
    "union_tag_not_found": "a value (required)",
    "value_error": "{error}",
}

_IN_PYTHON = {
    "bool_type": "True or False",
    "dataclass_type": "{class_name}(...) or a mapping of its fields",
    "none_required": "None",
}
"""Expectations in the words of Python, where those above are of TOML."""

_short = reprlib.Repr()
_short.maxlevel = 2
_short.maxstring = _short.maxother = _short.maxlong = 60


def input_error(error: ValidationError, cls: type, given: object, where: str | None) -> InputError:
    """Translate a failed validation of `given` as a `cls`.

    Parameters
    ----------
    error : pydantic.ValidationError
        What pydantic raised.
    cls : type
        The validated class that was to be made.
    given : object
        What the object was to be made from: a mapping, or anything else that was refused.
    where : str or None
        File or other name put in front of each key; may be empty. None for a call of the
        constructor, for which messages are in the words of Python.

    Returns
    -------
    InputError
        One problem per key; the alternatives of a union stand in one problem.
    """
    expected: dict[tuple[str, str], list[str]] = {}
    for details in error.errors(include_url=False):
        for problem in _problems(details, cls, given, in_python=where is None):
            place = ": ".join(part for part in (where, problem.where) if part) or cls.__name__
            expected.setdefault((place, problem.got), []).append(problem.expected)
    return InputError(
        Problem(place, got, " or ".join(dict.fromkeys(alternatives)))
        for (place, got), alternatives in expected.items()
    )


def _problems(
    details: ErrorDetails, cls: type, given: object, *, in_python: bool
) -> Iterator[Problem]:
    kind = details["type"]
    context = details.get("ctx", {})
    keys = _keys(details, cls, given)
    got = _short.repr(details["input"])
    words = _EXPECTED | _IN_PYTHON if in_python else _EXPECTED
    expected = words.get(kind, details["msg"]).format(**context)
    raised = context.get("error")
    if isinstance(raised, InputError):  # from a __post_init__
        for problem in raised.problems:
            place = _dotted((*keys, problem.where), quote=False)
            yield problem.at(place)
        return
    if kind == "unexpected_keyword_argument":
        got, expected = UNKNOWN_KEY, "one of: " + ", ".join(_known_keys(cls, keys[:-1]))
    elif kind in ("missing", "union_tag_not_found"):
        got = "nothing"
    elif kind == "union_tag_invalid":
        got = repr(context["tag"])
    if kind.startswith("union_tag"):
        keys = (*keys, context["discriminator"].strip("'"))
    yield Problem(_dotted(keys), got, expected)


def _keys(details: ErrorDetails, cls: type, given: object) -> Keys:
    """Return the keys that lead to the place of an error in `given`.

    pydantic counts positional arguments, and names the member of a union among the keys.
    """
    location = list(details["loc"])
    names = [field.name for field in dataclasses.fields(cls) if field.init]
    if location and isinstance(location[0], int) and isinstance(given, Mapping):
        position = location[0]
        location[0] = names[position] if position < len(names) else f"argument {position + 1}"
    keys: list[str | int] = []
    current = given
    for depth, key in enumerate(location):
        is_last = depth == len(location) - 1
        if _holds(current, key):
            current = current[key]  # type: ignore[index]
        elif not (is_last and details["type"] in ("missing", "unexpected_positional_argument")):
            continue
        keys.append(key)
    return tuple(keys)


def _holds(container: object, key: str | int) -> bool:
    if isinstance(container, Mapping):
        return key in container
    return isinstance(container, Sequence) and isinstance(key, int) and key < len(container)


def _known_keys(cls: type, keys: Keys) -> list[str]:
    """List the keys of the class, or of the classes of a union, at `keys` within `cls`."""
    classes = [cls]
    for key in keys:
        if isinstance(key, str):
            classes = [
                inner
                for outer in classes
                for field in dataclasses.fields(outer)
                if field.name == key
                for inner in _classes_within(field.type)
            ]
    names = (field.name for found in classes for field in dataclasses.fields(found) if field.init)
    return list(dict.fromkeys(names))


def _classes_within(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    for argument in get_args(hint):
        yield from _classes_within(argument)


def _dotted(keys: Keys, *, quote: bool = True) -> str:
    """Write keys as TOML does: ``pulse.kick``, ``delays[2]``, ``"odd key"``."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
            continue
        bare = not quote or re.fullmatch(r"[A-Za-z0-9_-]+|argument \d+", key)
        text += ("." if text else "") + (key if bare else f'"{key}"')
    return text
