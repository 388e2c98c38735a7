"""Reading TOML files into validated objects, and writing them."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, TypeVar

import tomli_w
from pydantic.dataclasses import is_pydantic_dataclass

from lasersampling.atomic import atomic_path
from lasersampling.checks import shown
from lasersampling.config.validation import construct
from lasersampling.errors import InputError
from lasersampling.paths import as_text, kind_of_content, known_suffix, named, no_such_file

T = TypeVar("T")

_SUFFIXES = (".toml",)
MAX_BYTES = 2**23
MAX_VALUES = 300_000
"""Largest size of a TOML file, 8 MiB, and most numbers in it: enough for a machine of 500 units.
A number takes about ten microseconds; larger arrays belong in NumPy or HDF5 files."""


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path : str or Path
        The file, in UTF-8.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    InputError
        If the file is missing, larger than 8 MiB or 300,000 values, not text, or not TOML; the
        message has the line if it is known.
    """
    file = Path(named(path))
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError.single(str(path), no_such_file(path), "a readable TOML file") from None
    except OSError as error:
        raise InputError.single(str(path), error.strerror, "a readable TOML file") from None
    _check_size(content, str(path))
    try:
        # Some editors put a byte-order mark in front of UTF-8.
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        kind = kind_of_content(content)
        if kind is not None:
            raise InputError.single(str(path), kind, "a TOML file, which is text") from None
        line = content.count(b"\n", 0, error.start) + 1
        got = f"the byte 0x{content[error.start]:02x}"
        raise InputError.single(f"{path}, line {line}", got, "text in UTF-8") from None
    return toml_of(text, str(path))


def toml_of(text: str, where: str) -> dict[str, Any]:
    """Read TOML that is part of something else, such as the configuration in a results file.

    Parameters
    ----------
    text : str
        The text.
    where : str
        Where the text comes from; the problem begins with it.

    Raises
    ------
    InputError
        If it is not TOML; the message has the line if it is known.
    """
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError:
        raise InputError.single(where, "too deeply nested values", "TOML") from None
    except ValueError as error:  # also numbers of more digits than Python converts
        message, line_text = _message_and_line(str(error))
        raise InputError.single(f"{where}{line_text}", message, "TOML") from None


def _check_size(content: bytes, where: str) -> None:
    """Refuse a file that would take long to parse."""
    n_values = max(content.count(b","), content.count(b"="))
    if len(content) > MAX_BYTES or n_values > MAX_VALUES:
        is_long = len(content) > MAX_BYTES
        got = f"more than {MAX_BYTES:,} bytes" if is_long else f"{n_values:,} values"
        expected = (
            f"at most {MAX_BYTES:,} bytes and {MAX_VALUES:,} values in a TOML file; "
            "larger arrays belong in HDF5 or NumPy files"
        )
        raise InputError.single(where, got, expected)


def load(path: str | Path, cls: type[T]) -> T:
    """Read a TOML file as an object of a validated class.

    Parameters
    ----------
    path : str or Path
        The file.
    cls : type
        A class made by `validated`.

    Returns
    -------
    object of type `cls`

    Raises
    ------
    InputError
        If the file cannot be read, has no keys, or its content is invalid: all problems at once,
        each with the file and the dotted key.
    """
    table = read_toml(path)
    made = parse(table, cls, str(path))
    if not table:  # such as an empty file of another kind, where every key has a default
        keys = ", ".join(field.name for field in dataclasses.fields(cls) if field.init)  # type: ignore[arg-type]
        raise InputError.single(str(path), "a file without any keys", f"at least one of: {keys}")
    return made


def parse(mapping: Mapping[str, Any], cls: type[T], where: str) -> T:
    """Make an object of a validated class from a mapping.

    Parameters
    ----------
    mapping : mapping
        Keys and values, as `read_toml` gives them.
    cls : type
        A class made by `validated`.
    where : str
        Where the mapping comes from; each problem begins with it.

    Returns
    -------
    object of type `cls`

    Raises
    ------
    InputError
        With all problems, each with `where` and the dotted key.
    """
    return construct(cls, mapping, where)


def to_toml(content: object) -> str:
    """Write a validated object, or a mapping that holds such objects, as TOML.

    Fields that are None are left out. `load` and `parse` read the text back to an equal object.

    Parameters
    ----------
    content : validated object or mapping
        What to write.

    Returns
    -------
    str
        TOML text.
    """
    return tomli_w.dumps(_plain(content))


def save_settings(path: str | Path, value: object) -> None:
    """Write a device, imperfections, a model of chips, or settings as a TOML file.

    The file appears as a whole or not at all; an existing file is replaced.

    Parameters
    ----------
    path : str or Path
        Ending in .toml.
    value : validated object
        What to write; `load_settings` and the loader of its kind read it again.

    Raises
    ------
    InputError
        For another suffix or an object of another kind.

    Examples
    --------
    >>> from lasersampling.hardware import Imperfections, load_imperfections
    >>> save_settings("chip.toml", Imperfections(dead=0.02))
    >>> load_imperfections("chip.toml").dead
    0.02
    """
    if isinstance(value, type) or not is_pydantic_dataclass(type(value)):
        expected = "a device, imperfections, a model of chips, or settings"
        raise InputError.single("value", type(value).__name__, expected)
    known_suffix(path, _SUFFIXES)
    with atomic_path(path) as temporary:
        temporary.write_text(to_toml(value), encoding="utf-8")


def load_settings(path: str | Path, kind: type[T]) -> T:
    """Read what `save_settings` wrote: a device, imperfections, a model of chips, or settings.

    Parameters
    ----------
    path : str or Path
        Ending in .toml.
    kind : type
        Class of what the file holds, such as `Imperfections` or `SpikeTraining`: TOML does not say.
        Keys that the file leaves out have their defaults.

    Returns
    -------
    object of type `kind`

    Raises
    ------
    InputError
        For another suffix, another class, a file that cannot be read, and a file of another kind:
        all unknown, missing and invalid keys at once.

    Examples
    --------
    >>> from lasersampling.hardware import Imperfections
    >>> save_settings("chip.toml", Imperfections(dead=0.02))
    >>> load_settings("chip.toml", Imperfections).dead
    0.02
    """
    is_settings = isinstance(kind, type) and is_pydantic_dataclass(kind)
    if not is_settings:
        expected = "the class of what the file holds, such as Imperfections"
        raise InputError.single("kind", shown(kind), expected)
    known_suffix(path, _SUFFIXES)
    return load(path, kind)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value) if field.init)
        return _plain({name: getattr(value, name) for name in fields})
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return as_text(str(value)) if isinstance(value, str | PurePath) else value


def _message_and_line(message: str) -> tuple[str, str]:
    """Split the parser's ``"... (at line 3, column 5)"`` into the message and ``", line 3"``."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", message, re.S)
    if found is None:
        return message, ""
    line = f", line {found[2]}" if found[2] else ", last line"
    return found[1][:1].lower() + found[1][1:], line
