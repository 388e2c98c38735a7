"""Measuring the hazard of a laser.

Uncoupled lasers are recorded over a range of constant pumps. Events and exposure in cells of drive
and age give the surface log h by penalised Poisson regression. Then lasers that a few others drive
through the synapse in use show how fast the hazard follows the drive.

References
----------
P. H. C. Eilers, B. D. Marx, Statistical Science 11 (1996) 89 (P-splines); N. Keiding, Phil.
Trans. R. Soc. A 332 (1990) 487 (events over exposure).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.config import Positive, validated
from lasersampling.errors import InputError, SimulationError
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.parallel import available_cores
from lasersampling.sampling.neurons.calibration import Calibration, LaserNeuron, MeasurementSettings
from lasersampling.sampling.renewal.hazard import Hazard, basis
from lasersampling.sampling.renewal.hazard_response import DrivenTrain, fit_response

LOWEST_LOGIT, HIGHEST_LOGIT = -6.0, 14.0
"""Drives that are recorded, as logits of the activation."""

_LOGITS_PER_PUMP = 0.5
_CELLS_PER_TAU = 50
_COARSE_CELLS = (2.0, 2.5, 3.5, 5.0, 10.0, np.inf)  # ends, in units of the last fine age
_SPLINES = (16, 24)  # over drive and e
_PENALTY = 1.0
_ROUNDS = 40
_FEWEST_SPIKES = 1000
_DRIVERS, _DRIVEN, _DRIVING_WEIGHT = 4, 24, 1.5


@validated
class HazardSettings(MeasurementSettings):
    """Durations of the measurement of a hazard.

    Attributes
    ----------
    duration_ns : float
        Recording time per pump and chain.
    response_duration_ns : float
        Recording time per chain of the driven lasers.

    Raises
    ------
    InputError
        If a time is not above 0, or there are fewer than two chains.

    Examples
    --------
    >>> HazardSettings(n_chains=8, duration_ns=2000.0).response_duration_ns
    200.0
    """

    n_chains: int = 32
    duration_ns: Positive = 6000.0
    response_duration_ns: Positive = 200.0


def check_synapse(neuron: LaserNeuron) -> None:
    """Refuse a neuron with a synapse that this abstraction cannot describe.

    Raises
    ------
    InputError
        For an exponential kernel.
    """
    if neuron.synapse.time_constant_ns is not None:
        expected = "a rectangular or shaped one, which the renewal sampler knows"
        raise InputError.single("synapse", "the exponential kernel", expected)


def measure_hazard(
    neuron: LaserNeuron,
    calibration: Calibration,
    settings: HazardSettings,
    *,
    n_threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Hazard:
    """Measure the hazard of a laser, and how it follows its synapse.

    Parameters
    ----------
    neuron : LaserNeuron
        Laser, synapse and refractory time.
    calibration : Calibration
        Calibration of this neuron, which gives the range of pumps.
    settings : HazardSettings
        Durations of the measurement, and the seed.
    n_threads : int, optional
        Threads; all cores by default. The result does not depend on it.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Hazard

    Raises
    ------
    InputError
        For an exponential synapse, which this abstraction cannot describe.
    SimulationError
        When the laser hardly spikes.
    """
    check_synapse(neuron)
    report = progress or (lambda fraction: None)
    device = neuron.device
    logits = np.arange(LOWEST_LOGIT, HIGHEST_LOGIT + 1e-9, _LOGITS_PER_PUMP)
    pump = calibration.midpoint + logits / calibration.slope
    spikes = simulate(
        LaserNetwork(device, len(pump)),
        pump,
        settings.duration_ns,
        n_chains=settings.n_chains,
        seed=settings.seed,
        progress=lambda f: report(0.6 * f),
        settings=SimulationSettings(step_ps=neuron.step_ps, n_threads=n_threads),
    ).spikes
    if spikes.n_spikes < _FEWEST_SPIKES:
        raise SimulationError(
            f"device {device.name}: {spikes.n_spikes} spikes at all pumps; record for longer"
        )
    rate = spikes.rate_per_ns()
    still = _fitted_surface(neuron, pump, spikes)
    trains = driven_trains(
        neuron, calibration, settings.response_duration_ns, settings.n_chains, settings.seed + 1,
        n_threads=n_threads,
    )  # fmt: skip
    report(0.7)
    slow, fast, slow_se, fast_se = fit_response(
        still, trains, device.gain.carrier_lifetime_ns, n_threads or available_cores()
    )
    report(1.0)
    return dataclasses.replace(
        still, slow_ns=slow, fast_ns=fast, slow_ns_se=slow_se, fast_ns_se=fast_se,
        rate_per_ns=tuple(rate.mean(axis=0)),
        rate_se_per_ns=tuple(rate.std(axis=0, ddof=1) / np.sqrt(len(rate))),
    )  # fmt: skip


def driven_trains(
    neuron: LaserNeuron,
    calibration: Calibration,
    duration_ns: float,
    n_chains: int,
    seed: int,
    *,
    n_threads: int | None = None,
) -> list[DrivenTrain]:
    """Record lasers that a few others drive, each with different weights.

    Returns
    -------
    list of DrivenTrain
        Spikes and drives of all driven lasers of all chains.
    """
    device, tau = neuron.device, neuron.refractory_time_ns
    rule, n = calibration.rule(neuron), _DRIVERS + _DRIVEN
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    weights = np.zeros((n, n))
    weights[_DRIVERS:, :_DRIVERS] = generator.normal(0.0, _DRIVING_WEIGHT, (_DRIVEN, _DRIVERS))
    # The drivers are on half of the time; the undriven arguments of the others are -1 to 2.
    biases = np.append(np.zeros(_DRIVERS), generator.uniform(-1.0, 2.0, _DRIVEN))
    biases[_DRIVERS:] -= 0.5 * weights[_DRIVERS:].sum(axis=1)
    electrons = rule.electrons_per_ns(weights)
    pump = rule.pump_ratio(BoltzmannMachine(np.zeros((n, n)), biases))
    network = LaserNetwork(device, n, electrons, neuron.delay_ns, neuron.synapse)
    spikes = simulate(
        network,
        pump,
        duration_ns,
        n_chains=n_chains,
        seed=seed,
        settings=SimulationSettings(
            refractory_time_ns=tau, step_ps=neuron.step_ps, n_threads=n_threads
        ),
    ).spikes
    steps = electrons * rule.pump_per_drive / rule.threshold_pump_electrons_per_ns
    kick = neuron.synapse.kick * device.driven_by(neuron.synapse).carrier_lifetime_ns
    length = neuron.synapse.length_ns(tau)
    trains = []
    for chain in range(n_chains):
        times, units = spikes.chain(chain)
        pulses = [
            _edges(times[units == j], length, renews=neuron.synapse.overlap == "renew")
            for j in range(_DRIVERS)
        ]
        edges = np.concatenate([times for times, _ in pulses]) + neuron.delay_ns
        order = np.argsort(edges, kind="stable")
        for k in range(_DRIVERS, n):
            step = np.concatenate([steps[k, j] * signs for j, (_, signs) in enumerate(pulses)])
            trains.append(
                DrivenTrain(times[units == k],
                            float(pump[k]), edges[order], step[order], kick, duration_ns)
            )  # fmt: skip
    return trains


def _edges(
    times: NDArray[np.float64], length: float, *, renews: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times at which the pulses of a train begin (1) and end (-1)."""
    apart = np.diff(times) >= length if renews else np.ones(max(len(times) - 1, 0), dtype=bool)
    begins = times[np.append(True, apart)] if times.size else times
    ends = times[np.append(apart, True)] + length if times.size else times
    return np.append(begins, ends), np.append(np.ones(begins.size), -np.ones(ends.size))


