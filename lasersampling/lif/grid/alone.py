"""Neurons that no other of their group reaches, on the CPU: `cells` as a function of torch."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any

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
        numbers = _numbers(rates)
        arguments = (
            _by_run(drive), _array(initial[:, 0]), numbers, Seen(*map(_by_run, seen)),
            SMALLEST_SLOPE * settings.length, Kept(*map(_by_run, kept)),
        )  # fmt: skip
        room = 3, shape[2]
        _in_spans(lambda span: follow_runs(*arguments, _room(room, drive), span), shape)
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
        by_drive, by_initial, by_numbers = map(_by_run, found)
        arguments = (
            _numbers(rates), Kept(*map(_by_run, kept)), Upstream(*map(_by_run, by_kept)), wanted,
            (by_drive, by_initial[0], by_numbers),
        )  # fmt: skip
        room = 6, shape[2]
        _in_spans(lambda span: go_back(*arguments, _room(room, kept[0]), span), shape)
        of_members = [own.sum(dim=1, keepdim=True) for own in (found[1][0], *found[2])]
        by_rates: list[Tensor | None] = [None] * len(Numbers._fields)
        if wanted.rates:
            by_rates = [
                own if needed else None
                for own, needed in zip(of_members[1:], ctx.needs_input_grad[4:], strict=True)
            ]
        return None, None, found[0], of_members[0], *by_rates


def _numbers(rates: tuple[Tensor | None, ...]) -> Numbers:
    *others, refractory = rates
    some = [_array(own[:, 0]) for own in others if own is not None]
    some.append(np.zeros_like(some[0]) if refractory is None else _array(refractory[:, 0]))
    return Numbers._make(some)


def _array(values: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = values.detach().contiguous().numpy()
    return array


def _by_run(values: Tensor) -> NDArray[Any]:
    """The array (step, run, neuron) of a tensor (step, member, sample, neuron)."""
    return _array(values.detach().flatten(1, 2))


def _room(size: tuple[int, int], like: Tensor) -> NDArray[Any]:
    """Memory of a thread."""
    return _array(like.new_empty(size))


def _in_spans(work: Callable[[tuple[int, int]], None], shape: Sequence[int]) -> None:
    """Do the runs of a shape (member, sample, neuron), divided among the threads of torch."""
    n_runs = shape[0] * shape[1]
    n_threads = min(torch.get_num_threads(), n_runs)
    ends = [n_runs * k // n_threads for k in range(n_threads + 1)]
    spans = list(itertools.pairwise(ends))

    def do(span: tuple[int, int], _: threading.Event) -> None:
        work(span)

    if n_threads == 1:
        work(spans[0])
    else:
        side_by_side(do, spans, n_threads)
