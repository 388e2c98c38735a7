"""All references are two-state Markov chains, whose autocorrelation is known exactly.

A unit that keeps its state with probability rho, and else is drawn anew with probability p of
being 1, has autocorrelation rho^t and integrated autocorrelation time (1 + rho) / (1 - rho).
"""

import math

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.statistics import (
    autocorrelation_time,
    distribution_ess,
    effective_sample_size,
    r_hat,
)


def two_state_chains(n_chains, n_draws, *, tau, p=0.5, seed):
    """Markov chains in equilibrium, shape (chain, draw)."""
    generator = np.random.default_rng(seed)
    rho = (tau - 1) / (tau + 1)
    fresh = (generator.random((n_chains, n_draws)) < p).astype(np.int8)
    drawn_at = np.where(generator.random(fresh.shape) < rho, 0, np.arange(n_draws))
    return np.take_along_axis(fresh, np.maximum.accumulate(drawn_at, axis=1), axis=1)


def test_autocorrelation_time_of_a_markov_chain():
    tau = 9
    states = two_state_chains(8, 20000, tau=tau, p=0.25, seed=1)
    # Sokal's variance of the estimate: 2 (2 M + 1) tau² / N with the window M = 5 tau.
    relative_error = math.sqrt(2 * (10 * tau + 1) / states.size)
    assert autocorrelation_time(states) == pytest.approx(tau, rel=4 * relative_error)


def test_autocorrelation_time_of_independent_draws():
    draws = np.random.default_rng(2).normal(size=(4, 10000))
    # The same formula with tau = 1 and M = 5.
    assert autocorrelation_time(draws) == pytest.approx(1, abs=4 * math.sqrt(22 / 40000))


def test_autocorrelation_time_of_one_long_chain_with_an_offset():
    states = two_state_chains(1, 50000, tau=9, seed=3)
    assert autocorrelation_time(states + 1e6) == pytest.approx(9, rel=4 * math.sqrt(182 / 50000))


def test_effective_sample_size_of_each_unit():
    slow = two_state_chains(4, 20000, tau=19, seed=4)
    fast = two_state_chains(4, 20000, tau=3, seed=5)
    frozen = np.ones_like(slow)
    ess = effective_sample_size(np.stack([slow, fast, frozen], axis=2))
    # Error of tau as above, about 10 % and 4 % for one standard error.
    assert ess[0] == pytest.approx(80000 / 19, rel=0.3)
    assert ess[1] == pytest.approx(80000 / 3, rel=0.12)
    assert math.isnan(ess[2])
    assert effective_sample_size(slow) == ess[0]


def test_r_hat_tells_chains_that_disagree():
    agreeing = two_state_chains(4, 2000, tau=2, seed=6)
    disagreeing = agreeing.copy()
    disagreeing[0] |= two_state_chains(1, 2000, tau=2, seed=7)[0]
    apart = np.zeros_like(agreeing)
    apart[1] = 1
    states = np.stack([agreeing, disagreeing, np.zeros_like(agreeing), apart], axis=2)
    values = r_hat(states)
    assert values[0] == pytest.approx(1.0, abs=0.01)
    assert values[1] > 1.02
    assert math.isnan(values[2])
    assert values[3] == math.inf
    assert r_hat(agreeing) == values[0]


@pytest.mark.parametrize("n_units", [2, 5, 9])
def test_distribution_ess_of_independent_draws(n_units):
    generator = np.random.default_rng(n_units)
    probability = generator.uniform(0.1, 0.9, n_units)
    estimates = [
        distribution_ess((generator.random((4, 200, n_units)) < probability).astype(np.int8))
        for _ in range(100)
    ]
    # 1 / ess is the unbiased quantity. Its relative error is sqrt(2 / (31 (states - 1))) for one
    # run, hence at most 0.15 / sqrt(100) here; also with 9 units, when most states are seen once.
    assert 1 / np.mean(1 / np.array(estimates)) == pytest.approx(800, rel=0.06)


@pytest.mark.parametrize("n_chains", [1, 4, 50])
def test_distribution_ess_of_a_markov_chain(n_chains):
    # Two equal states: both indicator functions have the autocorrelation time of the chain.
    tau, n_draws = 9, 40000
    estimates = [
        distribution_ess(
            two_state_chains(n_chains, n_draws // n_chains, tau=tau, seed=seed)[..., None]
        )
        for seed in range(40)
    ]
    # One run has a relative error of sqrt(2 / 31) = 0.25, the mean of 40 of 0.04. Batches of
    # 800 draws and more bias it by tau / 800, about 0.01.
    assert 1 / np.mean(1 / np.array(estimates)) == pytest.approx(n_draws / tau, rel=0.16)


def test_distribution_ess_weighs_states_by_what_they_add_to_the_divergence():
    # Unit 0 is slow and unit 1 independent of it and of the past. Of the three directions of the
    # histogram of four states one (that of unit 0) has tau = 19, two have tau = 1.
    generator = np.random.default_rng(10)
    estimates = []
    for seed in range(40):
        slow = two_state_chains(4, 10000, tau=19, seed=seed)
        fast = generator.integers(0, 2, slow.shape, dtype=np.int8)
        estimates.append(distribution_ess(np.stack([slow, fast], axis=2)))
    expected = 40000 * 3 / (19 + 1 + 1)
    # The slow direction dominates the error: 0.25 * 19 / 21 for one run, 0.04 for the mean.
    assert 1 / np.mean(1 / np.array(estimates)) == pytest.approx(expected, rel=0.16)


def test_distribution_ess_predicts_the_divergence_of_correlated_draws():
    p, n_draws = 0.25, 4000
    divergences, floors = [], []
    for seed in range(200):
        states = two_state_chains(4, n_draws // 4, tau=4, p=p, seed=seed)
        q = states.mean()
        divergences.append(q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p)))
        floors.append(1 / (2 * distribution_ess(states[..., None])))
    # D_KL of two states is a chi-squared variable of one degree: relative error sqrt(2 / 200).
    assert np.mean(divergences) == pytest.approx(np.mean(floors), rel=4 * math.sqrt(2 / 200))


def test_distribution_ess_of_many_units():
    states = np.random.default_rng(0).integers(0, 2, (4, 500, 130), dtype=np.int8)
    assert distribution_ess(states) == pytest.approx(2000, rel=0.01)  # every state once


def test_distribution_ess_of_frozen_states_is_not_known():
    assert math.isnan(distribution_ess(np.ones((4, 100, 3), dtype=np.int8)))


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (autocorrelation_time, (100,)),
        (autocorrelation_time, (4, 1)),
        (effective_sample_size, (4, 3, 2)),
        (effective_sample_size, (100,)),
        (r_hat, (1, 100, 2)),
        (r_hat, (4, 3)),
        (distribution_ess, (4, 100)),
        (distribution_ess, (1, 1, 2)),
        (distribution_ess, (0, 10, 2)),
    ],
)
def test_too_few_chains_or_draws(function, shape):
    with pytest.raises(InputError, match="got shape"):
        function(np.zeros(shape, dtype=np.int8))


@pytest.mark.parametrize("n_draws", [8, 9])
def test_chains_that_change_between_their_halves_only_are_frozen(n_draws):
    states = np.zeros((2, n_draws, 1), dtype=np.int8)
    states[1, : n_draws // 2] = 1
    assert r_hat(states)[0] == np.inf
