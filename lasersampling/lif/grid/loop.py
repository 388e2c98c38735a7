"""The loop over the steps of a time grid.

If what arrives behind the question (see `wiring`) has lifted a voltage above the threshold, the
neuron spikes in the next step, at the time in this one that the straight line of `step` gives:
theta is then below 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.step import Cells, Rates, Shown, State, Stepped, advance
from lasersampling.lif.grid.wiring import Wiring


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


class Traces(NamedTuple):
    """What happened in each step.

    Attributes
    ----------
    spikes : Tensor, shape (step, member, sample, neuron)
        1 where a neuron spikes, otherwise 0.
    fraction : Tensor, of the same shape
        When within the step, without derivatives unless they are asked for; 1 without a spike [1].
    before, after : sequence of Tensor, each (member, sample, neuron)
        For each step U at its begin and at its end, there before it is reset [1].
    fixed : sequence of Tensor, of the same shapes
        Spikes that a device has shown in refractory periods, so that nothing moves them; empty for
        what runs by itself.
    """

    spikes: Tensor
    fraction: Tensor
    before: Sequence[Tensor]
    after: Sequence[Tensor]
    fixed: Sequence[Tensor]

    def of(self, own: slice) -> Traces:
        """Return those of some of the neurons."""
        if own == slice(0, self.spikes.shape[-1]):
            return self
        lists = ([values[..., own] for values in trace] for trace in self[2:])
        return Traces(self.spikes[..., own], self.fraction[..., own], *lists)

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
            before, after = (chosen.of(torch.stack(list(u))) for u in (self.before, self.after))
            rise, floor = (after - before).detach(), smallest_slope * length
            is_free = when.abs() < 1.0
            if self.fixed:
                is_free &= ~chosen.of(torch.stack(list(self.fixed)))
            at_crossing = torch.lerp(before, after, when * (rise > floor))
            crossed = (chosen.gap - at_crossing) / rise.clamp_min(floor)
            fraction = when + torch.where(is_free, crossed - crossed.detach(), 0.0)
        return (fraction + chosen.step) * length


def run_spiking(
    cells: Cells,
    drive: Tensor,
    wiring: Wiring | None,
    settings: GridSettings,
    shown: Sequence[Shown] | None = None,
) -> Traces:
    """Follow neurons that spike.

    Parameters
    ----------
    cells : Cells
        The neurons.
    drive : Tensor, shape (step + 1, member, sample, neuron)
        Weights that arrive at each point from outside of the group [1].
    wiring : Wiring or None
        Connections within the group.
    settings : GridSettings
        The grid.
    shown : sequence of Shown, optional
        For each step what takes the place of voltages and spikes, whose derivatives remain.

    Returns
    -------
    Traces
    """
    rates = Rates.of(cells, settings.length)
    current, *arriving = drive.unbind(0)
    state = State(cells.initial.expand_as(current).contiguous(), current, None, None)
    before: list[Tensor] = []
    steps: list[Stepped] = []
    fixed: list[Tensor] = []
    for k, more in enumerate(arriving):
        own = None if shown is None else shown[k]
        if own is not None:
            voltage = state.voltage + (own.voltage - state.voltage).detach()
            state = state._replace(voltage=voltage)
            silent = torch.zeros_like(own.above) if state.silent is None else state.silent
            fixed.append(own.above & silent)
        before.append(state.voltage)
        state, stepped = advance(state, more, rates, settings, own)
        steps.append(stepped)
        if wiring is not None:
            late, now = wiring(k, stepped.spikes, stepped.fraction)
            voltage = state.voltage + late * rates.gained
            current = state.current + now + late * rates.left
            state = state._replace(voltage=voltage, current=current)
    spikes, fraction, after = zip(*steps, strict=True)
    return Traces(torch.stack(spikes), torch.stack(fraction), before, after, fixed)


def run_reading(cells: Cells, drive: Tensor, settings: GridSettings) -> Tensor:
    """Return U of neurons without threshold at all points, in the shape of `drive`."""
    rates = Rates.of(cells, settings.length)
    current, *arriving = drive.unbind(0)
    voltages = [cells.initial.expand_as(current)]
    for more in arriving:
        voltages.append(voltages[-1] * rates.kept + current * rates.gained)
        current = more + current * rates.left
    return torch.stack(voltages)
