"""Simulation of some chains, from their start to their end, by the compiled kernel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import SimulationError
from lasersampling.lasers.integrator import preparation, tables
from lasersampling.lasers.integrator.bright import LANE_BLOCK
from lasersampling.lasers.integrator.kernel import (
    EVENTS_FULL,
    TOO_MANY_SPIKES,
    advance,
)
from lasersampling.lasers.integrator.request import Traces
from lasersampling.lasers.integrator.resume import resume
from lasersampling.lasers.integrator.run import Run
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.parallel import Meter

__all__ = ["Bundle", "BundleResult"]

_LANE_STEPS_PER_CALL = 4_000_000
_SPIKE_BUFFER_PER_LANE = 24
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
    """Chains that are simulated together, by one thread or by several.

    Parameters
    ----------
    run : Run
        Data that all bundles share.
    chains : slice
        Numbers of the chains.
    seeds : list of SeedSequence
        One per chain; the random numbers of a chain depend on nothing else.
    n_parts : int
        Number of threads, each with a part of the lanes.
    """

    def __init__(
        self, run: Run, chains: slice, seeds: list[np.random.SeedSequence], n_parts: int = 1
    ) -> None:
        self._run, self._first_chain, self._n_chains = run, chains.start, len(seeds)
        self._request = run.request if chains.start == 0 else None
        self._start: NetworkState | None = None
        network = run.network
        pump2 = network.device.absorber_pump_electrons_per_ns
        drives_absorber = run.coupling.drives_absorber
        pumps = preparation.Pumps(run.pump[chains], pump2, drives_absorber)
        lanes = preparation.lanes(pumps, run.rest, seeds, run.model)
        if run.start is not None:
            every = np.arange(network.n_lasers)
            self._start = run.start.part(np.arange(chains.start, chains.stop), every)
            lanes = preparation.resumed(lanes, self._start, run.model.constants)
        self._n_active = len(seeds) * network.n_lasers
        faults = preparation.faults(network, seeds, lanes.pump.size, run.step_ns)
        self._longest_jitter = 0 if faults is None else faults.longest_jitter
        self._output = self._made_output(n_parts)
        self._team = tables.Team(
            arrived=np.zeros(1, dtype=np.int64),
            n_spikes=np.zeros((2, n_parts), dtype=np.int64),
            is_full=np.zeros((2, n_parts), dtype=np.bool_),
        )
        cuts = np.linspace(0, self._n_active, n_parts + 1).astype(int)
        self._parts = [
            self._part(number, slice(*cuts[number : number + 2]), lanes, faults)
            for number in range(n_parts)
        ]

    def _part(
        self, number: int, active: slice, lanes: tables.Lanes, faults: tables.Faults | None
    ) -> tables.Part:
        """Tables of the lanes of one thread."""
        run, n = self._run, active.stop - active.start
        network, window_steps = run.network, int(run.model.constants.window_steps)
        # Padding lanes repeat the last one and are ignored.
        padded = np.arange(-(-n // LANE_BLOCK) * LANE_BLOCK)
        taken = np.minimum(active.start + padded, active.stop - 1)
        lanes = preparation.spread(tables.Lanes(*(values[taken] for values in lanes)))
        own = preparation.own(network, taken)
        coupling = run.coupling
        if n < self._n_active:
            coupling = run.coupling_to(active)
        n_lanes = self._n_active
        part = tables.Part(
            first_lane=active.start,
            n_active=n,
            number=number,
            coupling=coupling,
            lanes=lanes,
            own=own,
            bright=preparation.bright(lanes, own),
            rises=preparation.rises(n, window_steps),
            faults=None if faults is None else faults._replace(rng=faults.rng[taken]),
            depression=preparation.depressed(network, n_lanes, run.step_ns, self._start),
            output=self._output,
            events=preparation.events(coupling, n_lanes, window_steps, self._longest_jitter),
        )
        return part if self._start is None else self._resumed(part, self._start)

    def _made_output(self, n_parts: int) -> tables.Output:
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
        # Lasers are not synchronous for a window, in which each has less than a spike a step.
        per_lane = _SPIKE_BUFFER_PER_LANE + int(run.model.constants.window_steps)
        size = per_lane * -(-self._n_active // n_parts)
        return tables.Output(
            time=np.empty((n_parts, size)),
            onset=np.empty((n_parts, size), dtype=np.int64),
            lane=np.empty((n_parts, size), dtype=np.int64),
            amplitude=np.ones((n_parts, 0 if run.network.depression is None else size)),
            n_spikes=np.zeros(n_parts, dtype=np.int64),
            seen=np.zeros((n_parts, n_parts), dtype=np.int64),
            trace_lane=np.array(lasers, dtype=np.int64),
            trace=np.full((n_samples, len(lasers), 3), np.nan, dtype=np.float32),
            trace_every=every,
            trace_start=start,
        )

    def _resumed(self, part: tables.Part, start: NetworkState) -> tables.Part:
        """Let the recent spikes of `start` act on pumps and timing wheel."""
        most = 2 * (start.spike_time_ns.size + self._n_active)
        while part.events.n_free[0] < most:
            part = part._replace(events=preparation.enlarged(part.events))
        lane = start.spike_lane
        # A spike acts from the end of the step in which it occurred.
        onset = np.ceil(start.spike_time_ns / self._run.step_ns - _ROUNDING).astype(np.int64)
        order = np.lexsort((onset, lane))
        amplitude = start.amplitudes
        if part.depression is None:
            amplitude = np.ones(lane.size)
        resume(self._run.model, part, lane[order], onset[order], amplitude[order])
        return part

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
        output, before = self._output, 0
        times, lanes, amplitudes = [], [], []
        if self._start is not None:
            times.append(self._start.spike_time_ns)
            lanes.append(self._start.spike_lane)
            amplitudes.append(self._start.amplitudes)
        tiring = self._run.network.depression is not None
        for step in self._steps():
            for part in range(len(self._parts)):
                n = int(output.n_spikes[part])
                times.append(output.time[part, :n] * self._run.step_ns)
                lanes.append(output.lane[part, :n].copy())
                amplitudes.append(output.amplitude[part, :n].copy())
            output.n_spikes[:] = 0
            self._check(step)
            meter.add((step - before) * self._n_chains)
            before = step
            if stop.is_set():
                break
        amplitude = np.concatenate(amplitudes) if tiring else None
        return _Spikes(np.concatenate(times), np.concatenate(lanes), amplitude)

    def _steps(self) -> Iterator[int]:
        """Move all lanes; yields the step reached whenever there is news."""
        run, n_parts, step = self._run, len(self._parts), 0
        window = int(run.model.constants.window_steps)
        stride = max(1, _LANE_STEPS_PER_CALL * n_parts // (self._n_active * window)) * window
        with ThreadPoolExecutor(n_parts) as pool:
            while step < run.last_step:
                self._team.arrived[0] = 0
                until = min(step + stride, run.last_step)
                # Each part has its thread: they wait for each other in compiled code.
                others = [
                    pool.submit(advance, run.model, part, self._team, step, until)
                    for part in self._parts[1:]
                ]
                reached = advance(run.model, self._parts[0], self._team, step, until)
                for call in others:
                    call.result()
                step, status = reached
                if status == TOO_MANY_SPIKES:
                    raise SimulationError(
                        f"lasers spike several times within {window * run.step_ns:g} ns at "
                        f"{step * run.step_ns:.3f} ns; a step shorter than {run.step_ps:g} ps or a "
                        "weaker coupling is needed"
                    )
                if status == EVENTS_FULL:
                    self._parts = [
                        part._replace(events=preparation.enlarged(part.events))
                        for part in self._parts
                    ]
                yield step

    def _lanes(self, name: str) -> NDArray[Any]:
        """One quantity of all active lanes."""
        return np.concatenate([getattr(part.lanes, name)[: part.n_active] for part in self._parts])

    def _check(self, step: int) -> None:
        """Refuse states that are not finite, and gain sections with clearly negative numbers."""
        run = self._run
        lowest = -_TOLERATED_DEFICIT * run.network.device.gain.transparency_electrons
        for name in ("field_x", "field_y", "gain", "absorber"):
            values = self._lanes(name)
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
        """State at the end."""
        run, shape = self._run, (-1, self._run.network.n_lasers)
        since = spikes.time_ns - run.last_step * run.step_ns
        # Jittered spikes can be pending, and are recorded after the end.
        is_recent = since > -run.memory_ns - 2.0 * run.step_ns
        recent = np.flatnonzero(is_recent & (since <= self._longest_jitter * run.step_ns))
        chain, laser = np.divmod(spikes.lane[recent], run.network.n_lasers)
        order = np.lexsort((since[recent], chain))
        field = (self._lanes("field_x") + 1j * self._lanes("field_y")).astype(np.complex64)
        amplitude = spikes.amplitude
        return NetworkState(
            field=field.reshape(shape),
            gain_electrons=self._lanes("gain").reshape(shape),
            absorber_electrons=self._lanes("absorber").reshape(shape),
            armed=self._lanes("armed").astype(np.int8).reshape(shape),
            spike_chain=chain[order].astype(np.int32),
            spike_laser=laser[order].astype(np.int32),
            spike_time_ns=since[recent][order],
            resource=self._recovered(),
            spike_amplitude=None if amplitude is None else amplitude[recent][order],
        )

    def _recovered(self) -> NDArray[np.float64] | None:
        """Resource of the synapses of each laser at the end, if any, shape (chain, laser)."""
        tired = self._parts[0].depression
        if tired is None:
            return None
        since = self._run.last_step - tired.since
        missing = 1.0 - tired.resource
        left: NDArray[np.float64] = 1.0 - missing * np.exp(-since / tired.recovery_ticks)
        return left.reshape(-1, self._run.network.n_lasers)

    def _traces(self) -> Traces | None:
        """Recorded traces, with times after the burn-in."""
        if self._request is None:
            return None
        run, output = self._run, self._output
        start = output.trace_start - run.burn_in_steps
        steps = start + np.arange(output.trace.shape[0]) * output.trace_every
        return Traces.of(self._request.lasers, steps * run.step_ns, output.trace)
