import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, all_states, clamp, exact_distribution
from lasersampling.errors import InputError

WEIGHTS = [[0.0, 1.0, -2.0], [1.0, 0.0, 0.5], [-2.0, 0.5, 0.0]]
BIASES = [0.25, -1.0, 3.0]


def test_energy_by_hand():
    machine = BoltzmannMachine(WEIGHTS, BIASES)
    # z = (1, 0, 1): -(w02) - b0 - b2; z = (1, 1, 0): -(w01) - b0 - b1.
    energies = machine.energy([[0, 0, 0], [1, 0, 1], [1, 1, 0]])
    assert energies.tolist() == [0.0, 2.0 - 0.25 - 3.0, -1.0 - 0.25 + 1.0]
    assert machine.energy(np.zeros((4, 7, 3), dtype=np.int8)).shape == (4, 7)


def test_local_field_is_the_log_odds_of_a_unit():
    machine = BoltzmannMachine.random(6, seed=4)
    states = all_states(6)
    field = machine.local_field(states)
    for unit in range(6):
        on, off = states.copy(), states.copy()
        on[:, unit], off[:, unit] = 1, 0
        log_odds = machine.energy(off) - machine.energy(on)
        np.testing.assert_allclose(field[:, unit], log_odds, atol=1e-12)


def test_unit_kinds_stand_in_order():
    machine = BoltzmannMachine(np.zeros((7, 7)), np.arange(7.0), n_label=2, n_hidden=3)
    assert (machine.n_units, machine.n_visible) == (7, 2)
    assert machine.biases[machine.visible].tolist() == [0, 1]
    assert machine.biases[machine.label].tolist() == [2, 3]
    assert machine.biases[machine.hidden].tolist() == [4, 5, 6]


