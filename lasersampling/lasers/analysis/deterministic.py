"""The noise-averaged rate equations in time: trajectories, kicks and the shape of a pulse.

Averaged over the noise, the equations of `rate_equations` are dS/dt = G S + R for the photon
number, together with the drift of the carriers. Between pulses S decreases by orders of magnitude,
so the state is (log S, N1, N2), with

    d(log S)/dt = G + R/S,

integrated in double precision by the adaptive Runge-Kutta pair of Dormand and Prince [1]_ in
torchdiffeq [2]_. Many lasers form one batch; the largest error of any of them sets the step.

The average over the noise is closed by <G S> = <G> <S>. This holds in a pulse, which is hardly
random, and for a laser at rest whose carriers hardly feel its own light; when single pulses start
is a matter of chance that `first_passage` treats.

References
----------
.. [1] J. R. Dormand, P. J. Prince, "A family of embedded Runge-Kutta formulae", J. Comput. Appl.
   Math. 6 (1980) 19.
.. [2] R. T. Q. Chen, https://github.com/rtqichen/torchdiffeq.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lasersampling.arrays import as_floats
from lasersampling.checks import boolean_problems, number_problems
from lasersampling.errors import InputError, SimulationError
from lasersampling.lasers.device import AnyDevice, as_device
from lasersampling.lasers.pumps import pump_electrons_per_ns
from lasersampling.lasers.rate_equations import (
    Coefficients,
    SteadyState,
    balance,
    quiescent_state,
)

__all__ = ["Pulse", "Trajectory", "count_pulses", "flow", "kicked", "pulse_response"]
__all__ += ["pulse_shape", "trajectory"]

RELATIVE_TOLERANCE = 1e-9

_ABSOLUTE_TOLERANCE = 1e-9
_STEP_LIMIT = 5_000_000


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Photon number and carriers of one laser or of a batch against time.

    Attributes
    ----------
    time_ns : ndarray of float64, shape (time,)
        Times of the readings.
    photons : ndarray of float64, shape (time, ...)
        S [photons].
    gain_electrons, absorber_electrons : ndarray of float64, shape (time, ...)
        N1 and N2.
    """

    time_ns: NDArray[np.float64]
    photons: NDArray[np.float64]
    gain_electrons: NDArray[np.float64]
    absorber_electrons: NDArray[np.float64]

    def at(self, index: int | NDArray[np.int64]) -> list[NDArray[np.float64]]:
        """Photons, gain electrons and absorber electrons of some readings."""
        return [self.photons[index], self.gain_electrons[index], self.absorber_electrons[index]]


@dataclass(frozen=True)
class Pulse:
    """Shape of the highest pulse of a trajectory.

    Attributes
    ----------
    peak_photons : float
        Highest photon number.
    peak_time_ns : float
        Time of the peak.
    width_ps : float
        Full width at half of the peak.
    energy_photons : float
        Photons that leave the cavity while S is above 1 % of the peak.
    gain_consumed_electrons : float
        Electrons lost by the gain section, from the highest number before the peak to the lowest
        after.
    """

    peak_photons: float
    peak_time_ns: float
    width_ps: float
    energy_photons: float
    gain_consumed_electrons: float


def flow(
    coefficients: Coefficients, state: Tensor, pump: Tensor, *, spontaneous_emission: bool = True
) -> Tensor:
    """Time derivative of (log S, N1, N2), the noise-averaged rate equations.

    Parameters
    ----------
    coefficients : Coefficients
        Constants of the laser.
    state : Tensor, shape (..., 3)
        log S, N1 and N2.
    pump : Tensor, shape () or (...)
        Pump P of the gain section [electrons/ns].
    spontaneous_emission : bool
        False leaves out R, which gives the stochastic equations without noise.

    Returns
    -------
    Tensor, shape (..., 3)
    """
    log_photons, n1, n2 = state.unbind(-1)
    supply = balance(coefficients, torch.exp(log_photons), pump)
    growth = coefficients.growth(n1, n2)
    if spontaneous_emission:
        growth = growth + coefficients.emission(n1, n2) * torch.exp(-log_photons)
    return torch.stack(
        [
            growth,
            supply.gain_source - supply.gain_rate * n1,
            supply.absorber_source - supply.absorber_rate * n2,
        ],
        dim=-1,
    )


