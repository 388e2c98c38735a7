"""Lasers from the settings of a configuration, and settings from lasers."""

from __future__ import annotations

import dataclasses
from typing import Any

from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.settings import LaserSettings, LineSettings

_LEARNED_WITH = (
    "device", "delay_ns", "interval_ns", "burn_in_ns", "calibration", "imperfections", "chip_seed",
    "lines",
)  # fmt: skip


def lasers_of(*configurations: object) -> Lasers:
    """Make the lasers that configurations describe.

    Parameters
    ----------
    *configurations : validated objects
        Keys of `LaserSettings` are taken from each; all other settings have their defaults.

    Examples
    --------
    >>> from lasersampling.lasers.device import load_device
    >>> from lasersampling.sampling.neurons.settings import ChipSettings
    >>> lasers_of(ChipSettings(device=load_device("D6"), delay_ns=0.1, chip_seed=3)).chip_seed
    3
    """
    given: dict[str, Any] = {
        field.name: getattr(one, field.name)
        for one in configurations
        for field in dataclasses.fields(LaserSettings)
        if hasattr(one, field.name)
    }
    lines: LineSettings | None = given.pop("lines", None)
    return Lasers(
        settings=given.pop("calibration", None), lines=None if lines is None else lines.lines,
        **given,
    )  # fmt: skip


def settings_of(lasers: Lasers) -> dict[str, Any]:
    """Return the settings of lasers, by the keys that the configurations of commands have.

    Parameters
    ----------
    lasers : Lasers
        The lasers; their clamping, tempering and depression are not among the settings.

    Examples
    --------
    >>> sorted(settings_of(Lasers("D6")))
    ['chip_seed', 'delay_ns', 'device', 'imperfections']
    """
    neuron = lasers.neuron
    device = dataclasses.replace(
        neuron.device, synapse=neuron.synapse, refractory_time_ns=neuron.refractory_time_ns,
        step_ps=neuron.step_ps,
    )  # fmt: skip
    of_others = {
        "device": device,
        "calibration": lasers.settings,
        "lines": None if lasers.lines is None else LineSettings.of(lasers.lines),
    }
    told = {
        key: of_others[key] if key in of_others else getattr(lasers, key) for key in _LEARNED_WITH
    }
    return {key: value for key, value in told.items() if value is not None}
