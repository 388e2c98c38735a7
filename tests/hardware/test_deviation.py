"""What is drawn has the mean, spread and correlation that it says."""

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.hardware import Deviation, Drift

N = 100_000


@pytest.mark.parametrize("distribution", ["normal", "lognormal"])
@pytest.mark.parametrize(("mean", "std"), [(0.0, 0.1), (0.2, 0.5)])
def test_mean_and_spread(distribution, mean, std):
    deviation = Deviation(std, mean, distribution=distribution)
    drawn = deviation.drawn(np.random.default_rng(1), N)
    # Standard errors: std / sqrt(N), and for the spread up to std * sqrt(kurtosis / 4 N) with a
    # kurtosis below 8 here.
    assert drawn.mean() == pytest.approx(mean, abs=4 * std / N**0.5)
    assert drawn.std() == pytest.approx(std, rel=4 * (8 / 4 / N) ** 0.5)
    if distribution == "lognormal":
        assert drawn.min() > -1.0
        logarithm = np.log1p(drawn)
        skew = ((logarithm - logarithm.mean()) ** 3).mean() / logarithm.std() ** 3
        assert abs(skew) < 4 * (6 / N) ** 0.5


def test_relative_and_absolute():
    assert Deviation().applied(2.0, 0.1) == pytest.approx(2.2)
    assert Deviation(relative=False).applied(2.0, 0.1) == pytest.approx(2.1)
    assert Deviation().is_none
    assert not Deviation(mean=0.1).is_none


def test_another_strength_is_the_same_pattern():
    weak, strong = (Deviation(s).drawn(np.random.default_rng(3), 50) for s in (0.1, 0.3))
    assert strong == pytest.approx(3 * weak)


def test_drift_is_stationary_and_forgets_in_its_correlation_time():
    drift, generator = Drift(0.1, 200.0), np.random.default_rng(2)
    first = generator.standard_normal(N)
    now = first
    for _ in range(10):
        now = drift.later(now, 20.0, generator.standard_normal(N))
    # After one correlation time, in ten steps; the error of a correlation is below 1/sqrt(N).
    assert np.corrcoef(first, now)[0, 1] == pytest.approx(np.exp(-1.0), abs=4 / N**0.5)
    assert now.std() == pytest.approx(1.0, abs=4 * (0.5 / N) ** 0.5)
    assert drift.deviation == Deviation(0.1)
    assert np.array_equal(drift.later(first, 0.0, np.ones(N)), first)


@pytest.mark.parametrize(
    ("build", "where"),
    [
        (lambda: Deviation(-0.1), "std"),
        (lambda: Deviation(0.1, relative=False, distribution="lognormal"), "distribution"),
        (lambda: Deviation(0.1, -1.0, distribution="lognormal"), "distribution"),
        (lambda: Deviation(0.1, distribution="uniform"), "distribution"),  # type: ignore[arg-type]
        (lambda: Drift(0.1, 0.0), "correlation_time_ns"),
    ],
)
def test_what_is_no_distribution_is_refused(build, where):
    with pytest.raises(InputError, match=where):
        build()
