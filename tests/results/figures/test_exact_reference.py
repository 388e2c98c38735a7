import numpy as np

from lasersampling.results.figures.exact_reference import plot


def test_deviation_is_in_per_cent_and_the_mean_stands_above(make):
    figure = plot(make("exact_reference"))
    points = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert len(points) == 2
    for line in points:
        np.testing.assert_allclose(np.asarray(line.get_ydata()), 1.0)
    assert figure.get_suptitle() == "D7: spike rates of the equations differ by -1.1 ± 0.6 %"
