"""The kernel's elementary approximations against exact values."""

import numpy as np

from lasersampling.lasers import kernel


def test_noise_has_the_first_five_moments_of_a_normal():
    words = np.arange(2**14, dtype=np.uint32)
    values = np.array([kernel._normal(w << np.uint32(4), 4) for w in words], dtype=np.float64)
    # All 2**14 inputs once: these are the exact moments, up to single precision.
    assert abs(values.mean()) < 1e-6
    assert abs((values**2).mean() - 1.0) < 1e-5
    assert abs((values**3).mean()) < 1e-5
    assert abs((values**4).mean() - 3.0) < 1e-4


def test_noise_of_the_two_quadratures_uses_different_bits():
    words = np.random.default_rng(1).integers(0, 2**32, 20_000, dtype=np.uint32)
    x = np.array([kernel._normal(w, 4) for w in words])
    y = np.array([kernel._normal(w, 18) for w in words])
    one = np.float32(1.0)
    signs = np.array([[kernel._signed(one, w, 2), kernel._signed(one, w, 3)] for w in words]).T
    table = np.corrcoef(np.vstack([x, y, signs]))
    # Standard error of a correlation of 20,000 independent pairs: 0.0071.
    assert np.abs(table - np.eye(4)).max() < 4 * 0.0071
    assert set(np.unique(signs)) == {-1.0, 1.0}


def test_exponential_is_accurate_where_it_is_used():
    v = np.linspace(-0.9, 0.9, 181, dtype=np.float32)
    approximate = np.array([kernel._exponential(x) for x in v], dtype=np.float64)
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
    assert kernel._positive(np.float32(-2.0)) == 0.0
    assert kernel._positive(np.float32(2.0)) == 2.0
    assert np.isnan(kernel._positive(np.float32(np.nan)))
