"""Do intervals and p-values of correlated samples mean what they say? Gibbs chains of known law."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy.stats import chi2

import lasersampling as ls
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.results import ResultsFile
from lasersampling.statistics import bootstrap_intervals, goodness_of_fit

SHIFTS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.14)
SHIFT_OF_INTERVALS = 0.3
LEVEL = 0.05


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/sample_statistics.h5"
    ),
    runs: Annotated[int, typer.Option(min=2, help="Runs of each kind.")] = 2000,
    chains: Annotated[int, typer.Option(min=1, help="Chains per run.")] = 4,
    draws: Annotated[int, typer.Option(min=32, help="Draws per chain.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the chains.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of minutes.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Rate of false alarms and power of the goodness-of-fit test, coverage of the intervals."""
    if smoke:
        runs = 20
    reporter = Reporter(quiet=False, as_json=False)
    command = shlex.join(["python", *sys.argv])
    config = to_toml({"runs": runs, "chains": chains, "draws": draws})
    machines = {
        "weak": ls.BoltzmannMachine.random(5, seed=0),
        "strong": ls.BoltzmannMachine.random(4, weight_std=1.5, seed=3),
    }
    with (
        ResultsFile.create(
            out,
            command=command,
            seed=seed,
            config=config,
            overwrite=overwrite,
            figures=["p_values"],
        ) as file,
        reporter.progress("testing") as progress,
    ):
        for k, (name, machine) in enumerate(machines.items()):
            target = ls.exact_distribution(machine)
            drawn = sampled(machine, runs, chains, draws, seed + k)
            p_values = {
                "corrected": [goodness_of_fit(states, target).p_value for states in drawn],
                "independent": [independent_p_value(states, target) for states in drawn],
            }
            for test, values in p_values.items():
                file.write(
                    f"null/{name}_{test}", values, ("run",), units="1",
                    description=f"p-values under the null, {name} weights, {test}",
                )  # fmt: skip
                write_rate(file, f"false_alarms_{name}_{test}", np.array(values) < LEVEL)
            progress((k + 1) / 4)
        weak = machines["weak"]
        target = ls.exact_distribution(weak)
        rates = []
        for k, shift in enumerate(SHIFTS):
            other = ls.BoltzmannMachine(weak.weights, weak.biases + shift)
            drawn = sampled(other, runs // 4, chains, draws, seed + 10 + k)
            rates.append(np.mean([goodness_of_fit(s, target).p_value < LEVEL for s in drawn]))
        divergences = [
            ls.kl_divergence(
                ls.exact_distribution(ls.BoltzmannMachine(weak.weights, weak.biases + shift)),
                target,
            )
            for shift in SHIFTS
        ]
        for name, values in (("kl", divergences), ("rate", rates)):
            file.write(f"power/{name}", values, ("shift",), units="1", description=name)
        errors = np.sqrt(np.array(rates) * (1 - np.array(rates)) / (runs // 4))
        file.write("power/rate_se", errors, ("shift",), units="1", description="its error")
        progress(3 / 4)
        write_coverage(file, weak, runs // 4, chains, draws, seed + 20)
        progress(1.0)
    for path in file.draw():
        print(f"written: {path}")


def sampled(machine, n_runs: int, n_chains: int, n_draws: int, seed: int):
    """Independent runs of Gibbs sampling, shape (run, chain, draw, unit)."""
    drawn = ls.Gibbs().sample(machine, n_draws, n_chains=n_runs * n_chains, seed=seed)
    return drawn.states.reshape(n_runs, n_chains, n_draws, machine.n_units)


def independent_p_value(states, target) -> float:
    """Pearson's test as if the draws were independent."""
    samples = ls.Samples(states, "gibbs", 0)
    size = samples.n_chains * samples.n_draws
    statistic = size * ((samples.histogram() - target) ** 2 / target).sum()
    return float(chi2.sf(statistic, len(target) - 1))


def write_coverage(
    file: ResultsFile, machine, n_runs: int, n_chains: int, n_draws: int, seed: int
) -> None:
    """How often 95 % intervals hold the true divergence, with few chains and with many."""
    target = ls.exact_distribution(machine)
    other = ls.BoltzmannMachine(machine.weights, machine.biases + SHIFT_OF_INTERVALS)
    law = ls.exact_distribution(other)
    functions = {
        "kl_sample_target": lambda table: ls.kl_divergence(table, target),
        "kl_target_sample": lambda table: ls.kl_divergence(target, table),
        "total_variation": lambda table: ls.total_variation(table, target),
    }
    for label, n, length in (
        ("blocks", n_chains, n_draws),
        ("chains", 32, n_chains * n_draws // 32),
    ):
        found = [
            bootstrap_intervals(states, functions)
            for states in sampled(other, n_runs, n, length, seed + n)
        ]
        for name, function in functions.items():
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
                    print(f"bias_{kind}_{label}: {bias.mean():.5f} ± {error:.5f}", flush=True)


def write_rate(file: ResultsFile, name: str, happened) -> None:
    """Write and print how often something happened."""
    rate = float(happened.mean())
    error = float(np.sqrt(rate * (1 - rate) / len(happened)))
    file.metric(name, rate, error, description=name.replace("_", " "))
    print(f"{name}: {rate:.3f} ± {error:.3f}", flush=True)


if __name__ == "__main__":
    run(main)
