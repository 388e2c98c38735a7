import json
from pathlib import Path

import pytest

from lasersampling.results import ResultsFile


@pytest.fixture
def results(run):
    """Return two results files in the folder where commands run."""
    for name, loss in (("a.h5", [0.5, 0.25]), ("b.h5", [0.4, 0.2])):
        with ResultsFile.create(name, command="demo", seed=0, config="") as file:
            file.write("history/epoch", [1, 2], ("epoch",), units="1", description="epochs done")
            file.write("history/loss", loss, ("epoch",), units="1", description="loss")
            file.metric("accuracy", 1 - loss[1], 0.01)
    return ["a.h5", "b.h5"]


def test_a_page_stands_beside_the_first_file(run, results):
    told = json.loads(run("report", *results, "--json").out)
    assert (told["page"], told["results"]) == ("a.html", results)
    assert told["bytes"] == Path("a.html").stat().st_size
    assert "2 runs compared" in Path("a.html").read_text(encoding="utf-8")


def test_a_page_is_replaced_only_if_asked_and_before_anything_is_drawn(run, results):
    Path("a.html").write_text("precious")
    ran = run("report", "a.h5")
    assert ran.code == 2
    assert ran.err == (
        "lasersampling: bad input: a.html: got a file that exists, expected a new file name, or "
        "leave to overwrite it (--overwrite)\n"
    )
    assert Path("a.html").read_text() == "precious"


def test_arrays_are_written_for_other_tools(run, results):
    told = json.loads(run("export", "a.h5", "--to", "csv", "--json").out)
    assert told["written"] == ["a_history.csv"]
    assert Path("a_history.csv").read_text() == "epoch,loss\n1,0.5\n2,0.25\n"
    refused = run("export", "a.h5", "--to", "csv")
    assert refused.code == 2
    assert "a file that exists" in refused.err
    assert run("export", "a.h5", "--to", "csv", "--overwrite").code == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("report", "missing.h5"), "no such file"),
        (("report", "a.h5", "missing.h5"), "missing.h5: got no such file"),
        (("report", "a.h5", "--out", "a.txt"), "one of .html, .htm"),
        (("report", "a.h5", "--out", "a.h5", "--overwrite"), "one of .html, .htm"),
        (("export", "a.h5", "--to", "xls"), "one of csv, parquet, netcdf, nwb-like"),
        (("export", "a.h5", "--to", "csv", "--group", "spikes"), "no group 'spikes'"),
    ],
)
def test_what_cannot_be_written_is_refused(run, results, arguments, text):
    ran = run(*arguments)
    assert ran.code == 2
    assert text in ran.err
    assert sorted(path.name for path in Path().iterdir()) == results
