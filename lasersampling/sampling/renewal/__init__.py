"""Renewal neurons, a fast abstraction of lasers: their measured hazard, and a sampler made of them.

Whatever needs the rate equations does not belong here: it stands in `lasersampling.lasers` or
`lasersampling.sampling.neurons`.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.sampling.renewal.hazard_measurement import HazardSettings as HazardSettings
    from lasersampling.sampling.renewal.sampler import Renewal as Renewal
else:
    __all__, __getattr__ = on_demand(__name__)
