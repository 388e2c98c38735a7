"""Bias of the spike rate against the step and against the cost.

The kernel runs with a common step and with windows (`own`), at five pumps of each device. It is
compared with a plain Euler loop, with and without thresholds that compensate for what an
observation once per step misses. Cost is processor time, which does not depend on other work of
the computer.
"""

from __future__ import annotations

import dataclasses
import time
import warnings
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from shared.lasers import mean_and_error, pumps_of, spike_rates

import lasersampling as ls
from lasersampling.experiments import Run, option
from lasersampling.lasers import AccuracyWarning, euler_rates

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


def rates(
    device: ls.Device, method: str, pump: float, laser_ns: float, step_ps: float, seed: int
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
        found = spike_rates(
            device, pump, duration, n_lasers, seed,
            ls.SimulationSettings(
                step_ps=step_ps, common_step=method == "common", n_threads=1,
                burn_in_ns=BURN_IN_NS,
            ),
        )  # fmt: skip
    return found, n_lasers * (duration + BURN_IN_NS)


def timed(
    device: ls.Device, method: str, pump: float, laser_ns: float, step_ps: float, seed: int
) -> tuple[Array, float, float]:
    """`rates`, and the processor time that they took [s]."""
    begin = time.process_time()
    found, simulated = rates(device, method, pump, laser_ns, step_ps, seed)
    return found, simulated, time.process_time() - begin


@dataclass(frozen=True)
class Settings:
    """Measure the bias of the spike rate against step and cost."""

    device: tuple[str, ...] = option((), "Devices; D1 to D6 if none.")
    spikes: int = option(200_000, "Spikes per rate.", min=100)
    euler_spikes: int = option(2000, "The same, plain loop.", min=20)

    def smallest(self) -> Settings:
        device = self.device or ("D2",)
        return replace(self, device=device, spikes=500, euler_spikes=20)


def main(settings: Settings, run: Run) -> None:
    names = settings.device or ("D1", "D2", "D4", "D5", "D6")
    config = {
        "devices": names, "spikes": settings.spikes, "euler_spikes": settings.euler_spikes
    }  # fmt: skip
    columns: dict[str, list[float]] = {name: [] for name in UNITS}
    labels: dict[str, list[str]] = {"device": [], "method": []}
    with run.results(config) as file:
        # Compiled before the clock runs.
        laser = ls.load_device(names[0])
        for method in STEPS_PS:
            rates(laser, method, 1.0, 100.0, 2.0, run.seed)
        for name in names:
            laser = ls.load_device(name)
            for level, ratio, expected in zip(
                LEVELS, *pumps_of(laser, LEVELS, run.seed), strict=True
            ):
                exact, _, _ = run.step("rates", partial(
                    timed, laser, "common", ratio, 2 * settings.spikes / expected,
                    REFERENCE_STEP_PS, run.seed + 1000,
                ))  # fmt: skip
                reference, reference_se = mean_and_error(exact)
                label = f"{name} at {ratio:.4f} P_th (P = {level:g})"
                print(f"{label}: {reference:.5f} ± {reference_se:.5f} /ns")
                for method, steps in STEPS_PS.items():
                    is_euler = method.startswith("euler")
                    if is_euler and (name not in EULER_DEVICES or level != EULER_LEVEL):
                        continue
                    laser_ns = (settings.euler_spikes if is_euler else settings.spikes) / expected
                    for step_ps in steps:
                        found, simulated, taken = run.step(
                            "rates",
                            partial(timed, laser, method, ratio, laser_ns, step_ps, run.seed),
                        )
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
                            f"{100 * row[5]:.2f} %, {row[6]:.0f} laser-us per core second"
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


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["integrator_convergence"])
