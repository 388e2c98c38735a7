"""Cost of an independent sample of lasers in time and energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.neurons.performance import WallPlug

if TYPE_CHECKING:
    from lasersampling.sampling.neurons.sampler import Lasers

_PJ_PER_FJ = 1e-3


@dataclass(frozen=True)
class Cost:
    """Laser time and electrical energy of the draws.

    Attributes
    ----------
    laser_time_ns : float
        Recorded time of all chains together, without burn-in, adaptation and calibration.
    energy_pj : float
        Energy that the junctions of all lasers take in this time, by `WallPlug`, including the pump
        pulses of the synapses; pulse generators and readout are left out.
    independent_draws : float
        Effective number of independent draws of the slowest unit, or of the energy [1].
    """

    laser_time_ns: float
    energy_pj: float
    independent_draws: float

    @property
    def is_known(self) -> bool:
        """Whether a cost per independent sample can be given."""
        return self.independent_draws >= 1.0

    @property
    def ns_per_sample(self) -> float:
        """Laser time per independent sample [ns]."""
        return self.laser_time_ns / self.independent_draws

    @property
    def pj_per_sample(self) -> float:
        """Electrical energy per independent sample [pJ]."""
        return self.energy_pj / self.independent_draws


def cost_of(
    lasers: Lasers,
    machine: BoltzmannMachine,
    states: NDArray[np.int8],
    free: NDArray[np.intp],
    independent_draws: float,
) -> Cost:
    """Estimate the cost of draws from the mean activity of the units.

    Parameters
    ----------
    lasers : Lasers
        The sampler.
    machine : BoltzmannMachine
        The machine that was sampled.
    states : ndarray of int8, shape (chain, draw, unit)
        Numbers of the free units.
    free : ndarray of int, shape (free unit,)
        Units that were free; the others need no laser.
    independent_draws : float
        Effective number of draws [1].

    Notes
    -----
    A unit that is active for a fraction p of the time spikes at the rate p / tau, so the mean pump
    that it sends to another is its weight times p and the length of a pulse over tau.
    """
    neuron, rule = lasers.neuron, lasers.calibration.rule(lasers.neuron)
    tau = neuron.refractory_time_ns
    synapse, programme = neuron.synapse, lasers.programme(machine)
    length = synapse.time_constant_ns
    pulse = (synapse.length_ns(tau) if length is None else length) / tau
    active = states.mean(axis=(0, 1), dtype=np.float64)
    held = np.ones(machine.n_units, dtype=bool)
    held[free] = False
    constant = programme.weights[:, held] @ active[held]
    steady = np.maximum(rule.pump_ratio(programme, constant)[free], 0.0)
    synaptic = rule.electrons_per_ns(programme.weights)[np.ix_(free, free)] @ active[free] * pulse
    electrons = steady * rule.threshold_pump_electrons_per_ns + synaptic
    total = float(electrons.sum()) + free.size * neuron.device.absorber_pump_electrons_per_ns
    power_uw = WallPlug().power_uw(neuron.device, max(total, 0.0))
    time = lasers.draw_interval_ns * states.shape[0] * states.shape[1]
    return Cost(time, power_uw * time * _PJ_PER_FJ, independent_draws)
