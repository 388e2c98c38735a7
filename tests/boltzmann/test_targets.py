import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Target,
    exact_moments,
    target_from_machine,
    target_from_samples,
    target_from_table,
)
from lasersampling.errors import InputError


def test_table():
    target = target_from_table([0.5, 0.25, 0.0, 0.25])
    assert target.n_units == 2
    assert target.entropy == pytest.approx(1.5 * np.log(2))
    assert target.moments().mean.tolist() == [0.5, 0.25]
    assert target.moments().second.tolist() == [[0.5, 0.25], [0.25, 0.25]]


def test_samples():
    states = np.array([[[0, 0], [1, 0]], [[1, 0], [1, 1]]], dtype=np.int8)
    assert target_from_samples(states).probabilities.tolist() == [0.25, 0.5, 0.0, 0.25]
    smoothed = target_from_samples(states, pseudocount=1.0)
    assert smoothed.probabilities.tolist() == [2 / 8, 3 / 8, 1 / 8, 2 / 8]


def test_machine_is_summed_over_its_hidden_units():
    machine = BoltzmannMachine(
        [[0, 0.3, 1.0], [0.3, 0, -0.7], [1.0, -0.7, 0]], [0.1, -0.2, 0.4], n_hidden=1
    )
    target = target_from_machine(machine)
    assert target.n_units == 2
    moments = exact_moments(machine)
    np.testing.assert_allclose(target.moments().mean, moments.mean[:2], atol=1e-14)
    np.testing.assert_allclose(target.moments().second, moments.second[:2, :2], atol=1e-14)
    swapped = target_from_machine(machine, [2, 0]).moments()
    np.testing.assert_allclose(swapped.mean, moments.mean[[2, 0]], atol=1e-14)


def test_probabilities_are_read_only():
    target = target_from_table([0.5, 0.5])
    with pytest.raises(ValueError, match="read-only"):
        target.probabilities[0] = 1.0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([0.5, 0.25, 0.25], "got 3 entries"),
        ([1.0], "got 1 entries"),
        ([0.75, 0.5, -0.25, 0.0], r"probabilities\[2\]: got -0.25, expected at least 0"),
        ([0.5, 0.6], "got a sum of 1.1, expected a sum of 1"),
        ([0.5, float("nan")], r"probabilities\[1\]: got nan"),
        ([[0.5, 0.5]], "got 2 dimensions"),
    ],
)
def test_bad_tables(table, message):
    with pytest.raises(InputError, match=message):
        target_from_table(table)


@pytest.mark.parametrize(
    ("states", "pseudocount", "message"),
    [
        (np.zeros((0, 3)), 0.0, "not empty"),
        (np.zeros(3), 0.0, "states: got shape"),
        (np.full((2, 3), 2), 0.0, "got 2, expected 0 or 1"),
        (np.zeros((2, 21)), 0.0, "21 units, expected at most 20"),
        (np.zeros((2, 3)), -1.0, "pseudocount: got -1.0"),
    ],
)
def test_bad_samples(states, pseudocount, message):
    with pytest.raises(InputError, match=message):
        target_from_samples(states, pseudocount)


def test_no_units():
    with pytest.raises(InputError, match="units: got no unit"):
        target_from_machine(BoltzmannMachine.random(3, seed=0), [])


@pytest.mark.parametrize("units", [[0, 0], [-1], [5], "a", [1.5], [True], 1, slice("a"), ["0"]])
def test_units_that_do_not_exist_or_come_twice_are_refused(units):
    with pytest.raises(InputError, match="units"):
        target_from_machine(BoltzmannMachine.random(3, seed=0), units)


@pytest.mark.parametrize(
    ("table", "n_units", "names", "what"),
    [
        ([0.5, 0.5], 2, (), "2 entries"),
        (None, 3, (), "probabilities"),
        ([np.nan, 1.0], 1, (), "nan"),
        ([-0.5, 1.5], 1, (), "at least 0"),
        ([0.5, 0.6], 1, (), "sum"),
        ([0.5, 0.5], 1.0, (), "n_units"),
        ([0.5, 0.5], None, (), "n_units"),
        ([0.5, 0.5], 10**400, (), "n_units"),
        ([0.5, 0.5], 1, ("a", "b"), "unit_names"),
        ([0.5, 0.5], 1, "a", "unit_names"),
        ([0.5, 0.5], 1, (3,), "unit_names"),
    ],
)
def test_targets_that_are_no_distribution_are_refused(table, n_units, names, what):
    with pytest.raises(InputError, match=what):
        Target(table, n_units, names)


def test_a_target_has_a_table_of_its_own():
    table = np.array([0.3, 0.7])
    target = Target(table, 1)
    table[:] = 0.5
    assert target.probabilities.tolist() == [0.3, 0.7]