def test_parameters_are_read_only_copies():
    given = np.array(BIASES)
    machine = BoltzmannMachine(WEIGHTS, given)
    given[0] = 99.0
    assert machine.biases[0] == 0.25
    with pytest.raises(ValueError, match="read-only"):
        machine.biases[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        machine.weights[0, 1] = 1.0


def test_is_restricted():
    weights = np.zeros((4, 4))
    weights[0, 3] = weights[3, 0] = 1.0
    assert BoltzmannMachine(weights, np.zeros(4), n_hidden=2).is_restricted
    assert not BoltzmannMachine(weights, np.zeros(4)).is_restricted
    within_hidden, within_outer = weights.copy(), weights.copy()
    within_hidden[2, 3] = within_hidden[3, 2] = 1.0
    within_outer[0, 1] = within_outer[1, 0] = 1.0
    assert not BoltzmannMachine(within_hidden, np.zeros(4), n_hidden=2).is_restricted
    assert not BoltzmannMachine(within_outer, np.zeros(4), n_label=1, n_hidden=2).is_restricted


def test_random_machine():
    machine = BoltzmannMachine.random(200, weight_std=0.6, bias_std=1.5, seed=3)
    upper = machine.weights[np.triu_indices(200, k=1)]
    # The standard deviation of n normal draws is known to 1 / sqrt(2 n): 4 standard errors.
    assert upper.std() == pytest.approx(0.6, rel=4 / np.sqrt(2 * len(upper)))
    assert machine.biases.std() == pytest.approx(1.5, rel=4 / np.sqrt(400))
    assert np.array_equal(machine.weights, machine.weights.T)
    again = BoltzmannMachine.random(200, weight_std=0.6, bias_std=1.5, seed=3)
    assert np.array_equal(machine.weights, again.weights)
    assert not np.array_equal(machine.biases, BoltzmannMachine.random(200, seed=4).biases)


def test_conditioned_machine_has_the_conditional_distribution():
    machine = BoltzmannMachine.random(6, weight_std=1.0, seed=8)
    clamped = clamp(6, {1: 1, 4: 0})
    conditional, free = machine.conditioned(clamped)
    assert free.tolist() == [0, 2, 3, 5]
    joint = exact_distribution(machine)
    states = all_states(6)
    fits = (states[:, 1] == 1) & (states[:, 4] == 0)
    expected = joint[fits] / joint[fits].sum()
    np.testing.assert_allclose(exact_distribution(conditional), expected, rtol=1e-12)


def test_conditioned_machine_keeps_the_kinds_of_units():
    machine = BoltzmannMachine(np.zeros((6, 6)), np.arange(6.0), n_label=2, n_hidden=2)
    conditional, _ = machine.conditioned(clamp(6, {0: 1, 1: 0, 2: 1, 5: 0}))
    assert (conditional.n_visible, conditional.n_label, conditional.n_hidden) == (0, 1, 1)
    assert conditional.biases.tolist() == [3.0, 4.0]


def test_conditioned_needs_a_free_unit():
    machine = BoltzmannMachine(WEIGHTS, BIASES)
    with pytest.raises(InputError, match="all units clamped, expected at least one free"):
        machine.conditioned([0, 1, 1])


NAN = float("nan")
BAD = [
    (([[0, 1], [1, 0]], [0, 0], 0, 3), "n_label + n_hidden: got 3, expected at most 2"),
    (([[0, 1], [1, 0]], [0, 0], -1, 0), "n_label: got -1, expected a whole number of at least 0"),
    (([[0, 1], [1, 0]], [0, 0], 0, 0.5), "n_hidden: got 0.5, expected a whole number"),
    (([[0, 1], [1, 0]], [0, 0], True, 0), "n_label: got True, expected a whole number"),
    (([[0, 1], [1, 0]], [0, NAN]), "biases[1]: got nan, expected a finite number"),
    (([[0, NAN], [NAN, 0]], [0, 0]), "weights[0][1]: got nan, expected a finite number"),
    (([[0, 1], [1]], [0, 0]), "weights[1]: got 1 numbers, expected 2 as in weights[0]"),
    (([0, 1], [0, 0]), "weights: got 1 dimensions, expected a list of rows of numbers"),
    ((5.0, [0, 0]), "weights: got 0 dimensions, expected a list of rows of numbers"),
    (([[0, 1], [1, 0]], "ab"), "biases: got 'ab', expected a list of numbers"),
    (([[0, 1], [1, 0]], [0, "x"]), "biases[1]: got 'x', expected a number"),
    (([[0, True], [True, 0]], [0, 0]), "weights[0][1]: got True, expected a number"),
    (([[0, 1], [1, 0]], [0, 1j]), "biases[1]: got 1j, expected a number"),
    (([[0, 1], [1, 0]], np.zeros(2, complex)), "biases: got complex numbers, expected a list"),
    (([[0, 10**30], [10**29, 0]], [0, 0]), "weights[0][1]: got 1e+30, expected 1e+29"),
    (([[0, 1], [1, 0]], []), "biases: got nothing, expected a list of numbers, at least one"),
    (([[0, 1, 0], [1, 0, 0]], [0, 0]), "weights: got 2 x 3, expected 2 x 2, since biases has 2"),
    (([[0, 1], [1, 2]], [0, 0]), "weights[1][1]: got 2, expected 0 (no unit acts on itself)"),
    (
        ([[0, 1], [1.1, 0]], [0, 0]),
        "weights[0][1]: got 1, expected 1.1 as in weights[1][0] (symmetric within 1e-06)",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_parameters(arguments, message):
    with pytest.raises(InputError) as error:
        BoltzmannMachine(*arguments)
    assert message in str(error.value)


def test_all_problems_are_told_at_once():
    with pytest.raises(InputError) as error:
        BoltzmannMachine([[1, 2], [3, 4]], [0, 0], n_label=-1)
    told = {problem.where for problem in error.value.problems}
    assert told == {"n_label", "weights[0][0]", "weights[1][1]", "weights[0][1]"}


def test_many_faults_of_one_kind_are_counted():
    weights = np.triu(np.ones((20, 20)), k=1)
    with pytest.raises(InputError, match="got 185 more such entries") as error:
        BoltzmannMachine(weights, np.zeros(20))
    assert len(error.value.problems) == 6


def test_rounding_errors_of_symmetric_weights_are_averaged_away():
    machine = BoltzmannMachine([[0, 1.0], [1.0 + 2e-7, 0]], [0, 0])
    assert machine.weights[0, 1] == machine.weights[1, 0] == pytest.approx(1.0 + 1e-7, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"n_units": 0, "seed": 0}, "n_units"),
        ({"n_units": 3, "seed": -1}, "seed"),
        ({"n_units": 3, "seed": 0, "weight_std": -1.0}, "weight_std"),
        ({"n_units": 3, "seed": 0, "bias_std": float("inf")}, "bias_std"),
    ],
)
def test_bad_arguments_of_random(arguments, where):
    with pytest.raises(InputError, match=where):
        BoltzmannMachine.random(**arguments)


def test_states_of_the_wrong_width():
    with pytest.raises(InputError, match=r"states: got shape \(4,\), expected shape \(..., 3\)"):
        BoltzmannMachine(WEIGHTS, BIASES).energy([0, 1, 0, 1])
