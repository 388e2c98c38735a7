"""Order of spikes, against sorting by NumPy."""

import itertools

import numpy as np
import pytest

from lasersampling.lif.events.ordering import in_order, within_refractory

N_MEMBERS, N_SAMPLES, N_NEURONS = 2, 5, 7
N_RUNS = N_MEMBERS * N_SAMPLES


def spikes(n, n_times, seed=0):
    """Draw spikes, many of which share a time if there are few times."""
    generator = np.random.default_rng(seed)
    run = generator.integers(0, N_RUNS, n)
    neuron = generator.integers(0, N_NEURONS, n)
    return run, neuron, generator.integers(0, n_times, n) / n_times


@pytest.mark.parametrize(("n", "n_times"), [(0, 1), (1, 1), (400, 3), (400, 10**9)])
def test_spikes_are_ordered_by_run_time_and_neuron(n, n_times):
    run, neuron, time = spikes(n, n_times)
    order, offsets = in_order(run, neuron, time, N_RUNS)
    assert np.array_equal(order, np.lexsort((neuron, time, run)))
    assert np.array_equal(offsets, np.searchsorted(run[order], np.arange(N_RUNS + 1)))


@pytest.mark.parametrize("n_times", [6, 10**9])
def test_spikes_too_soon_after_the_one_before_are_found(n_times):
    run, neuron, time = spikes(400, n_times)
    order, offsets = in_order(run, neuron, time, N_RUNS)
    run, neuron, time = run[order], neuron[order], time[order]
    periods = np.random.default_rng(1).uniform(0.0, 0.4, (N_MEMBERS, N_NEURONS))
    caught, cut = within_refractory(offsets, neuron, time, periods)
    expected: tuple[list[np.intp], list[np.intp]] = ([], [])
    for r in range(N_RUNS):
        for n in range(N_NEURONS):
            own = np.flatnonzero((run == r) & (neuron == n))
            for one, next_one in itertools.pairwise(own):
                if time[next_one] <= time[one] + periods[r // N_SAMPLES, n]:
                    expected[0].append(next_one)
                    expected[1].append(one)
    assert 20 < caught.sum() < 380
    assert np.array_equal(np.flatnonzero(caught), np.sort(expected[0]))
    assert np.array_equal(np.flatnonzero(cut), np.sort(expected[1]))
