from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Layers,
    all_states,
    exact_distribution,
    marginal,
)
from lasersampling.errors import InputError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.pictures.in_the_loop import fine_tune
from lasersampling.learning.pictures.settings import FineTuning
from lasersampling.sampling import Gibbs
from lasersampling.statistics import kl_divergence

PATTERNS = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 0]])
IMAGES = np.repeat(PATTERNS, [40, 40, 20], axis=0).astype(float)
DATA = np.bincount(PATTERNS[[0] * 2 + [1] * 2 + [2]] @ [1, 2, 4, 8], minlength=16) / 5
START = Layers(4, (3,)).machine(
    np.random.default_rng(1).normal(0, 0.5, (3, 4)), np.zeros(4), np.zeros(3)
)
LEARN: dict[str, Any] = {
    "n_epochs": 150, "batch_size": 50, "n_chains": 50, "n_draws": 6, "learning_rate": 0.5,
    "final_learning_rate": 0.05,
}  # fmt: skip


@dataclass(frozen=True)
class Faulty:
    """Samples another machine than it is asked for: biases are off by `offset`."""

    offset: float
    gibbs: Gibbs = Gibbs(burn_in=20, thin=2)  # noqa: RUF009
    name = "faulty"

    def actual(self, machine):
        biases = machine.biases + self.offset
        return BoltzmannMachine(machine.weights, biases, machine.n_label, machine.n_hidden)

    def sample(self, machine, n_draws, **options):
        return replace(self.gibbs.sample(self.actual(machine), n_draws, **options), sampler="x")


def divergence(machine):
    return kl_divergence(DATA, marginal(exact_distribution(machine), range(4)))


@pytest.mark.parametrize(("both_halves", "largest"), [(False, 0.6), (True, 0.25)])
def test_what_the_device_shows_comes_near_the_data(both_halves, largest):
    device = Faulty(0.7)
    before = divergence(device.actual(START))
    tuned = fine_tune(
        START, IMAGES, None, FineTuning(both_halves=both_halves, **LEARN), sampler=device, seed=2
    )
    # Came to .40 and .16: with hidden units of its own in both halves, the device learns to use
    # them as they are.
    after = divergence(device.actual(tuned.machine))
    assert before > 1.0
    assert after < largest
    assert divergence(tuned.machine) > after


def test_starts_from_the_machine_and_keeps_its_zeros():
    layers = Layers(4, (3, 2), 2)
    allowed = layers.connectivity(np.eye(3, 4, dtype=bool))
    weights = np.random.default_rng(1).normal(0, 0.5, allowed.shape) * allowed
    machine = layers.machine(weights, np.ones(6), np.zeros(5))
    labels = np.repeat([0, 1, 0], [40, 40, 20])
    size: dict[str, Any] = {"n_epochs": 1, "n_draws": 2, "n_chains": 4}
    slow = FineTuning(**size, learning_rate=1e-9, final_learning_rate=1e-9)
    still = fine_tune(machine, IMAGES, labels, slow, sampler=Gibbs(burn_in=5))
    assert still.layers == layers
    np.testing.assert_allclose(still.machine.weights, machine.weights, atol=1e-6)
    np.testing.assert_allclose(still.machine.biases, machine.biases, atol=1e-5)
    fast = FineTuning(**size, learning_rate=0.5)
    moved = fine_tune(machine, IMAGES, labels, fast, sampler=Gibbs(burn_in=5)).machine
    assert ((moved.weights != 0) == (machine.weights != 0)).all()
    assert np.abs(moved.weights - machine.weights).max() > 0.01


@pytest.mark.parametrize("both_halves", [False, True])
def test_resuming_gives_the_same_bits(both_halves, kept):
    def stop(done):
        if done > 0.5:
            raise KeyboardInterrupt

    def tuned(seed=3, **options):
        settings = FineTuning(**LEARN | {"n_epochs": 6, "both_halves": both_halves})
        sampler = Gibbs(burn_in=5)
        return fine_tune(START, IMAGES, None, settings, sampler=sampler, seed=seed, **options)

    whole = tuned()
    with pytest.raises(KeyboardInterrupt):
        tuned(checkpoints=Checkpoints(kept), progress=stop)
    again = tuned(checkpoints=Checkpoints(resume=kept.states[-1]))
    assert np.array_equal(whole.machine.weights, again.machine.weights)
    assert not np.array_equal(whole.machine.weights, tuned(seed=4).machine.weights)


def test_data_must_fit_the_machine():
    settings = FineTuning(n_epochs=1)
    with pytest.raises(InputError, match="images: got 3 pixels and 0 labels, expected 4 and 0"):
        fine_tune(START, IMAGES[:, :3], None, settings, sampler=Gibbs())
    with pytest.raises(InputError, match="without such layers"):
        fine_tune(BoltzmannMachine.random(4, seed=0), IMAGES, None, settings, sampler=Gibbs())


def test_all_states_of_the_pattern_table_are_counted():
    assert DATA.sum() == pytest.approx(1.0)
    assert (all_states(4)[DATA > 0].sum(axis=1) >= 2).all()
