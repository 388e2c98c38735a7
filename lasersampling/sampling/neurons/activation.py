"""The activation curve of a laser: P(z = 1) against the pump, and its logistic fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import SimulationError
from lasersampling.lasers.device import Device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate
from lasersampling.lasers.spikes import SpikeTrains

LOWEST, HIGHEST = 0.02, 0.98
"""Range of the activation in which the logistic function is fitted."""

_SCAN_PUMPS = 33
_SCAN_CHAINS = 8
_SCAN_DURATION_NS = 400.0
_SCAN_ROUNDS = 5
_CURVE_PUMPS = 32
_QUICK_CHAINS, _QUICK_DURATION_NS = 8, 300.0


@dataclass(frozen=True)
class LogisticFit:
    """P(z = 1) = 1 / (1 + exp(-slope (r - midpoint))) with r the pump over its threshold.

    Attributes
    ----------
    slope, slope_se : float
        alpha and its standard error, per unit of r [1].
    midpoint, midpoint_se : float
        r0, where P = 1/2 [1].
    rms : float
        Root of the mean squared deviation of the points from the curve [1].
    """

    slope: float
    slope_se: float
    midpoint: float
    midpoint_se: float
    rms: float

    def __call__(self, pump: NDArray[np.float64]) -> NDArray[np.float64]:
        """Activation at pumps given over the threshold pump."""
        return logistic(pump, self.slope, self.midpoint)


@dataclass(frozen=True, eq=False)
class ActivationCurve:
    """Spikes of uncoupled lasers over a range of pumps, read with any refractory time.

    Attributes
    ----------
    pump : ndarray, shape (point,)
        r = P / P_th [1].
    spikes : SpikeTrains
        One unit per pump.
    """

    pump: NDArray[np.float64]
    spikes: SpikeTrains

    def activation(
        self, refractory_time_ns: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """P(z = 1) and its standard error over chains, shape (point,)."""
        fraction = self.spikes.active_fraction(refractory_time_ns)
        return fraction.mean(axis=0), fraction.std(axis=0, ddof=1) / np.sqrt(len(fraction))

    def fit(self, refractory_time_ns: float) -> LogisticFit:
        """Fit the logistic function where the activation is between 0.02 and 0.98.

        All points have equal weight: the residuals are the misfit of the device, which is larger
        than the noise of the points. The standard errors follow from this misfit.
        """
        from scipy.optimize import curve_fit

        activation, _ = self.activation(refractory_time_ns)
        used = (activation > LOWEST) & (activation < HIGHEST)
        if used.sum() < 4:
            raise SimulationError(
                f"only {used.sum()} pumps give an activation between {LOWEST} and {HIGHEST} at a "
                f"refractory time of {refractory_time_ns:g} ns: no logistic fit"
            )
        pump, values = self.pump[used], activation[used]
        logit = np.log(values / (1.0 - values))
        slope, offset = np.polyfit(pump, logit, 1)
        optimum, covariance = curve_fit(logistic, pump, values, p0=(slope, -offset / slope))
        rms = float(np.sqrt(np.mean((logistic(pump, *optimum) - values) ** 2)))
        error = np.sqrt(np.diag(covariance))
        return LogisticFit(
            float(optimum[0]), float(error[0]), float(optimum[1]), float(error[1]), rms
        )


def logistic(pump: NDArray[np.float64], slope: float, midpoint: float) -> NDArray[np.float64]:
    """1 / (1 + exp(-slope (pump - midpoint)))."""
    from scipy.special import expit

    value: NDArray[np.float64] = expit(slope * (pump - midpoint))
    return value


def measure_activation(
    device: Device,
    refractory_time_ns: float,
    *,
    duration_ns: float,
    n_chains: int,
    seed: int,
    step_ps: float | None = None,
    n_threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> ActivationCurve:
    """Find the range of pumps over which a laser turns on, and record spikes across it.

    Parameters
    ----------
    device : Device
        The laser.
    refractory_time_ns : float
        tau with which the range is found.
    duration_ns : float
        Recording per pump and chain.
    n_chains : int
        Chains, at least 2 for the standard errors.
    seed : int
        Seed of all simulations.
    step_ps : float, optional
        Integration step; the device's own by default.
    n_threads : int, optional
        Threads; all cores by default.
    progress : callable, optional
        Called with the fraction done of the recording.

    Returns
    -------
    ActivationCurve

    Raises
    ------
    SimulationError
        When the laser does not turn on between no pump and three times the threshold.
    """
    network = LaserNetwork(device, _SCAN_PUMPS)

    def scan(pump: NDArray[np.float64], which: int) -> NDArray[np.float64]:
        spikes = simulate(
            network,
            pump,
            _SCAN_DURATION_NS,
            n_chains=_SCAN_CHAINS,
            seed=seed + which,
            settings=SimulationSettings(step_ps=step_ps, n_threads=n_threads),
        ).spikes
        mean: NDArray[np.float64] = spikes.active_fraction(refractory_time_ns).mean(axis=0)
        return mean

    low, high = 0.0, 3.0
    for which in range(_SCAN_ROUNDS):
        pump = np.linspace(low, high, _SCAN_PUMPS)
        values = scan(pump, which)
        if values.max() < 0.5:
            raise SimulationError(
                f"device {device.name}: the activation stays below 1/2 up to {high:.3g} times the "
                f"threshold pump at a refractory time of {refractory_time_ns:g} ns"
            )
        middle = int(np.argmax(values > 0.5))
        below = np.flatnonzero(values[:middle] < LOWEST / 2)
        above = np.flatnonzero(values[middle:] > 1.0 - LOWEST / 2)
        low = pump[below[-1]] if below.size else pump[0]
        high = pump[middle + above[0]] if above.size else pump[middle + values[middle:].argmax()]
        inside = (values > LOWEST) & (values < HIGHEST) & (pump >= low) & (pump <= high)
        if inside.sum() >= _SCAN_PUMPS // 3:
            break
    pump = np.linspace(low, high, _CURVE_PUMPS)
    spikes = simulate(
        LaserNetwork(device, _CURVE_PUMPS),
        pump,
        duration_ns,
        n_chains=n_chains,
        seed=seed + _SCAN_ROUNDS,
        progress=progress,
        settings=SimulationSettings(step_ps=step_ps, n_threads=n_threads),
    ).spikes
    return ActivationCurve(pump, spikes)


def pumps_of_activation(
    device: Device, levels: Sequence[float], *, seed: int = 0, n_threads: int | None = None
) -> tuple[float, ...]:
    """Pumps at which a laser has these activations, by a measurement of about a second.

    Good to a few hundredths of the activation; a calibration measures better.

    Parameters
    ----------
    device : Device
        The laser, with its refractory time.
    levels : sequence of float
        Ascending values of P(z = 1) [1].
    seed : int
        Seed of the measurement.
    n_threads : int, optional
        Threads; all cores by default. The result does not depend on it.

    Returns
    -------
    tuple of float
        r = P/P_th to four digits [1].

    Raises
    ------
    SimulationError
        When the laser does not turn on, or is never as active as that.
    """
    curve = measure_activation(
        device, device.refractory_time_ns, duration_ns=_QUICK_DURATION_NS, n_chains=_QUICK_CHAINS,
        seed=seed, n_threads=n_threads,
    )  # fmt: skip
    mean, _ = curve.activation(device.refractory_time_ns)
    # Decreases due to noise are flattened, so that the curve can be inverted.
    rising = np.maximum.accumulate(mean)
    if levels[-1] > rising[-1]:
        raise SimulationError(
            f"device {device.name}: the activation stays below {levels[-1]:g} at all pumps, with a "
            f"refractory time of {device.refractory_time_ns:g} ns"
        )
    return tuple(float(f"{pump:.4g}") for pump in np.interp(levels, rising, curve.pump))
