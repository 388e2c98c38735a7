"""Time and memory of networks of many lasers with ten neighbours each, on one core.

Lasers stand on a square lattice, closed to a torus, or each sends to ten others that are drawn at
random. Weights are normal variates that keep the spread of the drive. Each network is simulated in
a process of its own, as one chain; all sizes take turns, and the fastest turn of each counts.
Memory is the growth of the largest resident memory over that of a small network, in a run of the
same duration for all sizes, whose spikes are part of it; it is measured apart.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from shared.processes import alone, largest_memory_bytes

import lasersampling as ls
from lasersampling.experiments import Run, option

KINDS = ("lattice", "random")
NEIGHBOURS = 10
STEPS = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0))
"""From a laser of the lattice to half of its neighbours; the others lie opposite."""

Indices = NDArray[np.int64]
Job = tuple[str, int, "Settings", int]
"""Kind of network, side of the lattice, settings, seed."""


@dataclass(frozen=True)
class Settings:
    """Processor time and memory per laser of networks of 1,000 to 100,000 lasers."""

    side: tuple[int, ...] = option((), "Sides of the lattices; 32 to 316 if none.", min=5)
    device: str = option("D6", "Device file or name.")
    pump: float = option(0.8555, "Pump over its threshold.", min=0.0)
    rounds: int = option(3, "Turns of each network.", min=1)
    laser_us: float = option(3000.0, "Laser time of each turn.", min=1.0)
    memory_ns: float = 20.0

    def smallest(self) -> Settings:
        return replace(self, side=(5, 10), rounds=1, laser_us=2.0, memory_ns=2.0)


def lattice(side: int) -> tuple[Indices, Indices]:
    """Lasers before and behind each connection of a lattice."""
    laser = np.arange(side * side)
    x, y = laser % side, laser // side
    there = [(x + dx) % side + side * ((y + dy) % side) for dx, dy in STEPS]
    here = [laser] * len(there)
    return np.concatenate([*here, *there]), np.concatenate([*there, *here])


def random(n_lasers: int, seed: int) -> tuple[Indices, Indices]:
    """Lasers before and behind each connection; ten others, of which few are drawn twice."""
    before = np.repeat(np.arange(n_lasers), NEIGHBOURS)
    step = np.random.default_rng(seed).integers(1, n_lasers, before.size)
    return before, (before + step) % n_lasers


def network(kind: str, side: int, device: ls.Device, seed: int) -> ls.LaserNetwork:
    n = side * side
    before, behind = lattice(side) if kind == "lattice" else random(n, seed)
    spread = 0.02 * device.threshold_pump_electrons_per_ns / NEIGHBOURS**0.5
    weights = np.random.default_rng(seed).normal(0.0, spread, before.size)
    return ls.LaserNetwork(
        device, n, scipy.sparse.coo_array((weights, (behind, before)), shape=(n, n)).tocsr()
    )


def run(lasers: ls.LaserNetwork, duration_ns: float, job: Job) -> int:
    """Simulate on one core; the number of spikes."""
    on_one_core = ls.SimulationSettings(burn_in_ns=0.0, n_threads=1)
    _, _, settings, seed = job
    spikes = ls.simulate(lasers, settings.pump, duration_ns, seed=seed, settings=on_one_core).spikes
    return int(spikes.time_ns.size)


def memory(job: Job) -> float:
    """Memory of a laser [byte]."""
    kind, side, settings, seed = job
    device = ls.load_device(settings.device)
    run(network(kind, 5, device, seed), settings.memory_ns, job)  # compiles
    before = largest_memory_bytes()
    run(network(kind, side, device, seed), settings.memory_ns, job)
    return (largest_memory_bytes() - before) / side**2


def cost(job: Job) -> tuple[float, float]:
    """Processor time of a laser-ns [s], and spikes of a laser and ns."""
    kind, side, settings, seed = job
    device = ls.load_device(settings.device)
    lasers = network(kind, side, device, seed)
    run(lasers, 1.0, job)  # compiles
    laser_ns = 1e3 * settings.laser_us
    started = time.process_time()
    n_spikes = run(lasers, laser_ns / side**2, job)
    return (time.process_time() - started) / laser_ns, n_spikes / laser_ns


ABOUT = {
    "processor_time_s": ("s", "processor time of a laser for each ns, the fastest turn"),
    "memory_bytes": ("byte", "growth of the largest memory, for each laser"),
    "spikes_per_ns": ("1/ns", "spikes of a laser"),
}


def main(settings: Settings, run: Run) -> None:
    sides = sorted(set(settings.side or (32, 56, 100, 178, 316)))
    places = [(kind, side) for kind in KINDS for side in sides]
    jobs: list[Job] = [(*place, settings, run.seed) for place in places]
    turns_of = jobs * settings.rounds
    memories, found = [], []
    with (
        run.results(replace(settings, side=tuple(sides))) as file,
        run.progress("measuring") as progress,
    ):
        for job in jobs:
            bytes_of = run.step("memory", partial(alone, memory, job, of_memory=True))
            memories.append(bytes_of)
            progress(len(memories) / (len(jobs) + len(turns_of)))
            print(f"{job[0]}, {job[1] ** 2} lasers: {bytes_of / 1024:.2f} KiB for a laser")
        for job in turns_of:
            measured = run.step("cost", partial(alone, cost, job))
            found.append(measured)
            progress((len(jobs) + len(found)) / (len(jobs) + len(turns_of)))
            print(
                f"{job[0]}, {job[1] ** 2} lasers: {1e9 * measured[0]:.0f} ns of a core for a "
                "laser-ns"
            )
        shape = (len(KINDS), len(sides))
        turns = np.array(found).reshape(settings.rounds, *shape, 2)
        best = turns.min(axis=0)  # other work on the machine only ever adds to the time
        by_name = {
            "processor_time_s": best[..., 0],
            "memory_bytes": np.array(memories).reshape(shape),
            "spikes_per_ns": best[..., 1],
        }
        file.write("large/lasers", np.array(sides) ** 2, ("size",), units="1", description="lasers")
        for name, (units, description) in ABOUT.items():
            file.write(
                f"large/{name}", by_name[name], ("kind", "size"), units=units,
                description=description,
            )  # fmt: skip
        file.write(
            "large/turns_processor_time_s", turns[..., 0], ("turn", "kind", "size"), units="s",
            description="processor time of a laser for each ns, all turns",
        )  # fmt: skip
        tenth = int(np.argmin(np.abs(np.log(10.0 * np.array(sides) ** 2 / sides[-1] ** 2))))
        for k, kind in enumerate(KINDS):
            for name in ("processor_time_s", "memory_bytes"):
                most, tenth_of = by_name[name][k, -1], by_name[name][k, tenth]
                if tenth_of == 0:  # memory of a few lasers cannot be measured
                    continue
                what = name.rpartition("_")[0]
                file.metric(
                    f"{what}_growth_{kind}", float(most / tenth_of), units="1",
                    description=f"{what.replace('_', ' ')} of a laser, of {sides[-1] ** 2} over "
                    f"that of {sides[tenth] ** 2}",
                )  # fmt: skip
        file.attributes("large", {"kinds": list(KINDS), "neighbours": NEIGHBOURS})


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["large_networks"])
