"""The search for the settings of an arm."""

from __future__ import annotations

import importlib.util
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.comparison.cells import Job, check_folder, check_kept, run_job
from lasersampling.comparison.design import Design, search_file
from lasersampling.comparison.settings import Comparison
from lasersampling.config import parse
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.results import read_results

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


_SEARCHED = ("base", "settings", "arms", "search")
"""What a search depends on, beside the contents of its base."""

BASE_DIGEST = "base_sha256"
"""Attribute of the group ``search`` with the digest of the base, which older files lack."""


@dataclass(frozen=True, eq=False)
class Tuned:
    """What a search has found for an arm.

    Attributes
    ----------
    chosen : mapping of str to float
        The best settings, by dotted key; empty without a search.
    tried : mapping of str to ndarray, each (trial,)
        Values of all trials.
    score : ndarray, shape (trial,)
        Mean validation accuracy of each, nan for a training that failed [1].
    failures : tuple of str
        Why trainings failed.
    """

    chosen: Mapping[str, float]
    tried: Mapping[str, NDArray[np.float64]]
    score: NDArray[np.float64]
    failures: tuple[str, ...]


def check_searchable(design: Design) -> None:
    """Refuse a search without the package that does it.

    Raises
    ------
    InputError
        If there are trials, and optuna is not installed.
    """
    if design.comparison.search.trials and importlib.util.find_spec("optuna") is None:
        got, expected = "trials without the package optuna", "pip install 'lasersampling[search]'"
        raise InputError.single("search.trials", got, expected)


@dataclass(frozen=True)
class Trials:
    """The search of one arm.

    Attributes
    ----------
    design : Design
        The comparison.
    arm : str
        Name of the arm.
    folder : Path
        Where the results file of each trial is kept.
    command : str
        Command line, for the record.
    """

    design: Design
    arm: str
    folder: Path
    command: str


def tune(trials: Trials) -> tuple[str, Tuned]:
    """Search for the settings of an arm on the validation part.

    Trials are proposed by the tree-structured Parzen estimator of optuna, each from those before it
    and a seed of its own; so a search that goes on finds what one finds that was never stopped.

    Parameters
    ----------
    trials : Trials
        The search.

    Returns
    -------
    str
        The arm.
    Tuned
        What was found.

    Raises
    ------
    InputError
        If a file of a trial is damaged, or of another recipe.
    LaserSamplingError
        If all trials fail.

    References
    ----------
    Bergstra, Bardenet, Bengio and Kégl, NIPS 24 (2011) 2546. Akiba et al., KDD (2019) 2623.
    """
    design, arm = trials.design, trials.arm
    search, ranges = design.comparison.search, design.ranges(arm)
    if not search.trials or not ranges:
        return arm, Tuned({}, {}, np.empty(0), ())
    check_folder(trials.folder)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space: dict[str, BaseDistribution] = {
        key: optuna.distributions.FloatDistribution(own.low, own.high, log=own.log)
        for key, own in ranges.items()
    }
    study = optuna.create_study(direction="maximize")
    failures: list[str] = []
    for k in range(search.trials):
        study.sampler = optuna.samplers.TPESampler(seed=(search.seed + k) % 2**32)
        trial = study.ask(space)
        path = trials.folder / search_file(arm, k)
        job = Job(path, design.trial(arm, trial.params), trials.command)
        check_kept([job])
        outcome = run_job(job)
        if outcome.failure is None:
            study.tell(trial, _score(path))
        else:
            failures.append(f"{path.name}: {outcome.failure}")
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
    if len(failures) == search.trials:
        raise LaserSamplingError(f"all trials of {arm} failed: {'; '.join(failures)}")
    return arm, _found(study, tuple(failures))


def tuned_before(path: Path, design: Design) -> dict[str, Tuned]:
    """Read what the search of an earlier comparison has found.

    Parameters
    ----------
    path : Path
        Results file of that comparison, of which a published one is enough.
    design : Design
        The comparison that takes its settings. It may differ in its studies, its number of
        networks, and in what it measures, but not in what was searched for, nor how.

    Returns
    -------
    dict of str to Tuned
        By arm.

    Raises
    ------
    InputError
        If the file is of no such comparison.
    """
    own = design.comparison
    described = read_results(path, groups=())
    table = tomllib.loads(described.config)
    if not {"arms", "search"} <= set(table) or "search" not in described.attributes:
        expected = "that of `lasersampling compare` with a search"
        raise InputError.single(str(path), "a results file without a search", expected)
    kept = read_results(path, groups=("search",))
    earlier = parse(table, Comparison, str(path))
    differs = [name for name in _SEARCHED if getattr(earlier, name) != getattr(own, name)]
    if described.attributes["search"].get(BASE_DIGEST, design.base_digest) != design.base_digest:
        differs.append(f"settings in its base {own.base}")
    if differs:
        got = f"a search for a comparison with other {', '.join(differs)}"
        raise InputError.single(str(path), got, "the same, since settings found there hold there")
    found = {}
    for arm in own.arms:
        score = kept.array(f"search/{arm}_score")
        tried = {key: kept.array(f"search/{tried_name(arm, key)}") for key in design.ranges(arm)}
        best = int(np.nanargmax(score))  # the first of equals, as optuna does
        chosen = {key: float(values[best]) for key, values in tried.items()}
        found[arm] = Tuned(chosen, tried, score, ())
    return found


def tried_name(arm: str, key: str) -> str:
    """Name the dataset of the values that a key had in the trials of an arm."""
    return f"{arm}_{key.replace('.', '_')}"


def _found(study: Any, failures: tuple[str, ...]) -> Tuned:
    trials = study.trials
    tried = {key: np.array([t.params[key] for t in trials]) for key in trials[0].params}
    chosen = {key: float(value) for key, value in study.best_params.items()}
    score = np.array([np.nan if t.value is None else t.value for t in trials])
    return Tuned(chosen, tried, score, failures)


def _score(path: Path) -> float:
    """Mean accuracy of the networks of a trial at the end, on the validation part."""
    history = read_results(path, groups=("history",))
    score = float(history.array("history/validation_accuracy")[-1].mean())
    return 0.0 if math.isnan(score) else score
