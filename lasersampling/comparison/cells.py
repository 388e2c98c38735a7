"""The trainings of a comparison: each has a results file of its own, and goes on from it."""

from __future__ import annotations

import dataclasses
import functools
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lasersampling.checks import refuse
from lasersampling.config import to_toml
from lasersampling.datasets import Encoding, fresh_yin_yang
from lasersampling.errors import InputError, LaserSamplingError, Problem
from lasersampling.hardware import Imperfections
from lasersampling.judging import evaluate_classifier
from lasersampling.learning import Checkpoints
from lasersampling.learning.history import History
from lasersampling.learning.spikes import ClassifyRecipe, data_of, judge, train_spikes
from lasersampling.learning.spikes.baselines import Baselines, baselines
from lasersampling.learning.spikes.classification import Classifier, on_own_chips
from lasersampling.learning.spikes.parts import EventFileSettings
from lasersampling.results import Results, RunFile, read_checkpoint, read_results
from lasersampling.results.trained_networks import trained_network
from lasersampling.workers import Processes, Workers, finished

TAKEN = "taken"
"""Group of the results file of a training that says where its networks were taken from."""


@dataclass(frozen=True)
class Job:
    """A training, and where its results are.

    Attributes
    ----------
    path : Path
        Its results file.
    recipe : ClassifyRecipe
        What is trained.
    command : str
        Command line, for the record.
    fresh_points : int
        Fresh points on which networks of Yin-Yang are judged too.
    networks_of : Path or None
        Results file of a training that gives the same networks, which are taken from there if it
        is complete.
    """

    path: Path
    recipe: ClassifyRecipe
    command: str
    fresh_points: int = 0
    networks_of: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """The end of a training.

    Attributes
    ----------
    path : Path
        Its results file.
    failure : str or None
        Why there are no results.
    """

    path: Path
    failure: str | None


def trained_cell(job: Job, progress: Callable[[float], None] | None = None) -> Results:
    """Train networks, or go on, or take what is in the file already.

    Parameters
    ----------
    job : Job
        What is trained, and where results are.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Results
        With the groups ``history``, ``test`` and ``fresh``.

    Raises
    ------
    InputError
        If the file holds networks of another recipe, or is in use by another run.
    """
    config, state, goes_on = to_toml(job.recipe), None, False
    kept = kept_training(job)
    if kept is not None and not kept.attrs["complete"]:
        state, _ = read_checkpoint(job.path)
        goes_on = True
    if kept is None or goes_on:
        with RunFile.open(
            job.path, command=job.command, seed=job.recipe.seed, config=config,
            goes_on=goes_on,
        ) as file:  # fmt: skip
            source = _complete(job.networks_of)
            if source is None:
                trained = train_spikes(
                    data_of(job.recipe),
                    settings=job.recipe,
                    progress=progress,
                    checkpoints=Checkpoints(file, job.recipe.checkpoint_interval_s, state),
                )
            else:
                trained = _moved(source, job.recipe)
            with file.finish() as results:
                if source is not None:
                    results.attributes(TAKEN, _origin(source))
                evaluate_classifier(trained, _beside(job.recipe)).write(results)
                if _fresh_points(job):
                    fresh = fresh_yin_yang(job.fresh_points)
                    judged = judge(trained.network, fresh, trained.runner, trained.answer)
                    results.write(
                        "fresh/accuracy", judged.accuracy.value, ("member",), units="1",
                        description=f"share of right decisions on {job.fresh_points} fresh points",
                    )  # fmt: skip
                    results.attributes("fresh", {"points": job.fresh_points})
    groups = ["history", "test"]
    if _fresh_points(job):
        groups.append("fresh")
    return read_results(job.path, groups=groups)


def _complete(path: Path | None) -> Results | None:
    """Describe a training if there is one, and if it has come to its end."""
    if path is None or not path.exists():
        return None
    kept = read_results(path, groups=("history",))
    return kept if kept.attrs["complete"] else None


def _origin(source: Results) -> dict[str, str | float]:
    """Say where networks were taken from, and what it took to train them."""
    return {
        "file": source.path.name,
        "git_commit": str(source.attrs["git_commit"]),
        "wall_time_s": float(source.attrs["wall_time_s"]),
    }


def _moved(source: Results, recipe: ClassifyRecipe) -> Classifier:
    """Take networks that have learned blindly, for the chips of a recipe."""
    network = trained_network(source.path).network
    found = source.group("history")
    rows = {name: list(values.data) for name, values in found.items() if name != "epoch"}
    return on_own_chips(network, data_of(recipe), History(rows), recipe)


