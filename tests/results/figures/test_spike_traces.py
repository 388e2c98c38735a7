import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.results.figures.spike_traces import plot


def test_panels_show_photons_carriers_and_spikes_of_each_laser(make):
    figure = plot(make("spike_traces"))
    first, carriers, second, _ = figure.axes[:4]
    assert first.get_yscale() == "log"
    assert "laser 0 · 2 spikes" in first.get_title(loc="left")
    assert "laser 4 · 0 spikes" in second.get_title(loc="left")
    spikes = next(line for line in first.lines if line.get_marker() == "v")
    np.testing.assert_array_equal(spikes.get_xdata(), [1.0, 6.0])
    assert np.asarray(carriers.lines[0].get_ydata())[0] == 40
    level = next(line for line in first.lines if line.get_linestyle() != "-")
    assert np.asarray(level.get_ydata())[0] == 600
    assert all(axes.get_ylim()[1] > 600 for axes in (first, second))


def test_lasers_may_be_chosen_but_must_be_recorded(make):
    path = make("spike_traces")
    assert len(plot(path, lasers=[4]).axes) == 3
    with pytest.raises(InputError, match=r"got \[3\], expected some of \[0, 4\]"):
        plot(path, lasers=[3, 4])