def trajectory(
    device: AnyDevice,
    pump_ratio: ArrayLike,
    start: SteadyState | Sequence[ArrayLike],
    time_ns: ArrayLike,
    *,
    spontaneous_emission: bool = True,
    relative_tolerance: float = RELATIVE_TOLERANCE,
) -> Trajectory:
    """Integrate the noise-averaged equations of one laser or of a batch.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : array_like, shape () or (...)
        Pump r = P/P_th of the gain section [1].
    start : SteadyState or sequence of three array_like, each of shape () or (...)
        S, N1 and N2 at the first time.
    time_ns : array_like, shape (time,)
        Ascending times at which the state is read.
    spontaneous_emission : bool
        False leaves out R, which is only a noise in the stochastic equations; then the start needs
        photons.
    relative_tolerance : float
        Tolerance of the integrator, per step and relative to each quantity [1].

    Returns
    -------
    Trajectory

    Raises
    ------
    InputError
        If the numbers are negative or not finite, or the times do not ascend.
    SimulationError
        If the integrator fails.

    Examples
    --------
    >>> from lasersampling.lasers.device import load_device
    >>> device = load_device("D2")
    >>> rest = quiescent_state(device, 0.9)
    >>> still = trajectory(device, 0.9, rest, [0.0, 1.0])
    >>> bool(abs(still.photons[1] / rest.photons - 1) < 1e-6)
    True
    """
    device = as_device(device)
    from torchdiffeq import odeint

    time = as_floats(time_ns, "time_ns")
    if time.ndim != 1 or time.size < 2 or not np.all(np.diff(time) > 0.0):
        raise InputError.single("time_ns", f"{time_ns!r:.60}", "two or more ascending times")
    problems = number_problems("relative_tolerance", relative_tolerance, 0.0, strict=True)
    problems += boolean_problems("spontaneous_emission", spontaneous_emission)
    if problems:
        raise InputError(problems)
    pump = pump_electrons_per_ns(device, pump_ratio)
    columns = _columns(start)
    if not (columns[0] > 0.0).all():
        raise InputError.single("start: photons", "none", "some, since their logarithm is followed")
    columns[0] = np.log(columns[0])
    shape = np.broadcast_shapes(pump.shape, *(column.shape for column in columns))
    state = torch.stack([torch.tensor(np.broadcast_to(c, shape)) for c in columns], dim=-1)
    coefficients, current = Coefficients.of(device), torch.tensor(pump)

    def derivative(_time: Tensor, y: Tensor) -> Tensor:
        return flow(coefficients, y, current, spontaneous_emission=spontaneous_emission)

    try:
        with torch.no_grad():
            path = odeint(
                derivative, state, torch.tensor(time), method="dopri5",
                rtol=relative_tolerance, atol=_ABSOLUTE_TOLERANCE,
                options={"norm": _largest, "max_num_steps": _STEP_LIMIT},
            )  # fmt: skip
    except AssertionError as error:
        # torchdiffeq asserts that its step stays above rounding and their number below a limit.
        raise SimulationError(f"device {device.name}: the integrator gave up ({error})") from error
    values = path.numpy()
    return Trajectory(time, np.exp(values[..., 0]), values[..., 1], values[..., 2])


def _largest(tensor: Tensor) -> Tensor:
    return tensor.abs().max()


def _finite(where: str, values: ArrayLike) -> NDArray[np.float64]:
    array = as_floats(values, where)
    if not (np.isfinite(array).all() and (array >= 0.0).all()):
        raise InputError.single(where, f"{values!r:.60}", "finite values of at least 0")
    return array


