import itertools
import warnings

import numpy as np
import pytest

from lasersampling.results.figures.comparison import plot
from tests.results.figures.files.columns import write_array


@pytest.fixture
def curves_of(make):
    """Return a function that draws two arms, (epoch, arm, member), and returns their curves."""

    def draw(accuracy):
        def write(file):
            file.attributes("main", {"about": "methods", "arms": ["a", "b"], "variants": [""]})
            write_array(file, "main/accuracy", accuracy[-1:], "variant", "arm", "member")
            for place, arm in enumerate("ab"):
                write_array(file, f"curves/{arm}", accuracy[:, place], f"epoch_{arm}", "member")

        path = make("comparison", write)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure = plot(path)
            figure.canvas.draw()
        path.unlink()
        return figure.axes[0]

    return draw


def test_a_single_epoch_is_seen(curves_of):
    curves = curves_of(np.full((1, 2, 3), 0.9))
    assert all(line.get_marker() not in ("", "None") for line in curves.lines)


def test_errors_of_zero_are_on_the_axis(curves_of):
    accuracy = np.linspace(0.5, 1.0, 4)[:, None, None] * np.ones((1, 2, 3))
    curves = curves_of(accuracy)
    assert curves.get_yscale() == "linear"
    assert curves.get_ylim()[0] <= 0.0
    assert curves_of(0.9 * accuracy).get_yscale() == "log"


def study(make, variants, accuracy):
    def write(file):
        about = {"about": "imperfection", "arms": ["a", "b"], "variants": variants}
        file.attributes("robustness", about)
        write_array(file, "robustness/accuracy", accuracy, "variant", "arm", "member")

    figure = plot(make("comparison", write))
    figure.canvas.draw()
    return figure


def labels_of(axes):
    labels = axes.get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.overlaps(two) for one, two in itertools.pairwise(boxes))
    return [label.get_text() for label in labels]


def means_of(axes):
    return [np.asarray(line.get_xdata()) for line in axes.lines if line.get_marker() in ("o", "s")]


def test_long_names_of_variants_stand_in_a_list_and_do_not_overlap(make):
    names = [f"a long name with the number {k}" for k in range(15)]
    accuracy = np.linspace(0.8, 0.99, 15 * 2 * 3).reshape(15, 2, 3)
    (axes,) = study(make, names, accuracy).axes
    assert labels_of(axes) == names
    assert np.allclose(means_of(axes), 100.0 * (1.0 - accuracy.mean(axis=2)).T)


def test_variants_of_two_things_in_all_combinations_stand_in_a_table(make):
    kinds, ways = list("abcdefghijkl"), ["blind", "noise-aware", "in the loop"]
    names = [f"{kind}, {way}" for kind in kinds for way in ways]
    accuracy = np.linspace(0.8, 0.99, 36 * 2 * 3).reshape(36, 2, 3)
    panels = study(make, names, accuracy).axes
    assert [axes.get_title(loc="left") or axes.get_title() for axes in panels] == ways
    assert labels_of(panels[0]) == kinds
    for k, axes in enumerate(panels):
        assert np.allclose(means_of(axes), 100.0 * (1.0 - accuracy[k::3].mean(axis=2)).T)


def test_variants_of_some_combinations_stand_in_a_list(make):
    kinds = ("abcd", ("blind", "noise-aware")), ("efgh", ("noise-aware", "in the loop"))
    names = [f"{kind}, {way}" for some, ways in kinds for kind in some for way in ways]
    (axes,) = study(make, names, np.linspace(0.8, 0.99, 16 * 2 * 3).reshape(16, 2, 3)).axes
    assert labels_of(axes) == names


def test_a_reference_stands_in_one_column_of_the_table(make):
    ways = ["blind", "in the loop"]
    names = ["none, in the loop", *(f"{kind}, {way}" for kind in "abcdefgh" for way in ways)]
    accuracy = np.linspace(0.8, 0.99, 17 * 2 * 3).reshape(17, 2, 3)
    panels = study(make, names, accuracy).axes
    assert [axes.get_title(loc="left") or axes.get_title() for axes in panels] == ways
    assert labels_of(panels[0]) == ["none", *"abcdefgh"]
    blind, learned = (np.array(means_of(axes)) for axes in panels)
    assert np.isnan(blind[:, 0]).all()
    assert np.allclose(learned[:, 0], 100.0 * (1.0 - accuracy[0].mean(axis=1)))
    assert np.allclose(blind[:, 1:].T, 100.0 * (1.0 - accuracy[1::2].mean(axis=2)))


@pytest.mark.parametrize("names", [["a", "b"], [f"a long name with {k}" for k in range(20)]])
def test_studies_of_which_all_has_failed_are_drawn_empty(make, names):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (axes,) = study(make, names, np.full((len(names), 2, 3), np.nan)).axes
        assert axes.get_xscale() == axes.get_yscale() == "linear"


def test_trainings_that_have_all_failed_have_no_curves(curves_of):
    assert curves_of(np.full((3, 2, 3), np.nan)).get_yscale() == "linear"
