"""How a network runs on a time grid."""

from __future__ import annotations

import math
from typing import Literal

from lasersampling.config import validated
from lasersampling.config.ranges import SmallestSlope, Time
from lasersampling.config.validation import LARGEST_COUNT
from lasersampling.errors import InputError
from lasersampling.lif.grid.surrogates import Surrogate

Derivatives = Literal["surrogate", "times", "both"]


@validated
class GridSettings:
    """How a network runs on a time grid.

    Attributes
    ----------
    step : float
        Longest step; steps are shortened so that a whole number of them fills the run [tau_syn].
    end : float
        Time at which runs end [tau_syn].
    surrogate : Surrogate
        Takes the place of the derivative of the step function.
    detach_reset : bool
        Whether derivatives leave out that a spike resets the voltage.
    derivatives : "surrogate", "times" or "both"
        What depends on voltages in the backward pass: whether there is a spike, by the surrogate;
        or when it is, by the slope of the voltage, which are the derivatives of
        `lif.events` in the limit of short steps; or both.
    single : bool
        Whether to compute in single precision, whatever the network's own is.
    smallest_slope : float
        Derivatives take the slope of the voltage at a spike, times the leak conductance, to be at
        least this large [1/tau_syn].

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> from lasersampling.lif.grid.settings import GridSettings
    >>> settings = GridSettings(step=0.3, end=1.0)
    >>> settings.n_steps, settings.length
    (4, 0.25)
    """

    step: Time
    end: Time
    surrogate: Surrogate = Surrogate()
    detach_reset: bool = False
    derivatives: Derivatives = "surrogate"
    single: bool = False
    smallest_slope: SmallestSlope = 1e-6

    def __post_init__(self) -> None:
        ratio = self.end / self.step
        if not ratio <= LARGEST_COUNT:
            got = f"{self.step:g}, {ratio:.3g} steps until the end"
            raise InputError.single("step", got, f"at most {LARGEST_COUNT:g} steps")

    @property
    def n_steps(self) -> int:
        """Number of steps of a run."""
        return max(1, math.ceil(self.end / self.step * (1.0 - 1e-12)))

    @property
    def length(self) -> float:
        """Length of a step [tau_syn]."""
        return self.end / self.n_steps
