"""Hidden units summed out in closed form, against listing all states."""

import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    completed_moments,
    exact_distribution,
    exact_moments,
    visible_distribution,
)
from lasersampling.boltzmann.enumeration import table_moments
from lasersampling.errors import InputError


def machine(*, hidden_connected: bool, n_outer: int = 4, n_hidden: int = 3) -> BoltzmannMachine:
    drawn = BoltzmannMachine.random(n_outer + n_hidden, weight_std=1.5, seed=3)
    weights = drawn.weights.copy()
    if not hidden_connected:
        weights[n_outer:, n_outer:] = 0.0
    return BoltzmannMachine(weights, drawn.biases, n_hidden=n_hidden)


@pytest.mark.parametrize("connected", [False, True])
def test_visible_distribution_is_the_marginal(connected: bool) -> None:
    chosen = machine(hidden_connected=connected)
    joint = exact_distribution(chosen).reshape(8, 16)
    np.testing.assert_allclose(visible_distribution(chosen), joint.sum(0), rtol=1e-12)


@pytest.mark.parametrize("connected", [False, True])
def test_moments_under_its_own_distribution_are_the_machines(connected: bool) -> None:
    chosen = machine(hidden_connected=connected)
    found = completed_moments(chosen, visible_distribution(chosen))
    exact = exact_moments(chosen)
    np.testing.assert_allclose(found.mean, exact.mean, rtol=1e-12)
    np.testing.assert_allclose(found.second, exact.second, rtol=1e-12)


@pytest.mark.parametrize("connected", [False, True])
def test_moments_under_another_distribution(connected: bool) -> None:
    chosen = machine(hidden_connected=connected)
    table = np.random.default_rng(0).dirichlet(np.ones(16))
    joint = exact_distribution(chosen).reshape(8, 16)
    expected = table_moments((joint / joint.sum(0) * table).ravel())
    found = completed_moments(chosen, table)
    np.testing.assert_allclose(found.second, expected.second, rtol=1e-12)


def test_many_unconnected_hidden_units_are_no_problem() -> None:
    many = machine(hidden_connected=False, n_outer=3, n_hidden=40)
    assert visible_distribution(many).sum() == pytest.approx(1.0)
    with pytest.raises(InputError, match="43 units"):
        visible_distribution(machine(hidden_connected=True, n_outer=3, n_hidden=40))
