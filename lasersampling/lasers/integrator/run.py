"""One bundle of chains after the other: from start to end through the compiled kernel."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import SimulationError
from lasersampling.lasers.integrator import bundle as tables
from lasersampling.lasers.integrator.kernel import EVENTS_FULL, FINISHED, advance, advance_freely
from lasersampling.lasers.integrator.request import Meter, Traces
from lasersampling.lasers.integrator.resume import resume
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.integrator.tables import (
    Arrivals,
    Coupling,
    Depressed,
    Events,
    Faults,
    Lanes,
    Output,
    Own,
)
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.settings import TraceRequest

__all__ = ["BundleResult", "Run"]

_LANE_STEPS_PER_CALL = 4_000_000
_SPIKE_BUFFER_PER_LANE = 64
_TOLERATED_DEFICIT = 0.01  # of the transparency number; noise around an empty section is less
_ROUNDING = 1e-9  # of a step


@dataclass(frozen=True, eq=False)
class BundleResult:
    """Spikes within the recording, traces, and how the chains of a bundle end.

    Attributes
    ----------
    chain, unit : ndarray of int64, shape (spike,)
        Who spiked.
    time_ns : ndarray of float64, shape (spike,)
        When [ns].
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


class Run:
    """What all bundles of one simulation share.

    Parameters
    ----------
    network : LaserNetwork
        Lasers and their coupling.
    pump : ndarray of float64, shape (chain, laser)
        Pump without what the synapses add [electrons/ns].
    duration_ns, burn_in_ns : float
        Time recorded, and time before it.
    refractory_time_ns : float
        Length of the synaptic rectangles where the synapse leaves it open.
    step_ps : float
        Integration step.
    noise : bool
        False for the drift alone.
    own_steps : bool
        Whether each laser takes steps of its own.
    request : TraceRequest or None
        What is traced.
    start : NetworkState or None
        Where the chains go on from; None starts them at rest.
    recall_ns : float
        How long before the start the recording begins.
    """

    def __init__(
        self,
        network: LaserNetwork,
        pump: NDArray[np.float64],
        duration_ns: float,
        burn_in_ns: float,
        refractory_time_ns: float,
        step_ps: float,
        noise: bool,
        own_steps: bool,
        request: TraceRequest | None,
        start: NetworkState | None,
        recall_ns: float,
    ) -> None:
        assert network.synapse is not None  # the network has put the device's own in its place
        self.network, self.pump, self.step_ps = network, pump, step_ps
        self.duration_ns, self.recall_ns, self.start = duration_ns, recall_ns, start
        self.own_steps = own_steps
        self.constants = tables.constants(
            network.device,
            network.synapse.time_constant_ns,
            step_ps,
            noise=noise,
            own_steps=own_steps,
        )
        # A tick, which is the step itself where all lasers share it.
        self.step_ns = step_ps * 1e-3 / int(self.constants.dim_ticks)
        self.burn_in_steps = math.ceil(burn_in_ns / self.step_ns - 1e-9)
        self.last_step = self.burn_in_steps + math.ceil(duration_ns / self.step_ns - 1e-9)
        alpha = network.device.cavity.linewidth_enhancement
        self.rotation = None if alpha == 0.0 else np.float32(-0.5 * alpha)
        # Lasers that go on from a state need no resting ones, of which one is enough then.
        self.rest = tables.RestingStates(network.device, pump if start is None else pump[:1, :1])
        self.coupling: Coupling = tables.coupling(network, refractory_time_ns, step_ps)
        longest_delay = float(np.max(network.delay_ns))
        self.memory_ns = (
            longest_delay + network.synapse.memory_ns(refractory_time_ns) + refractory_time_ns
        )
        self.request = request

    def _output(self, n_active: int, is_first: bool) -> Output:
        """Buffers of a bundle; the first one records the traces."""
        request = self.request if is_first else None
        lasers: tuple[int, ...] = ()
        every, start, n_samples = 1, 0, 0
        if request is not None:
            lasers = request.lasers
            every = max(1, round(request.interval_ps / self.step_ps))
            start = self.burn_in_steps + round(request.start_ns / self.step_ns)
            stop = self.burn_in_steps + round(request.stop_ns / self.step_ns)
            n_samples = (stop - start) // every + 1
        size = _SPIKE_BUFFER_PER_LANE * n_active
        return Output(
            time=np.empty(size),
            lane=np.empty(size, dtype=np.int64),
            amplitude=np.ones(0 if self.network.depression is None else size),
            n_spikes=np.zeros(1, dtype=np.int64),
            trace_lane=np.array(lasers, dtype=np.int64),
            trace=np.full((n_samples, len(lasers), 3), np.nan, dtype=np.float32),
            trace_every=every,
            trace_start=start,
        )

    def bundle(
        self,
        chains: slice,
        seeds: list[np.random.SeedSequence],
        meter: Meter,
        stop: threading.Event,
    ) -> BundleResult:
        """Simulate some chains to the end."""
        n_lasers = self.network.n_lasers
        network = self.network
        lanes = tables.lanes(
            self.pump[chains],
            self.rest,
            seeds,
            self.constants,
            absorber_pump_electrons_per_ns=network.device.absorber_pump_electrons_per_ns,
            drives_absorber=self.coupling.drives_absorber,
        )
        start = None
        if self.start is not None:
            every = np.arange(n_lasers)
            start = self.start.part(np.arange(chains.start, chains.stop), every)
            lanes = tables.resumed(lanes, start, self.constants)
        n_active = len(seeds) * n_lasers
        output = self._output(n_active, chains.start == 0)
        times, lane_numbers, amplitudes = [], [], []
        before = 0
        n_lanes = lanes.pump.size
        own = tables.own(network, n_lanes)
        faults = tables.faults(network, seeds, n_lanes, self.step_ns)
        tired = tables.depressed(network, n_lanes, self.step_ns, start)
        arrivals = tables.arrivals(n_lanes)
        if self.own_steps:
            steps = self._freely(lanes, own, faults, n_active, output, arrivals)
        else:
            steps = self._together(lanes, own, faults, tired, n_active, output, start)
        for step in steps:
            n = int(output.n_spikes[0])
            times.append(output.time[:n].copy())
            lane_numbers.append(output.lane[:n].copy())
            amplitudes.append(output.amplitude[:n].copy())
            output.n_spikes[0] = 0
            self._check(lanes, n_active, chains.start, step)
            meter.add((step - before) * len(seeds))
            before = step
            if stop.is_set():
                break
        time, lane = np.concatenate(times), np.concatenate(lane_numbers)
        amplitude = np.concatenate(amplitudes)
        if start is not None:
            time = np.append(start.spike_time_ns, time)
            lane = np.append(start.spike_lane, lane)
            if tired is not None:
                amplitude = np.append(start.amplitudes, amplitude)
        longest_jitter = 0 if faults is None else faults.longest_jitter
        spikes = time, lane, None if tired is None else amplitude
        end = self._end(lanes, arrivals, n_active, *spikes, tired, longest_jitter)
        time = time - self.burn_in_steps * self.step_ns
        kept = (time >= -self.recall_ns) & (time <= self.duration_ns)
        time, lane = time[kept] + self.recall_ns, lane[kept]
        return BundleResult(
            chain=chains.start + lane // n_lasers,
            unit=lane % n_lasers,
            time_ns=time,
            traces=self._traces(output) if chains.start == 0 else None,
            end=end,
        )

    def _end(
        self,
        lanes: Lanes,
        arrivals: Arrivals,
        n_active: int,
        time: NDArray[np.float64],
        lane: NDArray[np.int64],
        amplitude: NDArray[np.float64] | None,
        tired: Depressed | None,
        longest_jitter: int,
    ) -> NetworkState:
        """State at the end; lasers with steps of their own are up to one long step beyond it."""
        at: Lanes | Arrivals = lanes
        end_step = np.full(n_active, self.last_step)
        if self.own_steps:
            at, end_step = arrivals, arrivals.tick[:n_active]
        end_ns = end_step * self.step_ns
        since = time - end_ns[lane]
        # Spikes that jitter can be under way, to be seen after the end.
        is_recent = since > -self.memory_ns - 2.0 * self.step_ns
        recent = np.flatnonzero(is_recent & (since <= longest_jitter * self.step_ns))
        n_lasers = self.network.n_lasers
        chain, laser = np.divmod(lane[recent], n_lasers)
        order = np.lexsort((since[recent], chain))
        shape = (-1, n_lasers)
        resource = None
        if tired is not None:
            since_spike = self.last_step - tired.since[:n_active]
            missing = 1.0 - tired.resource[:n_active]
            recovered = 1.0 - missing * np.exp(-since_spike / tired.recovery_ticks)
            resource = recovered.reshape(shape)
        return NetworkState(
            field=(at.field_x[:n_active] + 1j * at.field_y[:n_active])
            .astype(np.complex64)
            .reshape(shape),
            gain_electrons=at.gain[:n_active].reshape(shape).copy(),
            absorber_electrons=at.absorber[:n_active].reshape(shape).copy(),
            armed=at.armed[:n_active].astype(np.int8).reshape(shape),
            spike_chain=chain[order].astype(np.int32),
            spike_laser=laser[order].astype(np.int32),
            spike_time_ns=since[recent][order],
            resource=resource,
            spike_amplitude=None if amplitude is None else amplitude[recent][order],
        )

    def _events(
        self, lanes: Lanes, faults: Faults | None, n_active: int, start: NetworkState | None
    ) -> Events:
        """Timing wheel, with what recent spikes have left in it."""
        longest_jitter = 0 if faults is None else faults.longest_jitter
        events = tables.events(self.coupling, lanes.pump.size, longest_jitter)
        if start is None:
            return events
        while events.n_free[0] < 2 * (start.spike_time_ns.size + n_active):
            events = tables.enlarged(events)
        lane = start.spike_lane
        # A spike acts from the end of the step in which it was.
        onset = np.ceil(start.spike_time_ns / self.step_ns - _ROUNDING).astype(np.int64)
        order = np.lexsort((onset, lane))
        amplitude = np.ones(lane.size)
        if self.network.depression is not None:
            amplitude = start.amplitudes
        resume(
            self.constants,
            self.coupling,
            events,
            lanes,
            start.n_lasers,
            lane[order],
            onset[order],
            amplitude[order],
        )
        return events

    def _together(
        self,
        lanes: Lanes,
        own: Own | None,
        faults: Faults | None,
        tired: Depressed | None,
        n_active: int,
        output: Output,
        start: NetworkState | None,
    ) -> Iterator[int]:
        """Move all lanes in common steps; yields the step reached whenever there is news."""
        events = self._events(lanes, faults, n_active, start)
        stride = max(1, _LANE_STEPS_PER_CALL // lanes.pump.size)
        step = 0
        while step < self.last_step:
            step, status = advance(
                self.constants,
                self.rotation,
                own,
                faults,
                tired,
                self.network.n_lasers,
                n_active,
                lanes,
                self.coupling,
                events,
                output,
                step,
                min(step + stride, self.last_step),
            )
            if status == EVENTS_FULL:
                events = tables.enlarged(events)
            yield step

    def _freely(
        self,
        lanes: Lanes,
        own: Own | None,
        faults: Faults | None,
        n_active: int,
        output: Output,
        arrivals: Arrivals,
    ) -> Iterator[int]:
        """Move each lane in its own steps; yields the tick that all have reached."""
        origin = np.zeros(lanes.pump.size, dtype=np.int64)
        stride = max(1, _LANE_STEPS_PER_CALL // lanes.pump.size)
        status = None
        while status != FINISHED:
            status = advance_freely(
                self.constants,
                self.rotation,
                own,
                faults,
                n_active,
                lanes,
                output,
                arrivals,
                origin,
                self.last_step,
                stride,
            )
            yield min(int(origin[:n_active].min()), self.last_step)

    def _check(self, lanes: Lanes, n_active: int, first_chain: int, step: int) -> None:
        """Refuse states that are not finite, and gain sections with clearly less than nothing."""
        lowest = -_TOLERATED_DEFICIT * self.network.device.gain.transparency_electrons
        for name in ("photons", "gain", "absorber"):
            values = getattr(lanes, name)[:n_active]
            bad = ~np.isfinite(values)
            if name == "gain":
                bad |= values < lowest
            if bad.any():
                lane = int(np.flatnonzero(bad)[0])
                chain, laser = divmod(lane, self.network.n_lasers)
                raise SimulationError(
                    f"laser {laser} of chain {first_chain + chain} has {name} = {values[lane]:g} "
                    f"at {step * self.step_ns:.3f} ns; a step shorter than {self.step_ps:g} ps or "
                    "a weaker coupling is needed"
                )

    def _traces(self, output: Output) -> Traces | None:
        if self.request is None:
            return None
        n_samples = output.trace.shape[0]
        start = output.trace_start - self.burn_in_steps
        steps = start + np.arange(n_samples) * output.trace_every
        return Traces(
            time_ns=np.asarray(steps * self.step_ns, dtype=np.float64),
            laser=output.trace_lane.astype(np.int32),
            photons=output.trace[:, :, 0].T.copy(),
            gain_electrons=output.trace[:, :, 1].T.copy(),
            absorber_electrons=output.trace[:, :, 2].T.copy(),
        )
