"""Comparison of the renewal sampler with lasers: rates, intervals, distributions, and speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.experiments import Run, kept, option

LOGITS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0)
INTERVALS_SHOWN = (-1.0, 0.0, 2.0)
EDGES_NS = np.arange(0.0, 12.01, 0.1)
SIZES = ((3, 2), (70, 30), (314, 160))
PRE, POST, COUPLING = 0, 1, 1.5
LAGS_NS = np.arange(0.0, 6.01, 0.1)


@dataclass(frozen=True)
class Settings:
    """Compare lasers with the renewal neurons that stand for them."""

    machines: int = option(10, "Machines of five units.", min=2)
    duration_ns: float = option(2500.0, "Per chain of a machine.", min=10.0)
    single_ns: float = option(4000.0, "Per chain of single lasers.", min=10.0)
    speed_ns: float = option(100.0, "Of lasers, for the speed.", min=10.0)

    sizes: tuple[tuple[int, int], ...] = SIZES

    def smallest(self) -> Settings:
        return replace(
            self, machines=2, duration_ns=100.0, single_ns=300.0, speed_ns=10.0, sizes=SIZES[:1]
        )


def main(settings: Settings, run: Run) -> None:
    config = {
        "machines": settings.machines, "duration_ns": settings.duration_ns,
        "single_ns": settings.single_ns, "speed_ns": settings.speed_ns,
    }  # fmt: skip
    with run.results(config) as file, run.progress("comparing") as progress:
        hazard = ls.Renewal().hazard
        file.metric("slow_ns", hazard.slow_ns, hazard.slow_ns_se, units="ns",
                    description="slow relaxation time of the drive")  # fmt: skip
        file.metric("fast_ns", hazard.fast_ns, hazard.fast_ns_se, units="ns",
                    description="fast relaxation time of the drive")  # fmt: skip
        file.metric("misfit", hazard.misfit, description="deviance of log h per cell")
        write_singles(file, settings.single_ns, run.seed)
        progress(0.2)
        write_response(file, settings.single_ns, run.seed + 50)
        progress(0.3)
        write_machines(file, settings, run.seed + 100, lambda f: progress(0.3 + 0.5 * f))
        write_speed(file, settings.sizes, settings.speed_ns, run.seed)
        progress(1.0)


def write_singles(file: ls.ResultsFile, duration_ns: float, seed: int) -> None:
    """Rates, mean intervals and their spread at constant drives; 16 chains each."""
    lasers = ls.Lasers(burn_in_ns=50.0)
    renewal = ls.Renewal(lasers)
    machine = ls.BoltzmannMachine(np.zeros((len(LOGITS),) * 2), np.array(LOGITS))
    found = {}
    for name, sampler in (("lasers", lasers), ("renewal", renewal)):
        spikes = kept(
            "samples",
            partial(sampler.sample, machine, sampler.draws_in(duration_ns), n_chains=16, seed=seed),
        ).spikes
        assert spikes is not None
        rate = spikes.rate_per_ns()
        found[name] = spikes, rate
        file.write(f"single/rate_{name}", rate.mean(axis=0), ("drive",), units="1/ns",
                   description=f"spike rate, {name}")  # fmt: skip
        file.write(f"single/rate_{name}_se", rate.std(axis=0, ddof=1) / 4.0, ("drive",),
                   units="1/ns", description="its standard error")  # fmt: skip
    file.write("single/logit", LOGITS, ("drive",), units="1", description="drive")
    ratio = found["renewal"][1].mean(axis=0) / found["lasers"][1].mean(axis=0) - 1.0
    error = np.hypot(*(r.std(axis=0, ddof=1) / 4.0 / r.mean(axis=0) for _, r in found.values()))
    distances, critical = [], []
    rows: dict[str, list[NDArray[np.float64]]] = {"lasers": [], "renewal": []}
    for k, logit in enumerate(LOGITS):
        a, b = (np.sort(found[name][0].intervals_ns(k)) for name in ("lasers", "renewal"))
        both = np.concatenate([a, b])
        above = (
            np.searchsorted(a, both, "right") / a.size - np.searchsorted(b, both, "right") / b.size
        )
        distances.append(np.abs(above).max())
        critical.append(1.36 * np.sqrt(1.0 / a.size + 1.0 / b.size))
        print(
            f"logit {logit:+.0f}: rate off by {ratio[k]:+.4f} ± {error[k]:.4f}, mean interval "
            f"{a.mean():.4f} / {b.mean():.4f} ns, CV {a.std() / a.mean():.4f} / "
            f"{b.std() / b.mean():.4f} ± {error[k] / 1.4:.4f}, KS {distances[-1]:.4f} "
            f"(5 %: {critical[-1]:.4f})",
        )  # fmt: skip
        if logit in INTERVALS_SHOWN:
            for name, values in (("lasers", a), ("renewal", b)):
                rows[name].append(np.histogram(values, EDGES_NS)[0] / values.size / 0.1)
    for name, densities in rows.items():
        file.write(f"single/interval_{name}", np.array(densities), ("shown", "cell"),
                   units="1/ns", description=f"density of intervals, {name}")  # fmt: skip
    file.write("single/shown", INTERVALS_SHOWN, ("shown",), units="1", description="their drives")
    file.write("single/interval_ns", EDGES_NS[:-1] + 0.05, ("cell",), units="ns",
               description="middle of cells")  # fmt: skip
    file.write("single/ks", distances, ("drive",), units="1",
               description="Kolmogorov-Smirnov distance of intervals")  # fmt: skip
    file.write("single/ks_critical", critical, ("drive",), units="1",
               description="what chance exceeds in 5 % of cases")  # fmt: skip
    worst = int(np.abs(ratio / error).argmax())
    file.metric("rate_ratio_rms", float(np.sqrt(np.mean(ratio**2))),
                float(np.sqrt(np.mean(error**2))), description="rms relative error of rates"
    )  # fmt: skip
    file.metric("rate_ratio_worst", float(ratio[worst]), float(error[worst]),
                description="largest deviation of a rate in standard errors")  # fmt: skip


def write_response(file: ls.ResultsFile, duration_ns: float, seed: int) -> None:
    """Rate of a neuron after spikes of the other, the two being coupled in both directions."""
    weights = np.zeros((2, 2))
    weights[POST, PRE] = COUPLING
    lasers = ls.Lasers()
    rule, neuron = lasers.calibration.rule(lasers.neuron), lasers.neuron
    # A machine has symmetric weights, so both pairs, of lasers and of renewal neurons, are coupled
    # in both directions; the feedback is part of what is compared.
    pair = ls.BoltzmannMachine(weights + weights.T, np.array([-0.75, -0.75]))
    network = ls.LaserNetwork(
        neuron.device, 2, rule.weights_electrons_per_ns(pair), neuron.delay_ns, neuron.synapse
    )
    trains = {
        "lasers": kept(
            "simulation",
            lambda: (
                ls.simulate(
                    network,
                    rule.pump_ratio(pair),
                    duration_ns,
                    n_chains=32,
                    seed=seed,
                    settings=ls.SimulationSettings(refractory_time_ns=neuron.refractory_time_ns),
                ).spikes
            ),
        ),
        "renewal": kept(
            "samples",
            partial(
                ls.Renewal().sample, pair, lasers.draws_in(duration_ns), n_chains=32, seed=seed
            ),
        ).spikes,
    }
    width = LAGS_NS[1] - LAGS_NS[0]
    found: dict[str, NDArray[np.float64]] = {}
    for name, spikes in trains.items():
        assert spikes is not None
        each = []
        for chain in range(spikes.n_chains):
            times, units = spikes.chain(chain)
            pre, post = times[units == PRE], times[units == POST]
            counts = np.searchsorted(post, pre[:, None] + LAGS_NS)
            each.append(np.diff(counts, axis=1).sum(axis=0) / (pre.size * width))
        rates = found[name] = np.array(each)
        file.write(f"response/rate_{name}", rates.mean(axis=0), ("lag",), units="1/ns",
                   description=f"rate after a spike of the other, {name}")  # fmt: skip
        file.write(f"response/rate_{name}_se", rates.std(axis=0, ddof=1) / np.sqrt(len(rates)),
                   ("lag",), units="1/ns", description="its standard error")  # fmt: skip
    file.write("response/lag_ns", LAGS_NS[:-1] + 0.5 * width, ("lag",), units="ns",
               description="time after the spike")  # fmt: skip
    gap = found["renewal"].mean(axis=0) - found["lasers"].mean(axis=0)
    noise = np.sqrt(sum(r.var(axis=0, ddof=1) / len(r) for r in found.values()))
    mean = found["lasers"].mean()
    print(f"cross-correlation: rms gap {np.sqrt((gap**2).mean()) / mean:.4f} of the mean rate, "
          f"noise {np.sqrt((noise**2).mean()) / mean:.4f}")  # fmt: skip
    file.metric("cross_correlation_gap", float(np.sqrt((gap**2).mean()) / mean),
                description="rms difference of cross-correlations over the mean rate")  # fmt: skip
    file.metric("cross_correlation_noise", float(np.sqrt((noise**2).mean()) / mean),
                description="what chance alone makes of it")  # fmt: skip


def write_machines(
    file: ls.ResultsFile, settings: Settings, seed: int, progress: Callable[[float], None]
) -> None:
    """Divergences between exact, lasers and renewal on random machines of five units."""
    rows, n = [], settings.machines
    for k in range(n):
        machine = ls.BoltzmannMachine.random(5, seed=k)
        exact = ls.exact_distribution(machine)
        drawn = {}
        both: list[ls.Lasers | ls.Renewal] = [ls.Lasers(), ls.Renewal()]
        for shift, sampler in enumerate(both):
            drawn[sampler.name] = kept(
                "samples",
                partial(
                    sampler.sample,
                    machine,
                    sampler.draws_in(settings.duration_ns),
                    n_chains=24,
                    seed=seed + k + 1000 * shift,
                ),
            )
        p, q = drawn["lasers"].histogram(), drawn["renewal"].histogram()
        # Lasers, halved, against themselves: what the length of the runs makes of no difference.
        halves = [ls.Samples(drawn["lasers"].states[part], "lasers", 0).histogram()
                  for part in (slice(0, 12), slice(12, 24))]  # fmt: skip
        between, error = bootstrapped(drawn)
        rows.append((ls.kl_divergence(p, exact), ls.kl_divergence(q, exact),
                     ls.kl_divergence(q, p), error, ls.kl_divergence(*halves), between)
        )  # fmt: skip
        print(f"machine {k}: lasers {rows[-1][0]:.5f}, renewal {rows[-1][1]:.5f}, between "
              f"{rows[-1][2]:.5f} ± {error:.5f}, corrected {between:.5f}, halves "
              f"{rows[-1][4]:.5f}")  # fmt: skip
        progress((k + 1) / n)
    names = ("kl_lasers", "kl_renewal", "kl_between", "kl_between_se", "kl_halves", "kl_corrected")
    for name, values in zip(names, np.array(rows).T, strict=True):
        file.write(f"machines/{name}", values, ("machine",), units="1", description=name)
        if name != "kl_between_se":
            file.metric(f"{name}_median", float(np.median(values)),
                        float(values.std(ddof=1) / np.sqrt(n)), description=name)  # fmt: skip


def bootstrapped(drawn: dict[str, ls.Samples]) -> tuple[float, float]:
    """D_KL(renewal || lasers) less its bias by few samples, and its error, from whole chains."""
    generator = np.random.default_rng(0)
    tables = {
        name: np.array([ls.Samples(chain[None], name, 0).histogram() for chain in samples.states])
        for name, samples in drawn.items()
    }
    values = []
    for _ in range(200):
        p, q = (
            tables[name][generator.integers(len(tables[name]), size=len(tables[name]))].mean(axis=0)
            for name in ("lasers", "renewal")
        )
        values.append(ls.kl_divergence(q, np.maximum(p, 1e-9)))
    plain = ls.kl_divergence(tables["renewal"].mean(axis=0), tables["lasers"].mean(axis=0))
    return float(2.0 * plain - np.mean(values)), float(np.std(values, ddof=1))


Speeds = list[list[tuple[float, float]]]


def speeds_of(machine: ls.BoltzmannMachine, chains: int, duration_ns: float, seed: int) -> Speeds:
    """Laser-us per second of the clock and of processors, for lasers and renewal, four times."""
    speeds: Speeds = []
    for k in range(4):  # the first compiles
        pair = []
        for sampler, times in ((ls.Lasers(burn_in_ns=0.0), 1),
                               (ls.Renewal(ls.Lasers(burn_in_ns=0.0), record_spikes=False), 50)
        ):  # fmt: skip
            length = times * duration_ns
            wall = time.perf_counter()
            processor = time.process_time()
            sampler.sample(machine, sampler.draws_in(length), n_chains=chains, seed=seed + k)
            processor = time.process_time() - processor
            wall = time.perf_counter() - wall
            laser_us = machine.n_units * chains * length * 1e-3
            pair.append((laser_us / wall, laser_us / processor))
        speeds.append(pair)
    return speeds


def write_speed(
    file: ls.ResultsFile, sizes: Sequence[tuple[int, int]], duration_ns: float, seed: int
) -> None:
    """Laser time per wall second, as many lasers of each kind on the same threads, in turns."""
    generator = np.random.default_rng(3)
    table = []
    for n_visible, n_hidden in sizes:
        n = n_visible + n_hidden
        machine = ls.RestrictedMachine(
            generator.normal(0.0, 2.0 / np.sqrt(n), (n_hidden, n_visible)),
            generator.normal(-0.5, 0.5, n_visible), generator.normal(-0.5, 0.5, n_hidden),
        ).to_machine()  # fmt: skip
        chains = max(2, 1000 // n // 2 * 2)
        speeds = kept("speed", partial(speeds_of, machine, chains, duration_ns, seed))
        ratios = [[pair[1][i] / pair[0][i] for i in (0, 1)] for pair in speeds]
        speed, ratio = np.median(speeds[1:], axis=0), np.median(ratios[1:], axis=0)
        spread = np.std(ratios[1:], axis=0, ddof=1) / np.sqrt(3)
        table.append((n, *speed[:, 0], *speed[:, 1], *ratio))
        print(f"{n} lasers x {chains}: {speed[0, 0]:.0f} and {speed[1, 0]:.0f} laser-us/s, "
              f"ratio {ratio[0]:.0f} ± {spread[0]:.0f}; by processor time {ratio[1]:.0f} ± "
              f"{spread[1]:.0f}")  # fmt: skip
        file.metric(f"speed_ratio_{n}", float(ratio[0]), float(spread[0]),
                    description=f"speed over that of lasers, {n} lasers")  # fmt: skip
        file.metric(f"speed_ratio_processor_{n}", float(ratio[1]), float(spread[1]),
                    description=f"the same by processor time, {n} lasers")  # fmt: skip
    columns = np.array(table).T
    file.write("speed/n_lasers", columns[0], ("size",), units="1", description="lasers per chain")
    file.write("speed/lasers", columns[1], ("size",), units="1", description="laser-us/s, lasers")
    file.write("speed/renewal", columns[2], ("size",), units="1", description="the same, renewal")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["renewal"])
