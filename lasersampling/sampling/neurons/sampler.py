"""A network of lasers as a sampler of Boltzmann machines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.restricted import AnyMachine
from lasersampling.checks import integer_problems, kind_problems, refuse
from lasersampling.errors import InputError
from lasersampling.hardware import Chip, Imperfections
from lasersampling.hardware.chip import draw_chip
from lasersampling.hardware.imperfections import as_imperfections
from lasersampling.lasers.chain_state import StateArray
from lasersampling.lasers.depression import DEPRESSION_ARRAYS, Depression
from lasersampling.lasers.device import Device, as_device
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.lasers.steps import length_problems
from lasersampling.lasers.synapse import Synapse
from lasersampling.sampling.neurons.calibration import Calibration, CalibrationSettings, LaserNeuron
from lasersampling.sampling.neurons.dispersed_starts import first_spikes
from lasersampling.sampling.neurons.imperfect import DRIFT, KNOWN, Pumps, build_network
from lasersampling.sampling.neurons.runs import (
    LaserRun,
    Setting,
    draws_at_whole_steps,
    size_problems,
)
from lasersampling.sampling.neurons.settings import Clamping, LaserSettings
from lasersampling.sampling.neurons.state import (
    NEURON_ARRAYS,
    Part,
    chain_state,
    gathered_spikes,
    network_state,
)
from lasersampling.sampling.neurons.store import stored_calibration
from lasersampling.sampling.neurons.tempering import DRAW_OF_PERIOD, Tempering, Timetable, timetable
from lasersampling.sampling.neurons.translation import Lines, Programme, TranslationRule
from lasersampling.sampling.protocol import (
    ChainState,
    Progress,
    Request,
    Samples,
    draws_within,
)

DEFAULT_DEVICE = "D6"

HARD_PUMP_LOGITS = 8.0
"""How far the pump of a clamped laser is held beyond all that the others can do, in logits.

