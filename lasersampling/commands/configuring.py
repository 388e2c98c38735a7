"""Options and recipes become a validated configuration.

Each command has a configuration class made by `config.validated`. Its fields are named like the
command's options (``duration_ns`` and ``--duration-ns``); fields without an option, and those of
nested tables, are reached by ``--set``.
"""

from __future__ import annotations

import contextlib
import copy
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from lasersampling.errors import InputError, Problem
from lasersampling.paths import expanded, suffix_of

T = TypeVar("T")

_PATHS: dict[tuple[str, ...], str | tuple[str, ...]] = {
    ("target",): (),
    ("data",): (
        *("yin_yang", "digits", "mnist16", "mnist28", "shd", "ssc"),
        *("intervals", "coincidences", "words", "mnist_1d"),
    ),
    ("data", "source"): ("digits", "mnist"),
    ("model",): "machines",
    ("chip", "model"): "chips",
    ("base",): "recipes",
}
"""Keys of recipes that hold paths, with other names that are allowed there, or their folder."""

_COMMANDS = {"target": "fit", "network": "classify", "training": "generate", "arms": "compare"}
"""Keys by which a recipe of another command is recognised."""

_FLAGS = {
    "n_hidden": "--hidden",
    "model": "--from",
    "labels": "--label",
    "adaptation_rounds": "--adapt",
}
"""Options whose names differ from those of their keys."""


def configured(
    cls: type[T],
    options: Mapping[str, object],
    overrides: Sequence[str] | None,
    *,
    recipe: Mapping[str, object] | None = None,
) -> T:
    """Make the configuration of a command from its options.

    Parameters
    ----------
    cls : type
        Class made by `config.validated`.
    options : mapping
        Values of all options of the command by field; options that were not given are None and keep
        their defaults.
    overrides : sequence of str
        Texts given with ``--set``, each ``key=value`` with a dotted key and a TOML value, where
        text may stand without quotes. A part of the key that has dots itself stands in quotes, as
        in TOML: ``settings."network.hidden"``. They take precedence over options.
    recipe : mapping, optional
        Values of a recipe; options take precedence over them.

    Returns
    -------
    object of type `cls`

    Raises
    ------
    InputError
        With all problems, each under the name of the option by which the value was given.
    """
    from lasersampling.config import parse

    values = dict(recipe or {})
    values |= {key: value for key, value in options.items() if value is not None}
    device = copy.deepcopy(values.get("device"))
    given: set[str] = set()
    problems = []
    for text in overrides or ():
        key, separator, value = text.partition("=")
        path = _keys(key)
        if not separator or not all(path):
            problems.append(Problem("--set", repr(text), "key=value, with a dotted key"))
            continue
        if put(values, path, _value(value.strip())):
            given.add(".".join(path))
        else:
            problems.append(Problem(f"--set {key}", "a key of a plain value", "a key of a table"))
    if problems:
        raise InputError(problems)
    try:
        made = parse(values, cls, "")
        if "device.step_ps" in given:
            _check_step(device, made)
    except InputError as error:
        raise InputError(
            problem.at(_option(problem.where, given, options)) for problem in error.problems
        ) from None
    return made


def device_table(name_or_path: str, *, beside: Path | None = None) -> dict[str, Any]:
    """Read a device file as the table of a configuration, so that ``--set`` reaches into it.

    Parameters
    ----------
    name_or_path : str
        Name of a shipped device, or a file.
    beside : Path, optional
        Folder from which the path counts; the working directory by default.

    Raises
    ------
    InputError
        With all problems of the file, under its own name.
    """
    from lasersampling.lasers.device import load_device

    return _checked_table("devices", load_device, name_or_path, beside)


def imperfections_table(name_or_path: str, *, beside: Path | None = None) -> dict[str, Any]:
    """Read a file of imperfections as the table of a configuration.

    Parameters
    ----------
    name_or_path : str
        Name of a shipped file, or a file.
    beside : Path, optional
        Folder from which the path counts; the working directory by default.

    Raises
    ------
    InputError
        With all problems of the file, under its own name.
    """
    from lasersampling.hardware import load_imperfections

    return _checked_table("imperfections", load_imperfections, name_or_path, beside)


