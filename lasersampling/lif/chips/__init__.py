"""Emulated analog chips of LIF neurons: events, calibration from spikes, networks in the loop.

What is imperfect about any device, LIF or laser, stands in `lasersampling.hardware` and not here.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.lif.chips.calibration import QUANTITIES as QUANTITIES
    from lasersampling.lif.chips.calibration import ChipCalibration as ChipCalibration
    from lasersampling.lif.chips.calibration import calibrate_chip as calibrate_chip
    from lasersampling.lif.chips.emulated import EmulatedChip as EmulatedChip
else:
    __all__, __getattr__ = on_demand(__name__)
