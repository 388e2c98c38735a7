"""What a network did: spikes of its populations, voltages of its read-outs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from torch import Tensor

from lasersampling.checks import integer_problems, refuse
from lasersampling.errors import InputError
from lasersampling.lif.populations.spikes import SpikeEvents

Spikes = TypeVar("Spikes")
"""How an engine tells of spikes."""


@runtime_checkable
class Voltages(Protocol):
    """Voltages of leaky integrators without threshold, from the beginning to the end of a run.

    Voltages are measured from the leak. All results have the shape (member, sample, neuron).
    """

    def maximum(self) -> Tensor:
        """Return the largest voltages [1]."""

    def integral(self, decay: float | None = None) -> Tensor:
        """Return the integrals of the voltages, weighted by exp(-t / decay) if asked [tau_syn]."""


@dataclass(frozen=True, eq=False)
class Activity(Generic[Spikes]):
    """Spikes and voltages of a network.

    Attributes
    ----------
    parts : tuple of spikes or Voltages
        Spikes of each population, or its voltages if it does not spike.
    """

    parts: tuple[Spikes | Voltages, ...]

    @property
    def all_spikes(self) -> tuple[Spikes | None, ...]:
        """Spikes of each population, None for one that does not spike."""
        return tuple(None if isinstance(part, Voltages) else part for part in self.parts)

    def spikes(self, population: int = -1) -> Spikes:
        """Return the spikes of a population, by default of the last.

        Raises
        ------
        InputError
            If there is no such population, or it does not spike.
        """
        part = self._part(population)
        if isinstance(part, Voltages):
            got, expected = f"population {population}, a read-out", "one that spikes; see voltages"
            raise InputError.single("population", got, expected)
        return part

    def voltages(self, population: int = -1) -> Voltages:
        """Return the voltages of a read-out, by default of the last population.

        Raises
        ------
        InputError
            If there is no such population, or it spikes.
        """
        part = self._part(population)
        if not isinstance(part, Voltages):
            got, expected = f"population {population}, which spikes", "a read-out; see spikes"
            raise InputError.single("population", got, expected)
        return part

    def _part(self, population: int) -> Spikes | Voltages:
        n = len(self.parts)
        refuse(integer_problems("population", population, -n, n - 1))
        return self.parts[population]


@dataclass
class Floored:
    """Number of spikes at which the slope of the voltage was below `smallest_slope`.

    It is counted in the backward pass, since derivatives are all that the floor changes.
    """

    n_spikes: int = 0


@dataclass(frozen=True, eq=False)
class NetworkActivity(Activity[SpikeEvents]):
    """Spikes and voltages of a network that has run from event to event.

    Attributes
    ----------
    parts : tuple of SpikeEvents or Voltages
        Spikes of each population, or its voltages if it does not spike.
    floored : Floored
        How often derivatives were limited.
    crossings : tuple of SpikeEvents or None
        Spikes of each population before its dendritic delays, None for read-outs.
    end : float
        Time at which the run has ended [tau_syn].
    """

    floored: Floored
    crossings: tuple[SpikeEvents | None, ...] = ()
    end: float = float("inf")
