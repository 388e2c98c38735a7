"""Spikes on their way, while a network runs.

What a spike will add to currents at later points of the grid is written to one array for the whole
run. So is, in the backward pass, the derivative by all that arrives: it is handed from reading to
writing, in the opposite order, as the derivative by a token without content.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Line:
    """Sums of what arrives at each point of the grid.

    A point is read after all that arrives there has been written, and only once.

    Parameters
    ----------
    n_points : int
        Number of points.
    like : Tensor, shape (member, sample, neuron)
        Has the shape, device and precision of what arrives at a point.
    """

    def __init__(self, n_points: int, like: Tensor) -> None:
        # One more, for what arrives behind the end.
        self.values = torch.zeros((n_points + 1, *like.shape), dtype=like.dtype, device=like.device)
        self.token = _token(self.values)

    def scatter(self, points: Tensor, parts: Tensor) -> None:
        """Add parts (k, member, sample, neuron) at points, an array of the same shape."""
        last = len(self.values) - 1
        self.token = _Scatter.apply(self.token, parts, points.clamp_max(last), self.values)

    def add(self, first: int, parts: Tensor) -> None:
        """Add parts (k, member, sample, neuron) at the points from `first` on."""
        room = max(0, len(self.values) - first)
        self.token = _Add.apply(self.token, parts[:room], first, self.values)

    def read(self, point: int) -> Tensor:
        """Return all that arrives at a point, (member, sample, neuron)."""
        values, self.token = _Read.apply(self.token, point, self.values)
        arriving: Tensor = values
        return arriving


def _token(values: Tensor) -> Tensor:
    """Return a tensor that takes no memory, whose derivative has the shape of `values`."""
    return values.new_zeros(()).expand(values.shape)


class _Scatter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, token: Tensor, parts: Tensor, points: Tensor, values: Tensor) -> Tensor:
        values.scatter_add_(0, points, parts)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(points)
        return _token(values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor | None) -> tuple[Tensor | None, ...]:
        (points,) = ctx.saved_tensors
        return slopes, None if slopes is None else slopes.gather(0, points), None, None


class _Add(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, token: Tensor, parts: Tensor, first: int, values: Tensor) -> Tensor:
        values[first : first + len(parts)] += parts
        ctx.set_materialize_grads(False)
        ctx.first, ctx.behind = first, first + len(parts)
        return _token(values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor | None) -> tuple[Tensor | None, ...]:
        own = None if slopes is None else slopes[ctx.first : ctx.behind].clone()
        return slopes, own, None, None


class _Read(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, token: Tensor, point: int, values: Tensor) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        ctx.point, ctx.shape = point, values.shape
        return values[point].clone(), _token(values)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, upstream: Tensor | None, slopes: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        if upstream is not None:
            if slopes is None:
                slopes = upstream.new_zeros(ctx.shape)
            slopes[ctx.point] = upstream  # read once, so nothing is overwritten
        return slopes, None, None
