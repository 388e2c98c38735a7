"""Words for figures of merit: each has its row, its column and its reasons."""

import math

import pytest

from lasersampling.results import Metric
from lasersampling.results.names import ENDINGS, MEASURES, SHOWN, Measure, command_of, measure_of
from lasersampling.results.records import PERFORMANCE
from lasersampling.results.summary import summary_of


def test_what_commands_show_has_words():
    for ending in ENDINGS.values():
        assert set(ending.measures) <= set(MEASURES)
        assert len(set(ending.measures)) == len(ending.measures)
    assert set(PERFORMANCE) <= set(ENDINGS["calibrate"].measures)


def test_no_two_measures_of_a_command_have_the_same_title():
    for name, ending in ENDINGS.items():
        titles = [MEASURES[measure].title for measure in ending.measures]
        assert len(set(titles)) == len(titles), name


def test_the_most_important_come_first_and_the_rest_is_counted():
    metrics = {name: Metric(1.0, 0.1, "1", "") for name in reversed(MEASURES)}
    five = summary_of(metrics, "fit", whole=False)
    assert [row.measure for row in five.rows] == [
        MEASURES[name] for name in ENDINGS["fit"].measures[:SHOWN]
    ]
    assert five.n_hidden == len(MEASURES) - SHOWN
    assert len(summary_of(metrics, "fit").rows) == len(MEASURES)


def test_columns_are_samplers_and_stages():
    names = ("kl_sample_target", "kl_sample_target_before", "kl_sample_target_gibbs", "kl_floor")
    found = summary_of({name: Metric(0.5, 0.1, "1", "") for name in names}, "fit")
    assert found.columns == ("after learning", "before learning", "Gibbs sampling")
    assert [len(row.cells) for row in found.rows] == [3, 1]
    other = summary_of({"p_value": Metric(0.5, None, "1", "")}, "sample", heads={"": "gibbs"})
    assert other.columns == ("gibbs",)


def test_units_follow_the_words_and_scale_the_value():
    found = summary_of({"test_accuracy": Metric(0.9512, 0.0034, "1", "")}, "classify")
    assert found.rows[0].measure.title == "test samples decided right (%)"
    assert found.rows[0].cells["networks"].text == "95.12 ± 0.34"
    assert measure_of("speed", "1/ns", "how fast it is") == Measure("how fast it is", "1/ns")


@pytest.mark.parametrize(
    ("metric", "text", "why"),
    [
        (Metric(math.nan, None, "1", "D", None, "too few draws"), "unknown", "too few draws"),
        (Metric(0.5, 0.1, "1", "D", (0.4, 0.6)), "0.50 ± 0.10", None),
        (Metric(0.5, None, "1", "D", (0.4, 0.6)), "0.50 (0.40 to 0.60)", None),
        (Metric(0.5, None, "1", "D", (0.6, 0.7)), "0.500 (0.600 to 0.700)", "bias"),
        (Metric(0.5, None, "1", "D", (0.6, 0.7), "one sees why"), None, "one sees why"),
        (Metric(math.inf, None, "1", "D", (0.4, math.inf), "new"), "infinite (above 0.400)", "new"),
    ],
)
def test_no_interval_lies_beside_its_value_without_a_reason(metric, text, why):
    found = summary_of({"kl_corrected": metric}, "sample")
    (cell,) = found.rows[0].cells.values()
    assert text is None or cell.text == text
    assert (cell.why is None) if why is None else (why in (cell.why or ""))
    assert found.reasons == (() if why is None else (cell.why,))


def test_the_command_of_a_file():
    assert command_of("lasersampling generate digits") == "generate"
    assert command_of("lasersampling serve lasers") == command_of("") == command_of("x y") == ""
