"""TOML files become validated, frozen objects; HDF5 files are read with care.

Each package states the fields and limits of its own objects; no object of physics or learning
belongs here.

A class with annotations becomes such an object by the decorator `validated`. Numbers that are
not finite, booleans and strings in place of numbers, values out of range and unknown keys are
refused, all at once, each with its file and key.

Examples
--------
>>> from lasersampling.config import Positive, parse, validated
>>> @validated
... class Pulse:
...     duration_ns: Positive
...     kick: float = 0.0
>>> parse({"duration_ns": 3}, Pulse, "pulse.toml")
Pulse(duration_ns=3.0, kick=0.0)
>>> parse({"duration_ns": -3, "kik": 1}, Pulse, "pulse.toml")
Traceback (most recent call last):
    ...
lasersampling.errors.InputError: pulse.toml: duration_ns: got -3, expected a number above 0
pulse.toml: kik: got an unknown key, expected one of: duration_ns, kick
"""

from lasersampling.config.shipped import located, resolve, shipped_names, shipped_path
from lasersampling.config.toml import (
    load,
    load_settings,
    parse,
    read_toml,
    save_settings,
    to_toml,
    toml_of,
)
from lasersampling.config.validation import (
    LARGEST_SEED,
    Count,
    Finite,
    NonNegative,
    Positive,
    Probability,
    Seed,
    validated,
)

__all__ = [
    "LARGEST_SEED",
    "Count",
    "Finite",
    "NonNegative",
    "Positive",
    "Probability",
    "Seed",
    "load",
    "load_settings",
    "located",
    "parse",
    "read_toml",
    "resolve",
    "save_settings",
    "shipped_names",
    "shipped_path",
    "to_toml",
    "toml_of",
    "validated",
]
