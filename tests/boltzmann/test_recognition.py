import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Layers,
    RestrictedMachine,
    all_states,
    label_posterior,
)
from lasersampling.errors import InputError


def random_machine(hidden, scale, seed=0):
    layers = Layers(4, hidden, 3)
    generator = np.random.default_rng(seed)
    allowed = layers.connectivity()
    return layers.machine(
        generator.normal(0, scale, allowed.shape) * allowed,
        generator.normal(0, scale, len(layers.even)),
        generator.normal(0, scale, len(layers.odd)),
    )


def exact_posterior(machine, images):
    """By listing all hidden states, one label being 1."""
    hidden = all_states(machine.n_hidden)
    found = []
    for image in images:
        weight = [
            np.exp(-machine.energy(np.hstack([np.tile(given, (len(hidden), 1)), hidden]))).sum()
            for given in (np.concatenate([image, label]) for label in np.eye(machine.n_label))
        ]
        found.append(np.array(weight) / sum(weight))
    return np.array(found)


def test_exact_for_restricted_machines():
    machine = random_machine((5,), 1.5)
    images = all_states(4)
    posterior = label_posterior(machine, images)
    np.testing.assert_allclose(posterior, exact_posterior(machine, images), atol=1e-12)
    restricted = RestrictedMachine.from_machine(machine)
    states = np.concatenate([images[:, None].repeat(3, 1), np.tile(np.eye(3), (16, 1, 1))], 2)
    weight = np.exp(-restricted.free_energy(states))
    np.testing.assert_allclose(posterior, weight / weight.sum(1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("scale", [0.8, 1.5, 2.5])
def test_mean_field_is_near_for_deep_machines(scale):
    drawn = random_machine((4, 3), scale)
    # Balanced biases, so that the posterior depends on the image.
    machine = BoltzmannMachine(drawn.weights, -drawn.weights.sum(axis=1) / 2, 3, 7)
    images = all_states(4)
    exact = exact_posterior(machine, images)
    error = label_posterior(machine, images) - exact
    # A bound, not the truth: it is off by .13 to .16 of what the image changes.
    assert np.abs(error).max() < 0.2 * np.ptp(exact, axis=0).max()


def test_bad_arguments():
    machine = random_machine((3,), 1.0)
    with pytest.raises(InputError, match=r"images: got shape \(2, 5\)"):
        label_posterior(machine, np.zeros((2, 5)))
    with pytest.raises(InputError, match="no label units"):
        label_posterior(BoltzmannMachine.random(4, seed=0), np.zeros((2, 4)))
    with pytest.raises(InputError, match="n_iterations: got 0"):
        label_posterior(machine, np.zeros((2, 4)), n_iterations=0)