def _columns(start: SteadyState | Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    if isinstance(start, SteadyState):
        start = (start.photons, start.gain_electrons, start.absorber_electrons)
    if len(start) != 3:
        raise InputError.single("start", f"{len(start)} entries", "three: S, N1 and N2")
    names = ("photons", "gain electrons", "absorber electrons")
    return [_finite(f"start: {name}", v) for name, v in zip(names, start, strict=True)]


def kicked(
    state: SteadyState, kick_electrons: ArrayLike, kick_photons: ArrayLike = 0.0
) -> list[NDArray[np.float64]]:
    """State directly after electrons or photons were added at once: S, N1, N2.

    Parameters
    ----------
    state : SteadyState
        State before the kick.
    kick_electrons : array_like
        Electrons added to the gain section.
    kick_photons : array_like
        Photons added to the mode.

    Returns
    -------
    list of ndarray
    """
    return [
        state.photons + as_floats(kick_photons, "kick_photons"),
        state.gain_electrons + as_floats(kick_electrons, "kick_electrons"),
        np.asarray(state.absorber_electrons, dtype=np.float64),
    ]


def pulse_response(
    device: AnyDevice,
    pump_ratio: float,
    kick_electrons: float,
    *,
    duration_ns: float = 6.0,
    interval_ps: float = 0.5,
) -> Trajectory:
    """Response of a resting laser to electrons that are added to its gain section at time 0.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].
    kick_electrons : float
        Electrons added at once.
    duration_ns : float
        Duration of the trajectory.
    interval_ps : float
        Time between readings.

    Returns
    -------
    Trajectory
    """
    device = as_device(device)
    rest = quiescent_state(device, pump_ratio)
    time = np.arange(0.0, duration_ns + 0.5e-3 * interval_ps, 1e-3 * interval_ps)
    return trajectory(device, pump_ratio, kicked(rest, kick_electrons), time)


def pulse_shape(device: AnyDevice, path: Trajectory) -> Pulse:
    """Peak, width and energy of the highest pulse of one laser's trajectory.

    Peak and half-height times come from a parabola and from straight lines through log S, so a
    few readings per photon lifetime suffice.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    path : Trajectory
        Trajectory of a single laser, with equal time steps.

    Returns
    -------
    Pulse

    Raises
    ------
    InputError
        If the trajectory shows no whole pulse.
    """
    device = as_device(device)
    time, log = path.time_ns, np.log(path.photons)
    top = int(log.argmax())
    half = log[top] - np.log(2.0)
    before, after = np.flatnonzero(log[:top] < half), np.flatnonzero(log[top:] < half)
    if before.size == 0 or after.size == 0:
        raise InputError.single("path", "no pulse that rises and falls", "a whole pulse")
    a, b = before[-1], top + after[0]
    rise = np.interp(half, log[a : a + 2], time[a : a + 2])
    fall = np.interp(half, log[b - 1 : b + 1][::-1], time[b - 1 : b + 1][::-1])
    left, middle, right = log[top - 1 : top + 2]
    shift = 0.5 * (left - right) / (left - 2.0 * middle + right)
    seen = path.photons > 0.01 * path.photons[top]
    lowest = path.gain_electrons[top:].min()
    return Pulse(
        peak_photons=float(np.exp(middle - 0.25 * (left - right) * shift)),
        peak_time_ns=float(time[top] + shift * (time[1] - time[0])),
        width_ps=float(1e3 * (fall - rise)),
        energy_photons=float(
            device.cavity.loss_per_ns * np.trapezoid(np.where(seen, path.photons, 0.0), time)
        ),
        gain_consumed_electrons=float(path.gain_electrons[: top + 1].max() - lowest),
    )


def count_pulses(device: AnyDevice, path: Trajectory) -> NDArray[np.int64]:
    """Number of pulses of each laser, by the device's definition of a spike.

    A pulse is a rise through the detection threshold of a laser that was below the re-arming
    level since the pulse before; one that starts above that level must first fall below it.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    path : Trajectory
        A trajectory whose readings are closer than the width of a pulse.

    Returns
    -------
    ndarray of int64, shape (...)
    """
    device = as_device(device)
    threshold, rearm = device.detection.threshold_photons, device.detection.rearm_photons
    armed = path.photons[0] < rearm
    count = np.zeros(path.photons.shape[1:], dtype=np.int64)
    for photons in path.photons:
        rose = armed & (photons >= threshold)
        count += rose
        armed = (armed | (photons < rearm)) & ~rose
    return count
