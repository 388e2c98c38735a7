"""Counts that are NumPy's narrow integers give what the same Python integers give."""

from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, target_from_table
from lasersampling.boltzmann.layers import Layers
from lasersampling.boltzmann.states import all_states
from lasersampling.checks import memory_problems
from lasersampling.judging.generation import label_conditions
from lasersampling.learning.machines.contrastive import initial_machine
from lasersampling.sampling import Gibbs
from lasersampling.sampling.adapting import Adaptation
from lasersampling.sampling.completion import Completions, SeenImages, complete
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.inference import infer
from lasersampling.sampling.recognition import recognise

MACHINE = BoltzmannMachine.random(3, seed=1)
OF_IMAGES = BoltzmannMachine(np.zeros((8, 8)), np.zeros(8), n_label=2, n_hidden=2)
PIXELS = np.array([[0, 1, 1, 0], [1, 1, 0, 0]])
SEEN = SeenImages(PIXELS, np.array([True, True, False, False]))
TARGET = target_from_table([0.4, 0.1, 0.1, 0.4])
COMPLETED = Completions(
    np.arange(2 * 2 * 9 * 4, dtype=np.int8).reshape(2, 2, 9, 4) % 2, np.zeros((2, 2, 9, 0), "i1"),
    SEEN.known, None,
)  # fmt: skip
USERS: dict[str, Any] = {
    "all_states": lambda kind: all_states(kind(9)),
    "gibbs": lambda kind: Gibbs(burn_in=kind(9), thin=kind(2))
    .sample(MACHINE, kind(200), n_chains=kind(3), seed=kind(1)).states,
    "initial_machine": lambda kind: initial_machine(TARGET, kind(254), seed=1).biases,
    "infer": lambda kind: infer(
        Gibbs(), MACHINE, Evidence.single(3, {0: 1}), n_draws=kind(200), n_chains=kind(4)
    ).mean,
    "complete": lambda kind: complete(
        Gibbs(), OF_IMAGES, SEEN, n_completions=kind(200), n_draws=kind(2)
    ).states,
    "images": lambda kind: COMPLETED.images(kind(3)),
    "recognise": lambda kind: recognise(
        Gibbs(), OF_IMAGES, PIXELS, n_draws=kind(3), n_chains=kind(200)
    ).activity,
    "label_conditions": lambda kind: label_conditions(
        OF_IMAGES, images_per_label=kind(200), free_images=kind(100)
    )[0],
    "layers": lambda kind: [Layers(kind(200), (kind(100),), kind(100)).n_visible + 100],
    "adaptation": lambda kind: [Adaptation(kind(2), n_draws=kind(200), n_chains=kind(99)).n_draws],
    "memory": lambda kind: [len(memory_problems("n", [kind(100)] * 6, 8))],
}  # fmt: skip


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64])
@pytest.mark.parametrize("name", USERS)
def test_counts_may_be_narrow_integers(name: str, kind: type) -> None:
    np.testing.assert_array_equal(USERS[name](kind), USERS[name](int))
