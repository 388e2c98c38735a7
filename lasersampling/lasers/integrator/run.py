"""Data that all bundles of one simulation share."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lasersampling.lasers.integrator import preparation
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.integrator.tables import Coupling, Model
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.pumps import pump_electrons_per_ns
from lasersampling.lasers.resting import RestingStates
from lasersampling.lasers.settings import SimulationSettings

__all__ = ["Run"]


class Run:
    """A simulation as the kernel needs it: ratios have become pumps, and times whole steps.

    Parameters
    ----------
    network : LaserNetwork
        Lasers and their coupling.
    pump_ratio : ndarray of float64, shape (chain, laser)
        Pump over the threshold pump of all chains, without synaptic contributions [1].
    duration_ns : float
        Time recorded.
    settings : SimulationSettings
        Settings of the simulation.
    start : NetworkState or None
        State from which the chains continue; None starts them at rest.
    """

    def __init__(
        self,
        network: LaserNetwork,
        pump_ratio: NDArray[np.float64],
        duration_ns: float,
        settings: SimulationSettings,
        start: NetworkState | None,
    ) -> None:
        device, synapse = network.device, network.synapse
        assert synapse is not None  # the network has put the device's own in its place
        self.network, self.duration_ns, self.start = network, duration_ns, start
        self.request, self.recall_ns = settings.traces, settings.recall_ns
        self.step_ps, tau = settings.step_of(device), settings.refractory_time_of(device)
        alpha = device.cavity.linewidth_enhancement
        # Substeps in the dark neither turn the field nor do without noise.
        windows = settings.noise and alpha == 0.0
        windows &= settings.traces is None and not settings.common_step
        constants = preparation.constants(
            device, synapse.time_constant_ns, self.step_ps, noise=settings.noise, windows=windows
        )
        self.step_ns = self.step_ps * 1e-3
        burn_in_ns = settings.burn_in_ns if start is None else 0.0
        self.burn_in_steps = math.ceil(burn_in_ns / self.step_ns - 1e-9)
        self.last_step = self.burn_in_steps + math.ceil(duration_ns / self.step_ns - 1e-9)
        rotation = None if alpha == 0.0 else np.float32(-0.5 * alpha)
        self.model = Model(constants, rotation, network.n_lasers)
        self._refractory_time_ns = tau
        self._links = preparation.links(network, self.step_ps)
        self.coupling = self.coupling_to(slice(0, network.n_lasers))
        pump = pump_electrons_per_ns(device, pump_ratio)
        # Lasers that continue from a state need no resting ones; one is enough then.
        self.rest = RestingStates(device, pump if start is None else pump[:1, :1])
        own = settings.chains_of(len(pump))
        self.pump = pump[own.start : own.stop]
        self.memory_ns = float(np.max(network.delay_ns)) + synapse.memory_ns(tau) + tau

    def coupling_to(self, lasers: slice) -> Coupling:
        """Connections to some lasers of a chain."""
        tau, step_ps = self._refractory_time_ns, self.step_ps
        return preparation.coupling(self._links, self.network, tau, step_ps, lasers)
