"""Steady states against pump: their stability, bifurcations, and the regimes between these.

A fixed point of the noise-averaged equations is stable if all eigenvalues of their Jacobian have
negative real parts. Where a pair crosses the imaginary axis (Hopf), the laser begins or ceases to
pulse by itself; where two fixed points meet (saddle-node), it jumps. Whether a stable state is the
only attractor is tested by a trajectory that starts far from it.

References
----------
J. L. A. Dubbeldam, B. Krauskopf, "Self-pulsations of lasers with saturable absorber: dynamics and
bifurcations", Opt. Commun. 159 (1999) 325 (regimes and bifurcations of the Yamada equations).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError
from lasersampling.lasers.analysis.deterministic import count_pulses, flow, trajectory
from lasersampling.lasers.device import AnyDevice, Device, as_device
from lasersampling.lasers.pumps import pump_electrons_per_ns
from lasersampling.lasers.rate_equations import (
    Coefficients,
    SteadyState,
    balance,
    steady_states,
)

__all__ = ["Bifurcation", "FixedPoint", "Regime", "bifurcations", "fixed_points", "nullclines"]
__all__ += ["regimes"]

Regime = Literal["excitable", "self-pulsing", "continuous-wave", "bistable"]

_PUMP_TOLERANCE = 1e-6
_FINEST_GRID = 100_000
_FOLLOWED_LIFETIMES = 15.0
_READING_PS = 2.0


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A steady state with its linear stability.

    Attributes
    ----------
    state : SteadyState
        Photons and carriers.
    eigenvalues_per_ns : ndarray of complex128, shape (3,)
        Eigenvalues of the Jacobian, by descending real part [1/ns].
    is_bleached : bool
        Whether light, and not recombination, determines the absorber: S is above its saturation
        photon number 1/(g2 tau2). This distinguishes lasing states from others.
    """

    state: SteadyState
    eigenvalues_per_ns: NDArray[np.complex128]
    is_bleached: bool

    @property
    def n_unstable(self) -> int:
        """Number of directions in which a deviation grows."""
        return int((self.eigenvalues_per_ns.real > 0.0).sum())


@dataclass(frozen=True)
class Bifurcation:
    """A pump at which the number or the stability of fixed points changes.

    Attributes
    ----------
    pump_ratio : float
        r = P/P_th [1].
    kind : {"Hopf", "saddle-node"}
        Hopf: two eigenvalues of one fixed point change sign; saddle-node: two fixed points appear
        or vanish.
    frequency_per_ns : float
        Frequency of the emerging oscillation [1/ns]; 0 for a saddle-node.
    """

    pump_ratio: float
    kind: Literal["Hopf", "saddle-node"]
    frequency_per_ns: float


def fixed_points(device: AnyDevice, pump_ratio: float) -> list[FixedPoint]:
    """Steady states and the eigenvalues of their Jacobian, by ascending photon number.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section, above 0 [1].

    Returns
    -------
    list of FixedPoint
    """
    device = as_device(device)
    if pump_ratio == 0.0:
        raise InputError.single("pump_ratio", "0", "a pump above 0")
    coefficients = Coefficients.of(device)
    pump = torch.tensor(float(pump_electrons_per_ns(device, pump_ratio)), dtype=torch.float64)
    points = []
    for state in steady_states(device, pump_ratio):
        vector = torch.tensor(
            [np.log(state.photons), state.gain_electrons, state.absorber_electrons],
            dtype=torch.float64,
        )
        jacobian = torch.func.jacrev(lambda y: flow(coefficients, y, pump))(vector)
        values = np.linalg.eigvals(jacobian.numpy()).astype(np.complex128)
        ordered = values[np.lexsort((-values.imag, -values.real))]
        is_bleached = state.photons > device.absorber.saturation_photons
        points.append(FixedPoint(state, ordered, is_bleached))
    return points


def bifurcations(
    device: AnyDevice,
    lowest: float = 0.05,
    highest: float = 20.0,
    n_grid: int = 200,
) -> list[Bifurcation]:
    """Hopf and saddle-node bifurcations between two pumps.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    lowest, highest : float
        Range of r = P / P_th [1].
    n_grid : int
        Number of pumps, evenly spaced on a logarithmic scale, between which changes are searched;
        from 2 to 100,000.

    Returns
    -------
    list of Bifurcation
        Bifurcations by ascending pump; two within one step of the grid may be missed.

    Raises
    ------
    InputError
        If there is no such device, the range is empty, or the grid too coarse or too fine.

    Examples
    --------
    >>> [(found.kind, round(found.pump_ratio, 2)) for found in bifurcations("D2")]
    [('Hopf', 1.05), ('Hopf', 9.71)]
    """
    device = as_device(device)
    problems = integer_problems("n_grid", n_grid, 2, _FINEST_GRID)
    problems += number_problems("lowest", lowest, 0.0, strict=True)
    problems += number_problems("highest", highest, 0.0, strict=True)
    if problems:
        raise InputError(problems)
    if not 0.0 < lowest < highest < np.inf:
        raise InputError.single("lowest, highest", f"{lowest}, {highest}", "0 < lowest < highest")
    pumps = np.geomspace(lowest, highest, n_grid)
    signatures = [_signature(device, pump) for pump in pumps]
    found = []
    for k in range(n_grid - 1):
        if signatures[k] == signatures[k + 1]:
            continue
        a, b, before = pumps[k], pumps[k + 1], signatures[k]
        while b - a > _PUMP_TOLERANCE * a:
            middle = 0.5 * (a + b)
            if _signature(device, middle) == before:
                a = middle
            else:
                b = middle
        found.append(_bifurcation(device, a, b))
    return found


