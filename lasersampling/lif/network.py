"""Networks as stacks of layers, and decisions by their output spikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lasersampling.arrays import as_array
from lasersampling.checks import absent_problems, kind_problems, refuse, sequence_problems
from lasersampling.errors import InputError
from lasersampling.lif.layers import LIFLayer
from lasersampling.lif.resolution import resolution_problems
from lasersampling.lif.streams import Streams

UNDECIDED = -1


@dataclass(frozen=True, eq=False)
class Activity:
    """Spikes of a network.

    Attributes
    ----------
    output : Tensor, shape (member, sample, neuron)
        Spikes that leave the last stage [tau_syn].
    inputs, spikes : tuple of Tensor, each (member, sample, neuron)
        Input and output spikes of each layer of neurons, first to last [tau_syn].
    """

    output: Tensor
    inputs: tuple[Tensor, ...]
    spikes: tuple[Tensor, ...]


class SpikingNetwork(nn.Module):
    """A stack of stages (layers of neurons, delays, bias spikes, ...), for an ensemble.

    Parameters
    ----------
    stages : sequence of Module
        Each maps spike times (member, sample, neuron) to spike times.
    streams : Streams
        Random streams with which the stages were made.

    Raises
    ------
    InputError
        For stages of another kind, and if there is no layer of neurons among them.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif import AxonalDelays, LIFLayer, SpikingNetwork, Streams
    >>> streams = Streams([0])
    >>> network = SpikingNetwork(
    ...     [AxonalDelays(4, streams), LIFLayer(4, 30, streams), LIFLayer(30, 3, streams)], streams
    ... )
    >>> network(torch.rand(10, 4, dtype=torch.float64)).shape
    torch.Size([1, 10, 3])
    """

    def __init__(self, stages: Sequence[nn.Module], streams: Streams) -> None:
        super().__init__()
        expected = "a list of layers and delays, such as [LIFLayer(...)]"
        refuse(
            sequence_problems("stages", stages, expected),
            kind_problems("streams", streams, Streams, "Streams(seeds)"),
        )
        refuse(*(kind_problems(f"stages[{k}]", s, nn.Module) for k, s in enumerate(stages)))
        self.stages = nn.ModuleList(stages)
        self.streams = streams
        if not self.layers:
            raise InputError.single("stages", "no layer of neurons", "at least one LIFLayer")

    @property
    def layers(self) -> list[LIFLayer]:
        """Layers of neurons, first to last."""
        return [stage for stage in self.stages if isinstance(stage, LIFLayer)]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of inputs of the first layer, and of neurons of each layer."""
        layers = self.layers
        return (layers[0].n_pre, *(layer.n_post for layer in layers))

    @property
    def n_members(self) -> int:
        """Number of networks in the ensemble."""
        return self.streams.n_members

    @property
    def n_parameters(self) -> int:
        """Number of trained parameters of one member."""
        trained = (p.numel() for p in self.parameters() if p.requires_grad)
        return sum(trained) // self.n_members

    def run(self, times: Tensor) -> Activity:
        """Return all spikes for input spikes (member, sample, input) or, for all, (sample, input).

        Raises
        ------
        InputError
            If these are no tensor, the number of inputs is not that of the network, or they hold
            negative times or nan.
        """
        refuse(kind_problems("times", times, Tensor, "a tensor: torch.as_tensor(times)"))
        if times.ndim == 2:
            times = times.expand(self.n_members, *times.shape)
        if times.ndim != 3 or len(times) != self.n_members:
            expected = f"(sample, input) or ({self.n_members}, sample, input)"
            raise InputError.single("times", f"shape {tuple(times.shape)}", expected)
        problems = absent_problems("times", as_array(times, "times"))
        refuse(problems, resolution_problems("times", times))
        inputs, spikes = [], []
        for stage in self.stages:
            if isinstance(stage, LIFLayer):
                if times.shape[-1] != stage.n_pre:
                    got = f"{times.shape[-1]} inputs of a layer"
                    raise InputError.single("times", got, f"{stage.n_pre}")
                inputs.append(times)
                times = stage(times)
                spikes.append(times)
            else:
                times = stage(times)
        return Activity(times, tuple(inputs), tuple(spikes))

    def forward(self, times: Tensor) -> Tensor:
        """Return the output spikes; see `run`."""
        return self.run(times).output


def decisions(spikes: Tensor) -> Tensor:
    """Say which neuron spikes first, -1 if none does; of two at the same time the lower number.

    Parameters
    ----------
    spikes : Tensor, shape (..., neuron)
        Output spikes [tau_syn].

    Returns
    -------
    Tensor of int64, shape (...)

    Raises
    ------
    InputError
        If these are no tensor of at least one neuron.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif import decisions
    >>> decisions(torch.tensor([[2.0, 1.0], [torch.inf, torch.inf]]))
    tensor([ 1, -1])
    """
    refuse(kind_problems("spikes", spikes, Tensor, "a tensor: torch.as_tensor(spikes)"))
    if spikes.ndim == 0 or spikes.shape[-1] == 0:
        raise InputError.single("spikes", f"shape {tuple(spikes.shape)}", "(..., neuron)")
    first = spikes.min(dim=-1)
    return torch.where(first.values < torch.inf, first.indices, UNDECIDED)
