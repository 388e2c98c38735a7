"""When runs end, and what is done where derivatives have no bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, LaserSamplingError


class RunawayActivityError(LaserSamplingError):
    """A network spikes more often than it may.

    Parameters
    ----------
    found : str
        Which run and which neuron.
    advice : str
        What can be done about it.
    """

    def __init__(
        self,
        found: str,
        advice: str = "make recurrent weights smaller or refractory periods longer, or allow more "
        "(most_spikes)",
    ) -> None:
        super().__init__(found, advice)
        self.found, self.advice = found, advice

    def __str__(self) -> str:
        return f"{self.found}: {self.advice}"


@dataclass(frozen=True)
class EventSettings:
    """When runs end, and what is done where derivatives have no bound.

    Attributes
    ----------
    end : float
        Time at which runs end, inf to go on until nothing happens any more [tau_syn].
    most_spikes : int
        Number of spikes that a run may have; with more, `RunawayActivityError` is raised.
    smallest_slope : float
        Derivatives take the slope of the voltage at a spike, times the leak conductance, to be at
        least this large [1/tau_syn].
    n_threads : int
        Number of threads that share the runs; results do not depend on it.

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> from lasersampling.lif.events.settings import EventSettings
    >>> EventSettings(end=6.0).most_spikes
    100000
    """

    end: float = np.inf
    most_spikes: int = 100_000
    smallest_slope: float = 1e-6
    n_threads: int = 1

    def __post_init__(self) -> None:
        problems = [
            *integer_problems("most_spikes", self.most_spikes, 1, 10**9),
            *integer_problems("n_threads", self.n_threads, 1, 10**4),
            *number_problems("smallest_slope", self.smallest_slope, 0.0, strict=True),
        ]
        if not (isinstance(self.end, float) and self.end == np.inf):
            problems += number_problems("end", self.end, 0.0, strict=True)
        if problems:
            raise InputError(problems)
