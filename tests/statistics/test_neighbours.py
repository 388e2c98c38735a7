import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.statistics import adversarial_accuracy, nearest

N = 200


def binary(n, p, seed):
    return (np.random.default_rng(seed).random((n, 12)) < p).astype(int)


def test_nearest_points_and_their_distances():
    reference = np.array([[0, 0, 0], [1, 1, 0], [1, 1, 1]])
    found = nearest([[0, 0, 1], [1, 1, 1]], reference)
    assert found.index.tolist() == [0, 2]
    np.testing.assert_allclose(found.distance, [1.0, 0.0])
    among = nearest(reference, reference, leave_out_itself=True)
    assert among.index.tolist() == [1, 2, 1]
    np.testing.assert_allclose(among.distance, [np.sqrt(2), 1.0, 1.0])


def test_more_points_than_are_handled_at_once():
    points = np.random.default_rng(0).normal(size=(1100, 3))
    found = nearest(points, points)
    assert (found.index == np.arange(1100)).all()
    np.testing.assert_allclose(found.distance, 0.0, atol=1e-7)
    assert (nearest(points, points, leave_out_itself=True).distance > 1e-4).all()


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_samples_of_one_law_are_not_told_apart(kind):
    """Forty pairs of sets: the mean is (n - 1)/(2n - 1), the spread is what is claimed."""
    found = []
    for seed in range(40):
        if kind == "binary":
            sets = binary(N, 0.4, 2 * seed), binary(N, 0.4, 2 * seed + 1)
        else:
            generator = np.random.default_rng(seed)
            sets = generator.normal(size=(N, 5)), generator.normal(size=(N, 5))
        found.append(adversarial_accuracy(*sets))
    values = np.array([one.value for one in found])
    claimed = np.array([one.standard_error for one in found])
    expected = (N - 1) / (2 * N - 1)
    assert abs(values.mean() - expected) < 4 * claimed.mean() / np.sqrt(40)
    # A standard deviation of forty values is known to 11 %.
    assert 0.6 < values.std(ddof=1) / claimed.mean() < 1.5


def test_copies_and_strangers_are_found():
    data = binary(N, 0.4, 0)
    copies = adversarial_accuracy(data, data)
    assert copies.value < 0.35  # .5 for the points that have a double of their own
    distinct = np.random.default_rng(0).normal(size=(N, 5))
    assert adversarial_accuracy(distinct, distinct).value == 0.0
    strangers = adversarial_accuracy(binary(N, 0.9, 1), binary(N, 0.1, 2))
    assert strangers.value > 0.95


def test_both_terms_are_given():
    """Samples that stand far from half of the data: by hand, points on a line."""
    data, samples = np.array([[0.0], [1.0], [50.0], [52.0]]), np.array([[0.1], [0.3], [0.6], [1.2]])
    found = adversarial_accuracy(samples, data)
    # 0 and 1 are nearer to samples, 50 and 52 to each other; 0.1 is nearest to 0, 0.3 to 0.1,
    # 0.6 to 0.3, 1.2 to 1.
    assert (found.data_term, found.sample_term, found.value) == (0.5, 0.5, 0.5)
    shifted = adversarial_accuracy(samples + 5, data)
    assert (shifted.data_term, shifted.sample_term) == (1.0, 1.0)


def test_bad_sets():
    with pytest.raises(InputError, match="samples: got 3 points, expected 4"):
        adversarial_accuracy(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(InputError, match="at least 2"):
        adversarial_accuracy(np.zeros((1, 2)), np.zeros((1, 2)))
    with pytest.raises(InputError, match="reference: got 3 units, expected 2"):
        nearest(np.zeros((3, 2)), np.zeros((4, 3)))
    with pytest.raises(InputError, match="reference: got 0 points"):
        nearest(np.zeros((3, 2)), np.zeros((0, 2)))
    with pytest.raises(InputError, match=r"points: got shape \(3,\)"):
        nearest(np.zeros(3), np.zeros((4, 3)))
