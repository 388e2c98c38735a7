"""Simulation of chains of renewal neurons, batch by batch, with the compiled kernel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.parallel import Meter
from lasersampling.sampling.neurons.calibration import LaserNeuron
from lasersampling.sampling.neurons.translation import Programme, TranslationRule
from lasersampling.sampling.renewal.hazard import Hazard
from lasersampling.sampling.renewal.lanes import Batch, Model, Reading, Record, Wiring
from lasersampling.sampling.renewal.tables import empty_batch, steady_drive, wired
from lasersampling.sampling.renewal.trains import Train

_ROOM = 65536
"""Least number of spikes for which a call of the kernel has room."""

_LANES_PER_BATCH = 1024
_MOST_BLOCKS = 20
_LASER_NS_PER_BLOCK = 2e7


class Course(NamedTuple):
    """Times of a run [ns]: of its draws, of its beginning, and from when on spikes are recorded."""

    draws: NDArray[np.float64]
    began: float
    spikes_from: float

    @property
    def end(self) -> float:
        """Time of the last draw [ns]."""
        return float(self.draws[-1])

    def blocks(self, n_neurons: int) -> Iterator[slice]:
        """Divide the draws into blocks; after each, progress is reported and Ctrl-C noticed."""
        laser_ns = n_neurons * (self.end - self.began)
        n = int(min(len(self.draws), _MOST_BLOCKS, 1 + laser_ns / _LASER_NS_PER_BLOCK))
        bounds = np.linspace(0, len(self.draws), n + 1).astype(int)
        return (slice(int(a), int(b)) for a, b in pairwise(bounds))


class Chains(NamedTuple):
    """Arrays of all chains: held values, states, generators, past spikes."""

    held: NDArray[np.int8]
    states: NDArray[np.int8]
    generators: NDArray[np.uint64]
    past: list[Train]


class _Spikes(NamedTuple):
    """Spikes of a batch: times, and neurons and chains by their numbers within it."""

    time: NDArray[np.float64]
    neuron: NDArray[np.int32]
    chain: NDArray[np.int32]


@dataclass(frozen=True)
class RenewalRun:
    """What all chains of a run share.

    Attributes
    ----------
    model : Model
        Tables of the hazard.
    hazard : Hazard
        The hazard itself.
    neuron : LaserNeuron
        Device and times.
    programme : Programme
        Weights and biases that drive the neurons.
    rule : TranslationRule
        Translation of drives into pumps.
    chains : Chains
        All chains; `sample` fills their states.
    course : Course
        Times of the run.
    meter : Meter
        Counts the chains that are done.
    """

    model: Model
    hazard: Hazard
    neuron: LaserNeuron
    programme: Programme
    rule: TranslationRule
    chains: Chains
    course: Course
    meter: Meter
    _wirings: dict[bytes, Wiring] = field(init=False, default_factory=dict)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def sample(self, batch: NDArray[np.intp], stop: threading.Event) -> list[Train]:
        """Sample chains with the same free units; return their spikes from the first needed.

        Parameters
        ----------
        batch : ndarray of int, shape (chain of the batch,)
            Numbers of the chains.
        stop : threading.Event
            Set when the run is given up.
        """
        units = np.flatnonzero(self.chains.held[batch[0]] == FREE)
        if not units.size:
            self.meter.add(len(batch))
            return [Train.empty()] * len(batch)
        wiring, past = self._wired(units), self._past_of(batch, units)
        lanes = self._begun(batch, units, wiring, past)
        record = self._record(len(batch) * units.size)
        found: list[_Spikes] = []
        for block in self.course.blocks(len(batch) * units.size):
            drawn, spikes = self._advanced(block, wiring, lanes, record, stop)
            self._store(drawn, batch, block, units)
            found += spikes
            self.meter.add(len(batch) * drawn.shape[1] / len(self.course.draws))
        recorded = self._by_chain(found, len(batch))
        return [
            Train(np.append(earlier.time, new.time),
                  units[np.append(earlier.unit, new.unit)].astype(np.int32))
            for earlier, new in zip(past, recorded, strict=True)
        ]  # fmt: skip

    def _begun(
        self,
        batch: NDArray[np.intp],
        units: NDArray[np.intp],
        wiring: Wiring,
        past: list[Train],
    ) -> Batch:
        """Lanes of the kernel at the beginning of the run, after the spikes of the past."""
        from lasersampling.sampling.renewal import kernel

        lengths = [len(train.time) for train in past]
        lanes = empty_batch(
            self._steady(batch, units, wiring), self.chains.generators[batch], wiring,
            self.hazard, max(lengths),
        )  # fmt: skip
        starts = np.append(0, np.cumsum(lengths)).astype(np.int64)
        time, neuron = (np.concatenate(arrays) for arrays in zip(*past, strict=True))
        kernel.begin(self.model, wiring, lanes, self.course.began, starts, time, neuron)
        return lanes

    def _record(self, n_neurons: int) -> Record:
        """Room for the spikes of a call of the kernel."""
        room = max(_ROOM, n_neurons)
        return Record(
            self.course.spikes_from, np.empty(room), np.empty(room, np.int32),
            np.empty(room, np.int32),
        )  # fmt: skip

    def _advanced(
        self, block: slice, wiring: Wiring, lanes: Batch, record: Record, stop: threading.Event
    ) -> tuple[NDArray[np.int8], list[_Spikes]]:
        """Simulate until the last draw of a block; give the draws, and the spikes of each call."""
        from lasersampling.sampling.renewal import kernel

        times = self.course.draws[block]
        n_chains, n_neurons = lanes.place.shape[0], wiring.first.size
        drawn = np.empty((n_chains, len(times), n_neurons), dtype=np.int8)
        spikes: list[_Spikes] = []
        done = 0
        # The kernel returns early when its record of spikes is full.
        while done < len(times) and not stop.is_set():
            reading = Reading(times[done:], drawn[:, done:], self.neuron.refractory_time_ns)
            n_draws, n_spikes = kernel.advance(
                self.model, wiring, lanes, self.course.began, reading, record
            )
            done += n_draws
            new = slice(0, n_spikes)
            spikes.append(
                _Spikes(
                    record.times[new].copy(), record.units[new].copy(), record.chains[new].copy()
                )
            )
        return drawn, spikes

    def _store(
        self,
        drawn: NDArray[np.int8],
        batch: NDArray[np.intp],
        block: slice,
        units: NDArray[np.intp],
    ) -> None:
        """Write draws of a batch into the states of all chains."""
        # Writing to a slice is much faster than to a list of units.
        are_consecutive = units[-1] - units[0] == units.size - 1
        columns = slice(units[0], units[-1] + 1) if are_consecutive else units
        for chain, states in zip(batch, drawn, strict=True):
            self.chains.states[chain][block, columns] = states

    def _by_chain(self, found: list[_Spikes], n_chains: int) -> list[Train]:
        """Spikes up to the last draw for each chain of a batch; neurons are numbered from 0."""
        time, neuron, chain = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(chain, kind="stable")
        order = order[time[order] <= self.course.end]  # windows end later
        parts = np.split(order, np.searchsorted(chain[order], np.arange(1, n_chains)))
        return [Train(time[part], neuron[part]) for part in parts]

    def _past_of(self, batch: NDArray[np.intp], units: NDArray[np.intp]) -> list[Train]:
        """Earlier spikes of these units, which are renumbered from 0."""
        local = np.full(self.chains.held.shape[1], -1, dtype=np.int32)
        local[units] = np.arange(units.size)
        trains = []
        for chain in batch:
            time, unit = self.chains.past[chain]
            is_free = local[unit] >= 0
            trains.append(Train(time[is_free], local[unit[is_free]]))
        return trains

    def _steady(
        self, batch: NDArray[np.intp], units: NDArray[np.intp], wiring: Wiring
    ) -> NDArray[np.int32]:
        """Drive of these units by biases and clamped units."""
        held = self.chains.held
        others = np.setdiff1d(np.arange(held.shape[1]), units)
        weights = self.programme.weights[np.ix_(units, others)]
        drive = held[np.ix_(batch, others)] @ weights.T
        pump = self.rule.pump_ratio(self.programme.among(units), drive)
        return steady_drive(pump, wiring, self.rule)

    def _wired(self, units: NDArray[np.intp]) -> Wiring:
        """Couplings among these units, made once for all chains in which they are free."""
        key = units.tobytes()
        with self._lock:
            if key not in self._wirings:
                self._wirings[key] = wired(
                    self.programme, units, self.neuron, self.rule, self.hazard
                )
            return self._wirings[key]


def batches_of(held: NDArray[np.int8], threads: int) -> list[NDArray[np.intp]]:
    """Chains that are simulated together: those with the same free units, as many as pay off.

    Parameters
    ----------
    held : ndarray of int8, shape (chain, unit)
        -1 for free units.
    threads : int
        Number of threads.
    """
    _, group = np.unique(held == FREE, axis=0, return_inverse=True)
    batches: list[NDArray[np.intp]] = []
    for k in range(group.max() + 1):
        chains = np.flatnonzero(group == k)
        most = max(1, _LANES_PER_BATCH // held.shape[1])
        n = min(len(chains), max(-(-len(chains) // most), -(-threads * len(chains) // len(held))))
        batches += np.array_split(chains, n)
    return batches
