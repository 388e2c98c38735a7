"""How much of what draws ask for is believed: shrinkage, several rounds, clamped conditions."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, exact_distribution
from lasersampling.boltzmann.clamping import FREE
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.adaptation import next_lines
from lasersampling.sampling.neurons.line_estimates import MOST_SHRUNK, shrunk
from lasersampling.sampling.neurons.line_fits import lines_from_draws, measured_lines
from lasersampling.sampling.neurons.translation import Lines, Programme
from lasersampling.statistics.divergences import kl_divergence

N_UNITS, N_CHAINS, N_DRAWS = 5, 24, 100
STATES = (np.arange(2**N_UNITS)[:, None] >> np.arange(N_UNITS)) & 1
NO_LINES = Lines(np.zeros(N_UNITS), np.ones(N_UNITS))
ALL_FREE = np.full((N_CHAINS, N_UNITS), FREE, dtype=np.int8)


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def law(machine, lines, response):
    """Stationary distribution of units that are redrawn with log odds response(argument)."""
    weights, biases = Programme.of(machine, lines)
    p = expit(response(STATES @ weights.T + biases))
    rates = np.zeros((len(STATES), len(STATES)))
    for unit in range(N_UNITS):
        one = np.arange(len(STATES)) | 1 << unit
        np.add.at(rates, (np.arange(len(STATES)), one), p[:, unit])
        np.add.at(rates, (np.arange(len(STATES)), one ^ 1 << unit), 1 - p[:, unit])
    system = np.vstack([rates.T / N_UNITS - np.eye(len(STATES)), np.ones(len(STATES))])
    found = np.linalg.lstsq(system, np.append(np.zeros(len(STATES)), 1.0), rcond=None)[0]
    return np.maximum(found, 0.0) / np.maximum(found, 0.0).sum()


def drawn(probabilities, seed):
    number = np.random.default_rng(seed).choice(len(STATES), (N_CHAINS, N_DRAWS), p=probabilities)
    return STATES[number].astype(np.int8)


def adapted(machine, response, n_rounds, seed):
    lines, measured = NO_LINES, None
    for k in range(n_rounds):
        states = drawn(law(machine, lines, response), [seed, k])
        lines, measured = next_lines(NO_LINES, lines, measured, machine, states, ALL_FREE)
    return lines


def right(argument):
    return argument


def wrong(argument):
    return 0.05 + 1.06 * argument + 0.01 * argument**3


@pytest.mark.parametrize("response", [right, wrong])
def test_rounds_help_or_do_no_harm(response):
    """Twenty machines: exact divergences, so that all chance is in the rounds."""
    before, after, unshrunk = [], [], []
    for seed in range(20):
        machine = BoltzmannMachine.random(N_UNITS, seed=seed)
        exact = exact_distribution(machine)
        before.append(kl_divergence(law(machine, NO_LINES, response), exact))
        lines = adapted(machine, response, 4, seed)
        after.append(kl_divergence(law(machine, lines, response), exact))
        full = lines_from_draws(NO_LINES, machine, drawn(law(machine, NO_LINES, response), seed))
        unshrunk.append(kl_divergence(law(machine, full, response), exact))
    # Ten parameters by 2400 draws: 10 / 4800 if all of a round were believed.
    expected = N_UNITS * 2 / (2 * N_CHAINS * N_DRAWS)
    if response is right:
        assert np.median(unshrunk) > 0.5 * expected
        assert np.median(after) < 0.15 * expected
        assert max(after) < expected
    else:
        assert np.median(after) < 0.5 * np.median(before)
        assert np.median(after) < 0.5 * np.median(unshrunk)
        assert (np.array(after) > np.array(before)).sum() <= 2


def test_errors_of_measured_lines_are_those_of_repeated_draws():
    machine = BoltzmannMachine.random(N_UNITS, seed=1)
    probabilities = exact_distribution(machine)
    found = [measured_lines(NO_LINES, machine, drawn(probabilities, [7, k])) for k in range(60)]
    field = found[0].field
    values = np.array([one.value - one.gain * (one.field - field) for one in found])
    ratio = values.std(axis=0, ddof=1) / np.sqrt(np.mean([one.value_variance for one in found], 0))
    # A standard deviation by 60 values is known to 9 %; the prior takes a little off.
    assert ratio.min() > 0.6 and ratio.max() < 1.3
    gains = np.array([one.gain for one in found])
    ratio = gains.std(axis=0, ddof=1) / np.sqrt(np.mean([one.gain_variance for one in found], 0))
    assert ratio.min() > 0.5 and ratio.max() < 1.3


def test_chains_that_hardly_move_are_worth_less():
    machine = BoltzmannMachine.random(N_UNITS, seed=1)
    states = drawn(exact_distribution(machine), 3)
    often = np.repeat(states, 10, axis=1)
    once = measured_lines(NO_LINES, machine, states)
    repeated = measured_lines(NO_LINES, machine, often)
    # Ten times the draws, of which each counts for a tenth.
    np.testing.assert_allclose(repeated.value_variance, once.value_variance, rtol=0.5)


@pytest.mark.parametrize("n_units", [5, 100])
def test_shrinkage_does_not_lose_against_none(n_units):
    generator = np.random.default_rng(0)
    for spread in (0.0, 0.5, 3.0):
        true = spread * generator.standard_normal((400, n_units))
        seen = true + generator.standard_normal((400, n_units))
        found = np.array([shrunk(one, np.ones(n_units)) for one in seen])
        risk = ((found - true) ** 2).mean()
        # 400 or more values of chi-squared scatter.
        assert risk < 1.0 + 4 * np.sqrt(2 / seen.size)
        if spread == 0.0:
            assert risk < 0.35


def test_one_laser_that_is_off_is_corrected_all_the_same():
    correction = np.append(np.random.default_rng(1).normal(0.0, 0.1, 300), 4.0)
    found = shrunk(correction, np.full(301, 0.01))
    assert found[-1] >= 4.0 - MOST_SHRUNK * 0.1
    assert np.abs(found[:-1]).max() < np.abs(correction[:-1]).max()


def test_clamped_units_count_only_where_they_were_free():
    """A unit held at 1 in half of the chains, against its field: its line stays right."""
    machine = BoltzmannMachine.random(N_UNITS, seed=2)
    held = ALL_FREE.copy()
    held[::2, 0], held[:, 4] = 1, 0
    states = Gibbs(thin=3).sample(machine, 400, n_chains=N_CHAINS, clamped=held, seed=5).states
    found = measured_lines(NO_LINES, machine, states, is_free=held == FREE)
    error = np.sqrt(found.value_variance)
    assert np.isinf(error[4]) and np.isinf(found.gain_variance[4])
    away = np.abs(found.value - found.field)[:4]
    assert (away < 4 * error[:4]).all()
    blind = measured_lines(NO_LINES, machine, states)
    assert np.abs(blind.value - blind.field)[0] > 4 * error[0]
    lines, _ = next_lines(NO_LINES, NO_LINES, None, machine, states, held)
    assert (lines.offset[4], lines.gain[4]) == (0.0, 1.0)
