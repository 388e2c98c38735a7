import itertools
import time

import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    RestrictedMachine,
    all_states,
    clamp,
    exact_distribution,
    exact_moments,
    log_partition,
    marginal,
)
from lasersampling.errors import InputError


def by_definition(machine):
    """Plain loop over all states: p(z) ~ exp(sum_i<j w_ij z_i z_j + sum_i b_i z_i)."""
    n_units = machine.n_units
    exponents = []
    for reversed_state in itertools.product((0, 1), repeat=n_units):
        z = reversed_state[::-1]  # so that unit 0 changes fastest
        pairs = itertools.combinations(range(n_units), 2)
        exponents.append(
            sum(machine.weights[i, j] * z[i] * z[j] for i, j in pairs)
            + sum(b * value for b, value in zip(machine.biases, z, strict=True))
        )
    unnormalised = np.exp(exponents)
    return unnormalised / unnormalised.sum()


@pytest.mark.parametrize("n_units", [1, 2, 3, 6, 9])
def test_distribution_by_definition(n_units):
    machine = BoltzmannMachine.random(n_units, weight_std=1.5, seed=n_units)
    expected = by_definition(machine)
    np.testing.assert_allclose(exact_distribution(machine), expected, rtol=1e-12)


def test_large_parameters_do_not_overflow():
    machine = BoltzmannMachine([[0, 900.0], [900.0, 0]], [900.0, -1800.0])
    # Exponents 0, 900, -1800 and 0.
    np.testing.assert_allclose(exact_distribution(machine), [0, 1, 0, 0], atol=1e-300)


def test_clamped_units_condition_the_distribution():
    machine = BoltzmannMachine.random(7, seed=2)
    states, joint = all_states(7), by_definition(machine)
    fits = (states[:, 0] == 1) & (states[:, 5] == 0)
    clamped = clamp(7, {0: 1, 5: 0})
    expected = joint[fits] / joint[fits].sum()
    np.testing.assert_allclose(exact_distribution(machine, clamped), expected, rtol=1e-12)

    moments = exact_moments(machine, clamped)
    weighted = states[fits] * expected[:, None]
    np.testing.assert_allclose(moments.mean, weighted.sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(moments.second, states[fits].T @ weighted, atol=1e-12)


def test_all_units_clamped():
    machine = BoltzmannMachine.random(3, seed=2)
    assert exact_distribution(machine, [1, 0, 1]).tolist() == [1.0]
    moments = exact_moments(machine, [1, 0, 1])
    assert moments.mean.tolist() == [1, 0, 1]
    assert moments.second.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize("n_units", [1, 5, 8])
def test_moments_by_definition(n_units):
    machine = BoltzmannMachine.random(n_units, seed=n_units)
    states, joint = all_states(n_units), by_definition(machine)
    moments = exact_moments(machine)
    np.testing.assert_allclose(moments.mean, joint @ states, atol=1e-12)
    np.testing.assert_allclose(moments.second, (states.T * joint) @ states, atol=1e-12)


def test_twenty_units_are_fast_and_independent_units_exact():
    biases = np.linspace(-2, 2, 20)
    machine = BoltzmannMachine(np.zeros((20, 20)), biases)
    start = time.process_time()
    probabilities = exact_distribution(machine)
    # About 0.03 s of a core, whatever else the machine does; an old core has room.
    assert time.process_time() - start < 2.0
    assert probabilities.shape == (2**20,)
    assert probabilities.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(exact_moments(machine).mean, 1 / (1 + np.exp(-biases)), rtol=1e-10)


def test_more_than_twenty_free_units_are_refused():
    machine = BoltzmannMachine(np.zeros((22, 22)), np.zeros(22))
    with pytest.raises(InputError, match="machine: got 22 units, expected at most 20"):
        exact_distribution(machine)
    assert exact_distribution(machine, clamp(22, {0: 0, 21: 1})).shape == (2**20,)


def test_marginal_in_any_order():
    machine = BoltzmannMachine.random(5, seed=6)
    joint, states = exact_distribution(machine), all_states(5)
    result = marginal(joint, [3, 0])
    for low, high in itertools.product((0, 1), repeat=2):
        expected = joint[(states[:, 3] == low) & (states[:, 0] == high)].sum()
        assert result[low + 2 * high] == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("n_hidden", "n_outer"), [(1, 6), (7, 6), (13, 2)])
def test_log_partition_against_the_sum_over_all_states(n_hidden, n_outer):
    generator = np.random.default_rng(n_hidden)
    machine = RestrictedMachine(
        generator.normal(size=(n_hidden, n_outer)),
        generator.normal(size=n_outer),
        generator.normal(size=n_hidden),
    )
    energies = machine.to_machine().energy(all_states(n_hidden + n_outer))
    assert log_partition(machine) == pytest.approx(np.logaddexp.reduce(-energies), abs=1e-10)


def test_log_partition_of_too_many_hidden_units():
    machine = RestrictedMachine(np.zeros((21, 2)), np.zeros(2), np.zeros(21))
    with pytest.raises(InputError, match="hidden units: got 21 units"):
        log_partition(machine)


@pytest.mark.parametrize(
    ("table", "units", "says"),
    [
        ([0.5, 0.25, 0.25], [0], "probabilities: got shape"),
        ([[0.5, 0.5]], [0], "probabilities: got shape"),
        ([0.5, 0.5], [1], "units: got"),
        ([0.5, 0.5], [0.5], "units: got"),
    ],
)
def test_marginals_of_what_there_is_not_are_refused(table, units, says):
    with pytest.raises(InputError, match=says):
        marginal(table, units)
