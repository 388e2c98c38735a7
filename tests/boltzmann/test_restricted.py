import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, RestrictedMachine, all_states
from lasersampling.errors import InputError


@pytest.fixture
def machine():
    generator = np.random.default_rng(5)
    return RestrictedMachine(
        generator.normal(size=(3, 5)), generator.normal(size=5), generator.normal(size=3), 2
    )


def test_sizes(machine):
    assert (machine.n_visible, machine.n_label, machine.n_hidden) == (3, 2, 3)


def test_general_form_and_back(machine):
    general = machine.to_machine()
    assert general.is_restricted
    assert (general.n_visible, general.n_label, general.n_hidden) == (3, 2, 3)
    back = RestrictedMachine.from_machine(general)
    assert back.n_label == 2
    for name in ("weights", "visible_biases", "hidden_biases"):
        assert np.array_equal(getattr(back, name), getattr(machine, name))


def test_energy_of_the_general_form(machine):
    states = all_states(8)
    outer, hidden = states[:, :5].astype(float), states[:, 5:].astype(float)
    expected = -(
        np.einsum("sh,ho,so->s", hidden, machine.weights, outer)
        + outer @ machine.visible_biases
        + hidden @ machine.hidden_biases
    )
    np.testing.assert_allclose(machine.to_machine().energy(states), expected, atol=1e-12)


def test_free_energy_sums_out_the_hidden_units(machine):
    energies = machine.to_machine().energy(all_states(8)).reshape(8, 32)  # (hidden, outer)
    expected = -np.logaddexp.reduce(-energies, axis=0)
    np.testing.assert_allclose(machine.free_energy(all_states(5)), expected, atol=1e-12)


def test_conditional_probabilities_are_those_of_the_general_form(machine):
    states = all_states(8)
    expected = 1 / (1 + np.exp(-machine.to_machine().local_field(states)))
    hidden = machine.hidden_probability(states[:, :5])
    outer = machine.visible_probability(states[:, 5:])
    np.testing.assert_allclose(np.hstack([outer, hidden]), expected, atol=1e-12)


def test_large_fields_do_not_overflow():
    machine = RestrictedMachine([[2000.0]], [-1000.0], [-1000.0])
    assert machine.hidden_probability([1.0]).tolist() == [1.0]
    assert machine.visible_probability([0.0]).tolist() == [0.0]
    assert machine.free_energy([1.0]) == pytest.approx(1000.0 - 1000.0)


def test_a_machine_that_is_not_restricted():
    with pytest.raises(InputError, match="a machine that is not restricted"):
        RestrictedMachine.from_machine(BoltzmannMachine.random(4, seed=0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 2]], [1], [1]), "weights: got 1 x 2, expected 1 x 1"),
        (([[1, 2], [1]], [1, 2], [1, 2]), "weights[1]: got 1 numbers, expected 2"),
        (([[1, 2]], [1, float("inf")], [1]), "visible_biases[1]: got inf"),
        (([[1, 2]], [1, 2], []), "hidden_biases: got nothing"),
        (([[1, 2]], [1, 2], [1], 3), "n_label + n_hidden: got 3, expected at most 2"),
        (([[1, 2]], [1, 2], [1], -1), "n_label: got -1"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(InputError) as error:
        RestrictedMachine(*arguments)
    assert message in str(error.value)
