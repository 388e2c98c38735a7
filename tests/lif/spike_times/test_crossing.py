import math

import numpy as np
import pytest
from scipy.special import lambertw

from lasersampling.lif.spike_times.crossing import (
    lambert_w,
    peak_after,
    response,
    time_to_threshold,
)


def test_lambert_w_against_scipy():
    x = -np.exp(-1) * (1 - np.logspace(-12, -1e-3, 300))
    values = np.array([lambert_w(value) for value in x])
    # Next to the branch point the argument itself has too few digits: the error is its root.
    assert np.allclose(
        values, lambertw(x).real, rtol=2e-15, atol=1e-12 / np.sqrt(1 + np.e * x).min()
    )
    assert np.allclose(values * np.exp(values), x, rtol=1e-14)
    assert lambert_w(-np.exp(-1)) == pytest.approx(-1, abs=1e-7)


@pytest.mark.parametrize("tau_mem", [1 + 1e-12, 1 + 1e-6, 1.5, 0.3, 40.0])
def test_response_keeps_its_digits(tau_mem):
    """Against the series of (1 - exp(-x)) / x in extended precision."""
    s = np.logspace(-6, 2, 50)
    x = s.astype(np.longdouble) * (np.longdouble(tau_mem) - 1) / tau_mem
    exact = s / tau_mem * np.exp(-s / np.longdouble(tau_mem)) * -np.expm1(-x) / x
    found = np.array([response(value, tau_mem, 1.0) for value in s])
    assert np.allclose(found, exact.astype(float), rtol=3e-14, atol=0)


@pytest.mark.parametrize("tau_mem", [1.0, 1 + 1e-12, 2.0, 0.5])
@pytest.mark.parametrize("voltage", [-3.0, 0.0, 0.9])
def test_the_peak_is_where_voltage_equals_current(tau_mem, voltage):
    s = peak_after(voltage, 5.0, tau_mem, 1.0)
    now = voltage * np.exp(-s / tau_mem) + 5.0 * response(s, tau_mem, 1.0)
    assert now == pytest.approx(5.0 * np.exp(-s), rel=1e-12)


def test_a_voltage_far_below_rest_only_relaxes():
    assert peak_after(-6.0, 5.0, 2.0, 1.0) == np.inf


@pytest.mark.parametrize(("method", "tau_mem"), [(0, 1.0), (1, 2.0)])
def test_closed_forms_and_newton_agree(method, tau_mem):
    generator = np.random.default_rng(0)
    n_spikes = 0
    for _ in range(2000):
        state = generator.uniform(-2, 1), generator.uniform(1, 9), 1.0, generator.uniform(0, 3)
        closed = time_to_threshold(*state, tau_mem, 1.0, method)
        newton = time_to_threshold(*state, tau_mem, 1.0, 2)
        assert closed == newton or abs(closed - newton) < 1e-9
        n_spikes += np.isfinite(closed)
    assert 500 < n_spikes < 1900


def test_lambert_w_needs_no_further_step():
    """It stops a step early, since what that would change is rounding."""
    for x in (-np.exp(-1) * np.linspace(0.001, 0.999, 500)).tolist():
        w = lambert_w(x)
        error = w - x * math.exp(-w)
        step = error / (w + 1.0 - 0.5 * (w + 2.0) * error / (w + 1.0))
        # Of w exp(w) = x, rounding of w and of x leaves |x| eps / |dx/dw|, and a few times that.
        resolution = np.finfo(float).eps * abs(w) * (1.0 + 1.0 / (1.0 + w))
        assert abs(step) <= 4.0 * resolution
