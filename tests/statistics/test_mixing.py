"""Switches, coverage and cost, on chains whose answer is known."""

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.statistics.mixing import (
    coverage,
    draws_per_independent,
    held_modes,
    switches,
)


def test_what_is_between_modes_belongs_to_the_mode_before():
    modes = [[-1, 0, -1, -1, 2, 2, -1, 0], [1, -1, 1, -1, -1, -1, -1, -1]]
    assert held_modes(modes).tolist() == [[-1, 0, 0, 0, 2, 2, 2, 0], [1] * 8]
    assert switches(modes).tolist() == [2, 0]
    assert coverage(modes, 4).tolist() == [0.5, 0.25]


def frequencies(stay, n_chains, n_draws, seed):
    """Of chains over three equal modes that stay with this probability, else choose anew."""
    generator = np.random.default_rng(seed)
    fresh = generator.integers(0, 3, (n_chains, n_draws))
    renewed = generator.random((n_chains, n_draws)) > stay
    renewed[:, 0] = True
    at = np.maximum.accumulate(np.where(renewed, np.arange(n_draws), 0), axis=1)
    modes = np.take_along_axis(fresh, at, axis=1)
    return np.stack([(modes == mode).mean(axis=1) for mode in range(3)], axis=1)


@pytest.mark.parametrize("stay", [0.0, 0.8, 0.95])
def test_cost_is_the_autocorrelation_time(stay):
    # rho(t) = stay**t, so tau = (1 + stay) / (1 - stay); 600 chains of 2000 draws know a variance
    # to 4 %, for two independent frequencies.
    found = draws_per_independent(frequencies(stay, 600, 2000, 1), 2000)
    assert found == pytest.approx((1 + stay) / (1 - stay), rel=4 * 0.041)


def test_cost_of_chains_that_never_change_is_their_length():
    found = draws_per_independent(frequencies(1.0, 3000, 50, 2), 50)
    assert found == pytest.approx(50.0, rel=0.01)
    assert np.isnan(draws_per_independent([[1.0, 0.0], [1.0, 0.0]], 10))


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match="modes"):
        switches([1, 2])
    with pytest.raises(InputError, match="2 chains"):
        draws_per_independent([[0.5, 0.5]], 10)
