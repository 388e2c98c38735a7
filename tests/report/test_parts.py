"""Words, values under the pointer, pictures and frames that the page is made of."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lasersampling.plots import style
from lasersampling.report.pictures import bands_of, source_of
from lasersampling.report.readings import readings_of
from lasersampling.report.slider import frames_of, has_frames
from lasersampling.report.words import aligned, spoken, told, visible
from lasersampling.results import ResultsFile, read_results


def figure_with_everything():
    with style.style():
        figure = style.new_figure(4.0)
        left, right = figure.subplots(1, 2)
        left.plot([1, 10, 100], [3.0, 2.0, 1.0], label=r"$\tau_\mathrm{syn}$")
        left.axhline(2.5)
        left.errorbar([2, 20], [2.0, 2.1], [0.1, 0.1], fmt="o", label="measured")
        left.set_xscale("log")
        left.set_xlabel("time (ns)")
        left.set_ylabel("error")
        left.set_title("falls")
        left.legend()
        right.set_title("stands")
        right.bar(["00", "01"], [0.25, 0.75], label="target")
        figure.savefig(io.BytesIO())
    return figure


def test_values_are_those_of_curves_and_bars():
    left, right = readings_of(figure_with_everything())
    assert [series["label"] for series in left["series"]] == ["τ_syn", "measured"]
    assert left["series"][0]["x"] == [1, 10, 100]
    assert left["series"][0]["y"] == [3, 2, 1]
    assert (left["x"]["log"], left["y"]["log"]) == (True, False)
    assert left["x"]["label"] == "time (ns)"
    assert right["series"][0]["y"] == [0.25, 0.75]
    for panel in (left, right):
        x0, top, x1, bottom = panel["box"]
        assert 0 < x0 < x1 < 1
        assert 0 < top < bottom < 1
    assert left["box"][2] < right["box"][0]


def test_long_curves_are_thinned():
    figure = style.new_figure(3.0)
    figure.subplots().plot(np.arange(10_000), np.arange(10_000), label="long")
    (panel,) = readings_of(figure)
    x = panel["series"][0]["x"]
    assert 1000 < len(x) <= 1500
    assert set(np.diff(x)) == {7.0}


def test_a_figure_is_told_in_words():
    words = told(figure_with_everything())
    assert (
        "Panel 1: falls; error against time (ns); shown are τ_syn, measured. Panel 2: stands."
        in words
    )


def test_marks_of_direction_are_shown_and_spaces_kept():
    assert visible("a\u202eb\u2007c\nd\x1b") == "a\\u202eb\u2007c\nd\\x1b"
    assert spoken(r"\$5 and $\Delta$ t") == "$5 and Δ t"


def test_decimal_points_stand_below_one_another():
    texts = aligned(["0.5 ± 0.1", "12345", "-1.25", "(1.5 ± 0.2)e-07", "unknown", ""])
    points = [text.index(".") for text in (texts[0], texts[2], texts[3])]
    assert points == [5, 5, 5]
    assert texts[1] == "12345"
    assert texts[4:] == ["unknown", ""]


def pixels(source):
    head, _, data = source.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_pictures_keep_their_pixels():
    image = np.array([[0.0, 1.0], [0.2, np.nan]])
    np.testing.assert_array_equal(pixels(source_of(image)), [[255, 0], [204, 128]])
    known = np.array([[True, False], [True, True]])
    drawn = pixels(source_of(image, known))
    assert drawn[0, 1].tolist() == [230, 159, 0]
    assert drawn[1, 0].tolist() == [204, 204, 204]


def test_large_pictures_are_thinned():
    assert pixels(source_of(np.zeros((300, 200)))).shape == (60, 40)


def test_pictures_have_the_names_of_their_classes(hostile):
    (band,) = bands_of(read_results(hostile))
    assert band.title == "Nanolasers"
    assert [one.label for one in band.pictures][2] == "no label asked for"
    assert "\u202e" not in band.pictures[0].label


def test_pictures_are_spread_over_all_labels(tmp_path):
    with ResultsFile.create(tmp_path / "a.h5", command="", seed=0, config="") as file:
        dims = ("sample", "row", "column")
        file.write("images/gibbs", np.zeros((200, 2, 2)), dims, units="1", description="images")
        labels = np.repeat(np.arange(10), 20)
        file.write("images/gibbs_label", labels, dims[:1], units="1", description="labels")
    (band,) = bands_of(read_results(tmp_path / "a.h5"))
    assert (len(band.pictures), band.n_held) == (40, 200)
    assert {one.label for one in band.pictures} == {f"label {k}" for k in range(10)}


def test_frames_count_states_up_to_all_draws(sampled):
    results = read_results(sampled())
    assert has_frames(results)
    found = frames_of(results)
    assert found is not None
    states = results.array("samples/state").astype(int)
    number = states[..., 0] + 2 * states[..., 1]
    share = np.bincount(number.ravel(), minlength=4) / number.size
    last = found["frames"][-1]
    assert found["names"] == ["00", "10", "01", "11"]  # by target: states 0, 1, 2, 3
    assert last["sampled"] == pytest.approx(share, rel=1e-3)
    assert last["label"] == "500 draws of each of 2 chains"
    assert found["frames"][0]["label"] == "1 draw of each of 2 chains"
    expected = np.sum(share * np.log(share / found["target"]))
    assert float(last["kl"]) == pytest.approx(expected, rel=1e-2)
