import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.results.figures.distribution import plot


def heights(axes):
    return [
        [bar.get_height() for bar in bars] for bars in axes.containers if hasattr(bars, "patches")
    ]


def many(file):
    n_states = 128
    target = np.arange(n_states, 0, -1) / (n_states * (n_states + 1) / 2)
    for name in ("target", "sampled", "sampled_se"):
        file.write(f"distribution/{name}", target, ("state",), units="1", description="")


def test_bars_stand_in_the_order_of_the_target(make):
    linear, logarithmic = plot(make("distribution")).axes
    target, sampled = heights(linear)
    np.testing.assert_allclose(target, np.arange(8, 0, -1) / 36)
    np.testing.assert_allclose(
        sampled, [7 / 36, 6 / 36, 5 / 36, 4 / 36, 3 / 36, 2 / 36, 1 / 36, 8 / 36]
    )
    assert logarithmic.get_yscale() == "log"
    # The most probable state is number 7, the next 6 = 0·1 + 1·2 + 1·4.
    labels = [label.get_text() for label in logarithmic.get_xticklabels()]
    assert labels[:3] == ["111", "011", "101"]
    title = linear.get_title(loc="left")
    assert "0.012" in title
    assert "0.0045" in title


def test_order_of_states_on_request(make):
    _, logarithmic = plot(make("distribution"), order="state").axes
    labels = [label.get_text() for label in logarithmic.get_xticklabels()]
    assert labels[:3] == ["000", "100", "010"]
    with pytest.raises(InputError, match="'size'"):
        plot(make("distribution_2", many), order="size")  # type: ignore[arg-type]


def test_of_many_states_the_most_probable_are_shown(make):
    linear, _ = plot(make("distribution", many)).axes
    assert [len(bars) for bars in heights(linear)] == [64, 64]
    mass = sum(range(65, 129)) / sum(range(1, 129))
    assert f"64 most probable of 128 states, {mass:.0%} of the target" in linear.get_title(
        loc="left"
    )


def test_impossible_and_unseen_states_do_no_harm(make):
    def sparse(file):
        for name, values in (
            ("target", [0.5, 0.5, 0.0, 0.0]),
            ("sampled", [1.0, 0.0, 0.0, 0.0]),
            ("sampled_se", [0.0, 0.0, 0.0, 0.0]),
        ):
            file.write(f"distribution/{name}", values, ("state",), units="1", description="")

    figure = plot(make("distribution", sparse))
    figure.canvas.draw()
    low, high = figure.axes[1].get_ylim()
    assert 0 < low < 0.5 < 1 < high
