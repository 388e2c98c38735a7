"""Three coupled lasers: joint distribution of their states, jump process against equations.

Couplings of either sign, with the device's own synapse, and pumps around half activation.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from lasersampling.cli.main import run
from lasersampling.config import to_toml
from lasersampling.lasers.device import load_device
from lasersampling.lasers.jumps.process import JumpSettings, simulate_jumps
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_device
from lasersampling.statistics.divergences import kl_divergence

Array = NDArray[np.float64]

# In units of threshold pump; some 30 of them make a unit of weight.
WEIGHTS = np.array([[0.0, 0.03, -0.03], [0.03, 0.0, 0.015], [-0.03, 0.015, 0.0]])
SAMPLING_NS = 0.5


def frequencies(spikes: SpikeTrains, tau: float) -> Array:
    """Share of the time in each joint state, one row per chain."""
    times = np.arange(tau, spikes.duration_ns, SAMPLING_NS)
    states = spikes.states(tau, times)
    index = states @ (1 << np.arange(spikes.n_units)[::-1])
    return np.stack([np.bincount(row, minlength=2**spikes.n_units) / times.size for row in index])


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/exact_network.h5"
    ),
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D2",
    ratio: Annotated[float, typer.Option(min=0.1, help="Pump over threshold.")] = 0.945,
    chains: Annotated[int, typer.Option(min=2, help="Chains of jumps.")] = 20,
    duration_ns: Annotated[float, typer.Option(min=50.0, help="Time per chain.")] = 600.0,
    step_ps: Annotated[float, typer.Option(min=0.01, help="Step of the equations.")] = 1.0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the jump process.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Compare the joint distribution of three coupled lasers."""
    if smoke:
        chains, duration_ns = 4, 50.0
    laser = load_device(device)
    threshold = laser.threshold_pump_electrons_per_ns
    network = LaserNetwork(laser, 3, WEIGHTS * threshold)
    config = to_toml(
        {"device": device, "ratio": ratio, "chains": chains, "duration_ns": duration_ns,
         "step_ps": step_ps}
    )  # fmt: skip
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out, command=command, seed=seed, config=config, overwrite=overwrite, inputs=[device]
    ) as file:
        write_device(file, laser)
        exact = simulate_jumps(
            network,
            ratio,
            duration_ns,
            n_chains=chains,
            seed=seed,
            settings=JumpSettings(n_threads=threads),
        ).spikes
        trains = {
            "jumps": exact,
            "equations": simulate(
                network,
                ratio,
                duration_ns,
                n_chains=40 * chains,
                seed=seed,
                settings=SimulationSettings(step_ps=step_ps),
            ).spikes,
            # What the coupling does, to see by how much the comparison could fail.
            "uncoupled": simulate(
                LaserNetwork(laser, 3),
                ratio,
                duration_ns,
                n_chains=40 * chains,
                seed=seed,
                settings=SimulationSettings(step_ps=step_ps),
            ).spikes,
        }
        mean, error = {}, {}
        for method, train in trains.items():
            rows = frequencies(train, laser.refractory_time_ns)
            mean[method] = rows.mean(axis=0)
            error[method] = rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
            for name, values in (("", mean[method]), ("_se", error[method])):
                file.write(
                    f"states/probability{name}_{method}", values, ("state",),
                    units="1", description=f"share of the time{name}, {method}",
                )  # fmt: skip
            print(f"{method}: {train.n_spikes} spikes; " + ", ".join(
                f"{k:03b} {p:.4f} ± {e:.4f}"
                for k, (p, e) in enumerate(zip(mean[method], error[method], strict=True))
            ), flush=True)  # fmt: skip
        for method in ("equations", "uncoupled"):
            total = np.hypot(error["jumps"], error[method])
            deviation = (mean[method] - mean["jumps"]) / total
            far = float(np.abs(deviation).max())
            spread = float(np.sqrt((deviation**2).mean()))
            divergence = kl_divergence(mean["jumps"], mean[method])
            file.metric(f"kl_jumps_{method}", divergence, units="nat")
            file.metric(f"largest_deviation_{method}", far, description="in standard errors")
            print(
                f"jumps against {method}: D_KL {divergence:.5f} nats, deviations of the 8 states "
                f"{spread:.2f} standard errors rms, {far:.2f} at most",
                flush=True,
            )
    print(f"written: {out}")


if __name__ == "__main__":
    run(main)
