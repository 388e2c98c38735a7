"""Weight and bias of two coupled units, from the frequencies of their joint states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import SimulationError


def pair_parameters(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weight and mean bias of a pair from counts (chain, state), with jackknife errors."""

    def parameters(total: NDArray[np.int64]) -> NDArray[np.float64]:
        p = np.log(total)
        return np.stack([p[..., 3] + p[..., 0] - p[..., 1] - p[..., 2],
                         0.5 * (p[..., 1] + p[..., 2]) - p[..., 0]])  # fmt: skip

    total = counts.sum(axis=0)
    if total.min() < len(counts):
        raise SimulationError(
            "two coupled lasers hardly ever visit one of their four joint states: "
            f"{total.astype(int).tolist()} readings; record the pair for longer"
        )
    n = len(counts)
    left_out = parameters(total - counts)
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean(axis=1, keepdims=True)) ** 2).sum(1))
    return np.stack([parameters(total), error], axis=1)


def slope_through_origin(
    x: NDArray[np.float64], measured: NDArray[np.float64]
) -> tuple[float, float]:
    """Weighted least squares of y = slope x, from values and standard errors (point, 2)."""
    value, error = measured[:, 0], measured[:, 1]
    weight = x**2 / error**2
    return float((x * value / error**2).sum() / weight.sum()), float(weight.sum() ** -0.5)
