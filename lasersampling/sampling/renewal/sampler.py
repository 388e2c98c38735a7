"""The fast abstraction of a network of lasers: coupled renewal neurons with a measured hazard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.checks import boolean_problems, kind_problems, refuse
from lasersampling.errors import Problem
from lasersampling.hardware.imperfections import as_imperfections
from lasersampling.lasers.device import Device
from lasersampling.parallel import Meter, available_cores, side_by_side
from lasersampling.sampling.neurons.calibration import Calibration, CalibrationSettings, LaserNeuron
from lasersampling.sampling.neurons.dispersed_starts import first_spikes
from lasersampling.sampling.neurons.runs import size_problems
from lasersampling.sampling.neurons.sampler import DEFAULT_DEVICE, Lasers
from lasersampling.sampling.protocol import (
    ChainState,
    Progress,
    Request,
    Samples,
)
from lasersampling.sampling.renewal.hazard import Hazard
from lasersampling.sampling.renewal.hazard_measurement import HazardSettings, check_synapse
from lasersampling.sampling.renewal.lanes import Model
from lasersampling.sampling.renewal.runs import Chains, Course, RenewalRun, batches_of
from lasersampling.sampling.renewal.store import stored_hazard
from lasersampling.sampling.renewal.tables import tabulated
from lasersampling.sampling.renewal.trains import (
    chain_state,
    recent_spikes,
    spike_trains,
    trains_of,
)
from lasersampling.seeds import streams_of_chains

_MEMORY_IN_SLOW_TIMES = 16.0
"""After so many relaxation times exp(-t) is 1e-7."""

_WHY = "since the measured hazard is that of ideal lasers at rest; Lasers(...) draws with them"


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
        depression or exponential synapses, or with clamped units that are held by their pumps. For
        settings of another kind, and a device that is not there.

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
        lasers = self.of_lasers
        object.__setattr__(self, "lasers", lasers)
        check_synapse(lasers.neuron)
        settings = HazardSettings() if self.hazard_settings is None else self.hazard_settings
        refuse(
            _problems(lasers),
            kind_problems("hazard_settings", settings, HazardSettings),
            boolean_problems("record_spikes", self.record_spikes),
        )

    @property
    def name(self) -> str:
        """Name recorded with the samples."""
        return "renewal"

    @property
    def of_lasers(self) -> Lasers:
        """The lasers that the neurons represent."""
        return self.lasers if isinstance(self.lasers, Lasers) else Lasers(self.lasers)

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
        request = Request.of(machine, n_draws, n_chains, clamped, seed)
        return self.sample_chains(request, request.chains, start, progress)

    def prepare(self, request: Request, start: ChainState | None = None) -> None:
        """Check a request, and measure; see `lasersampling.sampling.protocol.Divisible`."""
        self._check(request.held, request.n_draws)
        if start is not None:
            recent_spikes(start, *request.held.shape)
        _ = self.calibration, self.model

    def _check(self, held: NDArray[np.int8], n_draws: int) -> None:
        """Refuse a run that is too large."""
        time_ns = n_draws * self.draw_interval_ns
        shape = len(held), int((held == FREE).sum(axis=1).max())
        refuse(size_problems(self.neuron, n_draws, time_ns, shape))

    def sample_chains(
        self,
        request: Request,
        chains: range,
        start: ChainState | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Draw some chains of a run; see `lasersampling.sampling.protocol.Divisible`."""
        machine, n_draws, n_chains = request.machine, request.n_draws, len(chains)
        held = request.held[chains.start : chains.stop]
        self._check(held, n_draws)
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
        seeds = streams_of_chains(request.seed, chains)
        generators = np.array([s.generate_state(4, np.uint64) for s in seeds], dtype=np.uint64)
        if before is None:
            first = first_spikes(held, tau, request.seed, chains.start)
            past = trains_of(first, n_chains, began)
        else:
            past = [train.later(tau) for train in before]
        run = RenewalRun(
            self.model, self.hazard, self.neuron, self.of_lasers.programme(machine),
            self.calibration.rule(self.neuron), Chains(held, states, generators, past),
            Course(times, began, times[-1] - memory if not self.record_spikes else 0.0),
            Meter(progress, n_chains),
        )  # fmt: skip
        threads = self.of_lasers.n_threads or available_cores()
        batches = batches_of(held, threads)
        self._compile()
        done = side_by_side(run.sample, batches, min(threads, len(batches)))
        order = np.argsort(np.concatenate(batches), kind="stable")
        found = [train for trains in done for train in trains]
        trains = [found[place] for place in order]
        ends = [train.after(times[-1] - memory).later(-times[-1]) for train in trains]
        has_neuron = bool((request.held == FREE).any())
        return Samples(
            states, self.name, request.seed, self.draw_interval_ns,
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
    problems = []
    if not as_imperfections(lasers.imperfections).is_none:
        got = "lasers with imperfections"
        problems.append(Problem("imperfections", got, f"none, {_WHY}"))
    for name in ("tempering", "depression"):
        if getattr(lasers, name) is not None:
            problems.append(Problem(name, f"lasers with {name}", f"none, {_WHY}"))
    if lasers.clamping != "drive":
        expected = "'drive': a clamped unit has no renewal neuron, and chains go on without it"
        problems.append(Problem("clamping", repr(lasers.clamping), expected))
    return problems
