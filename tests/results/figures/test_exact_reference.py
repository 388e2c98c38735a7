import h5py
import numpy as np

from lasersampling.results.figures.exact_reference import plot


def test_deviation_is_in_per_cent_and_the_verdict_stands_above(make):
    figure = plot(make("exact_reference"))
    points = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert len(points) == 2
    for line in points:
        np.testing.assert_allclose(line.get_ydata(), 1.0)
    assert figure.get_suptitle() == "D7: the rate equations hold against the exact process"


def test_equations_that_fail_are_named_as_such(make):
    path = make("exact_reference")
    with h5py.File(path, "r+") as file:
        file["comparison"].attrs["equations_hold"] = np.int8(0)
    assert "miss the exact process by up to 6 %" in plot(path).get_suptitle()
