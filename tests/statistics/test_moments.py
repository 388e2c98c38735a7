import math

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.statistics import moment_errors


def independent_units(probability, shape, seed):
    return (np.random.default_rng(seed).random((*shape, len(probability))) < probability).astype(
        np.int8
    )


def test_z_scores_of_right_samples_are_standard_normal():
    probability = np.linspace(0.1, 0.9, 20)
    second = np.outer(probability, probability)
    np.fill_diagonal(second, probability)
    states = independent_units(probability, (4, 2000), seed=3)
    errors = moment_errors(states, probability, second)
    assert errors.mean.z_score.shape == (20,)
    assert errors.pair.z_score.shape == (190,)
    # 210 z-scores, which are nearly independent: their rms is 1 within 4 / sqrt(2 * 210), and
    # the effective sample size behind them is off by a few per cent.
    together = np.concatenate([errors.mean.z_score, errors.pair.z_score])
    assert np.sqrt((together**2).mean()) == pytest.approx(1, abs=0.25)


def test_values_and_order_of_pairs():
    states = np.array([[[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 0]]], dtype=np.int8)
    errors = moment_errors(states, [0.5, 0.5, 0.5], np.full((3, 3), 0.25))
    assert errors.mean.sampled.tolist() == [0.75, 0.75, 0.25]
    assert errors.mean.error.tolist() == [0.25, 0.25, -0.25]
    assert errors.pair.sampled.tolist() == [0.5, 0.25, 0.25]  # (0, 1), (0, 2), (1, 2)
    assert errors.pair.exact.tolist() == [0.25, 0.25, 0.25]


def test_standard_errors_of_independent_draws():
    states = independent_units([0.2, 0.5], (4, 5000), seed=1)
    errors = moment_errors(states, [0.2, 0.5], [[0.2, 0.1], [0.1, 0.5]])
    # sqrt(m (1 - m) / N), the estimated sample size being right to about 10 %.
    np.testing.assert_allclose(
        errors.mean.standard_error, np.sqrt([0.16 / 20000, 0.25 / 20000]), rtol=0.1
    )
    np.testing.assert_allclose(errors.pair.standard_error, np.sqrt([0.09 / 20000]), rtol=0.1)


def test_units_that_never_change():
    states = np.ones((4, 10, 3), dtype=np.int8)
    states[:, :, 2] = 0
    errors = moment_errors(states, [1.0, 0.5, 1.0], [[1, 0.5, 1], [0.5, 0.5, 0.5], [1, 0.5, 1]])
    assert errors.mean.z_score[0] == 0.0  # cannot vary, and is met
    assert math.isnan(errors.mean.z_score[1])  # should have varied: no error can be told
    assert errors.mean.z_score[2] == -math.inf  # cannot vary, and is missed


def test_a_single_unit_has_no_pairs():
    errors = moment_errors(independent_units([0.5], (2, 100), seed=0), [0.5], [[0.5]])
    assert errors.pair.z_score.shape == (0,)


@pytest.mark.parametrize(
    ("states", "mean", "second", "message"),
    [
        (np.zeros((4, 10)), [0.5], [[0.5]], "states: got shape"),
        (np.zeros((4, 10, 2)), [0.5], np.ones((2, 2)), r"exact_mean: got shape \(1,\)"),
        (np.zeros((4, 10, 2)), [0.5, 0.5], np.ones((2, 3)), r"exact_second: got shape \(2, 3\)"),
    ],
)
def test_shapes_that_do_not_fit(states, mean, second, message):
    with pytest.raises(InputError, match=message):
        moment_errors(states.astype(np.int8), mean, second)
