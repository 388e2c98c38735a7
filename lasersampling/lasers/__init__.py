"""Nanolasers with a gain section and a saturable absorber: devices, dynamics, networks.

Times are in ns, photons and carriers are numbers, pumps are electrons per ns. Nothing here knows
Boltzmann machines: lasers as sampling neurons are `lasersampling.sampling.neurons`. Modules are
imported where they are needed, since the compiled ones take a moment to load.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.errors import AccuracyWarning as AccuracyWarning
    from lasersampling.lasers.depression import Depression as Depression
    from lasersampling.lasers.device import Cavity as Cavity
    from lasersampling.lasers.device import Detection as Detection
    from lasersampling.lasers.device import Device as Device
    from lasersampling.lasers.device import Section as Section
    from lasersampling.lasers.device import load_device as load_device
    from lasersampling.lasers.euler import euler_rates as euler_rates
    from lasersampling.lasers.network import LaserNetwork as LaserNetwork
    from lasersampling.lasers.rate_equations import quiescent_state as quiescent_state
    from lasersampling.lasers.simulation import SimulationSettings as SimulationSettings
    from lasersampling.lasers.simulation import TraceRequest as TraceRequest
    from lasersampling.lasers.simulation import Traces as Traces
    from lasersampling.lasers.simulation import simulate as simulate
    from lasersampling.lasers.spikes import SpikeTrains as SpikeTrains
    from lasersampling.lasers.synapse import Synapse as Synapse
else:
    __all__, __getattr__ = on_demand(__name__)