Lasers of D6 that were held up so far were never seen at z = 0 in 64 x 2000 ns (seed 1), and lasers
held down never at z = 1: the probability of either is below 1e-4."""

_READINGS_PER_TAU = 4
_BURN_IN_IN_TAU = 50.0


@dataclass(frozen=True)
class Lasers:
    """Samples a Boltzmann machine by its simulated network of nanolasers.

    The machine is translated into pumps and couplings with the calibration of the device
    (`lasersampling.sampling.neurons.translation`).

    New chains start in random states (`sampling.neurons.dispersed_starts`), so that R-hat detects
    modes between which they do not change. They end at their last draw, and a run that continues
    them has its first draw one interval later. `Samples.spikes` begin one refractory time before
    the first draw of a fresh run, and otherwise one before the end of the last run: those spikes
    are needed to read the first states.

    Attributes
    ----------
    device : Device, str or Path
        A laser, the name of a shipped one, or a TOML file.
    synapse : Synapse, optional
        The device's own by default.
    refractory_time_ns : float, optional
        tau: z = 1 for this time after a spike; the device's own by default.
    delay_ns : float
        Transmission delay of all connections.
    interval_ns : float, optional
        Time between draws; a quarter of the refractory time by default.
    burn_in_ns : float, optional
        Time before the first draw; 50 refractory times by default.
    step_ps : float, optional
        Integration step; the device's own by default.
    settings : CalibrationSettings, optional
        How the device is calibrated if its calibration is not in the cache.
    n_threads : int, optional
        Threads; all cores by default. Draws do not depend on it.
    imperfections : Imperfections, str or Path, optional
        Deviations of the lasers from the model: an object, the name of a shipped file, or a path.
        Calibration and translation do not know them.
    chip_seed : int
        Number of the chip, which determines its mismatch and its dead lasers.
    clamping : "drive" or "pump"
        "drive": clamped units have no laser, and their effect on the others is a constant pump.
        "pump": they have one, whose pump is held so far up or down (`HARD_PUMP_LOGITS`) that it is
        practically always 1 or 0; so chains can continue when other units are clamped. Their states
        are given as the values at which they are held; `Samples.spikes` has their spikes.
    tempering : Tempering, optional
        Modulates pumps and couplings periodically, so that chains change between modes. Draws are
        taken at full strength, `interval_ns` apart, and `Samples.interval_ns` is then the laser
        time per draw, with the time of the hot parts distributed over the draws.
    depression : Depression, optional
        Short-term depression of synapses, which makes modes less stable. Calibration and
        translation do not know it.
    lines : Lines, optional
        Offset and gain of each laser beyond the calibration, as found by
        `sampling.neurons.adaptation.adapt`: for machines with fields beyond three or four, such as
        those of images, and for imperfect chips. They are valid for machines of this size.
    trial_seed : int, optional
        Seed of the deviations of the pumps that are drawn anew for each call (`pump.trial`); that
        of the call by default. Calls with the same number are one run to them.

    Raises
    ------
    InputError
        For settings of another kind or out of range, and a device that is not there.

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
    imperfections: Imperfections | str | Path | None = None
    chip_seed: int = 0
    clamping: Clamping = "drive"
    tempering: Tempering | None = None
    depression: Depression | None = None
    lines: Lines | None = None
    trial_seed: int | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.n_threads is not None:
            problems += integer_problems("n_threads", self.n_threads, 1)
        if self.trial_seed is not None:
            problems += integer_problems("trial_seed", self.trial_seed, 0)
        # Tables are made by their classes; those of the other fields are read below.
        for field, kind in (("settings", CalibrationSettings), ("lines", Lines)):
            if getattr(self, field) is not None:
                problems += kind_problems(field, getattr(self, field), kind)
        # Reading the device file now reports its problems here and not at the first sampling.
        neuron = self.neuron
        checked = LaserSettings(
            device=neuron.device, interval_ns=self.interval_ns, burn_in_ns=self.burn_in_ns,
            imperfections=as_imperfections(self.imperfections), chip_seed=self.chip_seed,
            clamping=self.clamping, tempering=self.tempering, depression=self.depression,
        )  # fmt: skip
        checked.imperfections.refuse_others(KNOWN, "lasers")
        if checked.burn_in_ns is not None:
            times = {"burn_in_ns": checked.burn_in_ns}
            problems += length_problems(times, (1, 1), neuron.refractory_time_ns, neuron.step_ps)
        if problems:
            raise InputError(problems)
        normalised = "interval_ns", "burn_in_ns", "imperfections", "tempering", "depression"
        for name in normalised:
            object.__setattr__(self, name, getattr(checked, name))

    @property
    def name(self) -> str:
        """Name recorded with the samples."""
        return "lasers"

    @cached_property
    def neuron(self) -> LaserNeuron:
        """Device, synapse and times that are in use."""
        device = as_device(self.device)
        tau = self.refractory_time_ns
        return LaserNeuron(
            device=device,
            synapse=device.synapse if self.synapse is None else self.synapse,
            refractory_time_ns=device.refractory_time_ns if tau is None else tau,
            delay_ns=self.delay_ns,
            step_ps=device.step_ps if self.step_ps is None else self.step_ps,
        )

    @cached_property
    def calibration(self) -> Calibration:
        """Calibration of the neuron, from the cache or measured at the first use."""
        return self.calibrated()

    def calibrated(self, progress: Progress | None = None) -> Calibration:
        """Give the calibration, and report the progress if it must be measured."""
        if "calibration" not in self.__dict__:
            self.__dict__["calibration"] = stored_calibration(
                self.neuron,
                self.settings or CalibrationSettings(),
                n_threads=self.n_threads,
                progress=progress,
            )
        calibration: Calibration = self.__dict__["calibration"]
        return calibration

    def programme(self, machine: AnyMachine) -> Programme:
        """Return the weights and biases that drive the lasers of a machine."""
        return Programme.of(machine, self.lines)

    def chip(self, n_units: int) -> Chip:
        """Return the chip that samples machines of so many units."""
        return draw_chip(as_imperfections(self.imperfections), n_units, self.chip_seed)

    @property
    def draw_interval_ns(self) -> float:
        """Laser time per draw [ns]: the time between two draws, or its mean with tempering."""
        if self.tempering is None:
            return self._spacing_ns
        return self.tempering.period_ns / self.tempering.draws_per_period(self._spacing_ns)

    @property
    def burn_in_time_ns(self) -> float:
        """Time before the first draw of chains that start anew [ns]."""
        if self.burn_in_ns is not None:
            return self.burn_in_ns
        return _BURN_IN_IN_TAU * self.neuron.refractory_time_ns

    @property
    def _spacing_ns(self) -> float:
        """Time between two draws without a hot part between them [ns]."""
        if self.interval_ns is not None:
            return self.interval_ns
        return self.neuron.refractory_time_ns / _READINGS_PER_TAU

    def in_one_run(self, seed: int) -> Lasers:
        """Return lasers whose trial-to-trial deviations are those of the run with this seed."""
        if as_imperfections(self.imperfections).pump.trial.is_none or self.trial_seed is not None:
            return self
        return replace(self, trial_seed=seed)

    def draws_of_pieces(self, most: int) -> tuple[int, int]:
        """Draws of the first piece of a long run and of the others, at most so many."""
        if self.tempering is not None:
            return most, most
        return draws_at_whole_steps(self.neuron, self.draw_interval_ns, most)

    def draws_in(self, duration_ns: float) -> int:
        """Number of draws in a sampling time, at least one; see `protocol.draws_within`."""
        return draws_within(duration_ns, self.draw_interval_ns)

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
        """Draw from the lasers' distribution; see `lasersampling.sampling.protocol.Sampler`.

        Chains whose clamped *units* differ run as separate networks; clamped *values* may differ
        from chain to chain at no cost. With `clamping="pump"` all are copies of one network.
        """
        request = Request.of(machine, n_draws, n_chains, clamped, seed)
        return self.sample_chains(request, request.chains, start, progress)

    def prepare(self, request: Request, start: ChainState | None = None) -> None:
        """Check a request, and calibrate; see `lasersampling.sampling.protocol.Divisible`."""
        self._checked(request, request.chains, start)
        self.calibrated()

    def _checked(
        self, request: Request, chains: range, start: ChainState | None
    ) -> NetworkState | None:
        """Refuse a run that is too large, or a start that does not fit; give the start."""
        has_laser = self._has_laser(request.held[chains.start : chains.stop])
        arrays = self._state_arrays(self.chip(request.machine.n_units))
        before = None if start is None else network_state(start, has_laser, arrays)
        time_ns = request.n_draws * self.draw_interval_ns
        shape = len(chains), int(has_laser.sum(axis=1).max())
        refuse(size_problems(self.neuron, request.n_draws, time_ns, shape))
        return before

    def _has_laser(self, held: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Which units have a laser, in chains in which units are held like this."""
        is_free = held == FREE
        return is_free if self.clamping == "drive" else np.ones_like(is_free)

    def sample_chains(
        self,
        request: Request,
        chains: range,
        start: ChainState | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Draw some chains of a run; see `lasersampling.sampling.protocol.Divisible`."""
        before = self._checked(request, chains, start)
        machine, n_draws, n_chains = request.machine, request.n_draws, len(chains)
        chip, programme = self.chip(machine.n_units), self.programme(machine)
        pumps = Pumps.of_run(chip, len(request.held), request.seed, trial_seed=self.trial_seed)
        if start is not None:
            pumps.go_on(chains, start)
        # Seeds of chains that share their lasers, and their noise, are those of the whole run.
        patterns, which = np.unique(self._has_laser(request.held), axis=0, return_inverse=True)
        which = which.reshape(-1)
        seeds = np.random.SeedSequence(request.seed).generate_state(len(patterns), np.uint32)
        held = request.held[chains.start : chains.stop]
        is_free = held == FREE
        states = np.where(is_free, 0, held)[:, None, :].repeat(n_draws, axis=1).astype(np.int8)
        tau = self.neuron.refractory_time_ns
        first = first_spikes(held, tau, request.seed, chains.start)
        plan = self._timetable(n_draws, start)
        parts: list[Part] = []
        trains: list[SpikeTrains] = []
        done = 0
        for k, pattern in enumerate(patterns):
            every, units = np.flatnonzero(which == k), np.flatnonzero(pattern)
            own = range(*np.searchsorted(every, (chains.start, chains.stop)).tolist())
            rows = every[own.start : own.stop] - chains.start

            def report(fraction: float, n: int = len(rows), before: int = done) -> None:
                if progress is not None:
                    progress((before + fraction * n) / n_chains)

            if units.size and rows.size:
                begin = (
                    first.among(rows, units, machine.n_units)
                    if before is None else before.part(rows, units)
                )  # fmt: skip
                settings = {
                    beta: self._setting(programme, chip, request.held[every], units, beta)
                    for beta in plan.betas
                }
                run = LaserRun(
                    self.neuron, settings, pumps.of(every, units), own, self.burn_in_time_ns,
                    self.n_threads,
                )  # fmt: skip
                spikes, end = run.through(plan.parts, begin, int(seeds[k]), report)
                read = spikes.states(tau, plan.draws_ns)
                window = np.ix_(rows, np.arange(n_draws), units)
                states[window] = np.where(is_free[rows][:, None, units], read, states[window])
                parts.append(Part(rows, units, end))
                trains.append(spikes)
            done += len(rows)
        values = {
            DRIFT.name: pumps.wandering[chains.start : chains.stop],
            DRAW_OF_PERIOD.name: np.array([plan.last]),
        }
        return Samples(
            states, self.name, request.seed, self.draw_interval_ns,
            gathered_spikes(parts, trains, n_chains, machine.n_units),
            chain_state(parts, held.shape, self._state_arrays(chip), values),
        )  # fmt: skip

    def _state_arrays(self, chip: Chip) -> list[StateArray]:
        """Return the arrays of the state of chains: those of lasers and of each effect in use."""
        arrays = list(NEURON_ARRAYS)
        if self.depression is not None:
            arrays += DEPRESSION_ARRAYS
        if chip.imperfections.pump.drift is not None:
            arrays.append(DRIFT)
        if self.tempering is not None:
            arrays.append(DRAW_OF_PERIOD)
        return arrays

    def _timetable(self, n_draws: int, start: ChainState | None) -> Timetable:
        """Times of the draws, and beta until the last of them."""
        last = None
        if start is not None:
            last = 0 if self.tempering is None else int(start[DRAW_OF_PERIOD.name][0])
        return timetable(
            self.tempering,
            n_draws,
            spacing_ns=self._spacing_ns,
            refractory_time_ns=self.neuron.refractory_time_ns,
            step_ps=self.neuron.step_ps,
            last=last,
        )

    def _setting(
        self,
        programme: Programme,
        chip: Chip,
        held: NDArray[np.int8],
        units: NDArray[np.intp],
        beta: float,
    ) -> Setting:
        """Network and pumps of the units that have a laser, at an inverse temperature."""
        rule = self.calibration.rule(self.neuron)
        network = build_network(
            chip, programme.weights, units, self.neuron, rule,
            beta=beta, depression=self.depression,
        )  # fmt: skip
        return Setting(network, self._programmed(programme.times(beta), rule, held, units))

    def _programmed(
        self,
        programme: Programme,
        rule: TranslationRule,
        held: NDArray[np.int8],
        units: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Pumps of the units that have a laser, (chain, laser), for an ideal device."""
        others = np.setdiff1d(np.arange(len(programme.biases)), units)
        among = programme.among(units)
        drive = held[:, others] @ programme.weights[np.ix_(units, others)].T
        # The total drive of a clamped laser stays beyond the hard level, whatever the others do.
        own = held[:, units]
        most = np.maximum(among.weights, 0.0).sum(axis=1)
        least = np.minimum(among.weights, 0.0).sum(axis=1)
        up = HARD_PUMP_LOGITS - least - among.biases
        down = -HARD_PUMP_LOGITS - most - among.biases
        drive = np.where(own == FREE, drive, np.where(own == 1, up, down))
        pump = rule.pump_ratio(among, drive)
        return np.where(own == FREE, pump, np.maximum(pump, 0.0))


def calibrate(
    lasers: Lasers | Device | str | Path = DEFAULT_DEVICE, *, progress: Progress | None = None
) -> Calibration:
    """Give the calibration of lasers: shipped, stored, or measured now.

    Parameters
    ----------
    lasers : Lasers, Device, str or Path
        Lasers; or a device, the name of a shipped one, or its file, with default settings.
    progress : callable, optional
        Called with the fraction done of a measurement, which takes minutes.

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        If there is no such device.

    Examples
    --------
    >>> calibrate("D6").refractory_time_ns
    2.5
    """
    return (lasers if isinstance(lasers, Lasers) else Lasers(lasers)).calibrated(progress)
