"""Running a comparison: the search, all trainings, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasersampling.comparison.cells import TAKEN, Job, check_kept, run_jobs, what_is_learned
from lasersampling.comparison.claims import ClaimFound, claims_found
from lasersampling.comparison.design import Cell, Design
from lasersampling.comparison.measures import Measures, measures_of
from lasersampling.comparison.settings import MAIN
from lasersampling.comparison.tuning import Trials, Tuned, check_searchable, tune
from lasersampling.config import to_toml
from lasersampling.learning.spikes import ClassifyRecipe, data_of
from lasersampling.results import Metric, Results, read_results
from lasersampling.statistics import PairedDifference, holm, paired_difference
from lasersampling.workers import Workers, finished

BASELINES = "linear_test_accuracy", "kernel_test_accuracy"
"""Figures of merit of a training that do not depend on its networks."""

Progress = Callable[[str], AbstractContextManager[Callable[[float], None]]]
"""Shows the progress of long work under a name; see `commands.reporting.Reporter.progress`."""


@dataclass(frozen=True, eq=False)
class Compared:
    """Results of a comparison.

    Attributes
    ----------
    design : Design
        What was compared.
    tuned : mapping of str to Tuned
        What the search found, by arm.
    measures : mapping of Cell to Measures
        What was measured of each training; nan for those that failed.
    curves : mapping of str to ndarray, each (epoch, member)
        Validation accuracy over the epochs of the study `MAIN`, nan where it was not measured.
    beside : mapping of str to Metric
        Accuracies of classifiers that are no networks, on the test part.
    wall_time_s : mapping of str to float
        Wall time of all trainings of a study, one after the other; of a training that studies
        share, in each [s].
    commits : mapping of str to tuple of str
        Commits of the code that did the trainings of a study, each once.
    failures : mapping of str to str
        Why trainings failed, by their names.
    """

    design: Design
    tuned: Mapping[str, Tuned]
    measures: Mapping[Cell, Measures]
    curves: Mapping[str, NDArray[np.float64]]
    beside: Mapping[str, Metric]
    wall_time_s: Mapping[str, float]
    commits: Mapping[str, tuple[str, ...]]
    failures: Mapping[str, str]

    def differences(
        self, measure: str, study: str = MAIN, variant: str = ""
    ) -> dict[str, tuple[PairedDifference, float]]:
        """Compare arms with the reference.

        Parameters
        ----------
        measure : str
            Name of a measure, such as ``accuracy``.
        study, variant : str
            Where.

        Returns
        -------
        dict of str to tuple
            For each other arm whose values are all finite, the difference, and its p-value with
            Holm's correction for the number of these arms.
        """
        reference = self.design.comparison.reference
        own = {
            cell.arm: np.asarray(getattr(found, measure))
            for cell, found in self.measures.items()
            if (cell.study, cell.variant) == (study, variant)
        }
        base = own.pop(reference, None)
        finite = {arm: values for arm, values in own.items() if np.isfinite(values).all()}
        if base is None or not np.isfinite(base).all() or not finite:
            return {}
        found = {arm: paired_difference(values, base) for arm, values in finite.items()}
        corrected = holm([one.p_value for one in found.values()])
        return {
            arm: (one, float(p)) for (arm, one), p in zip(found.items(), corrected, strict=True)
        }

    def claims(self, measure: str) -> dict[str, ClaimFound]:
        """Test the claims of the comparison on its networks.

        Parameters
        ----------
        measure : str
            Name of a measure of which more is better, such as ``accuracy``.

        Returns
        -------
        dict of str to ClaimFound
            For each claim whose arms were all trained.
        """
        own = {
            cell.arm: np.asarray(getattr(found, measure))
            for cell, found in self.measures.items()
            if cell.study == MAIN
        }
        return claims_found(self.design.comparison.claims, own)


def run_comparison(
    design: Design,
    folder: Path,
    *,
    command: str,
    workers: Workers,
    progress: Progress,
    studies: tuple[str, ...] = (),
    tuned: Mapping[str, Tuned] | None = None,
) -> Compared:
    """Search for settings, train, and measure; goes on from what `folder` holds.

    Parameters
    ----------
    design : Design
        The comparison.
    folder : Path
        Where each training has its results file.
    command : str
        Command line, for the record.
    workers : Workers
        Those that train side by side. Workers on other machines see the same folder.
    progress : callable
        Shows progress.
    studies : tuple of str
        Only these studies, of which `MAIN` is one; all if none is named.
    tuned : mapping of str to Tuned, optional
        What a search has found before, by arm (`tuning.tuned_before`); nothing is searched then.

    Returns
    -------
    Compared

    Raises
    ------
    InputError
        If optuna is missing for a search, or a file in the folder is damaged or of another recipe.
    LaserSamplingError
        If all trials of an arm fail.
    """
    comparison, folder = design.comparison, folder.absolute()  # workers may run elsewhere
    if tuned is None:
        tuned = _searched(design, folder, command, workers, progress)
    cells = [cell for cell in design.cells() if not studies or cell.study in studies]
    jobs = _jobs(design, cells, {arm: own.chosen for arm, own in tuned.items()}, folder, command)
    failures = {
        f"search of {arm}": "; ".join(own.failures) for arm, own in tuned.items() if own.failures
    }
    trainings = list({job.path: job for job in jobs.values()}.values())
    check_kept(trainings)
    with progress(f"training {len(trainings)} ensembles") as tell:
        for outcome in run_jobs(trainings, workers, tell):
            if outcome.failure is not None:
                failures[outcome.path.stem] = outcome.failure
    measures, curves = {}, {}
    beside: dict[str, Metric] = {}
    done: dict[str, dict[str, tuple[str, float]]] = {}
    sizes: dict[str, int] = {}
    for cell, job in jobs.items():
        if job.path.stem in failures:
            measures[cell] = Measures.unknown(comparison.members)
            continue
        groups = ("history", "test", *(("fresh",) if _has_fresh(job) else ()))
        results = read_results(job.path, groups=groups)
        n_train = job.recipe.train_samples or _n_train(job.recipe, sizes)
        measures[cell] = measures_of(results, comparison.goal, n_train)
        done.setdefault(cell.study, {}).update(_work_of(results))
        if cell.study == MAIN:
            curves[cell.arm] = results.array("history/validation_accuracy")
            beside = {name: results.metrics[name] for name in BASELINES}
    wall_time = {study: sum(took for _, took in work.values()) for study, work in done.items()}
    commits = {
        study: tuple(dict.fromkeys(commit for commit, _ in work.values()))
        for study, work in done.items()
    }
    return Compared(design, tuned, measures, curves, beside, wall_time, commits, failures)


def _work_of(results: Results) -> dict[str, tuple[str, float]]:
    """Give the commit and the wall time [s] of a training, and of the one whose networks it took.

    By the names of their files, so that what several take is counted once.
    """
    work = {results.path.name: results.attrs}
    if TAKEN in results.attributes:
        origin = results.attributes[TAKEN]
        work[str(origin["file"])] = origin
    return {
        name: (str(told["git_commit"]), float(told["wall_time_s"])) for name, told in work.items()
    }


def _searched(
    design: Design, folder: Path, command: str, workers: Workers, progress: Progress
) -> dict[str, Tuned]:
    """Search for the settings of all arms."""
    check_searchable(design)
    searches = [Trials(design, arm, folder, command) for arm in design.comparison.arms]
    if not design.comparison.search.trials:
        return dict(map(tune, searches))
    tuned: dict[str, Tuned] = {}
    with progress(f"searching settings of {len(searches)} arms") as tell:
        for arm, found in finished(workers, tune, searches):
            tuned[arm] = found
            tell(len(tuned) / len(searches))
    return tuned


def _jobs(
    design: Design,
    cells: Sequence[Cell],
    chosen: Mapping[str, Mapping[str, float]],
    folder: Path,
    command: str,
) -> dict[Cell, Job]:
    """Return the trainings of cells; those of one recipe, as in most studies, are the same.

    What does not see its chip while it learns is trained once for all chips.
    """
    jobs: dict[Cell, Job] = {}
    first: dict[str, Job] = {}
    learned: dict[str, Path] = {}
    for cell in cells:
        recipe = design.recipe(cell, chosen[cell.arm])
        path = folder / f"{cell.name}.h5"
        text = to_toml(recipe)
        if text not in first:
            source = learned.setdefault(to_toml(what_is_learned(recipe)), path)
            # A stored network keeps the values of delays, not how they were trained.
            alone = source == path or recipe.network.delays != "none"
            networks_of = None if alone else source
            points = design.comparison.fresh_points
            first[text] = Job(path, recipe, command, points, networks_of)
        jobs[cell] = first[text]
    return jobs


def _has_fresh(job: Job) -> bool:
    return job.fresh_points > 0 and job.recipe.data == "yin_yang"


def _n_train(recipe: ClassifyRecipe, sizes: dict[str, int]) -> int:
    """Number of training samples of a recipe that uses all; kept by what decides it."""
    source = repr((recipe.data, recipe.event_files))
    if source not in sizes:
        sizes[source] = len(data_of(recipe).train)
    return sizes[source]
