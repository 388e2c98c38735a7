"""Short-term depression: synapses that become weaker with each spike and recover.

All synapses of a laser share a resource R, full at 1. A spike uses a fraction U of it, and the
transmitted amplitude is proportional to the amount used:

    amplitude = R,    R -> R (1 - U)    at each spike;    dR/dt = (1 - R) / tau_rec    in between.

This is the depressing limit of Tsodyks and Markram (no facilitation). There the amplitude is U R;
here the first spike after rest has the full weight of the translation. Spikes at a constant
interval T reach the steady state

    R* = (1 - e) / (1 - (1 - U) e),    e = exp(-T / tau_rec),

so couplings are weaker the longer a laser has been active. `reference_interval_ns` compensates for
this: amplitudes are divided by R* of this interval, so that a laser which spikes at this interval
acts with its full weight, a laser after rest with more, and one that spikes faster with less. A
renewed pulse continues with the amplitude of the new spike.

In a sampling network, the couplings between active units become weaker, so that their mode loses
stability and another one takes over. The sampled law then differs somewhat from that of the machine
(`training/mixing.py` measures by how much).

References
----------
M. V. Tsodyks, H. Markram, PNAS 94 (1997) 719; L. Leng et al., "Spiking neurons with short-term
synaptic plasticity form superior generative networks", Sci. Rep. 8 (2018) 10651.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from lasersampling.config import Positive, validated
from lasersampling.lasers.chain_state import StateArray

__all__ = ["DEPRESSION_ARRAYS", "RESOURCE", "SPIKE_AMPLITUDE", "Depression"]

RESOURCE = StateArray("resource", np.float64, "unit", at_rest=1.0)
SPIKE_AMPLITUDE = StateArray("spike_amplitude", np.float64, "spike", at_rest=1.0)

DEPRESSION_ARRAYS = (RESOURCE, SPIKE_AMPLITUDE)
"""State of the synapses: R of each laser, and the strength of each recent spike."""


@validated
class Depression:
    """How synapses become weaker and recover.

    Attributes
    ----------
    utilisation : float
        U, the fraction of the resource that a spike uses [1].
    recovery_time_ns : float
        tau_rec, the time constant of recovery [ns].
    reference_interval_ns : float or None
        Interval at which spikes act, in the steady state, with their full weight; by default the
        first spike after rest does [ns].

    Raises
    ------
    InputError
        If a value is out of range.

    Examples
    --------
    >>> tiring = Depression(utilisation=0.5, recovery_time_ns=10.0)
    >>> round(tiring.steady_state(10.0), 3)
    0.775
    """

    utilisation: Annotated[float, Field(gt=0, le=1)]
    recovery_time_ns: Positive
    reference_interval_ns: Positive | None = None

    def steady_state(self, interval_ns: float) -> float:
        """R* for spikes at this interval [1]."""
        left = math.exp(-interval_ns / self.recovery_time_ns)
        return (1.0 - left) / (1.0 - (1.0 - self.utilisation) * left)

    @property
    def full_strength(self) -> float:
        """Factor that gives spikes of the reference interval their full weight [1]."""
        if self.reference_interval_ns is None:
            return 1.0
        return 1.0 / self.steady_state(self.reference_interval_ns)
