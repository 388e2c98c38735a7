"""Validity of intervals and p-values of correlated samples, for Gibbs chains with a known law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

import lasersampling as ls
from lasersampling.experiments import Run, kept, option
from lasersampling.statistics import Interval, bootstrap_intervals, goodness_of_fit

SHIFTS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.14)
SHIFT_OF_INTERVALS = 0.3
LEVEL = 0.05
RUNS_OF_BLOCK = 20
R = TypeVar("R")


@dataclass(frozen=True)
class Settings:
    """Rate of false alarms and power of the goodness-of-fit test, coverage of the intervals."""

    runs: int = option(2000, "Runs of each kind.", min=2)
    chains: int = option(4, "Chains per run.", min=1)
    draws: int = option(1000, "Draws per chain.", min=32)

    def smallest(self) -> Settings:
        return replace(self, runs=20)


def main(settings: Settings, run: Run) -> None:
    machines = {
        "weak": ls.BoltzmannMachine.random(5, seed=0),
        "strong": ls.BoltzmannMachine.random(4, weight_std=1.5, seed=3),
    }
    with run.results(settings) as file:
        for k, (name, machine) in enumerate(machines.items()):
            target = ls.exact_distribution(machine)
            drawn = sampled(machine, settings, settings.runs, run.seed + k)
            p_values = in_blocks(p_values_of, drawn, target, run, f"testing, {name} weights")
            for column, test in enumerate(("corrected", "independent")):
                values = [own[column] for own in p_values]
                file.write(
                    f"null/{name}_{test}", values, ("run",), units="1",
                    description=f"p-values under the null, {name} weights, {test}",
                )  # fmt: skip
                write_rate(file, f"false_alarms_{name}_{test}", np.array(values) < LEVEL)
        weak = machines["weak"]
        target = ls.exact_distribution(weak)
        rates: list[float] = []
        for k, shift in enumerate(SHIFTS):
            other = ls.BoltzmannMachine(weak.weights, weak.biases + shift)
            drawn = sampled(other, settings, settings.runs // 4, run.seed + 10 + k)
            p_values = in_blocks(p_values_of, drawn, target, run, f"testing, shift {shift:g}")
            alarms = [corrected < LEVEL for corrected, _ in p_values]
            rates.append(float(np.mean(alarms)))
        divergences = [
            ls.kl_divergence(
                ls.exact_distribution(ls.BoltzmannMachine(weak.weights, weak.biases + shift)),
                target,
            )
            for shift in SHIFTS
        ]
        for name, values in (("kl", divergences), ("rate", rates)):
            file.write(f"power/{name}", values, ("shift",), units="1", description=name)
        errors = np.sqrt(np.array(rates) * (1 - np.array(rates)) / (settings.runs // 4))
        file.write("power/rate_se", errors, ("shift",), units="1", description="its error")
        write_coverage(file, weak, settings, run)


def sampled(
    machine: ls.BoltzmannMachine, settings: Settings, n_runs: int, seed: int
) -> NDArray[np.int8]:
    """Independent runs of Gibbs sampling, shape (run, chain, draw, unit)."""
    n_chains = settings.chains
    drawn = kept(
        "samples",
        partial(ls.Gibbs().sample, machine, settings.draws, n_chains=n_runs * n_chains, seed=seed),
    )
    return drawn.states.reshape(n_runs, n_chains, settings.draws, machine.n_units)


def independent_p_value(states: NDArray[np.int8], target: NDArray[np.float64]) -> float:
    """Pearson's test as if the draws were independent."""
    samples = ls.Samples(states, "gibbs", 0)
    size = samples.n_chains * samples.n_draws
    statistic = size * ((samples.histogram() - target) ** 2 / target).sum()
    return float(chi2.sf(statistic, len(target) - 1))


Block = tuple[NDArray[np.int8], NDArray[np.float64]]
"""Some runs, (run, chain, draw, unit), and the law with which they are compared."""


def p_values_of(block: Block) -> list[tuple[float, float]]:
    """P-values of runs, corrected for correlations and as if draws were independent."""
    runs, target = block
    return [
        (goodness_of_fit(states, target).p_value, independent_p_value(states, target))
        for states in runs
    ]


def divergences_from(
    target: NDArray[np.float64],
) -> dict[str, Callable[[NDArray[np.float64]], float]]:
    """Divergences of a histogram from a law."""
    return {
        "kl_sample_target": lambda table: ls.kl_divergence(table, target),
        "kl_target_sample": lambda table: ls.kl_divergence(target, table),
        "total_variation": lambda table: ls.total_variation(table, target),
    }


def intervals_of(block: Block) -> list[dict[str, Interval]]:
    """Intervals of the divergences of runs."""
    runs, target = block
    return [bootstrap_intervals(states, divergences_from(target)) for states in runs]


def in_blocks(
    work: Callable[[Block], list[R]],
    drawn: NDArray[np.int8],
    target: NDArray[np.float64],
    run: Run,
    what: str,
) -> list[R]:
    """Do work for all runs, some at a time."""
    n_blocks = -(-len(drawn) // RUNS_OF_BLOCK)
    blocks = [(runs, target) for runs in np.array_split(drawn, n_blocks)]
    return [one for found in run.each(work, blocks, what) for one in found]


def write_coverage(
    file: ls.ResultsFile, machine: ls.BoltzmannMachine, settings: Settings, run: Run
) -> None:
    """How often 95 % intervals hold the true divergence, with few chains and with many."""
    target = ls.exact_distribution(machine)
    other = ls.BoltzmannMachine(machine.weights, machine.biases + SHIFT_OF_INTERVALS)
    law = ls.exact_distribution(other)
    n_runs = settings.runs // 4
    many = replace(settings, chains=32, draws=settings.chains * settings.draws // 32)
    for label, plan in (("blocks", settings), ("chains", many)):
        drawn = sampled(other, plan, n_runs, run.seed + 20 + plan.chains)
        found = in_blocks(intervals_of, drawn, target, run, f"intervals, {label}")
        for name, function in divergences_from(target).items():
            true = function(law)
            held = [each[name].low <= true <= each[name].high for each in found]
            write_rate(file, f"coverage_{name}_{label}", np.array(held))
            if name == "kl_sample_target":
                for kind, values in (
                    ("plain", [each[name].estimate for each in found]),
                    ("corrected", [each[name].estimate - each[name].bias for each in found]),
                ):
                    bias = np.array(values) - true
                    error = bias.std(ddof=1) / np.sqrt(n_runs)
                    file.metric(f"bias_{kind}_{label}", bias.mean(), error, description="nats")
                    print(f"bias_{kind}_{label}: {bias.mean():.5f} ± {error:.5f}")


def write_rate(file: ls.ResultsFile, name: str, happened: NDArray[np.bool_]) -> None:
    """Write and print how often something happened."""
    rate = float(happened.mean())
    error = float(np.sqrt(rate * (1 - rate) / len(happened)))
    file.metric(name, rate, error, description=name.replace("_", " "))
    print(f"{name}: {rate:.3f} ± {error:.3f}")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["p_values"])
