"""Settings of lasers as samplers, as tables of recipes and commands.

All keys are defined and checked here; a recipe or command adopts those that it has. `Lasers`
explains them at length. `sampling.neurons.configured` makes lasers from them.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from lasersampling.config import NonNegative, Positive, Seed, validated
from lasersampling.errors import InputError
from lasersampling.hardware import Imperfections
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import Device
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.tempering import Tempering
from lasersampling.sampling.neurons.translation import Lines

Clamping = Literal["drive", "pump"]


@validated
class NeuronSettings:
    """A laser as a sampling neuron, and when its state is read.

    Attributes
    ----------
    device : Device
        The laser, with its synapse and refractory time.
    delay_ns : float
        Transmission delay of all connections.
    interval_ns : float or None
        Time between draws; a quarter of the refractory time by default.
    burn_in_ns : float or None
        Time before the first draw; fifty refractory times by default.
    calibration : CalibrationSettings
        How the device is calibrated if no calibration is stored.
    """

    device: Device = dataclasses.field(kw_only=True)
    delay_ns: NonNegative = 0.0
    interval_ns: Positive | None = None
    burn_in_ns: NonNegative | None = None
    calibration: CalibrationSettings = CalibrationSettings()


@validated
class ChipSettings(NeuronSettings):
    """The same settings for the lasers of one chip.

    Attributes
    ----------
    imperfections : Imperfections
        Deviations of the lasers from the model.
    chip_seed : int
        Number of the chip, which determines its mismatch and its dead lasers.
    """

    imperfections: Imperfections = Imperfections()
    chip_seed: Seed = 0


@validated
class LineSettings:
    """Lines of lasers; see `translation.Lines`.

    Attributes
    ----------
    offset, gain : tuple of float
        Offset and gain of each unit [1].
    """

    offset: tuple[float, ...]
    gain: tuple[Positive, ...]

    def __post_init__(self) -> None:
        if len(self.offset) != len(self.gain):
            got = f"{len(self.offset)} offsets and {len(self.gain)} gains"
            raise InputError.single("lines", got, "one of either for each unit")

    @classmethod
    def of(cls, lines: Lines) -> LineSettings:
        """Give lines as a table."""
        return cls(tuple(lines.offset.tolist()), tuple(lines.gain.tolist()))

    @property
    def lines(self) -> Lines:
        """The same lines as arrays."""
        return Lines(self.offset, self.gain)  # type: ignore[arg-type]


@validated
class LaserSettings(ChipSettings):
    """All settings of lasers.

    Attributes
    ----------
    clamping : "drive" or "pump"
        Whether clamped units act as a constant drive, or as lasers whose pump is held.
    tempering : Tempering or None
        Periodic modulation of pumps and couplings.
    depression : Depression or None
        Short-term depression of synapses.
    lines : LineSettings or None
        Offset and gain of each laser, as adaptation finds them.
    """

    clamping: Clamping = "drive"
    tempering: Tempering | None = None
    depression: Depression | None = None
    lines: LineSettings | None = None
