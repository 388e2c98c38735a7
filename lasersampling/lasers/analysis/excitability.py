"""Excitability of a laser at rest: threshold kicks, refractory periods, summary.

All answers follow from the question "does this kick trigger a pulse?", which is decided by
integrating the noise-averaged equations; a pulse is a spike by the device's own definition.
Thresholds are found by bisection generalised to many kicks at once, since a batch costs little more
than one laser.

A second kick at some delay after a strong first one meets a gain section that the pulse has
depleted. Up to the *absolute* refractory period a second kick as strong as the first triggers
nothing; up to the *relative* one the threshold is clearly larger than at rest. This is the
experiment of Selmi et al. [1]_ with pump kicks.

References
----------
.. [1] F. Selmi, R. Braive, G. Beaudoin, I. Sagnes, R. Kuszelewicz, S. Barbay, "Relative
   refractory period in an excitable semiconductor laser", Phys. Rev. Lett. 112 (2014) 183902.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.checks import number_problems
from lasersampling.errors import InputError, SimulationError
from lasersampling.lasers.analysis.deterministic import (
    Trajectory,
    count_pulses,
    kicked,
    pulse_response,
    pulse_shape,
    trajectory,
)
from lasersampling.lasers.analysis.stability import fixed_points
from lasersampling.lasers.device import AnyDevice, Device, as_device
from lasersampling.lasers.rate_equations import quiescent_state

__all__ = ["Excitability", "excitability", "refractory_curve", "refractory_period_ns"]
__all__ += ["threshold_kick", "threshold_photons"]

STRONG_KICK = 2.0
"""First kick of the double-kick experiment over the threshold kick [1]."""

RELATIVE_RISE = 0.1
"""A threshold this much above that at rest ends the relative refractory period [1]."""

_DECISION_TOLERANCE = 1e-6  # a pulse or none: the trajectory itself is not kept
_READING_PS = 2.0
_CANDIDATES = 16
_ROUNDS = 4  # 16**4: thresholds to 2e-5 of the bracket
_FEW_PHOTONS = 0.01  # hardly any; the logarithm of none cannot be integrated
_WINDOW_LIFETIMES = 1.25  # of the gain section, by when a kick has relaxed

Fires = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Excitability:
    """Properties of a device at one pump, without noise.

    Attributes
    ----------
    pump_ratio : float
        r = P/P_th [1].
    rest_photons, rest_gain_electrons, rest_absorber_electrons : float
        State at rest.
    threshold_kick_electrons : float
        Smallest number of electrons that triggers a pulse when added at once.
    threshold_kick_photons : float
        Smallest number of photons that does.
    strong_kick_electrons : float
        Kick by which the pulse below and the refractory periods are measured.
    pulse_peak_photons : float
        Peak photon number.
    pulse_width_ps : float
        Full width at half maximum.
    pulse_energy_photons : float
        Photons that leave the cavity.
    pulse_delay_ps : float
        Time from the kick to the peak.
    gain_consumed_electrons : float
        Electrons that a pulse takes from the gain section.
    absolute_refractory_ns : float
        Shortest delay at which a second strong kick triggers a pulse.
    relative_refractory_ns : float
        Delay from which the threshold kick is less than a tenth above that at rest.
    """

    pump_ratio: float
    rest_photons: float
    rest_gain_electrons: float
    rest_absorber_electrons: float
    threshold_kick_electrons: float
    threshold_kick_photons: float
    strong_kick_electrons: float
    pulse_peak_photons: float
    pulse_width_ps: float
    pulse_energy_photons: float
    pulse_delay_ps: float
    gain_consumed_electrons: float
    absolute_refractory_ns: float
    relative_refractory_ns: float


def threshold_kick(
    device: AnyDevice,
    pump_ratio: float,
    *,
    state: list[NDArray[np.float64]] | None = None,
) -> NDArray[np.float64]:
    """Smallest number of electrons that triggers a pulse when added at once.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].
    state : list of three ndarray, shape (laser,), optional
        S [photons], N1 and N2 when the kick comes; one laser at rest by default.

    Returns
    -------
    ndarray, shape (laser,)
        Threshold [electrons], to a few 1e-5 of the electrons at threshold pump; infinite if that
        many electrons do not suffice.
    """
    device = as_device(device)
    states = _at_rest(device, pump_ratio) if state is None else state
    highest = device.threshold_pump_electrons_per_ns * device.gain.carrier_lifetime_ns

    def fires(kick: NDArray[np.float64]) -> NDArray[np.bool_]:
        s, n1, n2 = (column[:, None] for column in states)
        return _fires(device, pump_ratio, [s, n1 + kick, n2])

    return _smallest(fires, np.zeros_like(states[1]), np.full_like(states[1], highest))


def threshold_photons(
    device: AnyDevice,
    pump_ratio: float,
    *,
    state: list[NDArray[np.float64]] | None = None,
) -> NDArray[np.float64]:
    """Smallest photon number from which a pulse develops.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].
    state : list of three ndarray, shape (laser,), optional
        S [photons], N1 and N2, of which S is replaced; one laser at rest by default.

    Returns
    -------
    ndarray, shape (laser,)
        Threshold [photons]. It is 0 for a laser whose own light already grows into a pulse, and
        infinite if light at the detection threshold dies away.
    """
    device = as_device(device)
    states = _at_rest(device, pump_ratio) if state is None else state
    # Set just below the detection threshold, so that the pulse must still grow through it.
    highest = 0.999 * device.detection.threshold_photons
    lower = np.full_like(states[0], _FEW_PHOTONS)

    def fires(photons: NDArray[np.float64]) -> NDArray[np.bool_]:
        n1, n2 = (np.broadcast_to(column[:, None], photons.shape) for column in states[1:])
        return _fires(device, pump_ratio, [photons, n1, n2], always_armed=True)

    return _smallest(fires, lower, np.full_like(lower, highest))


def refractory_curve(
    device: AnyDevice,
    pump_ratio: float,
    delay_ns: ArrayLike,
    *,
    first_kick_electrons: float,
) -> NDArray[np.float64]:
    """Threshold of a second kick against its delay after a strong first one.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].
    delay_ns : array_like, shape (delay,)
        Times from the first kick to the second, none before the peak of the first pulse.
    first_kick_electrons : float
        First kick, which must trigger a pulse.

    Returns
    -------
    ndarray, shape (delay,)
        Threshold [electrons].

    Raises
    ------
    InputError
        If a second kick would come before the peak of the first pulse, where it would only join
        this pulse.
    """
    device = as_device(device)
    delays = as_floats(delay_ns, "delay_ns")
    peak = _peak_time_ns(device, pump_ratio, first_kick_electrons)
    if not np.all(delays >= peak):
        raise InputError.single(
            "delay_ns", f"{delays.min():g} ns", f"at least {peak:g} ns, the peak of the first pulse"
        )
    states = _after_first(device, pump_ratio, first_kick_electrons, delays)
    return threshold_kick(device, pump_ratio, state=states)


def refractory_period_ns(
    device: AnyDevice,
    pump_ratio: float,
    *,
    first_kick_electrons: float,
    second_kick_electrons: float,
) -> float:
    """Shortest delay at which a second kick triggers a pulse of its own.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].
    first_kick_electrons, second_kick_electrons : float
        The two kicks.

    Returns
    -------
    float
        Delay [ns]; infinite if none up to ten gain lifetimes suffices.
    """
    device = as_device(device)
    # A kick before the peak would join the first pulse, which must not count as a second one.
    shortest = _peak_time_ns(device, pump_ratio, first_kick_electrons)
    longest = 10.0 * device.gain.carrier_lifetime_ns

    def fires(delay: NDArray[np.float64]) -> NDArray[np.bool_]:
        flat = np.unique(delay)
        after = _after_first(device, pump_ratio, first_kick_electrons, flat)
        after[1] = after[1] + second_kick_electrons
        fired = _fires(device, pump_ratio, after)
        fired_at: NDArray[np.bool_] = fired[np.searchsorted(flat, delay)]
        return fired_at

    return float(_smallest(fires, np.array([shortest]), np.array([longest]))[0])


def excitability(
    device: AnyDevice, pump_ratio: float, *, strong_kick: float = STRONG_KICK
) -> Excitability:
    """Measure threshold, pulse and refractory periods of a device at one pump.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        r = P/P_th [1].
    strong_kick : float
        Kick of the double-kick experiment over the threshold kick [1].

    Returns
    -------
    Excitability

    Raises
    ------
    InputError
        If the numbers are out of range, or there is no such device.
    SimulationError
        If no kick triggers a pulse at this pump, or the laser pulses by itself.

    Examples
    --------
    >>> found = excitability("D2", 0.9)
    >>> found.threshold_kick_electrons > 0
    True
    """
    problems = [
        *number_problems("pump_ratio", pump_ratio, 0.0, strict=True),
        *number_problems("strong_kick", strong_kick, 1.0, strict=True),
    ]
    if problems:
        raise InputError(problems)
    device = as_device(device)
    rest = quiescent_state(device, pump_ratio)
    where = f"device {device.name} at {pump_ratio:g} threshold pumps"
    # The integrator would stay at an unstable fixed point for long, and find thresholds there.
    if fixed_points(device, pump_ratio)[0].n_unstable > 0:
        raise SimulationError(f"{where} pulses by itself: it has no stable state at rest")
    threshold = float(threshold_kick(device, pump_ratio)[0])
    if not np.isfinite(threshold):
        raise SimulationError(f"{where} answers no kick with a pulse")
    strong = strong_kick * threshold
    lifetime = device.gain.carrier_lifetime_ns
    pulse = pulse_shape(device, pulse_response(device, pump_ratio, strong, duration_ns=lifetime))
    return Excitability(
        pump_ratio=float(pump_ratio),
        rest_photons=rest.photons,
        rest_gain_electrons=rest.gain_electrons,
        rest_absorber_electrons=rest.absorber_electrons,
        threshold_kick_electrons=threshold,
        threshold_kick_photons=float(threshold_photons(device, pump_ratio)[0]) - rest.photons,
        strong_kick_electrons=strong,
        pulse_peak_photons=pulse.peak_photons,
        pulse_width_ps=pulse.width_ps,
        pulse_energy_photons=pulse.energy_photons,
        pulse_delay_ps=1e3 * pulse.peak_time_ns,
        gain_consumed_electrons=pulse.gain_consumed_electrons,
        absolute_refractory_ns=refractory_period_ns(
            device, pump_ratio, first_kick_electrons=strong, second_kick_electrons=strong
        ),
        relative_refractory_ns=refractory_period_ns(
            device,
            pump_ratio,
            first_kick_electrons=strong,
            second_kick_electrons=(1.0 + RELATIVE_RISE) * threshold,
        ),
    )


def _at_rest(device: Device, pump: float) -> list[NDArray[np.float64]]:
    return [np.atleast_1d(column) for column in kicked(quiescent_state(device, pump), 0.0)]


def _window(device: Device) -> NDArray[np.float64]:
    length = _WINDOW_LIFETIMES * device.gain.carrier_lifetime_ns
    return np.arange(0.0, length, 1e-3 * _READING_PS)


def _follow(
    device: Device, pump: float, start: list[NDArray[np.float64]], time_ns: NDArray[np.float64]
) -> Trajectory:
    return trajectory(device, pump, start, time_ns, relative_tolerance=_DECISION_TOLERANCE)


def _fires(
    device: Device,
    pump: float,
    start: list[NDArray[np.float64]],
    *,
    always_armed: bool = False,
) -> NDArray[np.bool_]:
    path = _follow(device, pump, start, _window(device))
    if always_armed:
        fired: NDArray[np.bool_] = path.photons.max(axis=0) >= device.detection.threshold_photons
        return fired
    return count_pulses(device, path) > 0


def _peak_time_ns(device: Device, pump: float, kick: float) -> float:
    """Time from a kick at rest to the peak of its pulse."""
    path = _follow(device, pump, kicked(quiescent_state(device, pump), kick), _window(device))
    if count_pulses(device, path) == 0:
        raise InputError.single("first_kick_electrons", kick, "a kick that triggers a pulse")
    return pulse_shape(device, path).peak_time_ns


def _after_first(
    device: Device, pump: float, kick: float, delays: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """States at these delays after a first kick."""
    start = kicked(quiescent_state(device, pump), kick)
    time = np.unique(np.append(0.0, delays))
    return _follow(device, pump, start, time).at(np.searchsorted(time, delays))


def _smallest(
    fires: Fires, low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Smallest value that fires, for each laser: bisection with many candidates at once."""
    fraction = np.arange(_CANDIDATES + 1) / _CANDIDATES
    rows = np.arange(low.size)
    for number in range(_ROUNDS):
        candidates = low[:, None] + (high - low)[:, None] * fraction
        fired = fires(candidates)
        if number == 0:
            at_once, never = fired[:, 0], ~fired.any(axis=1)
        # The ends of a bracket are known: the lower one does not fire, the upper one does.
        fired[:, 0], fired[:, -1] = False, True
        first = fired.argmax(axis=1)
        low, high = candidates[rows, first - 1], candidates[rows, first]
    found: NDArray[np.float64] = np.where(never, np.inf, np.where(at_once, 0.0, high))
    return found
