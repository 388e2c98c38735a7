"""Thresholds that compensate for what an observation once per step misses."""

from __future__ import annotations

from typing import Any

from lasersampling.lasers.device import Detection
from lasersampling.lasers.rate_equations import Coefficients

__all__ = ["monitored_levels"]

_CONTINUITY = 0.5826
"""-zeta(1/2) / sqrt(2 pi)."""


def monitored_levels(
    detection: Detection, coefficients: Coefficients, step_ns: float
) -> tuple[Any, Any]:
    """Detection threshold and re-arming level for light that is observed once per step.

    If the photon number is observed at intervals h only, parts of the path in between are missed: a
    threshold seems farther away by 0.5826 sigma sqrt(h), with the noise strength sigma^2 = 2 S V at
    the threshold and V = kappa + g1 Nt1 + g2 Nt2, its value at zero net gain. So threshold and
    re-arming level are shifted by this amount towards the paths. Pure arithmetic, for numbers and
    tensors.

    Parameters
    ----------
    detection : Detection
        Levels for continuously observed light [photons].
    coefficients : Coefficients
        Constants of the laser.
    step_ns : float
        Time between observations [ns].

    Returns
    -------
    threshold, rearm : float or Tensor
        Levels for these observations [photons]; the second is not above the first.

    References
    ----------
    M. Broadie, P. Glasserman, S. Kou, "A continuity correction for discrete barrier options",
    Mathematical Finance 7 (1997) 325.
    """
    c = coefficients
    strength = (
        c.loss_per_ns
        + c.gain_slope_per_ns * c.gain_transparency_electrons
        + c.absorber_slope_per_ns * c.absorber_transparency_electrons
    )
    unseen = _CONTINUITY * (2.0 * strength * step_ns) ** 0.5
    threshold = detection.threshold_photons - unseen * detection.threshold_photons**0.5
    rearm = detection.rearm_photons + unseen * detection.rearm_photons**0.5
    # The smaller of the two, in a form that tensors know too.
    return threshold, 0.5 * (threshold + rearm - abs(threshold - rearm))
