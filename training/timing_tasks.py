"""Networks with and without delays and recurrence on tasks in which only times of spikes matter.

All networks of a task have as many trained parameters as each other, as nearly as sizes allow, and
those of one seed see the same samples. They are judged on the test part as it is, backward in
time, and with jitter on all spikes. Beside them stand chance, logistic regression on counts of
spikes and on their times, and an oracle that knows how samples are drawn; docs/timing_tasks.md.

Each ensemble has a results file of its own, with checkpoints, in a directory beside the file that
is written, from which a run that was stopped goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import lasersampling as ls
from lasersampling.comparison import (
    TIMING_ARCHITECTURES,
    TIMING_JITTER,
    TIMING_TASKS,
    Job,
    run_job,
    timing_accuracies,
    timing_controls,
    timing_pairs,
    timing_parts,
    timing_recipe,
)
from lasersampling.datasets import EventData
from lasersampling.experiments import Run, chosen_of, option
from lasersampling.learning.spikes import data_of, load_data
from lasersampling.statistics import holm, paired_difference

ABOUT = {
    "test": "share of right decisions on the test part",
    "reversed": "the same, backward in time",
    "jittered": f"the same, with jitter of {TIMING_JITTER:g} tau_syn on all spikes",
}


@dataclass(frozen=True)
class Settings:
    """Train networks with and without delays and recurrence on tasks in which time matters."""

    tasks: tuple[str, ...] = option((), "intervals, coincidences, words, mnist_1d; all if none.")
    architectures: tuple[str, ...] = option(
        (), f"{', '.join(TIMING_ARCHITECTURES)}; all if none is given."
    )
    members: int = option(10, "Networks of each architecture, with the same seeds.", min=2)
    epochs: int | None = option(None, "Epochs, if not those of the tasks.", min=1)
    train_samples: int | None = option(None, "Training samples, if not those of the tasks.", min=1)
    smoke: bool = False

    def __post_init__(self) -> None:
        chosen_of(TIMING_TASKS, self.tasks, "--tasks")
        chosen_of(TIMING_ARCHITECTURES, self.architectures, "--architectures")

    def smallest(self) -> Settings:
        return replace(
            self, tasks=self.tasks or ("intervals",), members=2, smoke=True,
            architectures=self.architectures or ("none", "axonal"),
        )  # fmt: skip


def data_of_task(task: str) -> EventData:
    """The data of a task, which are spikes of inputs that spike again."""
    data = load_data(task)
    assert isinstance(data, EventData)
    return data


def job_of(task: str, name: str, data: EventData, settings: Settings, run: Run) -> Job:
    """The training of an architecture for a task."""
    recipe = timing_recipe(task, name, data, settings.members, run.seed, smoke=settings.smoke)
    if settings.epochs is not None:
        recipe = replace(recipe, learning=replace(recipe.learning, n_epochs=settings.epochs))
    if settings.train_samples is not None:
        recipe = replace(recipe, train_samples=settings.train_samples)
    return Job(run.kept(f"{task}_{name}.h5"), recipe, run.command)


def train(job: Job) -> None:
    """Train, unless the results file is there already; nothing is kept of one that fails."""
    outcome = run_job(job)
    if outcome.failure is not None:
        raise ls.LaserSamplingError(f"{outcome.path.name}: {outcome.failure}")


def main(settings: Settings, run: Run) -> None:
    tasks = chosen_of(TIMING_TASKS, settings.tasks)
    names = chosen_of(TIMING_ARCHITECTURES, settings.architectures)
    config = {
        "tasks": tasks, "architectures": names, "members": settings.members,
        "epochs": settings.epochs, "train_samples": settings.train_samples,
    }  # fmt: skip
    with run.results(config) as file:
        jobs = {
            (task, name): job_of(task, name, data, settings, run)
            for task in tasks
            for data in [data_of_task(task)]
            for name in names
        }
        run.each(train, list(jobs.values()), f"training {len(jobs)} ensembles")
        for task in tasks:
            data = data_of(jobs[task, names[0]].recipe)
            assert isinstance(data, EventData)
            parts = timing_parts(data.test, run.seed)
            found: dict[str, list[np.ndarray]] = {kind: [] for kind in ABOUT}
            parameters = []
            for name in names:
                n_parameters, judged = timing_accuracies(jobs[task, name].path, parts)
                parameters.append(n_parameters)
                for kind, values in judged.items():
                    found[kind].append(values)
            beside = timing_controls(task, data)
            dims = (f"{task}_architecture", "member")
            for kind, about in ABOUT.items():
                file.write(f"{task}/{kind}", found[kind], dims, units="1", description=about)
            file.write(
                f"{task}/n_parameters", parameters, dims[:1], units="1",
                description="trained parameters of a network",
            )  # fmt: skip
            labels = [TIMING_ARCHITECTURES[name].about for name in names]
            file.attributes(task, {"architectures": names, "about": labels, **beside})
            print(f"{task}: " + ", ".join(f"{name} {value:.3f}" for name, value in beside.items()))
            tell(file, task, names, {kind: np.array(own) for kind, own in found.items()})


def tell(file: ls.ResultsFile, task: str, names: list[str], found: dict[str, np.ndarray]) -> None:
    """Write and print means of networks, and differences by delays."""
    for k, name in enumerate(names):
        shown, spoken = [], TIMING_ARCHITECTURES[name].about
        for kind, about in ABOUT.items():
            own = found[kind][k]
            mean, error = own.mean(), own.std(ddof=1) / len(own) ** 0.5
            shown.append(f"{kind} {100 * mean:.1f} ± {100 * error:.1f} %")
            file.metric(
                f"{task}_{name}_{kind}", mean, error,
                description=f"{task}, {spoken}: {about}, mean over networks",
            )  # fmt: skip
        print(f"  {spoken}: {', '.join(shown)}")
    pairs = timing_pairs(names)
    differences = [
        paired_difference(found["test"][names.index(a)], found["test"][names.index(b)])
        for a, b in pairs
    ]
    corrected = holm([one.p_value for one in differences])
    for (name, bare), one, p in zip(pairs, differences, corrected, strict=True):
        what = f"{TIMING_ARCHITECTURES[name].about} less {TIMING_ARCHITECTURES[bare].about}"
        file.metric(
            f"{task}_difference_{name}", one.mean, one.standard_error,
            description=f"{task}, {what}, {one.n_pairs} pairs, p = {p:.2g} (corrected)",
            interval=(one.low, one.high),
        )  # fmt: skip
        ends = f"{100 * one.low:+.1f} to {100 * one.high:+.1f}"
        print(f"  {what}: {100 * one.mean:+.1f} % ({ends}), p = {p:.2g}")


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["timing_tasks"])
