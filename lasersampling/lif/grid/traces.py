"""What happened to neurons that spike on a time grid, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor


class Chosen(NamedTuple):
    """Which steps of which neurons are asked for, all of one shape.

    Attributes
    ----------
    of : callable
        Takes them from a tensor (step, member, sample, neuron).
    step : Tensor
        Their steps [1].
    gap : Tensor
        U at the threshold of their neurons [1].
    """

    of: Callable[[Tensor], Tensor]
    step: Tensor
    gap: Tensor


@dataclass(frozen=True, eq=False)
class Traces:
    """What happened in each step.

    Attributes
    ----------
    spikes : Tensor, shape (step, member, sample, neuron)
        1 where a neuron spikes, otherwise 0.
    fraction : Tensor, of the same shape
        When within the step, without derivatives unless they are asked for; 1 without a spike [1].
    before, after : Tensor, of the same shape
        U at the begin and at the end of each step, there before it is reset [1].
    fixed : Tensor of bool, or None
        Spikes that a device has shown in refractory periods, so that nothing moves them; None for
        what runs by itself.
    """

    spikes: Tensor
    fraction: Tensor
    before: Tensor
    after: Tensor
    fixed: Tensor | None

    def of(self, own: slice) -> Traces:
        """Return those of some of the neurons."""
        if own == slice(0, self.spikes.shape[-1]):
            return self
        fixed = None if self.fixed is None else self.fixed[..., own]
        return Traces(
            self.spikes[..., own], self.fraction[..., own], self.before[..., own],
            self.after[..., own], fixed,
        )  # fmt: skip

    @cached_property
    def where(self) -> Tensor:
        """Where there are spikes in the flattened arrays, none where there are no values."""
        flat = self.spikes.detach().flatten()
        if flat.is_meta:
            return flat.new_empty(0, dtype=torch.int64)
        return flat.nonzero()[:, 0]

    def times(self, chosen: Chosen, length: float, smallest_slope: float) -> Tensor:
        """Return when neurons spike in steps in which they do [tau_syn].

        Derivatives are those of the time at which a straight line crosses the threshold.

        Parameters
        ----------
        chosen : Chosen
            Which steps are asked for.
        length : float
            Length of a step [tau_syn].
        smallest_slope : float
            Least slope of U in derivatives [1/tau_syn].
        """
        fraction = when = chosen.of(self.fraction.detach())
        if torch.is_grad_enabled():
            before, after = chosen.of(self.before), chosen.of(self.after)
            rise, floor = (after - before).detach(), smallest_slope * length
            is_free = when.abs() < 1.0
            if self.fixed is not None:
                is_free &= ~chosen.of(self.fixed)
            at_crossing = torch.lerp(before, after, when * (rise > floor))
            crossed = (chosen.gap - at_crossing) / rise.clamp_min(floor)
            fraction = when + torch.where(is_free, crossed - crossed.detach(), 0.0)
        return (fraction + chosen.step) * length
