"""Bias of the spike rate at the step that each device file states, in windows and in common steps.

Rates of independent lasers are compared with those of a common step of 1 ps, at pumps from rare
spikes to nearly as many as fit into the refractory time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from shared.lasers import mean_and_error, pumps_of, spike_rates

import lasersampling as ls
from lasersampling.experiments import Run, kept, option

LEVELS = (0.05, 0.25, 0.5, 0.95)
MODES = ("windows", "common")
REFERENCE_STEP_PS = 1.0
LASERS, BURN_IN_NS = 1024, 30.0
ABOUT = {
    "pump": ("1", "pump over its threshold"),
    "rate": ("1/ns", "spikes per ns in common steps of 1 ps"),
    "rate_se": ("1/ns", "its standard error"),
}


@dataclass(frozen=True)
class Settings:
    """Measure the bias of the spike rate at the stated step of each device."""

    device: tuple[str, ...] = option((), "Devices; D1 to D6 if none.")
    spikes: int = option(180_000, "Spikes per rate; twice as many at 1 ps.", min=100)

    def smallest(self) -> Settings:
        return replace(self, device=self.device or ("D2",), spikes=500)


def measured(
    device: ls.Device, pump: float, laser_ns: float, seed: int, settings: ls.SimulationSettings
) -> tuple[float, float, float]:
    """Spikes per ns of a laser, the standard error, and laser-us per second of a core."""
    duration_ns = max(20.0, laser_ns / LASERS)
    started = time.process_time()
    rate, error = mean_and_error(spike_rates(device, pump, duration_ns, LASERS, seed, settings))
    taken = time.process_time() - started
    return rate, error, 1e-3 * LASERS * (duration_ns + BURN_IN_NS) / taken


class Piece(NamedTuple):
    """A device and a pump over its threshold, where it spikes at some rate [1/ns]."""

    device: str
    pump: float
    expected: float
    spikes: int
    seed: int


def compared(piece: Piece) -> list[tuple[float, float, float]]:
    """What `measured` gives in common steps of 1 ps, and in each mode at the stated step."""
    device, laser_ns = ls.load_device(piece.device), piece.spikes / piece.expected
    exact = ls.SimulationSettings(
        step_ps=REFERENCE_STEP_PS, common_step=True, n_threads=1, burn_in_ns=BURN_IN_NS
    )
    modes = [
        ls.SimulationSettings(common_step=mode == "common", n_threads=1, burn_in_ns=BURN_IN_NS)
        for mode in MODES
    ]
    jobs = [(2 * laser_ns, piece.seed + 1000, exact)] + [(laser_ns, piece.seed, m) for m in modes]
    for mode in modes:  # compiled before the clock runs
        spike_rates(device, piece.pump, 1.0, 1, 0, mode)
    return [kept("rate", partial(measured, device, piece.pump, *job)) for job in jobs]


def main(settings: Settings, run: Run) -> None:
    names = settings.device or ("D1", "D2", "D4", "D5", "D6")
    shape = (len(names), len(LEVELS))
    about = {name: np.full(shape, np.nan) for name in ABOUT}
    bias, bias_se, speed = (np.full((len(MODES), *shape), np.nan) for _ in range(3))
    with run.results({"devices": names, "spikes": settings.spikes}) as file:
        pieces = []
        for name in names:
            pumps = run.step("pumps", partial(pumps_of, ls.load_device(name), LEVELS, run.seed))
            pieces += [
                Piece(name, float(pump), float(expected), settings.spikes, run.seed)
                for pump, expected in zip(*pumps, strict=True)
            ]
        found = run.each(compared, pieces, "measuring")
        for place, (piece, (exact, *own)) in enumerate(zip(pieces, found, strict=True)):
            d, k = np.unravel_index(place, shape)
            rate, rate_se, _ = exact
            for values, value in zip(about.values(), (piece.pump, rate, rate_se), strict=True):
                values[d, k] = value
            for m, (mode, (mean, error, fast)) in enumerate(zip(MODES, own, strict=True)):
                speed[m, d, k] = fast
                bias[m, d, k] = mean / rate - 1.0
                bias_se[m, d, k] = np.hypot(error, mean / rate * rate_se) / rate
                print(
                    f"{piece.device} at P = {LEVELS[k]:g}, {mode}: bias "
                    f"{100 * bias[m, d, k]:+.2f} ± {100 * bias_se[m, d, k]:.2f} %"
                )
        file.write("bias/level", list(LEVELS), ("level",), units="1", description="P(z = 1)")
        steps = [ls.load_device(name).step_ps for name in names]
        file.write("bias/step_ps", steps, ("device",), units="ps", description="stated step")
        for name, (units, description) in ABOUT.items():
            file.write(
                f"bias/{name}", about[name], ("device", "level"), units=units,
                description=description,
            )  # fmt: skip
        for key, found_values, units, description in (
            ("bias", bias, "1", "relative bias of the spike rate"),
            ("bias_se", bias_se, "1", "its standard error"),
            ("speed", speed, "us/s", "laser time simulated by a second of a core"),
        ):
            file.write(
                f"bias/{key}", found_values, ("mode", "device", "level"), units=units,
                description=description,
            )  # fmt: skip
        file.attributes("bias", {"devices": list(names), "modes": list(MODES)})
        for mode, own_bias in zip(MODES, bias, strict=True):
            file.metric(
                f"largest_bias_{mode}", float(np.abs(own_bias).max()), units="1",
                description=f"largest bias of a spike rate, {mode}",
            )  # fmt: skip


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["step_bias"])
