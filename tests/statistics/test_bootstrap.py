import math

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, exact_distribution
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs
from lasersampling.statistics import (
    Interval,
    block_length,
    bootstrap_intervals,
    kl_divergence,
    total_variation,
)

TARGET = exact_distribution(BoltzmannMachine.random(4, seed=0))
SAMPLED = BoltzmannMachine(
    BoltzmannMachine.random(4, seed=0).weights, BoltzmannMachine.random(4, seed=0).biases + 0.4
)
LAW = exact_distribution(SAMPLED)
FUNCTIONS = {
    "kl": lambda table: kl_divergence(table, TARGET),
    "tv": lambda table: total_variation(table, TARGET),
    "mean": lambda table: float(table[1::2].sum()),
}


def runs_of(n_runs, n_chains, n_draws, seed):
    states = Gibbs().sample(SAMPLED, n_draws, n_chains=n_chains * n_runs, seed=seed).states
    return states.reshape(n_runs, n_chains, n_draws, 4)


@pytest.mark.parametrize(("n_chains", "n_draws"), [(2, 1000), (40, 50)], ids=["blocks", "chains"])
@pytest.mark.slow
def test_intervals_cover_the_value_for_the_law_of_the_sampler(n_chains, n_draws):
    runs = runs_of(200, n_chains, n_draws, seed=1)
    found = [bootstrap_intervals(run, FUNCTIONS, n_replicates=200) for run in runs]
    for name, function in FUNCTIONS.items():
        true = function(LAW)
        covered = np.mean([each[name].low <= true <= each[name].high for each in found])
        # 95 % in 200 runs have a standard error of 1.5 %; the bootstrap itself is a little narrow.
        assert 0.88 <= covered <= 0.995, name
        estimates = np.array([each[name].estimate for each in found])
        errors = np.array([each[name].standard_error for each in found])
        # The scatter of 200 runs is known to 5 %.
        assert errors.mean() == pytest.approx(estimates.std(ddof=1), rel=0.2)


def test_bias_of_the_plug_in_divergence_is_taken_off():
    found = [
        bootstrap_intervals(run, FUNCTIONS, n_replicates=200)["kl"]
        for run in runs_of(200, 4, 250, seed=2)
    ]
    true = kl_divergence(LAW, TARGET)
    plain = np.array([each.estimate for each in found]) - true
    corrected = np.array([each.corrected for each in found]) - true
    error = corrected.std(ddof=1) / np.sqrt(200)
    # About 15 / (2 * 700), of which a fifth may be left.
    assert plain.mean() > 4 * error
    assert abs(corrected.mean()) < 0.25 * plain.mean() + 3 * error


def test_correlated_draws_get_wider_intervals():
    states = runs_of(1, 4, 500, seed=3)[0]
    held = np.repeat(states, 8, axis=1)
    plain, slow = (bootstrap_intervals(s, FUNCTIONS)["mean"] for s in (states, held))
    assert slow.estimate == pytest.approx(plain.estimate, abs=1e-12)
    # Eight times as many draws, but no more to be known.
    assert slow.standard_error == pytest.approx(plain.standard_error, rel=0.25)
    assert block_length(held) > 4 * block_length(states)


def test_blocks_of_independent_draws_are_short():
    coins = np.random.default_rng(0).integers(0, 2, (4, 5000, 2)).astype(np.int8)
    assert block_length(coins) <= 5
    assert block_length(np.zeros((1, 50, 2), dtype=np.int8)) == 1
    assert block_length(np.repeat(coins[:1, :10], 100, axis=1)) == 50


def test_same_seed_same_intervals():
    states = runs_of(1, 4, 200, seed=4)[0]
    first, again, other = (bootstrap_intervals(states, FUNCTIONS, seed=s) for s in (1, 1, 2))
    assert first == again != other


def test_divergences_that_may_be_infinite():
    def reverse(table):
        return kl_divergence(TARGET, table)

    rare = np.zeros((4, 100, 4), dtype=np.int8)
    infinite = bootstrap_intervals(rare, {"kl": reverse})["kl"]
    assert (infinite.estimate, infinite.low, infinite.high) == (math.inf, 0.0, math.inf)
    some = runs_of(1, 4, 40, seed=5)[0]
    found = bootstrap_intervals(some, {"kl": reverse})["kl"]
    assert found.low == 0.0
    assert math.isnan(found.bias)


def test_bad_input():
    states = np.zeros((2, 10, 2), dtype=np.int8)
    with pytest.raises(InputError, match=r"n_replicates: got 5[\s\S]*level: got 0"):
        bootstrap_intervals(states, FUNCTIONS, n_replicates=5, level=0)
    with pytest.raises(InputError, match="level: got 1, expected a number below 1"):
        bootstrap_intervals(states, FUNCTIONS, level=1)
    with pytest.raises(InputError, match="states: got shape"):
        bootstrap_intervals(states[0], FUNCTIONS)


def test_an_estimate_of_unknown_bias_is_not_corrected_to_nothing():
    infinite = Interval(math.inf, math.nan, math.nan, 0.0, math.inf)
    assert infinite.corrected == math.inf
    assert Interval(0.2, math.nan, math.nan, 0.0, math.inf).corrected == 0.2
    assert Interval(0.2, 0.3, 0.1, 0.0, 0.1).corrected == 0.0


def test_blocks_that_are_all_alike_are_no_certainty():
    frozen = np.ones((30, 100, 4), dtype=np.int8)
    interval = bootstrap_intervals(frozen, {"kl": lambda table: kl_divergence(table, TARGET)})["kl"]
    assert interval.estimate > 0
    for value in (interval.bias, interval.standard_error, interval.low, interval.high):
        assert math.isnan(value)
