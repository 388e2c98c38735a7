"""Lasers as plain settings, by which a file says with which ones a machine was learned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lasersampling.config import Positive, validated
from lasersampling.errors import InputError
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.translation import Lines


@validated
class LineSettings:
    """Lines of lasers, as a table of a configuration.

    Attributes
    ----------
    offset, gain : tuple of float
        Of each unit; see `translation.Lines` [1].
    """

    offset: tuple[float, ...]
    gain: tuple[Positive, ...]

    def __post_init__(self) -> None:
        if len(self.offset) != len(self.gain):
            got = f"{len(self.offset)} offsets and {len(self.gain)} gains"
            raise InputError.single("lines", got, "one of either for each unit")

    @property
    def lines(self) -> Lines:
        """The same as arrays."""
        return Lines(self.offset, self.gain)  # type: ignore[arg-type]


def settings_of(lasers: Lasers) -> dict[str, Any]:
    """Return what makes these lasers, by the keys that the configurations of commands have.

    Parameters
    ----------
    lasers : Lasers
        Without tempering and depression, of which nothing is told.

    Examples
    --------
    >>> sorted(settings_of(Lasers("D6")))
    ['chip_seed', 'delay_ns', 'device', 'imperfections']
    """
    neuron = lasers.neuron
    device = replace(
        neuron.device, synapse=neuron.synapse, refractory_time_ns=neuron.refractory_time_ns,
        step_ps=neuron.step_ps,
    )  # fmt: skip
    lines = lasers.lines
    told = {
        "device": device,
        "delay_ns": lasers.delay_ns,
        "interval_ns": lasers.interval_ns,
        "burn_in_ns": lasers.burn_in_ns,
        "calibration": lasers.settings,
        "imperfections": lasers.imperfections,
        "chip_seed": lasers.chip_seed,
        "lines": None
        if lines is None
        else LineSettings(tuple(lines.offset.tolist()), tuple(lines.gain.tolist())),
    }
    return {key: value for key, value in told.items() if value is not None}
