"""Dynamics of one nanolaser: a spike, phase portrait, trains, intervals, activation, stability."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.experiments import Run, kept, option
from lasersampling.lasers import quiescent_state
from lasersampling.lasers.analysis import (
    Excitability,
    fit_intervals,
    fixed_points,
    nullclines,
    pulse_response,
    refractory_curve,
    regimes,
)
from lasersampling.results import flattened, write_device
from lasersampling.sampling.neurons import measure_activation

Array = NDArray[np.float64]
SPIKE_BEFORE_NS, SPIKE_AFTER_NS = 1.2, 6.5
SPIKE_STEP_PS = 0.5
TRAIN_NS = 100.0
ONE_THREAD = ls.SimulationSettings(n_threads=1)
SUBTHRESHOLD = (0.5, 0.9)  # kicks over the threshold kick, beside the strong one
KEPT_AROUND_NS, KEPT_ELSEWHERE_NS = 0.06, 0.02
"""Traces are kept in full so near to a pulse, and one value in so much time elsewhere."""
INTERVALS_SHOWN = 600
"""Points of the densities of intervals, at most."""


@dataclass(frozen=True)
class Settings:
    """Measure what a laser physicist asks of an excitable laser, and draw it."""

    device: str = option("D2", "Device file or name.")
    pump: float = option(0.92, "Pump of spike and intervals, P/P_th.")
    trains: str = option("0.90,0.96,1.02", "Three pumps of the trains, P/P_th.")

    smoke: bool = False

    def smallest(self) -> Settings:
        return replace(self, smoke=True)


def main(settings: Settings, run: Run) -> None:
    laser = ls.load_device(settings.device)
    pumps = [float(value) for value in settings.trains.split(",")]
    config = {
        "device": settings.device, "pump": settings.pump, "trains": pumps, "smoke": settings.smoke
    }  # fmt: skip
    with run.results(config) as file:
        write_device(file, laser)
        spike(file, laser, settings.pump, run.seed)
        summary = ls.excitability(laser, settings.pump)
        for name, value in flattened(summary).items():
            file.metric(name, value, units=unit(name), description=name.replace("_", " "))
        portrait(file, laser, summary)
        refractoriness(file, laser, summary, 8 if settings.smoke else 32)
        spike_trains(file, laser, pumps, run.seed + 1)
        intervals(file, laser, summary, 40 if settings.smoke else 1000, run.seed + 2)
        activation(file, laser, settings.smoke, run.seed + 3)
        stability(file, laser, 6 if settings.smoke else 80)


def unit(name: str) -> str:
    """Unit in which a name ends."""
    return next((u for u in ("electrons", "photons", "ps", "ns") if name.endswith(f"_{u}")), "1")


def thinned(time_ns: Array, pulse_ns: float) -> NDArray[np.bool_]:
    """Which values of a trace are kept, which changes fast in a pulse and slowly elsewhere."""
    elsewhere = np.floor(time_ns / KEPT_ELSEWHERE_NS)
    first = np.diff(elsewhere, prepend=elsewhere[0] - 1) > 0
    kept: NDArray[np.bool_] = first | (np.abs(time_ns - pulse_ns) <= KEPT_AROUND_NS)
    return kept


def spike(file: ls.ResultsFile, laser: ls.Device, pump: float, seed: int) -> None:
    """One noise-triggered spike, well apart from the ones before and after."""
    length = 200.0
    result = ls.simulate(
        ls.LaserNetwork(laser, 1), pump, length, seed=seed,
        settings=ls.SimulationSettings(
            step_ps=SPIKE_STEP_PS, n_threads=1,
            traces=ls.TraceRequest((0,), 0.0, length, SPIKE_STEP_PS),
        ),
    )  # fmt: skip
    times = np.concatenate([[0.0], result.spikes.time_ns, [length]])
    since, until = np.diff(times)[:-1], np.diff(times)[1:]
    apart = (since > SPIKE_AFTER_NS) & (until > SPIKE_AFTER_NS)
    chosen = times[1:-1][apart]
    if chosen.size == 0:
        raise SystemExit(f"no spike stands {SPIKE_AFTER_NS} ns apart: choose a lower --pump")
    traces = result.traces
    assert traces is not None
    near = np.abs(traces.time_ns - chosen[0]) < 0.1
    peak = traces.time_ns[near][traces.photons[0, near].argmax()]
    time = traces.time_ns - peak
    shown = (time >= -SPIKE_BEFORE_NS) & (time <= SPIKE_AFTER_NS) & thinned(time, 0.0)
    file.write("spike/time_ns", time[shown], ("time_ns",), units="ns", description="from the peak")
    for name, column in (
        ("photons", traces.photons),
        ("gain_electrons", traces.gain_electrons),
        ("absorber_electrons", traces.absorber_electrons),
    ):
        file.write(
            f"spike/{name}", column[0, shown], ("time_ns",), units=unit("_" + name),
            description=f"{name.replace('_', ' ')} around a spike",
        )  # fmt: skip
    file.attributes("spike", {"pump": pump})


def portrait(file: ls.ResultsFile, laser: ls.Device, summary: Excitability) -> None:
    """Noise-free trajectories after kicks, with the nullclines."""
    threshold = summary.threshold_kick_electrons
    kicks = [*(share * threshold for share in SUBTHRESHOLD), summary.strong_kick_electrons]
    for number, kick in enumerate(kicks):
        path = pulse_response(laser, summary.pump_ratio, kick, duration_ns=12.0, interval_ps=2.0)
        group = f"portrait/kick_{number}"
        file.attributes(group, {"kick_electrons": kick})
        kept = thinned(path.time_ns, path.time_ns[path.photons.argmax()])
        for name in ("time_ns", "photons", "gain_electrons"):
            file.write(
                f"{group}/{name}", getattr(path, name)[kept], ("time_ns",),
                units=unit("_" + name), description=f"{name} after a kick",
            )  # fmt: skip
    photons = np.geomspace(1e-2, 3e4, 400)
    of_photons, of_gain = nullclines(laser, summary.pump_ratio, photons)
    for name, values in (
        ("photons", photons), ("photon_nullcline", of_photons), ("gain_nullcline", of_gain)
    ):  # fmt: skip
        units = "photons" if name == "photons" else "electrons"
        file.write(f"portrait/{name}", values, ("photons",), units=units, description=name)
    rest = quiescent_state(laser, summary.pump_ratio)
    file.attributes(
        "portrait", {"rest_photons": rest.photons, "rest_gain_electrons": rest.gain_electrons}
    )


def refractoriness(file: ls.ResultsFile, laser: ls.Device, summary: Excitability, n: int) -> None:
    """Threshold of a second kick against its delay."""
    first = 1e-3 * summary.pulse_delay_ps + 0.2
    delay = np.linspace(first, 5.0 * laser.gain.carrier_lifetime_ns, n)
    threshold = kept(
        "refractory",
        lambda: refractory_curve(
            laser, summary.pump_ratio, delay, first_kick_electrons=summary.strong_kick_electrons
        ),
    )
    file.write("refractory/delay_ns", delay, ("delay_ns",), units="ns",
               description="second kick after the first")  # fmt: skip
    file.write("refractory/threshold_electrons", threshold, ("delay_ns",), units="electrons",
               description="smallest second kick that triggers a pulse")  # fmt: skip


def spike_trains(file: ls.ResultsFile, laser: ls.Device, pumps: list[float], seed: int) -> None:
    """Spikes of uncoupled lasers, one pump each."""
    network = ls.LaserNetwork(laser, len(pumps))
    spikes = ls.simulate(network, pumps, TRAIN_NS, seed=seed, settings=ONE_THREAD).spikes
    file.write("trains/time_ns", spikes.time_ns, ("spike",), units="ns", description="of a spike")
    file.write("trains/laser", spikes.unit, ("spike",), units="1", description="whose spike it is")
    file.write("trains/pump", pumps, ("pump",), units="1", description="pump over threshold pump")
    file.attributes("trains", {"duration_ns": TRAIN_NS})


def intervals(
    file: ls.ResultsFile, laser: ls.Device, summary: Excitability, n_chains: int, seed: int
) -> None:
    """Interval histogram with its first-passage approximation."""
    pump, length = summary.pump_ratio, 600.0
    measured = kept("intervals", lambda: ls.simulate(
        ls.LaserNetwork(laser, 1), pump, length, n_chains=n_chains, seed=seed, settings=ONE_THREAD
    ).spikes.intervals_ns(0))  # fmt: skip
    model = fit_intervals(laser, pump, measured, kick_electrons=summary.strong_kick_electrons)
    edges = np.linspace(0.0, float(np.quantile(measured, 0.985)), 61)
    count, _ = np.histogram(measured, edges)
    scale = measured.size * np.diff(edges)
    for name, values in (("density_per_ns", count / scale), ("se_per_ns", count**0.5 / scale)):
        file.write(f"intervals/{name}", values, ("bin",), units="1/ns", description=name)
    file.write("intervals/edge_ns", edges, ("edge",), units="ns", description="bin edges")
    last = int(np.searchsorted(model.time_ns, edges[-1], side="right"))
    shown = slice(0, last, 1 + last // INTERVALS_SHOWN)
    for name in ("time_ns", "density_per_ns", "long_time_density_per_ns", "hazard_per_ns"):
        values = getattr(model, name)[shown]
        units = "ns" if name == "time_ns" else "1/ns"
        file.write(f"first_passage/{name}", values, ("time_ns",), units=units, description=name)
    error = model.prefactor / measured.size**0.5
    file.metric("first_passage_prefactor", model.prefactor, error, description="fitted prefactor")
    file.metric("dead_time_ns", model.dead_time_ns, units="ns", description="effective dead time")
    file.metric("rest_hazard_per_ns", model.rest_hazard_per_ns, units="1/ns",
                description="hazard of the recovered laser")  # fmt: skip
    spread = float(measured.std(ddof=1))
    file.metric("interval_mean_ns", float(measured.mean()), spread / measured.size**0.5, "ns",
                "mean interval")  # fmt: skip
    file.metric("interval_cv", spread / float(measured.mean()), description="std over mean")


def activation(file: ls.ResultsFile, laser: ls.Device, smoke: bool, seed: int) -> None:
    """Activation against pump with its logistic fit, laid out as a calibration."""
    tau = laser.refractory_time_ns
    curve = kept("activation", lambda: measure_activation(
        laser, tau, duration_ns=300.0 if smoke else 2500.0, n_chains=4 if smoke else 24,
        seed=seed, n_threads=1,
    ))  # fmt: skip
    values, error = curve.activation(tau)
    fit = curve.fit(tau)
    for name, column in (
        ("pump", curve.pump), ("activation", values), ("activation_se", error)
    ):  # fmt: skip
        file.write(f"calibration/{name}", column, ("pump",), units="1", description=name)
    file.attributes("calibration", {"refractory_time_ns": tau})
    file.metric("alpha", fit.slope, fit.slope_se, description="slope over P/P_th")
    file.metric("r0", fit.midpoint, fit.midpoint_se, description="P/P_th of half activation")
    file.metric("fit_rms", fit.rms, description="rms residual of the logistic fit")


def stability(file: ls.ResultsFile, laser: ls.Device, n: int) -> None:
    """Steady states, eigenvalues and regimes against pump."""
    pumps = np.geomspace(0.3, 20.0, n)
    rows = [
        (r, p.state.photons, p.eigenvalues_per_ns[0].real, abs(p.eigenvalues_per_ns[0].imag),
         p.n_unstable)
        for r in pumps for p in fixed_points(laser, r)
    ]  # fmt: skip
    for name, units, column in zip(
        ("pump", "photons", "growth_per_ns", "angular_frequency_per_ns", "n_unstable"),
        ("1", "photons", "1/ns", "1/ns", "1"),
        np.array(rows).T,
        strict=True,
    ):
        file.write(f"stability/{name}", column, ("state",), units=units, description=name)
    found = regimes(laser, pumps)
    file.write("regimes/pump", pumps, ("pump",), units="1", description="pump over threshold pump")
    file.write("regimes/regime", found, ("pump",), units="1", description="attractors")
    for k, point in enumerate(ls.bifurcations(laser)):
        about = {"kind": point.kind, "frequency_per_ns": point.frequency_per_ns}
        file.attributes(f"bifurcations/{k}", {"pump": point.pump_ratio} | about)


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["laser_dynamics"])
