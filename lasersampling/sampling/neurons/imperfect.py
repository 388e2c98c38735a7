"""The effect of imperfections on a network of lasers that was programmed for an ideal device."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import AccuracyWarning
from lasersampling.hardware import Chip, Drift
from lasersampling.lasers.chain_state import StateArray
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.sampling.neurons.calibration import LaserNeuron
from lasersampling.sampling.neurons.translation import TranslationRule
from lasersampling.sampling.protocol import ChainState

KNOWN = frozenset(
    {"pump.mismatch", "pump.trial", "pump.drift", "pump.grid", "threshold.mismatch",
     "gain.mismatch", "coupling.mismatch", "coupling.reciprocity", "coupling.grid",
     "delay.mismatch", "spikes.jitter_std", "spikes.lost", "dead"}
)  # fmt: skip
"""Imperfections that lasers can have."""

DRIFT = StateArray("pump_drift", np.float64, "unit")
"""Drift in units of its standard deviation, at first drawn from a standard normal [1]."""

_PARTS_PER_CORRELATION_TIME = 10
_SHORTEST_PART = 10.0  # refractory times


def build_network(
    chip: Chip,
    weights: NDArray[np.float64],
    units: NDArray[np.intp],
    neuron: LaserNeuron,
    rule: TranslationRule,
    *,
    beta: float = 1.0,
    depression: Depression | None = None,
) -> LaserNetwork:
    """Make the network of some units of a machine on an imperfect chip.

    Parameters
    ----------
    chip : Chip
        The chip, with as many units as the machine.
    weights : ndarray, shape (post, pre)
        Weights of the whole machine, which are rounded together [1].
    units : ndarray of int
        Units that have a laser.
    neuron : LaserNeuron
        Laser and synapse.
    rule : TranslationRule
        Translation rule of the ideal device.
    beta : float
        Common factor of all couplings, applied after the deviations of the chip [1].
    depression : Depression, optional
        Short-term depression of the synapses.
    """
    about, own = chip.imperfections, np.ix_(units, units)
    if not about.coupling.grid.is_none:
        weights = about.coupling.grid.rounded(weights)
    if not about.coupling.mismatch.is_none:
        weights = np.where(weights == 0.0, 0.0, chip.applied("coupling", weights))
    weights = weights[own]
    weights[chip.dead[units]] = 0.0
    delay: NDArray[np.float64] | float = neuron.delay_ns
    if not about.delay.mismatch.is_none:
        delay = np.maximum(chip.applied("delay", delay), 0.0)[own]
        delay = in_steps(delay, weights != 0.0, neuron.step_ps)
    threshold = gain = None
    if not about.threshold.mismatch.is_none:
        threshold = chip.applied("threshold", 1.0)[units]
    if not about.gain.mismatch.is_none:
        nominal = neuron.device.gain.differential_gain_per_ns
        gain = chip.applied("gain", nominal)[units] / nominal
    return LaserNetwork(
        neuron.device,
        len(units),
        rule.electrons_per_ns(beta * weights),
        delay,
        neuron.synapse,
        threshold_ratio=threshold,
        gain_ratio=gain,
        lost_spikes=about.spikes.lost,
        jitter_ns=about.spikes.jitter_std,
        depression=depression,
    )


def in_steps(
    delay_ns: NDArray[np.float64], is_link: NDArray[np.bool_], step_ps: float
) -> NDArray[np.float64]:
    """Delays of a chip; those below half a step, which chance has made so short, become 0.

    Parameters
    ----------
    delay_ns : ndarray, shape (post, pre)
        Delays as they were drawn [ns].
    is_link : ndarray of bool, shape (post, pre)
        Where connections exist.
    step_ps : float
        Step of the simulation.
    """
    short = is_link & (delay_ns > 0.0) & (delay_ns <= 0.5e-3 * step_ps)
    if short.any():
        warnings.warn(
            f"{short.sum()} of {is_link.sum()} delays of this chip are shorter than half a step of "
            f"{step_ps:g} ps and act as none; a shorter step_ps resolves them",
            AccuracyWarning,
            stacklevel=2,
        )
    return np.where(short, 0.0, delay_ns)


@dataclass(frozen=True, eq=False)
class Pumps:
    """Deviations of the pumps in one run of all chains.

    Attributes
    ----------
    chip : Chip
        The chip with its fixed deviations.
    trial : ndarray, shape (chain, unit)
        Deviations of this run [1].
    wandering : ndarray, shape (chain, unit)
        Drift divided by its standard deviation, at the start, and after the run at its end [1].
    seed : int
        Seed of the drift.
    """

    chip: Chip
    trial: NDArray[np.float64]
    wandering: NDArray[np.float64]
    seed: int

    @classmethod
    def of_run(
        cls,
        chip: Chip,
        n_chains: int,
        seed: int,
        *,
        trial_seed: int | None = None,
    ) -> Pumps:
        """Draw the noise of all chains of a run.

        Deviations of this run follow from `trial_seed` if it is given.
        """
        shape = (n_chains, chip.n_units)
        about = chip.imperfections.pump
        if about.trial.is_none and about.drift is None:
            none = np.zeros(shape)
            return cls(chip, none, none, seed)
        generator = _generator(seed)
        trial = chip.imperfections.pump.trial.drawn(generator, shape)
        if trial_seed is not None:
            trial = chip.imperfections.pump.trial.drawn(_generator(trial_seed), shape)
        return cls(chip, trial, generator.standard_normal(shape), seed)

    def go_on(self, chains: range, start: ChainState) -> None:
        """Let the drift of some chains continue from their state."""
        if DRIFT.name in start:
            self.wandering[chains.start : chains.stop] = start[DRIFT.name]

    def of(self, chains: NDArray[np.intp], units: NDArray[np.intp]) -> GroupPumps:
        """Pumps of chains that are simulated together.

        Parameters
        ----------
        chains, units : ndarray of int
            Chains that share their lasers, all of the run, and their units.
        """
        return GroupPumps(self, chains, units)


class GroupPumps:
    """Pumps of some chains as they change with time; see `Pumps.of`."""

    def __init__(self, run: Pumps, chains: NDArray[np.intp], units: NDArray[np.intp]) -> None:
        self._run, self.n_chains = run, len(chains)
        self._units, self._window = units, np.ix_(chains, units)
        stream = np.random.SeedSequence(run.seed, spawn_key=(3, int(chains[0])))
        self._generator = np.random.default_rng(stream)

    @property
    def drift(self) -> Drift | None:
        """Drift of the pumps, or None."""
        return self._run.chip.imperfections.pump.drift

    def now(self, programmed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Present pumps of the lasers over the threshold pump [1], shape (chain, laser).

        Parameters
        ----------
        programmed : ndarray, shape (chain, laser)
            Pumps of the ideal device [1].
        """
        run, chip = self._run, self._run.chip
        about = chip.imperfections
        if about.is_none:
            return programmed
        ratio = programmed.copy()
        if not about.pump.grid.is_none:
            ratio = about.pump.grid.rounded(ratio)
        ratio = about.pump.mismatch.applied(ratio, chip.pump[self._units])
        ratio = about.pump.trial.applied(ratio, run.trial[self._window])
        if self.drift is not None:
            wandering = self.drift.std * run.wandering[self._window]
            ratio = self.drift.deviation.applied(ratio, wandering)
        ratio[:, chip.dead[self._units]] = 0.0
        return np.maximum(ratio, 0.0)

    def wait(self, time_ns: float) -> None:
        """Let the drift proceed for some time [ns]."""
        if self.drift is not None:
            wandering = self._run.wandering[self._window]
            fresh = self._generator.standard_normal(wandering.shape)
            self._run.wandering[self._window] = self.drift.later(wandering, time_ns, fresh)


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))


