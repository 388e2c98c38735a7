"""Settings of an experiment: a frozen dataclass, some fields of which are options."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, fields, is_dataclass
from typing import (
    Annotated,
    Any,
    ClassVar,
    Protocol,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import typer
from rich.markup import escape

from lasersampling.errors import InputError, Problem

T = TypeVar("T")

_OPTION = "option"


class Settings(Protocol):
    """Requirements on the settings of an experiment: a frozen dataclass with a smallest run.

    Its docstring is the help of the command. Fields made by `option` are options of the command
    line; other fields have a default that only `smallest` changes.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def smallest(self) -> Self:
        """Give settings with which the experiment takes seconds, to test that it runs."""


S = TypeVar("S", bound=Settings)


def option(
    default: T,
    help: str,  # noqa: A002
    *,
    min: float | None = None,  # noqa: A002
    flag: str | None = None,
    positional: bool = False,
) -> T:
    """Make a field of settings that is an option of the command line.

    Parameters
    ----------
    default : object
        Value if the option is not given. A tuple makes an option that may be repeated.
    help : str
        Description of the option, for ``--help``.
    min : float, optional
        Smallest allowed value.
    flag : str, optional
        Name of the option, if it differs from that of the field with hyphens.
    positional : bool
        Whether it is an argument without a name instead of an option.

    Examples
    --------
    >>> from dataclasses import dataclass, replace
    >>> @dataclass(frozen=True)
    ... class Settings:
    ...     draws: int = option(1000, "Draws of a chain.", min=2)
    ...
    ...     def smallest(self):
    ...         return replace(self, draws=20)
    >>> Settings().smallest()
    Settings(draws=20)
    """
    names = () if flag is None else (flag,)
    about = (
        typer.Argument(help=escape(help), min=min)
        if positional
        else typer.Option(*names, help=escape(help), min=min)
    )
    return field(default=default, metadata={_OPTION: about})


def parameters_of(settings: type[Any]) -> list[inspect.Parameter]:
    """List the options of settings, as typer requires them of a function."""
    assert is_dataclass(settings)
    types = get_type_hints(settings)

    def type_of(name: str) -> Any:
        # typer knows options that are given several times as lists.
        item = get_args(types[name])[:1] if get_origin(types[name]) is tuple else ()
        return list[item] if item else types[name]  # type: ignore[valid-type]

    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=one.default,
            annotation=Annotated[type_of(one.name), one.metadata[_OPTION]],
        )
        for one in fields(settings)
        if _OPTION in one.metadata
    ]


def texts_of(settings: Settings) -> Iterator[str]:
    """Give all texts among the values of settings, each of which may name an input file."""
    for one in fields(settings):
        value = getattr(settings, one.name)
        yield from (text for text in (value if isinstance(value, list | tuple) else [value])
                    if isinstance(text, str))  # fmt: skip


def made_from(settings: type[S], options: Mapping[str, Any]) -> S:
    """Make settings from the values that typer gives.

    Raises
    ------
    InputError
        For numbers that are not finite, and for what the settings themselves refuse.
    """
    values = {key: tuple(one) if isinstance(one, list) else one for key, one in options.items()}
    problems = [
        Problem(f"--{key.replace('_', '-')}", str(number), "a finite number")
        for key, value in values.items()
        for number in (value if isinstance(value, tuple) else (value,))
        if isinstance(number, float) and not math.isfinite(number)
    ]
    if problems:
        raise InputError(problems)
    return settings(**values)


def chosen_of(known: Iterable[str], given: Sequence[str], flag: str = "--only") -> list[str]:
    """Choose the given ones of the known names, or all if none is given.

    Parameters
    ----------
    known : iterable of str
        All known names.
    given : sequence of str
        The requested names.
    flag : str
        Option with which they were requested, for messages.

    Returns
    -------
    list of str
        The chosen names, in the order of `known`.

    Raises
    ------
    InputError
        If some of them are not known.

    Examples
    --------
    >>> chosen_of(["weak", "strong"], ["strong"])
    ['strong']
    """
    names = list(known)
    if unknown := sorted(set(given) - set(names)):
        raise InputError.single(flag, ", ".join(unknown), f"of {', '.join(names)}")
    return [name for name in names if name in (given or names)]
