"""The table of ``lasersampling compare``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from lasersampling.cli.tables import rows_table
from lasersampling.comparison.records import best_known, main_measures
from lasersampling.comparison.run import Compared
from lasersampling.statistics import median_interval

_NO_NETWORKS = {
    "linear_test_accuracy": "logistic regression", "kernel_test_accuracy": "kernel machine",
}  # fmt: skip
"""What is beside the networks, by the names of its figures of merit."""


def compared_table(title: str, compared: Compared) -> Table:
    """Show a row for each arm, in percent.

    Parameters
    ----------
    title : str
        Title of the table.
    compared : Compared
        The comparison.
    """
    main, comparison = main_measures(compared), compared.design.comparison
    measure = best_known(main)
    differences = compared.differences(measure)
    rows = []
    for arm, own in main.items():
        values = 100.0 * getattr(own, measure)
        accuracy = f"{values.mean():.2f} ± {values.std(ddof=1) / len(values) ** 0.5:.2f}"
        difference, p = "reference" if arm == comparison.reference else "", ""
        if arm in differences:
            found, corrected = differences[arm]
            low, mean, high = (100.0 * end for end in (found.low, found.mean, found.high))
            difference, p = f"{mean:+.2f} ({low:+.2f} to {high:+.2f})", f"{corrected:.2g}"
        if np.isnan(values).any():
            accuracy = "failed"
        epochs, seconds = (
            _median(getattr(own, name)) for name in ("epochs_to_goal", "processor_time_to_goal_s")
        )
        rows.append((arm.replace("_", " "), accuracy, difference, p, epochs, seconds))
    for name, metric in compared.beside.items():
        shown = f"{100 * metric.value:.2f} ± {100 * (metric.standard_error or 0.0):.2f}"
        rows.append((f"{_NO_NETWORKS[name]}, test part", shown, "", "", "", ""))
    part = "fresh points" if measure == "fresh_accuracy" else "test part"
    goal = f"{100 * comparison.goal:g} %"
    columns = (
        "method", f"right on {part} (%)", "difference (95 % interval)", "p", f"epochs to {goal}",
        f"s to {goal}",
    )  # fmt: skip
    return rows_table(title, columns, rows)


def _median(values: NDArray[np.float64]) -> str:
    """Show a median and its interval; "never" where networks did not reach the goal."""
    if np.isnan(values).any():
        return ""
    low, high = median_interval(values)
    ends = "" if low < 0 else f" ({_shown(low)} to {_shown(high)})"
    return f"{_shown(float(np.median(values)))}{ends}"


def _shown(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "never"
