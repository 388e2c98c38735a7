"""The fast abstraction of a network of lasers: coupled renewal neurons with a measured hazard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.errors import InputError, Problem
from lasersampling.hardware import Imperfections
from lasersampling.lasers.device import Device
from lasersampling.parallel import Meter, available_cores, side_by_side
from lasersampling.sampling.neurons.calibration import Calibration, CalibrationSettings, LaserNeuron
from lasersampling.sampling.neurons.dispersed_starts import first_spikes
from lasersampling.sampling.neurons.sampler import DEFAULT_DEVICE, Lasers
from lasersampling.sampling.protocol import (
    ChainState,
    Progress,
    Samples,
    checked_request,
)
from lasersampling.sampling.renewal.hazard import Hazard
from lasersampling.sampling.renewal.hazard_measurement import HazardSettings, check_synapse
from lasersampling.sampling.renewal.lanes import Model, Reading, Record, Wiring
from lasersampling.sampling.renewal.store import stored_hazard
from lasersampling.sampling.renewal.tables import empty_batch, steady_drive, tabulated, wired
from lasersampling.sampling.renewal.trains import (
    Train,
    chain_state,
    recent_spikes,
    spike_trains,
    trains_of,
)

_MEMORY_IN_SLOW_TIMES = 16.0
"""After so many relaxation times exp(-t) is 1e-7."""

_WHY = "since the measured hazard is that of ideal lasers at rest; Lasers(...) draws with them"

_ROOM = 65536
_LANES_PER_BATCH = 1024
_MOST_BLOCKS = 20
_LASER_NS_PER_BLOCK = 2e7


@dataclass(frozen=True)
class Renewal:
    """Samples a Boltzmann machine by renewal neurons that spike as the lasers of a device do.

    Machines are translated with the same calibration as for `Lasers`; the rate equations are
    replaced by the measured hazard (`lasersampling.sampling.renewal.hazard`), which is simulated by
    thinning without discretisation of time. This is about fifty times as fast, and describes ideal
    lasers only.

    Attributes
    ----------
    lasers : Lasers, Device, str or Path
        The lasers that the neurons represent, or their device with all other settings at their
        defaults. Times, calibration, lines and threads are those of the lasers.
    hazard_settings : HazardSettings, optional
        How the hazard is measured if it is not in the cache.
    record_spikes : bool
        Whether samples include their spikes. Large machines have many.

    Raises
    ------
    InputError
        For lasers that this abstraction cannot describe: with imperfections, tempering, short-term
        depression or exponential synapses, or with clamped units that are held by their pumps.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> machine = BoltzmannMachine.random(3, seed=1)
    >>> quick = HazardSettings(n_chains=8, duration_ns=2000.0, response_duration_ns=150.0)
    >>> samples = Renewal("D6", quick).sample(machine, 100, n_chains=2, seed=5)
    >>> samples.states.shape, samples.interval_ns
    ((2, 100, 3), 0.625)
    """

    lasers: Lasers | Device | str | Path = DEFAULT_DEVICE
    hazard_settings: HazardSettings | None = None
    record_spikes: bool = True

    def __post_init__(self) -> None:
        # Making the lasers here reports problems of the device now and not at the first sampling.
        lasers = self.lasers if isinstance(self.lasers, Lasers) else Lasers(self.lasers)
        object.__setattr__(self, "lasers", lasers)
        check_synapse(lasers.neuron)
        problems = _problems(lasers)
        if problems:
            raise InputError(problems)

    @property
    def name(self) -> str:
        """Name recorded with the samples."""
        return "renewal"

    @property
    def of_lasers(self) -> Lasers:
        """The lasers that the neurons represent."""
        assert isinstance(self.lasers, Lasers)  # put there when this was made
        return self.lasers

    @property
    def neuron(self) -> LaserNeuron:
        """Device, synapse and times that are in use."""
        return self.of_lasers.neuron

    @property
    def calibration(self) -> Calibration:
        """Calibration of the neuron, from the cache or measured at the first use."""
        return self.of_lasers.calibration

    @cached_property
    def hazard(self) -> Hazard:
        """Hazard of the neuron, from the cache or measured at the first use."""
        return self.measured()

    def measured(self, progress: Progress | None = None) -> Hazard:
        """Return the hazard, and report the progress if it must be measured."""
        if "hazard" not in self.__dict__:
            self.__dict__["hazard"] = stored_hazard(
                self.neuron,
                self.of_lasers.settings or CalibrationSettings(),
                self.hazard_settings or HazardSettings(),
                n_threads=self.of_lasers.n_threads,
                progress=progress,
            )
        hazard: Hazard = self.__dict__["hazard"]
        return hazard

    @cached_property
    def model(self) -> Model:
        """Tables of the hazard."""
        return tabulated(self.hazard, self.calibration)

    @property
    def draw_interval_ns(self) -> float:
        """Time between two draws [ns]."""
        return self.of_lasers.draw_interval_ns

    def draws_in(self, duration_ns: float) -> int:
        """Number of draws in a sampling time."""
        return self.of_lasers.draws_in(duration_ns)

    def sample(
        self,
        machine: AnyMachine,
        n_draws: int,
        *,
        n_chains: int = 4,
        clamped: ArrayLike | None = None,
        seed: int = 0,
        start: ChainState | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Draw from the neurons' distribution; see `lasersampling.sampling.protocol.Sampler`.

        Clamped units have no neuron, and may differ in a continued run. States and spikes have the
        same times as those of `Lasers`.
        """
        machine, held = checked_request(machine, n_draws, n_chains, clamped, seed)
        tau, neuron = self.neuron.refractory_time_ns, self.neuron
        before = None if start is None else recent_spikes(start, n_chains, machine.n_units)
        draw = np.arange(n_draws, dtype=np.float64) + (start is not None)
        times = tau + self.draw_interval_ns * draw
        # Continued chains were left at tau: their first states depend on later spikes only.
        began = -self.of_lasers.burn_in_time_ns if start is None else tau
        memory = (
            max(tau, neuron.synapse.length_ns(tau) + neuron.delay_ns)
            + _MEMORY_IN_SLOW_TIMES * self.hazard.slow_ns
        )
        states = np.where(held == FREE, 0, held)[:, None, :].repeat(n_draws, axis=1).astype(np.int8)
        seeds = np.random.SeedSequence(seed).spawn(n_chains)
        generators = np.array([s.generate_state(4, np.uint64) for s in seeds], dtype=np.uint64)
        if before is None:
            past = trains_of(first_spikes(held, tau, seed), n_chains, began)
        else:
            past = [train.later(tau) for train in before]
        course = _Course(times, began, memory)
        chains = _Chains(held, states, generators, past)
        job = _Job(self, machine, course, chains, Meter(progress, n_chains))
        threads = self.of_lasers.n_threads or available_cores()
        batches = _batches(held, threads)
        self._compile()
        done = side_by_side(job.run, batches, min(threads, len(batches)))
        order = np.argsort(np.concatenate(batches), kind="stable")
        found = [train for trains in done for train in trains]
        trains = [found[place] for place in order]
        ends = [train.after(times[-1] - memory).later(-times[-1]) for train in trains]
        has_neuron = bool((held == FREE).any())
        return Samples(
            states, self.name, int(seed), self.draw_interval_ns,
            spike_trains(trains, machine.n_units, times[-1])
            if self.record_spikes and has_neuron else None,
            chain_state(ends, held.shape),
        )  # fmt: skip

    def _compile(self) -> None:
        """Import the kernel in this thread, since numba takes half a second to load."""
        from lasersampling.sampling.renewal import kernel as renewal_kernel

        _ = renewal_kernel.advance


