"""Three coupled lasers: joint distribution of their states, jump process against equations.

Couplings of either sign, with the device's own synapse, and pumps around half activation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.experiments import Run, option
from lasersampling.lasers.jumps import JumpSettings
from lasersampling.results import write_device

Array = NDArray[np.float64]

# In units of threshold pump; some 30 of them make a unit of weight.
WEIGHTS = np.array([[0.0, 0.03, -0.03], [0.03, 0.0, 0.015], [-0.03, 0.015, 0.0]])
SAMPLING_NS = 0.5


def frequencies(spikes: ls.SpikeTrains, tau: float) -> Array:
    """Share of the time in each joint state, one row per chain."""
    times = np.arange(tau, spikes.duration_ns, SAMPLING_NS)
    states = spikes.states(tau, times)
    index = states @ (1 << np.arange(spikes.n_units)[::-1])
    return np.stack([np.bincount(row, minlength=2**spikes.n_units) / times.size for row in index])


@dataclass(frozen=True)
class Settings:
    """Compare the joint distribution of three coupled lasers."""

    device: str = option("D2", "Device file or name.")
    ratio: float = option(0.945, "Pump over threshold.", min=0.1)
    chains: int = option(20, "Chains of jumps.", min=2)
    duration_ns: float = option(600.0, "Time per chain.", min=50.0)
    step_ps: float = option(1.0, "Step of the equations.", min=0.01)
    threads: int = option(2, "Threads of the jump process.", min=1)

    def smallest(self) -> Settings:
        return replace(self, chains=4, duration_ns=50.0)


def main(settings: Settings, run: Run) -> None:
    laser = ls.load_device(settings.device)
    threshold = laser.threshold_pump_electrons_per_ns
    network = ls.LaserNetwork(laser, 3, WEIGHTS * threshold)
    config = {key: value for key, value in vars(settings).items() if key != "threads"}
    with run.results(config) as file:
        write_device(file, laser)
        equations: dict[str, Any] = {
            "n_chains": 40 * settings.chains, "seed": run.seed,
            "settings": ls.SimulationSettings(step_ps=settings.step_ps),
        }  # fmt: skip
        pumped = settings.ratio, settings.duration_ns
        works: dict[str, Callable[[], ls.SpikeTrains]] = {
            "jumps": lambda: ls.simulate_jumps(
                network, *pumped, n_chains=settings.chains, seed=run.seed,
                settings=JumpSettings(n_threads=settings.threads),
            ).spikes,
            "equations": lambda: ls.simulate(network, *pumped, **equations).spikes,
            # What the coupling does, to see by how much the comparison could fail.
            "uncoupled": lambda: ls.simulate(
                ls.LaserNetwork(laser, 3), *pumped, **equations
            ).spikes,
        }  # fmt: skip
        mean, error = {}, {}
        for method, work in works.items():
            train = run.step("simulation", work)
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
            ))  # fmt: skip
        for method in ("equations", "uncoupled"):
            total = np.hypot(error["jumps"], error[method])
            deviation = (mean[method] - mean["jumps"]) / total
            far = float(np.abs(deviation).max())
            spread = float(np.sqrt((deviation**2).mean()))
            divergence = ls.kl_divergence(mean["jumps"], mean[method])
            file.metric(f"kl_jumps_{method}", divergence, units="nat")
            file.metric(f"largest_deviation_{method}", far, description="in standard errors")
            print(
                f"jumps against {method}: D_KL {divergence:.5f} nats, deviations of the 8 states "
                f"{spread:.2f} standard errors rms, {far:.2f} at most"
            )


if __name__ == "__main__":
    ls.experiment(main, Settings)
