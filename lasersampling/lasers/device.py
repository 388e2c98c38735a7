"""A nanolaser: its parameters with units and sources, and quantities derived from them.

The equations with these parameters are stated in `lasersampling.lasers.rate_equations`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeAlias

from lasersampling.config import (
    Finite,
    NonNegative,
    Positive,
    load,
    resolve,
    shipped_names,
    validated,
)
from lasersampling.errors import InputError, Problem
from lasersampling.lasers.synapse import Synapse

__all__ = ["AnyDevice", "Cavity", "Detection", "Device", "Section", "as_device", "device_names"]
__all__ += ["load_device"]

ELEMENTARY_CHARGE_UA_NS = 1.602176634e-4
"""One electron per ns in uA (CODATA 2018, exact)."""

SPEED_OF_LIGHT_NM_PER_PS = 299792.458
"""Speed of light in nm/ps (exact)."""

PLANCK_FJ_PS = 6.62607015e-7
"""Planck's constant in fJ ps (CODATA 2018, exact)."""


@validated
class Section:
    """Gain section or saturable absorber.

    Attributes
    ----------
    carrier_lifetime_ns : float
        tau, for all recombination except stimulated emission [ns].
    differential_gain_per_ns : float
        g, growth rate of the photon number per electron [1/ns].
    transparency_electrons : float
        N_t, electrons at which the section neither amplifies nor absorbs [electrons].
    """

    carrier_lifetime_ns: Positive
    differential_gain_per_ns: Positive
    transparency_electrons: Positive

    def __post_init__(self) -> None:
        if self.spontaneous_emission_factor > 1.0:
            raise InputError.single(
                "differential_gain_per_ns",
                self.differential_gain_per_ns,
                f"at most 1/carrier_lifetime_ns = {1 / self.carrier_lifetime_ns:g}, since emission "
                "into the mode is part of the recombination",
            )

    @property
    def spontaneous_emission_factor(self) -> float:
        """Fraction beta = g tau of the recombination that goes into the lasing mode [1]."""
        return self.differential_gain_per_ns * self.carrier_lifetime_ns

    @property
    def saturation_photons(self) -> float:
        """Photon number 1/(g tau) that doubles the carriers' decay rate [photons]."""
        return 1.0 / self.spontaneous_emission_factor


@validated
class Cavity:
    """The optical mode.

    Attributes
    ----------
    photon_lifetime_ps : float
        1/kappa, decay time of the photon number in the unpumped, loss-free cavity [ps].
    wavelength_nm : float
        Vacuum wavelength of the mode [nm].
    linewidth_enhancement : float
        Henry's alpha factor [1]; it rotates the phase of the field with the gain and matters only
        if fields interfere.
    """

    photon_lifetime_ps: Positive
    wavelength_nm: Positive
    linewidth_enhancement: Finite = 0.0

    @property
    def loss_per_ns(self) -> float:
        """Cavity loss kappa [1/ns]."""
        return 1000.0 / self.photon_lifetime_ps

    @property
    def photon_energy_fj(self) -> float:
        """Energy h c / lambda of a photon [fJ]."""
        return PLANCK_FJ_PS * SPEED_OF_LIGHT_NM_PER_PS / self.wavelength_nm

    @property
    def quality_factor(self) -> float:
        """Q = omega / kappa [1]."""
        omega_per_ps = 2.0 * math.pi * SPEED_OF_LIGHT_NM_PER_PS / self.wavelength_nm
        return omega_per_ps * self.photon_lifetime_ps


@validated
class Detection:
    """Definition of a spike.

    Attributes
    ----------
    threshold_photons : float
        A spike is the photon number rising through this level [photons].
    rearm_photons : float
        The next spike counts only after the photon number has been below this level [photons].
    """

    threshold_photons: Positive
    rearm_photons: Positive

    def __post_init__(self) -> None:
        if self.rearm_photons >= self.threshold_photons:
            raise InputError.single(
                "rearm_photons",
                self.rearm_photons,
                f"less than threshold_photons = {self.threshold_photons:g}",
            )


