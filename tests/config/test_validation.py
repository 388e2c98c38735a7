import copy
import dataclasses
import inspect
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from lasersampling.config import Finite, NonNegative, Positive, Probability, parse, validated
from lasersampling.errors import InputError
from lasersampling.lasers.settings import SimulationSettings


@validated
class Pulse:
    """A small class with checks of its own."""

    duration_ns: Positive
    kick: float = 0.0
    delay_ns: NonNegative = 0.0

    def __post_init__(self) -> None:
        if self.delay_ns > self.duration_ns:
            raise InputError.single("delay_ns", self.delay_ns, "at most duration_ns")


@validated
class Rectangle:
    kind: Literal["rectangle"]
    height: float


@validated
class Exponential:
    kind: Literal["exponential"]
    tau_ns: Positive


@validated
class Everything:
    number: float
    whole: int
    switch: bool
    text: str
    mode: Literal["fast", "exact"]
    pulse: Pulse
    probability: Probability = 0.5
    finite: Finite = 1.0
    maybe: float | None = None
    maybe_pulse: Pulse | None = None
    numbers: tuple[float, ...] = ()
    pair: tuple[int, float] = (1, 2.0)
    rows: tuple[tuple[float, ...], ...] = ()
    pulses: tuple[Pulse, ...] = ()
    one_or_many: float | tuple[float, ...] = 1.0
    kernel: Annotated[Rectangle | Exponential, Field(discriminator="kind")] | None = None
    file: Path | None = None


GOOD: dict[str, Any] = {
    "number": 1.5,
    "whole": 3,
    "switch": True,
    "text": "a",
    "mode": "fast",
    "pulse": {"duration_ns": 2.0},
}


def problems_of(raised: pytest.ExceptionInfo[InputError]) -> list[tuple[str, str, str]]:
    return [(p.where, p.got, p.expected) for p in raised.value.problems]


IN_PYTHON = {"true or false": "True or False", "a table": "Pulse(...) or a mapping of its fields"}
"""What the constructor says of what TOML calls otherwise."""

