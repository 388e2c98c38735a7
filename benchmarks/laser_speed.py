"""Processor time of simulations of coupled and independent lasers, for `bench_kernel.py`.

It needs nothing beyond what the package offered at commit cdd8c44, with which kernels are compared:
the package that it imports is the one on PYTHONPATH.
"""

import json
import sys
import time
from typing import Any

import numpy as np

from lasersampling.lasers.device import load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import simulate

Case = tuple[int, int, bool]
"""Number of chains, lasers of each, whether they are coupled."""


def network(device: Any, case: Case) -> LaserNetwork:
    """All to all, with weights of random sign that keep the mean drive."""
    _, n, is_coupled = case
    if not is_coupled:
        return LaserNetwork(device, n)
    size = 0.02 * device.threshold_pump_electrons_per_ns / np.sqrt(n)
    weights = np.random.default_rng(0).normal(0.0, size, (n, n))
    np.fill_diagonal(weights, 0.0)
    return LaserNetwork(device, n, weights)


def run(device: Any, case: Case, ratio: float, duration_ns: float, n_threads: int) -> int:
    """Simulate; the number of spikes."""
    lasers, n_chains = network(device, case), case[0]
    try:
        from lasersampling.lasers.simulation import SimulationSettings
    except ImportError:  # cdd8c44
        pump = ratio * device.threshold_pump_electrons_per_ns
        old: Any = simulate
        result = old(
            lasers, pump, duration_ns, n_chains=n_chains, burn_in_ns=0.0, n_threads=n_threads
        )
    else:
        settings = SimulationSettings(burn_in_ns=0.0, n_threads=n_threads)
        result = simulate(lasers, ratio, duration_ns, n_chains=n_chains, settings=settings)
    return int(result.spikes.time_ns.size)


def main() -> None:
    """Read the task from standard input, and write one entry for each case."""
    task = json.load(sys.stdin)
    device, found = load_device(task["device"]), []
    for case in task["cases"]:
        run(device, case, task["ratio"], 5.0, task["threads"])
        wall, processor = time.perf_counter(), time.process_time()
        n_spikes = run(device, case, task["ratio"], task["duration_ns"], task["threads"])
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        found.append({"wall_s": wall, "processor_s": processor, "n_spikes": n_spikes})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
