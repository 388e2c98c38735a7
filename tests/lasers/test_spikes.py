import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.spikes import SpikeTrains


def trains(time, unit, offset, n_units=2, duration=10.0):
    return SpikeTrains(
        np.array(time, dtype=np.float64),
        np.array(unit, dtype=np.int32),
        np.array(offset, dtype=np.int64),
        n_units,
        duration,
    )


EXAMPLE = trains([1.0, 2.0, 2.5, 4.0, 9.0], [0, 1, 0, 0, 1], [0, 3, 5])


def test_counts_rates_and_intervals():
    assert EXAMPLE.counts().tolist() == [[2, 1], [1, 1]]
    assert EXAMPLE.rate_per_ns().tolist() == [[0.2, 0.1], [0.1, 0.1]]
    assert EXAMPLE.intervals_ns(0).tolist() == [1.5]
    times, units = EXAMPLE.chain(1)
    assert (times.tolist(), units.tolist()) == ([4.0, 9.0], [0, 1])


def test_state_is_one_for_the_refractory_time_and_renewed():
    read = np.array([0.5, 1.0, 2.0, 2.9, 3.0, 4.4, 4.5])
    states = EXAMPLE.states(2.0, read)
    assert states.dtype == np.int8
    assert states[0, :, 0].tolist() == [0, 1, 1, 1, 1, 1, 0]  # renewed at 2.5, off at 4.5
    assert states[0, :, 1].tolist() == [0, 0, 1, 1, 1, 0, 0]
    assert states[1, :, 0].tolist() == [0, 0, 0, 0, 0, 1, 1]


def test_active_fraction_is_the_time_average_of_the_state():
    generator = np.random.default_rng(3)
    time = np.sort(generator.uniform(0.0, 100.0, 120))
    unit = generator.integers(0, 3, 120)
    spikes = trains(time, unit, [0, 120], n_units=3, duration=100.0)
    fine = np.arange(1.7, 100.0, 0.001)
    average = spikes.states(1.7, fine).mean(axis=1)
    # Reading every 0.001 ns errs by at most that per edge: 80 edges in 98 ns.
    assert np.abs(spikes.active_fraction(1.7) - average).max() < 1e-3


def test_silent_units_are_zero():
    silent = trains([], [], [0, 0, 0])
    assert silent.counts().tolist() == [[0, 0], [0, 0]]
    assert not silent.states(1.0, np.arange(5.0)).any()
    assert not silent.active_fraction(1.0).any()
    assert silent.intervals_ns(1).size == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [0, 1], [0, 1]), "flat arrays of equal length"),
        (([1.0], [0], [0, 2]), "ascending offsets"),
        (([1.0], [2], [0, 1]), "0 to 1"),
        (([11.0], [0], [0, 1]), "outside the recording"),
        (([np.nan], [0], [0, 1]), "outside the recording"),
        (([2.0, 1.0], [0, 0], [0, 2]), "sorted within each chain"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        trains(*arguments)


@pytest.mark.parametrize("absent", [-1.0, np.nan, np.inf, 11.0])
def test_times_that_are_none_are_named(absent):
    with pytest.raises(InputError, match=r"time_ns\[1\]: got .*1 times outside.*has no entry"):
        trains([1.0, absent], [0, 1], [0, 2])
