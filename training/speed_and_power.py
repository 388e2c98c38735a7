"""Speed and power of a device as a sampler, and of digital Gibbs sampling on this computer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

import lasersampling as ls
from lasersampling.experiments import Run, kept, option
from lasersampling.results import PERFORMANCE, write_neuron, write_performance
from lasersampling.sampling.neurons import (
    PerformanceSettings,
    WallPlug,
    longest_correlation,
    measure_performance,
)

BY_MACHINE = ("sample_time_ns", "sample_time_tau", "machine_power_uw", "sample_energy_fj")


@dataclass(frozen=True)
class Settings:
    """Time and energy per independent sample of random machines, W and b from N(0, 0.6)."""

    machines: int = option(20, "Machines of seeds 0, 1, ...", min=2)
    device: str = option("D6", "Device file or name.")
    watts: float = option(6.0, "Assumed power of one CPU core.", min=0.0)

    performance: PerformanceSettings = field(default_factory=PerformanceSettings)
    wall_plug: WallPlug = field(default_factory=WallPlug)
    sweeps: int = 5000
    n_flips: int = 100_000_000

    def smallest(self) -> Settings:
        performance = PerformanceSettings(
            n_copies=8, emission_duration_ns=40.0, n_chains=4, machine_duration_ns=500.0
        )
        return replace(self, machines=2, performance=performance, sweeps=500, n_flips=1_000_000)


def main(settings: Settings, run: Run) -> None:
    performance, wall_plug = settings.performance, settings.wall_plug
    lasers = ls.Lasers(settings.device)
    config = {
        "machines": settings.machines, "device": settings.device, "watts": settings.watts,
        "performance": performance, "wall_plug": wall_plug,
    }  # fmt: skip
    with run.results(config) as file:
        run.calibrate(None, lasers)
        measured, sweeps = [], []
        with run.progress("measuring") as progress:
            for k in range(settings.machines):
                seed = run.seed + k
                machine = ls.BoltzmannMachine.random(performance.n_units, seed=k)
                measured.append(run.step("performance", partial(
                    measure_performance, lasers, performance, wall_plug, machine=machine, seed=seed
                )))  # fmt: skip
                drawn = kept(
                    "samples",
                    partial(
                        ls.Gibbs().sample,
                        machine,
                        settings.sweeps,
                        n_chains=performance.n_chains,
                        seed=seed,
                    ),
                )
                sweeps.append(longest_correlation(machine, drawn)[0].value)
                progress((k + 1) / settings.machines)
        write_neuron(file, lasers.neuron)
        write_performance(file, measured[0], wall_plug)
        for name, (units, description) in PERFORMANCE.items():
            value, error = getattr(measured[0], name)
            spread = "" if error is None else f" +- {error:.2g}"
            print(f"{name}: {value:.5g}{spread} {units} ({description}, seed {run.seed})")
        for name in BY_MACHINE:
            over_machines(
                file, name, [getattr(p, name).value for p in measured], PERFORMANCE[name][0]
            )
        updates = np.array(sweeps) * performance.n_units
        over_machines(file, "gibbs_updates_per_sample", updates.tolist(), "1")
        per_s = run.step("speed", partial(updates_per_s, machine, settings.n_flips, run.seed))
        file.metric("gibbs_updates_per_s", per_s, units="1/s", description="on one core")
        energy_fj = float(np.median(updates)) * settings.watts / per_s * 1e15
        file.metric("gibbs_sample_energy_fj", energy_fj, units="fJ", description="at `watts`")
        print(f"Gibbs sampling: {per_s:.3g} updates/s on one core; {energy_fj:.3g} fJ per sample")


def over_machines(file: ls.ResultsFile, name: str, values: list[float], units: str) -> None:
    """Write one number per machine, and the median with its spread."""
    file.write(f"machines/{name}", values, ("machine",), units=units, description=name)
    median, spread = float(np.median(values)), float(np.std(values, ddof=1))
    error = 1.2533 * spread / np.sqrt(len(values))  # of a median of normal values
    file.metric(f"{name}_median", median, error, units, "median over the machines")
    print(f"{name}: median {median:.4g} +- {error:.2g} {units}, from {min(values):.4g} "
          f"to {max(values):.4g}")  # fmt: skip


def updates_per_s(machine: ls.BoltzmannMachine, n_updates: int, seed: int) -> float:
    """Single-unit updates per second of processor time, the best of three runs of one chain."""
    n_draws = n_updates // (3 * machine.n_units)
    best = np.inf
    for k in range(3):
        start = time.process_time()
        ls.Gibbs().sample(machine, n_draws, n_chains=1, seed=seed + k)
        best = min(best, time.process_time() - start)
    return n_draws * machine.n_units / best


if __name__ == "__main__":
    ls.experiment(main, Settings)