def what_is_learned(recipe: ClassifyRecipe) -> ClassifyRecipe:
    """Return what decides what networks learn: no imperfection of a chip, if they never see it."""
    chip = recipe.chip
    if chip is None or chip.training != "blind":
        return recipe
    model = dataclasses.replace(chip.model, imperfections=Imperfections())
    return dataclasses.replace(recipe, chip=dataclasses.replace(chip, model=model))


def kept_training(job: Job) -> Results | None:
    """Describe the training that a job goes on from, or whose results it takes.

    Returns
    -------
    Results or None
        What the file says of itself; None if there is none.

    Raises
    ------
    InputError
        If the file is damaged, or holds networks of another recipe, or judged on other points.
    """
    if not job.path.exists():
        return None
    kept = read_results(job.path, groups=())
    removed = "or none: --overwrite without --only removes them"
    if kept.config != to_toml(job.recipe):
        expected = f"networks of the same recipe, {removed}"
        raise InputError.single(str(job.path), "networks of another recipe", expected)
    points = int(kept.attributes.get("fresh", {}).get("points", 0))
    if kept.attrs["complete"] and points != _fresh_points(job):
        got = f"networks judged on {points} fresh points"
        expected = f"{_fresh_points(job)}, as is asked for, {removed}"
        raise InputError.single(str(job.path), got, expected)
    return kept


def check_kept(jobs: Iterable[Job]) -> None:
    """Refuse to go on from trainings that are not those of the jobs, before anything is done.

    Raises
    ------
    InputError
        With all problems found.
    """
    problems: list[Problem] = []
    for job in jobs:
        try:
            kept_training(job)
        except InputError as error:
            problems += error.problems
    refuse(problems)


def run_jobs(
    jobs: Sequence[Job], workers: Workers, progress: Callable[[float], None] | None = None
) -> Iterator[Outcome]:
    """Do trainings side by side.

    A training that fails does not stop the others. Networks that are taken from others wait for
    all that are trained.

    Parameters
    ----------
    jobs : sequence of Job
        The trainings.
    workers : Workers
        Those that train.
    progress : callable, optional
        Called with the fraction of the work done.

    Yields
    ------
    Outcome
        In the order in which trainings end.
    """

    def tell(done: float) -> None:
        if progress is not None and jobs:
            progress(done / len(jobs))

    n_done = 0

    def run_here(job: Job) -> Outcome:
        return run_job(job, lambda share: tell(n_done + share))

    for taken in (False, True):
        part = [job for job in jobs if (job.networks_of is not None) == taken]
        # One after the other they can tell how far they are.
        alone = workers == Processes(1)
        ended = map(run_here, part) if alone else finished(workers, run_job, part)
        for outcome in ended:
            n_done += 1
            tell(n_done)
            yield outcome


def run_job(job: Job, progress: Callable[[float], None] | None = None) -> Outcome:
    """Do a training, and say whether it failed.

    Raises
    ------
    InputError
        If this machine does not see the folder of the results file.
    """
    check_folder(job.path.parent)
    try:
        trained_cell(job, progress)
    except LaserSamplingError as error:
        return Outcome(job.path, " ".join(str(error).split()))
    return Outcome(job.path, None)


def check_folder(folder: Path) -> None:
    """Refuse to train where results would be written into a folder that nobody else sees.

    Raises
    ------
    InputError
        If the folder is not there.
    """
    if not folder.is_dir():
        got = f"{socket.gethostname()}, a machine that does not see this folder"
        expected = "--out in a folder that all machines see, since each training has a file there"
        raise InputError.single(str(folder), got, expected)


def _fresh_points(job: Job) -> int:
    """Number of fresh points, of which there are some for Yin-Yang only."""
    return job.fresh_points if job.recipe.data == "yin_yang" else 0


def _beside(recipe: ClassifyRecipe) -> Baselines:
    """Baselines of the data of a recipe, which many trainings share."""
    return _baselines_of(recipe.data, recipe.train_samples, recipe.event_files, recipe.encoding)


@functools.cache
def _baselines_of(
    name: str,
    train_samples: int | None,
    event_files: EventFileSettings | None,
    encoding: Encoding | None,
) -> Baselines:
    recipe = ClassifyRecipe(
        data=name, train_samples=train_samples, event_files=event_files, encoding=encoding
    )
    return baselines(data_of(recipe))
