"""`validated`: makes a class with annotations a frozen dataclass that checks its values."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import numbers
from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import (
    Annotated,
    Any,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BeforeValidator, ConfigDict, Field, Strict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from lasersampling.config.problems import input_error

T = TypeVar("T")

Finite = Annotated[float, Field(allow_inf_nan=False)]
"""Any finite number (what a plain ``float`` of a validated class means as well)."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A finite number above 0: times, rates, volumes."""

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A finite number of at least 0: delays, noise strengths."""

LARGEST_SEED = 2**63 - 1
"""Seeds are stored as 64-bit integers."""

Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
"""Seed of random numbers: a whole number from 0."""

Count = Annotated[int, Field(ge=1)]
"""A whole number of at least 1."""

Probability = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1 [1]."""


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, Field))
def validated(cls: type[T]) -> type[T]:
    """Make `cls` a frozen dataclass whose values are checked on construction.

    Fields may be ``float`` (whole numbers and NumPy numbers are accepted, infinities and NaN are
    not), ``int`` (counts with a smallest but no largest value are limited to 10**9, seeds are not),
    ``bool``, ``str``, ``pathlib.Path``, `typing.Literal`, other validated classes, and unions and
    tuples of these; a mapping is accepted for a validated class and any sequence for a tuple.
    Nothing is converted between numbers, booleans and strings. TOML cannot express None, so a field
    that may be None should have it as its default.

    ``__post_init__`` may check fields against one another and raise `InputError` with problems
    whose `where` is a key of this class; the keys that lead there are put in front.

    Parameters
    ----------
    cls : type
        Class with annotations; its field types must be importable names, not local ones.

    Returns
    -------
    type
        A class whose construction raises `InputError` with all problems.

    Examples
    --------
    >>> @validated
    ... class Pulse:
    ...     duration_ns: Positive
    >>> Pulse(duration_ns=-1)
    Traceback (most recent call last):
        ...
    lasersampling.errors.InputError: duration_ns: got -1, expected a number above 0
    """
    hints = get_type_hints(cls, include_extras=True)
    own = inspect.get_annotations(cls)
    cls.__annotations__ = {
        name: _strict(hints[name], bounded=not name.endswith("seed")) for name in own
    }
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    made = cast("type[T]", dataclass(frozen=True, config=config)(cls))
    _translate_errors(made)
    _show_as_written(made, own)
    return made


def construct(cls: type[T], mapping: object, where: str) -> T:
    """Make a `cls` from the content of `where`, which is put in front of each problem."""
    try:
        return TypeAdapter(cls).validate_python(mapping)
    except ValidationError as error:
        raise input_error(error, cls, mapping, where) from None


def _translate_errors(cls: type) -> None:
    """Let the constructor of `cls` raise `InputError` in place of pydantic's error."""
    original: Callable[..., None] = cls.__init__  # type: ignore[misc]
    names = [field.name for field in dataclasses.fields(cls) if field.init and not field.kw_only]

    @functools.wraps(original)
    def __init__(self: object, *args: Any, **kwargs: Any) -> None:
        try:
            original(self, *args, **kwargs)
        except ValidationError as error:
            # More arguments than names are a problem of their own in `error`.
            given = dict(zip(names, args, strict=False)) | kwargs
            raise input_error(error, cls, given, where=None) from None

    cls.__init__ = __init__  # type: ignore[misc]


def _plain_number(value: object) -> object:
    """Turn numbers of NumPy and other libraries into Python's; leave all else to the checks."""
    if isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return value


# pydantic's own strict mode refuses the lists and tables of TOML for tuples and classes too, so
# it is set on the scalars alone.
_STRICT_SCALARS: Mapping[object, object] = {
    float: Annotated[float, Strict(), BeforeValidator(_plain_number)],
    int: Annotated[int, Strict(), BeforeValidator(_plain_number)],
    bool: Annotated[bool, Strict()],
    str: Annotated[str, Strict()],
}


LARGEST_COUNT = 10**9
"""Larger counts are typing errors; products of two counts below it are 64-bit integers."""


def _strict(hint: Any, *, bounded: bool) -> Any:
    """Replace the scalar types within a type hint by types that convert nothing.

    Counts without a largest value get one if they are `bounded`.
    """
    if isinstance(hint, type):
        return _STRICT_SCALARS.get(hint, hint)
    arguments: Sequence[Any] = get_args(hint)
    origin = get_origin(hint)
    if origin is Annotated:
        limits = arguments[1:]
        if arguments[0] is int and bounded and _states(limits, "ge") and not _states(limits, "le"):
            limits = (*limits, Field(le=LARGEST_COUNT))
        return Annotated[_strict(arguments[0], bounded=bounded), *limits]
    if origin in (Union, UnionType):
        parts = tuple(_strict(argument, bounded=bounded) for argument in arguments)
        return Union[parts]  # noqa: UP007
    if origin is tuple:
        parts = tuple(_strict(argument, bounded=bounded) for argument in arguments)
        return tuple[parts]  # type: ignore[valid-type]
    return hint


def _states(annotations: Sequence[Any], limit: str) -> bool:
    """Whether annotations of a number say how small ("ge") or large ("le") it may be."""
    found = [held for annotation in annotations for held in getattr(annotation, "metadata", ())]
    return any(hasattr(held, name) for held in found for name in (limit, f"{limit[0]}t"))


def _show_as_written(cls: type, own: Mapping[str, Any]) -> None:
    """Give `cls` the signature that its source shows, without the validators that enforce it."""
    inherited = [getattr(base, "_written", {}) for base in reversed(cls.__mro__[1:])]
    written = {name: kind for part in (*inherited, own) for name, kind in part.items()}
    cls._written = written  # type: ignore[attr-defined]
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY if field.kw_only
            else inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=_default(field),
            annotation=written.get(field.name, inspect.Parameter.empty),
        )
        for field in sorted(dataclasses.fields(cls), key=lambda field: bool(field.kw_only))
        if field.init
    ]  # fmt: skip
    cls.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    own_self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    cls.__init__.__signature__ = inspect.Signature([own_self, *parameters])  # type: ignore[misc]


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty
