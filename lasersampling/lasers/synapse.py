"""The effect of a spike of one laser on the pump of another.

A spike of laser j at time t changes the pump of laser k by ``w_kj * K(s)``, where s is the time
since the spike arrived (``t + delay_kj``). The carriers of the gain section integrate the pump over
their lifetime tau_1, so a rectangular pump pulse has a post-synaptic effect on the *gain* that
rises and decays slowly,

    m(s) = tau_1 (1 - exp(-s / tau_1))   for s < d,   decaying afterwards.

A rectangle of length d with a leading kick of ``tau_1 w`` electrons and a counter-kick of the same
size at its end makes ``m`` rectangular. A kick between 0 and 1 of this size is intermediate.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.config import Positive, Probability, validated
from lasersampling.errors import InputError

__all__ = ["Synapse"]

_LOST_AFTER = 20.0
"""Time constants after which exp(-t) is below 2**-24 of what it was, with some to spare."""


@validated
class Synapse:
    """Shape of the pump pulse that a spike sends to its targets.

    Attributes
    ----------
    kernel : {"rectangular", "shaped", "exponential"}
        ``rectangular``: K = 1 for `duration_ns`. ``shaped``: the same with a kick and a
        counter-kick of `kick` times ``tau_1`` electrons per electron/ns. ``exponential``:
        K(s) = exp(-s / `time_constant_ns`).
    duration_ns : float or None
        Length of the rectangle [ns]; by default the refractory time of the sampler. It is rounded
        to whole steps of the simulation, with a warning if that changes it by more than 5 %; less
        than half a step is refused.
    kick : float
        Strength of the kicks of the shaped kernel [1]; 1 makes the gain see a rectangle.
    time_constant_ns : float or None
        Time constant of the exponential kernel [ns]. The drive is held during each step, which adds
        half a step over the time constant to its charge; there is a warning from 5 % on.
    overlap : {"renew", "add"}
        Effect of a spike that comes during the pulse of the one before: it renews the pulse, as a
        retriggerable pulse generator and the neural sampling theory do, or adds a second one.
    section : {"gain", "absorber"}
        The section that is pumped. The absorber, with its short carrier lifetime, follows a
        rectangle at once; for negative weights it needs a constant pump from which they subtract,
        since no pump can be negative.

    Raises
    ------
    InputError
        If values and kernel do not fit together.

    References
    ----------
    Renewing post-synaptic potentials: M. A. Petrovici et al., "Stochastic inference with spiking
    neurons in the high-conductance state", Phys. Rev. E 94 (2016) 042312, section III.

    Examples
    --------
    >>> Synapse(duration_ns=2.0).mean_effect(2.5), Synapse(kernel="shaped", kick=1.0).section
    (0.8, 'gain')
    """

    kernel: Literal["rectangular", "shaped", "exponential"] = "rectangular"
    duration_ns: Positive | None = None
    kick: Probability = 0.0
    time_constant_ns: Positive | None = None
    overlap: Literal["renew", "add"] = "renew"
    section: Literal["gain", "absorber"] = "gain"

    def __post_init__(self) -> None:
        if self.kernel != "shaped" and self.kick != 0.0:
            raise InputError.single("kick", self.kick, f"0 for the {self.kernel} kernel")
        if self.kernel == "exponential":
            if self.time_constant_ns is None:
                raise InputError.single(
                    "time_constant_ns", "nothing", "a time constant for the exponential kernel"
                )
            if self.duration_ns is not None:
                raise InputError.single(
                    "duration_ns", self.duration_ns, "nothing for the exponential kernel"
                )
        elif self.time_constant_ns is not None:
            raise InputError.single(
                "time_constant_ns", self.time_constant_ns, f"nothing for the {self.kernel} kernel"
            )

    def length_ns(self, refractory_time_ns: float) -> float:
        """Length of the rectangle [ns], given the refractory time of the sampler."""
        return refractory_time_ns if self.duration_ns is None else self.duration_ns

    def memory_ns(self, refractory_time_ns: float) -> float:
        """Time for which a spike still matters to the pump after its arrival [ns].

        For the exponential kernel, until it is lost in single precision.
        """
        if self.time_constant_ns is not None:
            return _LOST_AFTER * self.time_constant_ns
        return self.length_ns(refractory_time_ns)

    def pump(self, time_ns: ArrayLike, refractory_time_ns: float) -> NDArray[np.float64]:
        """Pump part of the kernel, without the kicks [1].

        Parameters
        ----------
        time_ns : array_like
            Time since the spike arrived.
        refractory_time_ns : float
            Refractory time of the sampler.

        Returns
        -------
        ndarray
            K at these times.
        """
        time = as_floats(time_ns, "time_ns")
        if self.time_constant_ns is not None:
            decaying = np.exp(-np.maximum(time, 0.0) / self.time_constant_ns)
            return np.where(time >= 0.0, decaying, 0.0)
        length = self.length_ns(refractory_time_ns)
        return np.where((time >= 0.0) & (time < length), 1.0, 0.0)

    def mean_effect(self, refractory_time_ns: float) -> float:
        """Mean of the pump kernel over the refractory time [1].

        Translation divides by it, so that synapses of all shapes deliver the same charge while z =
        1. How much of it affects the activation is measured on a pair of coupled lasers.
        """
        if self.time_constant_ns is not None:
            x = refractory_time_ns / self.time_constant_ns
            return float(-np.expm1(-x) / x)
        return min(1.0, self.length_ns(refractory_time_ns) / refractory_time_ns)
