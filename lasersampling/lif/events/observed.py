"""A network of populations along the spikes that a device has shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lasersampling.checks import refuse
from lasersampling.lif.events.function import event_spikes
from lasersampling.lif.events.ordering import in_order, within_refractory
from lasersampling.lif.events.replay import Seen
from lasersampling.lif.events.run import run_problems
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.activity import NetworkActivity, Voltages
from lasersampling.lif.populations.checks import observed_problems
from lasersampling.lif.populations.description import NetworkDescription
from lasersampling.lif.populations.readouts import LeakyReadout
from lasersampling.lif.populations.spikes import SpikeEvents


@dataclass(frozen=True, eq=False)
class ObservedActivity(NetworkActivity):
    """Spikes that a device has shown, with derivatives, and voltages that follow from them.

    Attributes
    ----------
    parts : tuple of SpikeEvents or Voltages
        Spikes of each population, or its voltages if it does not spike.
    floored : Floored
        How often derivatives were limited.
    crossings : tuple of SpikeEvents or None
        Spikes of each population before its dendritic delays, None for read-outs.
    end : float
        Time at which the run has ended [tau_syn].
    n_caught : int
        Number of spikes within the nominal refractory period of their neuron, on whose times
        nothing has any influence.
    """

    n_caught: int = 0


def observed_events(
    network: NetworkDescription,
    inputs: SpikeEvents,
    observed: Sequence[SpikeEvents | None],
    settings: EventSettings | None = None,
) -> ObservedActivity:
    """Return observed spikes of a network with the derivatives of its nominal model (EventProp).

    The adjoint dynamics run backward along the observed spikes: each takes the place of a crossing
    of the threshold, and what it causes, its reset and its refractory period are those of the
    network. Read-outs without threshold follow from the observed spikes.

    Parameters
    ----------
    network : NetworkDescription
        The nominal network, such as a `PopulationNetwork`, in double precision on the CPU.
    inputs : SpikeEvents
        Input spikes that were sent, from time 0 on.
    observed : sequence of SpikeEvents or None
        What has left each population, after its dendritic delays; None for read-outs. Spikes after
        the end are left out. One before time 0 causes what it would cause at 0.
    settings : EventSettings, optional
        When runs end, and the least slope of the voltage at a spike. A device may spike where the
        nominal voltage hardly rises, or falls, so this counts more than for `run_events`.
        `most_spikes` has no meaning here.

    Returns
    -------
    ObservedActivity

    Raises
    ------
    InputError
        As for `run_events`, and for observed spikes that are not those of the network.

    References
    ----------
    Wunderlich and Pehle, Scientific Reports 11 (2021) 12829; Pehle, Blessing, Arnold, Müller and
    Schemmel (2023), https://arxiv.org/abs/2302.07141. See docs/eventprop.md.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.events.observed import observed_events
    >>> from lasersampling.lif.events.run import run_events
    >>> from lasersampling.lif.populations.network import PopulationNetwork
    >>> from lasersampling.lif.populations.population import INPUTS, Connection, Population
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> network = PopulationNetwork(2, [Population(3)], [Connection(INPUTS, 0, 2.0, 0.0)], [0])
    >>> inputs = SpikeEvents.from_trains([[(0.0, 0), (0.4, 1)]], 2)
    >>> seen = SpikeEvents.from_trains([[(0.81, 2), (0.83, 0), (0.9, 1)]], 3)
    >>> spikes = observed_events(network, inputs, [seen]).spikes()
    >>> spikes.time.sum().backward()
    >>> network.weights[0].grad.shape
    torch.Size([1, 2, 3])
    """
    settings = EventSettings() if settings is None else settings
    refuse(run_problems(network, inputs, settings))
    refuse(observed_problems(network, inputs, observed))
    numbers = network.numbers()
    given = [
        None if own is None else _Own.of(network, k, own, settings.end)
        for k, own in enumerate(observed)
    ]
    crossings, places = _merged(network, [own for own in given if own is not None], inputs)
    seen = _seen(crossings, numbers.refractory.detach())
    spikes, floored = event_spikes(inputs, numbers, network.rows, settings, seen)
    assert spikes.presence is not None
    # Nothing decides on spikes within a refractory period, nor when they come.
    presence = torch.where(torch.from_numpy(seen.caught), 1.0, spikes.presence)
    sent = [
        spikes.of(*network.span(k)) if population.spiking else None
        for k, population in enumerate(network.populations)
    ]
    parts: list[SpikeEvents | Voltages] = []
    for k, own in enumerate(given):
        if own is None:
            parts.append(LeakyReadout.of(network, k, inputs, sent, settings.end))
        else:
            place = next(places)
            parts.append(own.with_derivatives(spikes.time[place], presence[place]))
    n_caught = int(seen.caught.sum())
    return ObservedActivity(tuple(parts), floored, tuple(sent), float(settings.end), n_caught)


class _Own(NamedTuple):
    """Observed spikes of a population, and when its neurons crossed their thresholds."""

    seen: SpikeEvents
    delays: Tensor | None
    crossing: Tensor
    first: int

    @classmethod
    def of(
        cls, network: NetworkDescription, population: int, seen: SpikeEvents, end: float
    ) -> _Own:
        if len(seen.time) and float(seen.time.detach().max()) > end:
            seen = seen.later(seen.time.new_zeros(seen.n_members, seen.n_neurons), end)
        all_delays = network.dendritic_delays(population)
        crossing = seen.time.detach().clamp_min(0.0)
        delays = None
        if all_delays is not None:
            delays = all_delays[seen.run // seen.n_samples, seen.neuron]
            crossing = crossing - delays.detach()
        return cls(seen, delays, crossing, network.span(population)[0])

    def with_derivatives(self, crossing: Tensor, presence: Tensor) -> SpikeEvents:
        """Return the spikes, with the derivatives of their crossings, delays and presence."""
        time = crossing if self.delays is None else crossing + self.delays
        return replace(
            self.seen, time=self.seen.time.detach() + (time - time.detach()), presence=presence
        )


def _merged(
    network: NetworkDescription, given: Sequence[_Own], inputs: SpikeEvents
) -> tuple[SpikeEvents, Iterator[Tensor]]:
    """Put the crossings of all populations in order; say where those of each stand then."""
    run, neuron, time = (
        torch.cat(values)
        for values in zip(
            *((own.seen.run, own.seen.neuron + own.first, own.crossing) for own in given),
            strict=True,
        )
    )
    found = in_order(run.numpy(), neuron.numpy(), time.numpy(), len(inputs.offsets) - 1)
    order, offsets = map(torch.from_numpy, found)
    n_neurons = sum(p.n_neurons for p in network.populations if p.spiking)
    merged = SpikeEvents(
        offsets, neuron[order], time[order], inputs.n_members, inputs.n_samples, n_neurons
    )
    places = torch.empty_like(order)
    places[order] = torch.arange(len(order))
    return merged, iter(places.split([len(own.crossing) for own in given]))


def _seen(crossings: SpikeEvents, refractory: Tensor) -> Seen:
    """Find which spikes lie within the refractory period of the one before."""
    offsets = crossings.offsets.numpy()
    neuron, time = crossings.neuron.numpy(), crossings.time.numpy()
    periods = np.ascontiguousarray(refractory.numpy())
    caught, cut = within_refractory(offsets, neuron, time, periods)
    return Seen(offsets, neuron, time, caught, cut)
