"""Spikes of a network as a differentiable function of its parameters, event by event."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from lasersampling.lif.events import adjoint, forward
from lasersampling.lif.events.replay import Seen, replay
from lasersampling.lif.events.room import needed_by
from lasersampling.lif.events.settings import EventSettings, RunawayActivityError
from lasersampling.lif.events.tables import Cells, Given, Recorded, Slopes, Upstream, Wires
from lasersampling.lif.populations.activity import Floored
from lasersampling.lif.populations.parameters import Numbers, Rows
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.lif.spike_times.crossing import DOUBLE, EQUAL, GENERAL

RUNS_AT_ONCE = 16
"""Runs that one thread follows before it takes the next; sums do not depend on threads."""


def event_spikes(
    given: SpikeEvents,
    numbers: Numbers,
    rows: Rows,
    limits: EventSettings,
    seen: Seen | None = None,
) -> tuple[SpikeEvents, Floored]:
    """Return the spikes of a network for input spikes, differentiable by all its parameters.

    Parameters
    ----------
    given : SpikeEvents
        Input spikes.
    numbers : Numbers
        Of the network, in double precision on the CPU.
    rows : Rows
        Where spikes go.
    limits : EventSettings
        When runs end.
    seen : Seen, optional
        Spikes that take the place of those that the network would have.

    Returns
    -------
    spikes : SpikeEvents
        Spikes of the neurons, with their presence.
    floored : Floored
        Says after the backward pass at how many spikes the slope was below the smallest.

    Raises
    ------
    RunawayActivityError
        If a run has more spikes than it may have.

    References
    ----------
    Wunderlich and Pehle, Scientific Reports 11 (2021) 12829.
    """
    floored = Floored()
    time, presence, neuron, offsets = _EventSpikes.apply(
        given.time, *numbers, given, rows, limits, floored, seen
    )
    spikes = SpikeEvents(
        offsets, neuron, time, given.n_members, given.n_samples, numbers.gap.shape[1], presence
    )
    return spikes, floored


class _EventSpikes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, time: Tensor, *rest: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        *tensors, given, rows, limits, floored, seen = rest
        ctx.run = _Run(time, Numbers(*tensors), given, rows, limits, seen)
        ctx.floored = floored
        times, neurons, offsets = ctx.run.spikes()
        ctx.mark_non_differentiable(neurons, offsets)
        return times, torch.ones_like(times), neurons, offsets

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, by_spike: Tensor, by_presence: Tensor, *_: Tensor
    ) -> tuple[Tensor | None, ...]:
        with_taus = any(ctx.needs_input_grad[6:8])
        by_time, by, n_floored = ctx.run.gradients((by_spike, by_presence), with_taus)
        ctx.floored.n_spikes += n_floored
        return by_time, *by, None, None, None, None, None


class _Run:
    """The runs of a batch, in blocks, and their derivatives."""

    def __init__(
        self,
        time: Tensor,
        numbers: Numbers,
        given: SpikeEvents,
        rows: Rows,
        limits: EventSettings,
        seen: Seen | None,
    ) -> None:
        weights, delays, gap, reset, initial, mem, syn, refractory = (_array(p) for p in numbers)
        method = EQUAL if (mem == syn).all() else DOUBLE if (mem == 2 * syn).all() else GENERAL
        first = np.asarray(rows.first, dtype=np.int64)
        home = np.repeat(np.arange(len(first) - 1), np.diff(first))
        alike = np.array([_alike(taus, first) for taus in zip(mem, syn, strict=True)])
        self.cells = Cells(
            gap, reset, initial, mem, syn, refractory, method, first, home, alike
        )  # fmt: skip
        self.wires = Wires(weights, delays, *rows[:4], home[rows.low])
        self.given = Given(given.offsets.numpy(), given.neuron.numpy(), _array(time))
        self.limits, self.seen = limits, seen
        self.needed = needed_by(self.cells, self.wires, self.given)
        self.blocks = list(_blocks(given.n_members, given.n_samples))
        self.recorded: list[Recorded] = list(self._each(self._forward))

    def _forward(self, place: int) -> Recorded:
        limits = (float(self.limits.end), int(self.limits.most_spikes))
        span = self.blocks[place]
        if self.seen is not None:
            known = replay(self.cells, self.wires, self.given, self.seen, span, limits[0])
            return cast(Recorded, known)
        network = self.cells, self.wires
        recorded, stopped = forward.run(*network, self.given, span, limits, self.needed)
        if stopped >= 0:
            raise _runaway(recorded, span, stopped)
        return cast(Recorded, recorded)

    def _each(self, do: Callable[[int], Any]) -> Iterator[Any]:
        """Do something for each block, and give the results in order as they come."""
        if self.limits.n_threads == 1 or len(self.blocks) == 1:
            yield from map(do, range(len(self.blocks)))
        else:
            with ThreadPoolExecutor(self.limits.n_threads) as pool:
                yield from pool.map(do, range(len(self.blocks)))

    def spikes(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return times, neurons and offsets."""
        times = np.concatenate([block.spikes.time for block in self.recorded])
        neurons = np.concatenate([block.spikes.neuron for block in self.recorded])
        counts = np.concatenate([np.diff(block.spike_offsets) for block in self.recorded])
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return torch.from_numpy(times), torch.from_numpy(neurons), torch.from_numpy(offsets)

    def gradients(
        self, upstream: tuple[Tensor, Tensor], with_taus: bool
    ) -> tuple[Tensor, list[Tensor], int]:
        """Return the derivatives by input times and parameters, and how many were floored."""
        ends = np.cumsum([len(b.spikes.time) for b in self.recorded])[:-1]
        by_spike, by_presence = upstream
        parts = np.split(_array(by_spike).copy(), ends), np.split(_array(by_presence), ends)
        options = (float(self.limits.smallest_slope), with_taus)
        by_time = np.zeros(len(self.given.time))

        def back(place: int) -> Slopes:
            slopes = self._zeros(by_time)
            adjoint.run_back(
                self.cells, self.wires, self.given, self.recorded[place],
                Upstream(*(part[place] for part in parts)), self.blocks[place], slopes, options,
            )  # fmt: skip
            return slopes

        shapes = [self.wires.weights, self.wires.delays, *self.cells[:6]]
        by = [np.zeros(array.shape) for array in shapes]
        n_floored = 0
        for (member, _, _), s in zip(self.blocks, self._each(back), strict=True):
            parts_of = (s.weights, s.delays, *s.neurons)
            for total, part in zip(by, parts_of, strict=True):
                total[member] += part
            n_floored += int(s.floored[0])
        return torch.from_numpy(by_time), [torch.from_numpy(array) for array in by], n_floored

    def _zeros(self, by_time: NDArray[np.float64]) -> Slopes:
        n_weights, n_rows = self.wires.weights.shape[1], self.wires.delays.shape[1]
        by_neurons = np.zeros((6, self.cells.gap.shape[1]))
        floored = np.zeros(1, np.int64)
        return Slopes(np.zeros(n_weights), np.zeros(n_rows), by_neurons, by_time, floored)


