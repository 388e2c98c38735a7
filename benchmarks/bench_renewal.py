"""Laser time per second of renewal neurons, beside the lasers that they stand for.

Sizes are those of `training/renewal_sampler.py`, with more and less activity; the last of them has
a tenth of the connections. Then comes the shipped machine of handwritten digits. Lasers and neurons
take turns on as many threads. The mean of z stands beside, since the work of renewal neurons grows
with the number of spikes.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NamedTuple

import bench_kernel
import numpy as np
import typer

from lasersampling import load_machine
from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.results.computer import about_computer
from lasersampling.sampling import Sampler
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.renewal.sampler import Renewal

MACHINES = Path(__file__).parents[1] / "models" / "machines"
LONGER = 50
"""Renewal neurons are simulated so much longer than lasers, to take about as long."""


class Case(NamedTuple):
    """Chains of a machine of visible and hidden units, with a part of the couplings."""

    n_chains: int
    n_visible: int
    n_hidden: int
    connected: float
    bias: float

    def __str__(self) -> str:
        n = self.n_visible + self.n_hidden
        return f"{self.n_chains} x {n} units, {self.connected:.0%}, bias {self.bias:g}"

    def machine(self) -> BoltzmannMachine:
        """Random weights, of a size that keeps the spread of the drive."""
        generator = np.random.default_rng(3)
        n = self.n_visible + self.n_hidden
        spread = 2.0 / np.sqrt(n * self.connected)
        shape = (self.n_hidden, self.n_visible)
        between = generator.normal(0.0, spread, shape) * (generator.random(shape) < self.connected)
        weights = np.zeros((n, n))
        weights[self.n_visible :, : self.n_visible] = between
        return BoltzmannMachine(weights + weights.T, generator.normal(self.bias, 0.5, n))


class Shipped(NamedTuple):
    """Chains of a machine in `models/machines`."""

    n_chains: int
    name: str

    def __str__(self) -> str:
        return f"{self.n_chains} x {self.machine().n_units} units, {self.name}"

    def machine(self) -> BoltzmannMachine:
        """Read the machine."""
        return load_machine(MACHINES / self.name)


CASES = (
    Case(200, 3, 2, 1.0, -0.5),
    Case(10, 70, 30, 1.0, -0.5),
    Case(10, 70, 30, 1.0, -2.0),
    Case(2, 314, 160, 1.0, -0.5),
    Case(2, 314, 160, 1.0, -2.0),
    Case(2, 314, 160, 0.1, -2.0),
    Shipped(2, "digits.h5"),
    Shipped(16, "digits.h5"),
)


def speed(
    sampler: Sampler, case: Case | Shipped, draws: int, interval_ns: float, seed: int
) -> np.ndarray:
    """Laser-microseconds per second of wall and of processor time, and mean of z."""
    machine = case.machine()
    wall, processor = time.perf_counter(), time.process_time()
    samples = sampler.sample(machine, draws, n_chains=case.n_chains, seed=seed)
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    laser_us = machine.n_units * case.n_chains * draws * interval_ns * 1e-3
    return np.array([laser_us / wall, laser_us / processor, samples.states.mean()])


def beside_before(cases: Sequence[Case], runs: int) -> list[tuple[float, float]]:
    """Laser-microseconds per second of processor time, and ratios to commit cdd8c44, on D6."""
    lasers = Lasers("D6", n_threads=1)
    draws, machines = 3000, [case.machine() for case in cases]
    task = {
        "device": "D6", "draws": draws, "calibration": asdict(lasers.calibration),
        "hazard": asdict(Renewal(lasers).hazard),
        "cases": [
            {
                "n_chains": case.n_chains, "weights": machine.weights.tolist(),
                "biases": machine.biases.tolist(),
            }
            for case, machine in zip(cases, machines, strict=True)
        ],
    }  # fmt: skip
    now, before = bench_kernel.best_of_both(task, runs, "renewal_speed.py")
    found = []
    for case, machine, own, other in zip(cases, machines, now, before, strict=True):
        laser_us = machine.n_units * case.n_chains * draws * lasers.draw_interval_ns * 1e-3
        ratio = other["processor_s"] / own["processor_s"]
        found.append((laser_us / own["processor_s"], ratio))
    return found


def main(
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    runs: Annotated[int, typer.Option(min=1, help="Counted runs of each case.")] = 3,
    duration_ns: Annotated[float, typer.Option(min=5.0, help="Of lasers; renewal: 50-fold.")] = 50,
    threads: Annotated[int, typer.Option(min=1, help="Threads.")] = 2,
) -> None:
    """Print laser-us per second, by the wall clock and of processor time, and their ratios."""
    lasers = Lasers(device, burn_in_ns=0.0, n_threads=threads)
    renewal = Renewal(lasers, record_spikes=False)
    interval, draws = lasers.draw_interval_ns, lasers.draws_in(duration_ns)
    told = about_computer()
    print(f"{told['processor']}, {told['instruction_set']}, load {os.getloadavg()[0]:.1f}")
    print(f"{device}, {threads} threads; laser-us per second of processor time, medians")
    print(f"{'case':34s} {'mean z':>7s} {'lasers':>8s} {'renewal':>8s} {'ratio':>7s} {'wall':>7s}")
    for case in CASES:
        for sampler in (lasers, renewal):
            speed(sampler, case, 4, interval, 0)  # compiles, measures what is not in the cache
        pairs = [
            (
                speed(lasers, case, draws, interval, k),
                speed(renewal, case, LONGER * draws, interval, k),
            )
            for k in range(runs)
        ]
        by_wall, by_processor = (statistics.median(b[i] / a[i] for a, b in pairs) for i in (0, 1))
        cells = [statistics.median(pair[i][1] for pair in pairs) for i in (0, 1)]
        print(
            f"{case!s:34s} {pairs[-1][1][2]:7.2f} {cells[0]:8.0f} {cells[1]:8.0f} "
            f"{by_processor:7.0f} {by_wall:7.0f}", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
