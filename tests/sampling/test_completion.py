import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, exact_moments
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs
from lasersampling.sampling.completion import Completions, SeenImages, complete
from lasersampling.sampling.conditions import occluded
from lasersampling.sampling.neurons.sampler import Lasers

MACHINE = BoltzmannMachine(
    BoltzmannMachine.random(8, seed=3, weight_std=1.0).weights, np.linspace(-1, 1, 8), 2, 2
)
IMAGES = np.array([[1, 0, 1, 0], [0, 0, 1, 1]])
KNOWN = np.array([True, True, False, False])
SEEN = SeenImages(IMAGES, KNOWN)


@pytest.mark.parametrize("sampler", [Gibbs(), Lasers()], ids=["gibbs", "lasers"])
def test_known_pixels_are_held_and_the_rest_follows_the_conditional_law(sampler):
    n, draws = 100, 40
    found = complete(sampler, MACHINE, SEEN, n_completions=n, n_draws=draws, seed=2)
    assert found.states.shape == (2, n, draws, 4)
    assert found.labels.shape == (2, n, draws, 2)
    assert (found.states[..., :2] == IMAGES[:, None, None, :2]).all()
    for image, states in zip(IMAGES, found.states, strict=True):
        clamped = np.append(np.where(KNOWN, image, -1), np.full(4, -1))
        exact = exact_moments(MACHINE, clamped).mean[2:4]
        chain = states[..., 2:].mean(axis=1)
        error = chain.std(axis=0, ddof=1) / np.sqrt(n)
        # Lasers have a bias of about .01 beside.
        assert (np.abs(chain.mean(axis=0) - exact) < 4 * error + 0.02).all()


def test_noise_is_weighed_against_what_the_machine_knows():
    found = complete(
        Gibbs(), MACHINE, SeenImages(IMAGES, np.ones(4, dtype=bool), 0.2), n_completions=200,
        n_draws=50, seed=4,
    )  # fmt: skip
    for image, states in zip(IMAGES, found.states, strict=True):
        biases = MACHINE.biases.copy()
        biases[:4] += np.log(4) * (2 * image - 1)
        exact = exact_moments(BoltzmannMachine(MACHINE.weights, biases, 2, 2)).mean[:4]
        chain = states.mean(axis=1)
        error = chain.std(axis=0, ddof=1) / np.sqrt(200)
        assert (np.abs(chain.mean(axis=0) - exact) < 4 * error).all()


def test_a_label_is_held():
    found = complete(Gibbs(), MACHINE, SeenImages(IMAGES, KNOWN, label=1), n_completions=3)
    assert (found.labels == [0, 1]).all()


def test_errors_and_uncertainty_count_what_was_not_known():
    found = complete(Gibbs(), MACHINE, SEEN, n_completions=50, n_draws=6, seed=1)
    originals = IMAGES.copy()
    error = found.error(originals)
    by_hand = (found.states[..., 2:] != originals[:, None, None, 2:]).mean(axis=3)
    np.testing.assert_allclose(error, by_hand)
    assert (found.uncertainty()[:, :2] == 0).all()
    share = found.mean()[:, 2:]
    np.testing.assert_allclose(found.uncertainty()[:, 2:], np.sqrt(share * (1 - share)))
    assert found.images(3).shape == (2, 50, 4)
    with pytest.raises(InputError, match=r"originals: got shape \(4,\)"):
        found.error(IMAGES[0])


def test_half_of_an_image_is_hidden():
    expected = {
        "lower": ["111", "111", "000"], "upper": ["000", "111", "111"],
        "left": ["011", "011", "011"], "right": ["110", "110", "110"],
    }  # fmt: skip
    for side, rows in expected.items():
        known = occluded((3, 3), side).reshape(3, 3)
        assert ["".join(map(str, row.astype(int))) for row in known] == rows


def test_bad_requests():
    with pytest.raises(InputError, match="side: got 'middle'"):
        occluded((3, 3), "middle")
    with pytest.raises(InputError, match="known: got all pixels"):
        SeenImages(IMAGES, np.ones(4, dtype=bool))
    with pytest.raises(InputError) as caught:
        SeenImages(IMAGES, np.ones(4), flip_probability=0.5)  # type: ignore[arg-type]
    for part in ("known: got float64", "flip_probability: got 0.5"):
        assert part in str(caught.value)
    with pytest.raises(InputError) as caught:
        complete(Gibbs(), MACHINE, SeenImages(IMAGES[:, :3], KNOWN[:3], label=7))
    for part in ("pixels: got shape (2, 3)", "label: got 7, expected 0 to 1"):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="n_completions: got 0"):
        complete(Gibbs(), MACHINE, SEEN, n_completions=0)
    with pytest.raises(InputError, match="pixels: got grey levels"):
        SeenImages(IMAGES * 0.5, KNOWN)  # type: ignore[arg-type]


def test_pixels_that_may_be_wrong_are_not_held():
    assert (SEEN.clamped(MACHINE)[:, :2] == IMAGES[:, :2]).all()
    noisy = SeenImages(IMAGES, KNOWN, flip_probability=0.1, label=0).clamped(MACHINE)
    assert (noisy == [-1, -1, -1, -1, 1, 0, -1, -1]).all()


@pytest.mark.parametrize("change", [0.5, 255, np.nan, -1])
def test_errors_are_those_of_pixels_that_are_0_and_1(change):
    states = np.zeros((1, 1, 1, 4), dtype=np.int8)
    known = np.array([[True, True, False, False]])
    found = Completions(states, np.zeros((1, 1, 1, 0), dtype=np.int8), known, None)
    images = np.array([[0.0, 1.0, 1.0, 0.0]])
    assert found.error(images).item() == found.error(images.astype(bool)).item() == 0.5
    with pytest.raises(InputError, match="originals"):
        found.error(images * change)


@pytest.mark.parametrize("side", ["x", None, 3, "Lower"])
def test_sides_that_there_are_not_are_refused_by_name(side):
    with pytest.raises(InputError, match="^side: got"):
        occluded((4, 4), side)
