"""The Yamada form of the rate equations, and its relation to a device.

With time in photon lifetimes and I the photon number over the saturation photon number of the
gain section,

    dG/dt = gamma_G (A - G - G I)
    dQ/dt = gamma_Q (B - Q - a Q I)
    dI/dt = (G - Q - 1) I

where G = g1 (N1 - Nt1) / kappa and Q = g2 (Nt2 - N2) / kappa. Inserting these into
`rate_equations` gives, without approximation,

    gamma_G = 1/(kappa tau1),  gamma_Q = 1/(kappa tau2),  a = g2 tau2 / (g1 tau1),
    A = g1 (P tau1 - Nt1) / kappa,  B = g2 (Nt2 - P2 tau2) / kappa,  I = g1 tau1 S.

The five numbers do not determine what a noise-free description does not contain: the photon
lifetime, the saturation photon number and the transparency of the gain, which set the scale of the
noise.

References
----------
M. Yamada, IEEE J. Quantum Electron. 29 (1993) 1330;
M. A. Nahmias et al., "A leaky integrate-and-fire laser neuron for ultrafast cognitive computing",
IEEE J. Sel. Top. Quantum Electron. 19 (2013) 1800212, section II (this dimensionless form);
F. Selmi et al., "Relative refractory period in an excitable semiconductor laser",
Phys. Rev. Lett. 112 (2014) 183902 (the same, with mu1, mu2, b1, b2 and s for A, B, gamma_G,
gamma_Q and a).
"""

from __future__ import annotations

from lasersampling.config import Finite, Positive, validated
from lasersampling.lasers.device import AnyDevice, Section, as_device
from lasersampling.lasers.pumps import pump_electrons_per_ns

__all__ = ["Yamada", "from_yamada"]


@validated
class Yamada:
    """Dimensionless parameters of a two-section laser.

    Attributes
    ----------
    pump : float
        A, small-signal gain over the cavity loss [1].
    absorption : float
        B, small-signal absorption over the cavity loss [1].
    saturation_ratio : float
        a, saturability of the absorber over that of the gain [1].
    gain_rate : float
        gamma_G, decay rate of the gain per cavity loss [1].
    absorber_rate : float
        gamma_Q, decay rate of the absorber per cavity loss [1].
    """

    pump: Finite
    absorption: Positive
    saturation_ratio: Positive
    gain_rate: Positive
    absorber_rate: Positive

    @classmethod
    def from_device(cls, device: AnyDevice, pump_ratio: float) -> Yamada:
        """Dimensionless form of a device under a pump.

        Parameters
        ----------
        device : Device, str or Path
            The laser, the name of a shipped one, or its file.
        pump_ratio : float
            Pump r = P/P_th of the gain section [1].

        Returns
        -------
        Yamada
        """
        device = as_device(device)
        kappa, gain, absorber = device.cavity.loss_per_ns, device.gain, device.absorber
        pump = float(pump_electrons_per_ns(device, pump_ratio))
        electrons = pump * gain.carrier_lifetime_ns - gain.transparency_electrons
        return cls(
            pump=gain.differential_gain_per_ns * electrons / kappa,
            absorption=device.relative_absorption,
            saturation_ratio=gain.saturation_photons / absorber.saturation_photons,
            gain_rate=1.0 / (kappa * gain.carrier_lifetime_ns),
            absorber_rate=1.0 / (kappa * absorber.carrier_lifetime_ns),
        )


def from_yamada(
    yamada: Yamada,
    *,
    photon_lifetime_ps: float,
    gain_saturation_photons: float,
    gain_transparency_electrons: float,
) -> tuple[Section, Section, float]:
    """Sections and pump of a laser with the given dimensionless form, absorber unpumped.

    Parameters
    ----------
    yamada : Yamada
        Dimensionless parameters.
    photon_lifetime_ps : float
        1/kappa.
    gain_saturation_photons : float
        Photon number that halves the carrier lifetime of the gain section.
    gain_transparency_electrons : float
        Nt1.

    Returns
    -------
    gain, absorber : Section
        The two sections.
    pump_electrons_per_ns : float
        Pump P that corresponds to `yamada.pump`.

    Raises
    ------
    InputError
        If no laser with these numbers exists.
    """
    kappa = 1000.0 / photon_lifetime_ps
    lifetime_1 = 1.0 / (kappa * yamada.gain_rate)
    lifetime_2 = 1.0 / (kappa * yamada.absorber_rate)
    slope_1 = 1.0 / (lifetime_1 * gain_saturation_photons)
    slope_2 = yamada.saturation_ratio / (lifetime_2 * gain_saturation_photons)
    gain = Section(
        carrier_lifetime_ns=lifetime_1,
        differential_gain_per_ns=slope_1,
        transparency_electrons=gain_transparency_electrons,
    )
    absorber = Section(
        carrier_lifetime_ns=lifetime_2,
        differential_gain_per_ns=slope_2,
        transparency_electrons=kappa * yamada.absorption / slope_2,
    )
    pump = (gain_transparency_electrons + kappa * yamada.pump / slope_1) / lifetime_1
    return gain, absorber, pump
