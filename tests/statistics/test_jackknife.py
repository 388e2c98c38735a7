import numpy as np

from lasersampling.statistics import jackknife_error


def test_error_of_a_mean_is_the_usual_one():
    values = np.random.default_rng(1).normal(size=(3, 40))
    left_out = (values.sum(axis=1, keepdims=True) - values) / 39
    np.testing.assert_allclose(jackknife_error(left_out), values.std(axis=1, ddof=1) / np.sqrt(40))


def test_one_part_tells_nothing_of_the_error():
    assert np.isnan(jackknife_error([1.0]))


def test_infinite_estimates_have_no_error_and_no_warning():
    # Warnings are errors in the tests.
    assert np.isnan(jackknife_error([1.0, np.inf, np.inf]))
    assert np.isnan(jackknife_error([np.inf, np.inf]))
