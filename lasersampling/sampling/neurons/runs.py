"""Simulation of chains of lasers from a dispersed start or a state, part after part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import memory_problems
from lasersampling.errors import Problem
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import BYTES_PER_LASER, SimulationSettings, simulate
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.lasers.steps import length_problems
from lasersampling.sampling.neurons.calibration import LaserNeuron
from lasersampling.sampling.neurons.dispersed_starts import FirstSpikes
from lasersampling.sampling.neurons.imperfect import GroupPumps, one_after_the_other, parts_of
from lasersampling.sampling.neurons.tempering import TemperedPart
from lasersampling.sampling.protocol import Progress

_BURN_IN_STREAM, _PARTS_STREAM = 4, 2
_LONGEST_PATTERN = 1000


_BYTES_PER_DRAW = 32
"""Memory of the time of a draw, and of what is computed from it [B]."""


def size_problems(
    neuron: LaserNeuron, n_draws: int, time_ns: float, shape: tuple[int, int]
) -> list[Problem]:
    """Problems of the size of a run, to be found before any of its arrays is made.

    Parameters
    ----------
    neuron : LaserNeuron
        Device and times.
    n_draws : int
        Draws per chain.
    time_ns : float
        Time in which they are taken [ns].
    shape : tuple of int
        Numbers of chains, and of lasers in each.

    Returns
    -------
    list of Problem
    """
    problems = memory_problems("n_draws, their times", (n_draws,), _BYTES_PER_DRAW)
    problems += memory_problems("n_chains x n_lasers", shape, BYTES_PER_LASER)
    times = {"n_draws x interval_ns": time_ns}
    return problems + length_problems(times, shape, neuron.refractory_time_ns, neuron.step_ps)


def draws_at_whole_steps(neuron: LaserNeuron, interval_ns: float, most: int) -> tuple[int, int]:
    """Draws of the first piece of a long run and of the others, which end at whole steps.

    Lasers go on from whole steps, so that the clock of a run in pieces slips by the rest of a step
    at each piece that does not end at one. That cannot be helped for odd intervals.

    Parameters
    ----------
    neuron : LaserNeuron
        Device and times.
    interval_ns : float
        Time between two draws.
    most : int
        Largest number of draws in a piece.
    """
    step, interval, tau = (
        Fraction(repr(float(value)))
        for value in (neuron.step_ps, 1e3 * interval_ns, 1e3 * neuron.refractory_time_ns)
    )
    pattern = (interval / step).denominator
    if pattern > min(_LONGEST_PATTERN, most // 2):
        return most, most
    # A run begins one refractory time before its first draw.
    firsts = (
        n for n in range(most, most - pattern, -1)
        if ((tau + (n - 1) * interval) / step).denominator == 1
    )  # fmt: skip
    return next(firsts, most), most - most % pattern


class Setting(NamedTuple):
    """Network, and pumps of the ideal device, at one inverse temperature."""

    network: LaserNetwork
    pump: NDArray[np.float64]


@dataclass(frozen=True)
class LaserRun:
    """Simulation of chains that share their lasers, or of some of them.

    Attributes
    ----------
    neuron : LaserNeuron
        Device and times.
    settings : mapping of float to Setting
        Settings by beta.
    pumps : GroupPumps
        Pumps of all chains that share these lasers.
    own : range
        Which of these chains are simulated.
    burn_in_ns : float
        Time before the recording of new chains [ns].
    n_threads : int or None
        Threads; all cores by default.
    """

    neuron: LaserNeuron
    settings: Mapping[float, Setting]
    pumps: GroupPumps
    own: range
    burn_in_ns: float
    n_threads: int | None

    def through(
        self,
        parts: list[TemperedPart],
        start: NetworkState | FirstSpikes,
        seed: int,
        progress: Progress,
    ) -> tuple[SpikeTrains, NetworkState]:
        """Simulate successive parts of time; the spikes begin tau before the draws.

        Parameters
        ----------
        parts : list of TemperedPart
            Durations and betas.
        start : NetworkState or FirstSpikes
            State of the own chains, or the spikes with which they begin.
        seed : int
            Seed of the random numbers.
        progress : callable
            Called with the fraction of the work done.
        """
        neuron, tau = self.neuron, self.neuron.refractory_time_ns
        parts = [
            TemperedPart(duration, part.beta)
            for part in parts
            for duration in parts_of(part.duration_ns, neuron.step_ps, tau, self.pumps.drift)
        ]
        # The state at the first draw needs the spikes of one refractory time before it; they are
        # simulated, or come from the run before.
        recall = tau
        ahead = sum(part.duration_ns for part in parts)
        done = 0.0
        if isinstance(start, FirstSpikes):
            recall, ahead = 0.0, ahead + self.burn_in_ns
            share = self.burn_in_ns / ahead
            start = self._begun(parts[0].beta, start, seed, lambda f: progress(f * share))
            done = self.burn_in_ns
        # A run in one part uses the seed itself, a drifting one has a seed for each part.
        seeds = [seed]
        if len(parts) > 1:
            words = np.random.SeedSequence(seed, spawn_key=(_PARTS_STREAM,))
            seeds = [int(word) for word in words.generate_state(len(parts))]
        runs: list[SpikeTrains] = []
        for k, (duration, beta) in enumerate(parts):

            def report(fraction: float, done: float = done, duration: float = duration) -> None:
                progress(min(1.0, (done + fraction * duration) / ahead))

            spikes, start = self._simulated(
                beta, duration, start, seeds[k], report, recall_ns=recall if k == 0 else 0.0
            )
            runs.append(spikes)
            done += duration
            self.pumps.wait(duration)
        return one_after_the_other(runs), start

    def _begun(
        self, beta: float, spikes: FirstSpikes, seed: int, progress: Progress
    ) -> NetworkState:
        """State of lasers at rest except for these spikes, after the burn-in."""
        words = np.random.SeedSequence(seed, spawn_key=(_BURN_IN_STREAM,)).generate_state(2)
        instant = self.neuron.step_ps * 1e-3
        _, rest = self._simulated(beta, instant, None, int(words[0]), lambda fraction: None)
        state = rest.with_spikes(spikes.chain, spikes.unit, spikes.time_ns)
        if self.burn_in_ns > 0.0:
            _, state = self._simulated(beta, self.burn_in_ns, state, int(words[1]), progress)
        return state

    def _simulated(
        self,
        beta: float,
        duration_ns: float,
        start: NetworkState | None,
        seed: int,
        progress: Progress,
        *,
        recall_ns: float = 0.0,
    ) -> tuple[SpikeTrains, NetworkState]:
        setting, pumps = self.settings[beta], self.pumps
        run = simulate(
            setting.network,
            pumps.now(setting.pump),
            duration_ns,
            n_chains=pumps.n_chains,
            seed=seed,
            start=start,
            progress=progress,
            settings=SimulationSettings(
                recall_ns=recall_ns,
                burn_in_ns=0.0,
                refractory_time_ns=self.neuron.refractory_time_ns,
                step_ps=self.neuron.step_ps,
                n_threads=self.n_threads,
                chains=(self.own.start, self.own.stop),
            ),
        )
        return run.spikes, run.end
