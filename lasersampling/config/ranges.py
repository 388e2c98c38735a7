"""Ranges of numbers outside of which nothing can be learned; what lies outside is refused.

They are wide: each holds all values of published work with at least a hundredfold margin. A number
outside is a typing error, or a number in another unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

LARGEST_TIME = 1e6
"""Latest time of a spike, and longest delay [tau_syn]. Here double precision still tells times that
are 1e-10 apart, which is how exact spike times are; 1e16 does not change if 1 is added."""


@dataclass(frozen=True)
class Within:
    """Checks that a number lies in a range, which the message names.

    Attributes
    ----------
    lowest, highest : float
        The ends of the range, which belong to it.
    """

    lowest: float
    highest: float

    def __call__(self, value: float) -> float:
        """Return the number, if it lies in the range."""
        if not self.lowest <= value <= self.highest:
            raise ValueError(f"a number from {self.lowest:g} to {self.highest:g}")
        return value


Time = Annotated[float, AfterValidator(Within(1e-6, LARGEST_TIME))]
"""A time above 0: ends of runs, steps [tau_syn]."""

SpanOfDelays = Annotated[float, AfterValidator(Within(1e-12, 2.0 * LARGEST_TIME))]
"""Width of a range of delays, which may hold nearly the same, or those up to the latest time well
away from its end [tau_syn]."""

TimeFromZero = Annotated[float, AfterValidator(Within(0.0, LARGEST_TIME))]
"""A time, or a delay, that may be 0 [tau_syn]."""

Scale = Annotated[float, AfterValidator(Within(1e-3, 1e3))]
"""What divides other quantities of the order of 1: time constants, conductances, temperatures."""

Strength = Annotated[float, AfterValidator(Within(0.0, 1e6))]
"""Of penalties; standard deviations, numbers of spikes."""

Level = Annotated[float, AfterValidator(Within(-1e6, 1e6))]
"""Weights and voltages of either sign [1]."""

LearningRate = Annotated[float, AfterValidator(Within(1e-8, 10.0))]
"""A rate of Adam, whose steps are about as large."""

SmallestSlope = Annotated[float, AfterValidator(Within(1e-12, 1e3))]
"""Limit of the slope of a voltage, below which derivatives grow no further [1/tau_syn]."""

GradientLimit = Annotated[float, AfterValidator(Within(1e-9, 1e9))]
"""Largest entry of a gradient."""
