"""Laser time simulated per second of wall time, and how its cost grows with the network.

Each case runs once to compile; then all take turns. Best and median are printed, since other work
on the machine only ever slows a run down, and the cost of a laser: processor time over laser time.
"""

from __future__ import annotations

import statistics
import time
from typing import Annotated, NamedTuple

import numpy as np
import typer

from lasersampling.lasers.device import load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate


class Case(NamedTuple):
    """Chains of a network, coupled all to all or not at all."""

    n_chains: int
    n_lasers: int
    is_coupled: bool

    def __str__(self) -> str:
        if not self.is_coupled:
            return f"{self.n_chains} independent lasers"
        return f"{self.n_chains} chains of {self.n_lasers} coupled lasers"


CASES = (
    Case(1000, 1, False),
    Case(200, 5, True),
    Case(20, 100, True),
    Case(10, 200, True),
    Case(4, 500, True),
    Case(2, 1000, True),
)
REFERENCE = Case(20, 100, True)


def speed(case: Case, device: str, duration_ns: float, seed: int) -> tuple[float, float]:
    """Laser-microseconds per wall second, and processor milliseconds per laser-microsecond."""
    laser = load_device(device)
    threshold = laser.threshold_pump_electrons_per_ns
    n = case.n_lasers
    weights = None
    if case.is_coupled:
        # Random signs of a size that keeps the mean drive: about half of the lasers are on.
        generator = np.random.default_rng(0)
        weights = generator.normal(0.0, 0.02 * threshold / np.sqrt(n), (n, n))
        np.fill_diagonal(weights, 0.0)
    network = LaserNetwork(laser, n, weights)
    wall, processor = time.perf_counter(), time.process_time()
    simulate(
        network,
        0.97,
        duration_ns,
        n_chains=case.n_chains,
        seed=seed,
        settings=SimulationSettings(burn_in_ns=0.0),
    )
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    laser_us = n * case.n_chains * duration_ns * 1e-3
    return laser_us / wall, 1e3 * processor / laser_us


def main(
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    runs: Annotated[int, typer.Option(min=1, help="Counted runs of each case.")] = 3,
    duration_ns: Annotated[float, typer.Option(help="Laser time of one case and chain.")] = 1000.0,
) -> None:
    """Print laser-us per wall second and what a laser costs, alone and in networks."""
    for case in CASES:
        speed(case, device, min(duration_ns, 20.0), 0)
    results: dict[Case, list[tuple[float, float]]] = {case: [] for case in CASES}
    for k in range(runs):
        for case in CASES:
            results[case].append(speed(case, device, duration_ns, k))
    print(f"{device}, step {load_device(device).step_ps:g} ps; laser-us per wall second;")
    print("cost: processor ms per laser-us, and over that of a network of 100 in the same round")
    print(f"{'case':34s} {'best':>8s} {'median':>8s} {'cost':>8s} {'ratio':>8s}")
    for case in CASES:
        wall = [run[0] for run in results[case]]
        cost = [run[1] for run in results[case]]
        ratio = statistics.median(
            mine / reference[1] for mine, reference in zip(cost, results[REFERENCE], strict=True)
        )
        print(
            f"{case!s:34s} {max(wall):8.0f} {statistics.median(wall):8.0f} "
            f"{statistics.median(cost):8.2f} {ratio:8.2f}"
        )


if __name__ == "__main__":
    typer.run(main)
