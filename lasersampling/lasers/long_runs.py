"""Long simulations of uncoupled or coupled lasers, piece after piece, in bounded memory.

A simulation is divided into pieces of whole steps whose lasers go on from one another
(`Simulation.end`). The first piece has the seed of the simulation, the others have seeds that
follow from it, and the division depends on nothing but the request. A simulation of one piece has
the bits of `simulate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.keeping import kept
from lasersampling.lasers.integrator.request import Traces
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.settings import SimulationSettings, TraceRequest
from lasersampling.lasers.simulation import simulate
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.seeds import seed_of_piece

LASER_NS_PER_PIECE = 4e6
"""Longest piece: its time, times the number of lasers [ns]."""

POINTS_PER_PIECE = 1 << 20
"""Most points of traces in a piece, of all lasers together."""

_TRIAL_NS = 200.0
"""Time that is simulated to estimate how many spikes there will be."""

_STREAM = 11
"""Random stream of the seeds of pieces, different from others of the same seed."""


class Recording(NamedTuple):
    """Spikes of a piece, and its traces if it has any, on the clock of the whole simulation."""

    spikes: SpikeTrains
    traces: Traces | None


@dataclass(frozen=True, eq=False)
class LongSimulation:
    """A simulation of one chain, to be done piece after piece.

    Attributes
    ----------
    network : LaserNetwork
        The lasers.
    pump_ratio : ndarray of float64, shape (laser,)
        Pump of each over the threshold pump [1].
    duration_ns : float
        Time recorded.
    seed : int
        Seed of the whole simulation.
    settings : SimulationSettings
        Its settings. Traces, if there are any, begin at time 0.
    """

    network: LaserNetwork
    pump_ratio: NDArray[np.float64]
    duration_ns: float
    seed: int
    settings: SimulationSettings

    @property
    def _step_ns(self) -> float:
        return 1e-3 * self.settings.step_of(self.network.device)

    @property
    def _every(self) -> int:
        """Steps from one point of the traces to the next."""
        asked = self.settings.traces
        assert asked is not None
        return max(1, round(asked.interval_ps / (1e3 * self._step_ns)))

    @property
    def n_points(self) -> int:
        """Points of the traces of each laser."""
        asked = self.settings.traces
        return 0 if asked is None else round(asked.stop_ns / self._step_ns) // self._every + 1

    @property
    def _n_steps(self) -> int:
        return math.ceil(self.duration_ns / self._step_ns - 1e-9)

    @property
    def _most_steps(self) -> int:
        """Most steps of a piece."""
        return max(1, int(LASER_NS_PER_PIECE / (self.network.n_lasers * self._step_ns)))

    @property
    def is_one_piece(self) -> bool:
        """Whether all is so short that it is done in one piece."""
        points = self.n_points * self.network.n_lasers
        return self._n_steps <= self._most_steps and points <= POINTS_PER_PIECE

    def parts(self) -> Iterator[tuple[int, bool]]:
        """Steps of each piece, and whether it has traces; a single piece if all is short."""
        total, most, points = self._n_steps, self._most_steps, self.n_points
        if self.is_one_piece:
            yield total, points > 0
            return
        done = 0
        if points:
            every = self._every
            length = max(2, min(most // every, POINTS_PER_PIECE // self.network.n_lasers)) * every
            traced = min(total, (points - 1) * every)
            while done < traced:
                steps = min(length, traced - done)
                yield steps, True
                done += steps
        while done < total:
            steps = min(most, total - done)
            yield steps, False
            done += steps

    def expected_spikes(self) -> float:
        """Estimate how many spikes there will be, from a short simulation that is not kept."""
        short_ns = min(self.duration_ns, _TRIAL_NS)
        settings = replace(self.settings, traces=None)
        trial = simulate(self.network, self.pump_ratio, short_ns, seed=self.seed, settings=settings)
        return trial.spikes.time_ns.size * self.duration_ns / short_ns

    def recordings(self, progress: Callable[[float], None]) -> Iterator[Recording]:
        """Simulate the pieces, or read those that an earlier run has kept (`keeping`).

        Parameters
        ----------
        progress : callable
            Called with the fraction of the whole simulation done.

        Yields
        ------
        Recording
            One for each piece. Of two pieces with traces, the point where they meet belongs to the
            second.
        """
        done, total = 0, self._n_steps
        state: NetworkState | None = None
        # Of a simulation that would take years, the pieces are too many for a list.
        parts = pairwise(chain(self.parts(), [(0, False)]))
        for number, ((steps, traced), (_, follows)) in enumerate(parts):

            def report(fraction: float, done: int = done, steps: int = steps) -> None:
                progress((done + fraction * steps) / total)

            def work(
                number: int = number,
                steps: int = steps,
                traced: bool = traced,
                follows: bool = follows,
                state: NetworkState | None = state,
                report: Callable[[float], None] = report,
            ) -> tuple[SpikeTrains, Traces | None, NetworkState]:
                alone = self.is_one_piece
                run = simulate(
                    self.network,
                    self.pump_ratio,
                    self.duration_ns if alone else steps * self._step_ns,
                    seed=seed_of_piece(self.seed, _STREAM, number),
                    start=state,
                    settings=self.settings if alone else self._settings(steps, traced, follows),
                    progress=report,
                )
                return run.spikes, run.traces, run.end

            seed = seed_of_piece(self.seed, _STREAM, number)
            of = (seed, steps, traced, self.pump_ratio, self.duration_ns)
            spikes, traces, state = kept("simulation", work, of)
            yield self._on_one_clock(spikes, traces, done, done + steps == total)
            done += steps

    def again(
        self, kept: Iterable[tuple[SpikeTrains, Traces | None, NetworkState]]
    ) -> Iterator[Recording]:
        """Give the recordings once more from what was kept of the pieces, in their order."""
        done, total = 0, self._n_steps
        for (steps, _), (spikes, traces, _) in zip(self.parts(), kept, strict=True):
            yield self._on_one_clock(spikes, traces, done, done + steps == total)
            done += steps

    def _settings(self, steps: int, traced: bool, follows: bool) -> SimulationSettings:
        """Settings of a piece; its last point is the first one of the next piece with traces."""
        asked = self.settings.traces
        if asked is None or not traced:
            return replace(self.settings, traces=None)
        stop = steps - self._every if follows else steps
        request = TraceRequest(asked.lasers, 0.0, stop * self._step_ns, asked.interval_ps)
        return replace(self.settings, traces=request)

    def _on_one_clock(
        self, spikes: SpikeTrains, traces: Traces | None, done: int, is_last: bool
    ) -> Recording:
        """Let the times of a piece count from the beginning of the simulation."""
        begin = done * self._step_ns
        if traces is not None:
            traces = replace(traces, time_ns=traces.time_ns + begin)
        if not done and is_last:
            return Recording(spikes, traces)
        end = self.duration_ns if is_last else begin + spikes.duration_ns
        time = np.minimum(spikes.time_ns + begin, end)
        moved = SpikeTrains(time, spikes.unit, spikes.chain_offset, spikes.n_units, end)
        return Recording(moved, traces)


class IntervalSums:
    """Numbers of spikes of some lasers, and mean and scatter of their intervals, piece by piece."""

    def __init__(self, n_lasers: int) -> None:
        self.spikes = np.zeros(n_lasers, dtype=np.int64)
        self._last = np.full(n_lasers, np.nan)
        self._mean = np.zeros(n_lasers)
        self._scatter = np.zeros(n_lasers)

    def add(self, spikes: SpikeTrains) -> None:
        """Take in the next spikes of the first chain, whose times go on from those before."""
        time, unit = spikes.chain(0)
        order = np.argsort(unit, kind="stable")
        bounds = np.searchsorted(unit[order], np.arange(len(self.spikes) + 1))
        for laser in np.unique(unit):
            own = time[order[bounds[laser] : bounds[laser + 1]]]
            before = self._last[laser]
            new = np.diff(own) if math.isnan(before) else np.diff(own, prepend=before)
            n_before = max(0, int(self.spikes[laser]) - 1)
            if new.size:
                # Sums of squares about the common mean (T. F. Chan et al., COMPSTAT 1982).
                mean, n = float(new.mean()), n_before + new.size
                shift = mean - self._mean[laser]
                self._scatter[laser] += float(((new - mean) ** 2).sum())
                self._scatter[laser] += shift**2 * n_before * new.size / n
                self._mean[laser] += shift * new.size / n
            self.spikes[laser] += own.size
            self._last[laser] = own[-1]

    def rate_errors_per_ns(self, duration_ns: float) -> list[float | None]:
        """Standard error of each spike rate; None for fewer than two intervals.

        The spikes of a single laser are taken as a renewal process, whose number in a long time has
        a variance of its mean times the squared coefficient of variation of the intervals (D. R.
        Cox, Renewal Theory, 1962, section 3.3).

        Parameters
        ----------
        duration_ns : float
            Time in which spikes were counted [ns].
        """
        errors: list[float | None] = []
        for laser, n_spikes in enumerate(self.spikes):
            n = int(n_spikes) - 1
            if n < 2:
                errors.append(None)
                continue
            variation = math.sqrt(self._scatter[laser] / (n - 1)) / self._mean[laser]
            errors.append(variation * math.sqrt(n) / duration_ns)
        return errors
