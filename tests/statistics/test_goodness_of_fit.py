import math

import numpy as np
import pytest
from scipy.stats import chi2

from lasersampling.boltzmann import BoltzmannMachine, exact_distribution, state_index
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs
from lasersampling.statistics import goodness_of_fit

WEAK = BoltzmannMachine.random(5, seed=0)
STRONG = BoltzmannMachine.random(4, weight_std=1.5, seed=3)


def runs_of(machine, n_runs, n_chains, n_draws, seed):
    """Independent runs of Gibbs sampling, shape (run, chain, draw, unit)."""
    sampler = Gibbs(burn_in=100)
    states = sampler.sample(machine, n_draws, n_chains=n_chains * n_runs, seed=seed).states
    return states.reshape(n_runs, n_chains, n_draws, machine.n_units)


def p_values(runs, target):
    return np.array([goodness_of_fit(run, target).p_value for run in runs])


def naive_p_value(run, target):
    """Chi-square test that takes the draws for independent."""
    size = run.shape[0] * run.shape[1]
    table = np.bincount(state_index(run).ravel(), minlength=len(target)) / size
    return chi2.sf((size * (table - target) ** 2 / target).sum(), len(target) - 1)


@pytest.mark.parametrize(
    ("machine", "n_chains", "n_draws"),
    [(WEAK, 4, 1000), (WEAK, 40, 100), (STRONG, 8, 1000)],
    ids=["few chains", "many chains", "strong weights"],
)
def test_rate_of_false_alarms_is_what_it_says(machine, n_chains, n_draws):
    target = exact_distribution(machine)
    runs = runs_of(machine, 400, n_chains, n_draws, seed=1)
    p = p_values(runs, target)
    # A rate of 5 % in 400 runs has a standard error of 1.1 %, one of 20 % of 2 %.
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=3.5 * 0.011)
    assert np.mean(p < 0.2) == pytest.approx(0.2, abs=3.5 * 0.02)
    # What the test is for: correlated draws look far more significant than they are.
    assert np.mean([naive_p_value(run, target) < 0.05 for run in runs]) > 0.12


def test_a_wrong_distribution_is_detected():
    # All biases off by 0.1: D_KL = 0.0054, with some 3200 effective draws against a floor of .0048.
    other = BoltzmannMachine(WEAK.weights, WEAK.biases + 0.1)
    p = p_values(runs_of(other, 100, 4, 1000, seed=2), exact_distribution(WEAK))
    # The power is 0.9; of 100 runs at least 75 detect it but for 1e-5.
    assert np.mean(p < 0.05) > 0.75
    assert np.median(p) < 1e-3


def test_rare_states_are_put_together():
    machine = BoltzmannMachine.random(8, seed=0)
    fit = goodness_of_fit(runs_of(machine, 1, 16, 200, seed=3)[0], exact_distribution(machine))
    assert 20 < fit.n_cells < 200
    assert 0.001 < fit.p_value < 1
    assert fit.n_batches == 32
    assert fit.degrees_of_freedom < fit.n_cells


def test_states_that_the_target_excludes_settle_it():
    states = np.random.default_rng(0).integers(0, 2, (4, 100, 2)).astype(np.int8)
    fit = goodness_of_fit(states, [0.5, 0.5, 0.0, 0.0])
    assert (fit.p_value, fit.statistic) == (0.0, math.inf)
    states[..., 1] = 0
    assert goodness_of_fit(states, [0.5, 0.5, 0.0, 0.0]).p_value > 0.001


def test_frozen_states_cannot_be_judged():
    fit = goodness_of_fit(np.zeros((4, 100, 2), dtype=np.int8), np.full(4, 0.25))
    assert math.isnan(fit.p_value)


def test_bad_input():
    with pytest.raises(InputError, match="32 draws or more"):
        goodness_of_fit(np.zeros((1, 31, 2)), np.full(4, 0.25))
    with pytest.raises(InputError, match=r"target: got shape \(2,\), expected \(4,\)"):
        goodness_of_fit(np.zeros((1, 32, 2)), [0.5, 0.5])
    with pytest.raises(InputError, match="target: got no probabilities"):
        goodness_of_fit(np.zeros((1, 32, 1)), [0.5, 0.6])
