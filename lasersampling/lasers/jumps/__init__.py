"""The exact jump process of photons and carriers, which the rate equations approximate.

It serves to check the equations, and is too slow for sampling; no sampler may depend on it.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.lasers.jumps.process import JumpSettings as JumpSettings
    from lasersampling.lasers.jumps.process import simulate_jumps as simulate_jumps
else:
    __all__, __getattr__ = on_demand(__name__)
