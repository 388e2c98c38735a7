import numpy as np
import pytest
from scipy import stats

from lasersampling.errors import InputError
from lasersampling.statistics import holm, median_interval, paired_difference


def test_it_agrees_with_the_paired_t_test_and_the_permutation_test_of_scipy():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0.3, 1.0, 9), rng.normal(0.0, 1.0, 9)
    found = paired_difference(a, b)
    interval = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    exact = stats.permutation_test(
        (a - b,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert found.p_value == pytest.approx(exact.pvalue)


def test_intervals_hold_the_mean_as_often_as_they_say():
    rng = np.random.default_rng(0)
    n_runs = 2000
    held = 0
    for _ in range(n_runs):
        found = paired_difference(rng.normal(0.2, 1.0, 6), np.zeros(6))
        held += found.low < 0.2 < found.high
    # Five standard errors of a share of .95 in 2,000.
    assert abs(held / n_runs - 0.95) < 5 * np.sqrt(0.95 * 0.05 / n_runs)


def test_many_pairs_take_signs_at_random():
    rng = np.random.default_rng(1)
    a = rng.normal(0.5, 1.0, 40)
    found = paired_difference(a, np.zeros(40))
    normal = stats.ttest_1samp(a, 0.0).pvalue
    assert found.p_value == pytest.approx(normal, abs=5 * np.sqrt(normal / 2**14) + 2e-3)


def test_equal_values_do_not_differ():
    found = paired_difference(np.ones(5), np.ones(5))
    assert (found.mean, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_holm_corrects_as_published():
    # The example of Holm's procedure: steps of the smallest first, times what is left.
    assert holm([0.01, 0.02, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


@pytest.mark.parametrize(
    ("first", "second"), [([1.0], [2.0]), ([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 2.0])]
)
def test_other_values_are_refused(first, second):
    with pytest.raises(InputError, match="first, second"):
        paired_difference(first, second)


def test_other_p_values_are_refused():
    with pytest.raises(InputError, match="p_values"):
        holm([1.2])


@pytest.mark.parametrize("n", [6, 10, 25])
def test_intervals_of_medians_hold_them_often_enough(n):
    rng = np.random.default_rng(n)
    n_runs = 4000
    ends = [median_interval(rng.exponential(1.0, n)) for _ in range(n_runs)]
    held = np.mean([low < np.log(2) < high for low, high in ends])
    error = np.sqrt(0.95 * 0.05 / n_runs)
    assert held > 0.95 - 4 * error
    # The next narrower interval would hold it too seldom.
    assert held < 0.99


def test_too_few_values_bound_no_median():
    assert median_interval([1.0, 2.0, 3.0]) == (-np.inf, np.inf)
    with pytest.raises(InputError, match="values"):
        median_interval([np.nan])
