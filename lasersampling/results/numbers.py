"""Numbers for people to read: one notation for values with errors, and digits that fit the error.

The error is given to two significant digits, and the value to the same decimal place, as the
"Guide to the expression of uncertainty in measurement" (JCGM 100:2008, section 7.2.6) advises.
"""

from __future__ import annotations

import math

_SMALLEST, _LARGEST = 1e-4, 1e7
_ERROR_DIGITS = 2
_DAY_S = 86400.0
_TIMES = (
    (90.0, 1.0, "s"), (5400.0, 60.0, "min"), (4 * _DAY_S, 3600.0, "h"),
    (100 * _DAY_S, _DAY_S, "days"), (math.inf, 365.25 * _DAY_S, "years"),
)  # fmt: skip
"""Times [s] below which each unit is used, lengths of the units [s], and their names."""

_ROUNDING = 1e-12
"""Errors and widths below this fraction of a number come from rounding, and are none."""


def shown(value: float, digits: int = 4) -> str:
    """Write a number whose error is not known.

    Parameters
    ----------
    value : float
        The number; a whole one is written with all its digits.
    digits : int
        Significant digits of others.

    Examples
    --------
    >>> shown(0.123456), shown(12345.0), shown(math.nan), shown(-math.inf)
    ('0.1235', '12345', 'unknown', '-infinite')
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if value == 0:
        return "0"
    if value.is_integer() and abs(value) < _LARGEST:
        return str(int(value))
    if not _SMALLEST <= abs(value) < _LARGEST:
        return f"{value:.{digits - 1}e}"
    return _fixed(value, digits - 1 - _exponent(value, digits))


def with_error(value: float, error: float | None, digits: int = 4) -> str:
    """Write a number with its standard error.

    Parameters
    ----------
    value : float
        The number.
    error : float or None
        Its standard error; one that is None, 0 but for rounding, or not finite is left out.
    digits : int
        Significant digits if the error is unknown.

    Examples
    --------
    >>> with_error(0.0123456, 0.00098), with_error(1234.5, 56.7), with_error(1.5e-7, 3e-9)
    ('0.01235 ± 0.00098', '1234 ± 57', '(1.500 ± 0.030)e-07')
    """
    if error is None or not (math.isfinite(error) and math.isfinite(value)):
        return shown(value, digits)
    if error <= _ROUNDING * abs(value):
        return shown(value, digits)
    largest = max(abs(value), error)
    scale = 0
    if not _SMALLEST <= largest < _LARGEST:
        scale = math.floor(math.log10(largest))
    factor = 10.0**-scale
    value, error = value * factor, error * factor
    decimals = _ERROR_DIGITS - 1 - _exponent(error, _ERROR_DIGITS)
    text = f"{_fixed(value, decimals)} ± {_fixed(error, decimals)}"
    return f"({text})e{scale:+03d}" if scale else text


def with_interval(value: float, low: float, high: float, digits: int = 4) -> str:
    """Write a number with the ends of an interval, with digits that fit its width.

    Parameters
    ----------
    value : float
        The number.
    low, high : float
        The ends.
    digits : int
        Significant digits of the number if the interval has no width.

    Examples
    --------
    >>> with_interval(0.023, 0.012345, 0.034567), with_interval(math.inf, 0.25, math.inf)
    ('0.023 (0.012 to 0.035)', 'infinite (above 0.250)')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        if math.isinf(low) and math.isinf(high):
            return shown(value, digits)
        end = f"below {shown(high, 3)}" if math.isinf(low) else f"above {shown(low, 3)}"
        return f"{shown(value, digits)} ({end})"
    half, largest = (high - low) / 2, max(abs(low), abs(high))
    if half <= _ROUNDING * largest or not _SMALLEST <= largest < _LARGEST:
        return f"{shown(value, digits)} ({shown(low, 3)} to {shown(high, 3)})"
    decimals = _ERROR_DIGITS - 1 - _exponent(half, _ERROR_DIGITS)
    number = _fixed(value, decimals) if math.isfinite(value) else shown(value)
    return f"{number} ({_fixed(low, decimals)} to {_fixed(high, decimals)})"


def duration(seconds: float, *, whole_seconds: bool = False) -> str:
    """Write how long something took, to two digits, in the unit that one would say.

    Parameters
    ----------
    seconds : float
        The time [s].
    whole_seconds : bool
        Whether parts of a second are left out, as of time that is passing.

    Examples
    --------
    >>> duration(44.2), duration(400.0), duration(7087.0), duration(0.31), duration(math.nan)
    ('44 s', '6.7 min', '2.0 h', '0.31 s', 'unknown')
    >>> duration(9e5), duration(5.4e7), duration(5.4e13)
    ('10 days', '1.7 years', '1,700,000 years')
    """
    if not math.isfinite(seconds):
        return "unknown"
    size, unit = next((size, unit) for most, size, unit in _TIMES if seconds < most)
    time = seconds / size
    is_whole = time >= 9.95 or (whole_seconds and unit == "s")
    decimals = 0 if is_whole else 1 if time >= 0.995 else 2
    return f"{time if time < 100.0 else float(f'{time:.2g}'):,.{decimals}f} {unit}"


def _exponent(value: float, digits: int) -> int:
    """Power of ten of the first digit, after rounding to some digits: 1 for 9.99, two digits."""
    return int(f"{abs(value):.{digits - 1}e}".partition("e")[2])


def _fixed(value: float, decimals: int) -> str:
    """Write a number rounded to some decimal place, which may lie before the point."""
    text = f"{round(value, decimals):.{max(decimals, 0)}f}"
    return text.lstrip("-") if float(text) == 0 else text
