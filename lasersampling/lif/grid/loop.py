"""The loop over the steps of a time grid.

If what arrives behind the question (see `wiring`) has lifted a voltage above the threshold, the
neuron spikes in the next step, at the time in this one that the straight line of `step` gives:
theta is then below 0.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lasersampling.lif.grid.alone import run_alone
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.step import Cells, Rates, Shown, State, Stepped, advance
from lasersampling.lif.grid.traces import Traces
from lasersampling.lif.grid.wiring import Wiring


def run_spiking(
    cells: Cells,
    drive: Tensor,
    wiring: Wiring | None,
    settings: GridSettings,
    shown: Shown | None = None,
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
    shown : Shown, optional
        What takes the place of voltages and spikes, whose derivatives remain; each tensor with the
        steps as its first dimension.

    Returns
    -------
    Traces
    """
    if wiring is None and drive.device.type == "cpu":
        return run_alone(cells, drive, settings, shown)
    rates = Rates.of(cells, settings.length)
    current, *arriving = drive.unbind(0)
    state = State(cells.initial.expand_as(current).contiguous(), current, None, None)
    before: list[Tensor] = []
    steps: list[Stepped] = []
    fixed: list[Tensor] = []
    for k, more in enumerate(arriving):
        own = None if shown is None else Shown(*(values[k] for values in shown))
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
    return Traces(
        torch.stack(spikes), torch.stack(fraction), torch.stack(before), torch.stack(after),
        torch.stack(fixed) if fixed else None,
    )  # fmt: skip


def run_reading(cells: Cells, drive: Tensor, settings: GridSettings) -> Tensor:
    """Return U of neurons without threshold at all points, in the shape of `drive`."""
    rates = Rates.of(cells, settings.length)
    current, *arriving = drive.unbind(0)
    voltages = [cells.initial.expand_as(current)]
    for more in arriving:
        voltages.append(voltages[-1] * rates.kept + current * rates.gained)
        current = more + current * rates.left
    return torch.stack(voltages)
