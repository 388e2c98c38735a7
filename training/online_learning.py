"""Lasers that learn spike by spike, beside batch learning: fidelity for laser time."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

import lasersampling as ls
from lasersampling.boltzmann import BoltzmannMachine, Target, target_from_machine, target_from_table
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.judging.samples import evaluate_target
from lasersampling.learning.machines.contrastive import initial_machine, learn
from lasersampling.learning.machines.local_rule import LocalSettings, learn_locally
from lasersampling.learning.machines.settings import DistributionLearning
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_neuron

N_UNITS = 5
THIRD_ORDER = (0.3, 0.05, 0.05, 0.2, 0.02, 0.18, 0.15, 0.05)
"""Of three units; no machine without hidden units has it."""
HIDDEN = 2
ONE_CHIP_RATE = 1 / 20
"""Learning rate of a single chip over that of many, as its traces are noisier."""


class Case(NamedTuple):
    """What is learned, from where, and the machine that it is translated from, if there is one."""

    label: str
    target: Target
    start: BoltzmannMachine
    translated: BoltzmannMachine | None


class Learned(NamedTuple):
    """A machine and how long each chip ran for it."""

    machine: BoltzmannMachine
    time_ns: float


def cases(machines: int, seed: int) -> Iterator[Case]:
    for k in range(machines):
        machine = BoltzmannMachine.random(N_UNITS, seed=k)
        target = target_from_machine(machine)
        yield Case(f"machine {k}", target, initial_machine(target, 0, seed=seed), machine)
    target = target_from_table(THIRD_ORDER)
    start = initial_machine(target, HIDDEN, seed=seed, weight_std=1.5)
    yield Case("third order, 2 hidden", target, start, None)


def locally(case: Case, budget_ns: float, chips: int, lasers: ls.Lasers, seed: int) -> Learned:
    settings = LocalSettings(n_chips=chips)
    if chips == 1:
        settings = dataclasses.replace(
            settings,
            learning_rate=settings.learning_rate * ONE_CHIP_RATE,
            final_learning_rate=settings.final_learning_rate * ONE_CHIP_RATE,
        )
    settings = dataclasses.replace(
        settings, n_cycles=max(1, round((budget_ns - rest_ns(lasers)) / settings.cycle_ns))
    )
    found = learn_locally(case.target, case.start, settings, lasers=lasers, seed=seed)
    return Learned(found.machine, found.time_ns)


def in_batches(case: Case, budget_ns: float, chips: int, lasers: ls.Lasers, seed: int) -> Learned:
    settings = DistributionLearning(n_chains=chips)
    # A data half is sampled only if there are hidden units; a chip runs both, one after the other.
    halves = 2 if case.start.n_hidden else 1
    update_ns = halves * settings.n_draws * lasers.draw_interval_ns
    n_updates = max(1, round((budget_ns - halves * rest_ns(lasers)) / update_ns))
    per_epoch = max(1, n_updates // 10)
    n_updates -= n_updates % per_epoch
    settings = dataclasses.replace(settings, n_updates=n_updates, updates_per_epoch=per_epoch)
    found = learn(case.target, case.start, settings, sampler=lasers, seed=seed)
    return Learned(found.machine, n_updates * update_ns + halves * rest_ns(lasers))


def rest_ns(lasers: ls.Lasers) -> float:
    """Time that lasers take from rest to their first draw [ns]."""
    tau = lasers.neuron.refractory_time_ns
    return tau + (50 * tau if lasers.burn_in_ns is None else lasers.burn_in_ns)


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/online_learning.h5"
    ),
    machines: Annotated[int, typer.Option(min=1, help="Machines, of seeds 0, 1, ...")] = 3,
    budget_us: Annotated[
        list[float] | None, typer.Option(help="Laser time of each chip; again for more.")
    ] = None,
    chips: Annotated[int, typer.Option(min=2, help="Chips that learn together.")] = 64,
    one_chip_us: Annotated[
        float, typer.Option(min=0.0, help="Laser time of a single chip that learns machine 0.")
    ] = 10.0,
    judged_ns: Annotated[float, typer.Option(min=1.0, help="Time per chain, judging.")] = 300.0,
    chains: Annotated[int, typer.Option(min=2, help="Chains, judging.")] = 200,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of learning and sampling.")] = 0,
    smoke: Annotated[bool, typer.Option("--smoke", help="Seconds instead of minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Learn random machines and a third-order target, by the local rule and in batches."""
    budgets = sorted(budget_us or [0.5, 1.0, 2.0])
    if smoke:
        machines, budgets, chips, one_chip_us, judged_ns, chains = 1, [0.3, 0.5], 4, 0.3, 50.0, 8
    reporter = Reporter(quiet=False, as_json=False)
    lasers = ls.Lasers(device)
    all_cases = list(cases(machines, seed))
    shape = len(all_cases), len(budgets)
    found: dict[str, np.ndarray] = {}
    config = to_toml({
        "machines": machines, "budget_us": budgets, "chips": chips, "one_chip_us": one_chip_us,
        "judged_ns": judged_ns, "chains": chains, "device": device,
        "local": LocalSettings(n_chips=chips), "batch": DistributionLearning(n_chains=chips),
    })  # fmt: skip

    def judged(case: Case, machine: BoltzmannMachine) -> tuple[float, float, float]:
        n_draws = lasers.draws_in(judged_ns)
        samples = lasers.sample(machine, n_draws, n_chains=chains, seed=seed + 1000)
        metrics = evaluate_target(case.target, samples).metrics()
        kl = metrics["kl_sample_target"]
        return kl.value, kl.standard_error or np.nan, metrics["kl_floor"].value

    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=config,
        overwrite=overwrite,
        inputs=[device],
        figures=["online_learning"],
    ) as file:
        with reporter.progress(f"calibrating {device} (once)") as progress:
            calibration = lasers.calibrated(progress)
        with reporter.progress("learning") as progress:
            for row, case in enumerate(all_cases):
                for name, machine in (("start", case.start), ("translated", case.translated)):
                    kl = judged(case, machine) if machine is not None else (np.nan,) * 3
                    for what, value in zip(("kl", "kl_se", "floor"), kl, strict=True):
                        found.setdefault(f"{what}_{name}", np.full(shape[0], np.nan))[row] = value
                for column, budget in enumerate(budgets):
                    for name, learner in (("local", locally), ("batch", in_batches)):
                        learned = learner(case, 1e3 * budget, chips, lasers, seed + row)
                        kl = (*judged(case, learned.machine), 1e-3 * learned.time_ns)
                        for what, value in zip(("kl", "kl_se", "floor", "time"), kl, strict=True):
                            table = found.setdefault(f"{what}_{name}", np.full(shape, np.nan))
                            table[row, column] = value
                        print(f"{case.label}, {name}: {kl[3]:.2f} us, D_KL {kl[0]:.5f} "
                              f"+- {kl[1]:.5f}, floor {kl[2]:.5f}", flush=True)  # fmt: skip
                    progress((row * shape[1] + column + 1) / (shape[0] * shape[1] + 1))
            single = locally(all_cases[0], 1e3 * one_chip_us, 1, lasers, seed)
            kl, kl_se, _ = judged(all_cases[0], single.machine)
            progress(1.0)
        write_neuron(file, lasers.neuron)
        write_calibration(file, calibration)
        file.write("online/label", [case.label for case in all_cases], ("case",), units="1",
                   description="what was learned")  # fmt: skip
        for name, values in found.items():
            dims = ("case", "budget")[: values.ndim]
            is_time = name.startswith("time_")
            file.write(
                f"online/{name}_us" if is_time else f"online/{name}", values, dims,
                units="us" if is_time else "1",
                description="time of each chip" if is_time else f"D_KL: {name.replace('_', ' ')}",
            )  # fmt: skip
        file.attributes("online", {"chips": chips})
        file.metric("one_chip_kl", kl, kl_se, description="D_KL after a single chip learned, nats")
        file.metric("one_chip_time_us", 1e-3 * single.time_ns, units="us", description="its time")
        for name in ("start", "translated", "local", "batch"):
            values = found[f"kl_{name}"].reshape(shape[0], -1)[:-1, -1]
            spread = np.std(values, ddof=1) / np.sqrt(machines) if machines > 1 else None
            mean = float(np.mean(values))
            file.metric(f"kl_mean_{name}", mean, spread, description="mean of the machines, nats")
            print(f"{name}: mean D_KL {mean:.5f} over {machines} machines, longest time")
        print(f"one chip: {1e-3 * single.time_ns:.1f} us, D_KL {kl:.5f} +- {kl_se:.5f}")
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
