"""How chains are spread over the states that they are clamped to."""

import numpy as np

from lasersampling.boltzmann import target_from_table
from lasersampling.learning.draws import allocated

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
