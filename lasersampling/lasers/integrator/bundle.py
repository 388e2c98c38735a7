"""Simulation of some chains, from their start to their end, by the compiled kernel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import SimulationError
from lasersampling.lasers.integrator import preparation, tables
from lasersampling.lasers.integrator.kernel import EVENTS_FULL, FINISHED, advance, advance_freely
from lasersampling.lasers.integrator.request import Traces
from lasersampling.lasers.integrator.resume import resume
from lasersampling.lasers.integrator.run import Run
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.parallel import Meter

__all__ = ["Bundle", "BundleResult"]

_LANE_STEPS_PER_CALL = 4_000_000
_SPIKE_BUFFER_PER_LANE = 64
_TOLERATED_DEFICIT = 0.01  # of the transparency number; noise around an empty section is less
_ROUNDING = 1e-9  # of a step


@dataclass(frozen=True, eq=False)
class BundleResult:
    """Spikes within the recording, traces, and the final state of the chains of a bundle.

    Attributes
    ----------
    chain, unit : ndarray of int64, shape (spike,)
        Chain and unit of each spike.
    time_ns : ndarray of float64, shape (spike,)
        Spike times [ns].
    traces : Traces or None
        Traces, of the first bundle only.
    end : NetworkState
        State at the end, chains numbered from 0.
    """

    chain: NDArray[np.int64]
    unit: NDArray[np.int64]
    time_ns: NDArray[np.float64]
    traces: Traces | None
    end: NetworkState


class _Spikes(NamedTuple):
    """All spikes that a bundle knows, including those before its start."""

    time_ns: NDArray[np.float64]
    lane: NDArray[np.int64]
    amplitude: NDArray[np.float64] | None  # with short-term depression


class Bundle:
    """Chains that are simulated together.

    Parameters
    ----------
    run : Run
        Data that all bundles share.
    chains : slice
        Numbers of the chains.
    seeds : list of SeedSequence
        One per chain; the random numbers of a chain depend on nothing else.
    """

    def __init__(self, run: Run, chains: slice, seeds: list[np.random.SeedSequence]) -> None:
        self._run, self._first_chain, self._n_chains = run, chains.start, len(seeds)
        self._request = run.request if chains.start == 0 else None
        self._start: NetworkState | None = None
        network, model = run.network, run.model
        pump2 = network.device.absorber_pump_electrons_per_ns
        lanes = preparation.lanes(run.pump[chains], run.rest, seeds, model, pump2)
        if run.start is not None:
            every = np.arange(network.n_lasers)
            self._start = run.start.part(np.arange(chains.start, chains.stop), every)
            lanes = preparation.resumed(lanes, self._start, model.constants)
        n_lanes = lanes.pump.size
        faults = preparation.faults(network, seeds, n_lanes, run.step_ns)
        self._longest_jitter = 0 if faults is None else faults.longest_jitter
        self._tables = tables.Bundle(
            n_active=len(seeds) * network.n_lasers,
            lanes=lanes,
            own=preparation.own(network, n_lanes),
            faults=faults,
            depression=preparation.depressed(network, n_lanes, run.step_ns, self._start),
            output=self._output(len(seeds) * network.n_lasers),
            events=preparation.events(model.coupling, n_lanes, self._longest_jitter),
            arrivals=preparation.arrivals(n_lanes),
        )
        if self._start is not None and not run.own_steps:
            self._resume(self._start)

    def _output(self, n_active: int) -> tables.Output:
        """Buffers for spikes and traces."""
        run, request = self._run, self._request
        lasers: tuple[int, ...] = ()
        every, start, n_samples = 1, 0, 0
        if request is not None:
            lasers = request.lasers
            every = max(1, round(request.interval_ps / run.step_ps))
            start = run.burn_in_steps + round(request.start_ns / run.step_ns)
            stop = run.burn_in_steps + round(request.stop_ns / run.step_ns)
            n_samples = (stop - start) // every + 1
        size = _SPIKE_BUFFER_PER_LANE * n_active
        return tables.Output(
            time=np.empty(size),
            lane=np.empty(size, dtype=np.int64),
            amplitude=np.ones(0 if run.network.depression is None else size),
            n_spikes=np.zeros(1, dtype=np.int64),
            trace_lane=np.array(lasers, dtype=np.int64),
            trace=np.full((n_samples, len(lasers), 3), np.nan, dtype=np.float32),
            trace_every=every,
            trace_start=start,
        )

    def _resume(self, start: NetworkState) -> None:
        """Let the recent spikes of `start` act on pumps and timing wheel."""
        most = 2 * (start.spike_time_ns.size + self._tables.n_active)
        while self._tables.events.n_free[0] < most:
            self._enlarge_events()
        lane = start.spike_lane
        # A spike acts from the end of the step in which it occurred.
        onset = np.ceil(start.spike_time_ns / self._run.step_ns - _ROUNDING).astype(np.int64)
        order = np.lexsort((onset, lane))
        amplitude = start.amplitudes
        if self._tables.depression is None:
            amplitude = np.ones(lane.size)
        resume(self._run.model, self._tables, lane[order], onset[order], amplitude[order])

    def _enlarge_events(self) -> None:
        self._tables = self._tables._replace(events=preparation.enlarged(self._tables.events))

    def result(self, meter: Meter, stop: threading.Event) -> BundleResult:
        """Simulate to the end.

        Parameters
        ----------
        meter : Meter
            Gets the number of steps done, times chains.
        stop : threading.Event
            Once it is set, the rest of the simulation is no longer needed.
        """
        run, n_lasers = self._run, self._run.network.n_lasers
        spikes = self._spikes(meter, stop)
        time = spikes.time_ns - run.burn_in_steps * run.step_ns
        kept = (time >= -run.recall_ns) & (time <= run.duration_ns)
        time, lane = time[kept] + run.recall_ns, spikes.lane[kept]
        return BundleResult(
            chain=self._first_chain + lane // n_lasers,
            unit=lane % n_lasers,
            time_ns=time,
            traces=self._traces(),
            end=self._end(spikes),
        )

    def _spikes(self, meter: Meter, stop: threading.Event) -> _Spikes:
        """Move the lanes to the end and collect their spikes."""
        output, before = self._tables.output, 0
        times, lanes, amplitudes = [], [], []
        if self._start is not None:
            times.append(self._start.spike_time_ns)
            lanes.append(self._start.spike_lane)
            amplitudes.append(self._start.amplitudes)
        for step in self._freely() if self._run.own_steps else self._together():
            n = int(output.n_spikes[0])
            times.append(output.time[:n].copy())
            lanes.append(output.lane[:n].copy())
            amplitudes.append(output.amplitude[:n].copy())
            output.n_spikes[0] = 0
            self._check(step)
            meter.add((step - before) * self._n_chains)
            before = step
            if stop.is_set():
                break
        tiring = self._tables.depression is not None
        amplitude = np.concatenate(amplitudes) if tiring else None
        return _Spikes(np.concatenate(times), np.concatenate(lanes), amplitude)

    def _together(self) -> Iterator[int]:
        """Move all lanes in common steps; yields the step reached whenever there is news."""
        last = self._run.last_step
        stride = max(1, _LANE_STEPS_PER_CALL // self._tables.lanes.pump.size)
        step = 0
        while step < last:
            until = min(step + stride, last)
            step, status = advance(self._run.model, self._tables, step, until)
            if status == EVENTS_FULL:
                self._enlarge_events()
            yield step

    def _freely(self) -> Iterator[int]:
        """Move each lane in its own steps; yields the tick that all have reached."""
        last, n_active = self._run.last_step, self._tables.n_active
        stride = max(1, _LANE_STEPS_PER_CALL // self._tables.lanes.pump.size)
        status = None
        while status != FINISHED:
            status = advance_freely(self._run.model, self._tables, last, stride)
            yield min(int(self._tables.arrivals.origin[:n_active].min()), last)

    def _check(self, step: int) -> None:
        """Refuse states that are not finite, and gain sections with clearly negative numbers."""
        run = self._run
        lowest = -_TOLERATED_DEFICIT * run.network.device.gain.transparency_electrons
        for name in ("photons", "gain", "absorber"):
            values = getattr(self._tables.lanes, name)[: self._tables.n_active]
            bad = ~np.isfinite(values)
            if name == "gain":
                bad |= values < lowest
            if bad.any():
                lane = int(np.flatnonzero(bad)[0])
                chain, laser = divmod(lane, run.network.n_lasers)
                raise SimulationError(
                    f"laser {laser} of chain {self._first_chain + chain} has {name} = "
                    f"{values[lane]:g} at {step * run.step_ns:.3f} ns; a step shorter than "
                    f"{run.step_ps:g} ps or a weaker coupling is needed"
                )

    def _end(self, spikes: _Spikes) -> NetworkState:
        """State at the end; lasers with their own steps are up to one long step beyond it."""
        run, n_active, shape = self._run, self._tables.n_active, (-1, self._run.network.n_lasers)
        at: tables.Lanes | tables.Arrivals = self._tables.lanes
        end_step = np.full(n_active, run.last_step)
        if run.own_steps:
            at, end_step = self._tables.arrivals, self._tables.arrivals.tick[:n_active]
        since = spikes.time_ns - (end_step * run.step_ns)[spikes.lane]
        # Jittered spikes can be pending, and are recorded after the end.
        is_recent = since > -run.memory_ns - 2.0 * run.step_ns
        recent = np.flatnonzero(is_recent & (since <= self._longest_jitter * run.step_ns))
        chain, laser = np.divmod(spikes.lane[recent], run.network.n_lasers)
        order = np.lexsort((since[recent], chain))
        field = (at.field_x[:n_active] + 1j * at.field_y[:n_active]).astype(np.complex64)
        amplitude = spikes.amplitude
        return NetworkState(
            field=field.reshape(shape),
            gain_electrons=at.gain[:n_active].reshape(shape).copy(),
            absorber_electrons=at.absorber[:n_active].reshape(shape).copy(),
            armed=at.armed[:n_active].astype(np.int8).reshape(shape),
            spike_chain=chain[order].astype(np.int32),
            spike_laser=laser[order].astype(np.int32),
            spike_time_ns=since[recent][order],
            resource=self._recovered(),
            spike_amplitude=None if amplitude is None else amplitude[recent][order],
        )

    def _recovered(self) -> NDArray[np.float64] | None:
        """Resource of the synapses of each laser at the end, if any, shape (chain, laser)."""
        tired, n_active = self._tables.depression, self._tables.n_active
        if tired is None:
            return None
        since = self._run.last_step - tired.since[:n_active]
        missing = 1.0 - tired.resource[:n_active]
        left: NDArray[np.float64] = 1.0 - missing * np.exp(-since / tired.recovery_ticks)
        return left.reshape(-1, self._run.network.n_lasers)

    def _traces(self) -> Traces | None:
        """Recorded traces, with times after the burn-in."""
        if self._request is None:
            return None
        run, output = self._run, self._tables.output
        start = output.trace_start - run.burn_in_steps
        steps = start + np.arange(output.trace.shape[0]) * output.trace_every
        return Traces.of(self._request.lasers, steps * run.step_ns, output.trace)
