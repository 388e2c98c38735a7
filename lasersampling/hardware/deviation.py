"""Deviations of values from those requested, and how deviations change with time."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from lasersampling.config import Finite, NonNegative, Positive, validated
from lasersampling.errors import InputError

__all__ = ["Deviation", "Drift"]

Values = TypeVar("Values")


@validated
class Deviation:
    """Distribution of the deviations d of a value v from the requested one.

    Attributes
    ----------
    std : float
        Standard deviation: a fraction of the value if `relative`, otherwise in its unit [1].
    mean : float
        Mean, in the same unit [1].
    relative : bool
        True for v (1 + d), False for v + d.
    distribution : "normal" or "lognormal"
        Distribution of d, or "lognormal" of 1 + d, which then has the same mean and standard
        deviation and is never negative.
    """

    std: NonNegative = 0.0
    mean: Finite = 0.0
    relative: bool = True
    distribution: Literal["normal", "lognormal"] = "normal"

    def __post_init__(self) -> None:
        if self.distribution == "lognormal" and not (self.relative and self.mean > -1.0):
            got = f"'lognormal' with relative = {self.relative}, mean = {self.mean:g}"
            raise InputError.single(
                "distribution", got, "'normal', or a relative deviation of a mean above -1"
            )

    @property
    def is_none(self) -> bool:
        """Whether nothing deviates."""
        return self.std == 0.0 and self.mean == 0.0

    def of(self, normal: Values) -> Values:
        """Convert standard normal variates into deviations: arrays or, if normal, tensors.

        Parameters
        ----------
        normal : ndarray or Tensor
            Standard normal variates [1].
        """
        if self.distribution == "normal":
            return cast("Values", self.mean + self.std * cast("Any", normal))
        middle = 1.0 + self.mean
        spread = math.sqrt(math.log1p((self.std / middle) ** 2))
        exponent = math.log(middle) - 0.5 * spread**2 + spread * np.asarray(normal)
        return cast("Values", np.expm1(exponent))

    def drawn(
        self, generator: np.random.Generator, shape: int | tuple[int, ...]
    ) -> NDArray[np.float64]:
        """Draw deviations; the number of random numbers used does not depend on their strength.

        Parameters
        ----------
        generator : Generator
            Source of random numbers.
        shape : int or tuple of int
            Shape of the result.
        """
        return self.of(generator.standard_normal(shape))

    def applied(
        self, nominal: NDArray[np.float64] | float, deviation: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Apply deviations to values.

        Parameters
        ----------
        nominal : ndarray or float
            Requested values [1].
        deviation : ndarray or float
            Deviations from `drawn` [1].
        """
        if self.relative:
            return np.asarray(nominal * (1.0 + np.asarray(deviation)))
        return np.asarray(nominal + np.asarray(deviation))


@validated
class Drift:
    """Slow drift of a value: a stationary Ornstein-Uhlenbeck process.

    d(t) has the standard deviation `std` and the autocorrelation exp(-|s| / correlation_time_ns).

    Attributes
    ----------
    std : float
        Standard deviation: a fraction of the value if `relative`, otherwise in its unit [1].
    correlation_time_ns : float
        Correlation time [ns].
    relative : bool
        True for v (1 + d), False for v + d.

    References
    ----------
    G. E. Uhlenbeck, L. S. Ornstein, Phys. Rev. 36 (1930) 823: the exact transition over a time.
    """

    std: NonNegative
    correlation_time_ns: Positive
    relative: bool = True

    @property
    def deviation(self) -> Deviation:
        """Distribution at any single time."""
        return Deviation(self.std, relative=self.relative)

    def later(
        self, normal: NDArray[np.float64], time_ns: float, fresh: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Advance standard normal variates by a time; they stay standard normal.

        Parameters
        ----------
        normal : ndarray
            d(t) / std [1].
        time_ns : float
            Time difference.
        fresh : ndarray, shape of `normal`
            New standard normal variates [1].
        """
        kept = math.exp(-time_ns / self.correlation_time_ns)
        added = math.sqrt(-math.expm1(-2.0 * time_ns / self.correlation_time_ns))
        return kept * normal + added * fresh
