from itertools import pairwise

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, Layers, layered_machine
from lasersampling.errors import InputError

GENERATOR = np.random.default_rng(0)


def random_machine(layers, seed=0, first=None):
    generator = np.random.default_rng(seed)
    allowed = layers.connectivity(first)
    weights = generator.normal(0, 1, allowed.shape) * allowed
    return layers.machine(
        weights, generator.normal(0, 1, len(layers.even)), generator.normal(0, 1, len(layers.odd))
    )


def test_labels_of_a_restricted_machine_stand_with_the_visible_units():
    layers = Layers(4, (3,), 2)
    assert layers.even.tolist() == [0, 1, 2, 3, 4, 5]
    assert layers.odd.tolist() == [6, 7, 8]
    assert layers.connectivity().all()
    assert random_machine(layers).is_restricted


def test_labels_of_a_deep_machine_are_coupled_to_the_top():
    layers = Layers(2, (3, 4), 2)  # units 0-1, label 2-3, hidden 4-6 and 7-10
    assert layers.even.tolist() == [0, 1, 7, 8, 9, 10]
    assert layers.odd.tolist() == [4, 5, 6, 2, 3]
    machine = random_machine(layers)
    coupled = machine.weights != 0
    assert coupled[4:7, :2].all()
    assert coupled[4:7, 7:].all()
    assert coupled[2:4, 7:].all()
    assert coupled.sum() == 2 * (3 * 2 + 3 * 4 + 2 * 4)


@pytest.mark.parametrize("sizes", [(4, (3,), 0), (4, (3,), 2), (4, (3, 5), 2), (4, (2, 3, 2), 3)])
def test_layers_and_sides_of_a_machine_are_found_again(sizes):
    layers = Layers(*sizes)
    machine = random_machine(layers)
    assert Layers.of_machine(machine) == layers
    again = layers.machine(*layers.sides(machine))
    assert np.array_equal(again.weights, machine.weights)
    assert np.array_equal(again.biases, machine.biases)


def test_limited_fan_in_does_not_hide_the_layers():
    layers = Layers(4, (3, 2), 2)
    first = np.zeros((3, 4), dtype=bool)
    first[0, :2] = first[1, 2:] = True  # the third hidden unit sees no pixel, but the second layer
    with pytest.raises(InputError, match="without such layers"):
        Layers.of_machine(random_machine(layers, first=first))
    first[2, 1] = True
    machine = random_machine(layers, first=first)
    assert Layers.of_machine(machine) == layers
    assert machine.weights[4 + 2, 2] == 0


def test_machines_without_layers_are_refused():
    with pytest.raises(InputError, match="a machine without such layers"):
        Layers.of_machine(BoltzmannMachine.random(5, seed=1))
    full = BoltzmannMachine.random(6, seed=1)
    with pytest.raises(InputError, match="a machine without such layers"):
        Layers.of_machine(BoltzmannMachine(full.weights, full.biases, 1, 3))


def test_machines_of_arrays_have_the_energy_of_their_layers():
    sizes = 3, 4, 2, 2
    weights = [GENERATOR.normal(size=shape) for shape in pairwise(sizes)]
    biases = [GENERATOR.normal(size=size) for size in sizes]
    machine = layered_machine(weights, biases, n_label=2)
    assert (machine.n_visible, machine.n_label, machine.n_hidden) == (3, 2, 6)
    v, h1, h2, y = (GENERATOR.integers(0, 2, size) for size in sizes)
    energy = -(v @ weights[0] @ h1 + h1 @ weights[1] @ h2 + h2 @ weights[2] @ y)
    energy -= sum(b @ z for b, z in zip(biases, (v, h1, h2, y), strict=True))
    assert machine.energy(np.concatenate([v, y, h1, h2])) == pytest.approx(energy)


@pytest.mark.parametrize(
    ("weights", "biases", "n_label", "message"),
    [
        ([np.zeros((2, 3))], [np.zeros(2), np.zeros(4)], 0, r"weights\[0\]: got shape \(2, 3\)"),
        ([np.zeros((2, 3))], [np.zeros(2), np.zeros((1, 3))], 0, r"biases\[1\]"),
        ([np.zeros((2, 3))], [np.zeros(2)], 0, "weights: got 1 for 1 layers"),
        ([np.zeros((2, 3))], [np.zeros(2), np.zeros(3)], 3, "weights: got 1 for 2 layers"),
        ([np.zeros((2, 3)), np.zeros((3, 2))], [np.zeros(2), np.zeros(3), np.zeros(2)], 1,
         "n_label: got 1, expected 2"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(weights, biases, n_label, message):
    with pytest.raises(InputError, match=message):
        layered_machine(weights, biases, n_label=n_label)


def test_sizes_and_connectivity_are_checked():
    with pytest.raises(InputError) as caught:
        Layers(0, (2, 0), -1)
    assert {p.where for p in caught.value.problems} == {"n_visible", "n_label", "hidden[1]"}
    with pytest.raises(InputError, match="hidden: got no layer"):
        Layers(2, ())
    with pytest.raises(InputError, match=r"connectivity: got bool of shape \(2, 3\)"):
        Layers(2, (3,)).connectivity(np.ones((2, 3), dtype=bool))