def parts_of(duration_ns: float, step_ps: float, tau_ns: float, drift: Drift | None) -> list[float]:
    """Durations in which a drifting pump may be held, in whole steps except the last [ns]."""
    if drift is None or drift.std == 0.0:
        return [duration_ns]
    longest = max(drift.correlation_time_ns / _PARTS_PER_CORRELATION_TIME, _SHORTEST_PART * tau_ns)
    step = step_ps * 1e-3
    part = max(1, round(longest / step)) * step
    n_whole = max(0, int(np.ceil(duration_ns / part)) - 1)
    return [part] * n_whole + [duration_ns - n_whole * part]


def one_after_the_other(runs: list[SpikeTrains]) -> SpikeTrains:
    """Join the spikes of successive runs into those of one run."""
    if len(runs) == 1:
        return runs[0]
    begin = np.cumsum([0.0, *(run.duration_ns for run in runs)])
    duration = float(begin[-1])
    chain = np.concatenate(
        [np.repeat(np.arange(run.n_chains), np.diff(run.chain_offset)) for run in runs]
    )
    time = np.concatenate([run.time_ns + t for run, t in zip(runs, begin, strict=False)])
    unit = np.concatenate([run.unit for run in runs])
    shape = runs[0].n_chains, runs[0].n_units
    return SpikeTrains.of_events(
        chain, np.minimum(time, duration), unit, shape=shape, duration_ns=duration
    )