# what is wrong, where it is named, what was got, what was expected
BAD = [
    ({"number": "1.5"}, "number", "'1.5'", "a number"),
    ({"number": True}, "number", "True", "a number"),
    ({"number": None}, "number", "None", "a number"),
    ({"number": [1.0]}, "number", "[1.0]", "a number"),
    ({"number": math.nan}, "number", "nan", "a finite number"),
    ({"number": math.inf}, "number", "inf", "a finite number"),
    ({"finite": -math.inf}, "finite", "-inf", "a finite number"),
    ({"maybe": math.nan}, "maybe", "nan", "a finite number"),
    ({"maybe": False}, "maybe", "False", "a number"),
    ({"whole": 3.0}, "whole", "3.0", "a whole number"),
    ({"whole": True}, "whole", "True", "a whole number"),
    ({"whole": "3"}, "whole", "'3'", "a whole number"),
    ({"switch": 1}, "switch", "1", "true or false"),
    ({"switch": "true"}, "switch", "'true'", "true or false"),
    ({"text": 3}, "text", "3", "a string"),
    ({"mode": "slow"}, "mode", "'slow'", "'fast' or 'exact'"),
    ({"probability": 1.01}, "probability", "1.01", "a number of at most 1"),
    ({"probability": -0.1}, "probability", "-0.1", "a number of at least 0"),
    ({"probability": math.nan}, "probability", "nan", "a finite number"),
    ({"pulse": {}}, "pulse.duration_ns", "nothing", "a value (required)"),
    ({"pulse": 3}, "pulse", "3", "a table"),
    ({"pulse": {"duration_ns": 0}}, "pulse.duration_ns", "0", "a number above 0"),
    ({"maybe_pulse": {"duration_ns": "x"}}, "maybe_pulse.duration_ns", "'x'", "a number"),
    (
        {"pulse": {"duration_ns": 1, "delay_ns": -1}},
        "pulse.delay_ns",
        "-1",
        "a number of at least 0",
    ),
    (
        {"pulse": {"duration_ns": 1, "delay_ns": 2}},
        "pulse.delay_ns",
        "2.0",
        "at most duration_ns",
    ),
    (
        {"pulse": {"duration_ns": 1, "width": 2}},
        "pulse.width",
        "an unknown key",
        "one of: duration_ns, kick, delay_ns",
    ),
    ({"numbers": 3.0}, "numbers", "3.0", "a list"),
    ({"numbers": "12"}, "numbers", "'12'", "a list"),
    ({"numbers": [1.0, "2"]}, "numbers[1]", "'2'", "a number"),
    ({"numbers": [1.0, math.nan]}, "numbers[1]", "nan", "a finite number"),
    ({"pair": [1]}, "pair[1]", "nothing", "a value (required)"),
    ({"pair": [1, 2, 3]}, "pair", "[1, 2, 3]", "at most 2 values"),
    ({"rows": [[1.0], [2.0, True]]}, "rows[1][1]", "True", "a number"),
    (
        {"pulses": [{"duration_ns": 1}, {"duration_ns": 1, "delay_ns": 3}]},
        "pulses[1].delay_ns",
        "3.0",
        "at most duration_ns",
    ),
    (
        {"pulses": [{"duration_ns": 1, "odd key": 3}]},
        'pulses[0]."odd key"',
        "an unknown key",
        "one of: duration_ns, kick, delay_ns",
    ),
    ({"one_or_many": "x"}, "one_or_many", "'x'", "a number or a list"),
    ({"kernel": {"kind": "sine"}}, "kernel.kind", "'sine'", "'rectangle', 'exponential'"),
    ({"kernel": {"height": 1.0}}, "kernel.kind", "nothing", "a value (required)"),
    (
        {"kernel": {"kind": "exponential", "tau_ns": -1}},
        "kernel.tau_ns",
        "-1",
        "a number above 0",
    ),
    ({"kernel": {"kind": "rectangle"}}, "kernel.height", "nothing", "a value (required)"),
    ({"file": 3}, "file", "3", "a path"),
]


@pytest.mark.parametrize(("change", "where", "got", "expected"), BAD)
def test_each_problem_is_named_by_parse_and_by_the_constructor(change, where, got, expected):
    with pytest.raises(InputError) as raised:
        parse(GOOD | change, Everything, "a.toml")
    assert problems_of(raised) == [(f"a.toml: {where}", got, expected)]
    with pytest.raises(InputError) as raised:
        Everything(**(GOOD | change))
    assert problems_of(raised) == [(where, got, IN_PYTHON.get(expected, expected))]


def test_all_problems_are_reported_at_once():
    bad = {"number": "x", "whole": 1.5, "mode": "slow", "pulse": {"kick": True}, "extra": 1}
    with pytest.raises(InputError) as raised:
        parse(bad, Everything, "a.toml")
    assert [where for where, _, _ in problems_of(raised)] == [
        "a.toml: number",
        "a.toml: whole",
        "a.toml: switch",
        "a.toml: text",
        "a.toml: mode",
        "a.toml: pulse.duration_ns",
        "a.toml: pulse.kick",
        "a.toml: extra",
    ]


def test_a_list_in_place_of_the_whole_table():
    with pytest.raises(InputError) as raised:
        parse([1], Pulse, "a.toml")  # type: ignore[arg-type]
    assert problems_of(raised) == [("a.toml", "[1]", "a table")]


def test_positional_arguments_are_named():
    with pytest.raises(InputError) as raised:
        Pulse(-1.0, "x")  # type: ignore[arg-type]
    assert problems_of(raised) == [
        ("duration_ns", "-1.0", "a number above 0"),
        ("kick", "'x'", "a number"),
    ]
    with pytest.raises(InputError, match="argument 4: got 9"):
        Pulse(1.0, 2.0, 0.0, 9)  # type: ignore[call-arg]


