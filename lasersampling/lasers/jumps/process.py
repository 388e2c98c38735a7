r"""The exact jump process over whole photons and electrons, as a reference for the equations.

Every term of `rate_equations` is the rate of one kind of event, and here the events are drawn
one by one. With n photons, N1 electrons in the gain section and the same for the absorber
with index 2 (its pump P2):

    N1 + 1          at P                    pump
    N1 - 1          at N1 (1/tau1 - g1)     recombination that gives no photon to the mode
    N1 - 1, n + 1   at g1 N1 (n + 1)        stimulated and spontaneous emission
    N1 + 1, n - 1   at g1 Nt1 n             absorption
    n - 1           at kappa n              loss of the cavity

There is no time step and no Gaussian noise, and an emission changes photon and electron in the same
event. Coherences between photon numbers are neglected; a mode that is fed by incoherent carriers
alone does not have them, since its density matrix stays diagonal.

Whole photons and the field
---------------------------
The stochastic field E of `rate_equations` stands for averages in *symmetric* order (Wigner
function). Its S = |E|^2 - 1/2 is not the whole number n and can be as low as -1/2, but

    <n> = <S>   and   <n (n - 1)> = <S^2> - <S> - 1/4,

and g2(0) = <n (n - 1)>/<n>^2 serves for the comparison. The variances of n and of S differ by 1/4
only, and the law of n is that of S in bins of one photon except for terms of order 1/n^2, so one
threshold means the same for both.

References
----------
D. T. Gillespie, "Exact stochastic simulation of coupled chemical reactions", J. Phys. Chem. 81
(1977) 2340;
G. L. Lippi, J. Mork, G. P. Puccioni, "Numerical solutions to the laser rate equations with noise:
technical issues, implementation and pitfalls", arXiv:1903.08859 (why small lasers need it);
E. C. Andre, J. Mork, M. Wubs, "Efficient stochastic simulation of rate equations and photon
statistics of nanolasers", Opt. Express 28 (2020) 32632 (the same jump process for a nanolaser);
R. J. Glauber, "Coherent and incoherent states of the radiation field", Phys. Rev. 131 (1963) 2766.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.checks import integer_problems, memory_problems, number_problems
from lasersampling.errors import InputError, Problem, SimulationError
from lasersampling.lasers.device import AnyDevice, Device
from lasersampling.lasers.integrator.request import Traces, checked_pump
from lasersampling.lasers.jumps import kernel
from lasersampling.lasers.jumps.result import JumpSimulation
from lasersampling.lasers.network import LaserNetwork, as_network
from lasersampling.lasers.pumps import pump_electrons_per_ns
from lasersampling.lasers.resting import RestingStates
from lasersampling.lasers.settings import JumpSettings, TraceRequest, checked_settings
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.parallel import Meter, side_by_side

__all__ = ["JumpSettings", "JumpSimulation", "simulate_jumps"]

_EVENTS_PER_CALL = 3_000_000
_SPIKES_PER_CALL = 4096
_PULSES_PER_LINK = 8


def simulate_jumps(
    network: LaserNetwork | AnyDevice,
    pump_ratio: ArrayLike,
    duration_ns: float,
    *,
    n_chains: int = 1,
    seed: int = 0,
    settings: JumpSettings | None = None,
    progress: Callable[[float], None] | None = None,
) -> JumpSimulation:
    """Simulate a network event by event, without approximation.

    Parameters
    ----------
    network : LaserNetwork, Device, str or Path
        Lasers and their coupling; or a device, the name of a shipped one, or its file: one laser
        for each pump, uncoupled. Cost per event grows with the number of lasers.
    pump_ratio : array_like, shape (), (laser,) or (chain, laser)
        Pump r = P/P_th of each laser without synaptic contributions [1]. If inhibition makes the
        sum negative, there are no pump events; the rate equations allow negative pumps there.
    duration_ns : float
        Time recorded per chain.
    n_chains : int
        Independent copies of the network.
    seed : int
        The same seed gives the same bits, whatever the number of threads.
    settings : JumpSettings, optional
        Burn-in, traces, a histogram of photon numbers, threads.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    JumpSimulation

    Raises
    ------
    InputError
        With all problems of the arguments.
    SimulationError
        If a negative kick takes more electrons than the driven section holds.

    Notes
    -----
    A spike means that n reaches the detection threshold while the laser is armed; n below the
    re-arming level arms it again. Delays and pulse lengths are kept exactly. Kicks are whole
    electrons, rounded up or down at random so that their mean is correct.

    Examples
    --------
    >>> from lasersampling.lasers.device import load_device
    >>> device = load_device("D2")
    >>> counted = JumpSettings(photon_histogram=100)
    >>> light = simulate_jumps(LaserNetwork(device, 1), 0.6, 20.0, settings=counted)
    >>> float(light.photon_histogram_ns.sum().round(6))
    20.0
    """
    settings = checked_settings(settings, JumpSettings)
    network = as_network(network, pump_ratio)
    problems = [
        *number_problems("duration_ns", duration_ns, 0.0, strict=True),
        *integer_problems("n_chains", n_chains, 1),
        *integer_problems("seed", seed, 0),
    ]
    if not problems:
        shape = n_chains, network.n_lasers, settings.photon_histogram
        problems += memory_problems("photon_histogram", shape, 8)
        if settings.traces is not None:
            problems += settings.traces.problems(network.n_lasers, duration_ns)
    if not network.is_ideal:
        expected = "equal lasers without faults; `simulate` has the others"
        problems.append(
            Problem("network", "lasers that differ, or lost or jittering spikes", expected)
        )
    if network.depression is not None:
        expected = "synapses that do not tire; `simulate` has the others"
        problems.append(Problem("network.depression", "depression", expected))
    if problems:
        raise InputError(problems)
    n_chains = int(n_chains)
    ratio = checked_pump(pump_ratio, network, n_chains)
    run = _Run(network, ratio, duration_ns, settings)
    seeds = np.random.SeedSequence(seed).spawn(n_chains)
    meter = Meter(progress, n_chains * run.end_ns)

    def simulated(chain: int, stop: threading.Event) -> _ChainResult:
        return run.chain(chain, seeds[chain], meter, stop)

    results = side_by_side(simulated, range(n_chains), settings.threads)
    spikes = SpikeTrains.of_events(
        np.repeat(np.arange(n_chains), [result.time_ns.size for result in results]),
        np.concatenate([result.time_ns for result in results]),
        np.concatenate([result.laser for result in results]),
        shape=(n_chains, network.n_lasers),
        duration_ns=float(duration_ns),
    )
    histogram = None
    if settings.photon_histogram:
        histogram = np.stack([result.histogram for result in results])
    return JumpSimulation(spikes, results[0].traces, histogram)


@dataclass(frozen=True, eq=False)
class _ChainResult:
    time_ns: NDArray[np.float64]
    laser: NDArray[np.int32]
    histogram: NDArray[np.float64]
    traces: Traces | None


class _Run:
    """Data that all chains of one simulation share."""

    def __init__(
        self,
        network: LaserNetwork,
        pump_ratio: NDArray[np.float64],
        duration_ns: float,
        settings: JumpSettings,
    ) -> None:
        self.network, self.settings = network, settings
        self.duration_ns, self.burn_in_ns = duration_ns, settings.burn_in_ns
        self.end_ns = settings.burn_in_ns + duration_ns
        self.rates = _event_rates(network.device)
        self.links = _links(network, settings.refractory_time_of(network.device))
        self.pump = pump_electrons_per_ns(network.device, pump_ratio)
        self.rest = RestingStates(network.device, self.pump)

    def chain(
        self, index: int, seed: np.random.SeedSequence, meter: Meter, stop: threading.Event
    ) -> _ChainResult:
        """Simulate one chain from rest to the end."""
        lasers = _at_rest(self.network, self.pump[index], self.rest, np.random.default_rng(seed))
        for laser in range(self.network.n_lasers):
            kernel.draw_next(self.rates, lasers, self.links, laser, 0.0)
        pending = _pending(self.links.post.size, self.network.n_lasers)
        # During the burn-in only spikes are recorded.
        request = self.settings.traces if index == 0 else None
        silent = self._record(0, None)
        record = self._record(self.settings.photon_histogram, request)
        times, units = [], []
        for until, into in ((self.burn_in_ns, silent), (self.end_ns, record)):
            status, reached = kernel.YIELDED, float(lasers.now.min())
            while status != kernel.FINISHED and not stop.is_set():
                before = reached
                status, reached = kernel.advance(
                    self.rates, lasers, self.links, pending, into, until, _EVENTS_PER_CALL
                )
                n = int(into.n_spikes[0])
                times.append(into.time[:n].copy())
                units.append(into.laser[:n].copy())
                into.n_spikes[0] = 0
                if status == kernel.PENDING_FULL:
                    pending = _enlarged(pending)
                elif status == kernel.TOO_FEW_ELECTRONS:
                    raise SimulationError(
                        f"a negative kick at {reached:.3f} ns in chain {index} takes more "
                        "electrons than there are; a weaker coupling is needed"
                    )
                meter.add(reached - before)
        time = np.concatenate(times) - self.burn_in_ns
        kept = (time >= 0.0) & (time <= self.duration_ns)
        return _ChainResult(
            time[kept],
            np.concatenate(units)[kept].astype(np.int32),
            record.histogram,
            None if request is None else _traces(request, record),
        )

    def _record(self, n_bins: int, request: TraceRequest | None) -> kernel.Record:
        lasers: tuple[int, ...] = ()
        n_samples, start, interval = 0, 0.0, 1.0
        if request is not None:
            lasers, interval = request.lasers, request.interval_ps * 1e-3
            start = self.burn_in_ns + request.start_ns
            n_samples = int((request.stop_ns - request.start_ns) / interval + 1e-9) + 1
        return kernel.Record(
            time=np.empty(_SPIKES_PER_CALL),
            laser=np.empty(_SPIKES_PER_CALL, dtype=np.int64),
            n_spikes=np.zeros(1, dtype=np.int64),
            histogram=np.zeros((self.network.n_lasers, n_bins)),
            sampled=np.array(lasers, dtype=np.int64),
            samples=np.empty((n_samples, len(lasers), 3), dtype=np.float32),
            n_samples=np.zeros(1, dtype=np.int64),
            first_sample=start,
            interval=interval,
        )


def _traces(request: TraceRequest, record: kernel.Record) -> Traces:
    samples = record.samples[: int(record.n_samples[0])]
    time_ns = request.start_ns + np.arange(samples.shape[0]) * record.interval
    return Traces.of(request.lasers, time_ns, samples)


def _event_rates(device: Device) -> kernel.EventRates:
    gain, absorber = device.gain, device.absorber
    slope_1, slope_2 = gain.differential_gain_per_ns, absorber.differential_gain_per_ns
    return kernel.EventRates(
        gain_loss=1.0 / gain.carrier_lifetime_ns - slope_1,
        gain_emission=slope_1,
        gain_absorption=slope_1 * gain.transparency_electrons,
        absorber_loss=1.0 / absorber.carrier_lifetime_ns - slope_2,
        absorber_emission=slope_2,
        absorber_absorption=slope_2 * absorber.transparency_electrons,
        cavity_loss=device.cavity.loss_per_ns,
        threshold=device.detection.threshold_photons,
        rearm=device.detection.rearm_photons,
    )


def _links(network: LaserNetwork, refractory_time_ns: float) -> kernel.Links:
    synapse, connections = network.synapse, network.connections
    assert synapse is not None  # the network has put the device's own in its place
    order = np.lexsort((connections.post, connections.pre))
    lifetime = synapse.time_constant_ns
    return kernel.Links(
        first=np.searchsorted(connections.pre[order], np.arange(network.n_lasers + 1)),
        post=connections.post[order].astype(np.int64),
        weight=connections.weight_electrons_per_ns[order],
        delay=connections.delay_ns[order],
        pulse=float(synapse.length_ns(refractory_time_ns)) if lifetime is None else 0.0,
        decay=0.0 if lifetime is None else 1.0 / lifetime,
        kick=float(synapse.kick * network.device.driven_by(synapse).carrier_lifetime_ns),
        renew=synapse.overlap == "renew" and lifetime is None,
        drives_absorber=synapse.section == "absorber",
    )


def _at_rest(
    network: LaserNetwork,
    pump: NDArray[np.float64],
    rest: RestingStates,
    generator: np.random.Generator,
) -> kernel.Lasers:
    """Thermal light and Poisson numbers of carriers around the quiescent state."""
    n = pump.size
    assert network.synapse is not None
    pumps = pump.copy(), np.full(n, network.device.absorber_pump_electrons_per_ns)
    driven, other = pumps[::-1] if network.synapse.section == "absorber" else pumps
    photons, gain, absorber = rest.at(pump)
    return kernel.Lasers(
        photons=generator.geometric(1.0 / (1.0 + photons)) - 1.0,
        gain=generator.poisson(gain).astype(np.float64),
        absorber=generator.poisson(absorber).astype(np.float64),
        armed=np.ones(n, dtype=np.bool_),
        pump=driven,
        other_pump=other,
        synaptic=np.zeros(n),
        synaptic_time=np.zeros(n),
        now=np.zeros(n),
        next=np.zeros(n),
        bound=np.zeros(n),
        # Four words that are all zero would be a fixed point of the generator.
        rng=generator.integers(1, 2**64, (n, 4), dtype=np.uint64),
    )


def _pending(n_links: int, n_lasers: int) -> kernel.Pending:
    size = max(1, 2 * _PULSES_PER_LINK * n_links)
    return kernel.Pending(
        time=np.empty(size),
        phase=np.empty(size, dtype=np.int64),
        link=np.empty(size, dtype=np.int64),
        spike=np.empty(size, dtype=np.int64),
        n_pending=np.zeros(1, dtype=np.int64),
        n_spikes=np.zeros(n_lasers, dtype=np.int64),
        last_spike=np.full(n_lasers, -np.inf),
    )


def _enlarged(pending: kernel.Pending) -> kernel.Pending:
    """The same pending starts and ends with twice as much room."""
    return pending._replace(
        **{
            name: np.append(values, np.empty_like(values))
            for name, values in pending._asdict().items()
            if name in ("time", "phase", "link", "spike")
        }
    )
