"""What the plain Euler-Maruyama scheme gets wrong: spike rate by step, beside the kernel's.

Detection levels are shifted for each step, so what remains is the scheme's. The bias is in
proportion to the step; the line fitted through the rates gives the step that costs 1 %.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import numpy as np
import typer
from euler_maruyama import Laser, resting, scalar_loop

from lasersampling.lasers.device import Device, load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate

N_LASERS = 64
BURN_IN_NS = 30.0


def euler_rate(device: Device, pump: float, step: float, laser_ns: float) -> tuple[float, float]:
    """Spikes per ns by the scalar loop, and the standard error."""
    laser, n_steps = Laser.of(device, pump, step), int(laser_ns / N_LASERS / step)

    def half(number: int) -> list[int]:
        state = resting(device, pump, N_LASERS // 2)
        armed = np.ones(N_LASERS // 2, dtype=bool)
        generator = np.random.default_rng([number, int(step * 1e6)])
        scalar_loop(laser, state, armed, generator, step, int(BURN_IN_NS / step))
        return [
            scalar_loop(laser, state[:, i : i + 1], armed[i : i + 1], generator, step, n_steps)
            for i in range(N_LASERS // 2)
        ]

    with ThreadPoolExecutor(2) as pool:
        counts = np.concatenate(list(pool.map(half, range(2))))
    rates = counts / (n_steps * step)
    return float(rates.mean()), float(rates.std(ddof=1) / np.sqrt(N_LASERS))


def kernel_rate(device: Device, pump: float, step_ps: float, own: bool) -> tuple[float, float]:
    """The same of the kernel, from 1000 lasers."""
    rates = simulate(
        LaserNetwork(device, 1),
        pump,
        600.0,
        n_chains=1000,
        seed=9,
        settings=SimulationSettings(step_ps=step_ps, common_step=not own),
    ).spikes.rate_per_ns()[:, 0]
    return float(rates.mean()), float(rates.std(ddof=1) / np.sqrt(rates.size))


def main(
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D2",
    ratio: Annotated[float, typer.Option(help="Pump over its threshold.")] = 0.95,
    laser_ns: Annotated[float, typer.Option(help="Laser time of each Euler step.")] = 2e5,
) -> None:
    """Print spike rates, the slope of Euler's bias and the step that costs 1 %."""
    laser = load_device(device)
    print(f"{laser.name} at {ratio:g} of its threshold; spikes per ns and standard error")
    for name, step_ps, own in (
        ("kernel, windows", laser.step_ps, True),
        ("kernel, common step", laser.step_ps, False),
        ("kernel, common step", 0.5, False),
    ):
        rate, error = kernel_rate(laser, ratio, step_ps, own)
        print(f"{name:20s} {step_ps:5g} ps  {rate:.5f} {error:.5f}", flush=True)
    steps, rates, errors = np.array([1.0, 0.5, 0.25]), [], []
    for step_ps in steps:
        rate, error = euler_rate(laser, ratio, 1e-3 * step_ps, laser_ns)
        print(f"{'Euler':20s} {step_ps:5g} ps  {rate:.5f} {error:.5f}", flush=True)
        rates.append(rate)
        errors.append(error)
    (slope, limit), covariance = np.polyfit(
        steps, rates, 1, w=1.0 / np.array(errors), cov="unscaled"
    )
    print(f"{'Euler':20s} {0:5g} ps  {limit:.5f} {covariance[1, 1] ** 0.5:.5f}")
    print(f"bias {100 * slope / limit:+.1f} % per ps: 1 % at {abs(0.01 * limit / slope):.2f} ps")


if __name__ == "__main__":
    typer.run(main)
