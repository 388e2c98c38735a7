"""How a comparison is stored in a results file, and its figures of merit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.comparison.design import Cell
from lasersampling.comparison.measures import ABOUT, Measures
from lasersampling.comparison.run import Compared
from lasersampling.comparison.settings import MAIN
from lasersampling.comparison.tuning import BASE_DIGEST, tried_name
from lasersampling.results import Metric, ResultsFile
from lasersampling.statistics import median_interval

_TO_GOAL = ("epochs_to_goal", "processor_time_to_goal_s", "spikes_to_goal")
_NEVER = "at most half of the networks reached it"


def write_compared(file: ResultsFile, compared: Compared) -> None:
    """Write a comparison.

    Parameters
    ----------
    file : ResultsFile
        The file. It gets a group for each study, whose arrays are (variant, arm, member); the group
        ``curves`` with the validation accuracy over epochs; the group ``search``; and what
        failed, as attributes of ``failures``.
    compared : Compared
        The comparison.
    """
    comparison = compared.design.comparison
    for study in studies_of(compared):
        cells = [cell for cell in compared.measures if cell.study == study]
        arms = list(dict.fromkeys(cell.arm for cell in cells))
        variants = list(dict.fromkeys(cell.variant for cell in cells))
        by_place = {(cell.variant, cell.arm): compared.measures[cell] for cell in cells}
        dims = (f"{study}_variant", f"{study}_arm", "member")
        about = "methods" if study == MAIN else comparison.studies[study].about
        labels: dict[str, str | float | list[str]] = {
            "about": about, "arms": arms, "variants": variants,
        }  # fmt: skip
        if study in compared.wall_time_s:
            labels["wall_time_s"] = compared.wall_time_s[study]
            labels["commits"] = ", ".join(compared.commits[study])
        for field in fields(Measures):
            values = np.array(
                [[getattr(by_place[v, a], field.name) for a in arms] for v in variants]
            )
            if np.isnan(values).all() and field.name != "accuracy":
                continue  # but of trainings that have all failed
            units, description = ABOUT[field.name]
            file.write(f"{study}/{field.name}", values, dims, units=units, description=description)
        file.attributes(study, labels)
    for arm, curve in compared.curves.items():
        file.write(
            f"curves/{arm}", curve, (f"epoch_{arm}", "member"), units="1",
            description=f"validation accuracy of {arm}, nan where not measured",
        )  # fmt: skip
    for arm, tuned in compared.tuned.items():
        if len(tuned.score):
            file.write(
                f"search/{arm}_score", tuned.score, (f"trial_{arm}",), units="1",
                description=f"mean validation accuracy of trials of {arm}",
            )  # fmt: skip
        for key, values in tuned.tried.items():
            file.write(
                f"search/{tried_name(arm, key)}", values, (f"trial_{arm}",), units="1",
                description=f"{key} in trials of {arm}",
            )  # fmt: skip
    if any(len(tuned.score) for tuned in compared.tuned.values()):
        file.attributes("search", {BASE_DIGEST: compared.design.base_digest})
    if main_measures(compared):
        for name, claim in compared.claims(best_known(main_measures(compared))).items():
            file.attributes(
                f"claim_{name}",
                {
                    "about": claim.about,
                    "verdict": claim.verdict,
                    "pairs": [difference_name(*pair) for pair in claim.pairs],
                },
            )
    if compared.failures:
        file.attributes("failures", dict(compared.failures))
    file.metrics(metrics_of(compared))


def metrics_of(compared: Compared) -> dict[str, Metric]:
    """Return figures of merit of the study `MAIN`: accuracies, differences, and costs."""
    found: dict[str, Metric] = dict(compared.beside)
    main = main_measures(compared)
    if not main:
        return found
    known = best_known(main)
    failures = {
        arm: compared.failures[f"{MAIN}-{arm}"]
        for arm in main
        if f"{MAIN}-{arm}" in compared.failures
    }
    for arm, own in main.items():
        values = getattr(own, known)
        found[f"{known}_{arm}"] = Metric(
            float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5), "1",
            f"{arm}: {ABOUT[known][1]}, mean over networks", reason=failures.get(arm),
        )  # fmt: skip
    reference = compared.design.comparison.reference
    for arm, (difference, p) in compared.differences(known).items():
        found[f"difference_{arm}"] = Metric(
            difference.mean, difference.standard_error, "1",
            f"{arm} less {reference}, {difference.n_pairs} pairs, p = {p:.2g} (corrected)",
            interval=(difference.low, difference.high),
        )  # fmt: skip
    for claim in compared.claims(known).values():
        for (more, less), (difference, p) in claim.pairs.items():
            found[difference_name(more, less)] = Metric(
                difference.mean, difference.standard_error, "1",
                f"{more} less {less}, {difference.n_pairs} pairs, p = {p:.2g} (corrected)",
                interval=(difference.low, difference.high),
            )  # fmt: skip
    for arm, own in main.items():
        for name in _TO_GOAL:
            values = getattr(own, name)
            median = float(np.median(values))  # inf counts as never
            ends = (np.nan, np.nan) if np.isnan(values).any() else median_interval(values)
            found[f"{name}_{arm}"] = Metric(
                median if np.isfinite(median) else np.nan, None, ABOUT[name][0],
                f"{arm}: {ABOUT[name][1]}, median ({_reached(values)})",
                interval=ends if np.isfinite(ends).all() else None,
                reason=None if np.isfinite(median) else failures.get(arm, _NEVER),
            )  # fmt: skip
    return found


def difference_name(more: str, less: str) -> str:
    """Name the figure of merit of a pair of a claim."""
    return f"difference_{more}_from_{less}"


def main_measures(compared: Compared) -> dict[str, Measures]:
    """Return what was measured in the study `MAIN`, by arm."""
    return {cell.arm: own for cell, own in compared.measures.items() if cell.study == MAIN}


def best_known(found: Mapping[Any, Measures]) -> str:
    """Return the name of the accuracy that is known best, for all trainings that did not fail."""
    fresh = [own for own in found.values() if np.isfinite(own.fresh_accuracy).all()]
    done = [own for own in found.values() if np.isfinite(own.accuracy).all()]
    return "fresh_accuracy" if fresh and len(fresh) == len(done) else "accuracy"


def cells_of(compared: Compared, study: str) -> dict[Cell, Measures]:
    """Return what was measured in a study."""
    return {cell: own for cell, own in compared.measures.items() if cell.study == study}


def studies_of(compared: Compared) -> list[str]:
    """List the studies of which something was trained, `MAIN` first."""
    return list(dict.fromkeys(cell.study for cell in compared.measures))


def study_values(compared: Compared) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Return mean and standard error of each training but those of `MAIN`, as values for JSON.

    Parameters
    ----------
    compared : Compared
        The comparison.

    Returns
    -------
    dict
        By study, variant and arm: ``value`` and ``standard_error``, nan for a training that failed.
    """
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for study in studies_of(compared):
        if study == MAIN:
            continue
        cells = cells_of(compared, study)
        known = best_known(cells)
        for cell, own in cells.items():
            values = getattr(own, known)
            found.setdefault(study, {}).setdefault(cell.variant, {})[cell.arm] = {
                "value": float(values.mean()),
                "standard_error": float(values.std(ddof=1) / len(values) ** 0.5),
            }
    return found


def claim_values(compared: Compared) -> dict[str, dict[str, str]]:
    """Return what was claimed, and whether it holds, by the names of claims."""
    main = main_measures(compared)
    claims = compared.claims(best_known(main)) if main else {}
    return {
        name: {"about": claim.about, "verdict": claim.verdict} for name, claim in claims.items()
    }


def _reached(values: NDArray[np.float64]) -> str:
    return f"{int(np.isfinite(values).sum())} of {len(values)} networks reached it"
