"""Simulation of a network of lasers: spikes, and traces on request.

Chains are independent copies of the network with random streams of their own. They are gathered
into bundles of lanes for the compiled kernel, and bundles run side by side on the cores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from lasersampling.checks import integer_problems, memory_problems, number_problems
from lasersampling.errors import InputError, Problem
from lasersampling.lasers.device import AnyDevice
from lasersampling.lasers.integrator.bundle import Bundle, BundleResult
from lasersampling.lasers.integrator.preparation import JITTER_CUT
from lasersampling.lasers.integrator.request import Traces, checked_pump, checked_start
from lasersampling.lasers.integrator.run import Run
from lasersampling.lasers.integrator.state import NetworkState, joined
from lasersampling.lasers.network import LaserNetwork, as_network
from lasersampling.lasers.settings import SimulationSettings, TraceRequest, checked_settings
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.lasers.steps import (
    LONGEST_WAIT,
    length_problems,
    step_problems,
    timing_problems,
)
from lasersampling.parallel import Meter, side_by_side
from lasersampling.seeds import streams_of_chains

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "NetworkState",
    "Simulation",
    "SimulationSettings",
    "TraceRequest",
    "Traces",
    "simulate",
]

LANES_PER_BUNDLE = 2048
"""So many that the lasers that are bright at a time fill vectors, so few that they fit a cache."""

FEWEST_LANES_PER_PART = 256
"""Lanes for which a thread of their own pays when threads share a chain."""


@dataclass(frozen=True, eq=False)
class Simulation:
    """Result of a simulation.

    Attributes
    ----------
    spikes : SpikeTrains
        All spikes after the burn-in.
    traces : Traces or None
        Traces, if requested.
    end : NetworkState
        State of the lasers at the end, which is the first whole step not before `duration_ns`.
    network : LaserNetwork
        The simulated network.
    """

    spikes: SpikeTrains
    traces: Traces | None
    end: NetworkState
    network: LaserNetwork

    def to_xarray(self) -> xr.DataTree:
        """Give the group `spikes`, and `traces` if they were requested.

        Returns
        -------
        xarray.DataTree
            Groups of `SpikeTrains.to_xarray` and `Traces.to_xarray`.
        """
        import xarray as xr

        groups = {"spikes": self.spikes.to_xarray()}
        if self.traces is not None:
            groups["traces"] = self.traces.to_xarray()
        return xr.DataTree.from_dict(groups)

    def plot(self, axes: Axes | None = None) -> Figure:
        """Draw the traces with marked spikes if traces were requested, otherwise the spikes.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        matplotlib.figure.Figure

        Examples
        --------
        >>> simulate("D6", [0.8, 0.9], 100.0, seed=1).plot().axes[0].get_ylabel()
        'laser'
        """
        if self.traces is None:
            return self.spikes.plot(axes)
        threshold = self.network.device.detection.threshold_photons
        return self.traces.plot(axes, spikes=self.spikes, threshold_photons=threshold)


BYTES_PER_LASER = 512
"""Memory of a laser in a chain: state, random numbers and tables, without spikes [B]."""


def simulate(
    network: LaserNetwork | AnyDevice,
    pump_ratio: ArrayLike,
    duration_ns: float,
    *,
    n_chains: int = 1,
    seed: int = 0,
    start: NetworkState | None = None,
    settings: SimulationSettings | None = None,
    progress: Callable[[float], None] | None = None,
) -> Simulation:
    """Integrate the stochastic rate equations of a network.

    Parameters
    ----------
    network : LaserNetwork, Device, str or Path
        Lasers and their coupling; or a device, the name of a shipped one, or its file: one laser
        for each pump, uncoupled.
    pump_ratio : array_like, shape (), (laser,) or (chain, laser)
        Pump r = P/P_th of each laser without synaptic contributions. P_th is the threshold pump of
        the network's device, also if the lasers' own thresholds differ [1].
    duration_ns : float
        Time recorded per chain.
    n_chains : int
        Independent copies of the network.
    seed : int
        The same seed gives the same bits, whatever the number of threads.
    start : NetworkState, optional
        End of an earlier simulation, from which this one continues without burn-in. Pending spikes
        act with the present weights and delays. It must come from lasers of the same sections and
        cavity. Random numbers come from `seed`, which should differ from the one before. At rest
        by default.
    settings : SimulationSettings, optional
        Step, noise, burn-in, traces, threads; those of the device by default.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Simulation

    Raises
    ------
    InputError
        With all problems of the arguments, including delays and pulses that are shorter than half a
        step.
    SimulationError
        If a state is no longer finite or physical.

    Warns
    -----
    AccuracyWarning
        If the step is longer than the device's own, or changes a delay or pulse by more than 5 %,
        since coupled lasers take whole steps.

    Examples
    --------
    >>> few, many = simulate("D2", [0.9, 1.0], 200.0, seed=1).spikes.counts()[0]
    >>> bool(few < many)
    True
    """
    settings = checked_settings(settings, SimulationSettings)
    network = as_network(network, pump_ratio)
    device, recall_ns = network.device, settings.recall_ns
    step, tau = settings.step_of(device), settings.refractory_time_of(device)
    problems = [
        *number_problems("duration_ns", duration_ns, 0.0, strict=True),
        *step_problems(device, step),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("seed", seed, 0),
    ]
    own = range(0)
    if not problems:
        own = settings.chains_of(int(n_chains))
        shape = own.stop - own.start, network.n_lasers  # len() has no room for huge numbers
        if own.stop > n_chains:
            problems.append(Problem("chains", f"{settings.chains}", f"an end up to {n_chains}"))
        problems += memory_problems("n_chains x n_lasers", shape, BYTES_PER_LASER)
        times = {"duration_ns": float(duration_ns), "burn_in_ns": settings.burn_in_ns}
        problems += length_problems(times, shape, tau, step)
        longest_ns = 1e-3 * step * LONGEST_WAIT / JITTER_CUT
        if network.jitter_ns > longest_ns:
            expected = f"at most {longest_ns:g} ns, for waits of {LONGEST_WAIT} steps"
            problems.append(Problem("jitter_ns", f"{network.jitter_ns:g}", expected))
        if settings.traces is not None:
            problems += settings.traces.problems(network.n_lasers, duration_ns, step)
    if not problems and recall_ns > (0.0 if start is None else tau):
        expected = "0 without `start`, and no more than the refractory time with it"
        problems.append(Problem("recall_ns", f"{recall_ns:g}", expected))
    if problems:
        raise InputError(problems)
    n_chains = int(n_chains)
    ratio = checked_pump(pump_ratio, network, n_chains)
    if network.is_coupled:
        assert network.synapse is not None  # the network has put the device's own in its place
        problems = timing_problems(network.connections.delay_ns, network.synapse, tau, step)
        if problems:
            raise InputError(problems)
    if start is not None:
        checked_start(start, len(own), network)
    run = Run(network, ratio, duration_ns, settings, start)
    seeds = streams_of_chains(seed, own)
    n_chains = len(own)
    share = -(-n_chains // settings.threads)
    per_bundle = max(1, min(share, LANES_PER_BUNDLE // network.n_lasers))
    firsts = range(0, n_chains, per_bundle)
    # Threads without a bundle of their own share one.
    n_parts = min(settings.threads // len(firsts), network.n_lasers // FEWEST_LANES_PER_PART)
    meter = Meter(progress, n_chains * run.last_step)

    def simulated(first: int, stop: threading.Event) -> BundleResult:
        chains = slice(first, min(first + per_bundle, n_chains))
        parts = max(1, n_parts) if chains.stop - first == 1 else 1
        return Bundle(run, chains, seeds[chains], parts).result(meter, stop)

    results = side_by_side(simulated, firsts, settings.threads)
    spikes = SpikeTrains.of_events(
        np.concatenate([result.chain for result in results]),
        np.concatenate([result.time_ns for result in results]),
        np.concatenate([result.unit for result in results]),
        shape=(n_chains, network.n_lasers),
        duration_ns=float(duration_ns) + recall_ns,
    )
    end = replace(joined([result.end for result in results]), device=device)
    return Simulation(spikes, results[0].traces, end, network)
