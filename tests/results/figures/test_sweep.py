from functools import partial

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.results.figures import sweep
from tests.results.figures.files.machines import write_sweep


def test_means_and_their_errors_are_those_of_the_seeds(make):
    axes = sweep.plot(make("sweep")).axes
    assert [panel.get_xlabel() for panel in axes] == ["draws", "draws"]
    assert axes[0].get_xscale() == "log" and axes[0].get_yscale() == "log"
    means = axes[0].containers[1][0]
    assert means.get_xdata().tolist() == [100, 1000, 10000]
    expected = 0.1 * np.array([1, 1 / 4, 1 / 9]) * 1.1 / 2
    np.testing.assert_allclose(means.get_ydata(), expected)
    (segments,) = axes[0].containers[1][2]
    ends = np.array(segments.get_segments())[:, :, 1]
    np.testing.assert_allclose(np.diff(ends, axis=1).ravel() / 2, expected / 1.1 * 0.1 / 3**0.5)


def test_pieces_that_are_not_finite_are_counted(make):
    panels = sweep.plot(make("sweep")).axes
    told = [panel.get_title(loc="right") for panel in panels]  # above the panel, over nothing
    assert told == ["", "6 of 18 pieces have no finite value"]
    assert not panels[1].texts


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_there_is_no_mean_where_a_seed_has_no_finite_value(value, make):
    """As in the table, which says that it is unknown."""

    def write(file):
        told = {"metrics": ["p_value"], "swept_command": "sample", "combinations": ["one"]}
        for name, column in (
            ("over.draws", [10, 10, 20, 20, 30, 30, 40, 40]),
            ("seed", [0, 1] * 4),
            ("p_value", [0.1, value, 0.2, 0.4, 0.3, 0.5, 0.6, np.nan]),
            ("p_value.is_measured", [True] * 7 + [False]),  # the last piece failed
        ):
            file.write(f"pieces/{name}", column, ("piece",), units="1", description=name)
        file.attributes("pieces", told)

    (panel,) = sweep.plot(make("sweep", write)).axes
    line = panel.containers[0][0]
    assert line.get_xdata().tolist() == [10, 20, 30, 40]
    np.testing.assert_allclose(line.get_ydata(), [np.nan, 0.3, 0.4, 0.6])
    assert panel.get_title(loc="right") == "2 of 8 pieces have no finite value"


def test_pieces_that_failed_are_counted_apart(make):
    def write(file, *, alone=False):
        told = {"swept_command": "sample", "combinations": ["one"]}
        columns = {"seed": [0, 1, 2], "failure": ["", "", "by mistake"]}
        if alone:
            columns["failure"] = ["by mistake"] * 3
        else:
            told["metrics"] = ["p_value"]
            columns["p_value"] = [0.1, np.inf, np.nan]
        for name, column in columns.items():
            file.write(f"pieces/{name}", column, ("piece",), units="1", description=name)
        file.attributes("pieces", told)

    path = make("sweep", write)
    (panel,) = sweep.plot(path).axes
    told = panel.get_title(loc="right")
    path.unlink()
    assert told == "1 of 3 pieces failed\n1 of 3 pieces has no finite value"
    with pytest.raises(InputError, match="got pieces that have all failed"):
        sweep.plot(make("sweep", partial(write, alone=True)))


def test_one_piece_that_is_not_finite_is_told_in_the_singular(make):
    def write(file):
        told = {"metrics": ["p_value"], "swept_command": "sample", "combinations": ["one"]}
        for name, column in (("seed", [0, 1]), ("p_value", [0.1, np.nan])):
            file.write(f"pieces/{name}", column, ("piece",), units="1", description=name)
        file.attributes("pieces", told)

    (panel,) = sweep.plot(make("sweep", write)).axes
    assert panel.get_title(loc="right") == "1 of 2 pieces has no finite value"


def test_texts_are_names_of_places(make):
    axes = sweep.plot(make("sweep", partial(write_sweep, texts=True, lines=1))).axes
    # A key with numbers stands along the axis if there is one.
    labels = [label.get_text() for label in axes[0].get_xticklabels()]
    assert (axes[0].get_xlabel(), labels) == ("draws", ["D2", "D6"])


@pytest.mark.parametrize(("lines", "n_drawn"), [(1, 1), (2, 2), (9, 7)])
def test_there_is_a_line_for_each_combination_of_other_keys(lines, n_drawn, make):
    figure = sweep.plot(make("sweep", partial(write_sweep, lines=lines)))
    assert len(figure.axes[0].containers) == n_drawn
    if lines == 9:
        assert figure.legends[0].get_title().get_text() == "the first 7 of 9 combinations"
