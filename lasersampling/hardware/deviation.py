"""How far values lie from those asked for, and how that changes with time."""

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
    """Distribution of the deviations of a value from the one asked for.

    Attributes
    ----------
    std : float
        Standard deviation: a part of the value where `relative`, else in its unit [1].
    mean : float
        Mean, likewise [1].
    relative : bool
        True for v (1 + d), False for v + d.
    distribution : "normal" or "lognormal"
        Of d, or of 1 + d, which then has the same mean and standard deviation and is never
        negative.
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
        """Deviations out of standard normal variates: arrays or, if normal, tensors.

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
        """Draw deviations; as many random numbers are used whatever their strength.

        Parameters
        ----------
        generator : Generator
            What to draw from.
        shape : int or tuple of int
            Of the result.
        """
        return self.of(generator.standard_normal(shape))

    def applied(
        self, nominal: NDArray[np.float64] | float, deviation: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Values that deviate so.

        Parameters
        ----------
        nominal : ndarray or float
            Values asked for [1].
        deviation : ndarray or float
            What `drawn` gave [1].
        """
        if self.relative:
            return np.asarray(nominal * (1.0 + np.asarray(deviation)))
        return np.asarray(nominal + np.asarray(deviation))


@validated
class Drift:
    """Slow wandering of a value: a stationary Ornstein-Uhlenbeck process.

    d(t) has the standard deviation `std` and the correlation exp(-|s| / correlation_time_ns).

    Attributes
    ----------
    std : float
        Standard deviation: a part of the value where `relative`, else in its unit [1].
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
        """Distribution at any one time."""
        return Deviation(self.std, relative=self.relative)

    def later(
        self, normal: NDArray[np.float64], time_ns: float, fresh: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Carry standard normal variates on by a time; they stay standard normal.

        Parameters
        ----------
        normal : ndarray
            d(t) / std [1].
        time_ns : float
            How much later.
        fresh : ndarray, shape of `normal`
            Standard normal variates, new ones [1].
        """
        kept = math.exp(-time_ns / self.correlation_time_ns)
        added = math.sqrt(-math.expm1(-2.0 * time_ns / self.correlation_time_ns))
        return kept * normal + added * fresh
