"""Uncoupled lasers: their spike rate and activation as functions of the pump."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls

Array = NDArray[np.float64]


def activation_curve(
    device: ls.Device,
    n_pumps: int,
    duration_ns: float,
    seed: int,
    settings: ls.SimulationSettings | None = None,
) -> tuple[Array, Array, Array]:
    """Return pumps over threshold from 0.8 to 1.5, with P(z = 1) and the spike rate [1/ns] at each.

    P(z = 1) is made to increase with the pump in spite of its noise, so that it can be inverted.
    """
    ratio = np.linspace(0.8, 1.5, n_pumps)
    spikes = ls.simulate(
        ls.LaserNetwork(device, 1), ratio[:, None], duration_ns, n_chains=n_pumps, seed=seed,
        settings=settings,
    ).spikes  # fmt: skip
    active = np.maximum.accumulate(spikes.active_fraction(device.refractory_time_ns)[:, 0])
    return ratio, active, spikes.rate_per_ns()[:, 0]
