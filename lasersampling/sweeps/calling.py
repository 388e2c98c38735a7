"""How a sweep calls a command: which words stand for a piece, and what the call gives."""

from __future__ import annotations

import contextlib
import functools
import io
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

import typer

from lasersampling.commands.configuring import command_of_recipe, dotted, key_of
from lasersampling.commands.invocation import Accepted, Invocation, Purpose
from lasersampling.config.problems import UNKNOWN_KEY
from lasersampling.config.shipped import KINDS
from lasersampling.errors import InputError, LaserSamplingWarning, Problem
from lasersampling.sweeps.grid import Cell, Grid

COMMANDS = "simulate", "calibrate", "sample", "fit", "infer", "generate", "classify"
"""Commands of which a sweep can be made."""

_OF_THE_SWEEP = {
    "seed": "--seeds", "out": "--out", "overwrite": "--overwrite", "resume": "--resume",
    "quiet": "--quiet", "as_json": "--json", "show_all": "--all", "workers": "--workers",
    "scheduler": "--scheduler", "slurm": "--slurm",
}  # fmt: skip
"""Options of commands that a sweep sets, and what stands for them in a sweep."""

_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""What the parser raises; typer does not name it."""

_MOST_PROBLEMS = 10


@dataclass(frozen=True)
class Call:
    """A command and its arguments, without those that a sweep sets.

    Attributes
    ----------
    words : tuple of str
        Name of the command, and its arguments.
    keys : tuple of str
        The keys that the sweep sets.

    Raises
    ------
    InputError
        If there is no such command, an option belongs to the sweep, or a key is set twice.
    """

    words: tuple[str, ...]
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        parameters, problems = _parameters(self.command), []
        given = _given(self.words, parameters)
        for parameter in parameters:
            if parameter.name in given and parameter.name in _OF_THE_SWEEP:
                instead = f"{_OF_THE_SWEEP[parameter.name]} of the sweep"
                problems.append(Problem(parameter.options[0], "an option of a piece", instead))
        fixed = [dotted(text.partition("=")[0]) for text in given.get("overrides") or ()]
        for key in self.keys:
            where, found = f"--over {key}", _found(parameters, key)
            if not all(dotted(key)):
                problems.append(Problem(where, repr(key), "a key, with dots between its parts"))
            elif found is not None and found.name in _OF_THE_SWEEP:
                instead = f"{_OF_THE_SWEEP[found.name]} of the sweep"
                problems.append(Problem(where, "what the sweep sets itself", instead))
            elif found is not None and found.name in given:
                problems.append(
                    Problem(where, "a key that stands in the command too", "one of both")
                )
            elif dotted(_configured(key, found)) in fixed:
                problems.append(Problem(where, "a key that --set sets too", "one of both"))
        if problems:
            raise InputError(problems)

    @property
    def command(self) -> str:
        """Name of the command."""
        return self.words[0]

    def of(self, cell: Cell) -> tuple[str, ...]:
        """Give the words of a piece, with its values and its seed."""
        words, parameters = list(self.words), _parameters(self.command)
        for key, value in zip(self.keys, cell.values, strict=True):
            found = _found(parameters, key)
            if found is None or found.is_of_configuration:
                words.append(f"--set={_configured(key, found)}={value}")
            else:
                words.append(f"{found.options[0]}={value}" if found.options else value)
        return (*words, "--seed", str(cell.seed))

    @property
    def can_resume(self) -> bool:
        """Whether the command goes on from its results file if it was stopped."""
        return any(parameter.name == "resume" for parameter in _parameters(self.command))

    def check(self, grid: Grid, progress: Callable[[float], None] | None = None) -> None:
        """Let the command check all combinations of values, with the first seed.

        Raises
        ------
        InputError
            With all problems, each under the key by which it was set.
        """
        found: dict[Problem, None] = {}
        combinations = grid.combinations
        for k, values in enumerate(combinations):
            words = self.of(Cell(values, grid.seeds[0]))
            try:
                with contextlib.suppress(Accepted):
                    call(words, Purpose.CHECK)
            except InputError as error:
                found |= dict.fromkeys(self._named(one, values) for one in error.problems)
                # A key that is unknown here needs no other combination to be told.
                if len(found) >= _MOST_PROBLEMS or any(one.got == UNKNOWN_KEY for one in found):
                    break
            if progress is not None:
                progress((k + 1) / len(combinations))
        if found:
            raise InputError(found)

    def _named(self, problem: Problem, values: Sequence[str]) -> Problem:
        """Put a problem under the key by which its value was set."""
        parameters = _parameters(self.command)
        for key, value in zip(self.keys, values, strict=True):
            if problem.where in KINDS and problem.got.startswith(repr(value)):
                return problem.at(f"--over {key}")
            found = _found(parameters, key)
            names = [f"--set {_configured(key, found)}"]
            if found is not None:
                names += [*found.options, found.name.upper(), found.name]
            for name in names:
                rest = problem.where.removeprefix(name)
                if rest != problem.where and rest[:1] in ("", "[", "."):
                    return problem.at(f"--over {key}{rest}")
                if name.startswith(f"{problem.where}."):  # a table that is not there
                    return problem.at(f"--over {key}")
        return problem


def call_of(words: Sequence[str], keys: Sequence[str]) -> Call:
    """Make a call of the words of a sweep.

    Parameters
    ----------
    words : sequence of str
        A command or a recipe, of which the command is the one that it is for, and arguments.
    keys : sequence of str
        The keys that the sweep sets.

    Raises
    ------
    InputError
        If it is neither, or for what `Call` refuses.

    Examples
    --------
    >>> call_of(["yin_yang_small", "--members", "2"], ["learning.n_epochs"]).words
    ('classify', 'yin_yang_small', '--members', '2')
    """
    from lasersampling.cli.preparing import with_rounds
    from lasersampling.config import resolve

    if not words:
        raise InputError.single("COMMAND", "nothing", f"one of {', '.join(COMMANDS)}, or a recipe")
    first, words = words[0], with_rounds(words)
    if first in COMMANDS:
        return Call(tuple(words), tuple(keys))
    known = ", ".join(COMMANDS)
    if first in _group():
        expected = f"a command that computes: {known}"
        if first == "compare":
            expected += "; a comparison has all its trainings in its recipe, and --workers"
        raise InputError.single("COMMAND", first, expected)
    try:
        command = command_of_recipe(resolve("recipes", first))
    except InputError as error:
        expected = f"one of the commands {known}, or a recipe: {error.problems[0].expected}"
        raise InputError.single("COMMAND", repr(first), expected) from None
    if command not in COMMANDS:
        got = "a recipe of compare" if command else "a recipe that does not say for what it is"
        expected = f"one of {known}; or the command before the recipe"
        raise InputError.single(first, got, expected)
    return Call((command, *words), tuple(keys))


def call(words: Sequence[str], purpose: Purpose) -> list[str]:
    """Call a command within this process, as a part of a sweep.

    Parameters
    ----------
    words : sequence of str
        Name of the command, and its arguments.
    purpose : Purpose
        Why it is called.

    Returns
    -------
    list of str
        What it warned of.

    Raises
    ------
    Accepted
        If it was called to check its arguments, and they are accepted.
    InputError
        If they are not.
    Exception
        What the command raises.
    """
    name, *arguments = words
    command, told = _command(name), []
    invocation = Invocation(shlex.join(["lasersampling", *words]), purpose)
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always", LaserSamplingWarning)
        with _usage(name), command.make_context(name, [*arguments, "--quiet", "--json"],
                                                obj=invocation) as context:  # fmt: skip
            command.invoke(context)
    for warning in caught:
        if issubclass(warning.category, LaserSamplingWarning):
            told.append(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename,
                                   warning.lineno)  # fmt: skip
    return list(dict.fromkeys(told))


@contextlib.contextmanager
def _usage(command: str) -> Iterator[None]:
    """Tell of options that a command does not have, and of values that it refuses, as any input."""
    try:
        yield
    except _USAGE_ERROR as error:
        got, _, more = error.format_message().partition(". ")  # type: ignore[attr-defined]
        expected = more or f"what lasersampling {command} --help lists"
        raise InputError.single(command, got[:1].lower() + got[1:].rstrip("."), expected) from None


@dataclass(frozen=True)
class _Parameter:
    """An option or an argument of a command.

    Attributes
    ----------
    name : str
        Its name in Python.
    options : tuple of str
        Its names at the command line; none for an argument.
    is_of_configuration : bool
        Whether its key of the configuration is set in its place, which takes any value and says
        what is wrong with it. So it is for numbers and flags.
    is_flag : bool
        Whether no value follows.
    """

    name: str
    options: tuple[str, ...]
    is_of_configuration: bool
    is_flag: bool


def _group() -> Mapping[str, Any]:
    """All commands. A sweep reaches up to them by design, since its pieces are their calls."""
    from typer.main import get_command

    from lasersampling.cli.main import app

    commands: Mapping[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    return commands


@functools.cache
def _command(name: str) -> Any:
    return _group()[name]


@functools.cache
def _parameters(command: str) -> tuple[_Parameter, ...]:
    """List the options and arguments of a command."""
    from lasersampling.cli.main import app

    functions = [one.callback for one in app.registered_commands if one.callback is not None]
    (function,) = (one for one in functions if one.__name__ == command)
    hints = get_type_hints(function)
    found = []
    for parameter in _command(command).params:
        kinds = {hints.get(parameter.name)} | set(get_args(hints.get(parameter.name)))
        is_option = parameter.param_type_name == "option"
        found.append(
            _Parameter(
                parameter.name,
                tuple(parameter.opts) if is_option else (),
                is_option and bool(kinds & {int, float, bool}),
                bool in kinds,
            )
        )
    return tuple(found)


def _given(words: Sequence[str], parameters: Sequence[_Parameter]) -> dict[str, Any]:
    """Give the parameters that a command was given, from which required ones may be missing."""
    name, *arguments = words
    written = {word.partition("=")[0] for word in arguments}
    with _usage(name):  # which takes the words out of the list
        values = _command(name).make_context(name, arguments, resilient_parsing=True).params
    return {
        one.name: values.get(one.name)
        for one in parameters
        if (written & set(one.options) if one.options else values.get(one.name) is not None)
    }


def _found(parameters: Sequence[_Parameter], key: str) -> _Parameter | None:
    """Find the option or the argument that has the name of a key."""
    name, option = key.replace("-", "_"), f"--{key.replace('_', '-')}"
    for parameter in parameters:
        if parameter.name == name or option in parameter.options:
            return parameter
    return None


def _configured(key: str, found: _Parameter | None) -> str:
    """Name the key of the configuration for a key of a sweep."""
    if found is None or not found.is_of_configuration:
        return key
    # A flag may have the name of an option of another command.
    return found.name if found.is_flag else key_of(found.options[0])
