"""The loop over the steps of a time grid.

If what arrives behind the question (see `wiring`) has lifted a voltage above the threshold, the
neuron spikes in the next step, at the time in this one that the straight line of `step` gives:
theta is then below 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.step import Cells, Rates, Shown, State, Stepped, advance
from lasersampling.lif.grid.wiring import Wiring


class Traces(NamedTuple):
    """What happened in each step: lists of one tensor (member, sample, neuron) for each.

    Attributes
    ----------
    spikes : list of Tensor
        1 where a neuron spikes, otherwise 0.
    fraction : list of Tensor
        When within the step, without derivatives unless they are asked for; 1 without a spike [1].
    before, after : list of Tensor
        U at the begin and at the end of the step, there before it is reset [1].
    fixed : list of Tensor
        Spikes that a device has shown in refractory periods, so that nothing moves them; no tensors
        for what runs by itself.
    """

    spikes: list[Tensor]
    fraction: list[Tensor]
    before: list[Tensor]
    after: list[Tensor]
    fixed: list[Tensor]

    def of(self, own: slice) -> Traces:
        """Return those of some of the neurons."""
        if own == slice(0, self.spikes[0].shape[-1]):
            return self
        return Traces(*([values[..., own] for values in trace] for trace in self))

    def times(self, gap: Tensor, length: float, smallest_slope: float) -> Tensor:
        """Return when neurons spike, inf where not, (step, member, sample, neuron) [tau_syn].

        Parameters
        ----------
        gap : Tensor, shape (member, 1, neuron)
            U at the threshold [1].
        length : float
            Length of a step [tau_syn].
        smallest_slope : float
            Least slope of U in derivatives [1/tau_syn].
        """
        spikes, when = torch.stack(self.spikes).detach(), torch.stack(self.fraction).detach()
        before, after = torch.stack(self.before), torch.stack(self.after)
        rise, floor = (after - before).detach(), smallest_slope * length
        is_free = when.abs() < 1.0
        if self.fixed:
            is_free &= ~torch.stack(self.fixed)
        # The derivatives of the time at which a straight line crosses the threshold.
        crossed = (gap - torch.lerp(before, after, when * (rise > floor))) / rise.clamp_min(floor)
        fraction = when + torch.where(is_free, crossed - crossed.detach(), 0.0)
        step = torch.arange(len(spikes), dtype=spikes.dtype, device=spikes.device)
        times = (fraction + step[:, None, None, None]) * length
        return torch.where(spikes > 0, times, torch.inf)


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
    return Traces(list(spikes), list(fraction), before, list(after), fixed)


def run_reading(cells: Cells, drive: Tensor, settings: GridSettings) -> Tensor:
    """Return U of neurons without threshold at all points, in the shape of `drive`."""
    rates = Rates.of(cells, settings.length)
    current, *arriving = drive.unbind(0)
    voltages = [cells.initial.expand_as(current)]
    for more in arriving:
        voltages.append(voltages[-1] * rates.kept + current * rates.gained)
        current = more + current * rates.left
    return torch.stack(voltages)
