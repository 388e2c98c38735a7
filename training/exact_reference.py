"""The stochastic rate equations against the exact jump process, for one device.

Spike rate and P(z = 1) at several pumps, intervals, pulses, and photon statistics below threshold.
The equations are integrated with a short step, so that differences are due to the equations and not
to the integrator. At every pump both methods continue, portion by portion, until the requested
standard error is reached: rare spikes take the most laser time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from shared.lasers import activation_curve

import lasersampling as ls
from lasersampling.experiments import Run, kept, option
from lasersampling.lasers import Traces
from lasersampling.lasers.jumps import JumpSettings
from lasersampling.results import write_device

Array = NDArray[np.float64]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
METHODS = ("jumps", "equations")
TOLERANCE = 0.02
# Chains of a portion and length of each, in spikes of the laser and at least in ns.
JUMP_PORTION = (20, 10.0, 250.0)
EQUATION_PORTION = (512, 10.0, 500.0)
PRECISION = 3.0  # of the equations, over that of the jumps
BELOW_THRESHOLD = 0.75  # of the pump of half activation
PULSE_STEP_PS = 1.0
PULSE_WINDOW_PS = (-60, 140)


def pumps_of(device: ls.Device, wanted: tuple[float, ...], seed: int) -> tuple[Array, Array, float]:
    """Pumps over threshold, rates there, and the pump of P(z = 1) = 1/2.

    The pumps are those wanted, or those where the equations give P(z = 1) = `LEVELS`.
    """
    ratio, active, rates = activation_curve(device, 281, 3000.0, seed)
    found = np.interp(LEVELS, active, ratio) if not wanted else np.array(wanted)
    rate = np.interp(found, ratio, rates)
    return found, rate, float(np.interp(0.5, active, ratio))


@dataclass
class Measured:
    """What one method gave at one pump, chain by chain."""

    rate: Array
    active: Array
    intervals: Array
    laser_ns: float

    def means(self) -> Array:
        """Rate and P(z = 1)."""
        return np.array([self.rate.mean(), self.active.mean()])

    def errors(self) -> Array:
        """Their standard errors, from the spread over chains."""
        return np.array([x.std(ddof=1) / np.sqrt(x.size) for x in (self.rate, self.active)])


def measured(
    run: Callable[[float, int, int], ls.SpikeTrains],
    portion: tuple[int, float, float],
    rate: float,
    target: float,
    most_ns: float,
    tau: float,
    seeds: np.random.Generator,
) -> Measured:
    """Run portions until rate and P(z = 1) are known to `target`, or for `most_ns`."""
    chains, spikes, least_ns = portion
    duration = min(max(least_ns, spikes / max(rate, 1e-3)), most_ns / chains)
    parts: list[ls.SpikeTrains] = []
    while True:
        seed = int(seeds.integers(2**62))
        parts.append(kept("portion", partial(run, duration, chains, seed)))
        result = Measured(
            np.concatenate([part.rate_per_ns()[:, 0] for part in parts]),
            np.concatenate([part.active_fraction(tau)[:, 0] for part in parts]),
            np.concatenate([part.intervals_ns(0) for part in parts]),
            duration * chains * len(parts),
        )
        known = np.all(result.errors() <= target * result.means())
        if known or result.laser_ns + duration * chains > most_ns * (1 + 1e-9):
            return result


def pulses_of(traces: Traces | None, spikes: ls.SpikeTrains) -> tuple[Array, Array]:
    """Heights of all recorded pulses, and their photon numbers around the peak, one a row."""
    assert traces is not None
    before, after = (int(t / PULSE_STEP_PS) for t in PULSE_WINDOW_PS)
    times, units = spikes.chain(0)
    rows = []
    for row, laser in enumerate(traces.laser):
        photons = traces.photons[row].astype(np.float64)
        for spike in np.searchsorted(traces.time_ns, times[units == laser]):
            if spike + 2 * after >= photons.size:
                continue
            peak = spike + int(photons[spike : spike + after].argmax())
            if peak + before >= 0:
                rows.append(photons[peak + before : peak + after])
    shapes = np.array(rows)
    return shapes[:, -before], shapes


def pulses_by(
    method: str,
    network: ls.LaserNetwork,
    pump: float,
    request: ls.TraceRequest,
    settings: Settings,
    seed: int,
) -> tuple[Array, Array]:
    """Heights of pulses by one method, and their photon numbers around the peak."""
    if method == "jumps":
        jumps = ls.simulate_jumps(
            network, pump, request.stop_ns, seed=seed,
            settings=JumpSettings(traces=request, n_threads=settings.threads),
        )  # fmt: skip
        return pulses_of(jumps.traces, jumps.spikes)
    result = ls.simulate(
        network, pump, request.stop_ns, seed=seed,
        settings=ls.SimulationSettings(step_ps=settings.step_ps, traces=request),
    )  # fmt: skip
    return pulses_of(result.traces, result.spikes)


def compare_pulses(
    file: ls.ResultsFile,
    device: ls.Device,
    pump: float,
    jump_ns: float,
    settings: Settings,
    seed: int,
) -> None:
    """Heights of pulses and their mean shapes, by both methods."""
    shapes, heights = {}, {}
    for method, n_lasers, duration in (("jumps", 4, jump_ns / 4), ("equations", 8, jump_ns / 4)):
        network = ls.LaserNetwork(device, n_lasers)
        request = ls.TraceRequest(tuple(range(n_lasers)), 0.0, duration, PULSE_STEP_PS)
        work = partial(pulses_by, method, network, pump, request, settings, seed)
        heights[method], shapes[method] = kept("pulses", work)
    time = np.arange(*PULSE_WINDOW_PS, PULSE_STEP_PS)
    file.write("pulses/time_ps", time, ("time_ps",), units="ps", description="time from the peak")
    edges = np.linspace(0.0, 1.05 * max(h.max() for h in heights.values()), 31)
    middle = (edges[1:] + edges[:-1]) / 2
    file.write(
        "pulses/height", middle, ("height",), units="photons", description="middle of the bin"
    )
    for method in METHODS:
        shape, height = shapes[method], heights[method]
        mean, error = shape.mean(axis=0), shape.std(axis=0, ddof=1) / np.sqrt(len(shape))
        for name, values in (("shape", mean), ("shape_se", error)):
            file.write(
                f"pulses/{name}_{method}", values, ("time_ps",),
                units="photons", description=f"mean pulse of the {method}, {name}",
            )  # fmt: skip
        share = np.histogram(height, edges)[0] / height.size
        file.write(
            f"pulses/share_{method}", share, ("height",),
            units="1", description=f"share of the pulses of the {method} with this height",
        )  # fmt: skip
        error = height.std(ddof=1) / np.sqrt(height.size)
        file.metric(f"height_{method}", height.mean(), error, "photons", "mean height of a pulse")
        print(f"pulse height, {method}: {height.mean():.0f} ± {error:.0f} photons")


def compare_photons(
    file: ls.ResultsFile, device: ls.Device, pump: float, jump_ns: float, threads: int, seed: int
) -> None:
    """Photon statistics: the law of n, and how much of S falls within 1/2 of each n.

    The two laws are those of different operator orders, alike but for terms of order 1/n**2; the
    moments below are compared exactly.
    """
    chains, bins = 20, 400
    histogram = kept("photons", lambda: ls.simulate_jumps(
        ls.LaserNetwork(device, 1), pump, jump_ns / chains, n_chains=chains, seed=seed,
        settings=JumpSettings(photon_histogram=bins, n_threads=threads),
    ).photon_histogram_ns)  # fmt: skip
    assert histogram is not None
    jumps = histogram[:, 0] / histogram[:, 0].sum(axis=1, keepdims=True)
    lasers = 64
    request = ls.TraceRequest(tuple(range(lasers)), 0.0, jump_ns, 100.0)
    traces = kept("photons", lambda: ls.simulate(
        ls.LaserNetwork(device, lasers), pump, jump_ns, seed=seed,
        settings=ls.SimulationSettings(step_ps=1.0, traces=request),
    ).traces)  # fmt: skip
    assert traces is not None
    s = traces.photons.astype(np.float64)
    number = np.arange(bins)
    edges = np.arange(bins + 1) - 0.5
    equations = np.stack([np.histogram(row, edges)[0] for row in s]) / s.shape[1]
    shown = jumps.mean(axis=0) > 1e-6
    top = int(np.flatnonzero(shown)[-1]) + 1
    file.write(
        "photons/number", number[:top], ("number",), units="photons", description="photon number n"
    )
    for method, rows in (("jumps", jumps), ("equations", equations)):
        error = rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
        for name, values in (("probability", rows.mean(axis=0)), ("probability_se", error)):
            file.write(
                f"photons/{name}_{method}", values[:top], ("number",),
                units="1", description=f"{name} of n, {method}",
            )  # fmt: skip
    moments = {
        "jumps": np.stack([jumps @ number, jumps @ (number * (number - 1.0))]),
        # <n (n - 1)> in symmetric order: `lasersampling.lasers.rate_equations`.
        "equations": np.stack([s.mean(axis=1), (s**2 - s - 0.25).mean(axis=1)]),
    }
    for method, (mean, pairs) in moments.items():
        n = mean.size
        ratio = pairs.mean() / mean.mean() ** 2
        # Jackknife over chains or lasers.
        left = (pairs.sum() - pairs) / (n - 1) / ((mean.sum() - mean) / (n - 1)) ** 2
        ratio_se = float(np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum()))
        mean_se = float(mean.std(ddof=1) / np.sqrt(n))
        file.metric(f"photons_{method}", mean.mean(), mean_se, "photons", "mean below threshold")
        file.metric(f"g2_{method}", ratio, ratio_se, description="g2(0) below threshold")
        print(
            f"below threshold, {method}: <n> {mean.mean():.4f} ± {mean_se:.4f}, "
            f"g2 {ratio:.4f} ± {ratio_se:.4f}"
        )


def compare_intervals(file: ls.ResultsFile, intervals: dict[str, Array]) -> None:
    edges = np.linspace(0.0, np.quantile(intervals["equations"], 0.995), 41)
    middle = (edges[1:] + edges[:-1]) / 2
    file.write(
        "intervals/time_ns", middle, ("time_ns",), units="ns", description="middle of the bin"
    )
    for method, values in intervals.items():
        count = np.histogram(values, edges)[0]
        scale = values.size * (edges[1] - edges[0])
        for name, column in (("density", count), ("density_se", np.sqrt(count))):
            file.write(
                f"intervals/{name}_{method}", column / scale, ("time_ns",),
                units="1/ns", description=f"{name} of the intervals, {method}",
            )  # fmt: skip
    test = ks_2samp(intervals["jumps"], intervals["equations"])
    file.metric("intervals_ks", test.statistic, description="Kolmogorov-Smirnov distance")
    file.metric("intervals_p", test.pvalue, description="its p-value, intervals as independent")
    print(f"intervals: Kolmogorov-Smirnov {test.statistic:.4f}, p {test.pvalue:.3f}")


@dataclass(frozen=True)
class Settings:
    """Compare the stochastic rate equations with the exact jump process."""

    device: str = option("D6", "Device file or name.")
    ratio: tuple[float, ...] = option(
        (), "Pumps over threshold; those of P = .05 to .95 if none.", min=0.1
    )
    percent: float = option(1.0, "Standard error aimed at.", min=0.05)
    most_ns: float = option(140_000.0, "Most laser time of jumps per pump.")
    step_ps: float = option(1.0, "Step of the equations.", min=0.01)
    threads: int = option(2, "Threads of the jump process.", min=1)

    def smallest(self) -> Settings:
        return replace(self, percent=20.0, most_ns=500.0)


class Piece(NamedTuple):
    """A pump over its threshold, where a laser spikes at some rate [1/ns]."""

    number: int
    pump: float
    rate: float
    settings: Settings
    seed: int


def both(piece: Piece) -> tuple[Measured, Measured]:
    """Measure at one pump, by jumps and by equations."""
    settings = piece.settings
    laser = ls.load_device(settings.device)
    network, tau = ls.LaserNetwork(laser, 1), laser.refractory_time_ns

    def jumps(ns: float, chains: int, seed: int) -> ls.SpikeTrains:
        return ls.simulate_jumps(
            network, piece.pump, ns, n_chains=chains, seed=seed,
            settings=JumpSettings(n_threads=settings.threads),
        ).spikes  # fmt: skip

    def equations(ns: float, chains: int, seed: int) -> ls.SpikeTrains:
        return ls.simulate(
            network, piece.pump, ns, n_chains=chains, seed=seed,
            settings=ls.SimulationSettings(step_ps=settings.step_ps),
        ).spikes  # fmt: skip

    seeds = np.random.default_rng([piece.seed, piece.number])
    target = 0.01 * settings.percent
    by_jumps = measured(jumps, JUMP_PORTION, piece.rate, target, settings.most_ns, tau, seeds)
    return by_jumps, measured(
        equations, EQUATION_PORTION, piece.rate, target / PRECISION, 200 * settings.most_ns, tau,
        seeds,
    )  # fmt: skip


def main(settings: Settings, run: Run) -> None:
    laser = ls.load_device(settings.device)
    config = {key: value for key, value in vars(settings).items() if key != "threads"}
    with run.results(config) as file:
        write_device(file, laser)
        pumps, rates, half = pumps_of(laser, settings.ratio, run.seed)
        pieces = [
            Piece(k, float(pump), float(rate), settings, run.seed)
            for k, (pump, rate) in enumerate(zip(pumps, rates, strict=True))
        ]
        pairs = run.each(both, pieces, f"{laser.name}: jumps and equations")
        found = {method: [pair[k] for pair in pairs] for k, method in enumerate(METHODS)}
        for k, pair in enumerate(pairs):
            told = "; ".join(map(described, METHODS, pair))
            print(f"{laser.name} at {pumps[k]:.4f} P_th: {told}")
        middle = int(np.argmin([abs(m.active.mean() - 0.5) for m in found["jumps"]]))
        compare_intervals(file, {m: found[m][middle].intervals for m in METHODS})
        write_comparison(file, pumps, found)
        pulse_ns = min(2000.0, settings.most_ns)
        compare_pulses(file, laser, float(pumps[-2:][0]), pulse_ns, settings, run.seed)
        below = BELOW_THRESHOLD * half
        file.attributes("photons", {"pump_ratio": below})
        compare_photons(file, laser, below, pulse_ns, settings.threads, run.seed)


def described(method: str, result: Measured) -> str:
    (rate, active), (rate_se, active_se) = result.means(), result.errors()
    return (
        f"{method} rate {rate:.5f} ± {rate_se:.5f} /ns, P {active:.4f} ± {active_se:.4f} "
        f"in {result.laser_ns:.3g} ns"
    )


def write_comparison(file: ls.ResultsFile, ratio: Array, found: dict[str, list[Measured]]) -> None:
    """Write rates and activations, and say whether they agree."""
    columns = {m: np.stack([result.means() for result in found[m]]) for m in METHODS}
    columns |= {f"se_{m}": np.stack([result.errors() for result in found[m]]) for m in METHODS}
    for method in METHODS:
        time = np.array([result.laser_ns for result in found[method]])
        file.write(
            f"comparison/laser_time_{method}", time, ("pump",),
            units="ns", description=f"laser time of the {method}",
        )  # fmt: skip
    file.write("comparison/pump", ratio, ("pump",), units="1", description="pump over threshold")
    for index, (quantity, units) in enumerate((("rate", "1/ns"), ("active", "1"))):
        for name, values in columns.items():
            file.write(
                f"comparison/{quantity}_{name}", values[:, index], ("pump",),
                units=units, description=f"{quantity}, {name.replace('se_', 'standard error of ')}",
            )  # fmt: skip
    difference = columns["equations"] / columns["jumps"] - 1.0
    error = np.hypot(columns["se_jumps"], columns["se_equations"]) / columns["jumps"]
    agree = (np.abs(difference) <= TOLERANCE) | (np.abs(difference) <= 2.0 * error)
    worst = np.unravel_index(np.abs(difference).argmax(), difference.shape)
    file.metric("worst_difference", difference[worst], error[worst], description="relative")
    # The error-weighted mean over pumps is known better than that at any of them.
    weight = error**-2
    mean = (weight * difference).sum(axis=0) / weight.sum(axis=0)
    mean_se = weight.sum(axis=0) ** -0.5
    for k, quantity in enumerate(("rate", "active")):
        file.metric(f"mean_difference_{quantity}", mean[k], mean_se[k], description="relative")
        print(f"{quantity}: equations differ by {100 * mean[k]:+.2f} ± {100 * mean_se[k]:.2f} %")
    file.attributes("comparison", {"equations_hold": bool(agree.all())})
    verdict = "hold" if agree.all() else f"fail at {int((~agree).sum())} of {agree.size} values"
    print(f"the equations {verdict}: 2 % or two standard errors")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["exact_reference"])
