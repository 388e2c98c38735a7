"""Speed and power of a device as a sampler, beside digital Gibbs sampling on this machine."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.results import ResultsFile
from lasersampling.results.records import PERFORMANCE, write_neuron, write_performance
from lasersampling.sampling.neurons.performance import (
    PerformanceSettings,
    WallPlug,
    longest_correlation,
    measure_performance,
)

BY_MACHINE = ("sample_time_ns", "sample_time_tau", "machine_power_uw", "sample_energy_fj")


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/speed_and_power.h5"
    ),
    machines: Annotated[int, typer.Option(min=2, help="Machines of seeds 0, 1, ...")] = 20,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    watts: Annotated[float, typer.Option(min=0.0, help="Assumed power of one CPU core.")] = 6.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sampling.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of a minute.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Time and energy per independent sample of random machines, W and b from N(0, 0.6)."""
    settings, n_flips = PerformanceSettings(), 100_000_000
    if smoke:
        machines, n_flips = 2, 1_000_000
        settings = PerformanceSettings(
            n_copies=8, emission_duration_ns=40.0, n_chains=4, machine_duration_ns=500.0
        )
    wall_plug, lasers = WallPlug(), ls.Lasers(device)
    config = to_toml(
        {"machines": machines, "device": device, "watts": watts, "performance": settings,
         "wall_plug": wall_plug}
    )  # fmt: skip
    command = shlex.join(["python", *sys.argv])
    reporter = Reporter(quiet=False, as_json=False)
    with ResultsFile.create(
        out, command=command, seed=seed, config=config, overwrite=overwrite, inputs=[device]
    ) as file:
        with reporter.progress(f"calibrating {device} (once)") as progress:
            lasers.calibrated(progress)
        measured, sweeps = [], []
        with reporter.progress("measuring") as progress:
            for k in range(machines):
                machine = ls.BoltzmannMachine.random(settings.n_units, seed=k)
                measured.append(
                    measure_performance(lasers, settings, wall_plug, machine=machine, seed=seed + k)
                )
                drawn = ls.Gibbs().sample(
                    machine, 5000 if not smoke else 500, n_chains=settings.n_chains, seed=seed + k
                )
                sweeps.append(longest_correlation(machine, drawn)[0].value)
                progress((k + 1) / machines)
        write_neuron(file, lasers.neuron)
        write_performance(file, measured[0], wall_plug)
        for name, (units, description) in PERFORMANCE.items():
            value, error = getattr(measured[0], name)
            spread = "" if error is None else f" +- {error:.2g}"
            print(f"{name}: {value:.5g}{spread} {units} ({description}, seed {seed})")
        for name in BY_MACHINE:
            _over_machines(
                file, name, [getattr(p, name).value for p in measured], PERFORMANCE[name][0]
            )
        updates = np.array(sweeps) * settings.n_units
        _over_machines(file, "gibbs_updates_per_sample", updates, "1")
        per_s = _updates_per_s(machine, n_flips, seed)
        file.metric("gibbs_updates_per_s", per_s, units="1/s", description="on one core")
        energy_fj = float(np.median(updates)) * watts / per_s * 1e15
        file.metric("gibbs_sample_energy_fj", energy_fj, units="fJ", description="at `watts`")
        print(f"Gibbs sampling: {per_s:.3g} updates/s on one core; {energy_fj:.3g} fJ per sample")
    print(f"written: {out}")


def _over_machines(file: ResultsFile, name: str, values: list[float], units: str) -> None:
    """Write one number per machine, and the median with its spread."""
    file.write(f"machines/{name}", values, ("machine",), units=units, description=name)
    median, spread = float(np.median(values)), float(np.std(values, ddof=1))
    error = 1.2533 * spread / np.sqrt(len(values))  # of a median of normal values
    file.metric(f"{name}_median", median, error, units, "median over the machines")
    print(f"{name}: median {median:.4g} +- {error:.2g} {units}, from {min(values):.4g} "
          f"to {max(values):.4g}")  # fmt: skip


def _updates_per_s(machine: ls.BoltzmannMachine, n_updates: int, seed: int) -> float:
    """Single-unit updates per second of processor time, the best of three runs of one chain."""
    n_draws = n_updates // (3 * machine.n_units)
    best = np.inf
    for k in range(3):
        start = time.process_time()
        ls.Gibbs().sample(machine, n_draws, n_chains=1, seed=seed + k)
        best = min(best, time.process_time() - start)
    return n_draws * machine.n_units / best


if __name__ == "__main__":
    run(main)
