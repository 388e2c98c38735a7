"""One run of emulated chips whose neurons spike as often as they like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lasersampling.checks import memory_problems, refuse
from lasersampling.errors import LaserSamplingError
from lasersampling.hardware import Arrays, Spikes, VoltageSampling
from lasersampling.lif.chips.imperfect import (
    OF_NEURONS,
    SMALLEST_GAP,
    SMALLEST_TAU,
    ImperfectChips,
    word,
)
from lasersampling.lif.chips.programmed import Realised, joined
from lasersampling.lif.chips.ragged import spike_arrays
from lasersampling.lif.chips.transmission import Transmission
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.events.voltages import membrane_voltages
from lasersampling.lif.populations.activity import NetworkActivity
from lasersampling.lif.populations.layered import AfterSpike
from lasersampling.lif.populations.parameters import NeuronNumbers
from lasersampling.lif.populations.population import INPUTS
from lasersampling.lif.populations.spikes import SpikeEvents
from lasersampling.parallel import available_cores

Array = NDArray[np.float64]

_OF_VOLTAGES, _OF_SPIKES = 3, 4
"""Random streams of a run, apart from those that `imperfect` uses."""

_MOST_SWEEPS = 1000
_ARRIVALS_PER_THREAD = 100_000
"""Starting a thread takes longer than fewer."""

_SAME = 1e-12
"""Spikes that a further sweep moves by less than this stay where they are [tau_syn]."""


@dataclass(frozen=True)
class ChipLayout:
    """What chips run, apart from what is programmed.

    Attributes
    ----------
    connections : tuple of (int, int)
        Source, -1 for the inputs, and target of each connection.
    after : AfterSpike
        What becomes of neurons after a spike, unless it is programmed.
    voltages : VoltageSampling or None
        How voltages of membranes are told.
    """

    connections: tuple[tuple[int, int], ...]
    after: AfterSpike
    voltages: VoltageSampling | None


class PopulationRun:
    """One run of some chips: the numbers that are realised, and what comes of them.

    Parameters
    ----------
    chips : ImperfectChips
        What deviates.
    layout : ChipLayout
        What the chips run.
    parameters : mapping of str to ndarray
        What is programmed.
    given : SpikeEvents
        Input spikes.
    """

    def __init__(
        self, chips: ImperfectChips, layout: ChipLayout, parameters: Arrays, given: SpikeEvents
    ) -> None:
        self._chips, self._layout, self._parameters = chips, layout, parameters
        self._sizes = given.n_members, given.n_samples
        self._about: Spikes = chips.model.imperfections.spikes
        self._n = len(self._chips.sizes) - 1
        self._sent: list[Array | None] = [None] * (self._n + 1)
        self._dendritic: list[Array | None] = [None] * self._n
        self._leaks: list[Array] = []
        self._ways: list[Transmission] = []
        arrivals = len(given.time) * sum(chips.sizes[1:])
        n_threads = min(available_cores(), 1 + arrivals // _ARRIVALS_PER_THREAD)
        self._settings = EventSettings(end=float(chips.model.sample_period), n_threads=n_threads)
        self._numbers = self._realised()
        self._inputs = _seen_as(given, len(self._numbers.weights[0]))

    def _realised(self) -> Realised:
        """Draw all numbers, in the order in which `EmulatedChip` does for layers."""
        chips, given, n_samples = self._chips, self._parameters, self._sizes[1]
        connections = self._layout.connections
        weights: list[Array] = [np.empty(0)] * len(connections)
        synaptic: list[Array | None] = [None] * len(connections)
        axonal: dict[int, Array] = {}
        cells: list[dict[str, Array]] = []
        seeds = [word(seed, _OF_SPIKES, chips.n_runs) for seed in chips.seeds]
        for p in range(self._n):
            own = [k for k, (_, target) in enumerate(connections) if target == p]
            for source in (connections[k][0] + 1 for k in own):
                delays = given.get(f"axonal_delays_{source}")
                if delays is not None and source not in axonal:
                    axonal[source] = chips.of_delays(delays, source, n_samples)
            cells.append(self._cells(p))
            for k in own:
                places = (p + 1, connections[k][0] + 1)
                weights[k] = chips.of_connections(
                    "coupling", given[f"weights_{k}"], places, n_samples
                )
                weights[k] = np.where(chips.dead(p + 1)[:, None, :, None], 0.0, weights[k])
                late = given.get(f"synaptic_delays_{k}")
                if late is not None:
                    drawn = chips.of_connections("delay", late, places, n_samples)
                    synaptic[k] = np.maximum(drawn, 0.0)
            shape = n_samples, chips.sizes[p + 1]
            way = [word(seed, p) for seed in seeds]
            self._ways.append(Transmission(self._about, chips.streams, way, shape))
            late = given.get(f"dendritic_delays_{p}")
            if late is not None:
                self._dendritic[p] = chips.of_delays(late, p + 1, n_samples)
        sent = [_sum(axonal.get(0), None)]
        sent += [_sum(axonal.get(p + 1), self._dendritic[p]) for p in range(self._n)]
        every = [*weights, *synaptic, *sent, *(v for cell in cells for v in cell.values())]
        changes = any(values is not None and values.shape[1] > 1 for values in every)
        size = n_samples if changes else 1

        def flat(values: Array) -> Array:
            """Samples as networks of their own if any value changes from sample to sample."""
            whole = np.broadcast_to(values, (len(values), size, *values.shape[2:]))
            return np.array(whole.reshape(-1, *values.shape[2:]))  # which torch may write to

        def turned(values: Array) -> Array:
            return np.ascontiguousarray(flat(values).swapaxes(1, 2))

        if changes:
            wide = max(values.size // values.shape[1] for values in weights)
            refuse(memory_problems("samples (samples x weights)", (size, wide), 64))
        neurons = []
        for cell in cells:
            self._leaks.append(cell["leak"])
            own_cell = {name: torch.from_numpy(flat(values)) for name, values in cell.items()}
            neurons.append(NeuronNumbers(**own_cell))
        return Realised(
            connections,
            [turned(values) for values in weights],
            [None if values is None else turned(values) for values in synaptic],
            [None if values is None else flat(values) for values in sent],
            neurons,
        )

    def _cells(self, p: int) -> dict[str, Array]:
        """What the neurons of a population are made of, (member, 1 or sample, neuron)."""
        chips, n_samples = self._chips, self._sizes[1]
        threshold, leak, tau_mem, tau_syn = (
            chips.of_neurons(name, p + 1, self._parameters.get(f"{name}_{p}"), n_samples)
            for name in OF_NEURONS
        )
        after, conductance = self._layout.after, self._chips.model.neuron.conductance
        shape = self._sizes[0], chips.sizes[p + 1]
        reset, refractory = (
            np.broadcast_to(
                np.asarray(self._parameters.get(f"{name}_{p}", getattr(after, name)), float), shape
            )[:, None]
            for name in ("reset", "refractory")
        )
        gap = np.maximum((threshold - leak) * conductance, SMALLEST_GAP)
        return {
            "gap": gap,
            "reset": np.minimum((reset - leak) * conductance, gap - SMALLEST_GAP),
            "initial": np.zeros_like(gap),
            "tau_mem": np.maximum(tau_mem, SMALLEST_TAU),
            "tau_syn": np.maximum(tau_syn, SMALLEST_TAU),
            "refractory": refractory,
            "conductance": np.full_like(gap, conductance),
            "leak": leak,
        }

    def observed(self, points: Array | None) -> dict[str, NDArray[Any]]:
        """Run the network, and return what the chips show."""
        if self._about == Spikes():
            network = self._numbers.whole(self._inputs.n_neurons)
            activity = run_events(network, self._inputs, self._settings)
            seen = [self._as_samples(own) for own in activity.crossings if own is not None]
            parts = [(network, self._inputs, activity, p) for p in range(self._n)]
        else:
            seen, parts = self._swept()
        observed: dict[str, NDArray[Any]] = {}
        for p, spikes in enumerate(seen):
            late = self._dendritic[p]
            if late is not None:
                own = _seen_as(spikes, spikes.n_members * (late.shape[1]))
                spikes = own.later(
                    torch.from_numpy(late.reshape(-1, late.shape[2])), self._settings.end
                )
            observed |= spike_arrays(f"spikes_{p}", spikes)
        if points is not None:
            observed |= self._voltages(points, parts)
        return observed

    def _swept(self) -> tuple[list[SpikeEvents], list[tuple[Any, SpikeEvents, Any, int]]]:
        """Run one population after the other, again if what it receives has changed.

        What happens to a spike does not depend on later ones, so that each sweep settles at least
        the next spike of a loop; without loops one sweep is enough.
        """
        connections, n_networks = self._numbers.connections, self._inputs.n_members
        networks = [self._numbers.alone(p) for p in range(self._n)]
        refractory = [
            n.refractory.numpy().reshape(self._sizes[0], -1, n.refractory.shape[1])
            for n in self._numbers.neurons
        ]
        seen = [
            SpikeEvents.from_times(torch.full((*self._sizes, n), torch.inf, dtype=torch.float64))
            for n in self._chips.sizes[1:]
        ]
        acting = [_seen_as(spikes, n_networks) for spikes in seen]
        parts: list[Any] = [None] * self._n
        reaching = _reaching(connections, self._n)
        waiting = set(range(self._n))
        for _ in range(_MOST_SWEEPS):
            for p in range(self._n):
                if p not in waiting:
                    continue
                waiting.discard(p)
                sources = [source for source, target in connections if target == p]
                given = joined([self._inputs if s == INPUTS else acting[s] for s in sources])
                activity: NetworkActivity = run_events(networks[p], given, self._settings)
                parts[p] = (networks[p], given, activity, 0)
                crossings = self._as_samples(activity.spikes())
                is_recurrent = p in reaching[p]
                sent = self._ways[p].sent(
                    crossings, refractory[p], self._settings.end, is_recurrent
                )
                seen[p], now = sent.seen, _seen_as(sent.acting, n_networks)
                if not _are_same(now, acting[p]):
                    acting[p] = now
                    waiting |= {target for source, target in connections if source == p}
            if not waiting:
                return seen, parts
        raise LaserSamplingError(
            f"spikes that are disturbed on their way (imperfections.spikes) have not settled after "
            f"{_MOST_SWEEPS} sweeps through a recurrent network: make recurrent weights smaller, "
            "refractory periods or delays longer, or samples shorter"
        )

    def _voltages(self, points: Array, parts: list[Any]) -> dict[str, NDArray[Any]]:
        """Sample the voltages of all membranes."""
        about = self._layout.voltages
        assert about is not None
        streams = [word(seed, _OF_VOLTAGES, self._chips.n_runs) for seed in self._chips.seeds]
        generators = [np.random.default_rng(stream) for stream in streams]
        told = {}
        for p, (network, given, activity, number) in enumerate(parts):
            exact = membrane_voltages(network, given, activity, points, number).numpy()
            values = exact.reshape(*self._sizes, *exact.shape[2:]) + self._leaks[p][..., None]
            if about.noise_std > 0.0:
                noise = [generator.standard_normal(values.shape[1:]) for generator in generators]
                values = values + about.noise_std * np.stack(noise)
            told[f"voltages_{p}"] = values if about.grid.is_none else about.grid.rounded(values)
        return told

    def _as_samples(self, spikes: SpikeEvents) -> SpikeEvents:
        return _seen_as(spikes, self._sizes[0])


def _seen_as(spikes: SpikeEvents, n_members: int) -> SpikeEvents:
    """Runs as samples of so many members, in the same order."""
    n_samples = (len(spikes.offsets) - 1) // n_members
    return SpikeEvents(
        spikes.offsets, spikes.neuron, spikes.time, n_members, n_samples, spikes.n_neurons
    )


def _are_same(one: SpikeEvents, other: SpikeEvents) -> bool:
    return (
        torch.equal(one.offsets, other.offsets)
        and torch.equal(one.neuron, other.neuron)
        and bool(((one.time - other.time).abs() <= _SAME).all())
    )


def _sum(one: Array | None, other: Array | None) -> Array | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _reaching(connections: Sequence[tuple[int, int]], n: int) -> list[set[int]]:
    """Populations that each one acts on, through others too."""
    reached: list[set[int]] = [{t for s, t in connections if s == p} for p in range(n)]
    for _ in range(n):
        reached = [own.union(*(reached[q] for q in own)) for own in reached]
    return reached
