"""Running a network of populations on a time grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lasersampling.checks import kind_problems, memory_problems, refuse
from lasersampling.errors import Problem
from lasersampling.lif.grid.activity import GridActivity, GridSpikes, GridVoltages
from lasersampling.lif.grid.arrivals import InputSpikes, SentSpikes, n_taps, total
from lasersampling.lif.grid.loop import run_reading, run_spiking
from lasersampling.lif.grid.settings import GridSettings
from lasersampling.lif.grid.step import Cells, Shown
from lasersampling.lif.grid.wiring import sends_later, wiring_within
from lasersampling.lif.populations.activity import Voltages
from lasersampling.lif.populations.checks import input_problems, parameter_problems
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.moved import MovedNetwork
from lasersampling.lif.populations.population import INPUTS
from lasersampling.lif.populations.spikes import SpikeEvents

KEPT_PER_NEURON = 24
"""Numbers that are kept of a neuron and step for the backward pass, about."""

KEPT_WITHOUT_DERIVATIVES = 6
"""The same without a backward pass."""

KEPT_PER_SYNAPSE = 10
"""Numbers that are kept, about, for each arrival of an input spike at a synapse with a delay of its
own, and for each point at which such synapses of neurons act."""


def run_on_grid(
    network: NetworkDescription, inputs: SpikeEvents, settings: GridSettings
) -> GridActivity:
    """Return spikes and read-out voltages of a network on a time grid.

    It runs on the device of the network's parameters and in their precision, or in single precision
    if the settings say so. Populations that
    form no loop run one behind the other, each over all steps; those of a loop together.

    Spike times and voltages differ from those of `lif.events` by the square of the step; where
    a spike arrives in the same step in which its target spikes, by the step.

    Parameters
    ----------
    network : NetworkDescription
        The network, such as a `PopulationNetwork`.
    inputs : SpikeEvents
        Input spikes, from time 0 on, on any device.
    settings : GridSettings
        Step, end, and surrogate.

    Returns
    -------
    GridActivity

    Raises
    ------
    InputError
        For inputs that are not those of the network or begin before 0, for parameters that are not
        finite, for neurons whose threshold has come below the leak, the reset or the initial
        voltage, and for a step that is longer than a time constant or needs too much memory.

    References
    ----------
    Neftci, Mostafa and Zenke, IEEE Signal Processing Magazine 36 (2019) 51.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.grid.engine import run_on_grid
    >>> from lasersampling.lif.grid.settings import GridSettings
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> network = PopulationNetwork(
    ...     2, [Population(3, refractory=0.5)], [Connection(INPUTS, 0, 2.0, 0.0)], [0]
    ... )
    >>> times = torch.tensor([[[0.0, 0.4]]], dtype=torch.float64)
    >>> inputs = SpikeEvents.from_times(times)
    >>> activity = run_on_grid(network, inputs, GridSettings(step=0.05, end=5.0))
    >>> activity.spikes().counts().tolist()
    [[[1.0, 1.0, 1.0]]]
    """
    refuse(run_problems(network, inputs, settings))
    return follow(network, inputs, settings)


def run_problems(
    network: NetworkDescription, inputs: SpikeEvents, settings: GridSettings
) -> list[Problem]:
    """Check what `run_on_grid` is given.

    Parameters
    ----------
    network, inputs, settings
        See `run_on_grid`.
    """
    problems = [
        *input_problems(network, inputs),
        *kind_problems("settings", settings, GridSettings),
    ]
    if problems or network.connection_weights(0).is_meta:  # which has no values
        return problems
    network = in_precision(network, settings)
    return parameter_problems(network) or _size_problems(network, inputs, settings)


def in_precision(network: NetworkDescription, settings: GridSettings) -> NetworkDescription:
    """Return the network in the precision that the settings ask for.

    Parameters
    ----------
    network, settings
        See `run_on_grid`.
    """
    return MovedNetwork(network, torch.float32) if settings.single else network


def follow(
    network: NetworkDescription,
    inputs: SpikeEvents,
    settings: GridSettings,
    shown: Mapping[int, Shown] | None = None,
) -> GridActivity:
    """`run_on_grid` without checks.

    Parameters
    ----------
    network, inputs, settings
        See `run_on_grid`.
    shown : mapping of int to Shown, optional
        For each population that spikes, what takes the place of voltages and spikes; each tensor
        with the steps as its first dimension.
    """
    network = in_precision(network, settings)
    given = InputSpikes(inputs, network.connection_weights(0), settings)
    sent: dict[int, SentSpikes] = {}
    parts: dict[int, GridSpikes | Voltages] = {}
    for group in groups(network):
        drive = _together([_drive(network, k, given, sent) for k in group])
        of_each = zip(*(_cells(network, k) for k in group), strict=True)
        cells = Cells(*(torch.cat(values, dim=2) for values in of_each))
        if not network.populations[group[0]].spiking:
            (k,) = group
            scaled = run_reading(cells, drive, settings)
            conductance = network.neuron_numbers(k).conductance[:, None]
            parts[k] = GridVoltages(scaled, drive, cells, conductance, settings.length)
            continue
        wiring = wiring_within(network, group, settings, inputs.n_samples)
        traces = run_spiking(cells, drive, wiring, settings, _of_group(group, shown))
        first = 0
        for k in group:
            own = slice(first, first + network.size(k))
            first = own.stop
            part = traces.of(own)
            dendritic = network.dendritic_delays(k)
            delays = None if dendritic is None else dendritic[:, None]
            parts[k] = GridSpikes(
                part, cells.gap[..., own], delays, settings.length, settings.smallest_slope
            )
            sent[k] = SentSpikes(part, settings)
    return GridActivity(tuple(parts[k] for k in range(len(network.populations))))


def groups(network: NetworkDescription) -> list[list[int]]:
    """Return populations that form loops together, each after those that it receives from."""
    n = len(network.populations)
    reaches = np.eye(n, dtype=bool)
    for c in network.connections:
        if c.source != INPUTS:
            reaches[c.source, c.target] = True
    for middle in range(n):
        reaches |= reaches[:, [middle]] & reaches[[middle]]
    # All that reach a population reach those behind it too, so these have more.
    order = sorted(range(n), key=lambda k: int(reaches[:, k].sum()))
    found: list[list[int]] = []
    for k in order:
        for group in found:
            if reaches[k, group[0]] and reaches[group[0], k]:
                group.append(k)
                break
        else:
            found.append([k])
    return found


def _cells(network: NetworkDescription, population: int) -> Cells:
    return Cells(*(values[:, None] for values in network.neuron_numbers(population)[:6]))


def _of_group(group: Sequence[int], shown: Mapping[int, Shown] | None) -> Shown | None:
    """What has been shown of a group."""
    if shown is None:
        return None
    return Shown(*(_together(parts) for parts in zip(*(shown[k] for k in group), strict=True)))


def _together(parts: Sequence[Tensor]) -> Tensor:
    """Put neurons of several populations side by side."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=3)


