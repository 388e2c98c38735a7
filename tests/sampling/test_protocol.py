import numpy as np
import pytest
from matplotlib.patches import Rectangle

from lasersampling.boltzmann import BoltzmannMachine, RestrictedMachine
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs, Samples
from lasersampling.sampling.protocol import checked_request, draws_within

STATES = np.array([[[0, 0, 1], [1, 0, 1]], [[1, 0, 0], [1, 0, 1]]], dtype=np.int8)


def test_sizes_and_mean():
    samples = Samples(STATES, "test", 3)
    assert (samples.n_chains, samples.n_draws, samples.n_units) == (2, 2, 3)
    assert samples.mean.tolist() == [0.75, 0.0, 0.75]
    assert samples.interval_ns is None
    assert samples.spikes is None


def test_histogram_of_all_units_and_of_some():
    samples = Samples(STATES, "test", 3)
    expected = np.zeros(8)
    expected[[1, 4, 5]] = [0.25, 0.25, 0.5]
    assert np.array_equal(samples.histogram(), expected)
    assert samples.histogram([2, 1]).tolist() == [0.25, 0.75, 0.0, 0.0]
    assert samples.histogram(slice(0, 1)).tolist() == [0.25, 0.75]


def test_histogram_of_too_many_units():
    samples = Samples(np.zeros((1, 2, 21), dtype=np.int8), "test", 0)
    with pytest.raises(InputError, match="units: got 21 units, expected at most 20"):
        samples.histogram()
    assert samples.histogram(slice(0, 2)).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (STATES.astype(np.int64), "got int64"),
        (STATES[0], r"got int8 \(2, 3\)"),
        (STATES.tolist(), "got list"),
        (STATES * np.int8(2), "got values from 0 to 2"),
        (STATES - np.int8(1), "got values from -1 to 0"),
    ],
)
def test_states_that_are_none(states, message):
    with pytest.raises(InputError, match=message):
        Samples(states, "test", 0)


def test_a_request_is_checked_as_a_whole():
    machine = BoltzmannMachine.random(2, seed=0)
    with pytest.raises(InputError) as error:
        checked_request(machine, 0, 3, [0, 0, 7], -1)
    assert [problem.where for problem in error.value.problems] == ["n_draws", "seed", "clamped"]
    assert checked_request(machine, 1, 3, [0, -1], 0)[1].tolist() == [[0, -1]] * 3
    with pytest.raises(InputError, match="n_chains: got 0"):
        checked_request(machine, 1, 0, None, 0)
    with pytest.raises(InputError, match="machine: got str, expected a BoltzmannMachine"):
        checked_request("machine.toml", 1, 1, None, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("duration", [-5, 0, np.nan, np.inf, True, "10"])
def test_times_that_are_none_hold_no_draws(duration):
    with pytest.raises(InputError, match="duration_ns: got .*, expected a finite number above 0"):
        draws_within(duration, 0.5)
    assert draws_within(5.0, 0.5) == 10
    assert draws_within(0.1, 0.5) == 1


@pytest.mark.parametrize("name", ["n_draws", "n_chains"])
@pytest.mark.parametrize("number", [0, -5, 1.5, np.nan, np.inf, True, "3", 10**12, 10**30])
def test_numbers_of_draws_and_chains_are_checked_before_memory_is_taken(name, number):
    machine = BoltzmannMachine.random(3, seed=1)
    numbers = {"n_draws": 10, "n_chains": 2} | {name: number}
    with pytest.raises(InputError, match=name):
        checked_request(machine, numbers["n_draws"], numbers["n_chains"], None, 0)


def test_a_restricted_machine_is_drawn_beside_samples_as_a_general_one_is():
    restricted = RestrictedMachine([[1.0, -1.0]], [0.1, 0.2], [0.5])
    samples = Gibbs().sample(restricted, 200, seed=1)
    one, other = (
        [bar.get_height() for bar in samples.plot(beside).axes[0].patches
         if isinstance(bar, Rectangle)]
        for beside in (restricted, restricted.to_machine())
    )  # fmt: skip
    assert one == other != []
    with pytest.raises(InputError, match="beside: got 4 units, expected 3"):
        samples.plot(BoltzmannMachine.random(4, seed=0))


@pytest.mark.parametrize(
    "units", [[-1], [0, 0], [], np.array([True, False, True]), [True, False], "a", 3, None, [3],
              [0.5], slice(3, None), slice("a", None)]
)  # fmt: skip
def test_histograms_of_units_that_there_are_not_are_refused(units):
    samples = Samples(np.zeros((2, 4, 3), dtype=np.int8), sampler="test", seed=0)
    with pytest.raises(InputError, match="units"):
        samples.histogram(units)


@pytest.mark.parametrize("units", [[2, 0], (2, 0), np.array([2, 0]), slice(None, None, -2)])
def test_histograms_are_of_the_units_in_their_order(units):
    states = np.array([[[0, 0, 1], [1, 0, 1]]], dtype=np.int8)
    samples = Samples(states, sampler="test", seed=0)
    assert samples.histogram(units).tolist() == [0.0, 0.5, 0.0, 0.5]
