"""Connections within a group of populations that run together, step by step.

A spike in a step may reach other neurons of its group within the same step, where these have been
asked for spikes already. What it does to their voltages and currents is added behind the step, as
much as if it had come at its time, so they can spike because of it from the next step on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from lasersampling.lif.grid.arrivals import n_taps, placed, taps, total
from lasersampling.lif.grid.lines import Line
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.population import INPUTS


class Wiring(Protocol):
    """Connections within a group."""

    def __call__(self, step: int, spikes: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor]:
        """Send the spikes of a step; return the weights that arrive at its begin and its end.

        Those at its begin are of spikes of the same step; those at its end of all up to now. All
        arrays have the shape (member, sample, neuron).
        """


def sends_later(network: NetworkDescription, source: int) -> bool:
    """Whether all that a population or the inputs send is delayed."""
    dendritic = None if source == INPUTS else network.dendritic_delays(source)
    return dendritic is not None or network.axonal_delays(source) is not None


def wiring_within(
    network: NetworkDescription, group: Sequence[int], settings: GridSettings, n_samples: int
) -> Wiring | None:
    """Return the connections within a group of populations, None if there are none."""
    numbers = [
        k for k, c in enumerate(network.connections) if c.source in group and c.target in group
    ]
    if not numbers:
        return None
    like = network.connection_weights(0)
    n_neurons = sum(network.size(p) for p in group)
    state = torch.empty((), dtype=like.dtype, device=like.device).expand(
        network.n_members, n_samples, n_neurons
    )
    if any(network.synaptic_delays(k) is not None for k in numbers):
        return _Synaptic(_tapped(network, group, numbers, settings), settings, state)
    weights = _joined(
        network, group, {k: network.connection_weights(k)[:, :, None] for k in numbers}
    )[:, :, 0]
    if any(sends_later(network, p) for p in group):
        delays = torch.cat([network.sent(p) for p in group], dim=1)
        return _Delayed(weights, delays, settings, state)
    return _Direct(weights)


def _tapped(
    network: NetworkDescription,
    group: Sequence[int],
    numbers: Sequence[int],
    settings: GridSettings,
) -> Tensor:
    """Weights over the points at which they act, (member, source neuron, point, target neuron)."""
    delays = {}
    for k in numbers:
        own = network.connection_delays(k)
        delays[k] = (
            own if own.ndim == 3 else own[..., None].expand_as(network.connection_weights(k))
        )
    most = max(n_taps(own, settings) for own in delays.values())
    parts = {
        k: taps(network.connection_weights(k), delays[k], settings.length, most) for k in numbers
    }
    return _joined(network, group, parts)


def _joined(network: NetworkDescription, group: Sequence[int], parts: dict[int, Tensor]) -> Tensor:
    """Put (member, source, point, target) of connections together to those of the whole group."""
    some = next(iter(parts.values()))
    rows = []
    for source in group:
        row = []
        for target in group:
            own = [
                part
                for k, part in parts.items()
                if (network.connections[k].source, network.connections[k].target)
                == (source, target)
            ]
            shape = len(some), network.size(source), some.shape[2], network.size(target)
            row.append(total(own) if own else some.new_zeros(shape))
        rows.append(torch.cat(row, dim=3))
    return torch.cat(rows, dim=1)


class _Direct:
    """Connections without delays."""

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights

    def __call__(self, step: int, spikes: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor]:
        at_end = spikes * fraction
        both = torch.bmm(torch.cat([spikes - at_end, at_end], dim=1), self.weights)
        late, now = both.chunk(2, dim=1)
        return late, now


class _Delayed:
    """Connections with delays of all that a neuron sends."""

    def __init__(
        self, weights: Tensor, delays: Tensor, settings: GridSettings, state: Tensor
    ) -> None:
        self.weights = weights
        self.positions = delays[:, None] / settings.length
        self.line = Line(settings.n_steps + 1, state)

    def __call__(self, step: int, spikes: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor]:
        point, share = placed(self.positions + fraction)
        at_next = spikes * share
        at_point = spikes - at_next
        is_late = point == 0
        late = torch.where(is_late, at_point, 0.0)
        parts = torch.stack([torch.where(is_late, 0.0, at_point), at_next])
        self.line.scatter(torch.stack([point + step, point + (step + 1)]), parts)
        both = torch.bmm(torch.cat([late, self.line.read(step + 1)], dim=1), self.weights)
        late, now = both.chunk(2, dim=1)
        return late, now


class _Synaptic:
    """Connections with delays of each synapse."""

    def __init__(self, weights: Tensor, settings: GridSettings, state: Tensor) -> None:
        self.weights = weights.flatten(2)
        self.n_taps = weights.shape[2]
        self.line = Line(settings.n_steps + 1, state)

    def __call__(self, step: int, spikes: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor]:
        at_end = spikes * fraction
        both = torch.bmm(torch.cat([spikes - at_end, at_end], dim=1), self.weights)
        by_point = both.unflatten(2, (self.n_taps, -1)).permute(2, 0, 1, 3)
        from_begin, from_end = by_point.chunk(2, dim=2)
        later = torch.cat([from_begin[1:] + from_end[:-1], from_end[-1:]])
        self.line.add(step + 1, later)
        return from_begin[0], self.line.read(step + 1)
