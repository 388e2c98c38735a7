"""The order in which spikes arrive."""

import numpy as np
import pytest

from lasersampling.lif.spike_times.arrivals import new_sorting, sort_arrivals


@pytest.mark.parametrize("kind", ["even", "ties", "crowded", "outlier", "absent", "tiny", "huge"])
@pytest.mark.parametrize("n_pre", [3, 13, 60])
def test_arrivals_are_sorted_whatever_their_distribution(n_pre, kind):
    """By intervals of time, by insertion or by merging: always the stable order."""
    generator = np.random.default_rng(n_pre)
    times = generator.random(n_pre)
    if kind == "ties":
        times = np.round(4 * times) / 4
    elif kind == "crowded":
        times = times**40
    elif kind == "outlier":
        times[n_pre // 2] = 1e6
    elif kind == "absent":
        times[generator.random(n_pre) < 0.5] = np.inf
    elif kind == "tiny":
        times *= 1e-310
    elif kind == "huge":
        times = 3.0 * (times - 0.5) * 1e308
    sorting = new_sorting(n_pre)
    size = sort_arrivals(times, np.zeros(n_pre), sorting)
    arrival, who = sorting.arrival, sorting.who
    order = np.argsort(times, kind="stable")[: np.isfinite(times).sum()]
    assert size == len(order)
    assert np.array_equal(who[:size], order)
    assert np.array_equal(arrival[:size], times[order])
