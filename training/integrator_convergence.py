"""How far the spike rate is off, against the step and against what it costs.

The kernel with steps common to all lasers and with steps of each laser's own, at five pumps of
each device; a plain Euler loop beside it, with and without thresholds that make up for what a look
per step misses. Cost is processor time, which other work on the machine does not change.
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
import time
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from lasersampling.cli.main import run
from lasersampling.config import to_toml
from lasersampling.errors import AccuracyWarning
from lasersampling.lasers.device import Device, load_device
from lasersampling.lasers.euler import euler_rates
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate
from lasersampling.results import ResultsFile

Array = NDArray[np.float64]

LEVELS = (0.05, 0.11, 0.25, 0.5, 0.95)
STEPS_PS = {
    "common": (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0),
    "own": (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0),
    "euler": (0.25, 0.5, 1.0, 2.0),
    "euler_unshifted": (0.25, 0.5, 1.0, 2.0),
}
REFERENCE_STEP_PS = 1.0
CHAINS = 512
LEAST_NS, BURN_IN_NS = 100.0, 50.0
EULER_DEVICES = ("D2", "D5")
EULER_LEVEL = 0.5  # rare spikes cost the plain loop too much
UNITS = {"level": "1", "step_ps": "ps", "rate": "1/ns", "rate_se": "1/ns",
         "bias": "1", "bias_se": "1", "speed": "us/s"}  # fmt: skip


def pumps_of(device: Device, seed: int) -> tuple[Array, Array]:
    """Pumps over threshold at which P(z = 1) is one of `LEVELS`, and the rates there."""
    ratio = np.linspace(0.8, 1.5, 561)
    spikes = simulate(
        LaserNetwork(device, 1),
        ratio[:, None],
        2000.0,
        n_chains=ratio.size,
        seed=seed,
        settings=SimulationSettings(step_ps=2.0),
    ).spikes
    active = np.maximum.accumulate(spikes.active_fraction(device.refractory_time_ns)[:, 0])
    found = np.interp(LEVELS, active, ratio)
    return found, np.interp(found, ratio, spikes.rate_per_ns()[:, 0])


def rates(
    device: Device, method: str, pump: float, laser_ns: float, step_ps: float, seed: int
) -> tuple[Array, float]:
    """Spike rates of independent lasers, and laser time simulated for them [ns]."""
    if method.startswith("euler"):
        n_lasers, duration = 40, laser_ns / 40
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AccuracyWarning)  # how inaccurate is what is asked
            found = euler_rates(
                device, pump, duration, n_lasers=n_lasers, step_ps=step_ps, seed=seed,
                shifted=method == "euler", burn_in_ns=BURN_IN_NS,
            )  # fmt: skip
    else:
        n_lasers, duration = CHAINS, max(LEAST_NS, laser_ns / CHAINS)
        # A device that states the step in question, which `simulate` may refuse otherwise.
        device = dataclasses.replace(device, step_ps=step_ps)
        found = simulate(
            LaserNetwork(device, 1),
            pump,
            duration,
            n_chains=n_lasers,
            seed=seed,
            settings=SimulationSettings(
                step_ps=step_ps, common_step=method == "common", n_threads=1, burn_in_ns=BURN_IN_NS
            ),
        ).spikes.rate_per_ns()[:, 0]
    return found, n_lasers * (duration + BURN_IN_NS)


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/integrator_convergence.h5"
    ),
    device: Annotated[list[str] | None, typer.Option(help="Devices; D1 to D6 if none.")] = None,
    spikes: Annotated[int, typer.Option(min=100, help="Spikes per rate.")] = 200_000,
    euler_spikes: Annotated[int, typer.Option(min=20, help="The same, plain loop.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Some seconds instead of hours.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Measure the bias of the spike rate against step and cost."""
    names = device or (["D2"] if smoke else ["D1", "D2", "D4", "D5", "D6"])
    if smoke:
        spikes, euler_spikes = 500, 20
    config = to_toml({"devices": names, "spikes": spikes, "euler_spikes": euler_spikes})
    command = shlex.join(["python", *sys.argv])
    columns: dict[str, list[float]] = {name: [] for name in UNITS}
    labels: dict[str, list[str]] = {"device": [], "method": []}
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        figures=["integrator_convergence"],
    ) as file:
        # Compiled before the clock runs.
        laser = load_device(names[0])
        for method in STEPS_PS:
            rates(laser, method, 1.0, 100.0, 2.0, seed)
        for name in names:
            laser = load_device(name)
            for level, ratio, expected in zip(LEVELS, *pumps_of(laser, seed), strict=True):
                exact, _ = rates(
                    laser, "common", ratio, 2 * spikes / expected, REFERENCE_STEP_PS, seed + 1000
                )
                reference, reference_se = mean_and_error(exact)
                label = f"{name} at {ratio:.4f} P_th (P = {level:g})"
                print(f"{label}: {reference:.5f} ± {reference_se:.5f} /ns", flush=True)
                for method, steps in STEPS_PS.items():
                    is_euler = method.startswith("euler")
                    if is_euler and (name not in EULER_DEVICES or level != EULER_LEVEL):
                        continue
                    laser_ns = (euler_spikes if is_euler else spikes) / expected
                    for step_ps in steps:
                        begin = time.process_time()
                        found, simulated = rates(laser, method, ratio, laser_ns, step_ps, seed)
                        taken = time.process_time() - begin
                        rate, rate_se = mean_and_error(found)
                        row = (
                            level, step_ps, rate, rate_se, rate / reference - 1.0,
                            np.hypot(rate_se, reference_se) / reference, 1e-3 * simulated / taken,
                        )  # fmt: skip
                        for column, value in zip(columns.values(), row, strict=True):
                            column.append(float(value))
                        labels["device"].append(name)
                        labels["method"].append(method)
                        print(
                            f"{label}, {method}, {step_ps:g} ps: bias {100 * row[4]:+.2f} ± "
                            f"{100 * row[5]:.2f} %, {row[6]:.0f} laser-us per core second",
                            flush=True,
                        )
        for key, words in labels.items():
            file.write(f"convergence/{key}", words, ("run",), units="1", description=key)
        for key, values in columns.items():
            file.write(
                f"convergence/{key}", np.array(values), ("run",), units=UNITS[key],
                description=f"{key} of each run",
            )  # fmt: skip
        worst = max(
            abs(bias) for bias, step, method in
            zip(columns["bias"], columns["step_ps"], labels["method"], strict=True)
            if method == "common" and step == 2.0
        )  # fmt: skip
        file.metric("worst_bias_2ps", worst, description="kernel, common step of 2 ps, relative")
    for path in file.draw():
        print(f"written: {path}")


def mean_and_error(values: Array) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


if __name__ == "__main__":
    run(main)
