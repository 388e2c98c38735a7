"""Every float of `lasers` and `lif` states a unit of docs/units.md, as that page prescribes."""

import dataclasses
import functools
import importlib
import inspect
import pkgutil
import re
import typing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import lasersampling.lasers
import lasersampling.lif
from lasersampling.config import Positive, validated

PAGE = Path(__file__).parents[1] / "docs" / "units.md"
ROW = re.compile(r"^\| `([^`]+)` \| (?:`(_\w+)`)? *\|", re.M)
UNITS = dict(ROW.findall(PAGE.read_text(encoding="utf-8")))
SUFFIXES = tuple(suffix for suffix in UNITS.values() if suffix)
ENTRY = re.compile(r"^(\w+(?:, \w+)*) : ")


def states_unit(name, text):
    if name.endswith(SUFFIXES):
        return True
    return any(unit in UNITS for unit in re.findall(r"\[([^\[\]]+)\]", text))


def entries(docstring):
    """Map each name documented as ``name : type`` to the indented text below it."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(docstring or "").splitlines():
        start = ENTRY.match(line)
        if start:
            names = start[1].split(", ")
            found.update(dict.fromkeys(names, ""))
        elif line.startswith(" "):
            for name in names:
                found[name] += line
        elif line:
            names = []
    return found


def holds_floats(hint):
    """Whether a type hint is, or contains, float or an array of floats."""
    if isinstance(hint, str):
        return "float" in hint
    if isinstance(hint, type) and not typing.get_args(hint):
        return issubclass(hint, float | np.floating)
    return any(holds_floats(argument) for argument in typing.get_args(hint))


def hints_of(thing):
    try:
        return typing.get_type_hints(thing)
    except NameError:  # a type that is imported for type checkers only
        return inspect.get_annotations(thing)


def without_unit_in_class(cls):
    hints = hints_of(cls)
    documented: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        documented |= entries(base.__dict__.get("__doc__"))
    for field in dataclasses.fields(cls):
        name = field.name
        is_public_float = not name.startswith("_") and holds_floats(hints[name])
        if is_public_float and not states_unit(name, documented.get(name, "")):
            yield f"{cls.__module__}.{cls.__name__}.{name}"
    for name, member in vars(cls).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property | functools.cached_property):
            getter = member.fget if isinstance(member, property) else member.func
            is_float = holds_floats(hints_of(getter).get("return", ""))
            if is_float and not states_unit(name, getter.__doc__ or ""):
                yield f"{cls.__module__}.{cls.__name__}.{name}"
        elif isinstance(member, classmethod | staticmethod) or inspect.isfunction(member):
            yield from without_unit_in_function(inspect.unwrap(getattr(cls, name)), cls.__name__)


def without_unit_in_function(function, owner=""):
    documented = entries(function.__doc__)
    for name, hint in hints_of(function).items():
        if name == "return" or not holds_floats(hint):
            continue
        if not states_unit(name, documented.get(name, "")):
            path = ".".join(filter(None, (function.__module__, owner, function.__name__)))
            yield f"{path}({name})"


def public_things():
    for package in (lasersampling.lasers, lasersampling.lif):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, thing in vars(module).items():
                if not name.startswith("_") and getattr(thing, "__module__", "") == found.name:
                    yield thing


def without_unit(thing):
    if isinstance(thing, type) and dataclasses.is_dataclass(thing):
        return list(without_unit_in_class(thing))
    if inspect.isfunction(thing):
        return list(without_unit_in_function(thing))
    return []


def test_the_page_lists_units_and_endings():
    assert {"ns", "1/ns", "electrons/ns", "photons", "uA", "1"} <= set(UNITS)
    assert {"_ns", "_ps", "_per_ns", "_ua", "_fj"} <= set(SUFFIXES)


def test_every_float_of_the_physics_states_its_unit():
    things = list(public_things())
    assert {"Device", "Neuron"} <= {getattr(thing, "__name__", "") for thing in things}
    missing = [name for thing in things for name in without_unit(thing)]
    assert not missing, (
        "no unit: end the name as docs/units.md lists, or write its [unit] into the docstring "
        "entry:\n" + "\n".join(missing)
    )


@dataclass(frozen=True)
class Bad:
    """Parameters of different quality.

    Parameters
    ----------
    rate : float
        A rate, in furlongs per fortnight [furlong/fortnight].
    gain, loss : float
        Two at once [1/ns].
    half
        Entry without a type [1].
    """

    delay_ns: float
    rate: float
    gain: float
    loss: float | None
    half: float
    silent: tuple[float, ...]
    trace: NDArray[np.float64]
    count: int = 0
    states: NDArray[np.int8] | None = None

    @property
    def ratio(self) -> float:
        """Gain over loss."""
        return 1.0

    @property
    def sum(self) -> float:
        """Gain and loss [1/ns]."""
        return 1.0

    def scaled(self, factor: float, shift_ns: float) -> float:
        """Scale all."""
        return factor


@validated
class AlsoBad:
    """No entry at all."""

    width: Positive
    width_ns: Positive


def bad_function(pump: float, n: int, seed: int | None = None) -> float:
    """Do nothing.

    Parameters
    ----------
    pump : float
        The pump.
    n : int
        A count, next to it a [1] that belongs to n.
    """
    return pump


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (Bad, ["rate", "half", "silent", "trace", "ratio", "scaled(factor)"]),
        (AlsoBad, ["width"]),
        (bad_function, ["bad_function(pump)"]),
    ],
)
def test_what_states_no_unit_is_found(thing, expected):
    found = [re.sub(r".*(Bad|AlsoBad)\.", "", name) for name in without_unit(thing)]
    assert [re.sub(r".*\.", "", name) for name in found] == expected