def _alike(taus: tuple[NDArray[np.float64], ...], first: NDArray[np.int64]) -> list[bool]:
    """Whether all neurons of each population have the same time constants."""
    parts = itertools.pairwise(first)
    return [all((tau[low:high] == tau[low]).all() for tau in taus) for low, high in parts]


def _blocks(n_members: int, n_samples: int) -> Iterator[tuple[int, int, int]]:
    """Member, first run, and run behind the last of each block."""
    for member in range(n_members):
        for first in range(0, n_samples, RUNS_AT_ONCE):
            behind = min(first + RUNS_AT_ONCE, n_samples)
            yield member, member * n_samples + first, member * n_samples + behind


def _runaway(recorded: Recorded, span: tuple[int, int, int], stopped: int) -> RunawayActivityError:
    """Say which run and which neuron spike too often, and how often."""
    place = stopped - span[1]
    own = slice(recorded.spike_offsets[place], recorded.spike_offsets[place + 1])
    times, counts = recorded.spikes.time[own], np.bincount(recorded.spikes.neuron[own])
    busiest, lasted = int(counts.argmax()), float(times[-1] - times[0])
    rate = f"{counts[busiest] / lasted:.3g} spikes per tau_syn" if lasted else "without pause"
    return RunawayActivityError(
        f"run {stopped} of member {span[0]} has more than {len(times) - 1} spikes, the most that "
        f"are allowed; neuron {busiest} spikes most often, {rate}"
    )


def _array(tensor: Tensor) -> NDArray[np.float64]:
    """Values in double precision, in one piece of memory."""
    return np.ascontiguousarray(tensor.detach().to(torch.float64).numpy())