def _fitted_surface(neuron: LaserNeuron, pump: NDArray[np.float64], spikes: SpikeTrains) -> Hazard:
    """Hazard at constant drives; its relaxation times are placeholders."""
    tau = neuron.refractory_time_ns
    recovery = neuron.device.gain.carrier_lifetime_ns
    width = tau / _CELLS_PER_TAU
    intervals = [spikes.intervals_ns(k) for k in range(len(pump))]
    first = min(values.min() for values in intervals if values.size)
    first = width * max(1.0, np.floor(first / width) - 1.0)
    last = max(1.6 * tau, 6.0 * recovery)
    edges = np.append(np.arange(first, last, width), last * np.array([1.0, *_COARSE_CELLS]))
    events = np.stack([np.histogram(values, edges)[0] for values in intervals])
    exposure = np.stack([_exposure(values, edges) for values in intervals])
    middle = np.append(0.5 * (edges[1:-1] + edges[:-2]), np.inf)
    youngest = np.exp(-first / recovery)
    over_pump = basis(pump, pump[0], pump[-1], _SPLINES[0])
    over_age = basis(np.exp(-middle / recovery), 0.0, youngest, _SPLINES[1])
    design = np.einsum("ia,jb->ijab", over_pump, over_age).reshape(events.size, -1)
    seen = exposure.ravel() > 0.0
    coefficients, deviance, n_cells = _poisson_fit(
        design[seen], events.ravel()[seen], exposure.ravel()[seen], _roughness(*_SPLINES)
    )
    rows = coefficients.reshape(_SPLINES)
    return Hazard(
        lowest_pump=pump[0], highest_pump=pump[-1], first_age_ns=first, recovery_ns=recovery,
        coefficients=tuple(tuple(row) for row in rows), slow_ns=recovery, fast_ns=0.1 * recovery,
        slow_ns_se=0.0, fast_ns_se=0.0, misfit=deviance / n_cells, pump=tuple(pump),
        rate_per_ns=(), rate_se_per_ns=(),
    )  # fmt: skip