def test_long_values_are_shortened():
    with pytest.raises(InputError) as raised:
        Pulse("x" * 10_000)  # type: ignore[arg-type]
    assert len(str(raised.value)) < 150


def test_an_error_of_post_init_without_a_key_names_the_class():
    @validated
    class Empty:
        n: int = 0

        def __post_init__(self) -> None:
            raise ValueError("nothing to do")

    with pytest.raises(InputError, match=r"^Empty: got .* expected nothing to do$"):
        Empty()


def test_good_input_gives_the_same_object_by_both_ways():
    made = parse(GOOD | {"pulses": [{"duration_ns": 1}], "pair": [4, 5]}, Everything, "a.toml")
    direct = Everything(**(GOOD | {"pulse": Pulse(2.0), "pulses": (Pulse(1.0),), "pair": (4, 5.0)}))
    assert made == direct
    assert isinstance(made.pulse, Pulse)
    assert made.pair == (4, 5.0)
    assert hash(made) == hash(direct)


def test_union_members_are_chosen_by_their_kind():
    made = parse(GOOD | {"kernel": {"kind": "exponential", "tau_ns": 2}}, Everything, "")
    assert made.kernel == Exponential("exponential", 2.0)


def test_objects_are_frozen_and_survive_replace_and_copy():
    pulse = Pulse(2.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        pulse.kick = 3.0  # type: ignore[misc]
    assert dataclasses.replace(pulse, kick=1) == Pulse(2.0, 1.0)
    with pytest.raises(InputError, match="delay_ns: got 3"):
        dataclasses.replace(pulse, delay_ns=3.0)
    assert copy.deepcopy(pulse) == pulse


def test_whole_numbers_and_numpy_numbers_become_plain_numbers():
    numbers: list[Any] = [2, np.int64(2), np.float64(2), np.float32(2)]
    for value in numbers:
        assert type(Pulse(value).duration_ns) is float
        assert Pulse(value) == Pulse(2.0)
    assert type(parse(GOOD | {"whole": np.int32(3)}, Everything, "").whole) is int
    with pytest.raises(InputError, match="whole"):
        parse(GOOD | {"whole": np.float64(3)}, Everything, "")


def test_a_derived_class_inherits_fields_and_checks():
    @validated
    class Longer(Pulse):
        repeats: int = 1

    assert Longer(1.0, repeats=2).repeats == 2
    with pytest.raises(InputError, match=r"repeats: got 1\.5"):
        Longer(1.0, repeats=1.5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="delay_ns"):
        Longer(1.0, delay_ns=2.0)


def test_the_class_keeps_its_name_docstring_and_signature():
    assert Pulse.__name__ == "Pulse"
    assert Pulse.__doc__ == "A small class with checks of its own."
    assert [field.name for field in dataclasses.fields(Pulse)] == [
        "duration_ns",
        "kick",
        "delay_ns",
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
fields = st.sampled_from([field.name for field in dataclasses.fields(Everything)])


@given(st.dictionaries(fields, anything))
def test_whatever_is_given_is_accepted_or_refused_with_its_key(change):
    try:
        made = parse(GOOD | change, Everything, "a.toml")
    except InputError as error:
        wheres = [problem.where for problem in error.problems]
        assert all(where.startswith("a.toml: ") for where in wheres)
        named = {where.removeprefix("a.toml: ").split(".")[0].split("[")[0] for where in wheres}
        assert named <= set(change)
    else:
        assert math.isfinite(made.number)
        assert type(made.switch) is bool


def test_the_signature_is_that_of_the_source():
    shown = str(inspect.signature(SimulationSettings)).replace("'", "")
    assert shown.startswith("(burn_in_ns: NonNegative = 50.0, refractory_time_ns: Positive | None")
    assert "step_ps: Positive | None = None" in shown  # of a class that it is made from
    for signature in (inspect.signature(Pulse), inspect.signature(SimulationSettings.__init__)):
        assert "Validator" not in str(signature)
