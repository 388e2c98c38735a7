import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection

from lasersampling.errors import InputError
from lasersampling.results.figures.raster import plot


def test_spikes_of_the_first_chain_with_the_intervals_they_hold(make):
    figure = plot(make("raster"))
    (axes,) = figure.axes
    drawn = [
        tuple(segment[0])
        for ticks in axes.collections
        if isinstance(ticks, LineCollection)
        for segment in ticks.get_segments()
    ]
    # Thirty refractory times end before the spike at 200 ns; 0.5 ns is of the second chain.
    assert sorted(drawn) == [(1.0, -0.42), (2.0, 1.58), (6.0, -0.42)]
    shades = [
        np.asarray(path.vertices)
        for boxes in axes.collections
        if isinstance(boxes, PolyCollection)
        for path in boxes.get_paths()
    ]
    assert sorted((box[:, 0].min(), box[:, 0].max()) for box in shades) == [
        (1.0, 4.5),
        (2.0, 5.5),
        (6.0, 9.5),
    ]
    assert axes.get_xlim() == (0, 105)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "visible",
        "label",
        "hidden",
    ]


def test_window_keeps_the_spike_that_still_holds_its_unit(make):
    (axes,) = plot(make("raster"), start_ns=4.0, window_ns=1.0).axes
    ticks = [t for t in axes.collections if isinstance(t, LineCollection)]
    assert sum(len(t.get_segments()) for t in ticks) == 2
    assert axes.get_xlim() == (4, 5)


def test_refractory_time_is_needed(make):
    def without_device(file):
        file.write("spikes/time", [1.0], ("spike",), units="ns", description="")

    with pytest.raises(InputError, match="no refractory time"):
        plot(make("raster", without_device))
