"""A search for the device and synapse that sample best and have all-or-none spikes.

Devices are drawn from plausible ranges; each is judged uncoupled first: does the count of spikes
depend on the detection threshold, and from which refractory time on is the activation logistic?
Those that pass sample random machines by translation alone; the best go through all synapses.

Ranges: carrier lifetimes of 0.5 to 3 ns in the gain and 50 to 300 ps in the absorber, where ion
implantation or surface recombination shortens it: M. A. Nahmias et al., IEEE JSTQE 19 (2013)
1800212, table 1 (1 ns and 100 ps); F. Selmi et al., Phys. Rev. Lett. 112 (2014) 183902. Gains per
electron are differential gain times confinement over volume: for 2.9e-12 and 14.5e-12 m^3/s (same
table), a confinement of .06 and 6 to 17 cubic micrometres of gain, or as much less as the mode is
smaller. No sample is described.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

import lasersampling as ls
from lasersampling.config import to_toml
from lasersampling.experiments import Run, option
from lasersampling.judging import evaluate
from lasersampling.lasers import Cavity, Detection, Section
from lasersampling.sampling.neurons import (
    CalibrationSettings,
    LaserNeuron,
    measure_activation,
    measure_calibration,
)

RANGES = {
    "gain_lifetime_ns": (0.5, 3.0),
    "absorber_lifetime_ns": (0.05, 0.3),
    "gain_per_ns": (0.010, 0.030),
    "gain_ratio": (4.0, 15.0),  # absorber over gain section, per electron
    "absorption": (1.2, 3.0),  # unsaturated, over the cavity loss
    "transparency": (4000.0, 9000.0),
}
KNOWN = ("D1", "D2", "D4", "D5")
STEP_PS = 5.0
REFRACTORY = np.arange(0.6, 1.8, 0.1)  # over twice the gain lifetime
LARGEST_RMS, LARGEST_CHANGE = 0.012, 0.02
LEVELS = (0.1, 0.5, 0.9)
KICKS = (0.4, 0.55, 0.7, 0.85)
USUAL = ls.Synapse(kernel="shaped", kick=0.45)
INHIBITION_ELECTRONS_PER_NS = 8000.0  # pump of an absorber that synapses take from


@dataclass(frozen=True)
class Character:
    """What an uncoupled laser is like; `tau_ns` is the shortest that is logistic enough."""

    tau_ns: float
    rms: float
    slope: float
    midpoint: float
    change: float  # of the spike count when the detection threshold doubles
    rate_per_ns: float  # at half activation
    energy_fj: float  # of one photon per electron pumped, per spike, at half activation


@dataclass(frozen=True)
class Finalist:
    """A device that sampled, with the kick that suits it best."""

    device: ls.Device
    found: Character
    kick: float
    kl: NDArray[np.float64]

    @property
    def median(self) -> float:
        return float(np.median(self.kl))


def variant(device: ls.Device, **changes: object) -> ls.Device:
    return ls.Device(**{f.name: getattr(device, f.name) for f in fields(device)} | changes)


def drawn(point: NDArray[np.float64], number: int) -> ls.Device:
    """Device at a point of `RANGES`; its detection threshold follows from its pulses."""
    v = dict(zip(RANGES, point, strict=True))
    cavity = Cavity(photon_lifetime_ps=5.0, wavelength_nm=1550.0)
    slope = v["gain_per_ns"] * v["gain_ratio"]
    device = ls.Device(
        name=f"drawn-{number}", description="Drawn by training/design_device.py.",
        source="ranges of training/design_device.py", cavity=cavity,
        gain=Section(v["gain_lifetime_ns"], v["gain_per_ns"], v["transparency"]),
        absorber=Section(
            v["absorber_lifetime_ns"], slope, v["absorption"] * cavity.loss_per_ns / slope
        ),
        detection=Detection(600.0, 180.0), refractory_time_ns=2.0 * v["gain_lifetime_ns"],
        synapse=USUAL, step_ps=STEP_PS,
    )  # fmt: skip
    request = ls.TraceRequest((0,), 0.0, 100.0, 5.0)
    traces = ls.simulate(
        ls.LaserNetwork(device, 1),
        1.05,
        100.0,
        seed=number,
        settings=ls.SimulationSettings(traces=request),
    ).traces
    assert traces is not None
    level = max(100.0, float(traces.photons.max()) / 10.0)
    return variant(device, detection=Detection(level, 0.3 * level))


def character(device: ls.Device, duration_ns: float, seed: int) -> Character:
    """Judge an uncoupled laser."""
    usual = 2.0 * device.gain.carrier_lifetime_ns
    curve = measure_activation(
        device, usual, duration_ns=duration_ns, n_chains=16, seed=seed, step_ps=device.step_ps
    )
    fits = []
    for tau in REFRACTORY * usual:
        try:
            fits.append((float(tau), curve.fit(float(tau))))
        except ls.LaserSamplingError:  # too short to reach high activation
            continue
    good = [pair for pair in fits if pair[1].rms <= LARGEST_RMS]
    tau, fit = good[0] if good else min(fits, key=lambda pair: pair[1].rms)
    threshold = device.threshold_pump_electrons_per_ns
    pump = fit.midpoint + np.log(np.divide(LEVELS, 1.0 - np.array(LEVELS))) / fit.slope
    counts = []
    for factor in (0.5**0.5, 2.0**0.5):
        level = device.detection.threshold_photons * factor
        other = variant(device, detection=Detection(level, device.detection.rearm_photons))
        # The same seed and common steps: the same light, read with another threshold.
        spikes = ls.simulate(
            ls.LaserNetwork(other, len(LEVELS)), pump, duration_ns, n_chains=40,
            seed=seed, settings=ls.SimulationSettings(common_step=True),
        ).spikes  # fmt: skip
        counts.append(spikes.counts().sum(axis=0))
    change = float(np.abs(counts[1] / np.maximum(counts[0], 1) - 1.0).max())
    rate = float(counts[0][1] / (40 * duration_ns))
    photon_fj = 6.62607015e-34 * 2.99792458e8 / (device.cavity.wavelength_nm * 1e-9) * 1e15
    energy = pump[1] * threshold / max(rate, 1e-9) * photon_fj
    return Character(tau, fit.rms, fit.slope, fit.midpoint, change, rate, float(energy))


Candidate = tuple[NDArray[np.float64] | str, int, float, int]
"""Name of a known device, or a point and its number; time of the curve [ns]; seed."""


def judged(candidate: Candidate) -> tuple[ls.Device, Character | str]:
    """A device and what it is like as a laser alone, or why it is of no use."""
    which, number, duration_ns, seed = candidate
    device = ls.load_device(which) if isinstance(which, str) else drawn(which, number)
    try:
        return device, character(device, duration_ns, seed)
    except ls.LaserSamplingError as error:  # does not turn on, or not logistic at all
        return device, str(error)


def divergences(
    device: ls.Device, synapse: ls.Synapse, tau_ns: float, settings: Settings, seed: int
) -> NDArray[np.float64]:
    """D_KL(sample || target) of random machines, by translation alone."""
    if synapse.section == "absorber":
        # A pump to take from, and as much more absorber that it bleaches.
        absorber, pump = device.absorber, INHIBITION_ELECTRONS_PER_NS
        filled = absorber.transparency_electrons + pump * absorber.carrier_lifetime_ns
        section = Section(absorber.carrier_lifetime_ns, absorber.differential_gain_per_ns, filled)
        device = variant(device, absorber=section, absorber_pump_electrons_per_ns=pump)
    calibration = CalibrationSettings(
        seed=seed, n_chains=24, activation_duration_ns=1000.0, pair_duration_ns=3000.0
    )
    neuron = LaserNeuron(device, synapse, tau_ns, 0.0, device.step_ps)
    lasers = ls.Lasers(device, synapse, tau_ns, settings=calibration)
    # Of no use to the user's cache.
    lasers.__dict__["calibration"] = measure_calibration(neuron, calibration)
    values = []
    for k in range(settings.machines):
        machine = ls.BoltzmannMachine.random(5, seed=k)
        n_draws = lasers.draws_in(settings.duration_ns / 24)
        samples = lasers.sample(machine, n_draws, n_chains=24, seed=k)
        values.append(evaluate(machine, samples).metrics()["kl_sample_target"].value)
    return np.array(values)


class Pair(NamedTuple):
    """A device with a synapse, to be judged by what it samples."""

    device: ls.Device
    synapse: ls.Synapse
    tau_ns: float
    settings: Settings
    seed: int


def divergences_of(pair: Pair) -> NDArray[np.float64]:
    """`divergences` of a device with a synapse."""
    return divergences(*pair)


def divergences_if_any(pair: Pair) -> NDArray[np.float64] | str:
    """The same, or why there are none."""
    try:
        return divergences(*pair)
    except ls.LaserSamplingError as error:
        return str(error)


def synapses(tau_ns: float) -> dict[str, ls.Synapse]:
    return {
        "rectangular": ls.Synapse(),
        **{f"kick {k:g}": ls.Synapse(kernel="shaped", kick=k) for k in (0.4, 0.55, 0.7, 1.0)},
        "exponential": ls.Synapse(kernel="exponential", time_constant_ns=tau_ns / 2),
        "absorber": ls.Synapse(section="absorber"),
    }


@dataclass(frozen=True)
class Settings:
    """Search devices, refractory times and synapses for the best sampling neuron."""

    devices: int = option(64, "Devices drawn.", min=1)
    finalists: int = option(12, "Devices that sample.", min=1)
    machines: int = option(8, "Machines of seeds 0, 1, ...", min=2)
    duration_ns: float = option(1e5, "Laser time per machine.")

    curve_ns: float = 1000.0
    last: int = 2
    known: tuple[str, ...] = KNOWN
    kicks: tuple[float, ...] = KICKS

    def smallest(self) -> Settings:
        return replace(
            self, devices=2, finalists=1, machines=2, duration_ns=2400.0, curve_ns=150.0, last=1,
            known=KNOWN[:2], kicks=KICKS[1:3],
        )  # fmt: skip


def main(settings: Settings, run: Run) -> None:
    config = {
        "devices": settings.devices, "finalists": settings.finalists,
        "machines": settings.machines, "duration_ns": settings.duration_ns, "ranges": RANGES,
    }  # fmt: skip
    known = settings.known
    points = qmc.scale(
        qmc.Sobol(len(RANGES), seed=run.seed).random(settings.devices),
        *(np.array(edge) for edge in zip(*RANGES.values(), strict=True)),
    )
    with run.results(config) as file:
        candidates: list[Candidate] = [(name, 0, settings.curve_ns, run.seed) for name in known]
        candidates += [(p, k, settings.curve_ns, run.seed) for k, p in enumerate(points)]
        pool: list[tuple[ls.Device, Character]] = []
        for device, found in run.each(judged, candidates, "uncoupled lasers"):
            if isinstance(found, str):
                print(f"{device.name}: {found}")
            else:
                pool.append((device, found))
        write_pool(file, pool)
        fit = [
            pair for pair in pool
            if pair[1].change < LARGEST_CHANGE and pair[1].rms <= LARGEST_RMS
        ]  # fmt: skip
        print(f"{len(fit)} of {len(pool)} are all-or-none and logistic")
        fit = sorted(fit or pool, key=lambda pair: pair[1].tau_ns)[: settings.finalists]
        ranked = []
        pairs = [
            Pair(device, ls.Synapse(kernel="shaped", kick=kick), found.tau_ns, settings, run.seed)
            for device, found in fit for kick in settings.kicks
        ]  # fmt: skip
        each = iter(run.each(divergences_of, pairs, "finalists"))
        for device, found in fit:
            tried = {kick: next(each) for kick in settings.kicks}
            kick = min(tried, key=lambda one: float(np.median(tried[one])))
            ranked.append(Finalist(device, found, kick, tried[kick]))
            print(f"{device.name}: tau {found.tau_ns:.2f} ns, rms {found.rms:.4f}, " + ", ".join(
                f"kick {one} median D_KL {np.median(kl):.4f} worst {kl.max():.4f}"
                for one, kl in tried.items()
            ))  # fmt: skip
        ranked.sort(key=lambda one: one.median)
        write_finalists(file, ranked)
        shapes = list(synapses(1.0))
        table = np.full((settings.last, len(shapes), settings.machines), np.nan)
        last = ranked[: settings.last]
        last_pairs = [
            Pair(best.device, synapse, best.found.tau_ns, settings, run.seed)
            for best in last for synapse in synapses(best.found.tau_ns).values()
        ]  # fmt: skip
        tables = iter(run.each(divergences_if_any, last_pairs, "synapses"))
        for i, best in enumerate(last):
            device = best.device
            for j, shape in enumerate(shapes):
                kl = next(tables)
                if isinstance(kl, str):
                    print(f"{device.name}, {shape}: {kl}")
                    continue
                table[i, j] = kl
                print(f"{device.name}, {shape}: median D_KL {np.median(table[i, j]):.4f}, "
                      f"worst {table[i, j].max():.4f}")  # fmt: skip
        file.write("synapses/shape", np.array(shapes), ("synapse",),
                   units="1", description="shape")  # fmt: skip
        file.write("synapses/kl", table, ("best", "synapse", "machine"),
                   units="1", description="D_KL, nats")  # fmt: skip
        winner = ranked[0]
        spread = float(winner.kl.std(ddof=1) / np.sqrt(settings.machines))
        file.metric("winner_kl", winner.median, spread, description=winner.device.name)
        print(to_toml({"winner": winner.device}))


def write_finalists(file: ls.ResultsFile, ranked: list[Finalist]) -> None:
    names = np.array([one.device.name for one in ranked])
    file.write("finalists/name", names, ("finalist",), units="1", description="device")
    gain, absorber = [one.device.gain for one in ranked], [one.device.absorber for one in ranked]
    for name, units, column in (
        ("kl", "1", [one.median for one in ranked]),
        ("kl_worst", "1", [one.kl.max() for one in ranked]),
        ("kick", "1", [one.kick for one in ranked]),
        ("tau_ns", "ns", [one.found.tau_ns for one in ranked]),
        ("energy_fj", "fJ", [one.found.energy_fj for one in ranked]),
        ("gain_lifetime_ns", "ns", [one.carrier_lifetime_ns for one in gain]),
        ("gain_per_ns", "1/ns", [one.differential_gain_per_ns for one in gain]),
        ("gain_transparency", "electrons", [one.transparency_electrons for one in gain]),
        ("absorber_lifetime_ns", "ns", [one.carrier_lifetime_ns for one in absorber]),
        ("absorber_per_ns", "1/ns", [one.differential_gain_per_ns for one in absorber]),
        ("absorber_transparency", "electrons", [one.transparency_electrons for one in absorber]),
    ):
        file.write(
            f"finalists/{name}", np.array(column), ("finalist",), units=units, description=name
        )


def write_pool(file: ls.ResultsFile, pool: list[tuple[ls.Device, Character]]) -> None:
    names = np.array([device.name for device, _ in pool])
    file.write("devices/name", names, ("device",), units="1", description="device")
    for item in fields(Character):
        values = np.array([getattr(found, item.name) for _, found in pool])
        units = {"tau_ns": "ns", "rate_per_ns": "1/ns", "energy_fj": "fJ"}.get(item.name, "1")
        file.write(f"devices/{item.name}", values, ("device",), units=units, description=item.name)
    for name, (_, found) in zip(names, pool, strict=True):
        print(f"{name}: tau {found.tau_ns:.2f} ns, rms {found.rms:.4f}, change "
              f"{100 * found.change:.1f} %, rate {found.rate_per_ns:.3f} /ns, "
              f"{found.energy_fj:.1f} fJ")  # fmt: skip


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["design"])
