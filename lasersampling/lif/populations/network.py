"""Networks of populations: their weights, delays and neurons, for an ensemble."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from lasersampling.checks import (
    integer_problems,
    kind_problems,
    memory_problems,
    refuse,
    sequence_problems,
)
from lasersampling.errors import Problem
from lasersampling.lif.delays import DelayRange, Delays
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.parameters import NeuronNumbers, NeuronParameters
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.streams import Streams


class PopulationNetwork(NetworkDescription, nn.Module):
    """Populations of neurons that spike as often as they like, feed-forward, deep or recurrent.

    It says what the network is. `run_events` runs it from event to event, `run_on_grid` on a
    time grid.

    Parameters
    ----------
    n_inputs : int
        Number of inputs.
    populations : sequence of Population
        Its neurons and read-outs; the last population is the output.
    connections : sequence of Connection
        Synapses between them.
    streams : Streams or sequence of int
        Source of initial weights and delays, or its seeds, one for each member.
    axonal : DelayRange, optional
        Delays of the inputs.
    front : sequence of Module
        What given inputs pass before they become the inputs of the network: `RepeatInputs`,
        `BiasSpikes`, `AxonalDelays`; see `prepared`.

    Attributes
    ----------
    weights : ParameterList
        Weights of each connection, (member, source neuron, target neuron) [1].

    Raises
    ------
    InputError
        For connections between populations that are not there, and from those that do not spike.

    Examples
    --------
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> network = PopulationNetwork(
    ...     2,
    ...     [Population(20, refractory=0.5), Population(3)],
    ...     [Connection(INPUTS, 0), Connection(0, 0, 0.0, 0.1), Connection(0, 1, 0.3, 0.3)],
    ...     [0],
    ... )
    >>> network.n_parameters
    500
    """

    def __init__(
        self,
        n_inputs: int,
        populations: Sequence[Population],
        connections: Sequence[Connection],
        streams: Streams | Sequence[int],
        *,
        axonal: DelayRange | None = None,
        front: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        streams = streams if isinstance(streams, Streams) else Streams(streams)
        refuse(
            _problems(n_inputs, populations, connections),
            sequence_problems("front", front, "a list of what prepares inputs"),
        )
        refuse(*(kind_problems(f"front[{k}]", m, nn.Module) for k, m in enumerate(front)))
        sizes = {INPUTS: n_inputs, **{k: p.n_neurons for k, p in enumerate(populations)}}
        n_weights = sum(sizes[c.source] * sizes[c.target] for c in connections)
        # Weights, their gradients and two moments of Adam.
        refuse(memory_problems("network (members, weights)", (streams.n_members, n_weights), 32))
        self.n_inputs, self.n_members, self.streams = n_inputs, streams.n_members, streams
        self.populations, self.connections = tuple(populations), tuple(connections)
        self.weights = nn.ParameterList()
        self.synaptic = nn.ModuleList()
        for c in self.connections:
            shape = (self.size(c.source), self.size(c.target))
            drawn = streams.normal(*shape)
            self.weights.append(nn.Parameter(c.weight_mean + c.weight_std * drawn))
            self.synaptic.append(_delays(shape, c.delays, streams))
        spans = [(n_inputs, axonal), *((p.n_neurons, p.axonal) for p in self.populations)]
        self.axonal = nn.ModuleList(_delays((n,), span, streams) for n, span in spans)
        self.dendritic = nn.ModuleList(
            _delays((p.n_neurons,), p.dendritic, streams) for p in self.populations
        )
        self.neurons = nn.ModuleList(
            NeuronParameters(p, streams.n_members) for p in self.populations
        )
        self.front = nn.ModuleList(front)

    @property
    def n_parameters(self) -> int:
        """Number of trained parameters of one member."""
        trained = (p.numel() for p in self.parameters() if p.requires_grad)
        return sum(trained) // self.n_members

    def prepared(self, times: Tensor) -> Tensor:
        """Return what is sent into the network for given input times, (member, sample, input)."""
        for stage in self.front:
            times = stage(times)
        return times

    def connection_weights(self, number: int) -> Tensor:
        """Return the weights of a connection, (member, source neuron, target neuron) [1]."""
        weights: Tensor = self.weights[number]
        return weights

    def synaptic_delays(self, number: int) -> Tensor | None:
        """Return the synaptic delays of a connection, shaped as its weights, or None [tau_syn]."""
        return _values(self.synaptic[number])

    def axonal_delays(self, source: int) -> Tensor | None:
        """Return the axonal delays of a population or of the inputs, (member, neuron) [tau_syn]."""
        return _values(self.axonal[source + 1])

    def dendritic_delays(self, population: int) -> Tensor | None:
        """Return the dendritic delays of a population, (member, neuron), or None [tau_syn]."""
        return _values(self.dendritic[population])

    def neuron_numbers(self, population: int) -> NeuronNumbers:
        """Return what the neurons of a population are made of."""
        own = self.neurons[population]
        assert isinstance(own, NeuronParameters)
        return own.numbers()


def _values(delays: nn.Module) -> Tensor | None:
    return delays.delays() if isinstance(delays, Delays) else None


def _delays(shape: tuple[int, ...], span: DelayRange | None, streams: Streams) -> nn.Module:
    return nn.Identity() if span is None else Delays(shape, streams, span)


def _problems(
    n_inputs: int, populations: Sequence[Population], connections: Sequence[Connection]
) -> list[Problem]:
    """What is wrong with the parts of a network."""
    problems = integer_problems("n_inputs", n_inputs, 1)
    for name, parts, kind in (
        ("populations", populations, Population), ("connections", connections, Connection)
    ):  # fmt: skip
        expected = f"a list of at least one {kind.__name__}"
        wrong = sequence_problems(name, parts, expected)
        if not wrong and len(parts) == 0:
            wrong = [Problem(name, "none", expected)]
        for k, part in enumerate(() if wrong else parts):
            problems += kind_problems(f"{name}[{k}]", part, kind)
        problems += wrong
    if problems:
        return problems
    last = len(populations) - 1
    for k, c in enumerate(connections):
        if not (INPUTS <= c.source <= last and 0 <= c.target <= last):
            got = f"from {c.source} to {c.target}"
            expected = f"from -1 (inputs) or a population up to {last}, to one of 0 to {last}"
            problems.append(Problem(f"connections[{k}]", got, expected))
        elif c.source != INPUTS and not populations[c.source].spiking:
            got = f"from population {c.source}, whose neurons do not spike"
            problems.append(Problem(f"connections[{k}].source", got, "one that spikes"))
    if not any(p.spiking for p in populations):
        problems.append(Problem("populations", "none that spikes", "at least one that does"))
    reached = {c.target for c in connections}
    problems += [
        Problem(f"populations[{k}]", "no connection to it", "at least one")
        for k in range(len(populations))
        if k not in reached and not problems
    ]
    return problems