def _exposure(intervals: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Time spent at ages between the edges [ns], shape (cell,)."""
    ordered = np.sort(intervals)
    total = np.append(0.0, np.cumsum(ordered))
    place = np.searchsorted(ordered, edges)
    longer = len(ordered) - place
    below = total[place] + longer * np.where(longer > 0, edges, 0.0)  # the last edge is infinite
    time: NDArray[np.float64] = np.diff(below)
    return time


def _roughness(n_drives: int, n_ages: int) -> NDArray[np.float64]:
    """Quadratic form of second differences in both directions."""
    over_drive, over_age = (np.diff(np.eye(n), 2, axis=0) for n in (n_drives, n_ages))
    penalty: NDArray[np.float64] = _PENALTY * (
        np.kron(over_drive.T @ over_drive, np.eye(n_ages))
        + np.kron(np.eye(n_drives), over_age.T @ over_age)
    ) + 1e-6 * np.eye(n_drives * n_ages)
    return penalty


def _poisson_fit(
    design: NDArray[np.float64],
    events: NDArray[np.int64],
    exposure: NDArray[np.float64],
    penalty: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float, int]:
    """Coefficients of log h by iterated weighted least squares; deviance, and cells with events."""
    fitted = np.log((events + 0.05) / (exposure + 0.2))
    for _ in range(_ROUNDS):
        mean = np.maximum(exposure * np.exp(np.clip(fitted, -30.0, 10.0)), 1e-9)
        working = fitted + (events - mean) / mean
        normal = (design.T * mean) @ design + penalty
        coefficients = np.linalg.solve(normal, design.T @ (mean * working))
        change = np.clip(design @ coefficients - fitted, -2.0, 2.0)
        fitted = fitted + change
        if np.abs(change[mean > 0.5]).max(initial=0.0) < 1e-6:
            break
    mean = exposure * np.exp(fitted)
    logs = np.where(events > 0, events * np.log(np.maximum(events, 1) / mean), 0.0)
    deviance = 2.0 * float((logs - (events - mean)).sum())
    return coefficients, deviance, int((mean > 0.5).sum())
