"""What the simulations of lasers are asked for, checked: pumps, traces, cores and progress."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.errors import InputError
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.pumps import pump_electrons_per_ns


@dataclass(frozen=True, eq=False)
class Traces:
    """Recorded traces of the first chain.

    Attributes
    ----------
    time_ns : ndarray of float64, shape (sample,)
        Time [ns] after the burn-in.
    laser : ndarray of int32, shape (laser,)
        Which lasers.
    photons : ndarray of float32, shape (laser, sample)
        S [photons].
    gain_electrons, absorber_electrons : ndarray of float32, shape (laser, sample)
        N1 and N2, half a step later than `time_ns` [electrons].
    """

    time_ns: NDArray[np.float64]
    laser: NDArray[np.int32]
    photons: NDArray[np.float32]
    gain_electrons: NDArray[np.float32]
    absorber_electrons: NDArray[np.float32]


def checked_start(start: NetworkState, n_chains: int, n_lasers: int) -> None:
    """Refuse a state of other chains or lasers."""
    if not isinstance(start, NetworkState):
        raise InputError.single("start", type(start).__name__, "a NetworkState")
    if (start.n_chains, start.n_lasers) != (n_chains, n_lasers):
        got = f"a state of {start.n_chains} chains of {start.n_lasers} lasers"
        raise InputError.single("start", got, f"{n_chains} chains of {n_lasers} lasers")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_pump(
    pump_ratio: ArrayLike, network: LaserNetwork, n_chains: int
) -> NDArray[np.float64]:
    """Pumps [electrons/ns] as (chain, laser), given over the threshold pump."""
    pump = pump_electrons_per_ns(network.device, pump_ratio)
    n_lasers = network.n_lasers
    if pump.shape not in ((), (n_lasers,), (n_chains, n_lasers)):
        raise InputError.single(
            "pump_ratio",
            f"shape {pump.shape}",
            f"a number or shape ({n_lasers},) or ({n_chains}, {n_lasers})",
        )
    return np.broadcast_to(pump, (n_chains, n_lasers))


class Meter:
    """Adds up the progress of work done side by side."""

    def __init__(self, report: Callable[[float], None] | None, total: int) -> None:
        self._report, self._total, self._done = report, total, 0
        self._lock = threading.Lock()

    def add(self, amount: int) -> None:
        """Count work that was done, and report the fraction."""
        if self._report is None:
            return
        with self._lock:
            self._done += amount
            self._report(min(1.0, self._done / self._total))
