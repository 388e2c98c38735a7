"""The tables of ``lasersampling compare``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from rich.console import Group
from rich.table import Table

from lasersampling.cli.tables import hints, rows_table
from lasersampling.comparison.claims import ClaimFound
from lasersampling.comparison.design import Cell
from lasersampling.comparison.measures import Measures
from lasersampling.comparison.records import best_known, cells_of, main_measures, studies_of
from lasersampling.comparison.run import Compared
from lasersampling.comparison.settings import MAIN
from lasersampling.results.numbers import shown, with_error, with_interval
from lasersampling.statistics import median_interval

_NO_NETWORKS = {
    "linear_test_accuracy": "logistic regression", "kernel_test_accuracy": "kernel machine",
}  # fmt: skip
"""What is beside the networks, by the names of its figures of merit."""

_TO_GOAL = {
    "epochs_to_goal": "epochs", "processor_time_to_goal_s": "processor time (s)",
    "spikes_to_goal": "spikes",
}  # fmt: skip
"""Heads of the columns for the costs."""


def compared_tables(title: str, compared: Compared, *, whole: bool) -> Group:
    """Show a table for each study of which something was trained, in percent.

    A row stands for each method, since there may be a dozen of them.

    Parameters
    ----------
    title : str
        Title of the tables.
    compared : Compared
        The comparison.
    whole : bool
        Whether to show, in a further table, the cost at which the methods reached the goal.
    """
    main, studies = main_measures(compared), studies_of(compared)
    tables = [
        _main_table(title, compared) if study == MAIN else _study_table(title, compared, study)
        for study in studies
    ]
    if main:
        tables += [_claim_table(claim) for claim in compared.claims(best_known(main)).values()]
    if whole and main:
        goal = f"{100 * compared.design.comparison.goal:g} %"
        tables.append(_costs(main, goal))
    more = [] if whole or not main else hints(len(_TO_GOAL))
    return Group(*tables, *compared.design.remarks(), *more)


def _main_table(title: str, compared: Compared) -> Table:
    """Show a row for each arm, and for what is no network."""
    cells = cells_of(compared, MAIN)
    measure = best_known(cells)
    rows = [
        (_spoken(cell.arm), *_judged(compared, cell, own, measure)) for cell, own in cells.items()
    ]
    for name, metric in compared.beside.items():
        measured = with_error(100.0 * metric.value, 100.0 * (metric.standard_error or 0.0))
        part = "" if measure == "accuracy" else ", test part"
        rows.append((f"{_NO_NETWORKS[name]}{part}", measured, "", ""))
    return rows_table(title, ("method", *_columns(measure)), rows, range(1, 4))


def _study_table(title: str, compared: Compared, study: str) -> Table:
    """Show a row for each arm in each variant of a study."""
    cells = cells_of(compared, study)
    measure = best_known(cells)
    rows = [
        (cell.variant, _spoken(cell.arm), *_judged(compared, cell, own, measure))
        for cell, own in cells.items()
    ]
    about = compared.design.comparison.studies[study].about
    columns = (about, "method", *_columns(measure))
    return rows_table(f"{title}, {study}", columns, rows, range(2, 5))


def _columns(measure: str) -> tuple[str, str, str]:
    part = "fresh points" if measure == "fresh_accuracy" else "test part"
    return f"right on {part} (%)", "points more (95 % interval)", "p"


def _judged(compared: Compared, cell: Cell, own: Measures, measure: str) -> tuple[str, str, str]:
    """Show the accuracy of a training, its difference from the reference, and its p-value."""
    values = 100.0 * getattr(own, measure)
    error = float(values.std(ddof=1) / len(values) ** 0.5)
    accuracy = "failed" if np.isnan(values).any() else with_error(float(values.mean()), error)
    if cell.arm == compared.design.comparison.reference:
        return accuracy, "reference", ""
    differences = compared.differences(measure, cell.study, cell.variant)
    if cell.arm not in differences:
        return accuracy, "", ""
    found, corrected = differences[cell.arm]
    low, mean, high = (100.0 * end for end in (found.low, found.mean, found.high))
    return accuracy, with_interval(mean, low, high), shown(float(corrected), 2)


def _claim_table(claim: ClaimFound) -> Table:
    """Show the difference of each pair of a claim, and under them whether it holds."""
    rows = [
        (
            f"{_spoken(more)}, {_spoken(less)}",
            with_interval(100.0 * found.mean, 100.0 * found.low, 100.0 * found.high),
            shown(p, 2),
        )
        for (more, less), (found, p) in claim.pairs.items()
    ]
    title = f"claim: {claim.about}"
    columns = "first less second", "points (95 % interval)", "p"
    table = rows_table(title, columns, rows, range(1, 3))
    table.caption, table.caption_justify = f"Verdict: {claim.verdict}.", "left"
    return table


def _costs(main: Mapping[str, Measures], goal: str) -> Table:
    """Show what each method needed to reach the goal."""
    rows = [
        (_spoken(arm), *(_median(getattr(own, name)) for name in _TO_GOAL))
        for arm, own in main.items()
    ]
    title = f"to reach {goal}: medians and their 95 % intervals"
    return rows_table(title, ("method", *_TO_GOAL.values()), rows, range(1, 4))


def _spoken(arm: str) -> str:
    return arm.replace("_", " ")


def _median(values: NDArray[np.float64]) -> str:
    """Show a median and its interval; "never" where networks did not reach the goal."""
    if np.isnan(values).any():
        return ""
    low, high = median_interval(values)
    ends = "" if low < 0 or low == np.inf else f" ({_shown(low)} to {_shown(high)})"
    return f"{_shown(float(np.median(values)))}{ends}"


def _shown(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "never"
