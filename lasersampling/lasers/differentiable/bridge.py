"""Mean of |E|^2 over an Ornstein-Uhlenbeck bridge within a step: `integrator.step` in torch."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["open_variance", "weights"]

_SERIES_BELOW = 0.25
"""Limit of v**2. Series of five terms are good to 1e-8 below it; closed forms lose less above."""


def weights(v2: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights of the bridge.

    Between ends a and b, mean |E|^2 = plus |a + b|^2 + minus |b - a|^2 + between times the
    variance that the noise alone would give both quadratures.

    Parameters
    ----------
    v2 : Tensor
        Square of the exponent v of the field over the step [1].

    Returns
    -------
    sinhc, plus, minus, between : Tensor
        sinh(v)/v, and the three weights [1].
    """
    is_small = v2 < _SERIES_BELOW
    # The inner `where` keeps the unused branch from a division by zero.
    v = torch.sqrt(torch.where(is_small, torch.ones_like(v2), v2))
    sinh, cosh = torch.sinh(v), torch.cosh(v)
    # (sinh v)/v - 1 and (cosh v) - 1, both over v**2.
    odd = _series(v2, 1 / 6, 1 / 120, 1 / 5040, 1 / 362880, 1 / 39916800)
    even = _series(v2, 1 / 2, 1 / 24, 1 / 720, 1 / 40320, 1 / 3628800)
    sinhc = torch.where(is_small, 1.0 + v2 * odd, sinh / v)
    plus = 0.25 * (1.0 + sinhc) / torch.where(is_small, 2.0 + v2 * even, 1.0 + cosh)
    minus = 0.25 * torch.where(is_small, odd / even, (sinh / v - 1.0) / (cosh - 1.0))
    closed = (v * cosh / sinh - 1.0) / (2.0 * v * v)
    between = _series(v2, 1 / 6, -1 / 90, 1 / 945, -1 / 9450, 1 / 93555)
    return sinhc, plus, minus, torch.where(is_small, between, closed)


def open_variance(v2: Tensor, strength: Tensor, sum_squared: Tensor) -> Tensor:
    """Variance of the mean of |E|^2 for given ends, by the fit of `integrator.step`.

    Parameters
    ----------
    v2 : Tensor
        Square of the exponent v of the field over the step [1].
    strength : Tensor
        Variance of a quadrature due to the noise alone [photons].
    sum_squared : Tensor
        |a + b|^2 for the ends a and b [photons].

    Returns
    -------
    Tensor
        Variance [photons**2].
    """
    pairs = sum_squared / _series(v2, 48.0, 13.728, 1.7525)
    return 4.0 * strength * (pairs + strength / _series(v2, 90.0, 17.4, 0.5816))


def _series(v2: Tensor, *terms: float) -> Tensor:
    """Polynomial of v**2."""
    total = torch.zeros_like(v2)
    for term in reversed(terms):
        total = term + v2 * total
    return total