def _drive(
    network: NetworkDescription,
    target: int,
    given: InputSpikes,
    sent: dict[int, SentSpikes],
) -> Tensor:
    """Weights that arrive at a population from those that have run, at each point."""
    parts = []
    for k, c in enumerate(network.connections):
        source = given if c.source == INPUTS else sent.get(c.source)
        if c.target == target and source is not None:
            delays = network.connection_delays(k)
            later = delays.ndim == 3 or sends_later(network, c.source)
            parts.append(source.arriving(network.connection_weights(k), delays if later else None))
    if not parts:
        return given.nothing(network.size(target))
    return total(parts)


def _size_problems(
    network: NetworkDescription, inputs: SpikeEvents, settings: GridSettings
) -> list[Problem]:
    """Check the step against time constants and memory."""
    like = network.connection_weights(0)
    shortest = min(
        float(getattr(network.neuron_numbers(k), name).detach().min())
        for k in range(len(network.populations))
        for name in ("tau_mem", "tau_syn")
    )
    problems = []
    if settings.length > shortest:
        expected = f"at most {shortest:g}, the shortest time constant of the network"
        problems.append(Problem("step", f"{settings.length:g}", expected))
    if like.device.type == "cpu":  # other devices have their own memory, and say so
        numbers = _numbers_kept(network, inputs, settings)
        problems += memory_problems("step", (numbers,), like.element_size())
    return problems


def _numbers_kept(network: NetworkDescription, inputs: SpikeEvents, settings: GridSettings) -> int:
    """How many numbers a run keeps, about."""
    of_neuron = KEPT_PER_NEURON if torch.is_grad_enabled() else KEPT_WITHOUT_DERIVATIVES
    n_neurons = sum(p.n_neurons for p in network.populations)
    n_runs = network.n_members * inputs.n_samples
    numbers = settings.n_steps * n_runs * (of_neuron * n_neurons + 3 * network.n_inputs)
    for k, c in enumerate(network.connections):
        delays = network.connection_delays(k)
        if delays.ndim == 3:
            n_arrivals = len(inputs.time) * network.size(c.target)
            n_taps_of = delays.numel() * n_taps(delays, settings)
            numbers += KEPT_PER_SYNAPSE * (n_arrivals if c.source == INPUTS else n_taps_of)
    return numbers
