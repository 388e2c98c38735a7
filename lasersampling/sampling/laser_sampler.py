"""A network of lasers as a sampler of Boltzmann machines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.checks import number_problems
from lasersampling.errors import InputError
from lasersampling.lasers.device import Device, load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import simulate
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.lasers.synapse import Synapse
from lasersampling.sampling.calibration import Calibration, CalibrationSettings, Neuron
from lasersampling.sampling.calibration_store import stored_calibration
from lasersampling.sampling.protocol import Progress, Samples, checked_request

DEFAULT_DEVICE = "D6"

_READINGS_PER_TAU = 4


@dataclass(frozen=True)
class Lasers:
    """Samples a Boltzmann machine by its simulated network of nanolasers.

    The machine is translated into pumps and couplings with the calibration of the device
    (`lasersampling.sampling.translation`). Clamped units need no laser: their effect on the
    others is a constant pump, and the conditional distribution is that of the others under it.

    Attributes
    ----------
    device : Device, str or Path
        A laser, the name of a shipped one, or a TOML file.
    synapse : Synapse, optional
        The device's own by default.
    refractory_time_ns : float, optional
        tau: z = 1 that long after a spike; the device's own by default.
    delay_ns : float
        Transmission delay of all connections.
    interval_ns : float, optional
        Time between draws; a quarter of the refractory time by default.
    burn_in_ns : float, optional
        Time before the first draw; 50 refractory times by default.
    step_ps : float, optional
        Integration step; the device's own by default.
    settings : CalibrationSettings, optional
        How the device is calibrated when its calibration is not in the cache.
    n_threads : int, optional
        Threads; all cores by default. Draws do not depend on it.

    Examples
    --------
    >>> from lasersampling.boltzmann import BoltzmannMachine
    >>> machine = BoltzmannMachine.random(3, seed=1)
    >>> samples = Lasers("D6").sample(machine, 100, n_chains=2, seed=5)
    >>> samples.states.shape, samples.interval_ns
    ((2, 100, 3), 0.625)
    """

    device: Device | str | Path = DEFAULT_DEVICE
    synapse: Synapse | None = None
    refractory_time_ns: float | None = None
    delay_ns: float = 0.0
    interval_ns: float | None = None
    burn_in_ns: float | None = None
    step_ps: float | None = None
    settings: CalibrationSettings | None = None
    n_threads: int | None = None

    def __post_init__(self) -> None:
        problems = []
        for name, strict in (("interval_ns", True), ("burn_in_ns", False)):
            value = getattr(self, name)
            if value is not None:
                problems += number_problems(name, value, 0.0, strict=strict)
        if problems:
            raise InputError(problems)
        # Reading the device file now reports its problems here and not at the first sampling.
        _ = self.neuron

    @property
    def name(self) -> str:
        """Name recorded with the samples."""
        return "lasers"

    @cached_property
    def neuron(self) -> Neuron:
        """Device, synapse and times that are in use."""
        device = self.device if isinstance(self.device, Device) else load_device(self.device)
        tau = self.refractory_time_ns
        return Neuron(
            device=device,
            synapse=device.synapse if self.synapse is None else self.synapse,
            refractory_time_ns=device.refractory_time_ns if tau is None else tau,
            delay_ns=self.delay_ns,
            step_ps=device.step_ps if self.step_ps is None else self.step_ps,
        )

    @cached_property
    def calibration(self) -> Calibration:
        """Calibration of the neuron, out of the cache or measured at the first use."""
        return self.calibrated()

    def calibrated(self, progress: Progress | None = None) -> Calibration:
        """Give the calibration, telling of the progress if it must be measured."""
        if "calibration" not in self.__dict__:
            self.__dict__["calibration"] = stored_calibration(
                self.neuron,
                self.settings or CalibrationSettings(),
                n_threads=self.n_threads,
                progress=progress,
            )
        calibration: Calibration = self.__dict__["calibration"]
        return calibration

    @property
    def draw_interval_ns(self) -> float:
        """Time between two draws [ns]."""
        if self.interval_ns is not None:
            return self.interval_ns
        return self.neuron.refractory_time_ns / _READINGS_PER_TAU

    def draws_in(self, duration_ns: float) -> int:
        """Draws that fit into a sampling time."""
        return max(1, math.floor(duration_ns / self.draw_interval_ns + 1e-9))

    def sample(
        self,
        machine: BoltzmannMachine,
        n_draws: int,
        *,
        n_chains: int = 4,
        clamped: ArrayLike | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Samples:
        """Draw from the lasers' distribution; see `lasersampling.sampling.protocol.Sampler`.

        Chains whose clamped *units* differ run as separate networks; clamped *values* may differ
        from chain to chain at no cost.
        """
        held = checked_request(machine, n_draws, n_chains, clamped, seed)
        is_free = held == FREE
        patterns, which = np.unique(is_free, axis=0, return_inverse=True)
        which = which.reshape(-1)
        states = np.where(is_free, 0, held)[:, None, :].repeat(n_draws, axis=1).astype(np.int8)
        seeds = np.random.SeedSequence(seed).generate_state(len(patterns), np.uint32)
        parts: list[tuple[NDArray[np.intp], NDArray[np.intp], SpikeTrains]] = []
        done = 0
        for k, pattern in enumerate(patterns):
            chains, free = np.flatnonzero(which == k), np.flatnonzero(pattern)

            def report(fraction: float, n: int = len(chains), before: int = done) -> None:
                if progress is not None:
                    progress((before + fraction * n) / n_chains)

            if free.size:
                spikes = self._run(machine, held[chains], free, n_draws, int(seeds[k]), report)
                draw = np.arange(n_draws, dtype=np.float64)
                times = self.neuron.refractory_time_ns + self.draw_interval_ns * draw
                read = spikes.states(self.neuron.refractory_time_ns, times)
                states[np.ix_(chains, np.arange(n_draws), free)] = read
                parts.append((chains, free, spikes))
            done += len(chains)
        return Samples(
            states=states,
            sampler=self.name,
            seed=int(seed),
            interval_ns=self.draw_interval_ns,
            spikes=_gathered(parts, n_chains, machine.n_units),
        )

    def _run(
        self,
        machine: BoltzmannMachine,
        held: NDArray[np.int8],
        free: NDArray[np.intp],
        n_draws: int,
        seed: int,
        progress: Progress,
    ) -> SpikeTrains:
        """Simulate the free units of some chains that share their clamped units."""
        neuron = self.neuron
        rule = self.calibration.rule(neuron)
        clamped = np.setdiff1d(np.arange(machine.n_units), free)
        among_free = BoltzmannMachine(machine.weights[np.ix_(free, free)], machine.biases[free])
        drive = held[:, clamped] @ machine.weights[np.ix_(clamped, free)]
        network = LaserNetwork(
            neuron.device,
            len(free),
            rule.weights_electrons_per_ns(among_free),
            neuron.delay_ns,
            neuron.synapse,
        )
        tau = neuron.refractory_time_ns
        burn_in = 50.0 * tau if self.burn_in_ns is None else self.burn_in_ns
        return simulate(
            network,
            rule.pump_electrons_per_ns(among_free, drive),
            # The state at the first draw needs the spikes of one refractory time before it.
            tau + n_draws * self.draw_interval_ns,
            n_chains=len(held),
            seed=seed,
            burn_in_ns=burn_in,
            refractory_time_ns=tau,
            step_ps=neuron.step_ps,
            n_threads=self.n_threads,
            progress=progress,
        ).spikes


def _gathered(
    parts: list[tuple[NDArray[np.intp], NDArray[np.intp], SpikeTrains]],
    n_chains: int,
    n_units: int,
) -> SpikeTrains | None:
    """Spikes of all chains with the machine's numbering of units; None if there are no lasers."""
    if not parts:
        return None
    times = [np.zeros(0)] * n_chains
    units = [np.zeros(0, dtype=np.int32)] * n_chains
    for chains, free, spikes in parts:
        for own, chain in enumerate(chains):
            times[chain], local = spikes.chain(own)
            units[chain] = free[local].astype(np.int32)
    offset = np.append(0, np.cumsum([len(t) for t in times])).astype(np.int64)
    duration = max(spikes.duration_ns for _, _, spikes in parts)
    return SpikeTrains(np.concatenate(times), np.concatenate(units), offset, n_units, duration)
