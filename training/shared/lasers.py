"""Uncoupled lasers: their spike rate and activation as functions of the pump."""

from __future__ import annotations

from collections.abc import Sequence

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


def pumps_of(device: ls.Device, levels: Sequence[float], seed: int) -> tuple[Array, Array]:
    """Pumps over threshold at which P(z = 1) is one of some levels, and the rates there [1/ns]."""
    longest = min(2.0, device.step_ps)
    ratio, active, rates = activation_curve(
        device, 561, 2000.0, seed, ls.SimulationSettings(step_ps=longest)
    )
    found = np.interp(levels, active, ratio)
    return found, np.interp(found, ratio, rates)


def spike_rates(
    device: ls.Device,
    pump: float,
    duration_ns: float,
    n_lasers: int,
    seed: int,
    settings: ls.SimulationSettings,
) -> Array:
    """Return spikes per ns of each of some lasers with the same pump over threshold."""
    found: Array = ls.simulate(
        ls.LaserNetwork(device, 1), pump, duration_ns, n_chains=n_lasers, seed=seed,
        settings=settings,
    ).spikes.rate_per_ns()[:, 0]  # fmt: skip
    return found


def mean_and_error(values: Array) -> tuple[float, float]:
    """Return the mean of independent values and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
