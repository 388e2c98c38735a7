"""Networks with the numbers that a chip has realised, for the exact engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.parameters import NeuronNumbers
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Realised:
    """Numbers of a chip, all with a first axis of networks.

    A network is a chip, or one sample on one chip if values change from sample to sample.

    Attributes
    ----------
    connections : tuple of (int, int)
        Source, -1 for the inputs, and target of each connection.
    weights : list of ndarray, each (network, pre, post)
        Of each connection [1].
    synaptic : list of ndarray or None, each (network, pre, post)
        Delays of each connection [tau_syn].
    sent : list of ndarray or None, each (network, unit)
        Delays of all that is sent by the inputs, and by each population [tau_syn].
    neurons : list of NeuronNumbers
        Of each population.
    """

    connections: tuple[tuple[int, int], ...]
    weights: list[Array]
    synaptic: list[Array | None]
    sent: list[Array | None]
    neurons: list[NeuronNumbers]

    def whole(self, n_inputs: int) -> RealisedNetwork:
        """Return the network of all populations."""
        return RealisedNetwork(n_inputs, self)

    def alone(self, population: int) -> RealisedNetwork:
        """Return one population, all whose sources are inputs, one after the other."""
        own = [k for k, (_, target) in enumerate(self.connections) if target == population]
        weights = np.concatenate([self.weights[k] for k in own], axis=1)
        synaptic, sent = None, []
        if any(self.synaptic[k] is not None for k in own):
            parts = [self.synaptic[k] for k in own]
            filled = [np.zeros(self.weights[k].shape) for k in own]
            pairs = zip(parts, filled, strict=True)
            synaptic = np.concatenate([f if s is None else s for s, f in pairs], axis=1)
        for k in own:
            delays = self.sent[self.connections[k][0] + 1]
            sent.append(np.zeros(self.weights[k].shape[:2]) if delays is None else delays)
        numbers = Realised(
            ((INPUTS, 0),), [weights], [synaptic], [np.concatenate(sent, axis=1), None],
            [self.neurons[population]],
        )  # fmt: skip
        return RealisedNetwork(weights.shape[1], numbers)


class RealisedNetwork(NetworkDescription):
    """A network with the numbers of a chip.

    Parameters
    ----------
    n_inputs : int
        Number of inputs.
    numbers : Realised
        All other numbers.
    """

    def __init__(self, n_inputs: int, numbers: Realised) -> None:
        self.n_inputs, self._numbers = n_inputs, numbers
        self.n_members = len(numbers.weights[0])
        self.populations = tuple(Population(n.gap.shape[1]) for n in numbers.neurons)
        self.connections = tuple(Connection(*pair) for pair in numbers.connections)

    def connection_weights(self, number: int) -> Tensor:
        """Return the weights of a connection, (member, source neuron, target neuron) [1]."""
        return torch.from_numpy(self._numbers.weights[number])

    def synaptic_delays(self, number: int) -> Tensor | None:
        """Return the synaptic delays of a connection, shaped as its weights, or None [tau_syn]."""
        own = self._numbers.synaptic[number]
        return None if own is None else torch.from_numpy(own)

    def axonal_delays(self, source: int) -> Tensor | None:
        """Return the delays of all that a population or the inputs send [tau_syn]."""
        own = self._numbers.sent[source + 1]
        return None if own is None else torch.from_numpy(own)

    def dendritic_delays(self, population: int) -> None:
        """Return None: what is sent has these delays, and what is told gets them afterwards."""

    def neuron_numbers(self, population: int) -> NeuronNumbers:
        """Return what the neurons of a population are made of."""
        return self._numbers.neurons[population]


def joined(parts: Sequence[SpikeEvents]) -> SpikeEvents:
    """Return the spikes of several populations as those of one, whose neurons follow each other."""
    first = np.cumsum([0, *(part.n_neurons for part in parts)])
    run = torch.cat([part.run for part in parts])
    time = torch.cat([part.time for part in parts])
    neuron = torch.cat([p.neuron + int(n) for p, n in zip(parts, first, strict=False)])
    order = torch.argsort(time, stable=True)
    order = order[torch.argsort(run[order], stable=True)]
    counts = torch.bincount(run, minlength=len(parts[0].offsets) - 1)
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    sizes = parts[0].n_members, parts[0].n_samples, int(first[-1])
    return SpikeEvents(offsets, neuron[order], time[order], *sizes)
