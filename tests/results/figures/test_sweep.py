from functools import partial

import numpy as np
import pytest

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
    texts = [text.get_text() for text in sweep.plot(make("sweep")).axes[1].texts]
    assert texts == ["6 of 18 pieces have no finite value"]


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
