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


@pytest.mark.parametrize("index", [-1, 2, 5, 0.5, None, "a", True])
def test_chains_and_units_that_do_not_exist_are_refused(index):
    with pytest.raises(InputError, match="chain"):
        EXAMPLE.chain(index)
    with pytest.raises(InputError, match="unit"):
        EXAMPLE.intervals_ns(index)


@pytest.mark.parametrize("times", [[np.nan], [np.inf], [100.0], [-1.0], [1.0, 11.0], 3.0, "a"])
def test_states_are_read_within_the_recording_only(times):
    with pytest.raises(InputError, match="sample_times_ns"):
        EXAMPLE.states(2.5, times)


def test_states_are_read_at_times_in_any_order_and_at_none():
    times = np.array([0.5, 1.0, 4.4, 10.0])
    backwards = EXAMPLE.states(2.0, times[::-1])
    np.testing.assert_array_equal(backwards, EXAMPLE.states(2.0, times)[:, ::-1])
    assert EXAMPLE.states(2.0, []).shape == (2, 0, 2)


@pytest.mark.parametrize("tau", [np.nan, np.inf, -1.0, 0.0, "a"])
def test_a_raster_shades_no_impossible_time(tau):
    with pytest.raises(InputError, match="refractory_time_ns"):
        EXAMPLE.plot(refractory_time_ns=tau)


@pytest.mark.parametrize("window", [(2.0, 1.0), (0.0, np.inf), 3.0, (1.0,), "ab", (np.nan, 1.0)])
def test_a_raster_shows_no_impossible_window(window):
    with pytest.raises(InputError, match="window_ns"):
        EXAMPLE.plot(window_ns=window)
