import math

import pytest

from lasersampling.results import Metric
from lasersampling.sweeps import Cell, Outcome, averages_of


def piece(seed, value, **more):
    metric = Metric(value, 0.5, "ns", "a time", **more)
    return Outcome(Cell(("x",), seed), "lasersampling ...", {"time": metric}, 2.0, "abc")


@pytest.mark.parametrize(
    "outcome",
    [
        piece(3, 1.5, interval=(1.0, 2.0), reason="a reason"),
        piece(3, math.inf),
        Outcome(Cell((), 0), "…", failure="no memory", warnings=("one", "two")),
    ],
)
def test_an_outcome_is_one_line_and_comes_back(outcome):
    line = outcome.to_json()
    assert "\n" not in line
    again = Outcome.from_json(line)
    assert again == outcome or math.isnan(outcome.wall_time_s)
    assert again.metrics == outcome.metrics and again.failure == outcome.failure
    for cut in range(len(line)):
        with pytest.raises((ValueError, TypeError, LookupError)):
            Outcome.from_json(line[:cut])


def test_means_have_the_scatter_over_seeds_as_their_error():
    (average,) = averages_of([piece(seed, value) for seed, value in enumerate([1.0, 2.0, 6.0])])
    assert (average.n_seeds, average.n_failed) == (3, 0)
    metric = average.metrics["time"]
    assert metric.value == pytest.approx(3.0)
    assert metric.standard_error == pytest.approx(math.sqrt(7.0 / 3.0))
    assert (metric.units, metric.description) == ("ns", "a time")


def test_one_seed_has_the_error_of_its_measurement():
    (average,) = averages_of([piece(0, 1.0)])
    assert average.metrics["time"].standard_error == 0.5


def test_failed_pieces_are_counted_and_left_out():
    failed = Outcome(Cell(("x",), 1), "", failure="no memory")
    (average,) = averages_of([piece(0, 1.0), failed, piece(2, 3.0)])
    assert (average.n_seeds, average.n_failed) == (2, 1)
    assert average.metrics["time"].value == 2.0


@pytest.mark.parametrize(
    ("value", "mean", "reason"),
    [
        (math.inf, math.inf, "infinite for 1 of 2 seeds: a state is new"),
        (math.nan, math.nan, "unknown for 1 of 2 seeds: a state is new"),
    ],
)
def test_what_is_not_finite_says_why(value, mean, reason):
    (average,) = averages_of([piece(0, 1.0), piece(1, value, reason="a state is new")])
    metric = average.metrics["time"]
    assert metric.reason == reason and metric.standard_error is None
    assert metric.value == mean or (math.isnan(mean) and math.isnan(metric.value))
