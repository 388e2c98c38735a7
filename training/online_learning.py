"""Lasers that learn spike by spike, compared with batch learning: fidelity against laser time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.experiments import Run, kept, option
from lasersampling.judging import evaluate_target
from lasersampling.learning.machines import LocalSettings, learn_locally

N_UNITS = 5
THIRD_ORDER = (0.3, 0.05, 0.05, 0.2, 0.02, 0.18, 0.15, 0.05)
"""Of three units; no machine without hidden units has it."""
HIDDEN = 2
ONE_CHIP_RATE = 1 / 20
"""Learning rate of a single chip over that of many, as its traces are noisier."""


class Case(NamedTuple):
    """What is learned, from where, and the machine that it is translated from, if there is one."""

    label: str
    target: ls.Target
    start: ls.BoltzmannMachine
    translated: ls.BoltzmannMachine | None


class Learned(NamedTuple):
    """A machine and how long each chip ran for it."""

    machine: ls.BoltzmannMachine
    time_ns: float


def cases(machines: int, seed: int) -> Iterator[Case]:
    for k in range(machines):
        machine = ls.BoltzmannMachine.random(N_UNITS, seed=k)
        target = ls.target_from_machine(machine)
        yield Case(f"machine {k}", target, ls.initial_machine(target, 0, seed=seed), machine)
    target = ls.target_from_table(THIRD_ORDER)
    start = ls.initial_machine(target, HIDDEN, seed=seed, weight_std=1.5)
    yield Case("third order, 2 hidden", target, start, None)


def locally(case: Case, budget_ns: float, chips: int, lasers: ls.Lasers, seed: int) -> Learned:
    settings = LocalSettings(n_chips=chips)
    if chips == 1:
        settings = replace(
            settings,
            learning_rate=settings.learning_rate * ONE_CHIP_RATE,
            final_learning_rate=settings.final_learning_rate * ONE_CHIP_RATE,
        )
    settings = replace(
        settings, n_cycles=max(1, round((budget_ns - rest_ns(lasers)) / settings.cycle_ns))
    )
    found = learn_locally(case.target, case.start, settings, lasers=lasers, seed=seed)
    return Learned(found.machine, found.time_ns)


def in_batches(case: Case, budget_ns: float, chips: int, lasers: ls.Lasers, seed: int) -> Learned:
    settings = ls.DistributionLearning(n_chains=chips)
    # A data half is sampled only if there are hidden units; a chip runs both, one after the other.
    halves = 2 if case.start.n_hidden else 1
    update_ns = halves * settings.n_draws * lasers.draw_interval_ns
    n_updates = max(1, round((budget_ns - halves * rest_ns(lasers)) / update_ns))
    per_epoch = max(1, n_updates // 10)
    n_updates -= n_updates % per_epoch
    settings = replace(settings, n_updates=n_updates, updates_per_epoch=per_epoch)
    found = ls.learn(case.target, case.start, settings, sampler=lasers, seed=seed)
    return Learned(found.machine, n_updates * update_ns + halves * rest_ns(lasers))


def rest_ns(lasers: ls.Lasers) -> float:
    """Time that lasers take from rest to their first draw [ns]."""
    tau = lasers.neuron.refractory_time_ns
    return tau + (50 * tau if lasers.burn_in_ns is None else lasers.burn_in_ns)


LEARNERS = {"local": locally, "batch": in_batches}


class Judging(NamedTuple):
    """The device, and how machines on it are judged."""

    device: str
    duration_ns: float
    chains: int
    seed: int


class Piece(NamedTuple):
    """What is learned by so many chips in some time, and judged."""

    case: Case
    learner: str
    budget_us: float
    chips: int
    seed: int
    judging: Judging


class Fidelity(NamedTuple):
    """D_KL with its standard error and floor [nats], and the time of each chip [us]."""

    kl: float
    kl_se: float
    floor: float
    time: float


def judged(case: Case, machine: ls.BoltzmannMachine, judging: Judging) -> Fidelity:
    """Judge a machine."""
    lasers = ls.Lasers(judging.device)
    samples = kept(
        "samples",
        partial(
            lasers.sample, machine, lasers.draws_in(judging.duration_ns), n_chains=judging.chains,
            seed=judging.seed,
        ),
    )  # fmt: skip
    metrics = evaluate_target(case.target, samples).metrics()
    kl = metrics["kl_sample_target"]
    return Fidelity(kl.value, kl.standard_error or np.nan, metrics["kl_floor"].value, np.nan)


def learned(piece: Piece) -> Fidelity:
    """Learn, and judge what was learned."""
    lasers = ls.Lasers(piece.judging.device)
    found = LEARNERS[piece.learner](
        piece.case, 1e3 * piece.budget_us, piece.chips, lasers, piece.seed
    )
    return judged(piece.case, found.machine, piece.judging)._replace(time=1e-3 * found.time_ns)


@dataclass(frozen=True)
class Settings:
    """Learn random machines and a third-order target, by the local rule and in batches."""

    machines: int = option(3, "Machines, of seeds 0, 1, ...", min=1)
    budget_us: tuple[float, ...] = option((), "Laser time of each chip; again for more.")
    chips: int = option(64, "Chips that learn together.", min=2)
    one_chip_us: float = option(10.0, "Laser time of a single chip that learns machine 0.", min=0.0)
    judged_ns: float = option(300.0, "Time per chain, judging.", min=1.0)
    chains: int = option(200, "Chains, judging.", min=2)
    device: str = option("D6", "Device file or name.")

    def smallest(self) -> Settings:
        return replace(
            self,
            machines=1,
            budget_us=(0.3, 0.5),
            chips=4,
            one_chip_us=0.3,
            judged_ns=50.0,
            chains=8,
        )


def main(settings: Settings, run: Run) -> None:
    budgets = sorted(settings.budget_us or (0.5, 1.0, 2.0))
    lasers = ls.Lasers(settings.device)
    all_cases = list(cases(settings.machines, run.seed))
    shape = len(all_cases), len(budgets)
    found: dict[str, NDArray[np.float64]] = {}
    config = {
        "machines": settings.machines, "budget_us": budgets, "chips": settings.chips,
        "one_chip_us": settings.one_chip_us, "judged_ns": settings.judged_ns,
        "chains": settings.chains, "device": settings.device,
        "local": LocalSettings(n_chips=settings.chips),
        "batch": ls.DistributionLearning(n_chains=settings.chips),
    }  # fmt: skip
    judging = Judging(settings.device, settings.judged_ns, settings.chains, run.seed + 1000)
    pieces = [
        Piece(case, learner, budget, settings.chips, run.seed + row, judging)
        for row, case in enumerate(all_cases) for budget in budgets for learner in LEARNERS
    ]  # fmt: skip
    pieces.append(Piece(all_cases[0], "local", settings.one_chip_us, 1, run.seed, judging))
    with run.results(config) as file:
        run.calibrate(file, lasers)
        for row, case in enumerate(all_cases):
            for name, machine in (("start", case.start), ("translated", case.translated)):
                fidelity = judged(case, machine, judging) if machine else Fidelity(*[np.nan] * 4)
                for what in ("kl", "kl_se", "floor"):
                    table = found.setdefault(f"{what}_{name}", np.full(shape[0], np.nan))
                    table[row] = getattr(fidelity, what)
        *each, single = run.each(learned, pieces, "learning")
        for place, (piece, fidelity) in enumerate(zip(pieces, each, strict=False)):
            place_of = np.unravel_index(place, (*shape, len(LEARNERS)))[:2]
            for what, value in fidelity._asdict().items():
                table = found.setdefault(f"{what}_{piece.learner}", np.full(shape, np.nan))
                table[place_of] = value
            print(
                f"{piece.case.label}, {piece.learner}: {fidelity.time:.2f} us, "
                f"D_KL {fidelity.kl:.5f} +- {fidelity.kl_se:.5f}, floor {fidelity.floor:.5f}"
            )
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
        file.attributes("online", {"chips": settings.chips})
        about = "D_KL after a single chip learned, nats"
        file.metric("one_chip_kl", single.kl, single.kl_se, description=about)
        file.metric("one_chip_time_us", single.time, units="us", description="its time")
        for name in ("start", "translated", "local", "batch"):
            values = found[f"kl_{name}"].reshape(shape[0], -1)[:-1, -1]
            many = settings.machines > 1
            spread = float(np.std(values, ddof=1) / np.sqrt(settings.machines)) if many else None
            mean = float(np.mean(values))
            file.metric(f"kl_mean_{name}", mean, spread, description="mean of the machines, nats")
            print(f"{name}: mean D_KL {mean:.5f} over {settings.machines} machines, longest time")
        print(f"one chip: {single.time:.1f} us, D_KL {single.kl:.5f} +- {single.kl_se:.5f}")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["online_learning"])
