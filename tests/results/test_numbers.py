"""Numbers for people: the digits of a value fit its error."""

import math

import pytest

from lasersampling.results.numbers import shown, with_error, with_interval


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.0123456, 0.00114, "0.0123 ± 0.0011"),
        (0.0123456, 0.000999, "0.0123 ± 0.0010"),
        (-1.5, 0.2, "-1.50 ± 0.20"),
        (123456.0, 789.0, "123460 ± 790"),
        (0.0, 0.5, "0.00 ± 0.50"),
        (-0.001, 0.5, "0.00 ± 0.50"),
        (12.3, 456.0, "10 ± 460"),
        (1.5e-7, 3e-9, "(1.500 ± 0.030)e-07"),
        (2.5e9, 1e8, "(2.50 ± 0.10)e+09"),
        (0.5, 0.0, "0.5000"),
        (0.5, math.nan, "0.5000"),
        (33.51, 7e-15, "33.51"),
        (0.5, math.inf, "0.5000"),
        (math.nan, 0.1, "unknown"),
        (math.inf, None, "infinite"),
    ],
)
def test_values_with_errors(value, error, text):
    assert with_error(value, error) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 4, "0"),
        (3.0, 2, "3"),
        (1234567.0, 2, "1234567"),
        (1234.5, 2, "1200"),
        (9.996, 3, "10.0"),
        (1.2345e-5, 2, "1.2e-05"),
        (-math.inf, 4, "-infinite"),
    ],
)
def test_values_without_errors(value, digits, text):
    assert shown(value, digits) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.02, 0.012345, 0.034567, "0.020 (0.012 to 0.035)"),
        (-0.5, -1.0, 2.0, "-0.5 (-1.0 to 2.0)"),
        (0.0, 0.0, 0.0, "0 (0 to 0)"),
        (33.510000000000005, 33.50999999999998, 33.51000000000012, "33.51 (33.5 to 33.5)"),
        (2e-9, 1e-9, 3e-9, "2.000e-09 (1.00e-09 to 3.00e-09)"),
        (0.5, -math.inf, math.inf, "0.5000"),
        (0.5, -math.inf, 3.0, "0.5000 (below 3)"),
        (math.nan, 0.1, 0.2, "unknown (0.100 to 0.200)"),
    ],
)
def test_values_with_intervals(value, low, high, text):
    assert with_interval(value, low, high) == text
