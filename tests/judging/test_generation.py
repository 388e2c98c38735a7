from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.datasets import load_digits
from lasersampling.errors import InputError
from lasersampling.judging.generation import generate_images
from lasersampling.judging.machines import judge_machine
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.sampling import Gibbs

MACHINE = BoltzmannMachine(np.zeros((7, 7)), np.zeros(7), 3, 2)
FAST = Gibbs(burn_in=1)


def test_labels_are_clamped_in_their_chains_and_free_chains_come_last():
    found = generate_images(FAST, MACHINE, 5, images_per_label=2, free_images=3, seed=1)
    assert found.labels.tolist() == [0, 0, 1, 1, 2, 2, -1, -1, -1]
    label = found.samples.states[:6, :, MACHINE.label]
    assert (label == np.eye(3)[found.labels[:6]][:, None]).all()
    assert 0 < found.samples.states[6:, :, MACHINE.label].mean() < 1


def test_some_labels_only():
    found = generate_images(FAST, MACHINE, 5, images_per_label=2, free_images=0, labels=[2, 0])
    assert found.labels.tolist() == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("machine", "options", "message"),
    [
        (MACHINE, {"labels": [3, -1]}, "label: got 3, expected 0 to 2"),
        (MACHINE, {"images_per_label": 0}, "images_per_label: got 0"),
        (BoltzmannMachine.random(3, seed=0), {"labels": [0]}, "none: it has no label units"),
        (BoltzmannMachine.random(3, seed=0), {}, "free_images: got 0, expected at least 1"),
    ],
)
def test_bad_requests(machine, options, message):
    with pytest.raises(InputError, match=message):
        generate_images(FAST, machine, 1, **{"images_per_label": 1, "free_images": 0} | options)


@pytest.mark.slow
def test_the_shipped_machine_is_judged_as_its_file_says():
    model = load_picture_model("digits")
    metrics, images = judge_machine(model.machine, load_digits(), seed=5)
    assert images.samples.n_chains == 110
    claimed: dict[str, Any] = dict(model.provenance)
    assert metrics["recognition"].value == pytest.approx(claimed["recognition"])
    # Another seed: within four standard errors of the difference.
    found = metrics["label_accuracy_gibbs"]
    assert found.standard_error is not None
    error = np.hypot(found.standard_error, claimed["label_accuracy_gibbs_se"])
    assert abs(found.value - claimed["label_accuracy_gibbs"]) < 4 * error
    assert claimed["label_accuracy_gibbs"] >= 0.9
