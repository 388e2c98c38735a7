"""Losses of `losses` by compiled code, as functions that torch differentiates.

Batches are small, and operations of torch on such tensors take longer than the numbers in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["loss_of"]

Pass = Callable[..., bool]
"""`loss_kernel.difference` or `loss_kernel.cross_entropy`."""


def loss_of(
    run: Pass,
    spikes: Tensor,
    labels: Tensor,
    absent_time: float | Tensor,
    settings: tuple[float, ...],
) -> Tensor | None:
    """Return a loss, (member,), with its derivatives.

    Parameters
    ----------
    run : callable
        `loss_kernel.difference` or `loss_kernel.cross_entropy`.
    spikes : Tensor, shape (member, sample, class)
        Spike times [tau_syn].
    labels : Tensor, shape (member, sample) or (sample,)
        The right classes.
    absent_time : float or Tensor
        Time of absent spikes; as a tensor, one that fits the spikes [tau_syn].
    settings : tuple of float
        The separation, or the temperature [tau_syn] and the weight of late decisions [1].

    Returns
    -------
    Tensor or None
        None for spikes that are elsewhere or in single precision, and for arguments that do not
        fit: `losses` says why.
    """
    if spikes.device.type != "cpu" or spikes.dtype != torch.float64 or spikes.ndim != 3:
        return None
    is_whole = not (labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool)
    if labels.shape not in (spikes.shape[:2], spikes.shape[1:2]) or not is_whole:
        return None
    found: Tensor | None = _Loss.apply(spikes, run, labels, absent_time, settings)
    return found


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        spikes: Tensor,
        run: Pass,
        labels: Tensor,
        absent_time: Any,
        settings: tuple[float, ...],
    ) -> Tensor | None:
        times = np.ascontiguousarray(spikes.detach().numpy())
        own = np.empty(times.shape[:2], dtype=np.int64)
        own[:] = labels.numpy()
        if isinstance(absent_time, Tensor):
            absent_time = absent_time.detach().cpu().numpy()
        absent = np.empty_like(times)
        absent[:] = absent_time
        loss, slopes = np.zeros(len(times)), np.zeros_like(times)
        if not run(times, own, absent, settings, loss, slopes):
            return None
        ctx.slopes = torch.from_numpy(slopes)
        return torch.from_numpy(loss)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        return ctx.slopes * upstream[:, None, None], None, None, None, None
