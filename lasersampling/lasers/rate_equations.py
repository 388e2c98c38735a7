r"""The rate equations of a two-section laser: drift, noise strengths and steady states.

One mode with slowly varying field E, normalised so that |E|^2 is, up to half a photon, the photon
number S; N1 electrons in the gain section, N2 in the absorber; time in ns:

    G   = g1 (N1 - Nt1) + g2 (N2 - Nt2) - kappa                net gain of S [1/ns]
    R   = g1 N1 + g2 N2                                        spontaneous emission [photons/ns]
    dE  = (1 - i alpha) G/2 E dt + dz0 + dz1 + dz2
    dN1 = [P  - N1/tau1 - g1 (N1 - Nt1) S] dt - 2 Re(E* dz1) + sqrt(P + N1/tau1) dW1
    dN2 = [P2 - N2/tau2 - g2 (N2 - Nt2) S] dt - 2 Re(E* dz2) + sqrt(P2 + N2/tau2) dW2
    <|dz0|^2> = kappa/2 dt,   <|dzi|^2> = gi (Ni + Nti)/2 dt

g N S and g Nt S are stimulated emission and absorption, so the constants of the drift fix the
noise. Each of these events changes photons and electrons together, so the field noise dz of a
section and the noise of its carriers are the same: what |E|^2 gains by it, its electrons lose.

S = |E|^2 - 1/2: the field stands for quantum averages in symmetric order, in which the vacuum has
half a photon (truncated Wigner approximation). In normal order, S = |E|^2 with field noise R, the
matrix of these covariances has negative eigenvalues in every pulse, so no real noise can have it;
without the covariances rare spikes are far too frequent (`training/correlated_noise.py`,
`RESULTS.md`). An S below zero, down to -1/2, belongs to the quasi-probability; averages are <n> =
<S> and <n (n - 1)> = <S^2> - <S> - 1/4.

References
----------
M. Yamada, "A theoretical analysis of self-sustained pulsation phenomena in narrow-stripe
semiconductor lasers", IEEE J. Quantum Electron. 29 (1993) 1330 (drift);
L. A. Coldren, S. W. Corzine, M. L. Masanovic, "Diode Lasers and Photonic Integrated Circuits",
2nd ed., Wiley (2012), section 5.5 and appendix 13 (Langevin noise by counting events);
G. P. Agrawal, N. K. Dutta, "Semiconductor Lasers", 2nd ed. (1993), section 6.5 (field noise);
C. W. Gardiner, P. Zoller, "Quantum Noise", 3rd ed., Springer (2004), chapters 4 and 6 (orders).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.errors import InputError
from lasersampling.lasers.device import AnyDevice, Device, as_device
from lasersampling.lasers.pumps import pump_electrons_per_ns

__all__ = ["Balance", "Coefficients", "SteadyState", "balance", "drift", "net_gain"]
__all__ += ["VACUUM_PHOTONS", "quiescent_state", "spontaneous_emission", "steady_states"]

VACUUM_PHOTONS = 0.5
"""|E|^2 of the empty mode, in symmetric order [photons]."""

_MOST_PHOTONS = 1e9
_GRID_PER_DECADE = 60


@dataclass(frozen=True)
class SteadyState:
    """A fixed point of the noise-free equations.

    Attributes
    ----------
    photons : float
        S [photons].
    gain_electrons : float
        N1 [electrons].
    absorber_electrons : float
        N2 [electrons].
    """

    photons: float
    gain_electrons: float
    absorber_electrons: float


class Coefficients(NamedTuple):
    """The constants of the equations: numbers, or tensors if gradients are needed.

    Attributes
    ----------
    loss_per_ns : float or Tensor
        kappa.
    gain_slope_per_ns, absorber_slope_per_ns : float or Tensor
        g1 and g2.
    gain_transparency_electrons, absorber_transparency_electrons : float or Tensor
        Nt1 and Nt2.
    gain_decay_per_ns, absorber_decay_per_ns : float or Tensor
        1/tau1 and 1/tau2.
    absorber_pump_electrons_per_ns : float or Tensor
        P2.
    linewidth_enhancement : float or Tensor
        alpha [1].
    """

    loss_per_ns: Any
    gain_slope_per_ns: Any
    gain_transparency_electrons: Any
    gain_decay_per_ns: Any
    absorber_slope_per_ns: Any
    absorber_transparency_electrons: Any
    absorber_decay_per_ns: Any
    absorber_pump_electrons_per_ns: Any
    linewidth_enhancement: Any

    @classmethod
    def of(cls, device: AnyDevice) -> Coefficients:
        """Constants of a device."""
        device = as_device(device)
        gain, absorber = device.gain, device.absorber
        return cls(
            loss_per_ns=device.cavity.loss_per_ns,
            gain_slope_per_ns=gain.differential_gain_per_ns,
            gain_transparency_electrons=gain.transparency_electrons,
            gain_decay_per_ns=1.0 / gain.carrier_lifetime_ns,
            absorber_slope_per_ns=absorber.differential_gain_per_ns,
            absorber_transparency_electrons=absorber.transparency_electrons,
            absorber_decay_per_ns=1.0 / absorber.carrier_lifetime_ns,
            absorber_pump_electrons_per_ns=device.absorber_pump_electrons_per_ns,
            linewidth_enhancement=device.cavity.linewidth_enhancement,
        )

    def growth(self, gain_electrons: Any, absorber_electrons: Any) -> Any:
        """Net gain G of the photon number [1/ns]."""
        return (
            self.gain_slope_per_ns * (gain_electrons - self.gain_transparency_electrons)
            + self.absorber_slope_per_ns
            * (absorber_electrons - self.absorber_transparency_electrons)
            - self.loss_per_ns
        )

    def emission(self, gain_electrons: Any, absorber_electrons: Any) -> Any:
        """Spontaneous emission R into the mode [photons/ns]."""
        return (
            self.gain_slope_per_ns * gain_electrons
            + self.absorber_slope_per_ns * absorber_electrons
        )


class Balance(NamedTuple):
    """Supply and loss of the carriers under light: dN = (source - rate N) dt.

    Attributes
    ----------
    gain_source, absorber_source : float, ndarray or Tensor
        Pump and stimulated absorption [electrons/ns].
    gain_rate, absorber_rate : float, ndarray or Tensor
        Decay and stimulated emission per electron [1/ns].
    """

    gain_source: Any
    gain_rate: Any
    absorber_source: Any
    absorber_rate: Any


def balance(coefficients: Coefficients, photons: Any, pump: Any) -> Balance:
    """Carrier balance at a photon number, in arithmetic that NumPy and torch share.

    Parameters
    ----------
    coefficients : Coefficients
        Constants of the laser.
    photons : float, ndarray or Tensor
        Photon number S.
    pump : float, ndarray or Tensor
        Pump P of the gain section [electrons/ns].

    Returns
    -------
    Balance
    """
    c = coefficients
    stimulated_1 = c.gain_slope_per_ns * photons
    stimulated_2 = c.absorber_slope_per_ns * photons
    return Balance(
        gain_source=pump + stimulated_1 * c.gain_transparency_electrons,
        gain_rate=c.gain_decay_per_ns + stimulated_1,
        absorber_source=(
            c.absorber_pump_electrons_per_ns + stimulated_2 * c.absorber_transparency_electrons
        ),
        absorber_rate=c.absorber_decay_per_ns + stimulated_2,
    )


def net_gain(
    device: AnyDevice, gain_electrons: ArrayLike, absorber_electrons: ArrayLike
) -> NDArray[np.float64]:
    """Net gain G of the photon number [1/ns].

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    gain_electrons, absorber_electrons : array_like
        N1 and N2.

    Returns
    -------
    ndarray
        G [1/ns].
    """
    device = as_device(device)
    n1, n2 = (
        as_floats(gain_electrons, "gain_electrons"),
        as_floats(absorber_electrons, "absorber_electrons"),
    )
    growth: NDArray[np.float64] = Coefficients.of(device).growth(n1, n2)
    return growth


def spontaneous_emission(
    device: AnyDevice, gain_electrons: ArrayLike, absorber_electrons: ArrayLike
) -> NDArray[np.float64]:
    """Rate R of spontaneous emission into the mode [photons/ns].

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    gain_electrons, absorber_electrons : array_like
        N1 and N2.

    Returns
    -------
    ndarray
        R [photons/ns].
    """
    device = as_device(device)
    n1, n2 = (
        as_floats(gain_electrons, "gain_electrons"),
        as_floats(absorber_electrons, "absorber_electrons"),
    )
    rate: NDArray[np.float64] = Coefficients.of(device).emission(n1, n2)
    return rate


def drift(device: AnyDevice, state: ArrayLike, pump_ratio: float) -> NDArray[np.float64]:
    """Mean change (dS, dN1, dN2)/dt of the noise-averaged equations, dS/dt = G S + R.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    state : array_like, shape (3, ...)
        Photon number S and electrons N1, N2.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].

    Returns
    -------
    ndarray, shape (3, ...)
        Derivatives, each in the unit of its quantity per ns.
    """
    device = as_device(device)
    s, n1, n2 = as_floats(state, "state")
    c = Coefficients.of(device)
    supply = balance(c, s, pump_electrons_per_ns(device, pump_ratio))
    return np.stack(
        [
            c.growth(n1, n2) * s + c.emission(n1, n2),
            supply.gain_source - supply.gain_rate * n1,
            supply.absorber_source - supply.absorber_rate * n2,
        ]
    )


def _carriers_at(device: Device, photons: ArrayLike, pump: Any) -> NDArray[np.float64]:
    """Stationary (N1, N2) for a constant photon number."""
    supply = balance(Coefficients.of(device), as_floats(photons, "photons"), pump)
    return np.stack(
        [
            supply.gain_source / supply.gain_rate,
            supply.absorber_source / supply.absorber_rate,
        ]
    )


def steady_states(device: AnyDevice, pump_ratio: float) -> list[SteadyState]:
    """All fixed points of the drift, by ascending photon number.

    The carriers follow from the photon number, so the fixed points are the roots of one function
    of S; they are bracketed on a logarithmic grid and polished by Brent's method.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].

    Returns
    -------
    list of SteadyState
        One for a laser that is either off or on, three if both are fixed points.
    """
    device = as_device(device)
    return states_at(device, float(pump_electrons_per_ns(device, pump_ratio)))


def states_at(device: AnyDevice, pump: float) -> list[SteadyState]:
    """`steady_states`, for a pump that is not a ratio.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump : float
        Pump P of the gain section [electrons/ns].

    Returns
    -------
    list of SteadyState

    Raises
    ------
    InputError
        If there is none below the largest photon number that is tried.
    """
    device = as_device(device)
    from scipy.optimize import brentq

    def residual(log_photons: NDArray[np.float64]) -> NDArray[np.float64]:
        s = np.exp(log_photons)
        n1, n2 = _carriers_at(device, s, pump)
        # Divided by S, so that the root is that of the balance per photon.
        return net_gain(device, n1, n2) + spontaneous_emission(device, n1, n2) / s

    n_grid = int(_GRID_PER_DECADE * 2 * np.log10(_MOST_PHOTONS))
    grid = np.linspace(-np.log(_MOST_PHOTONS), np.log(_MOST_PHOTONS), n_grid)
    values = residual(grid)
    states = []
    if values[0] < 0.0:
        # Without a pump nothing is emitted, and the balance has its root at no photons at all.
        n1, n2 = _carriers_at(device, 0.0, pump)
        states.append(SteadyState(0.0, float(n1), float(n2)))
    for k in np.flatnonzero(np.signbit(values[:-1]) != np.signbit(values[1:])):
        s = float(np.exp(brentq(residual, grid[k], grid[k + 1], xtol=1e-13)))
        n1, n2 = _carriers_at(device, s, pump)
        states.append(SteadyState(s, float(n1), float(n2)))
    if not states:
        got = f"{pump:g} electrons/ns, at which {device.name} has no steady state"
        expected = f"a pump at which it has one of fewer than {_MOST_PHOTONS:g} photons"
        raise InputError.single("pump", got, expected)
    return states


def quiescent_state(device: AnyDevice, pump_ratio: float) -> SteadyState:
    """Fixed point with the fewest photons: the laser at rest between its spikes.

    Parameters
    ----------
    device : Device, str or Path
        The laser, the name of a shipped one, or its file.
    pump_ratio : float
        Pump r = P/P_th of the gain section [1].

    Returns
    -------
    SteadyState
    """
    device = as_device(device)
    return steady_states(device, pump_ratio)[0]
