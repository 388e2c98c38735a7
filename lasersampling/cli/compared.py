"""The table of ``lasersampling compare``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from rich.console import Group
from rich.table import Table

from lasersampling.cli.tables import hints, rows_table
from lasersampling.comparison.measures import Measures
from lasersampling.comparison.records import best_known, main_measures
from lasersampling.comparison.run import Compared
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


def compared_table(title: str, compared: Compared, *, whole: bool) -> Group:
    """Show a row for each method, since there may be a dozen of them, in percent.

    Parameters
    ----------
    title : str
        Title of the table.
    compared : Compared
        The comparison.
    whole : bool
        Whether to show, in a second table, the cost at which the methods reached the goal.
    """
    main, comparison = main_measures(compared), compared.design.comparison
    measure = best_known(main)
    differences = compared.differences(measure)
    rows = []
    for arm, own in main.items():
        values = 100.0 * getattr(own, measure)
        error = float(values.std(ddof=1) / len(values) ** 0.5)
        accuracy = "failed" if np.isnan(values).any() else with_error(float(values.mean()), error)
        difference, p = "reference" if arm == comparison.reference else "", ""
        if arm in differences:
            found, corrected = differences[arm]
            low, mean, high = (100.0 * end for end in (found.low, found.mean, found.high))
            difference, p = with_interval(mean, low, high), shown(float(corrected), 2)
        rows.append((arm.replace("_", " "), accuracy, difference, p))
    for name, metric in compared.beside.items():
        measured = with_error(100.0 * metric.value, 100.0 * (metric.standard_error or 0.0))
        rows.append((f"{_NO_NETWORKS[name]}, test part", measured, "", ""))
    part = "fresh points" if measure == "fresh_accuracy" else "test part"
    columns = ("method", f"right on {part} (%)", "difference (95 % interval)", "p")
    tables = [rows_table(title, columns, rows, range(1, 4))]
    if whole:
        tables.append(_costs(main, f"{100 * comparison.goal:g} %"))
    return Group(*tables, *([] if whole else hints(len(_TO_GOAL))))


def _costs(main: Mapping[str, Measures], goal: str) -> Table:
    """Show what each method needed to reach the goal."""
    rows = [
        (arm.replace("_", " "), *(_median(getattr(own, name)) for name in _TO_GOAL))
        for arm, own in main.items()
    ]
    title = f"to reach {goal}: medians and their 95 % intervals"
    return rows_table(title, ("method", *_TO_GOAL.values()), rows, range(1, 4))


def _median(values: NDArray[np.float64]) -> str:
    """Show a median and its interval; "never" where networks did not reach the goal."""
    if np.isnan(values).any():
        return ""
    low, high = median_interval(values)
    ends = "" if low < 0 else f" ({_shown(low)} to {_shown(high)})"
    return f"{_shown(float(np.median(values)))}{ends}"


def _shown(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "never"
