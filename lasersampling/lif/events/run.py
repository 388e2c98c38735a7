"""Running a network of populations from event to event."""

from __future__ import annotations

import torch

from lasersampling.checks import kind_problems, refuse
from lasersampling.errors import Problem
from lasersampling.lif.events.function import event_spikes
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.activity import NetworkActivity, Voltages
from lasersampling.lif.populations.checks import input_problems, parameter_problems
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.readouts import LeakyReadout
from lasersampling.lif.populations.spikes import SpikeEvents


def run_events(
    network: NetworkDescription, inputs: SpikeEvents, settings: EventSettings | None = None
) -> NetworkActivity:
    """Return all spikes and read-out voltages of a network for input spikes.

    Spike times are exact, and differentiable by all parameters and by the input times (EventProp).
    Numbers of spikes have derivatives by a heuristic, which docs/eventprop.md states (presence).

    Parameters
    ----------
    network : NetworkDescription
        The network, such as a `PopulationNetwork`, in double precision on the CPU.
    inputs : SpikeEvents
        Input spikes, from time 0 on.
    settings : EventSettings, optional
        When runs end. Read-outs need an end.

    Returns
    -------
    NetworkActivity

    Raises
    ------
    InputError
        For inputs that are not those of the network or begin before 0, for read-outs without an
        end, and for neurons whose threshold has come below the leak, the reset or the initial
        voltage.
    RunawayActivityError
        If a run has more spikes than it may have.

    References
    ----------
    Wunderlich and Pehle, Scientific Reports 11 (2021) 12829. The derivation of all that is computed
    here stands in docs/eventprop.md.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.events.run import run_events
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> network = PopulationNetwork(
    ...     2, [Population(3, refractory=0.5)], [Connection(INPUTS, 0, 2.0, 0.0)], [0]
    ... )
    >>> times = torch.tensor([[[0.0, 0.4]]], dtype=torch.float64)
    >>> run_events(network, SpikeEvents.from_times(times)).spikes().counts().tolist()
    [[[1.0, 1.0, 1.0]]]
    """
    settings = EventSettings() if settings is None else settings
    refuse(run_problems(network, inputs, settings))
    numbers = network.numbers()
    all_spikes, floored = event_spikes(inputs, numbers, network.rows, settings)
    sent = [
        all_spikes.of(*network.span(k)) if population.spiking else None
        for k, population in enumerate(network.populations)
    ]
    parts: list[SpikeEvents | Voltages] = []
    for k, own in enumerate(sent):
        delays = network.dendritic_delays(k)
        if own is None:
            parts.append(LeakyReadout.of(network, k, inputs, sent, settings.end))
        else:
            parts.append(own if delays is None else own.later(delays, settings.end))
    return NetworkActivity(tuple(parts), floored, tuple(sent), float(settings.end))


def run_problems(
    network: NetworkDescription, inputs: SpikeEvents, settings: EventSettings
) -> list[Problem]:
    """Check what `run_events` is given.

    Parameters
    ----------
    network, inputs, settings
        See `run_events`.
    """
    problems = [
        *input_problems(network, inputs),
        *kind_problems("settings", settings, EventSettings),
    ]
    if problems:
        return problems
    problems = parameter_problems(network)
    if settings.end == torch.inf and not all(p.spiking for p in network.populations):
        expected = "a finite time, since voltages are read out until then"
        problems.append(Problem("end", "inf", expected))
    return problems