@validated
class Device:
    """A laser with a gain section and a saturable absorber in one cavity.

    Attributes
    ----------
    name : str
        Short name.
    description : str
        Character of the device in one or two sentences.
    source : str
        Source of the parameters.
    cavity : Cavity
        Optical mode.
    gain : Section
        Pumped section, index 1 in the equations.
    absorber : Section
        Saturable absorber, index 2.
    detection : Detection
        Definition of a spike.
    refractory_time_ns : float
        tau, for which z = 1 after a spike, suitable for this device as a neuron [ns].
    synapse : Synapse
        Synapse suitable for this device as a neuron.
    step_ps : float
        Integration step at which the spike rate is within 1 % of its limit for short steps [ps]; no
        simulation takes more than twice that.
    absorber_pump_electrons_per_ns : float
        Pump of the absorber [electrons/ns].

    Raises
    ------
    InputError
        With all problems: values out of range, an absorber beyond transparency, and a step longer
        than four photon lifetimes.

    Examples
    --------
    >>> import dataclasses
    >>> device = load_device("D2")
    >>> slower = dataclasses.replace(device, name="slower", refractory_time_ns=3.0)
    >>> slower.threshold_current_ua == device.threshold_current_ua
    True
    """

    name: str
    description: str
    source: str
    cavity: Cavity
    gain: Section
    absorber: Section
    detection: Detection
    refractory_time_ns: Positive
    synapse: Synapse
    step_ps: Positive
    absorber_pump_electrons_per_ns: NonNegative = 0.0

    def __post_init__(self) -> None:
        problems = []
        if not self.name:
            problems.append(Problem("name", "an empty text", "a name"))
        if self.unpumped_absorption_per_ns <= 0.0:
            problems.append(
                Problem(
                    "absorber_pump_electrons_per_ns",
                    f"{self.absorber_pump_electrons_per_ns:g}",
                    "a pump that leaves the absorber below transparency",
                )
            )
        if self.step_ps > self.cavity.photon_lifetime_ps * 4:
            problems.append(
                Problem(
                    "step_ps",
                    f"{self.step_ps:g}",
                    "at most four photon lifetimes "
                    f"({4 * self.cavity.photon_lifetime_ps:g}), since pulses are that short",
                )
            )
        if problems:
            raise InputError(problems)

    @property
    def unpumped_absorption_per_ns(self) -> float:
        """Absorption g2 (Nt2 - P2 tau2) without light in the cavity [1/ns]."""
        absorber = self.absorber
        electrons = self.absorber_pump_electrons_per_ns * absorber.carrier_lifetime_ns
        return absorber.differential_gain_per_ns * (absorber.transparency_electrons - electrons)

    @property
    def relative_absorption(self) -> float:
        """a0, unsaturated absorption over the cavity loss [1]."""
        return self.unpumped_absorption_per_ns / self.cavity.loss_per_ns

    @property
    def threshold_pump_electrons_per_ns(self) -> float:
        """Pump P_th at which the gain without light equals all losses [electrons/ns].

        P_th = (Nt1 + (kappa + g2 (Nt2 - P2 tau2)) / g1) / tau1.
        """
        gain = self.gain
        loss = self.cavity.loss_per_ns + self.unpumped_absorption_per_ns
        electrons = gain.transparency_electrons + loss / gain.differential_gain_per_ns
        return electrons / gain.carrier_lifetime_ns

    @property
    def threshold_current_ua(self) -> float:
        """Threshold pump as a current, for one electron per carrier [uA]."""
        return self.threshold_pump_electrons_per_ns * ELEMENTARY_CHARGE_UA_NS

    def driven_by(self, synapse: Synapse) -> Section:
        """The section whose pump a synapse changes."""
        return self.absorber if synapse.section == "absorber" else self.gain

    def pump_per_drive(self, synapse: Synapse) -> float:
        """Pump of the gain section that changes the net gain as one electron/ns of a synapse [1].

        For a constant pump, by (g_i tau_i) of the driven section over that of the gain.
        """
        section, gain = self.driven_by(synapse), self.gain
        return (section.differential_gain_per_ns * section.carrier_lifetime_ns) / (
            gain.differential_gain_per_ns * gain.carrier_lifetime_ns
        )


def device_names() -> list[str]:
    """Names of the shipped devices."""
    return shipped_names("devices")


AnyDevice: TypeAlias = Device | str | Path
"""A device, the name of a shipped one, or its file; `as_device` reads it."""


def as_device(given: AnyDevice) -> Device:
    """Read a device that is given by its name or file; keep a device.

    Raises
    ------
    InputError
        For anything else, or a device that is not there.
    """
    what: object = given
    if not isinstance(what, Device | str | Path):
        expected = "a Device, or the name or file of one"
        raise InputError.single("device", repr(what)[:80], expected)
    return given if isinstance(given, Device) else load_device(given)


def load_device(name_or_path: str | Path) -> Device:
    """Read a device from a TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped device (`device_names`) or a path.

    Returns
    -------
    Device

    Raises
    ------
    InputError
        With all problems of the file, or the shipped names when there is no such device.

    Examples
    --------
    >>> device = load_device("D2")
    >>> round(device.threshold_current_ua, 2)
    3.91
    """
    return load(resolve("devices", name_or_path), Device)
