"""The kernel's elementary approximations against exact values."""

import numpy as np
import pytest

from lasersampling.lasers.integrator import preparation, tables
from lasersampling.lasers.integrator import step as kernel


def test_noise_has_the_first_nine_moments_of_a_normal():
    words = np.arange(2**14, dtype=np.uint32)
    values = np.array([kernel.normal(w << np.uint32(4), 4) for w in words], dtype=np.float64)
    # All 2**14 inputs once: these are the exact moments, up to single precision.
    assert abs(values.mean()) < 1e-6
    assert abs((values**2).mean() - 1.0) < 1e-5
    assert abs((values**3).mean()) < 1e-5
    assert abs((values**4).mean() - 3.0) < 1e-4
    assert abs((values**5).mean()) < 1e-4
    assert abs((values**6).mean() - 15.0) < 1e-3
    assert abs((values**8).mean() - 105.0) < 1e-2


def test_noise_of_the_two_quadratures_uses_different_bits():
    words = np.random.default_rng(1).integers(0, 2**32, 20_000, dtype=np.uint32)
    x = np.array([kernel.normal(w, 4) for w in words])
    y = np.array([kernel.normal(w, 18) for w in words])
    one = np.float32(1.0)
    signs = np.array([[kernel.signed(one, w, bit) for w in words] for bit in range(4)])
    table = np.corrcoef(np.vstack([x, y, signs]))
    # Standard error of a correlation of 20,000 independent pairs: 0.0071.
    assert np.abs(table - np.eye(6)).max() < 4 * 0.0071
    assert set(np.unique(signs)) == {-1.0, 1.0}


def test_exponential_is_accurate_where_it_is_used():
    v = np.linspace(-0.9, 0.9, 181, dtype=np.float32)
    approximate = np.array([kernel.exponential(x) for x in v], dtype=np.float64)
    assert np.max(np.abs(approximate / np.exp(v.astype(np.float64)) - 1.0)) < 5e-5


def test_relaxation_decays_monotonically_from_one():
    q = np.linspace(0.0, 20.0, 401, dtype=np.float32)
    decay = np.array([1 / (1 + x * kernel._mean_exponential(x)) for x in q], dtype=np.float64)
    assert decay[0] == 1.0
    assert np.all(np.diff(decay) < 0.0)
    assert np.all(decay > 0.0)
    small = q < 0.5
    assert np.max(np.abs(decay[small] - np.exp(-q[small].astype(np.float64)))) < 2e-4


def test_positive_part_lets_nan_through():
    assert kernel.positive(np.float32(-2.0)) == 0.0
    assert kernel.positive(np.float32(2.0)) == 2.0
    assert np.isnan(kernel.positive(np.float32(np.nan)))


def bridge_weights(v):
    """Weights of the bridge and its open variance by quadrature; unit strength."""
    n = 1201
    s = np.linspace(0.0, 1.0, n)
    w = np.full(n, 1 / (n - 1))
    w[[0, -1]] /= 2
    low, high = np.minimum.outer(s, s), np.maximum.outer(s, s)
    covariance = np.sinh(v * low) * np.sinh(v * (1 - high)) / (v * np.sinh(v))
    before, after = np.sinh(v * (1 - s)) / np.sinh(v), np.sinh(v * s) / np.sinh(v)
    half, lean = (before + after) / 2, (after - before) / 2
    return {
        "plus": w @ half**2,
        "minus": w @ lean**2,
        "between": w @ np.diag(covariance),
        "first": (w * half) @ covariance @ (w * half),
        "second": w @ covariance**2 @ w,
    }


@pytest.mark.parametrize("v", [0.02, 0.5, 1.0, 2.0, 2.5])
def test_weights_of_the_bridge(v):
    exact = bridge_weights(v)
    v2 = np.float32(v * v)
    excess = kernel.sinh_excess(v2)
    assert 1 + v2 * excess == pytest.approx(np.sinh(v) / v, rel=1e-3)
    weights = kernel.bridge(v2, excess, np.float32(1500.0))
    assert weights[0] == pytest.approx(exact["plus"], rel=0.01)
    assert weights[1] == pytest.approx(exact["minus"], rel=0.01)
    assert weights[2] == pytest.approx(exact["between"], rel=0.01)
    assert weights[3] == pytest.approx(4 * exact["first"], rel=0.01)
    assert weights[4] == pytest.approx(4 * exact["second"], rel=0.01)
    assert weights[5] == pytest.approx(1 / 1500.0, rel=1e-5)


def test_arrays_of_lanes_suit_vectors_and_caches():
    """They begin with lines of the cache, of which different ones are at the same place."""
    size = 2048
    given = tables.Lanes(
        *(np.arange(k, k + size, dtype=np.float32) for k in range(len(tables.Lanes._fields)))
    )
    places = []
    for before, after in zip(given, preparation.spread(given), strict=True):
        assert np.array_equal(before, after)
        assert before.dtype == after.dtype
        places.append(after.ctypes.data)
    assert all(place % 64 == 0 for place in places)
    assert len({place % 4096 for place in places}) == len(places)
