"""Numbers as RESULTS.md shows them: digits by their errors, percent, times, commands."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lasersampling.results import Metric

MINUS = "\N{MINUS SIGN}"
_FEW, _MANY = 3.55, 9.5


def digits_of(error: float) -> int:
    """Decimals to which a value with this standard error is rounded.

    The error keeps two significant digits if they are 10 to 35, and one otherwise; below zero,
    tens and more are rounded away.

    References
    ----------
    Particle Data Group, Review of Particle Physics (2024), Introduction, section 5.3 "Rounding".

    Examples
    --------
    >>> digits_of(0.123), digits_of(0.5), digits_of(0.97), digits_of(42.0)
    (2, 1, 1, -1)
    """
    exponent = math.floor(math.log10(error))
    leading = error / 10.0**exponent
    if leading >= _MANY:  # which is rounded up to the next power of ten, of which two digits stay
        return -exponent
    return 1 - exponent if leading < _FEW else -exponent


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
    """Write a number of which no error is known with so many significant digits.

    Examples
    --------
    >>> significant(0.00512), significant(314.0, 2), significant(0.0)
    ('0.0051', '310', '0')
    """
    if value == 0.0 or not math.isfinite(value):
        return "0" if value == 0.0 else number(value)
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return number(value, decimals)


def with_error(value: float, error: float | None) -> str:
    """Write a value with its standard error, rounded as the error asks for.

    An unknown error leaves three significant digits.

    Examples
    --------
    >>> with_error(0.001151, 0.000123), with_error(12.34, 0.97), with_error(5.0, 0.0)
    ('0.00115 ± 0.00012', '12.3 ± 1.0', '5.00 ± 0')
    """
    if error is None or not math.isfinite(error) or not math.isfinite(value):
        return significant(value, 3)
    if error <= 0.0:
        return f"{significant(value, 3)} ± 0"
    decimals = digits_of(error)
    return f"{number(value, decimals)} ± {number(error, decimals)}"


def measured(metric: Metric, scale: float = 1.0) -> str:
    """Write a measure with its standard error, both times `scale`.

    Examples
    --------
    >>> measured(Metric(0.9899, 0.0031, "1", ""), 100)
    '99.0 ± 0.3'
    """
    error = metric.standard_error
    return with_error(metric.value * scale, None if error is None else error * scale)


def percent(value: float, decimals: int = 1) -> str:
    """Write a share in percent.

    Examples
    --------
    >>> percent(0.9755)
    '97.5 %'
    """
    return f"{number(100.0 * value, decimals)} %"


def duration(seconds: float) -> str:
    """Write how long something took, to two digits.

    Examples
    --------
    >>> duration(44.2), duration(400.0), duration(7087.0), duration(0.31)
    ('44 s', '6.7 min', '2.0 h', '0.31 s')
    """
    for limit, unit, name in ((90.0, 1.0, "s"), (5400.0, 60.0, "min")):
        if seconds < limit:
            return f"{_two(seconds / unit)} {name}"
    return f"{_two(seconds / 3600.0)} h"


def row(cells: Iterable[object]) -> str:
    """Write a row of a table.

    Examples
    --------
    >>> row(["lasers", 1])
    '| lasers | 1 |'
    """
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _two(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


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