def chip_table(name_or_path: str, *, beside: Path | None = None) -> dict[str, Any]:
    """Read a file of a chip as the table of a configuration.

    Parameters
    ----------
    name_or_path : str
        Name of a shipped chip, or a file.
    beside : Path, optional
        Folder from which the path counts; the working directory by default.

    Raises
    ------
    InputError
        With all problems of the file, under its own name.
    """
    from lasersampling.hardware import load_chip

    return _checked_table("chips", load_chip, name_or_path, beside)


def _checked_table(
    kind: str, load: Callable[[Path], object], name_or_path: str, beside: Path | None
) -> dict[str, Any]:
    """Read a file as a table, after its problems have been told under its own name."""
    from lasersampling.config import read_toml, resolve

    path = resolve(kind, name_or_path, beside=beside)
    load(path)
    return read_toml(path)


def recipe_table(path: Path, cls: type[Any], **given: object) -> dict[str, Any]:
    """Read a recipe as the table of a configuration.

    Names of a device, of imperfections and of a chip are replaced by their tables. Paths in a
    recipe count from its folder, paths in `given` from the working directory.

    Parameters
    ----------
    path : Path
        The recipe.
    cls : type
        Class made by `config.validated` that the recipe must fit.
    **given
        Values that replace those of the file.

    Raises
    ------
    InputError
        With all problems, under the name of the file.
    """
    from lasersampling.config import parse, read_toml

    table = read_toml(path)
    _locate(table, path)
    table |= given
    chip = table.get("chip")
    for name, inner, folder, read in (
        ("device", table, "devices", device_table),
        ("imperfections", table, "imperfections", imperfections_table),
        ("chip.model", chip, "chips", chip_table),
    ):
        key = name.rpartition(".")[2]
        if isinstance(inner, dict) and isinstance(inner.get(key), str):
            beside = None if name in given else path.parent
            with named(folder, name if name in given else f"{path}: {name}"):
                inner[key] = read(inner[key], beside=beside)
    # Checked here and not only with the other options, so that problems name the file.
    try:
        parse(table, cls, str(path))
    except InputError:
        known = cls.__dataclass_fields__
        others = [
            command for key, command in _COMMANDS.items() if key in table and key not in known
        ]
        if not others:
            raise
        expected = f"one of this command, with the keys {', '.join(known)}"
        raise InputError.single(
            str(path), f"a recipe of lasersampling {others[0]}", expected
        ) from None
    return table


def files_named(
    recipe: str | Path | None, overrides: Sequence[str] | None = None
) -> list[str | Path]:
    """List a recipe, and all files that it or ``--set`` names: the inputs of a run.

    Parameters
    ----------
    recipe : str or Path or None
        A file, or the name of a shipped recipe.
    overrides : sequence of str, optional
        Texts given with ``--set``.

    Raises
    ------
    InputError
        If the recipe cannot be found or read.
    """
    from lasersampling.config import read_toml, resolve

    found: list[str | Path] = []
    values = [(text.partition("=")[2].strip().strip("\"'"), Path()) for text in overrides or ()]
    if recipe is not None:
        path = resolve("recipes", recipe)
        found.append(path)
        if suffix_of(path) == ".toml":
            values += [(text, path.parent) for text in _texts(read_toml(path))]
    for text, folder in values:
        with contextlib.suppress(InputError, OSError, ValueError):  # texts that are not paths
            named = folder / expanded(text)
            if text and named.is_file():
                found.append(named)
    return found


