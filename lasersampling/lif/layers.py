"""Layers of event-based networks, for ensembles: spike times in, spike times out.

Spike times have the shape (member, sample, neuron), in units of tau_syn; absent spikes are inf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lasersampling.checks import (
    integer_problems,
    kind_problems,
    memory_problems,
    number_problems,
    refuse,
    sequence_problems,
)
from lasersampling.errors import InputError
from lasersampling.lif.delays import SynapticDelays
from lasersampling.lif.neuron import Neuron
from lasersampling.lif.spike_times.first_spike import SMALLEST_SLOPE, Layout, make_layout, spikes_of
from lasersampling.lif.streams import Streams

_BYTES_PER_WEIGHT = 16
"""Memory for a weight, as drawn and as kept [B]."""


class LIFLayer(nn.Module):
    """Leaky integrate-and-fire neurons, each of which spikes at most once.

    Parameters
    ----------
    n_pre, n_post : int
        Numbers of inputs and neurons.
    streams : Streams
        Source of initial weights and noise; has the number of members.
    neuron : Neuron, optional
        Parameters of the neurons.
    weight_mean, weight_std : float
        Mean and standard deviation of the normal distribution of initial weights [1].
    synaptic_delays : SynapticDelays, optional
        Delays of the synapses.
    smallest_slope : float
        See `first_spike_times` [1/tau_syn].

    Attributes
    ----------
    weights : Parameter, shape (member, post, pre)
        Weights [1].

    Raises
    ------
    InputError
        With all problems of the arguments, and if the weights would not fit into the memory.
    """

    def __init__(
        self,
        n_pre: int,
        n_post: int,
        streams: Streams,
        neuron: Neuron | None = None,
        *,
        weight_mean: float = 1.0,
        weight_std: float = 1.0,
        synaptic_delays: SynapticDelays | None = None,
        smallest_slope: float = SMALLEST_SLOPE,
    ) -> None:
        super().__init__()
        neuron = Neuron() if neuron is None else neuron
        problems = [
            *kind_problems("streams", streams, Streams, "Streams(seeds)"),
            *kind_problems("neuron", neuron, Neuron),
            *kind_problems("synaptic_delays", synaptic_delays, SynapticDelays | None),
            *integer_problems("n_pre", n_pre, 1),
            *integer_problems("n_post", n_post, 1),
            *number_problems("weight_mean", weight_mean, -torch.inf, strict=True),
            *number_problems("weight_std", weight_std, 0, strict=False),
            *number_problems("smallest_slope", smallest_slope, 0, strict=True),
        ]
        refuse(problems)
        shape = streams.n_members, n_post, n_pre
        refuse(memory_problems("weights (members x neurons x inputs)", shape, _BYTES_PER_WEIGHT))
        self.neuron = neuron
        self.smallest_slope = smallest_slope
        self.synaptic_delays = synaptic_delays
        self.weights = nn.Parameter(weight_mean + weight_std * streams.normal(n_post, n_pre))
        self._layout: Layout | None = None

    @property
    def n_pre(self) -> int:
        """Number of inputs."""
        return int(self.weights.shape[2])

    @property
    def n_post(self) -> int:
        """Number of neurons."""
        return int(self.weights.shape[1])

    def layout(self) -> Layout:
        """Return the neurons' parameters as tensors."""
        if self._layout is None:
            on_cpu = self.weights.device.type == "cpu"
            self._layout = make_layout(
                self.neuron, self.weights, self.smallest_slope, compiled=on_cpu
            )
        return self._layout

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> LIFLayer:
        self._layout = None  # follows the weights to another device or type
        super()._apply(fn, recurse)
        return self

    def forward(self, times: Tensor) -> Tensor:
        """Return the spikes (member, sample, post) for input spikes (member, sample, pre)."""
        delays = None if self.synaptic_delays is None else self.synaptic_delays()
        return spikes_of(times, self.weights, delays, self.layout())


class BiasSpikes(nn.Module):
    """Adds inputs that spike at fixed times in every sample.

    Parameters
    ----------
    times : sequence of float
        Their spike times [tau_syn].
    """

    def __init__(self, times: Sequence[float]) -> None:
        super().__init__()
        refuse(sequence_problems("times", times, "a list of times"))
        problems = [
            p
            for k, time in enumerate(times)
            for p in number_problems(f"times[{k}]", time, 0.0, strict=False)
        ]
        if problems:
            raise InputError(problems)
        self.times: Tensor
        self.register_buffer("times", torch.tensor(list(times), dtype=torch.float64))

    def forward(self, times: Tensor) -> Tensor:
        """Append the bias spikes to the inputs."""
        return torch.cat([times, self.times.to(times).expand(*times.shape[:-1], -1)], dim=-1)


class RepeatInputs(nn.Module):
    """Repeats each input, 0 0 0 1 1 1 ..., if one synapse is too weak or too coarse.

    Parameters
    ----------
    copies : int
        Number of copies.
    """

    def __init__(self, copies: int) -> None:
        super().__init__()
        problems = integer_problems("copies", copies, 1)
        if problems:
            raise InputError(problems)
        self.copies = copies

    def forward(self, times: Tensor) -> Tensor:
        """Return all copies of the inputs."""
        return times.repeat_interleave(self.copies, dim=-1)
