"""Simulating a network of lasers: spikes out, traces on request.

Chains are independent copies of the network with random streams of their own. They are gathered
into bundles of lanes for the compiled kernel, and bundles run side by side on the cores.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, SimulationError
from lasersampling.lasers import bundle as tables
from lasersampling.lasers.kernel import EVENTS_FULL, FINISHED, advance, advance_freely
from lasersampling.lasers.kernel_tables import Coupling, Events, Lanes, Output
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.request import (
    Meter,
    TraceRequest,
    Traces,
    available_cores,
    check_request,
    checked_pump,
)
from lasersampling.lasers.spikes import SpikeTrains

__all__ = ["Simulation", "TraceRequest", "Traces", "simulate"]

LANES_PER_BUNDLE = 512
"""Enough to make the overhead of a step small, few enough for the first cache."""

_FEWEST_LANES = 64
_BUNDLES_PER_THREAD = 2

_LANE_STEPS_PER_CALL = 4_000_000
_SPIKE_BUFFER_PER_LANE = 64
_TOLERATED_DEFICIT = 0.01  # of the transparency number; noise around an empty section is less


@dataclass(frozen=True, eq=False)
class Simulation:
    """What a simulation gives.

    Attributes
    ----------
    spikes : SpikeTrains
        All spikes after the burn-in.
    traces : Traces or None
        Traces, if they were asked for.
    """

    spikes: SpikeTrains
    traces: Traces | None


def simulate(
    network: LaserNetwork,
    pump_electrons_per_ns: ArrayLike,
    duration_ns: float,
    *,
    n_chains: int = 1,
    seed: int = 0,
    burn_in_ns: float = 50.0,
    refractory_time_ns: float | None = None,
    step_ps: float | None = None,
    common_step: bool = False,
    noise: bool = True,
    traces: TraceRequest | None = None,
    n_threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Simulation:
    """Integrate the stochastic rate equations of a network.

    Parameters
    ----------
    network : LaserNetwork
        Lasers and their coupling.
    pump_electrons_per_ns : array_like, shape (), (laser,) or (chain, laser)
        Pump P of each laser without what the synapses add.
    duration_ns : float
        Time recorded per chain.
    n_chains : int
        Independent copies of the network.
    seed : int
        The same seed gives the same bits, whatever the number of threads.
    burn_in_ns : float
        Time simulated before the recording; the lasers start at rest.
    refractory_time_ns : float, optional
        Length of the synaptic rectangles where the synapse leaves it open; the device's own by
        default.
    step_ps : float, optional
        Integration step; the device's own by default.
    common_step : bool
        Let all lasers take this step. They do so anyway if they are coupled, traced or without
        noise; others take steps of their own around it, twice as long in the dark, half as long
        in bright light.
    noise : bool
        False integrates the drift alone. Without spontaneous emission the field then needs
        photons to start from, which it has at rest.
    traces : TraceRequest, optional
        Lasers of the first chain to record in full.
    n_threads : int, optional
        Threads; as many as there are cores by default. Bits do not depend on it.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Simulation

    Raises
    ------
    InputError
        With all problems of the arguments.
    SimulationError
        When a state is no longer finite or physical.

    Examples
    --------
    >>> from lasersampling.lasers.device import load_device
    >>> device = load_device("D2")
    >>> lasers = LaserNetwork(device, n_lasers=2)
    >>> pump = [0.9 * device.threshold_pump_electrons_per_ns,
    ...         1.0 * device.threshold_pump_electrons_per_ns]
    >>> few, many = simulate(lasers, pump, 200.0, seed=1).spikes.counts()[0]
    >>> bool(few < many)
    True
    """
    device = network.device
    step = device.step_ps if step_ps is None else step_ps
    tau = device.refractory_time_ns if refractory_time_ns is None else refractory_time_ns
    threads = available_cores() if n_threads is None else n_threads
    problems = [
        *number_problems("duration_ns", duration_ns, 0.0, strict=True),
        *number_problems("burn_in_ns", burn_in_ns, 0.0, strict=False),
        *number_problems("step_ps", step, 0.0, strict=True),
        *number_problems("refractory_time_ns", tau, 0.0, strict=True),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("seed", seed, 0),
        *integer_problems("n_threads", threads, 1),
    ]
    if problems:
        raise InputError(problems)
    pump = checked_pump(pump_electrons_per_ns, n_chains, network.n_lasers)
    is_coupled = network.connections.pre.size > 0
    own_steps = noise and traces is None and not (is_coupled or common_step)
    run = _Run(network, pump, duration_ns, burn_in_ns, tau, step, noise, own_steps, traces)
    seeds = np.random.SeedSequence(seed).spawn(n_chains)
    share = n_chains * network.n_lasers // (_BUNDLES_PER_THREAD * threads)
    lanes_wanted = min(max(share, _FEWEST_LANES), LANES_PER_BUNDLE)
    per_bundle = max(1, lanes_wanted // network.n_lasers)
    starts = range(0, n_chains, per_bundle)
    meter = Meter(progress, n_chains * run.last_step)
    stop = threading.Event()

    def job(start: int) -> _BundleResult:
        chains = slice(start, min(start + per_bundle, n_chains))
        return run.bundle(chains, seeds[chains], meter, stop)

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(job, start) for start in starts]
        try:
            results = [future.result() for future in futures]
        except BaseException:
            # Also for Ctrl-C: let no bundle go on for the rest of a long simulation.
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    chain = np.concatenate([result.chain for result in results])
    time = np.concatenate([result.time_ns for result in results])
    unit = np.concatenate([result.unit for result in results])
    order = np.lexsort((unit, time, chain))
    offset = np.searchsorted(chain[order], np.arange(n_chains + 1)).astype(np.int64)
    spikes = SpikeTrains(
        time[order], unit[order].astype(np.int32), offset, network.n_lasers, float(duration_ns)
    )
    return Simulation(spikes, results[0].traces)


@dataclass(frozen=True, eq=False)
class _BundleResult:
    chain: NDArray[np.int64]
    unit: NDArray[np.int64]
    time_ns: NDArray[np.float64]
    traces: Traces | None


class _Run:
    """What all bundles of one simulation share."""

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
    ) -> None:
        assert network.synapse is not None  # the network has put the device's own in its place
        self.network, self.pump, self.step_ps = network, pump, step_ps
        self.duration_ns = duration_ns
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
        self.rest = tables.RestingStates(network.device, pump)
        self.coupling: Coupling = tables.coupling(network, refractory_time_ns, step_ps)
        self.request = request
        if request is not None:
            check_request(request, network.n_lasers, duration_ns)

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
    ) -> _BundleResult:
        """Simulate some chains from rest to the end."""
        n_lasers = self.network.n_lasers
        lanes = tables.lanes(
            self.pump[chains],
            self.rest,
            seeds,
            self.constants,
            absorber_pump_electrons_per_ns=self.network.device.absorber_pump_electrons_per_ns,
            drives_absorber=self.coupling.drives_absorber,
        )
        n_active = len(seeds) * n_lasers
        output = self._output(n_active, chains.start == 0)
        times, lane_numbers = [], []
        before = 0
        move = self._freely if self.own_steps else self._together
        for step in move(lanes, n_lasers, n_active, output):
            n = int(output.n_spikes[0])
            times.append(output.time[:n].copy())
            lane_numbers.append(output.lane[:n].copy())
            output.n_spikes[0] = 0
            self._check(lanes, n_active, chains.start, step)
            meter.add((step - before) * len(seeds))
            before = step
            if stop.is_set():
                break
        time = np.concatenate(times) - self.burn_in_steps * self.step_ns
        lane = np.concatenate(lane_numbers)
        kept = (time >= 0.0) & (time <= self.duration_ns)
        time, lane = time[kept], lane[kept]
        return _BundleResult(
            chain=chains.start + lane // n_lasers,
            unit=lane % n_lasers,
            time_ns=time,
            traces=self._traces(output) if chains.start == 0 else None,
        )

    def _together(
        self, lanes: Lanes, n_lasers: int, n_active: int, output: Output
    ) -> Iterator[int]:
        """Move all lanes in common steps; yields the step reached whenever there is news."""
        events: Events = tables.events(self.coupling, lanes.pump.size)
        stride = max(1, _LANE_STEPS_PER_CALL // lanes.pump.size)
        step = 0
        while step < self.last_step:
            step, status = advance(
                self.constants,
                self.rotation,
                n_lasers,
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

    def _freely(self, lanes: Lanes, n_lasers: int, n_active: int, output: Output) -> Iterator[int]:
        """Move each lane in its own steps; yields the tick that all have reached."""
        origin = np.zeros(lanes.pump.size, dtype=np.int64)
        stride = max(1, _LANE_STEPS_PER_CALL // lanes.pump.size)
        status = None
        while status != FINISHED:
            status = advance_freely(
                self.constants,
                self.rotation,
                n_active,
                lanes,
                output,
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
