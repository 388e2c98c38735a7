import itertools

import numpy as np
import pytest

from lasersampling.boltzmann import all_states, target_from_machine
from lasersampling.boltzmann.higher_order import log_polynomial, machine_from_terms
from lasersampling.errors import InputError


def exact(terms, n_units):
    states = all_states(n_units)
    exponent = sum(value * states[:, list(units)].prod(axis=1) for units, value in terms.items())
    weight = np.exp(exponent)
    return weight / weight.sum()


def test_log_polynomial_gives_the_coefficients_of_products():
    terms = {(): 0.3, (0,): -1.0, (1, 2): 0.7, (0, 1, 2): 2.0}
    states = all_states(3)
    table = sum(value * states[:, list(units)].prod(axis=1) for units, value in terms.items())
    found = log_polynomial(table)
    wanted = np.zeros(8)
    for units, value in terms.items():
        wanted[sum(2**k for k in units)] = value
    assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("strength", [-6.0, -1.0, -0.01, 0.3, 2.0, 8.0])
@pytest.mark.parametrize("order", [3, 4])
def test_one_interaction_is_exact_with_couplings_below_the_bound(order, strength):
    terms = {tuple(range(order)): strength, (0, 1): 0.5, (2,): -0.4}
    machine = machine_from_terms(terms, order, max_auxiliary_weight=6.0)
    assert np.abs(machine.weights[order:]).max() <= 6.0
    assert machine.n_visible == order
    assert target_from_machine(machine).probabilities == pytest.approx(
        exact(terms, order), abs=1e-10
    )


def test_all_interactions_of_four_units_at_once():
    rng = np.random.default_rng(0)
    terms = {
        units: rng.normal(0, 0.5)
        for size in range(1, 5)
        for units in itertools.combinations(range(4), size)
    }
    machine = machine_from_terms(terms, 4, max_auxiliary_weight=8.0)
    assert target_from_machine(machine).probabilities == pytest.approx(exact(terms, 4), abs=1e-10)


def test_a_smaller_bound_costs_more_units():
    hidden = [
        machine_from_terms({(0, 1, 2): 3.0}, 3, max_auxiliary_weight=bound).n_hidden
        for bound in (2.0, 3.0, 6.0)
    ]
    assert hidden == [6, 3, 1]


def test_pairs_and_biases_need_no_auxiliary_unit():
    machine = machine_from_terms({(0, 1): 0.5, (1,): -0.4}, 3)
    assert machine.n_hidden == 0
    assert machine.weights[0, 1] == machine.weights[1, 0] == 0.5
    assert machine.biases.tolist() == [0, -0.4, 0]


def test_bad_input():
    with pytest.raises(InputError, match="max_auxiliary_weight: got 0"):
        machine_from_terms({}, 2, max_auxiliary_weight=0)
    with pytest.raises(InputError, match="an interaction of 9 units, expected at most 8"):
        machine_from_terms({tuple(range(9)): 1.0}, 9)
