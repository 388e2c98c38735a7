import re
from html.parser import HTMLParser

import h5py
import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.report import render, write_report
from lasersampling.results import ResultsFile

TAGS = {
    "a", "b", "bdi", "body", "button", "code", "dd", "details", "dialog", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "head", "header", "html", "img", "input",
    "label", "li", "main", "meta", "nav", "ol", "output", "p", "pre", "script", "section", "span",
    "strong", "style", "summary", "sup", "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
}  # fmt: skip


class Page(HTMLParser):
    """Elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_a_page_tells_the_verdict_the_measures_and_how_to_repeat_the_run(sampled):
    text = render([sampled()])
    assert "The draws agree with the machine within their error." in text
    assert "0.0123 ± 0.0011" in text
    assert "D_KL(sampled ‖ target) (nats)" in text
    assert "Gibbs sampling" in text  # above the measures, by the sampler that the file names
    assert "lasersampling sample two.toml --sampler gibbs" in text
    for word in ("seed", "commit", "version", "took", "processor", "instructions"):
        assert f"<dt><bdi>{word}</bdi></dt>" in text


def test_a_page_holds_all_it_shows_and_says_what_is_seen(sampled):
    page = Page(render([sampled()]))
    assert {name for name, _ in page.elements} <= TAGS
    sources = [attributes.get("src") for tag in ("img", "script") for attributes in page.all(tag)]
    assert all(source is None or source.startswith("data:image/") for source in sources)
    assert all((link["href"] or "").startswith("#") for link in page.all("a"))
    assert not page.all("link")
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {(link["href"] or "")[1:] for link in page.all("a")} <= set(ids)
    alts = [picture["alt"] or "" for picture in page.all("img")]
    distribution, divergence = alts
    assert "Sampled and target probabilities of the joint states." in distribution
    assert "shown are target, sampled" in distribution
    assert "D_KL(sampled‖target) against draws, all chains" in divergence
    assert not any("\\" in alt or "$" in alt for alt in alts)


def test_hostile_texts_stay_text(hostile):
    text = render([hostile])
    page = Page(text)
    assert {name for name, _ in page.elements} <= TAGS
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
    scripts = page.all("script")
    assert len(re.findall("</script", text)) == len(scripts)
    assert sum(script.get("type") is None for script in scripts) == 1
    assert not set(text) & {"\u202e", "\u200f"}
    assert sum("<script>alert('x')</script>" in found for found in page.texts) > 10
    assert "\\u202eabc\\u200f" in text


def test_epochs_in_which_nothing_was_measured_are_gaps_of_curves(tmp_path):
    """They are nan for all members, of which no median is taken (warnings are errors here)."""
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path in paths:
        with ResultsFile.create(path, command="", seed=0, config="") as file:
            file.write("history/epoch", [1, 2, 3], ("epoch",), units="1", description="epochs")
            accuracy = [[0.5, 0.7], [float("nan")] * 2, [0.9, float("inf")]]
            dims = ("epoch", "member")
            file.write("history/accuracy", accuracy, dims, units="1", description="accuracy")
    assert "Curves that the runs have in common" in render(paths)


def test_runs_are_compared(sampled):
    first = sampled("first.h5", 0)
    second = sampled("second.h5", 1)
    text = render([first, second])
    page = Page(text)
    assert "2 runs compared" in text
    comparison = text[text.index('id="comparison"') : text.index('id="run-1"')]
    assert "0.0123 ± 0.0011" in comparison
    assert "0.0246 ± 0.0011" in comparison
    assert "<code><bdi>seed</bdi></code>" in comparison
    assert "<bdi>draws</bdi>" not in comparison  # the same in both
    assert any("Curves that the runs have in common" in (p["alt"] or "") for p in page.all("img"))
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))


def test_files_of_the_same_name_are_told_apart(sampled, tmp_path):
    (tmp_path / "other").mkdir()
    text = render([sampled("run.h5"), sampled("other/run.h5", 1)])
    assert str(tmp_path / "other" / "run.h5") in text


def test_a_file_that_holds_nothing_still_has_a_page(tmp_path):
    path = tmp_path / "empty.h5"
    with ResultsFile.create(path, command="", seed=0, config=""):
        pass
    text = render([path])
    assert "empty.h5" in text
    assert "How to repeat it" in text


def test_a_checkpoint_is_told(tmp_path):
    path = tmp_path / "open.h5"
    with ResultsFile.create(path, command="", seed=0, config="") as file:
        file.attributes("/", {"complete": False})
    assert "This run has not come to its end." in render([path])


def test_a_page_is_never_replaced_unasked(sampled, tmp_path):
    path, page = sampled(), tmp_path / "page.html"
    page.write_text("precious")
    with pytest.raises(InputError, match="a file that exists"):
        write_report([path], page)
    assert page.read_text() == "precious"
    assert write_report([path], page, overwrite=True) == page
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["page.html", "run.h5"]


@pytest.mark.parametrize(
    ("names", "page", "text"),
    [
        ((), "page.html", "got none, expected one results file or several"),
        (("run.h5", "run.h5"), "page.html", "given twice"),
        (("missing.h5",), "page.html", "no such file"),
        (("notes.h5",), "page.html", "a results file written by lasersampling"),
        (("run.h5",), "page.txt", "one of .html, .htm"),
        (("run.h5",), "no/page.html", "no directory"),
    ],
)
def test_what_cannot_be_reported_is_refused(sampled, tmp_path, monkeypatch, names, page, text):
    monkeypatch.chdir(tmp_path)
    sampled()
    (tmp_path / "notes.h5").write_text("no results")
    with pytest.raises(InputError, match=re.escape(text)):
        write_report(names, page)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["notes.h5", "run.h5"]


def test_the_same_file_gives_the_same_page(sampled):
    path = sampled()
    assert render([path]) == render([path])


def test_long_lists_are_folded_away_and_dates_and_commits_are_short(sampled):
    path = sampled()
    files = [f"{k:016x} lasersampling/file_{k}.py" for k in range(60)]
    with h5py.File(path, "r+") as file:
        file.attrs["code"] = "\n".join(files)
        file.attrs["git_commit"] = "0123456789abcdef0123456789abcdef01234567-dirty"
        file.attrs["created_at"] = "2026-11-29T22:23:22+01:00"
    text = render([path])
    assert "<details><summary><bdi>Code of the run</bdi>: 60 lines</summary>" in text
    assert "<dt><bdi>code" not in text
    assert "<dd><bdi>0123456789ab-dirty</bdi></dd>" in text
    assert "<dd><bdi>2026-11-29 21:23 UTC</bdi></dd>" in text


def test_epochs_of_learning_have_a_slider_and_gaps_no_warning(tmp_path):
    paths = [tmp_path / name for name in ("first.h5", "second.h5")]
    for path in paths:
        with ResultsFile.create(path, command="mine", seed=0, config="") as file:
            epochs = [1, 2, 3]
            file.write("history/epoch", epochs, ("epoch",), units="1", description="epoch")
            for name in ("loss", "train_accuracy", "validation_accuracy"):
                values = np.array([[0.5, 0.4], [np.nan, np.nan], [0.2, 0.3]])
                dims = ("epoch", "member")
                file.write(f"history/{name}", values, dims, units="1", description=name)
    page = Page(render(paths))
    over = [slider["data-over"] for slider in page.all("input") if "data-over" in slider]
    assert over == ["epoch"] * 3  # of the comparison, and of each run
