"""One set of settings serves all commands: what a configuration says is what the lasers have."""

import dataclasses
import tomllib
from typing import Any

import pytest

from lasersampling.cli.configurations import (
    InferConfig,
    LasersConfig,
    RenewalConfig,
    ServeLasersConfig,
)
from lasersampling.commands.generate_configuration import GenerateConfig
from lasersampling.config import parse, to_toml
from lasersampling.errors import InputError
from lasersampling.hardware import load_imperfections
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import load_device
from lasersampling.learning.machines.recipes import FitRecipe, SamplerSettings
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.configured import lasers_of, settings_of
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.settings import LaserSettings, LineSettings
from lasersampling.sampling.neurons.tempering import Tempering

GIVEN: dict[str, Any] = {
    "device": load_device("D5"),
    "delay_ns": 0.05,
    "interval_ns": 2.0,
    "burn_in_ns": 7.0,
    "calibration": CalibrationSettings(seed=3),
    "imperfections": load_imperfections("laboratory"),
    "chip_seed": 4,
    "clamping": "pump",
    "tempering": Tempering(period_ns=50.0),
    "depression": Depression(0.1, 20.0),
    "lines": LineSettings(offset=(0.5,), gain=(1.25,)),
}
"""A value other than the default for each key of `LaserSettings`."""

OTHERS = {"machine": "m", "sampler": "lasers", "units": 1, "target": "t.csv"}
"""What some configurations must have beside."""


def has(lasers, key):
    """What lasers have of a setting."""
    if key == "device":
        return lasers.neuron.device
    if key == "calibration":
        return lasers.settings
    if key == "lines":
        return None if lasers.lines is None else LineSettings.of(lasers.lines)
    return getattr(lasers, key)


def configuration(cls, keys):
    """Make one with these keys, as far as it has them."""
    names = {field.name for field in dataclasses.fields(cls)}
    sampler = {"sampler": "renewal"} if cls is RenewalConfig else {}
    values = OTHERS | sampler | {key: GIVEN[key] for key in keys}
    return cls(**{name: value for name, value in values.items() if name in names})


CONFIGURATIONS = {
    LaserSettings: (),
    LasersConfig: ("clamping", "lines"),
    RenewalConfig: ("imperfections", "chip_seed", "clamping", "tempering", "depression", "lines"),
    ServeLasersConfig: ("tempering", "depression", "lines"),
    InferConfig: ("clamping", "tempering", "depression"),
    GenerateConfig: (
        "delay_ns", "calibration", "imperfections", "chip_seed", "clamping", "lines",
    ),
}  # fmt: skip
"""Configurations, and the keys of lasers that they do not have."""


@pytest.mark.parametrize("cls", CONFIGURATIONS)
def test_each_key_reaches_the_lasers(cls):
    keys = [key for key in GIVEN if key not in CONFIGURATIONS[cls]]
    lasers = lasers_of(configuration(cls, keys))
    assert {key: has(lasers, key) for key in keys} == {key: GIVEN[key] for key in keys}
    assert list(GIVEN) == [field.name for field in dataclasses.fields(LaserSettings)]


def test_keys_of_a_recipe_reach_the_lasers():
    table = {key: GIVEN[key] for key in ("delay_ns", "interval_ns", "burn_in_ns", "chip_seed")}
    top = {key: GIVEN[key] for key in ("device", "imperfections", "calibration")}
    recipe = FitRecipe(target="t.csv", sampler=SamplerSettings(**table), **top)
    lasers = lasers_of(recipe, recipe.sampler)
    assert {key: has(lasers, key) for key in top | table} == top | table


def test_lasers_are_made_again_from_what_a_file_tells_of_them():
    lasers = lasers_of(configuration(InferConfig, [key for key in GIVEN if key != "clamping"]))
    table = tomllib.loads(to_toml(settings_of(lasers)))
    again = lasers_of(parse(table | {"machine": "m", "sampler": "lasers"}, InferConfig, ""))
    told = [key for key in GIVEN if key not in ("clamping", "tempering", "depression")]
    assert {key: has(again, key) for key in told} == {key: GIVEN[key] for key in told}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("interval_ns", 0.0, "interval_ns: got 0.0, expected a number above 0"),
        ("burn_in_ns", -1, "burn_in_ns: got -1, expected a number of at least 0"),
        ("chip_seed", True, "chip_seed: got True, expected a whole number"),
        ("chip_seed", 2**63, "chip_seed: got 9223372036854775808, expected a number of at most"),
        ("clamping", "hard", "clamping: got 'hard', expected 'drive' or 'pump'"),
        ("tempering", 40.0, r"tempering: got 40.0, expected (a table|Tempering\(...\))"),
        ("depression", 0.1, r"depression: got 0.1, expected (a table|Depression\(...\))"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_alike_everywhere(key, value, message):
    with pytest.raises(InputError, match=message):
        Lasers(**{key: value})
    with pytest.raises(InputError, match=message):
        LaserSettings(device=GIVEN["device"], **{key: value})
