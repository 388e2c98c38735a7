"""Laser time simulated per second of wall time, and how it grows with the network.

Each case runs once to compile and then a few times; the best and the median are printed, since
other work on the machine only ever slows a run down.
"""

from __future__ import annotations

import statistics
import time
from typing import Annotated

import numpy as np
import typer

from lasersampling.lasers.device import load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import simulate


def laser_us_per_second(
    n_lasers: int, n_chains: int, duration_ns: float, *, coupled: bool, device: str, runs: int
) -> tuple[float, float]:
    """Best and median of laser-microseconds per wall second."""
    laser = load_device(device)
    threshold = laser.threshold_pump_electrons_per_ns
    weights = None
    if coupled:
        # Random signs of a size that keeps the mean drive: about half of the lasers are on.
        generator = np.random.default_rng(0)
        weights = generator.normal(0.0, 0.02 * threshold / np.sqrt(n_lasers), (n_lasers, n_lasers))
        np.fill_diagonal(weights, 0.0)
    network = LaserNetwork(laser, n_lasers, weights)
    speeds = []
    for k in range(runs + 1):
        started = time.perf_counter()
        simulate(network, 0.97 * threshold, duration_ns, n_chains=n_chains, seed=k, burn_in_ns=0.0)
        taken = time.perf_counter() - started
        speeds.append(n_lasers * n_chains * duration_ns * 1e-3 / taken)
    return max(speeds[1:]), statistics.median(speeds[1:])


def main(
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    runs: Annotated[int, typer.Option(min=1, help="Counted runs of each case.")] = 3,
    duration_ns: Annotated[float, typer.Option(help="Laser time of one case and chain.")] = 3000.0,
) -> None:
    """Print a table of laser-microseconds per wall second."""
    cases = [
        ("1000 independent lasers", 1, 1000, False),
        ("200 chains of 5 coupled lasers", 5, 200, True),
        ("10 chains of 100 coupled lasers", 100, 10, True),
        ("2 chains of 1000 coupled lasers", 1000, 2, True),
    ]
    print(f"{device}, step {load_device(device).step_ps:g} ps; laser-us per wall second")
    print(f"{'case':34s} {'best':>8s} {'median':>8s}")
    for name, n_lasers, n_chains, coupled in cases:
        best, median = laser_us_per_second(
            n_lasers, n_chains, duration_ns, coupled=coupled, device=device, runs=runs
        )
        print(f"{name:34s} {best:8.0f} {median:8.0f}", flush=True)


if __name__ == "__main__":
    typer.run(main)