def regimes(device: AnyDevice, pump_ratios: Sequence[float] | NDArray[np.float64]) -> list[Regime]:
    """Regime of the noise-free laser at each pump.

    *bistable*: two attractors, either two stable states or a stable state and self-pulsing.
    *self-pulsing*: no stable state. Otherwise there is one stable state: *continuous-wave* where
    its light bleaches the absorber, *excitable* where it does not.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratios : sequence of float
        Values of r = P/P_th [1].

    Returns
    -------
    list of {"excitable", "self-pulsing", "continuous-wave", "bistable"}
    """
    device = as_device(device)
    stable = [
        [point for point in fixed_points(device, r) if point.n_unstable == 0] for r in pump_ratios
    ]
    single = [k for k, points in enumerate(stable) if len(points) == 1]
    pulses_on = np.zeros(len(stable), dtype=bool)
    if single:
        alone = np.asarray([pump_ratios[k] for k in single], dtype=np.float64)
        pulses_on[single] = _keeps_pulsing(device, alone)
    found: list[Regime] = []
    for points, pulsing in zip(stable, pulses_on, strict=True):
        if not points:
            found.append("self-pulsing")
        elif len(points) > 1 or pulsing:
            found.append("bistable")
        else:
            found.append("continuous-wave" if points[0].is_bleached else "excitable")
    return found


def nullclines(
    device: AnyDevice, pump_ratio: float, photons: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nullclines: where photons and gain electrons rest, with the absorber in equilibrium.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].
    photons : ndarray, shape (point,)
        Photon numbers S [photons].

    Returns
    -------
    of_photons, of_gain : ndarray, shape (point,)
        N1 [electrons] at which dS/dt = 0, and at which dN1/dt = 0. Fixed points of the full
        equations lie where the two cross.
    """
    device = as_device(device)
    c = Coefficients.of(device)
    supply = balance(c, photons, pump_electrons_per_ns(device, pump_ratio))
    n2 = supply.absorber_source / supply.absorber_rate
    # G S + R is linear in N1, with slope g1 (S + 1).
    without_gain = c.growth(0.0, n2) * photons + c.emission(0.0, n2)
    of_photons: NDArray[np.float64] = -without_gain / (c.gain_slope_per_ns * (photons + 1.0))
    return of_photons, supply.gain_source / supply.gain_rate


def _signature(device: Device, pump: float) -> tuple[int, ...]:
    """Unstable directions of each fixed point."""
    points = fixed_points(device, pump)
    return tuple(point.n_unstable for point in points)


def _bifurcation(device: Device, a: float, b: float) -> Bifurcation:
    """Name the change between two pumps that are practically equal."""
    before, after = fixed_points(device, a), fixed_points(device, b)
    pump = float(0.5 * (a + b))
    if len(before) != len(after):
        return Bifurcation(pump, "saddle-node", 0.0)
    changed = next(p for p, q in zip(before, after, strict=True) if p.n_unstable != q.n_unstable)
    pair = changed.eigenvalues_per_ns[np.abs(changed.eigenvalues_per_ns.real).argmin()]
    return Bifurcation(pump, "Hopf", float(abs(pair.imag) / (2.0 * np.pi)))


def _keeps_pulsing(device: Device, pump: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether pulses continue for long after the gain was filled at once."""
    gain, lifetime = device.gain, device.gain.carrier_lifetime_ns
    filled = pump_electrons_per_ns(device, np.maximum(1.5, pump)) * lifetime
    start = [np.full_like(pump, 1.0), filled, np.zeros_like(pump)]
    length = _FOLLOWED_LIFETIMES * gain.carrier_lifetime_ns
    time = np.arange(0.0, length, 1e-3 * _READING_PS)
    path = trajectory(device, pump, start, time, relative_tolerance=1e-6)
    late = time > 0.5 * length
    tail = type(path)(
        time[late], path.photons[late], path.gain_electrons[late], path.absorber_electrons[late]
    )
    return count_pulses(device, tail) > 1
