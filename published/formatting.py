"""Numbers as RESULTS.md shows them, in the notation of the commands (`results.numbers`)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

from lasersampling.results import Metric, numbers

MINUS = "\N{MINUS SIGN}"


def number(value: float, decimals: int = 3) -> str:
    """Write a number with so many decimals, and a minus sign where it is negative.

    Examples
    --------
    >>> number(0.5, 2), number(-0.001, 2), number(1234.6, -1)
    ('0.50', '0.00', '1230')
    """
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    text = f"{round(value, decimals):.{max(decimals, 0)}f}"
    if text.startswith("-"):
        text = text[1:] if float(text) == 0.0 else MINUS + text[1:]
    return text


def significant(value: float, digits: int = 2) -> str:
    """Write a number of which no error is known, as commands do; see `numbers.shown`."""
    return numbers.shown(value, digits).replace("-", MINUS)


def with_error(value: float, error: float | None) -> str:
    """Write a value with its standard error, as commands do; see `numbers.with_error`.

    Examples
    --------
    >>> with_error(0.001151, 0.000123), with_error(12.34, 0.97), with_error(5.5, None)
    ('0.00115 ± 0.00012', '12.34 ± 0.97', '5.50')
    """
    return numbers.with_error(value, error, digits=3).replace("-", MINUS)


def measured(metric: Metric, scale: float = 1.0) -> str:
    """Write a measure with its standard error, both times `scale`.

    Examples
    --------
    >>> measured(Metric(0.9899, 0.0031, "1", ""), 100)
    '98.99 ± 0.31'
    """
    error = metric.standard_error
    return with_error(metric.value * scale, None if error is None else error * scale)


def over_runs(metrics: Iterable[Metric]) -> str:
    """Write the mean of a measure over runs of several seeds, with its standard deviation.

    Examples
    --------
    >>> over_runs([Metric(0.010, 0.002, "1", ""), Metric(0.013, 0.002, "1", "")])
    '0.0115 ± 0.0021'
    """
    values = [metric.value for metric in metrics]
    return with_error(statistics.fmean(values), statistics.stdev(values))


def percent(value: float, decimals: int = 1) -> str:
    """Write a share in percent.

    Examples
    --------
    >>> percent(0.9755)
    '97.5 %'
    """
    return f"{number(100.0 * value, decimals)} %"


def row(cells: Iterable[object]) -> str:
    """Write a row of a table.

    Examples
    --------
    >>> row(["lasers", 1])
    '| lasers | 1 |'
    """
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def share(times: float, of: float, low: float, high: float) -> str:
    """Write how often something happened, with the ends of its interval in percent.

    Examples
    --------
    >>> share(1, 252, 0.0001, 0.0219), share(48, 252, 0.14, 0.244), share(0, 300, 0.0, 0.012)
    ('1: 0.4 % (0.0 to 2.2)', '48: 19 % (14 to 24)', '0 (0 to 1.2)')
    """
    ends = f"({_percents(low)} to {_percents(high)})"
    return (
        f"{times:.0f}: {_percents(times / of)} % {ends}" if times else f"0 (0 to {_percents(high)})"
    )


def _percents(value: float) -> str:
    return number(100.0 * value, 1 if value < 0.0995 else 0)
