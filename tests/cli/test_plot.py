import json
from pathlib import Path

import pytest

from lasersampling.results import ResultsFile


@pytest.fixture
def results(run, request):
    """Return a results file with a history that two kinds of runs could have."""
    with ResultsFile.create("run.h5", command="demo", seed=0, config="") as file:
        file.attributes("/", {"complete": getattr(request, "param", True)})
        for name, values in (("target", [0.5, 0.25, 0.25, 0.0]), ("sampled", [0.4, 0.3, 0.2, 0.1])):
            file.write(f"distribution/{name}", values, ("state",), units="1", description=name)
        file.write("distribution/sampled_se", [0.01] * 4, ("state",), units="1", description="se")
        file.metric("kl_sample_target", 0.1)
        file.metric("kl_floor", 0.01)
    return Path("run.h5")


def test_figures_that_fit_are_listed(run, results):
    told = json.loads(run("plot", results, "--json").out)
    assert told["figures"] == [
        {
            "figure": "distribution",
            "shows": "Sampled and target probabilities of the joint states",
        }
    ]
    shown = run("plot", results)
    assert shown.code == 0
    assert "distribution" in shown.out


@pytest.mark.parametrize(
    ("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")]
)
def test_a_figure_in_each_format(run, results, name, start):
    ran = run("plot", results, "distribution", "--out", name)
    assert ran.code == 0, ran.err
    assert Path(name).read_bytes().startswith(start)
    before = Path(name).read_bytes()
    refused = run("plot", results, "distribution", "--out", name)
    assert refused.code == 2
    assert "a file that exists" in refused.err
    assert run("plot", results, "distribution", "--out", name, "--overwrite").code == 0
    assert len(Path(name).read_bytes()) == len(before)


def test_a_figure_without_a_name_stands_beside_the_file(run, results):
    told = json.loads(run("plot", results, "distribution", "--json").out)
    assert told["written"] == "run_distribution.png"
    assert Path("run_distribution.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("pie",), "got 'pie', expected one that run.h5 can show: distribution"),
        (("raster",), "got 'raster', expected one that run.h5 can show: distribution"),
        (("distribution", "--out", "a.gif"), "one of .png, .svg, .pdf"),
        (("--out", "a.png"), "the figure for --out: distribution"),
        (("distribution", "--out", "no/a.png"), "no directory"),
    ],
)
def test_what_cannot_be_drawn_is_refused(run, results, arguments, text):
    ran = run("plot", results, *arguments)
    assert ran.code == 2
    assert text in " ".join(ran.err.split())
    assert sorted(path.name for path in Path().iterdir()) == ["run.h5"]


def test_a_file_of_another_kind_is_refused(run):
    Path("notes.h5").write_text("no results")
    ran = run("plot", "notes.h5")
    assert ran.code == 2
    assert "notes.h5" in ran.err


def test_a_run_that_has_not_come_to_its_end_says_how_to_go_on(run):
    with ResultsFile.create("run.h5", command="lasersampling sample m", seed=0, config="") as file:
        file.attributes("/", {"complete": False})
    goes_on = "no step is kept; go on with: lasersampling sample --resume run.h5"
    for asked in ((), ("--out", "a.png"), ("raster",)):
        ran = run("plot", "run.h5", *asked)
        assert ran.code == 2
        assert "got a run that has not come to its end, expected one that has" in ran.err
        assert goes_on in ran.err
    ran = run("info", "run.h5")
    assert ran.code == 0
    assert "no step is kept" in " ".join(ran.out.split())
    # On a line of its own, which can be copied.
    assert "lasersampling sample --resume run.h5" in [line.strip() for line in ran.out.splitlines()]
    told = json.loads(run("info", "run.h5", "--json").out)["unfinished"]
    assert told["goes_on"] == "lasersampling sample --resume run.h5"
    assert run("report", "run.h5").code == 0
    page = Path("run.html").read_text()
    assert "Go on with the run:" in page
    assert "<code>lasersampling sample --resume run.h5</code>" in page


@pytest.mark.parametrize("results", [False], indirect=True)
def test_a_figure_of_an_unfinished_run_does_not_stand_in_the_way_of_its_own(run, results):
    ran = run("plot", results, "distribution")
    assert ran.code == 0 and "this run has not come to its end" in ran.err
    drawn = sorted(path.name for path in Path().iterdir())
    assert drawn == ["run.h5", "run_distribution_so_far.png"]
