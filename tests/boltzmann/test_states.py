import numpy as np
import pytest

from lasersampling.boltzmann import all_states, state_index
from lasersampling.errors import InputError


def test_states_are_listed_in_the_order_of_their_numbers():
    for n_units in (0, 1, 4, 10):
        states = all_states(n_units)
        assert states.shape == (2**n_units, n_units)
        assert states.dtype == np.int8
        assert np.array_equal(state_index(states), np.arange(2**n_units))


def test_unit_zero_is_the_least_significant_bit():
    assert all_states(3)[1].tolist() == [1, 0, 0]
    assert state_index([[[0, 0, 1], [1, 1, 0]]]).tolist() == [[4, 3]]


def test_index_of_many_units():
    state = np.zeros(62, dtype=np.int8)
    state[61] = 1
    assert state_index(state) == 2**61


@pytest.mark.parametrize("n_units", [21, -1, 2.0])
def test_numbers_of_units_that_cannot_be_listed(n_units):
    with pytest.raises(InputError, match="n_units"):
        all_states(n_units)


def test_index_of_too_many_units():
    with pytest.raises(InputError, match="at most 62 units"):
        state_index(np.zeros((2, 63), dtype=np.int8))
