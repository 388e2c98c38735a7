import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.statistics import mode_visits


def test_chains_that_visit_all_alike():
    found = mode_visits(np.tile(np.arange(4), (3, 5)), 4)
    assert found.n_visited == 4
    assert found.effective == pytest.approx(4.0)
    assert found.effective_se == pytest.approx(0.0, abs=1e-12)
    assert (found.switch_rate, found.switch_rate_se) == (1.0, 0.0)


def test_chains_that_stay():
    found = mode_visits(np.array([[0, 0, 0], [2, 2, 2], [2, 2, 2]]), 4)
    assert found.n_visited == 2
    assert found.effective == pytest.approx(3 / 2 ** (2 / 3))
    assert found.switch_rate == 0.0
    assert found.effective_se > 0.1
    assert mode_visits(np.zeros((2, 1), dtype=int), 3).switch_rate == 0.0


def test_the_rate_and_its_error_are_those_of_the_law():
    """Two modes, switched with probability .1: over chains the claimed error holds."""
    generator = np.random.default_rng(3)
    flips = generator.random((400, 100)) < 0.1
    found = mode_visits(np.cumsum(flips, axis=1) % 2, 2)
    assert abs(found.switch_rate - 0.1) < 4 * found.switch_rate_se
    assert found.switch_rate_se == pytest.approx(np.sqrt(0.1 * 0.9 / 99 / 400), rel=0.2)
    assert abs(found.effective - 2.0) < 4 * found.effective_se + 1e-3


def test_bad_modes():
    with pytest.raises(InputError, match="values from 0 to 3, expected 0 to 2"):
        mode_visits([[0, 1], [3, 1]], 3)
    with pytest.raises(InputError, match=r"modes: got int64 of shape \(1, 2\)"):
        mode_visits([[0, 1]], 3)
    with pytest.raises(InputError, match="n_modes: got 0"):
        mode_visits([[0], [0]], 0)
