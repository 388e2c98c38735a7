"""What spikes do to synaptic currents, told at the points of a time grid.

A spike of weight w that arrives between two points, at the share f of the step, acts as a spike of
(1 - f) w at the point before it and one of f w at the point behind it. All voltages and currents
are linear in their arrivals and smooth in the times of these, so this is right to the second order
of the step, for all time constants of the targets, and the derivatives by spike times and delays to
the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.traces import Traces
from lasersampling.lif.populations.spikes import SpikeEvents

_COLUMNS = 64
"""Columns that a product of spikes and weights has if it takes several taps together, at most."""


class Placed(NamedTuple):
    """Times as points of the grid.

    Attributes
    ----------
    point : Tensor of int64
        Point before the time.
    share : Tensor
        How far it lies on the way to the next; below 0 for times before the first point that is
        allowed [1].
    """

    point: Tensor
    share: Tensor


def placed(positions: Tensor) -> Placed:
    """Place times, given in steps from the first point that is allowed."""
    point = positions.detach().floor().clamp_min(0.0)
    return Placed(point.to(torch.int64), positions - point)


class InputSpikes:
    """Input spikes, on the device and in the precision of a network.

    Parameters
    ----------
    inputs : SpikeEvents
        The spikes.
    like : Tensor
        Has the device and the precision.
    settings : GridSettings
        The grid.
    """

    def __init__(self, inputs: SpikeEvents, like: Tensor, settings: GridSettings) -> None:
        device = like.device
        self.neuron, self.run = inputs.neuron.to(device), inputs.run.to(device)
        self.member = self.run // inputs.n_samples
        self.time = inputs.time.to(device=device, dtype=like.dtype)
        self.sizes = inputs.n_members, inputs.n_samples, inputs.n_neurons
        self.length, self.n_points = settings.length, settings.n_steps + 1
        self._dense: dict[int, Tensor] = {}

    def arriving(self, weights: Tensor, delays: Tensor | None) -> Tensor:
        """Return the weights that arrive, (point, member, sample, target neuron).

        Parameters
        ----------
        weights : Tensor, shape (member, input, target neuron)
            Weights [1].
        delays : Tensor, shape (member, input) or (member, input, target neuron), or None
            Delays [tau_syn].
        """
        if delays is None or delays.ndim == 2:  # of the inputs: the same for all connections
            if not self._dense:
                times = self.time
                if delays is not None:
                    times = times + delays[self.member, self.neuron]
                arrival = placed(times / self.length)
                self._dense[0] = self._gathered(arrival, self.neuron, self.sizes[2], None)
            return _through(self._dense[0], weights)
        arrival = placed((self.time[:, None] + delays[self.member, self.neuron]) / self.length)
        target = torch.arange(weights.shape[2], device=weights.device)
        own = weights[self.member, self.neuron]
        return self._gathered(arrival, target, weights.shape[2], own)

    def nothing(self, n_neurons: int) -> Tensor:
        """Return that nothing arrives at some neurons, shaped as by `arriving`."""
        shape = self.n_points, self.sizes[0], self.sizes[1], n_neurons
        return torch.zeros(shape, dtype=self.time.dtype, device=self.time.device)

    def _gathered(
        self, arrival: Placed, column: Tensor, n_columns: int, weights: Tensor | None
    ) -> Tensor:
        """Sum of what arrives at each point, in each run and column."""
        n_runs = self.sizes[0] * self.sizes[1]
        run = self.run if arrival.point.ndim == 1 else self.run[:, None]
        cell = run * n_columns + column
        total = arrival.share.new_zeros((self.n_points + 1) * n_runs * n_columns)
        for later, share in ((0, 1.0 - arrival.share), (1, arrival.share)):
            point = (arrival.point + later).clamp_max(self.n_points)  # the last is behind the end
            values = share if weights is None else share * weights
            place = (point * n_runs * n_columns + cell).flatten()
            total = total.index_add(0, place, values.flatten())
        shape = self.n_points + 1, self.sizes[0], self.sizes[1], n_columns
        return total.reshape(shape)[:-1]


class SentSpikes:
    """Spikes of neurons that have run.

    Parameters
    ----------
    traces : Traces
        Which of them spike in which steps, and when within these.
    settings : GridSettings
        The grid.
    """

    def __init__(self, traces: Traces, settings: GridSettings) -> None:
        self.traces, self.settings = traces, settings
        self._dense: dict[int, Tensor] = {}

    def arriving(self, weights: Tensor, delays: Tensor | None) -> Tensor:
        """Return the weights that arrive; see `InputSpikes.arriving`."""
        if delays is None or delays.ndim == 2:
            if not self._dense:
                self._dense[0] = self._undelayed() if delays is None else self._delayed(delays)
            return _through(self._dense[0], weights)
        sent = self._undelayed()
        n_points = n_taps(delays, self.settings)
        weights_of = taps(weights, delays, self.settings.length, n_points)
        n_targets = weights.shape[2]
        n_together = max(1, _COLUMNS // n_targets)
        arriving = sent.new_zeros((*sent.shape[:3], n_targets))
        for first in range(0, n_points, n_together):
            # One product for several taps: what is sent is read once for all of them.
            group = weights_of[:, :, first : first + n_together].flatten(2)
            products = _through(sent, group).unflatten(3, (-1, n_targets)).unbind(3)
            for n_later, product in enumerate(products, first):
                arriving = arriving + _later(product, n_later)
        return arriving

    def _undelayed(self) -> Tensor:
        traces = self.traces
        points: Tensor = _Undelayed.apply(traces.where, traces.spikes, traces.fraction)
        return points

    def _delayed(self, delays: Tensor) -> Tensor:
        later = delays[:, None] / self.settings.length
        traces = self.traces
        points: Tensor = _Delayed.apply(traces.where, traces.spikes, traces.fraction, later)
        return points


class _Undelayed(torch.autograd.Function):
    """Spikes at the points around the times at which they are sent.

    Few neurons spike in a step. Their spikes are placed one by one; only derivatives by whether
    there is a spike are needed where there is none, at the end of the step.
    """

    @staticmethod
    def forward(ctx: Any, where: Tensor, spikes: Tensor, fraction: Tensor) -> Tensor:
        there, share = spikes.flatten()[where], fraction.flatten()[where]
        points = spikes.new_zeros((spikes.shape[0] + 1, *spikes.shape[1:]))
        points.view(-1)[where] = there - there * share
        points.view(-1).index_add_(0, where + spikes[0].numel(), there * share)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(where, there, share)
        return points

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor | None) -> tuple[Tensor | None, ...]:
        if upstream is None:
            return None, None, None
        where, there, share = ctx.saved_tensors
        flat = upstream.flatten()
        before = flat[where]
        rise = flat[where + upstream[0].numel()] - before
        by_spikes = by_fraction = None
        if ctx.needs_input_grad[1]:
            by_spikes = upstream[1:].clone(memory_format=torch.contiguous_format)
            by_spikes.view(-1)[where] = torch.addcmul(before, rise, share)
        if ctx.needs_input_grad[2]:
            by_fraction = upstream.new_zeros(upstream[1:].shape)
            by_fraction.view(-1)[where] = there * rise
        return None, by_spikes, by_fraction


class _Delayed(torch.autograd.Function):
    """Spikes at the points at which they arrive, by steps, times within these, and delays in steps.

    Few neurons spike in a step. Their spikes are placed one by one; only derivatives by whether
    there is a spike are needed where there is none, at the end of the step.
    """

    @staticmethod
    def forward(
        ctx: Any, where: Tensor, spikes: Tensor, fraction: Tensor, delays: Tensor
    ) -> Tensor:
        n_steps, n_members, n_samples, n_neurons = spikes.shape
        width = n_members * n_samples * n_neurons
        flat = spikes.flatten()
        cell = where % width
        own = cell // (n_samples * n_neurons) * n_neurons + cell % n_neurons
        point, share = placed(fraction.flatten()[where] + delays.flatten()[own])
        point += where // width
        total = flat.new_zeros((n_steps + 2) * width)
        there = flat[where]
        for later, part in ((0, 1.0 - share), (1, share)):
            place = (point + later).clamp_max(n_steps + 1) * width + cell
            total.index_add_(0, place, there * part)
        ctx.set_materialize_grads(False)
        ctx.sizes = spikes.shape
        place = point.clamp_max(n_steps + 1) * width + cell
        ctx.save_for_backward(where, own, place, share, there, delays)
        return total.reshape(n_steps + 2, n_members, n_samples, n_neurons)[:-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor | None) -> tuple[Tensor | None, ...]:
        if upstream is None:
            return None, None, None, None
        where, own, place, share, there, delays = ctx.saved_tensors
        n_steps = ctx.sizes[0]
        nothing = torch.zeros_like(upstream[:1])  # acts behind the end
        acting = torch.cat([upstream, nothing])
        rise = torch.cat([upstream[1:], nothing, nothing]).sub_(acting)
        by_share = rise.flatten()[place]
        by_spikes = by_fraction = by_delays = None
        if ctx.needs_input_grad[1]:
            point, between = placed(1.0 + delays)
            step = torch.arange(n_steps, device=delays.device)[:, None, None, None]
            later = (step + point).clamp_max(n_steps + 1).expand(ctx.sizes)
            by_spikes = torch.addcmul(acting, rise, between).gather(0, later)
            at_spikes = torch.addcmul(acting.flatten()[place], by_share, share)
            by_spikes.view(-1)[where] = at_spikes
        if ctx.needs_input_grad[2]:
            by_fraction = upstream.new_zeros(ctx.sizes)
            by_fraction.view(-1)[where] = there * by_share
        if ctx.needs_input_grad[3]:
            by_delays = delays.new_zeros(delays.numel())
            by_delays = by_delays.index_add_(0, own, there * by_share).reshape(delays.shape)
        return None, by_spikes, by_fraction, by_delays


def n_taps(delays: Tensor, settings: GridSettings) -> int:
    """Return at how many points, from that of the spike on, spikes can arrive."""
    most = settings.n_steps + 1
    if delays.is_meta:
        return most
    return min(most, int(delays.detach().max() / settings.length) + 2)


def taps(weights: Tensor, delays: Tensor, length: float, n_points: int) -> Tensor:
    """Spread weights over the points at which their spikes arrive.

    Parameters
    ----------
    weights, delays : Tensor, shape (member, source neuron, target neuron)
        Weights [1] and delays [tau_syn].
    length : float
        Length of a step [tau_syn].
    n_points : int
        Number of points, counted from that of the spike.

    Returns
    -------
    Tensor, shape (member, source neuron, point, target neuron)
    """
    points = torch.arange(n_points, device=weights.device, dtype=weights.dtype)
    distance = (delays[:, :, None] / length - points[:, None]).abs()
    return weights[:, :, None] * (1.0 - distance).clamp_min(0.0)


def _later(values: Tensor, n_points: int) -> Tensor:
    """Values (point, member, sample, neuron), shifted by some points; nothing comes before."""
    return pad(values[: len(values) - n_points], (0, 0, 0, 0, 0, 0, n_points, 0))


def total(parts: Sequence[Tensor]) -> Tensor:
    """Return the sum of what arrives by several connections."""
    added = parts[0]
    for part in parts[1:]:
        added = added + part
    return added


def _through(sent: Tensor, weights: Tensor) -> Tensor:
    """Send spikes (point, member, sample, source) through weights (member, source, target)."""
    if len(weights) == 1:
        return torch.matmul(sent, weights[0])
    return torch.einsum("kmsi,mij->kmsj", sent, weights)
