from typing import Any

import numpy as np
import pytest

from lasersampling.errors import InputError, LaserSamplingWarning
from lasersampling.lasers.spike_states import states_since_rest
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
    states = states_since_rest(EXAMPLE.sorted_by_unit(), (2, 2), 2.0, read)
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
    assert not silent.states(1.0, np.arange(1.0, 5.0)).any()
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
    times = np.array([2.0, 3.1, 4.4, 10.0])
    backwards = EXAMPLE.states(2.0, times[::-1])
    np.testing.assert_array_equal(backwards, EXAMPLE.states(2.0, times)[:, ::-1])
    assert EXAMPLE.states(2.0, []).shape == (2, 0, 2)


@pytest.mark.parametrize("tau", [np.nan, np.inf, -1.0, 0.0, "a"])
def test_a_raster_shades_no_impossible_time(tau):
    with pytest.raises(InputError, match="refractory_time_ns"):
        EXAMPLE.plot(refractory_time_ns=tau)


@pytest.mark.parametrize("window", [(2.0, 1.0), (0.0, np.inf), 3.0, (1.0,), "ab", (np.nan, 1.0),
               (100.0, 200.0), (-5.0, 5.0), (0.0, 1e9)])  # fmt: skip
def test_a_raster_shows_no_impossible_window(window):
    with pytest.raises(InputError, match="window_ns"):
        EXAMPLE.plot(window_ns=window)


@pytest.mark.parametrize(
    ("tau", "times", "early"),
    [(2.0, [0.5, 1.0, 4.4], "2 of 3"), (2.0, [1.99], "1 of 1"), (20.0, [9.0, 10.0], "2 of 2")],
)
def test_states_that_depend_on_unknown_spikes_are_told(tau, times, early):
    with pytest.warns(LaserSamplingWarning, match=f"{early} states .* too often 0"):
        found = EXAMPLE.states(tau, times)
    expected = states_since_rest(EXAMPLE.sorted_by_unit(), (2, 2), tau, np.array(times))
    np.testing.assert_array_equal(found, expected)


def test_states_from_the_refractory_time_on_are_known():
    EXAMPLE.states(0.3, 0.1 * np.arange(3, 9))  # the first is 0.3 with its rounding


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"unit": [0.7]}, r"unit: got an array of float64, expected an array of whole numbers"),
        ({"unit": [True]}, r"unit: got an array of bool"),
        ({"unit": "a"}, "unit: got 'a'"),
        ({"time_ns": ["a"]}, "time_ns: got text"),
        ({"time_ns": None}, "time_ns"),
        ({"chain_offset": [0.0, 0.9]}, "chain_offset: got an array of float64"),
        ({"n_units": -1}, "n_units: got -1"),
        ({"n_units": 2.5}, "n_units: got 2.5"),
        ({"n_units": None}, "n_units: got None"),
        ({"unit": [2**40]}, "unit: got 1099511627776"),
    ],
)
def test_spike_trains_of_other_kinds_are_refused(given, message):
    good = {"time_ns": [1.0], "unit": [0], "chain_offset": [0, 1], "n_units": 2}
    with pytest.raises(InputError, match=message):
        SpikeTrains(**(good | given), duration_ns=5.0)


def test_spike_trains_are_made_of_lists():
    make: Any = SpikeTrains
    made = make([1, 2.5], [0, 1], [0, 2], np.uint8(2), 5.0)
    assert (str(made.time_ns.dtype), str(made.unit.dtype)) == ("float64", "int32")
    assert type(made.n_units) is int
    assert made.counts().tolist() == [[1, 1]]
    assert make([], [], [0, 0], 1, 5.0).counts().tolist() == [[0]]


@pytest.mark.parametrize("tau", [True, "a", None, np.nan, -1.0, 0.0, 10.0, [1.0]])
def test_active_fractions_of_impossible_times_are_refused(tau):
    with pytest.raises(InputError, match="refractory_time_ns"):
        EXAMPLE.active_fraction(tau)