def command_of_recipe(path: Path) -> str | None:
    """Tell by its keys for which command a recipe is; None for a file that is none.

    Parameters
    ----------
    path : Path
        A TOML file.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    from lasersampling.config import read_toml

    table = read_toml(path)
    return next((command for key, command in _COMMANDS.items() if key in table), None)


def key_of(option: str) -> str:
    """Name the key of the configuration for an option.

    Examples
    --------
    >>> key_of("--duration-ns"), key_of("--adapt")
    ('duration_ns', 'adaptation_rounds')
    """
    keys = {flag: key for key, flag in _FLAGS.items()}
    return keys.get(option, option.removeprefix("--").replace("-", "_"))


def dotted(key: str) -> tuple[str, ...]:
    """Take a dotted key apart; see `configured`. An empty part means that it is none.

    Examples
    --------
    >>> dotted('settings."network.hidden"')
    ('settings', 'network.hidden')
    """
    return tuple(_keys(key))


def put(values: dict[str, Any], path: Sequence[str], value: object) -> bool:
    """Set a value in nested tables; say whether that was possible.

    Parameters
    ----------
    values : dict
        The tables; missing ones are made.
    path : sequence of str
        Keys that lead to the value.
    value : object
        The value.
    """
    table: Any = values
    for key in path[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            return False
    table[path[-1]] = value
    return True


def _texts(value: object) -> Iterator[str]:
    """Give all texts in nested tables and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _check_step(device: Any, config: Any) -> None:
    """Refuse a step much longer than that of the device file; warn of a longer one."""
    from lasersampling.config import parse
    from lasersampling.lasers.device import Device as Laser
    from lasersampling.lasers.steps import step_problems

    problems = step_problems(parse(device, Laser, ""), config.device.step_ps)
    if problems:
        raise InputError(p.at(f"device.{p.where}") for p in problems)


@contextlib.contextmanager
def named(folder: str, key: str) -> Iterator[None]:
    """Name the key of a file that is not found, in place of the folder of such files.

    Parameters
    ----------
    folder : str
        Folder of shipped files, such as "recipes".
    key : str
        The key.

    Raises
    ------
    InputError
        As the block does, under the name of the key.
    """
    try:
        yield
    except InputError as error:
        raise InputError(p.at(key) if p.where == folder else p for p in error.problems) from None


def _locate(table: dict[str, Any], recipe: Path) -> None:
    """Make the paths in a recipe, which count from its folder, absolute."""
    from lasersampling.config import located, resolve

    folder = recipe.parent

    for (*outer, last), names in _PATHS.items():
        inner: Any = table
        for key in outer:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get(last), str) or not inner[last]:
            continue
        if isinstance(names, str):
            with named(names, f"{recipe}: {'.'.join((*outer, last))}"):
                found = resolve(names, inner[last], beside=folder).absolute()
            if not _is_shipped(names, inner[last], found):
                inner[last] = str(found)
        else:
            inner[last] = located(inner[last], folder, names)


def _is_shipped(kind: str, name: str, found: Path) -> bool:
    """Whether a name means a shipped file also where no recipe is beside it.

    Then it stays as it is, so that what is stored holds in other installations too.
    """
    from lasersampling.config import resolve, shipped_names, shipped_path

    if name not in shipped_names(kind) or resolve(kind, name).absolute() != found:
        return False
    return shipped_path(kind, name).absolute() == found


def _keys(text: str) -> list[str]:
    """Read a dotted key, parts of which may stand in quotes as in TOML; [""] if it is none."""
    if not set(text) & set("\"'"):
        return [part.strip() for part in text.split(".")]
    try:
        table: object = tomllib.loads(f"{text} = 0")
    except ValueError:
        return [""]
    path = []
    while isinstance(table, dict):
        (key, table), *_ = table.items()
        path.append(key)
    return path


def _value(text: str) -> object:
    """Read a TOML value; anything else is plain text."""
    try:
        table = tomllib.loads(f"value = {text}")
    except ValueError:
        return text
    return table["value"] if len(table) == 1 else text


def flag(key: str) -> str:
    """Name the option for a key of the configuration."""
    return _FLAGS.get(key, f"--{key.replace('_', '-')}")


def _option(where: str, given: set[str], options: Mapping[str, object]) -> str:
    """Name the option by which a key of the configuration was given."""
    name, bracket, rest = where.partition("[")
    if name in options and name not in given:
        return f"{flag(name)}{bracket}{rest}"
    return f"--set {where}"
