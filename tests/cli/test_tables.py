"""Tables of figures of merit: no number stands there that is none, and none is too wide."""

import io
import math

import pytest
from rich.cells import cell_len

from lasersampling.cli.tables import measures_table, pairs_table, rows_table
from lasersampling.commands.progress import console
from lasersampling.results import Metric
from lasersampling.results.names import ENDINGS


def printed(table, encoding="utf-8", width=80):
    buffer = io.BytesIO()
    out = io.TextIOWrapper(buffer, encoding=encoding)
    shown = console(out)
    shown.width = width
    shown.print(table)
    out.flush()
    return buffer.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("metric", "shown"),
    [
        (Metric(math.nan, None, "1", "D", None, "too few draws"), ["unknown [1]", "too few draws"]),
        (Metric(math.inf, None, "1", "D", None, "it is missing"), ["infinite [1]", "missing"]),
        (Metric(0.5, math.nan, "1", "D", None, "alike"), ["0.5000 [1]", "[1] alike."]),
        (Metric(0.5, 0.01, "1", "D", (0.25, math.inf)), ["0.500 ± 0.010", "± standard error"]),
        (Metric(0.5, None, "1", "D", (0.25, math.inf)), ["0.5000 (above 0.250)", "95 % interval"]),
        (Metric(0.5, None, "1", "D", (math.nan, math.nan)), ["0.5000"]),
    ],
)
def test_what_is_no_number_is_told_in_words(metric, shown):
    text = printed(measures_table("table", {"x": metric}, "", whole=True))
    assert all(word in text for word in shown)
    assert "nan" not in text
    assert not any(cell.strip() == "inf" for cell in text.split())


def test_five_rows_and_how_many_more_there_are():
    metrics = {name: Metric(1.5, 0.1, "1", "") for name in ENDINGS["fit"].measures}
    text = printed(measures_table("table", metrics, "fit", whole=False))
    assert text.count("1.50 ± 0.10") == 5
    assert f"--all shows {len(metrics) - 5} more measures." in text
    whole = printed(measures_table("table", metrics, "fit", whole=True))
    assert whole.count("1.50 ± 0.10") == len(metrics)
    assert "--all" not in whole


@pytest.mark.parametrize("command", [*ENDINGS, ""])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_eighty_columns_hold_all_words_and_whole_numbers(command, encoding):
    number = "-1230000 ± 890000"
    stages = ["", "before", "gibbs"]
    names = ENDINGS[command].measures if command else [f"a_{'long_' * 20}name_{k}" for k in "ab"]
    metrics = {
        f"{name}_{stage}".rstrip("_"): Metric(-1234567.0, 890123.0, "1", "")
        for name in names
        for stage in stages
    }
    text = printed(measures_table("a [title]", metrics, command, whole=True), encoding)
    assert "a [title]" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    shown = text.count(number if encoding == "utf-8" else number.replace("±", "+/-"))
    # Accuracies are shown in percent, so their numbers are others.
    assert shown >= 3 * min(len(names), 2)


def test_columns_that_do_not_fit_follow_below():
    metrics = {f"accuracy_method_{k}": Metric(0.5, 0.01, "1", "") for k in range(9)}
    text = printed(measures_table("nine", metrics, "compare", whole=True))
    assert text.count("50.0 ± 1.0") == 9
    assert all(f"method {k}" in text for k in range(9))
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert len(printed(measures_table("nine", metrics, "compare", whole=True), width=300)) > 0


def test_hostile_words_stay_text():
    metrics = {"[red]x[/red]\x1b[2J": Metric(1.5, 0.1, "[b]", "", None, "[/blink] \x1b]0;me\x07")}
    text = printed(measures_table("[bold]t", metrics, "", whole=True))
    assert "\x1b" not in text
    assert all(part in text for part in ("[red]x[/red]", "([b])", "[/blink]", "[bold]t"))


def test_other_tables_have_titles_and_columns_that_are_text():
    text = printed(rows_table("[t]", ("[a]", "b"), [("[c]", 1.25)], [1])) + printed(
        pairs_table("two", {"x": 1.5})
    )
    assert all(part in text for part in ("[t]", "[a]", "[c]", "1.25", "two", "1.5"))


def test_numbers_in_lists_are_rounded_as_others_are():
    given = {"times": [0.1 + 0.2, 2.0], "sizes": [30, 3], "none": [], "words": ["bold", "red"]}
    text = printed(pairs_table("", given))
    for told in ("[0.3, 2]", "[30, 3]", "[]", "[bold, red]"):
        assert told in text
