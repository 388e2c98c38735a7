r"""Emission of a laser at a constant pump, measured from recorded traces.

Electrons become photons one by one. So, averaged over a long time, the pumped electrons equal those
that recombine without a photon in the mode plus the photons that leave the cavity:

    P + P2 = (1/tau1 - g1) <N1> + (1/tau2 - g2) <N2> + kappa <S>.

This follows from the sum of the rate equations (1/tau includes the spontaneous emission into the
mode, which is g per electron; stimulated emission only turns electrons into photons). It also holds
for the stochastic equations, and needs only means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, Problem
from lasersampling.lasers.device import AnyDevice, Device, as_device
from lasersampling.lasers.integrator.request import Traces
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.settings import SimulationSettings, TraceRequest, checked_settings
from lasersampling.lasers.simulation import simulate
from lasersampling.statistics import jackknife_error

__all__ = ["Emission", "measure_emission"]

_LASERS_AT_ONCE = 64
"""Number of copies whose traces take some tens of megabytes."""

_MOST_SAMPLES = 200_000
"""Number of points of one trace, for the same reason."""


@dataclass(frozen=True, eq=False)
class Emission:
    """Time averages of independent copies of a laser at one pump.

    Attributes
    ----------
    device : Device
        The laser.
    pump_ratio : float
        r = P/P_th [1].
    rate_per_ns : ndarray of float64, shape (copy,)
        Spike rate.
    photons : ndarray of float64, shape (copy,)
        Mean photon number <S> [photons].
    photons_in_pulses : ndarray of float64, shape (copy,)
        Contribution of pulses to this mean, where a pulse is a stretch above the re-arming level
        that reaches the detection threshold [photons].
    gain_electrons, absorber_electrons : ndarray of float64, shape (copy,)
        <N1> and <N2>.
    """

    device: Device
    pump_ratio: float
    rate_per_ns: NDArray[np.float64]
    photons: NDArray[np.float64]
    photons_in_pulses: NDArray[np.float64]
    gain_electrons: NDArray[np.float64]
    absorber_electrons: NDArray[np.float64]

    @property
    def pumped_electrons_per_ns(self) -> float:
        """Pump of all electrons, P + P2 [electrons/ns]."""
        pump = self.pump_ratio * self.device.threshold_pump_electrons_per_ns
        return pump + self.device.absorber_pump_electrons_per_ns

    @property
    def emitted_photons_per_ns(self) -> NDArray[np.float64]:
        """Photons that leave the cavity, kappa <S> [photons/ns]."""
        return self.device.cavity.loss_per_ns * self.photons

    @property
    def lost_electrons_per_ns(self) -> NDArray[np.float64]:
        """Electrons that recombine without a photon in the mode [electrons/ns]."""
        gain, absorber = self.device.gain, self.device.absorber
        return (
            1.0 / gain.carrier_lifetime_ns - gain.differential_gain_per_ns
        ) * self.gain_electrons + (
            1.0 / absorber.carrier_lifetime_ns - absorber.differential_gain_per_ns
        ) * self.absorber_electrons

    def pulse_photons(self) -> tuple[float, float]:
        """Photons that leave the cavity in a pulse, and the standard error [photons].

        The ratio of two means, with its error by the jackknife over the copies.

        Raises
        ------
        InputError
            If none of the copies, or only one, spiked.
        """
        if np.count_nonzero(self.rate_per_ns) < 2:
            raise InputError.single(
                "pump_ratio",
                f"{self.pump_ratio:g}, at which the laser hardly spikes",
                "a pump with spikes, or a longer recording",
            )
        emitted = self.device.cavity.loss_per_ns * self.photons_in_pulses
        total, spikes = emitted.sum(), self.rate_per_ns.sum()
        error = jackknife_error((total - emitted) / (spikes - self.rate_per_ns))
        return float(total / spikes), float(error)


def measure_emission(
    device: AnyDevice,
    pump_ratio: float,
    *,
    duration_ns: float = 100.0,
    n_copies: int = 256,
    seed: int = 0,
    settings: SimulationSettings | None = None,
    progress: Callable[[float], None] | None = None,
) -> Emission:
    """Record independent copies of a laser at every step and average.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].
    duration_ns : float
        Time recorded of each copy.
    n_copies : int
        Number of copies, at least 2 for standard errors.
    seed : int
        Seed of the simulations.
    settings : SimulationSettings, optional
        Settings of the simulations, without traces, which are recorded for all copies at every
        step.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    Emission

    Examples
    --------
    >>> from lasersampling.lasers.device import load_device
    >>> device = load_device("D2")
    >>> emission = measure_emission(device, 0.95, n_copies=16, seed=1)
    >>> photons, error = emission.pulse_photons()
    >>> bool(5_000 < photons < 50_000)
    True
    """
    device = as_device(device)
    settings = checked_settings(settings, SimulationSettings)
    step = settings.step_of(device)
    problems = [
        *number_problems("duration_ns", duration_ns, 0.0, strict=True),
        *integer_problems("n_copies", n_copies, 2),
        *integer_problems("seed", seed, 0),
    ]
    if settings.traces is not None:
        problems.append(Problem("settings.traces", "a request", "none: all copies are traced"))
    if problems:
        raise InputError(problems)
    longest_ns = _MOST_SAMPLES * step * 1e-3
    if duration_ns > longest_ns:
        raise InputError.single(
            "duration_ns", duration_ns, f"at most {longest_ns:g}; more copies give more data"
        )
    starts = range(0, n_copies, _LASERS_AT_ONCE)
    seeds = np.random.SeedSequence(seed).generate_state(len(starts), np.uint32)
    parts = []
    for done, (start, part_seed) in enumerate(zip(starts, seeds, strict=True)):
        n_lasers = min(_LASERS_AT_ONCE, n_copies - start)
        traces = TraceRequest(tuple(range(n_lasers)), 0.0, duration_ns, step)
        run = simulate(
            LaserNetwork(device, n_lasers), pump_ratio, duration_ns,
            seed=int(part_seed), settings=replace(settings, traces=traces),
        )  # fmt: skip
        assert run.traces is not None  # they were asked for
        parts.append(np.stack([run.spikes.rate_per_ns()[0], *_means(device, run.traces)]))
        if progress is not None:
            progress((done + 1) / len(starts))
    return Emission(device, float(pump_ratio), *np.concatenate(parts, axis=1))


def _means(device: Device, traces: Traces) -> list[NDArray[np.float64]]:
    """Mean photons, photons in pulses and electrons of both sections, each of shape (laser,)."""
    photons = traces.photons
    high = photons > device.detection.rearm_photons
    # A stretch begins where the light rises above the level, and in the first sample of a laser.
    begins = high.copy()
    begins[:, 1:] &= ~high[:, :-1]
    stretch = np.cumsum(begins.ravel()).reshape(begins.shape)
    is_pulse = np.zeros(stretch[-1, -1] + 1, dtype=bool)
    is_pulse[stretch[photons >= device.detection.threshold_photons]] = True
    in_pulse = high & is_pulse[stretch]
    return [
        values.mean(axis=1, dtype=np.float64)
        for values in (
            photons,
            np.where(in_pulse, photons, 0.0),
            traces.gain_electrons,
            traces.absorber_electrons,
        )
    ]
