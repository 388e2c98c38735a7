"""Stacks of layers as networks of populations, so that their neurons can spike more than once."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lasersampling.checks import refuse
from lasersampling.config import validated
from lasersampling.config.ranges import Level, TimeFromZero
from lasersampling.errors import Problem
from lasersampling.lif.delays import Delays
from lasersampling.lif.layers import LIFLayer
from lasersampling.lif.network import SpikingNetwork
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.parameters import NeuronNumbers, NeuronParameters
from lasersampling.lif.populations.population import INPUTS, Connection, Population


@validated
class SpikingAgain:
    """What becomes of neurons after a spike.

    Attributes
    ----------
    reset : float
        Voltage after a spike, below the threshold [1].
    refractory : float
        Refractory period, at least 0 [tau_syn].
    """

    reset: Level = 0.0
    refractory: TimeFromZero = 0.0


class AfterSpike(NamedTuple):
    """Reset [1] and refractory period [tau_syn] of neurons, inf for those that spike once."""

    reset: float
    refractory: float


def after_spike(again: SpikingAgain | None) -> AfterSpike:
    """Return what becomes of neurons after a spike, of those that spike once for None.

    Parameters
    ----------
    again : SpikingAgain or None
        Their reset and refractory period.
    """
    return AfterSpike(0.0, math.inf) if again is None else AfterSpike(again.reset, again.refractory)


class LayeredNetwork(NetworkDescription):
    """A `SpikingNetwork` as a network of populations, with the same weights and delays.

    Parameters
    ----------
    network : SpikingNetwork
        Layers of neurons with delays between them. What stands before the first layer (copies of
        inputs, bias spikes, delays of inputs) is applied to the inputs by `prepared`.
    after : SpikingAgain, optional
        What becomes of neurons after a spike; by default they spike once.

    Raises
    ------
    InputError
        If there is something else than delays between layers.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif import LIFLayer, SpikingNetwork, Streams
    >>> from lasersampling.lif.events.run import run_events
    >>> from lasersampling.lif.populations.layered import LayeredNetwork
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> streams = Streams([0])
    >>> stack = SpikingNetwork([LIFLayer(4, 30, streams), LIFLayer(30, 3, streams)], streams)
    >>> layered = LayeredNetwork(stack)
    >>> times = torch.rand(1, 10, 4, dtype=torch.float64)
    >>> spikes = run_events(layered, SpikeEvents.from_times(layered.prepared(times))).spikes()
    >>> bool(torch.allclose(spikes.first(), stack(times)))
    True
    """

    def __init__(self, network: SpikingNetwork, after: SpikingAgain | None = None) -> None:
        reset, refractory = after_spike(after)
        self.network, self.n_members = network, network.n_members
        self._layers = network.layers
        self._before: list[nn.Module] = []
        self._delays: list[list[Delays]] = []
        problems = []
        for place, stage in enumerate(network.stages):
            if isinstance(stage, LIFLayer):
                self._delays.append([])
            elif not self._delays:
                self._before.append(stage)
            elif isinstance(stage, Delays):
                self._delays[-1].append(stage)
            else:
                got, expected = type(stage).__name__, "delays, or nothing, between layers"
                problems.append(Problem(f"stages[{place}]", got, expected))
        refuse(problems)
        self.n_inputs = self._layers[0].n_pre
        self.populations = tuple(
            Population(layer.n_post, layer.neuron, reset, refractory) for layer in self._layers
        )
        self.connections = tuple(
            Connection(INPUTS if k == 0 else k - 1, k) for k in range(len(self._layers))
        )
        self._neurons = [NeuronParameters(p, self.n_members) for p in self.populations]

    def prepared(self, times: Tensor) -> Tensor:
        """Return what reaches the first layer, for input times (member, sample, input)."""
        for stage in self._before:
            times = stage(times)
        return times

    def delayed(self, population: int, times: Tensor) -> Tensor:
        """Return spike times (member, sample, neuron) of a layer after the delays behind it."""
        for stage in self._delays[population]:
            times = stage(times)
        return times

    def connection_weights(self, number: int) -> Tensor:
        """Return the weights of a connection, (member, source neuron, target neuron) [1]."""
        return self._layers[number].weights.transpose(1, 2)

    def synaptic_delays(self, number: int) -> Tensor | None:
        """Return the synaptic delays of a connection, shaped as its weights, or None [tau_syn]."""
        own = self._layers[number].synaptic_delays
        return None if own is None else own.delays().transpose(1, 2)

    def axonal_delays(self, source: int) -> Tensor | None:
        """Return the delays behind a layer, (member, neuron), or None [tau_syn]."""
        stages = [] if source == INPUTS else self._delays[source]
        return torch.stack([stage.delays() for stage in stages]).sum(0) if stages else None

    def dendritic_delays(self, population: int) -> None:
        """Return None, since delays behind a layer are axonal here."""

    def neuron_numbers(self, population: int) -> NeuronNumbers:
        """Return what the neurons of a layer are made of."""
        return self._neurons[population].numbers()
