r"""The rate equations of a two-section laser: drift, noise strengths and steady states.

One mode with slowly varying field E, normalised so that S = |E|^2 is the photon number; N1
electrons in the gain section, N2 in the absorber; time in ns:

    G   = g1 (N1 - Nt1) + g2 (N2 - Nt2) - kappa                net gain of S [1/ns]
    R   = g1 N1 + g2 N2                                        spontaneous emission [photons/ns]
    dE  = (1 - i alpha) G/2 E dt + sqrt(R/2) (dWx + i dWy)
    dN1 = [P  - N1/tau1 - g1 (N1 - Nt1) S] dt + sqrt(D1) dW1
    dN2 = [P2 - N2/tau2 - g2 (N2 - Nt2) S] dt + sqrt(D2) dW2
    D1  = P  + N1/tau1 + g1 (N1 + Nt1) S
    D2  = P2 + N2/tau2 + g2 (N2 + Nt2) S

g N S and g Nt S are stimulated emission and absorption, so the constants of the drift fix the
noise: every term of D is the rate of one kind of event that changes the carriers by one, and
spontaneous emission is stimulated emission by one photon.

References
----------
M. Yamada, "A theoretical analysis of self-sustained pulsation phenomena in narrow-stripe
semiconductor lasers", IEEE J. Quantum Electron. 29 (1993) 1330 (drift);
L. A. Coldren, S. W. Corzine, M. L. Masanovic, "Diode Lasers and Photonic Integrated Circuits",
2nd ed., Wiley (2012), section 5.5 and appendix 13 (Langevin noise by counting events);
G. P. Agrawal, N. K. Dutta, "Semiconductor Lasers", 2nd ed. (1993), section 6.5 (field noise).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.lasers.device import Device

__all__ = ["SteadyState", "drift", "net_gain", "quiescent_state", "spontaneous_emission"]
__all__ += ["steady_states"]

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


def net_gain(
    device: Device, gain_electrons: ArrayLike, absorber_electrons: ArrayLike
) -> NDArray[np.float64]:
    """Net gain G of the photon number [1/ns].

    Parameters
    ----------
    device : Device
        The laser.
    gain_electrons, absorber_electrons : array_like
        N1 and N2.

    Returns
    -------
    ndarray
        G [1/ns].
    """
    gain, absorber = device.gain, device.absorber
    n1, n2 = np.asarray(gain_electrons, np.float64), np.asarray(absorber_electrons, np.float64)
    growth: NDArray[np.float64] = (
        gain.differential_gain_per_ns * (n1 - gain.transparency_electrons)
        + absorber.differential_gain_per_ns * (n2 - absorber.transparency_electrons)
        - device.cavity.loss_per_ns
    )
    return growth


def spontaneous_emission(
    device: Device, gain_electrons: ArrayLike, absorber_electrons: ArrayLike
) -> NDArray[np.float64]:
    """Rate R of spontaneous emission into the mode [photons/ns].

    Parameters
    ----------
    device : Device
        The laser.
    gain_electrons, absorber_electrons : array_like
        N1 and N2.

    Returns
    -------
    ndarray
        R [photons/ns].
    """
    n1, n2 = np.asarray(gain_electrons, np.float64), np.asarray(absorber_electrons, np.float64)
    rate: NDArray[np.float64] = (
        device.gain.differential_gain_per_ns * n1 + device.absorber.differential_gain_per_ns * n2
    )
    return rate


def drift(device: Device, state: ArrayLike, pump_electrons_per_ns: float) -> NDArray[np.float64]:
    """Mean change (dS, dN1, dN2)/dt of the noise-averaged equations, dS/dt = G S + R.

    Parameters
    ----------
    device : Device
        The laser.
    state : array_like, shape (3, ...)
        Photon number S and electrons N1, N2.
    pump_electrons_per_ns : float
        Pump P of the gain section.

    Returns
    -------
    ndarray, shape (3, ...)
        Derivatives, each in the unit of its quantity per ns.
    """
    s, n1, n2 = np.asarray(state, dtype=np.float64)
    gain, absorber = device.gain, device.absorber
    stimulated_1 = gain.differential_gain_per_ns * (n1 - gain.transparency_electrons) * s
    stimulated_2 = absorber.differential_gain_per_ns * (n2 - absorber.transparency_electrons) * s
    return np.stack(
        [
            net_gain(device, n1, n2) * s + spontaneous_emission(device, n1, n2),
            pump_electrons_per_ns - n1 / gain.carrier_lifetime_ns - stimulated_1,
            device.absorber_pump_electrons_per_ns
            - n2 / absorber.carrier_lifetime_ns
            - stimulated_2,
        ]
    )


def _carriers_at(device: Device, photons: ArrayLike, pump: float) -> NDArray[np.float64]:
    """Stationary (N1, N2) for a constant photon number."""
    s = np.asarray(photons, dtype=np.float64)
    carriers = []
    for section, current in (
        (device.gain, pump),
        (device.absorber, device.absorber_pump_electrons_per_ns),
    ):
        stimulated = section.differential_gain_per_ns * s
        source = current + stimulated * section.transparency_electrons
        carriers.append(source / (1.0 / section.carrier_lifetime_ns + stimulated))
    return np.stack(carriers)


def steady_states(device: Device, pump_electrons_per_ns: float) -> list[SteadyState]:
    """All fixed points of the drift, by ascending photon number.

    The carriers follow from the photon number, so the fixed points are the roots of one function
    of S; they are bracketed on a logarithmic grid and polished by Brent's method.

    Parameters
    ----------
    device : Device
        The laser.
    pump_electrons_per_ns : float
        Pump P of the gain section.

    Returns
    -------
    list of SteadyState
        One for a laser that is off or on, three where both are fixed points.
    """
    from scipy.optimize import brentq

    def residual(log_photons: NDArray[np.float64]) -> NDArray[np.float64]:
        s = np.exp(log_photons)
        n1, n2 = _carriers_at(device, s, pump_electrons_per_ns)
        # Divided by S: the root is that of the balance per photon.
        return net_gain(device, n1, n2) + spontaneous_emission(device, n1, n2) / s

    n_grid = int(_GRID_PER_DECADE * 2 * np.log10(_MOST_PHOTONS))
    grid = np.linspace(-np.log(_MOST_PHOTONS), np.log(_MOST_PHOTONS), n_grid)
    values = residual(grid)
    states = []
    if values[0] < 0.0:
        # Without a pump nothing is emitted, and the balance has its root at no photons at all.
        n1, n2 = _carriers_at(device, 0.0, pump_electrons_per_ns)
        states.append(SteadyState(0.0, float(n1), float(n2)))
    for k in np.flatnonzero(np.signbit(values[:-1]) != np.signbit(values[1:])):
        s = float(np.exp(brentq(residual, grid[k], grid[k + 1], xtol=1e-13)))
        n1, n2 = _carriers_at(device, s, pump_electrons_per_ns)
        states.append(SteadyState(s, float(n1), float(n2)))
    return states


def quiescent_state(device: Device, pump_electrons_per_ns: float) -> SteadyState:
    """Fixed point with the fewest photons: the laser at rest between its spikes.

    Parameters
    ----------
    device : Device
        The laser.
    pump_electrons_per_ns : float
        Pump P of the gain section.

    Returns
    -------
    SteadyState
    """
    return steady_states(device, pump_electrons_per_ns)[0]
