"""Tables of figures of merit: no number stands there that is none."""

import io
import math

import pytest

from lasersampling.cli.tables import metrics_table
from lasersampling.commands.progress import console
from lasersampling.results import Metric


@pytest.mark.parametrize(
    ("metric", "shown"),
    [
        (Metric(math.nan, None, "1", "D", None, "too few draws"), ["unknown", "too few draws"]),
        (Metric(math.inf, None, "1", "D", None, "a state is missing"), ["infinite", "missing"]),
        (Metric(0.5, math.nan, "1", "D", None, "alike"), ["0.5000", "alike"]),
        (Metric(0.5, 0.01, "1", "D", (0.25, math.inf)), ["0.5000 ± 0.01", "from 0.25"]),
        (Metric(0.5, None, "1", "D", (math.nan, math.nan)), ["0.5000"]),
    ],
)
def test_what_is_no_number_is_told_in_words(metric, shown):
    out = io.StringIO()
    console(out).print(metrics_table("table", {"x": metric}))
    text = out.getvalue()
    assert all(word in text for word in shown)
    assert "nan" not in text
    assert not any(cell.strip() == "inf" for cell in text.split())
