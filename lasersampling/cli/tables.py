"""Tables for people to read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from lasersampling.results import Metric


def rows_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: int | None = None
) -> Table:
    """Make a table; column `numbers` is aligned to the right."""
    table = Table(
        title=escape(printable(title)),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place == numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row))
    return table


def pairs_table(title: str, values: Mapping[str, object]) -> Table:
    """Make a table of names and values."""
    table = rows_table(title, ("", ""), values.items())
    table.show_header = False
    return table


def metrics_table(title: str, metrics: Mapping[str, Metric]) -> Table:
    """Show figures of merit with their standard errors and intervals."""
    with_intervals = any(metric.interval for metric in metrics.values())
    rows = [
        (
            name,
            _value(metric),
            *([_ends(metric.interval)] if with_intervals else []),
            metric.units if metric.units != "1" else "",
            _about(metric),
        )
        for name, metric in metrics.items()
    ]
    interval = ["95 % interval"] if with_intervals else []
    columns = ("metric", "value", *interval, "unit", "description")
    return rows_table(title, columns, rows, numbers=1)


def metrics_values(metrics: Mapping[str, Metric]) -> dict[str, dict[str, object]]:
    """Give figures of merit as values for JSON."""
    return {
        name: {
            "value": metric.value,
            "standard_error": metric.standard_error,
            "units": metric.units,
            "interval_95": metric.interval,
            "reason": metric.reason,
        }
        for name, metric in metrics.items()
    }


def _about(metric: Metric) -> str:
    if metric.reason is None or metric.reason in metric.description:
        return metric.description
    return f"{metric.description} ({metric.reason})"


def _value(metric: Metric) -> str:
    if not math.isfinite(metric.value):
        return "unknown" if math.isnan(metric.value) else "infinite"
    known = metric.standard_error is not None and math.isfinite(metric.standard_error)
    error = f" ± {metric.standard_error:.2g}" if known else ""
    return f"{metric.value:#.4g}{error}"


def _ends(interval: tuple[float, float] | None) -> str:
    """Write an interval; an unknown end is left out."""
    if interval is None or math.isnan(interval[0]):
        return ""
    low, high = interval
    return f"{low:.3g} to {high:.3g}" if math.isfinite(high) else f"from {low:.3g}"


def _text(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return escape(printable(text))


def printable(text: str) -> str:
    """Show control characters, which would steer a terminal, by their codes."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else ascii(sign)[1:-1] for sign in text
    )
