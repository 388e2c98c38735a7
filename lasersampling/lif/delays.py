"""Trainable transmission delays: axonal, dendritic and synaptic.

A delay d is a smooth map of an unbounded parameter p, so that it stays within its range:

    d = minimum + scale sigmoid(p)        or        d = minimum + scale log(1 + exp(p)).

References
----------
Göltz, Weber, Kriener et al., "DelGrad" (2025), https://arxiv.org/abs/2404.19165.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lasersampling.checks import (
    integer_problems,
    kind_problems,
    memory_problems,
    refuse,
    sequence_problems,
)
from lasersampling.config import validated
from lasersampling.config.ranges import Level, SpanOfDelays, Strength, TimeFromZero
from lasersampling.errors import InputError, Problem
from lasersampling.lif.streams import Streams

_BYTES_PER_DELAY = 16
"""Memory for a delay, as drawn and as kept [B]."""

Positivity = Literal["sigmoid", "softplus"]


@validated
class DelayRange:
    """Range of delays, and the distribution of their initial parameters.

    Attributes
    ----------
    minimum, scale : float
        d = minimum + scale f(p): with a sigmoid, delays lie between minimum and minimum + scale,
        with a softplus they have no upper limit [tau_syn].
    positivity : "sigmoid" or "softplus"
        The map f.
    initial_mean, initial_std : float
        Mean and standard deviation of the normal distribution of initial parameters p [1].
    trainable : bool
        Whether they are learned, or stay as drawn.

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif import DelayRange
    >>> DelayRange(minimum=0.5, scale=2.0).delays(torch.zeros(2))
    tensor([1.5000, 1.5000])
    """

    minimum: TimeFromZero = 0.0
    scale: SpanOfDelays = 1.0
    positivity: Positivity = "sigmoid"
    initial_mean: Level = 0.0
    initial_std: Strength = 0.25
    trainable: bool = True

    def delays(self, parameters: Tensor) -> Tensor:
        """Return the delays of parameters p, in their shape."""
        if self.positivity == "sigmoid":
            return self.minimum + self.scale * torch.sigmoid(parameters)
        return self.minimum + self.scale * functional.softplus(parameters)

    def parameters(self, delays: Tensor) -> Tensor:
        """Return the parameters p of delays within the range, in their shape.

        Raises
        ------
        InputError
            If a delay lies outside the range.
        """
        share = (delays - self.minimum) / self.scale
        upper = 1.0 if self.positivity == "sigmoid" else torch.inf
        if not bool(((share > 0) & (share < upper)).all()):
            largest = self.minimum + self.scale * upper
            got = f"{float(delays.min()):g} to {float(delays.max()):g}"
            raise InputError.single("delays", got, f"between {self.minimum:g} and {largest:g}")
        if self.positivity == "sigmoid":
            return torch.logit(share)
        return share + torch.log(-torch.expm1(-share))


class Delays(nn.Module):
    """Delays of a layer for an ensemble of networks.

    Parameters
    ----------
    shape : tuple of int
        (neuron,), or (post, pre) for synapses.
    streams : Streams
        Source of the initial parameters; has the number of members.
    span : DelayRange
        Range of the delays.
    shared : sequence of int, optional
        For delays of neurons: neurons with the same number share a delay; numbers from 0 without
        gaps.

    Raises
    ------
    InputError
        With all problems of the arguments, and if the delays would not fit into the memory.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        streams: Streams,
        span: DelayRange | None = None,
        *,
        shared: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        span = DelayRange() if span is None else span
        refuse(
            kind_problems("streams", streams, Streams, "Streams(seeds)"),
            kind_problems("span", span, DelayRange),
            [] if shared is None else sequence_problems("shared", shared, "a list of numbers"),
        )
        problems = [p for n in shape for p in integer_problems("shape", n, 1)]
        if not problems:
            numbers = streams.n_members, *shape
            problems += memory_problems("delays (members x shape)", numbers, _BYTES_PER_DELAY)
        problems += [p for k in shared or () for p in integer_problems("shared", k, 0)]
        if problems:
            raise InputError(problems)
        if shared is not None and (len(shape) != 1 or len(shared) != shape[0]):
            problems.append(Problem("shared", f"{len(shared)} numbers", f"one for each of {shape}"))
        elif shared is not None and sorted(set(shared)) != list(range(len(set(shared)))):
            problems.append(Problem("shared", str(list(shared)), "numbers from 0 without gaps"))
        if problems:
            raise InputError(problems)
        self.span = span
        self.group = None if shared is None else torch.as_tensor(shared)
        drawn = shape if shared is None else (len(set(shared)),)
        initial = self.span.initial_mean + self.span.initial_std * streams.normal(*drawn)
        self.raw = nn.Parameter(initial, requires_grad=self.span.trainable)

    def delays(self) -> Tensor:
        """Return the delays, shape (member, *shape) [tau_syn]."""
        delays = self.span.delays(self.raw)
        return delays if self.group is None else delays[:, self.group]


class AxonalDelays(Delays):
    """Delays the spikes of each neuron before they reach the next layer: t_i + d_i."""

    def __init__(
        self,
        n_neurons: int,
        streams: Streams,
        span: DelayRange | None = None,
        *,
        shared: Sequence[int] | None = None,
    ) -> None:
        super().__init__((n_neurons,), streams, span, shared=shared)

    def forward(self, times: Tensor) -> Tensor:
        """Delay spikes (member, sample, neuron)."""
        n_delays = self.raw.shape[1] if self.group is None else len(self.group)
        if times.shape[-1] != n_delays:
            got, expected = f"spikes of {times.shape[-1]} neurons", f"{n_delays}, as delays"
            raise InputError.single("times", got, expected)
        return times + self.delays()[:, None]


class DendriticDelays(AxonalDelays):
    """Delays all inputs of a neuron equally, and so its spike: T + d; follows its layer.

    Spike times depend on differences of times only, so inputs that are later by d give a spike that
    is later by d.
    """


class SynapticDelays(Delays):
    """A delay for each synapse, t_i + d_oi, which is given to the layer behind it."""

    def __init__(
        self,
        n_post: int,
        n_pre: int,
        streams: Streams,
        span: DelayRange | None = None,
    ) -> None:
        super().__init__((n_post, n_pre), streams, span)

    def forward(self) -> Tensor:
        """Return the delays, shape (member, post, pre) [tau_syn]."""
        return self.delays()