def _problems(lasers: Lasers) -> list[Problem]:
    """Say which properties of these lasers renewal neurons do not have."""
    assert isinstance(lasers.imperfections, Imperfections)  # put there when they were made
    problems = []
    if not lasers.imperfections.is_none:
        got = "lasers with imperfections"
        problems.append(Problem("imperfections", got, f"none, {_WHY}"))
    for name in ("tempering", "depression"):
        if getattr(lasers, name) is not None:
            problems.append(Problem(name, f"lasers with {name}", f"none, {_WHY}"))
    if lasers.clamping != "drive":
        expected = "'drive': a clamped unit has no renewal neuron, and chains go on without it"
        problems.append(Problem("clamping", repr(lasers.clamping), expected))
    return problems


class _Course(NamedTuple):
    """Times of a run [ns]: of the draws, of its beginning, and how long spikes are remembered."""

    times: NDArray[np.float64]
    began: float
    memory: float


class _Chains(NamedTuple):
    """Arrays of all chains: held values, states, generators, past spikes."""

    held: NDArray[np.int8]
    states: NDArray[np.int8]
    generators: NDArray[np.uint64]
    past: list[Train]


class _Job:
    """Data that all chains of a run share."""

    def __init__(
        self,
        sampler: Renewal,
        machine: BoltzmannMachine,
        course: _Course,
        chains: _Chains,
        meter: Meter,
    ) -> None:
        self._sampler, self._programme = sampler, sampler.of_lasers.programme(machine)
        self._times, self._began, self._memory = course
        self._held, self._states, self._generators, self._past = chains
        self._meter = meter
        self._rule = sampler.calibration.rule(sampler.neuron)
        self._wirings: dict[bytes, Wiring] = {}
        self._lock = threading.Lock()

    def run(self, chains: NDArray[np.intp], stop: threading.Event) -> list[Train]:
        """Sample chains with the same free units; return their spikes from the first needed."""
        from lasersampling.sampling.renewal import kernel as renewal_kernel

        units = np.flatnonzero(self._held[chains[0]] == FREE)
        if not units.size:
            self._meter.add(len(chains))
            return [Train.empty()] * len(chains)
        # Writing to a slice is much faster than to a list of units.
        is_stretch = units[-1] - units[0] == units.size - 1
        columns = slice(units[0], units[-1] + 1) if is_stretch else units
        wiring, past = self._wired(units), self._past_of(chains, units)
        batch = empty_batch(
            self._steady(chains, units, wiring), self._generators[chains], wiring,
            self._sampler.hazard, max(len(train.time) for train in past),
        )  # fmt: skip
        offset = np.append(0, np.cumsum([len(train.time) for train in past])).astype(np.int64)
        before, who = (np.concatenate(arrays) for arrays in zip(*past, strict=True))
        model, tau = self._sampler.model, self._sampler.neuron.refractory_time_ns
        renewal_kernel.begin(model, wiring, batch, self._began, offset, before, who)
        spikes_from = 0.0 if self._sampler.record_spikes else self._times[-1] - self._memory
        room = max(_ROOM, len(chains) * units.size)
        record = Record(
            spikes_from, np.empty(room), np.empty(room, np.int32), np.empty(room, np.int32)
        )
        found: list[tuple[NDArray[Any], ...]] = []
        for block in self._blocks(len(chains) * units.size):
            draws = np.empty((len(chains), block.stop - block.start, units.size), dtype=np.int8)
            done = 0
            while done < draws.shape[1] and not stop.is_set():
                left = self._times[block.start + done : block.stop]
                n_draws, n_spikes = renewal_kernel.advance(
                    model, wiring, batch, self._began, Reading(left, draws[:, done:], tau), record
                )
                done += n_draws
                found.append(tuple(a[:n_spikes].copy() for a in record[1:]))
            for chain, drawn in zip(chains, draws, strict=True):
                self._states[chain][block, columns] = drawn
            self._meter.add(len(chains) * draws.shape[1] / len(self._times))
        times, who, where = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(where, kind="stable")
        order = order[times[order] <= self._times[-1]]  # windows end later
        parts = np.split(order, np.searchsorted(where[order], np.arange(1, len(chains))))
        return [
            Train(np.append(earlier.time, times[part]),
                   units[np.append(earlier.unit, who[part])].astype(np.int32))
            for earlier, part in zip(past, parts, strict=True)
        ]  # fmt: skip

    def _past_of(self, chains: NDArray[np.intp], units: NDArray[np.intp]) -> list[Train]:
        """Earlier spikes of these units, which are renumbered from 0."""
        local = np.full(self._held.shape[1], -1, dtype=np.int32)
        local[units] = np.arange(units.size)
        trains = []
        for chain in chains:
            time, unit = self._past[chain]
            is_free = local[unit] >= 0
            trains.append(Train(time[is_free], local[unit[is_free]]))
        return trains

    def _steady(
        self, chains: NDArray[np.intp], units: NDArray[np.intp], wiring: Wiring
    ) -> NDArray[np.int32]:
        """Drive of these units by biases and clamped units."""
        others = np.setdiff1d(np.arange(self._held.shape[1]), units)
        weights = self._programme.weights[np.ix_(units, others)]
        drive = self._held[np.ix_(chains, others)] @ weights.T
        pump = self._rule.pump_ratio(self._programme.among(units), drive)
        return steady_drive(pump, wiring, self._rule)

    def _blocks(self, n_units: int) -> Iterator[slice]:
        """Divide the draws into blocks; after each, progress is reported and Ctrl-C noticed."""
        laser_ns = n_units * (self._times[-1] - self._began)
        n = int(min(len(self._times), _MOST_BLOCKS, 1 + laser_ns / _LASER_NS_PER_BLOCK))
        bounds = np.linspace(0, len(self._times), n + 1).astype(int)
        return (slice(int(a), int(b)) for a, b in pairwise(bounds))

    def _wired(self, units: NDArray[np.intp]) -> Wiring:
        """Couplings among these units, made once for all chains in which they are free."""
        key = units.tobytes()
        with self._lock:
            if key not in self._wirings:
                self._wirings[key] = wired(self._programme, units, self._sampler.neuron, self._rule,
                                           self._sampler.hazard)  # fmt: skip
            return self._wirings[key]


def _batches(held: NDArray[np.int8], threads: int) -> list[NDArray[np.intp]]:
    """Chains that are simulated together: those with the same free units, as many as pay off."""
    _, group = np.unique(held == FREE, axis=0, return_inverse=True)
    batches: list[NDArray[np.intp]] = []
    for k in range(group.max() + 1):
        chains = np.flatnonzero(group == k)
        most = max(1, _LANES_PER_BATCH // held.shape[1])
        n = min(len(chains), max(-(-len(chains) // most), -(-threads * len(chains) // len(held))))
        batches += np.array_split(chains, n)
    return batches
