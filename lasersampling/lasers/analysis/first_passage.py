r"""When noise triggers the next pulse: an approximation of the distribution of intervals.

A resting laser below its self-pulsing threshold spikes when noise bleaches the absorber so far that
the net gain becomes positive. The memory of the field lasts 1/|G|, tens of ps, that of the absorber
tau2, that of the gain tau1 >> tau2. So the field is eliminated at a given N1, and the absorber is a
diffusion in one dimension that has to pass a barrier,

    dN2 = A dt + sqrt(2 B) dW,    h = g2 (Nt2 - N2),   n = R/|G|,
    A = P2 - N2/tau2 + h n + h n^2 d(h/|G|)/dN2,
    B = h^2 n^2 / |G| + D2/2,

where n and n^2/|G| are the mean of thermal light and the integral of its correlation, and the last
term of A is the drift that the elimination leaves behind [1]_. The reciprocal of the mean time to
reach the absorber number at which |G| = 1/tau2, beyond which the light grows faster than the
absorber relaxes, is the *hazard* of a laser with N1 electrons in its gain section.

After a pulse N1 recovers by the noise-averaged equations. At *short times* the hazard grows with
the gain; at *long times* it is that at rest, and intervals have an exponential tail. These two
regimes are those of the analysis in [2]_, for which this approximation stands with its own
formulas. The barrier enters in an exponent and the fluctuations of the gain are neglected, so the
prefactor is not reliable and is fitted instead, by maximum likelihood for proportional hazards: c =
(number of intervals) / (sum of integrated hazards).

References
----------
.. [1] C. W. Gardiner, "Stochastic Methods", 4th ed., Springer (2009), sections 5.5 (first passage)
   and 8.1 (elimination of fast variables).
.. [2] "First-passage-time analysis of the pulse-timing statistics in a two-section semiconductor
   laser under excitable and noisy conditions", Photonics 9 (2022) 860.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.errors import InputError
from lasersampling.lasers.analysis.deterministic import pulse_response
from lasersampling.lasers.device import AnyDevice, Device, as_device
from lasersampling.lasers.rate_equations import Coefficients, quiescent_state

__all__ = ["IntervalModel", "fit_intervals", "hazard_per_ns"]

_GRID = 1500
_TABLE = 160
_READING_PS = 5.0
_RECOVERY_LIFETIMES = 6.0


@dataclass(frozen=True, eq=False)
class IntervalModel:
    """Density of the time from one spike to the next.

    Attributes
    ----------
    time_ns : ndarray of float64, shape (time,)
        Time since the last spike, evenly spaced from 0.
    hazard_per_ns : ndarray of float64, shape (time,)
        Rate of spikes among lasers that have not fired yet.
    density_per_ns : ndarray of float64, shape (time,)
        Density of the interval, with the recovering gain.
    long_time_density_per_ns : ndarray of float64, shape (time,)
        Exponential law with the hazard at rest, after `dead_time_ns`.
    rest_hazard_per_ns : float
        Hazard of the recovered laser.
    dead_time_ns : float
        Time that a recovered laser would have to wait for the same integrated hazard.
    prefactor : float
        c, the fitted hazard divided by the computed one [1].
    """

    time_ns: NDArray[np.float64]
    hazard_per_ns: NDArray[np.float64]
    density_per_ns: NDArray[np.float64]
    long_time_density_per_ns: NDArray[np.float64]
    rest_hazard_per_ns: float
    dead_time_ns: float
    prefactor: float


def hazard_per_ns(device: AnyDevice, gain_electrons: ArrayLike) -> NDArray[np.float64]:
    """Rate at which noise starts pulses while the gain section holds N1 electrons.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    gain_electrons : array_like, shape (...)
        N1, below the number at which the light grows by itself.

    Returns
    -------
    ndarray, shape (...)
        Hazard [1/ns]; 0 if no bleaching suffices, infinite if none is needed.
    """
    device = as_device(device)
    c = Coefficients.of(device)
    n1 = as_floats(gain_electrons, "gain_electrons")
    unbleached = c.growth(n1, 0.0)
    # Electrons in the absorber at which |G| = 1/tau2.
    end = (-c.absorber_decay_per_ns - unbleached) / c.absorber_slope_per_ns
    possible = (end > 0.0) & (end < 0.95 * c.absorber_transparency_electrons)
    top = np.where(possible, end, 0.5 * c.absorber_transparency_electrons)
    n2 = top * np.linspace(0.0, 1.0, _GRID).reshape(-1, *(1,) * n1.ndim)
    loss = np.where(possible, -c.growth(n1, n2), 1.0)
    light = c.emission(n1, n2) / loss
    h = c.absorber_slope_per_ns * (c.absorber_transparency_electrons - n2)
    mean = c.absorber_pump_electrons_per_ns - n2 * c.absorber_decay_per_ns + h * light
    events = mean + 2.0 * n2 * (c.absorber_decay_per_ns + c.absorber_slope_per_ns * light)
    diffusion = (h * light) ** 2 / loss + 0.5 * events
    # d(h/|G|)/dN2 with dh = -g2 and d|G| = -g2.
    slope = c.absorber_slope_per_ns * (h / loss - 1.0) / loss
    drift = mean + h * light**2 * slope
    width = n2[1] - n2[0]
    force = drift / diffusion
    potential = -np.concatenate(
        [np.zeros_like(force[:1]), np.cumsum(0.5 * (force[1:] + force[:-1]) * width, axis=0)]
    )
    potential -= potential.max(axis=0)
    inner = np.cumsum(np.exp(-potential - (-potential).max(axis=0)) / diffusion * width, axis=0)
    log_time = np.log((np.exp(potential) * inner * width).sum(axis=0)) + (-potential).max(axis=0)
    rate: NDArray[np.float64] = np.where(
        possible, np.exp(-log_time), np.where(end <= 0.0, np.inf, 0.0)
    )
    return rate


def fit_intervals(
    device: AnyDevice,
    pump_ratio: float,
    intervals_ns: ArrayLike,
    *,
    kick_electrons: float,
) -> IntervalModel:
    """Interval distribution of an excitable laser, its prefactor fitted to measured intervals.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].
    intervals_ns : array_like, shape (interval,)
        Measured times between successive spikes.
    kick_electrons : float
        Kick that triggers the pulse after which the recovery is computed.

    Returns
    -------
    IntervalModel

    Raises
    ------
    InputError
        If there are no intervals, or none that the model allows.
    """
    device = as_device(device)
    intervals = as_floats(intervals_ns, "intervals_ns")
    if intervals.size == 0 or not (np.isfinite(intervals).all() and intervals.min() > 0.0):
        raise InputError.single(
            "intervals_ns", f"{intervals.size} intervals", "positive, finite intervals"
        )
    lifetime = device.gain.carrier_lifetime_ns
    path = pulse_response(
        device, pump_ratio, kick_electrons,
        duration_ns=_RECOVERY_LIFETIMES * lifetime, interval_ps=_READING_PS,
    )  # fmt: skip
    peak = int(path.photons.argmax())
    recovery = path.gain_electrons[peak:]
    rest = quiescent_state(device, pump_ratio).gain_electrons
    computed = np.append(_tabulated(device, recovery), hazard_per_ns(device, rest))
    step = 1e-3 * _READING_PS
    n = max(recovery.size, int(np.ceil(intervals.max() / step))) + 1
    hazard = np.append(computed[:-1], np.full(n - recovery.size, computed[-1]))
    if not np.isfinite(hazard).all():
        raise InputError.single("pump_ratio", pump_ratio, "an excitable laser's pump")
    time = step * np.arange(n, dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum(0.5 * step * (hazard[1:] + hazard[:-1]))])
    expected = np.interp(intervals, time, total).sum()
    if expected == 0.0:
        raise InputError.single("intervals_ns", f"at most {intervals.max():g} ns", "longer ones")
    prefactor = intervals.size / expected
    hazard, total = prefactor * hazard, prefactor * total
    dead = time[-1] - total[-1] / hazard[-1]
    since = np.maximum(time - dead, 0.0)
    return IntervalModel(
        time_ns=np.asarray(time, dtype=np.float64),
        hazard_per_ns=hazard,
        density_per_ns=hazard * np.exp(-total),
        long_time_density_per_ns=np.where(
            time >= dead, hazard[-1] * np.exp(-hazard[-1] * since), 0.0
        ),
        rest_hazard_per_ns=float(hazard[-1]),
        dead_time_ns=float(dead),
        prefactor=float(prefactor),
    )


def _tabulated(device: Device, gain_electrons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hazard along a recovery, from a table over its range."""
    levels = np.linspace(gain_electrons.min(), gain_electrons.max(), _TABLE)
    hazard = hazard_per_ns(device, levels)
    values: NDArray[np.float64] = np.interp(gain_electrons, levels, hazard)
    return values
