"""A network of populations on a time grid along what a device has shown: spikes and voltages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lasersampling.checks import class_of, number_problems, refuse
from lasersampling.errors import Problem
from lasersampling.lif.grid.activity import GridActivity
from lasersampling.lif.grid.engine import follow, in_precision, run_problems
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.step import Shown
from lasersampling.lif.populations.checks import observed_problems
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.spikes import SpikeEvents

_ROUNDING = 1e-9


def observed_on_grid(
    network: NetworkDescription,
    inputs: SpikeEvents,
    observed: Sequence[SpikeEvents | None],
    voltages: Sequence[Tensor | None],
    interval: float,
    settings: GridSettings,
) -> GridActivity:
    """Return observed spikes of a network with derivatives on a time grid (surrogate gradients).

    The network runs as in `run_on_grid`, but at the begin of each step its voltages are set to
    those that were sampled, and its spikes are those that were observed. The derivatives are those
    of `run_on_grid`, at these voltages and spikes. Read-outs without threshold follow from the
    observed spikes.

    Parameters
    ----------
    network : NetworkDescription
        The nominal network, such as a `PopulationNetwork`.
    inputs : SpikeEvents
        Input spikes that were sent, from time 0 on.
    observed : sequence of SpikeEvents or None
        What has left each population, after its dendritic delays; None for read-outs. Spikes after
        the end are left out. One before time 0 causes what it would cause at 0.
    voltages : sequence of Tensor or None, each (member, sample, neuron, point)
        Voltages of the membranes of each population at 0, `interval`, 2 `interval`, ..., until the
        end, as the threshold is counted; None for read-outs. Between them a straight line is taken,
        behind the last its value [1].
    interval : float
        Time between samples [tau_syn].
    settings : GridSettings
        Step, end, surrogate, and the least slope of the voltage at a spike.

    Returns
    -------
    GridActivity

    Raises
    ------
    InputError
        As for `run_on_grid`, and for spikes and voltages that are not those of the network.

    References
    ----------
    Cramer, Billaudelle, Kanya, Leibfried, Grübl, Karasenko, Pehle, Schreiber, Stradmann, Weis,
    Schemmel and Zenke, PNAS 119 (2022) e2109194119. See docs/grid.md.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.grid.observed import observed_on_grid
    >>> from lasersampling.lif.grid.settings import GridSettings
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> network = PopulationNetwork(2, [Population(3)], [Connection(INPUTS, 0, 2.0, 0.0)], [0])
    >>> inputs = SpikeEvents.from_trains([[(0.0, 0), (0.4, 1)]], 2)
    >>> seen = SpikeEvents.from_trains([[(0.81, 2), (0.83, 0)]], 3)
    >>> sampled = torch.full((1, 1, 3, 9), 0.5, dtype=torch.float64)
    >>> settings = GridSettings(step=0.05, end=2.0)
    >>> spikes = observed_on_grid(network, inputs, [seen], [sampled], 0.25, settings).spikes()
    >>> spikes.counts().tolist()
    [[[1.0, 0.0, 1.0]]]
    """
    refuse(run_problems(network, inputs, settings))
    refuse(
        observed_problems(network, inputs, observed),
        number_problems("interval", interval, 0.0, strict=True),
    )
    refuse(_voltage_problems(network, inputs, voltages, interval, settings))
    network = in_precision(network, settings)
    shown = {
        k: _shown(network, k, own, sampled, interval, settings)
        for k, (own, sampled) in enumerate(zip(observed, voltages, strict=True))
        if own is not None and sampled is not None
    }
    return follow(network, inputs, settings, shown)


def _shown(
    network: NetworkDescription,
    population: int,
    spikes: SpikeEvents,
    sampled: Tensor,
    interval: float,
    settings: GridSettings,
) -> Shown:
    """What a population has shown, at all steps."""
    own = network.neuron_numbers(population)
    leak, conductance = own.leak.detach(), own.conductance.detach()
    on_grid = _interpolated(sampled.detach().to(leak), interval, settings)
    voltage = (on_grid - leak[:, None]) * conductance[:, None]
    delays = network.dendritic_delays(population)
    late = None if delays is None else delays.detach().cpu().double()
    above, fraction = _placed(spikes, late, settings, leak.dtype)
    return Shown(voltage, above.to(leak.device), fraction.to(leak.device))


def _interpolated(sampled: Tensor, interval: float, settings: GridSettings) -> Tensor:
    """Voltages at the begin of each step, (step, member, sample, neuron)."""
    place = torch.arange(settings.n_steps, dtype=torch.float64) * (settings.length / interval)
    before = place.floor().clamp_max(sampled.shape[3] - 1)
    first = before.long().to(sampled.device)
    # In two dimensions a matrix is turned in blocks, several times as fast.
    by_point: Tensor = sampled.flatten(0, 2).t().contiguous().unflatten(1, sampled.shape[:3])
    share = (place - before).clamp_max(1.0).to(sampled)[:, None, None, None]
    if not bool(share.any()):  # samples at the begin of steps
        as_often = torch.equal(first, torch.arange(len(first), device=first.device))
        return by_point[: len(first)] if as_often else by_point[first]
    second = (first + 1).clamp_max(sampled.shape[3] - 1)
    return torch.lerp(by_point[first], by_point[second], share)


def _placed(
    spikes: SpikeEvents, delays: Tensor | None, settings: GridSettings, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """In which steps neurons spike, and when in these, (step, member, sample, neuron).

    A neuron spikes once in a step at most. A spike that is not the first in its step takes the next
    step that is free, at its own time before it.
    """
    run, neuron, left = spikes.run.cpu(), spikes.neuron.cpu(), spikes.time.detach().cpu().double()
    time = left.clamp_min(0.0)
    if delays is not None:
        time = time - delays[run // spikes.n_samples, neuron]
    n_steps, is_in = settings.n_steps, left <= settings.end
    cell = (run * spikes.n_neurons + neuron)[is_in].numpy()
    place = (time[is_in] / settings.length).numpy()
    order = np.lexsort((place, cell))
    cell, place = cell[order], place[order]
    step = np.clip(np.floor(place).astype(np.int64), 0, n_steps - 1)
    # Steps that rise within each cell: those less their number do not fall.
    number = np.arange(len(step))
    apart = cell * (n_steps + len(step))
    step = np.maximum.accumulate(apart + step - number) - apart + number
    kept = step < n_steps
    size = len(spikes.offsets) - 1, spikes.n_neurons
    where = torch.from_numpy(step[kept] * (size[0] * size[1]) + cell[kept])
    above = torch.zeros(n_steps * size[0] * size[1], dtype=torch.bool)
    fraction = torch.ones(above.shape, dtype=dtype)
    above[where], fraction[where] = True, torch.from_numpy((place - step)[kept]).to(dtype)
    shape = n_steps, spikes.n_members, spikes.n_samples, spikes.n_neurons
    return above.reshape(shape), fraction.reshape(shape)


def _voltage_problems(
    network: NetworkDescription,
    inputs: SpikeEvents,
    voltages: object,
    interval: float,
    settings: GridSettings,
) -> list[Problem]:
    """Check that voltages are those of the populations, and reach the end."""
    expected = f"{len(network.populations)} of tensors, or None for read-outs"
    if not isinstance(voltages, Sequence) or len(voltages) != len(network.populations):
        got = f"{len(voltages)} entries" if isinstance(voltages, Sequence) else class_of(voltages)
        return [Problem("voltages", got, expected)]
    n_points = int(settings.end / interval * (1.0 - _ROUNDING)) + 1
    problems = []
    for k, (own, population) in enumerate(zip(voltages, network.populations, strict=True)):
        where = f"voltages[{k}]"
        wanted = network.n_members, inputs.n_samples, population.n_neurons
        if not population.spiking:
            if own is not None:
                expected = "None, since the population does not spike"
                problems.append(Problem(where, class_of(own), expected))
        elif not isinstance(own, Tensor) or not own.is_floating_point():
            problems.append(Problem(where, class_of(own), "a tensor of floats"))
        elif own.shape[:3] != wanted or own.ndim != 4 or own.shape[3] < n_points:
            expected = f"{(*wanted, n_points)}, or more points"
            problems.append(Problem(where, f"shape {tuple(own.shape)}", expected))
        elif own.numel() and not bool(torch.stack(own.detach().aminmax()).isfinite().all()):
            problems.append(Problem(where, "nan or inf", "finite voltages"))
    return problems
