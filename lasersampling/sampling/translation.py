"""From a Boltzmann machine to pumps and couplings.

Unit k of a Boltzmann machine is 1 with probability sigma(u_k), u_k = b_k + sum_j W_kj z_j. A laser
is "1" with probability sigma(alpha (r - r0)), r being its pump over the threshold pump. Equal
arguments need

    r_k = r0 + b_k / alpha + sum_j (W_kj / alpha) z_j,

a pump r0 + b_k / alpha and, for tau after each spike of j, W_kj / alpha on top. The carriers
low-pass the pump, so what a pulse of that size does is *measured* on two lasers coupled by w each
way: their joint distribution over (z_1, z_2) is that of a Boltzmann machine with weight gamma w.
`gamma` is the strength of a unit synapse, and translation divides by it.

References
----------
M. A. Petrovici et al., Phys. Rev. E 94 (2016) 042312, section IV (translation for LIF neurons);
I. K. Boikov et al., Nat. Commun. 17 (2026) 125 (for nanolasers).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine


@dataclass(frozen=True)
class TranslationRule:
    """What translation needs to know of lasers and synapses.

    Attributes
    ----------
    threshold_pump_electrons_per_ns : float
        P_th of the device.
    slope, midpoint : float
        alpha and r0 of the activation curve, in units of P_th [1].
    mean_effect : float
        Mean of the synapse's kernel over the refractory time [1].
    synapse_strength : float
        gamma [1].
    pump_per_drive : float
        Pump that acts as one electron/ns of the section which the synapses drive [1].
    """

    threshold_pump_electrons_per_ns: float
    slope: float
    midpoint: float
    mean_effect: float
    synapse_strength: float = 1.0
    pump_per_drive: float = 1.0

    def weights_electrons_per_ns(self, machine: BoltzmannMachine) -> NDArray[np.float64]:
        """Changes of the driven pump per spike [electrons/ns], shape (post, pre)."""
        return self.electrons_per_ns(machine.weights)

    def electrons_per_ns(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Changes of the driven pump for weights that need not be symmetric [electrons/ns].

        Parameters
        ----------
        weights : ndarray, shape (post, pre)
            Weights [1].
        """
        per_unit = self.threshold_pump_electrons_per_ns / (
            self.slope * self.mean_effect * self.pump_per_drive
        )
        return weights / self.synapse_strength * per_unit

    def pump_electrons_per_ns(
        self, machine: BoltzmannMachine, drive: NDArray[np.float64] | float = 0.0
    ) -> NDArray[np.float64]:
        """Pumps [electrons/ns] without synaptic input, shape (unit,) or that of `drive`.

        Parameters
        ----------
        machine : BoltzmannMachine
            The machine.
        drive : ndarray, shape (..., unit)
            What is added to the biases, such as the constant effect of clamped units.
        """
        pump = self.midpoint + (machine.biases + drive) / self.slope
        return np.asarray(pump * self.threshold_pump_electrons_per_ns)
