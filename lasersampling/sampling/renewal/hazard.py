"""The hazard of a laser: its spike rate given the drive and the time since its last spike.

A laser with all-or-none pulses loses its memory at a spike: the pulse depletes the gain section,
and the next spike depends only on how far this has recovered, and on chance. So its spikes are a
*renewal process* with the hazard

    h(x, s),    x the drive (the pump over the threshold pump), s the time since the last spike,

which is zero while the laser is refractory, rises with the gain, and approaches the steady rate of
escape from rest. It is represented by a smooth surface log h over the drive and ``e = exp(-s /
recovery)``: the carriers relax exponentially, so log h is nearly linear in e at late ages, and can
be extrapolated to s = infinity, where nothing was measured.

Under a changing drive u(t), x follows with the two relaxation times of the hazard,

    x(t) = integral of k(t - t') u(t') dt',    k(t) = (exp(-t/a) - exp(-t/b)) / (a - b),

where the slow time a is that of the carriers and the fast time b that in which light builds up. At
a constant drive x = u, so the table is measured first, and then the two times.

References
----------
D. R. Cox, "Renewal Theory" (1962), section 1.2 (hazard). W. Gerstner et al., "Neuronal Dynamics"
(2014), chapters 7 and 9 (time-dependent renewal processes, escape noise).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_floats
from lasersampling.config import NonNegative, Positive, validated
from lasersampling.errors import InputError

__all__ = ["Hazard", "basis"]

_DEGREE = 3

LOWEST_LOG_HAZARD = -40.0
"""Lower limit of the surface: the log of a practically vanishing hazard."""


@validated
class Hazard:
    """Measured hazard of an uncoupled laser, and how it follows a changing drive.

    Attributes
    ----------
    lowest_pump, highest_pump : float
        Range of the measured drives over the threshold pump [1].
    first_age_ns : float
        Shortest time between two spikes [ns].
    recovery_ns : float
        Time constant in the exponent of e [ns].
    coefficients : tuple of tuple of float
        Coefficients of the cubic B-splines of log h (h in 1/ns) over drive and e, both with equal
        knots [1].
    slow_ns, fast_ns : float
        Relaxation times a > b [ns].
    slow_ns_se, fast_ns_se : float
        Their standard errors [ns].
    misfit : float
        Deviance of the surface over the number of cells with events; 1 for noise alone [1].
    pump : tuple of float
        Drives that were recorded [1].
    rate_per_ns, rate_se_per_ns : tuple of float
        Spike rates at these drives, and standard errors.
    """

    lowest_pump: Positive
    highest_pump: Positive
    first_age_ns: Positive
    recovery_ns: Positive
    coefficients: tuple[tuple[float, ...], ...]
    slow_ns: Positive
    fast_ns: Positive
    slow_ns_se: NonNegative
    fast_ns_se: NonNegative
    misfit: NonNegative
    pump: tuple[float, ...]
    rate_per_ns: tuple[float, ...]
    rate_se_per_ns: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.slow_ns <= self.fast_ns:
            expected = f"less than slow_ns, {self.slow_ns:g}"
            raise InputError.single("fast_ns", f"{self.fast_ns:g}", expected)

    def log_hazard(self, pump: ArrayLike, age_ns: ArrayLike) -> NDArray[np.float64]:
        """Log of the hazard [1], h in 1/ns, on a grid.

        Parameters
        ----------
        pump : array_like, shape (drive,)
            Drive over the threshold pump; log h is linear in it below the measured range, and
            constant above.
        age_ns : array_like, shape (age,)
            Time since the last spike, or infinity; log h is minus infinity before `first_age_ns`.

        Returns
        -------
        ndarray, shape (drive, age)
        """
        pump, age = as_floats(pump, "pump"), as_floats(age_ns, "age_ns")
        table = np.array(self.coefficients)
        low, high = self.lowest_pump, self.highest_pump
        # A step inside the range, for the slope at its end.
        inner = low + (high - low) / (table.shape[0] - _DEGREE)
        over_pump = basis(np.append(np.clip(pump, low, high), inner), low, high, table.shape[0])
        youngest = np.exp(-self.first_age_ns / self.recovery_ns)
        remaining = np.minimum(np.exp(-age / self.recovery_ns), youngest)
        surface = over_pump @ table @ basis(remaining, 0.0, youngest, table.shape[1]).T
        at_low = basis(np.array([low]), low, high, table.shape[0]) @ table
        at_low = at_low @ basis(remaining, 0.0, youngest, table.shape[1]).T
        slope = np.maximum((surface[-1] - at_low[0]) / (inner - low), 0.0)
        values = surface[:-1] + np.minimum(pump - low, 0.0)[:, None] * slope
        values = np.maximum(values, LOWEST_LOG_HAZARD)
        return np.where(age < self.first_age_ns, -np.inf, values)


def basis(values: NDArray[np.float64], low: float, high: float, n: int) -> NDArray[np.float64]:
    """Cubic B-splines on equal knots, shape (value, n), at values between `low` and `high`."""
    from scipy.interpolate import BSpline

    step = (high - low) / (n - _DEGREE)
    knots = low + step * np.arange(-_DEGREE, n + 1)
    # Rounding must not move the ends outside of the base interval.
    inside = np.clip(values, knots[_DEGREE], knots[n])
    matrix: NDArray[np.float64] = BSpline.design_matrix(inside, knots, _DEGREE).toarray()
    return matrix
