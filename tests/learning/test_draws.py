"""How chains are spread over the states that they are clamped to."""

import numpy as np
import pytest

from lasersampling.boltzmann import target_from_table
from lasersampling.learning.draws import allocated, weighted_moments

TARGET = target_from_table(np.random.default_rng(5).dirichlet(np.ones(8)))


def test_chains_are_spread_by_probability() -> None:
    chosen, weight = allocated(TARGET.probabilities, 50, seed=0)
    np.testing.assert_allclose(np.bincount(chosen, weight), TARGET.probabilities)
    counts = np.bincount(chosen, minlength=8)
    assert counts.min() >= 1
    assert np.abs(counts - 1 - 42 * TARGET.probabilities).max() < 1


def test_few_chains_are_resampled_without_bias() -> None:
    rounds = 4000
    total = np.zeros(8)
    for seed in range(rounds):
        chosen, weight = allocated(TARGET.probabilities, 3, seed)
        total += np.bincount(chosen, weight, minlength=8)
    error = 4 * np.sqrt(TARGET.probabilities / (3 * rounds))
    assert (np.abs(total / rounds - TARGET.probabilities) < error).all()


@pytest.mark.parametrize(("n_units", "n_draws"), [(3, 200), (9, 40), (20, 30)])
@pytest.mark.parametrize("has_weights", [False, True])
def test_moments_are_the_weighted_means_over_all_draws(
    n_units: int, n_draws: int, has_weights: bool
) -> None:
    """Of few units, whose joint states are counted first, and of many."""
    rng = np.random.default_rng(1)
    states = (rng.random((5, n_draws, n_units)) < 0.4).astype(np.int8)
    weight = rng.dirichlet(np.ones(5)) if has_weights else None
    moments = weighted_moments(states, weight)
    per_chain = np.full(5, 0.2) if weight is None else weight
    second = np.einsum("c,cdi,cdj->ij", per_chain / n_draws, *[states.astype(float)] * 2)
    np.testing.assert_allclose(moments.second, second, rtol=0, atol=1e-12)
    np.testing.assert_allclose(moments.mean, np.diagonal(second), rtol=0, atol=1e-12)
