"""What spikes do to synaptic currents, told at the points of a time grid.

A spike of weight w that arrives between two points, at the share f of the step, acts as a spike of
(1 - f) w at the point before it and one of f w at the point behind it. All voltages and currents
are linear in their arrivals and smooth in the times of these, so this is right to the second order
of the step, for all time constants of the targets, and the derivatives by spike times and delays to
the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.populations.spikes import SpikeEvents


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
    spikes : sequence of Tensor, each (member, sample, neuron)
        1 where a neuron spikes in a step, otherwise 0.
    fraction : sequence of Tensor, of the same shapes
        When within the step; 1 where it does not [1].
    settings : GridSettings
        The grid.
    """

    def __init__(
        self, spikes: Sequence[Tensor], fraction: Sequence[Tensor], settings: GridSettings
    ) -> None:
        self.spikes, self.fraction, self.settings = spikes, fraction, settings
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
        total = _through(sent, weights_of[:, :, 0])
        for k in range(1, n_points):
            later = _through(sent[:-k], weights_of[:, :, k])
            total = total + torch.cat([torch.zeros_like(total[:k]), later])
        return total

    def _undelayed(self) -> Tensor:
        points = []
        late = torch.zeros_like(self.spikes[0])
        for spikes, fraction in zip(self.spikes, self.fraction, strict=True):
            at_end = spikes * fraction
            points.append(late + (spikes - at_end))
            late = at_end
        return torch.stack([*points, late])

    def _delayed(self, delays: Tensor) -> Tensor:
        spikes, n_steps = torch.stack(list(self.spikes)), len(self.spikes)
        step = torch.arange(n_steps, device=spikes.device)[:, None, None, None]
        positions = torch.stack(list(self.fraction)) + delays[:, None] / self.settings.length
        point, share = placed(positions)
        total = spikes.new_zeros((n_steps + 2, *spikes.shape[1:]))
        for later, part in ((0, 1.0 - share), (1, share)):
            place = (step + point + later).clamp_max(n_steps + 1)
            total = total.scatter_add(0, place, spikes * part)
        return total[:-1]


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
