import numpy as np
import pytest
from numpy.typing import ArrayLike

from lasersampling.errors import InputError, SimulationError
from lasersampling.lasers.analysis.deterministic import (
    count_pulses,
    kicked,
    pulse_response,
    trajectory,
)
from lasersampling.lasers.analysis.excitability import (
    excitability,
    refractory_curve,
    refractory_period_ns,
    threshold_kick,
    threshold_photons,
)
from lasersampling.lasers.device import load_device
from lasersampling.lasers.rate_equations import quiescent_state

DEVICE = load_device("D2")
PUMP = 0.9
REST = quiescent_state(DEVICE, PUMP)


@pytest.fixture(scope="module")
def threshold():
    return float(threshold_kick(DEVICE, PUMP)[0])


def test_kicks_just_above_the_threshold_fire_and_just_below_do_not(threshold):
    """In an integration of its own, with the default tolerance."""
    path = trajectory(DEVICE, PUMP, kicked(REST, threshold * np.array([0.99, 1.01])),
                      np.arange(0.0, 2.5, 2e-3))  # fmt: skip
    assert count_pulses(DEVICE, path).tolist() == [0, 1]


@pytest.mark.slow
def test_threshold_in_photons(threshold):
    photons = float(threshold_photons(DEVICE, PUMP)[0])
    assert REST.photons < photons < DEVICE.detection.threshold_photons
    kicks = photons * np.array([0.98, 1.02])
    start: list[ArrayLike] = [kicks, REST.gain_electrons, REST.absorber_electrons]
    path = trajectory(DEVICE, PUMP, start, np.arange(0.0, 2.5, 2e-3))
    assert count_pulses(DEVICE, path).tolist() == [0, 1]


@pytest.mark.slow
def test_double_kick_experiment(threshold):
    """What the second kick must bring is what the first pulse has left missing."""
    first = 2.0 * threshold
    delay = np.array([1.0, 2.0, 4.0, 12.0])
    curve = refractory_curve(DEVICE, PUMP, delay, first_kick_electrons=first)
    assert np.all(np.diff(curve) < 0.0)
    assert curve[-1] == pytest.approx(threshold, rel=0.01)
    # The gain recovers with its lifetime, and the absorber has been ready for long.
    path = pulse_response(DEVICE, PUMP, first, duration_ns=4.0, interval_ps=5.0)
    missing = REST.gain_electrons - np.interp(delay[:3], path.time_ns, path.gain_electrons)
    assert curve[:3] == pytest.approx(threshold + missing, rel=0.1)
    absolute = refractory_period_ns(
        DEVICE, PUMP, first_kick_electrons=first, second_kick_electrons=first
    )
    relative = refractory_period_ns(
        DEVICE, PUMP, first_kick_electrons=first, second_kick_electrons=1.1 * threshold
    )
    stronger = refractory_period_ns(
        DEVICE, PUMP, first_kick_electrons=first, second_kick_electrons=2.0 * first
    )
    assert stronger < absolute < relative < 10.0
    at = refractory_curve(DEVICE, PUMP, np.array([absolute]), first_kick_electrons=first)
    assert at[0] == pytest.approx(first, rel=0.01)


@pytest.mark.slow
def test_summary_is_consistent(threshold):
    summary = excitability(DEVICE, 0.9)
    assert summary.threshold_kick_electrons == pytest.approx(threshold)
    assert summary.strong_kick_electrons == pytest.approx(2 * threshold)
    assert summary.pulse_peak_photons > 5 * DEVICE.detection.threshold_photons
    assert 5.0 < summary.pulse_width_ps < 50.0
    # Nearly every electron that the pulse takes becomes a photon that leaves the cavity.
    assert 0.8 < summary.pulse_energy_photons / summary.gain_consumed_electrons < 1.0
    assert summary.absolute_refractory_ns < summary.relative_refractory_ns


def test_a_laser_that_pulses_by_itself_has_no_threshold():
    with pytest.raises(SimulationError, match="pulses by itself"):
        excitability(DEVICE, 1.5)


@pytest.mark.parametrize(
    ("pump", "strong", "message"),
    [(0.0, 2.0, "pump_ratio: got 0.0"), (0.9, 1.0, "strong_kick: got 1")],
)
def test_numbers_out_of_range_are_refused(pump, strong, message):
    with pytest.raises(InputError, match=message):
        excitability(DEVICE, pump, strong_kick=strong)


def test_second_kick_must_not_join_the_first_pulse(threshold):
    with pytest.raises(InputError, match="the peak of the first pulse"):
        refractory_curve(DEVICE, PUMP, np.array([0.0]), first_kick_electrons=2.0 * threshold)
    with pytest.raises(InputError, match="a kick that triggers a pulse"):
        refractory_curve(DEVICE, PUMP, np.array([1.0]), first_kick_electrons=0.1 * threshold)
