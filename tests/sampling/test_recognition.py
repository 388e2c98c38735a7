import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, Layers, all_states, exact_moments
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs, Samples
from lasersampling.sampling.recognition import Recognition, recognise

IMAGES = np.array([[1, 1, 0, 0], [0, 0, 1, 1]])


def machine_of(scale=1.0):
    layers = Layers(4, (3,), 2)
    weights = scale * np.random.default_rng(0).normal(0, 1, (3, 6))
    return layers.machine(weights, np.zeros(6), np.zeros(3))


def test_label_units_have_the_means_that_the_clamped_machine_has():
    machine = machine_of()
    found = recognise(Gibbs(), machine, IMAGES, n_draws=2000, n_chains=10, seed=1)
    assert found.activity.shape == (2, 2000, 2)
    for image, activity in zip(IMAGES, found.activity[:, -1], strict=True):
        clamped = np.append(image, [-1] * 5)
        exact = exact_moments(machine, clamped).mean[machine.label]
        # 20,000 draws that correlate over a few sweeps: standard errors below .01.
        np.testing.assert_allclose(activity, exact, atol=0.04)
    assert np.array_equal(found.labels, found.activity[:, -1].argmax(1))


class Scripted:
    """Label units follow a script, (image and chain, draw, label)."""

    name = "scripted"

    def __init__(self, labels, interval_ns=0.5):
        self.labels, self.interval_ns = np.array(labels, dtype=np.int8), interval_ns

    def sample(
        self, machine, n_draws, *, n_chains=4, clamped=None, seed=0, start=None, progress=None
    ):
        states = np.where(clamped < 0, 0, clamped)[:, None].repeat(n_draws, 1).astype(np.int8)
        assert (states[:, :, machine.visible] == clamped[:, None, machine.visible]).all()
        assert (clamped[:, 4:] == -1).all()
        states[:, :, machine.label] = self.labels
        return Samples(states, self.name, seed, self.interval_ns)


def test_activity_and_scores_build_up_over_draws():
    script = [[[1, 0], [0, 1], [0, 1]], [[0, 0], [0, 0], [0, 1]]]
    found = recognise(Scripted(script), machine_of(), IMAGES, n_draws=3)
    assert found.interval_ns == 0.5
    np.testing.assert_allclose(found.activity[0, :, 0], [1, 1 / 2, 1 / 3])
    # Equally active labels share the point; nobody active is a guess too.
    assert found.scores([0, 1]).tolist() == [[1, 0.5, 0], [0.5, 0.5, 1]]
    mean, error = found.accuracy([0, 1])
    assert mean.tolist() == [0.75, 0.5, 0.5]
    np.testing.assert_allclose(error, [0.25, 0.0, 0.5])


def test_chains_of_an_image_count_together():
    script = [[[1, 0]], [[0, 1]], [[0, 1]], [[0, 1]]]
    found = recognise(Scripted(script), machine_of(), IMAGES, n_draws=1, n_chains=2)
    assert found.activity[:, 0].tolist() == [[0.5, 0.5], [0, 1]]


def test_a_machine_that_knows_recognises():
    """Each hidden unit stands for a pattern and its label."""
    patterns = IMAGES * 8.0 - 4.0
    weights = np.hstack([patterns, 8 * np.eye(2) - 4])
    machine = Layers(4, (2,), 2).machine(weights, np.zeros(6), [-10.0, -10.0])
    found = recognise(Gibbs(burn_in=0), machine, all_states(4)[[3, 12]], n_draws=200, seed=0)
    mean, error = found.accuracy([0, 1])
    assert mean[-1] == 1.0
    assert error[-1] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": IMAGES * 0.5}, "images: got grey levels"),
        ({"images": IMAGES[:, :3]}, r"images: got shape \(2, 3\)"),
        ({"images": IMAGES[:0]}, r"images: got shape \(0, 4\)"),
        ({"n_chains": 0}, "n_chains: got 0"),
        ({"n_draws": 0}, "n_draws: got 0"),
        ({"machine": BoltzmannMachine.random(4, seed=0)}, "no label units"),
    ],
)
def test_bad_arguments(change, message):
    given = {"machine": machine_of(), "images": IMAGES, "n_draws": 1} | change
    with pytest.raises(InputError, match=message):
        recognise(Gibbs(), **given)


def test_labels_must_fit_the_images():
    with pytest.raises(InputError, match=r"labels: got int64 of shape \(3,\)"):
        Recognition(np.zeros((2, 1, 2)), None).scores([0, 1, 1])
