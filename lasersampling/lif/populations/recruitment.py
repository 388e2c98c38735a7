"""Populations as groups whose silent neurons are recruited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS
from lasersampling.lif.populations.readouts import LeakyReadout
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.lif.recruitment import add_gradient

_DECAYED = 50.0
"""After so many time constants without arrivals a voltage has no peak any more [1]."""


class Told(Protocol):
    """Spikes of a population, as `SpikeEvents` or as another engine tells them."""

    def first(self) -> Tensor:
        """Return the first spike of each neuron, (member, sample, neuron), inf for none."""
        ...


class Listed(Told, Protocol):
    """Spikes that are not events, but become such."""

    def events(self) -> SpikeEvents:
        """Return the spikes as events."""
        ...


AnySpikes = SpikeEvents | Listed
"""Spikes of either kind."""


@dataclass(frozen=True, eq=False)
class PopulationGroup:
    """A population as a group that is recruited.

    Attributes
    ----------
    network : PopulationNetwork
        The network.
    population : int
        Number of the population, whose neurons spike.
    inputs : SpikeEvents
        Input spikes of a batch.
    spikes : sequence of SpikeEvents, of spikes with `events`, or None
        Spikes of each population when they leave it; None for read-outs.
    """

    network: PopulationNetwork
    population: int
    inputs: SpikeEvents
    spikes: Sequence[AnySpikes | None]

    @cached_property
    def first(self) -> Tensor:
        """First spikes, (member, sample, neuron), inf for none [tau_syn]."""
        own = self.spikes[self.population]
        assert own is not None
        with torch.no_grad():
            return own.first()

    def raise_weights(self, amount: Tensor) -> None:
        """Add an amount for each neuron to its weights; see `lif.recruitment.Group`."""
        with torch.no_grad():
            for k in self._connections():
                own = self.network.weights[k]
                own.add_(amount[:, None, :].to(own))

    def lift_peaks(self, silent: Tensor, strength: float) -> None:
        """Add to gradients what lifts the peaks of silent neurons; see `lif.recruitment.Group`.

        The voltage of a neuron that does not spike is that of a leaky integrator.

        Parameters
        ----------
        silent : Tensor of bool, shape (member, sample, neuron)
            Neurons whose peaks are lifted.
        strength : float
            Weight of the loss [1].
        """
        weights = [self.network.weights[k] for k in self._connections()]
        with torch.enable_grad():
            peaks = self._voltages().maximum(of=silent)
            with torch.no_grad():
                numbers = self.network.neuron_numbers(self.population)
                threshold = (numbers.gap / numbers.conductance)[:, None]
            lack = torch.where(silent.to(peaks.device), 1.0 - peaks / threshold, 0.0)
            loss = strength * lack.sum() / silent.shape[1]
            found = torch.autograd.grad(loss, weights, allow_unused=True)
        for own, added in zip(weights, found, strict=True):
            if added is not None:
                add_gradient(own, added)

    def _connections(self) -> list[int]:
        """Numbers of the connections that lead here."""
        own = enumerate(self.network.connections)
        return [k for k, c in own if c.target == self.population]

    def _voltages(self) -> LeakyReadout:
        """What the voltages would be without threshold."""
        with torch.no_grad():
            crossings = [
                None if own is None else _crossings(self.network, k, _events(own))
                for k, own in enumerate(self.spikes)
            ]
        own = self._connections()
        sources = {self.network.connections[k].source for k in own}
        sent = [self.inputs if k == INPUTS else crossings[k] for k in sources]
        with torch.no_grad():
            latest = [float(s.time.max()) for s in sent if s is not None and len(s.time)]
            numbers = self.network.neuron_numbers(self.population)
            slowest = float(torch.maximum(numbers.tau_mem, numbers.tau_syn).max())
            delays = [float(self.network.connection_delays(k).max()) for k in own]
        end = max([0.0, *latest]) + max(delays) + _DECAYED * slowest
        return LeakyReadout.of(self.network, self.population, self.inputs, crossings, end)


def _crossings(network: NetworkDescription, population: int, spikes: SpikeEvents) -> SpikeEvents:
    """Threshold crossings, before dendritic delays, without derivatives."""
    delays = network.dendritic_delays(population)
    own = SpikeEvents(
        spikes.offsets, spikes.neuron, spikes.time.detach(),
        spikes.n_members, spikes.n_samples, spikes.n_neurons,
    )  # fmt: skip
    return own if delays is None else own.later(-delays.detach())


def _events(spikes: AnySpikes) -> SpikeEvents:
    return spikes if isinstance(spikes, SpikeEvents) else spikes.events()


def population_groups(
    network: PopulationNetwork, inputs: SpikeEvents, spikes: Sequence[AnySpikes | None]
) -> list[PopulationGroup]:
    """Return the spiking populations of a network as groups, after a batch.

    Parameters
    ----------
    network : PopulationNetwork
        The network.
    inputs : SpikeEvents
        Input spikes.
    spikes : sequence of SpikeEvents, of spikes with `events`, or None
        Spikes of each population when they leave it; None for read-outs.
    """
    spiking = (k for k, own in enumerate(spikes) if own is not None)
    return [PopulationGroup(network, k, inputs, spikes) for k in spiking]
