"""From a Boltzmann machine to pumps and couplings.

Unit k of a Boltzmann machine is 1 with probability sigma(u_k), u_k = b_k + sum_j W_kj z_j. A laser
is at 1 with probability sigma(alpha (r - r0)), where r is its pump over the threshold pump. Equal
arguments require

    r_k = r0 + b_k / alpha + sum_j (W_kj / alpha) z_j,

a constant pump r0 + b_k / alpha and, for the time tau after each spike of j, an additional W_kj /
alpha. The carriers low-pass filter the pump, so the effect of such a pulse is *measured* on two
lasers coupled by w in both directions: their joint distribution over (z_1, z_2) is that of a
Boltzmann machine with weight gamma w. `gamma` is the strength of a unit synapse, and translation
divides by it.

References
----------
M. A. Petrovici et al., Phys. Rev. E 94 (2016) 042312, section IV (translation for LIF neurons);
I. K. Boikov et al., Nat. Commun. 17 (2026) 125 (for nanolasers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.errors import InputError


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines a_k + g_k u_k that drive lasers in place of the field u_k of unit k.

    Attributes
    ----------
    offset, gain : ndarray, shape (unit,)
        a and g [1].

    Raises
    ------
    InputError
        If these are not finite numbers of the same shape, or a gain is not positive.
    """

    offset: NDArray[np.float64]
    gain: NDArray[np.float64]

    if TYPE_CHECKING:  # whatever NumPy takes for an array is copied into one

        def __init__(self, offset: ArrayLike, gain: ArrayLike) -> None: ...

    def __post_init__(self) -> None:
        for name in ("offset", "gain"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.float64))
        if self.offset.ndim != 1 or self.offset.shape != self.gain.shape:
            got = f"shapes {self.offset.shape} and {self.gain.shape}"
            raise InputError.single("lines", got, "offset and gain of shape (unit,)")
        # Written so that nan fails it too.
        if not (np.isfinite(self.offset).all() and ((self.gain > 0) & (self.gain < np.inf)).all()):
            got = "numbers that are not finite, or a gain of 0 or less"
            raise InputError.single("lines", got, "finite offsets and positive gains")

    def padded(self, n_units: int) -> Lines:
        """Give the lines of a machine with more units at its end, which get gain 1 and offset 0.

        Examples
        --------
        >>> Lines([0.5], [1.2]).padded(2).gain
        array([1.2, 1. ])
        """
        more = (0, max(0, n_units - len(self.gain)))
        return Lines(np.pad(self.offset, more), np.pad(self.gain, more, constant_values=1.0))


class Programme(NamedTuple):
    """Weights and biases that drive lasers, in units of a Boltzmann machine's parameters.

    Attributes
    ----------
    weights : ndarray, shape (post, pre)
        Effect of z_pre on the argument of post; need not be symmetric [1].
    biases : ndarray, shape (unit,)
        Arguments without synaptic input [1].
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]

    @classmethod
    def of(cls, machine: AnyMachine, lines: Lines | None) -> Programme:
        """Give the parameters of a machine, with lines if there are any.

        Raises
        ------
        InputError
            If the numbers of lines and units differ.
        """
        machine = as_machine(machine)
        if lines is None:
            return cls(machine.weights, machine.biases)
        if len(lines.gain) != machine.n_units:
            got = f"{len(lines.gain)} for a machine of {machine.n_units} units"
            raise InputError.single("lines", got, "one for each unit")
        gain = lines.gain
        return cls(gain[:, None] * machine.weights, lines.offset + gain * machine.biases)

    def among(self, units: NDArray[np.intp]) -> Programme:
        """Leave out all other units."""
        return Programme(self.weights[np.ix_(units, units)], self.biases[units])

    def times(self, beta: float) -> Programme:
        """Return the programme at an inverse temperature [1]."""
        return Programme(beta * self.weights, beta * self.biases)


@dataclass(frozen=True)
class TranslationRule:
    """Properties of lasers and synapses that translation needs.

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
        Pump that acts like one electron/ns in the section that the synapses drive [1].
    """

    threshold_pump_electrons_per_ns: float
    slope: float
    midpoint: float
    mean_effect: float
    synapse_strength: float = 1.0
    pump_per_drive: float = 1.0

    def weights_electrons_per_ns(
        self, machine: BoltzmannMachine | Programme
    ) -> NDArray[np.float64]:
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

    def pump_ratio(
        self, machine: BoltzmannMachine | Programme, drive: NDArray[np.float64] | float = 0.0
    ) -> NDArray[np.float64]:
        """Pumps r = P/P_th [1] without synaptic input, shape (unit,) or that of `drive`.

        Parameters
        ----------
        machine : BoltzmannMachine or Programme
            The machine whose biases are translated.
        drive : ndarray, shape (..., unit)
            Values added to the biases, such as the constant effect of clamped units.
        """
        return np.asarray(self.midpoint + (machine.biases + drive) / self.slope)
