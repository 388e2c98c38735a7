import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.analysis.stability import bifurcations, fixed_points, nullclines, regimes
from lasersampling.lasers.device import load_device
from lasersampling.lasers.rate_equations import drift

DEVICE = load_device("D2")
MICROPILLAR = load_device("micropillar_selmi")


def in_logarithm(device, vector, pump):
    s = np.exp(vector[0])
    change = drift(device, [s, vector[1], vector[2]], pump)
    change[0] /= s
    return change


@pytest.mark.parametrize("ratio", [0.5, 0.96, 1.5, 12.0])
def test_eigenvalues_are_those_of_finite_differences(ratio):
    (point,) = fixed_points(DEVICE, ratio)
    state = point.state
    vector = np.array([np.log(state.photons), state.gain_electrons, state.absorber_electrons])
    jacobian = np.empty((3, 3))
    for k, h in enumerate((1e-5, 1e-1, 1e-2)):
        shift = np.zeros(3)
        shift[k] = h
        difference = in_logarithm(DEVICE, vector + shift, ratio)
        difference -= in_logarithm(DEVICE, vector - shift, ratio)
        jacobian[:, k] = difference / (2 * h)
    expected = np.linalg.eigvals(jacobian)
    expected = expected[np.lexsort((-expected.imag, -expected.real))]
    assert point.eigenvalues_per_ns == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_self_pulsing_begins_and_ends_by_hopf_bifurcations():
    first, second = bifurcations(DEVICE, n_grid=60)
    assert first.kind == second.kind == "Hopf"
    assert 1.0 < first.pump_ratio < 1.1 < 5.0 < second.pump_ratio
    for point in (first, second):
        (at,) = fixed_points(DEVICE, point.pump_ratio)
        pair = at.eigenvalues_per_ns[np.abs(at.eigenvalues_per_ns.real).argmin()]
        assert abs(pair.real) < 1e-3 * abs(pair.imag)
        assert point.frequency_per_ns == pytest.approx(abs(pair.imag) / (2 * np.pi), rel=1e-3)


def test_off_and_on_states_appear_in_saddle_nodes():
    found = bifurcations(MICROPILLAR, 0.3, 5.0, n_grid=60)
    assert [point.kind for point in found] == ["saddle-node", "saddle-node", "Hopf"]
    fold, jump, _ = found
    assert len(fixed_points(MICROPILLAR, 0.5 * (fold.pump_ratio + jump.pump_ratio))) == 3
    assert len(fixed_points(MICROPILLAR, 1.01 * jump.pump_ratio)) == 1
    # The saddle in the middle has one unstable direction: the excitability threshold.
    middle = fixed_points(MICROPILLAR, 0.9)[1]
    assert middle.n_unstable == 1


@pytest.mark.slow
def test_regimes_of_the_default_device():
    # Single attractors only: what lasts long is left to training/laser_dynamics.py.
    assert regimes(DEVICE, [1.5, 6.0]) == ["self-pulsing", "self-pulsing"]
    assert regimes(DEVICE, [0.7, 14.0]) == ["excitable", "continuous-wave"]


def test_nullclines_cross_at_the_fixed_point():
    pump = 0.9
    (point,) = fixed_points(DEVICE, pump)
    of_photons, of_gain = nullclines(DEVICE, pump, np.array([point.state.photons]))
    assert of_photons[0] == pytest.approx(point.state.gain_electrons, rel=1e-9)
    assert of_gain[0] == pytest.approx(point.state.gain_electrons, rel=1e-9)


def test_pumps_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="a pump above 0"):
        fixed_points(DEVICE, 0.0)
    with pytest.raises(InputError, match="0 < lowest < highest"):
        bifurcations(DEVICE, 2.0, 1.0)
