"""Neurons that no other of their group reaches, on the CPU: `cells` as a function of torch."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from lasersampling.lif.grid.cells import (
    SILENT,
    SURROGATES,
    Kept,
    Numbers,
    Room,
    Seen,
    Upstream,
    Wanted,
    follow_runs,
    go_back,
)
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.step import SMALLEST_SLOPE, Cells, Rates, Shown
from lasersampling.lif.grid.traces import Traces
from lasersampling.parallel import side_by_side

_WIDTH = 1024
"""Neurons that are followed together, at most, if there are not more in a run: about as many as the
first cache has room for."""


def run_alone(cells: Cells, drive: Tensor, settings: GridSettings, shown: Shown | None) -> Traces:
    """Follow neurons that do not reach each other; see `loop.run_spiking`."""
    rates = Rates.of(cells, settings.length)
    spikes, fraction, before, after, flags = _Run.apply(
        settings, shown, drive, cells.initial, *rates
    )
    fixed = None if shown is None else shown.above & ((flags & SILENT) > 0)
    return Traces(spikes, fraction, before, after, fixed)


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        settings: GridSettings,
        shown: Shown | None,
        drive: Tensor,
        initial: Tensor,
        *rates: Tensor | None,
    ) -> tuple[Tensor, ...]:
        n_steps, shape = settings.n_steps, tuple(drive.shape[1:])
        has_silence = rates[-1] is not None

        def filled(value: float, n: int = n_steps, dtype: torch.dtype = drive.dtype) -> Tensor:
            return torch.full((n, *shape), value, dtype=dtype)

        empty = [drive.new_empty((n_steps, *shape)) for _ in range(3)]
        whens = filled(1.0, n_steps if has_silence else 0)
        kept = [filled(0.0), filled(1.0), *empty, whens, filled(0, dtype=torch.uint8)]
        seen = [filled(0.0, 0), filled(0.0, 0), filled(0, 0, torch.bool)]
        if shown is not None:
            seen = [shown.voltage.to(drive.dtype), shown.fraction.to(drive.dtype), shown.above]
        group = Group.of(shape)
        arguments = (
            group.array(drive), group.repeated(initial), group.numbers(rates),
            Seen(*map(group.array, seen)), SMALLEST_SLOPE * settings.length,
            Kept(*map(group.array, kept)),
        )  # fmt: skip
        group.in_spans(lambda span: follow_runs(*arguments, group.room(3, drive), span))
        ctx.set_materialize_grads(False)
        ctx.settings, ctx.has_silence = settings, has_silence
        ctx.save_for_backward(*kept, *rates)
        spikes, fraction, before, after, _, _, flags = kept
        fixed = {"times": [spikes], "surrogate": [fraction], "both": []}[settings.derivatives]
        ctx.mark_non_differentiable(flags, *fixed)
        return spikes, fraction, before, after, flags

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor | None) -> tuple[Tensor | None, ...]:
        settings: GridSettings = ctx.settings
        kept, rates = ctx.saved_tensors[: len(Kept._fields)], ctx.saved_tensors[len(Kept._fields) :]
        n_steps, *shape = kept[0].shape
        nothing = kept[0].new_empty((0, *shape))
        by_kept = [nothing if own is None else own for own in upstream[:4]]
        wanted = Wanted(
            settings.derivatives != "times",
            settings.derivatives != "surrogate",
            settings.detach_reset,
            any(ctx.needs_input_grad[4:]),
            settings.smallest_slope * settings.length,
            SURROGATES.index(settings.surrogate.kind),
            _array(kept[0].new_tensor([1.0, settings.surrogate.steepness])),
        )
        found = (
            kept[0].new_empty((n_steps + 1, *shape)),
            kept[0].new_empty((1, *shape)),
            kept[0].new_zeros((len(Numbers._fields) if wanted.rates else 0, *shape)),
        )
        group = Group.of(shape)
        by_drive, by_initial, by_numbers = map(group.array, found)
        arguments = (
            group.numbers(rates), Kept(*map(group.array, kept)),
            Upstream(*map(group.array, by_kept)), wanted, (by_drive, by_initial[0], by_numbers),
        )  # fmt: skip
        group.in_spans(lambda span: go_back(*arguments, group.room(6, kept[0]), span))
        of_members = [own.sum(dim=1, keepdim=True) for own in (found[1][0], *found[2])]
        by_rates: list[Tensor | None] = [None] * len(Numbers._fields)
        if wanted.rates:
            by_rates = [
                own if needed else None
                for own, needed in zip(of_members[1:], ctx.needs_input_grad[4:], strict=True)
            ]
        return None, None, found[0], of_members[0], *by_rates


def _array(values: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = values.detach().contiguous().numpy()
    return array


class Group(NamedTuple):
    """Runs of a member that are followed together, as one run of more neurons.

    Loops over neurons are long then, of which vector instructions do most, also in small networks.

    Attributes
    ----------
    shape : tuple of int
        Members, samples, neurons.
    size : int
        Number of runs that are followed together.
    """

    shape: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, shape: Sequence[int]) -> Group:
        """Choose the runs, all of them for as many threads as there are."""
        n_members, n_samples, n_neurons = shape
        size = min(_WIDTH // n_neurons, n_samples, n_samples * n_members // torch.get_num_threads())
        while size > 1 and n_samples % size:
            size -= 1
        return cls(tuple(shape), max(1, size))

    @property
    def n_groups(self) -> int:
        """Number of groups of runs."""
        return self.shape[0] * self.shape[1] // self.size

    @property
    def n_neurons(self) -> int:
        """Number of neurons of a group."""
        return self.size * self.shape[2]

    def array(self, values: Tensor) -> NDArray[Any]:
        """Return the array (step, group, neuron) of a tensor (step, member, sample, neuron)."""
        return _array(values).reshape(len(values), self.n_groups, self.n_neurons)

    def repeated(self, values: Tensor) -> NDArray[Any]:
        """Return the array (member, neuron of a group) of a tensor (member, 1, neuron)."""
        return np.tile(_array(values[:, 0]), (1, self.size))

    def numbers(self, rates: Sequence[Tensor | None]) -> Numbers:
        """Return the numbers of the neurons of groups; without a refractory period it is 0."""
        *others, refractory = rates
        some = [self.repeated(own) for own in others if own is not None]
        none = np.zeros_like(some[0])
        last = none if refractory is None else self.repeated(refractory)
        return Numbers._make([*some, last])

    def room(self, n: int, like: Tensor) -> Room:
        """Make memory of a thread, for some numbers of each neuron."""
        special = np.zeros(-(-self.n_neurons // 8) * 8, dtype=np.uint8)
        numbers = _array(like.new_empty((n, self.n_neurons)))
        return Room(numbers, special, special.view(np.uint64))

    def in_spans(self, work: Callable[[tuple[int, int]], None]) -> None:
        """Do all groups, divided among the threads of torch."""
        n_threads = min(torch.get_num_threads(), self.n_groups)
        ends = [self.n_groups * k // n_threads for k in range(n_threads + 1)]
        spans = list(itertools.pairwise(ends))

        def do(span: tuple[int, int], _: threading.Event) -> None:
            work(span)

        if n_threads == 1:
            work(spans[0])
        else:
            side_by_side(do, spans, n_threads)
