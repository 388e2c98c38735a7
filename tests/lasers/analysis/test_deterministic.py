"""Noise-free dynamics against scipy's solver, the compiled kernel, and themselves."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lasersampling.errors import InputError
from lasersampling.lasers.analysis.deterministic import (
    Trajectory,
    count_pulses,
    kicked,
    pulse_response,
    pulse_shape,
    trajectory,
)
from lasersampling.lasers.device import load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.rate_equations import drift, quiescent_state
from lasersampling.lasers.simulation import SimulationSettings, TraceRequest, simulate

DEVICE = load_device("D2")
PUMP = 0.9
REST = quiescent_state(DEVICE, PUMP)
KICK = 6000.0


def shaped(time_ns, photons):
    still = np.full_like(photons, 1.0)
    return Trajectory(np.asarray(time_ns), photons, still, still)


def test_pulse_agrees_with_scipy():
    path = pulse_response(DEVICE, PUMP, KICK, duration_ns=2.0, interval_ps=1.0)
    start = [REST.photons, REST.gain_electrons + KICK, REST.absorber_electrons]
    # An implicit method on S itself: another algorithm and another form of the equations.
    solution = solve_ivp(
        lambda _, state: drift(DEVICE, state, PUMP), (0.0, 2.0), start, "Radau",
        t_eval=path.time_ns, rtol=1e-8, atol=1e-8,
    )  # fmt: skip
    assert solution.y[0].max() > 5000
    for ours, theirs in zip(
        (path.photons, path.gain_electrons, path.absorber_electrons), solution.y, strict=True
    ):
        assert np.abs(ours - theirs).max() < 1e-5 * theirs.max()


def test_kernel_without_noise_follows_torchdiffeq_through_a_pulse_and_the_recovery():
    """At 0.5 ps, by dopri5 with rtol 1e-9 from the same start; `docs/physics.md` has more steps.

    Spontaneous emission is noise to the kernel: without noise it integrates dS/dt = G S.
    """
    pump = 1.3
    traces = simulate(
        LaserNetwork(DEVICE, 1),
        pump,
        4.0,
        settings=SimulationSettings(
            noise=False, burn_in_ns=0.0, step_ps=0.5, traces=TraceRequest((0,), 0.0, 4.0, 1.0)
        ),
    ).traces
    assert traces is not None
    photons, gain, absorber = (
        column[0].astype(np.float64)
        for column in (traces.photons, traces.gain_electrons, traces.absorber_electrons)
    )
    exact = trajectory(
        DEVICE, pump, [photons[0], gain[0], absorber[0]], traces.time_ns,
        relative_tolerance=1e-9, spontaneous_emission=False,
    )  # fmt: skip
    kernel = Trajectory(traces.time_ns, np.maximum(photons, 1e-30), gain, absorber)
    mine, theirs = pulse_shape(DEVICE, kernel), pulse_shape(DEVICE, exact)
    assert theirs.peak_photons > 3000
    assert mine.peak_photons == pytest.approx(theirs.peak_photons, rel=1e-3)
    assert mine.peak_time_ns == pytest.approx(theirs.peak_time_ns, rel=1e-4)
    assert mine.gain_consumed_electrons == pytest.approx(theirs.gain_consumed_electrons, rel=1e-3)
    recovering = exact.time_ns > exact.time_ns[exact.photons.argmax()] + 0.1
    assert recovering.sum() > 500
    assert gain[recovering] == pytest.approx(exact.gain_electrons[recovering], rel=1e-3)


def test_a_batch_is_its_members():
    time = np.linspace(0.0, 0.3, 31)
    kicks = np.array([0.0, 3000.0, 8000.0])
    batch = trajectory(DEVICE, PUMP, kicked(REST, kicks), time)
    assert batch.photons.shape == (31, 3)
    for k, kick in enumerate(kicks):
        alone = trajectory(DEVICE, PUMP, kicked(REST, kick), time)
        assert batch.photons[:, k] == pytest.approx(alone.photons, rel=1e-6)


def test_response_is_all_or_none():
    path = trajectory(DEVICE, PUMP, kicked(REST, [500.0, 2500.0, 3000.0, 6000.0]),
                      np.arange(0.0, 2.5, 2e-3), relative_tolerance=1e-6)  # fmt: skip
    peaks = path.photons.max(axis=0)
    assert count_pulses(DEVICE, path).tolist() == [0, 0, 1, 1]
    assert peaks[1] < 0.1 * DEVICE.detection.threshold_photons
    assert peaks[2] > 5 * DEVICE.detection.threshold_photons


def test_photons_kick_too():
    photons, gain, absorber = kicked(REST, 0.0, 500.0)
    assert photons == REST.photons + 500.0
    assert gain == REST.gain_electrons
    assert absorber == REST.absorber_electrons


def test_shape_of_a_known_pulse():
    """A Gaussian: its log is a parabola, so peak and width are exact up to the straight lines."""
    time = np.arange(0.0, 0.2, 5e-4)
    sigma = 0.010
    pulse = pulse_shape(DEVICE, shaped(time, 1e3 * np.exp(-0.5 * ((time - 0.1003) / sigma) ** 2)))
    assert pulse.peak_photons == pytest.approx(1e3, rel=1e-9)
    assert pulse.peak_time_ns == pytest.approx(0.1003, abs=1e-9)
    assert pulse.width_ps == pytest.approx(1e3 * sigma * 2.354820, rel=1e-3)
    # 1 % of the peak is left out beyond three sigma: 0.24 % of the area.
    area = 1e3 * sigma * np.sqrt(2 * np.pi) * DEVICE.cavity.loss_per_ns
    assert pulse.energy_photons == pytest.approx(0.9976 * area, rel=1e-3)


def test_pulses_are_counted_once_until_rearmed():
    photons = np.array([[10, 700, 300, 700, 100, 700, 10], [700, 700, 300, 700, 300, 700, 10.0]]).T
    assert count_pulses(DEVICE, shaped(np.arange(7.0), photons)).tolist() == [2, 0]


def test_no_pulse_no_shape():
    with pytest.raises(InputError, match="a whole pulse"):
        pulse_shape(DEVICE, shaped(np.arange(5.0), np.arange(1.0, 6.0)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pump_ratio": -1.0}, "pump_ratio: got -1"),
        ({"pump_ratio": float("nan")}, "finite ratios to the threshold pump"),
        ({"start": [0.0, 1.0, 2.0]}, "start: photons: got none"),
        ({"start": [1.0, 2.0]}, "start: got 2 entries"),
        ({"start": [1.0, float("inf"), 2.0]}, "start: gain electrons"),
        ({"time_ns": [0.0]}, "two or more ascending times"),
        ({"time_ns": [0.0, 0.0]}, "two or more ascending times"),
        ({"relative_tolerance": 0.0}, "relative_tolerance: got 0.0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    usual = {"pump_ratio": PUMP, "start": REST, "time_ns": [0.0, 1.0]}
    with pytest.raises(InputError, match=message):
        trajectory(DEVICE, **{**usual, **arguments})
