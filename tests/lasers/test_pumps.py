"""One convention: pumps are ratios to the threshold pump at every public door."""

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lasers.analysis.deterministic import pulse_response, trajectory
from lasersampling.lasers.analysis.emission import measure_emission
from lasersampling.lasers.analysis.excitability import excitability, threshold_kick
from lasersampling.lasers.analysis.first_passage import fit_intervals
from lasersampling.lasers.analysis.stability import fixed_points, nullclines, regimes
from lasersampling.lasers.analysis.yamada import Yamada
from lasersampling.lasers.device import load_device
from lasersampling.lasers.differentiable import equations as torch_equations
from lasersampling.lasers.euler import euler_rates
from lasersampling.lasers.jumps.process import simulate_jumps
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.pumps import pump_electrons_per_ns
from lasersampling.lasers.rate_equations import drift, quiescent_state, steady_states
from lasersampling.lasers.simulation import simulate

DEVICE = load_device("D2")
THRESHOLD = DEVICE.threshold_pump_electrons_per_ns
NETWORK = LaserNetwork(DEVICE, 1)
REST = quiescent_state(DEVICE, 0.9)

DOORS = {
    "simulate": lambda pump: simulate(NETWORK, pump, 1.0),
    "simulate_jumps": lambda pump: simulate_jumps(NETWORK, pump, 1.0),
    "torch": lambda pump: torch_equations.simulate(
        DEVICE, torch.tensor([pump], dtype=torch.float64), 2
    ),
    "euler_rates": lambda pump: euler_rates(
        DEVICE, pump, 1.0, n_lasers=2, step_ps=0.25, seed=0, burn_in_ns=0.0
    ),
    "measure_emission": lambda pump: measure_emission(DEVICE, pump, duration_ns=1.0, n_copies=2),
    "steady_states": lambda pump: steady_states(DEVICE, pump),
    "quiescent_state": lambda pump: quiescent_state(DEVICE, pump),
    "drift": lambda pump: drift(DEVICE, [1.0, 2.0, 3.0], pump),
    "trajectory": lambda pump: trajectory(DEVICE, pump, REST, [0.0, 0.1]),
    "pulse_response": lambda pump: pulse_response(DEVICE, pump, 100.0, duration_ns=0.1),
    "fixed_points": lambda pump: fixed_points(DEVICE, pump),
    "nullclines": lambda pump: nullclines(DEVICE, pump, np.ones(2)),
    "regimes": lambda pump: regimes(DEVICE, [pump]),
    "threshold_kick": lambda pump: threshold_kick(DEVICE, pump),
    "excitability": lambda pump: excitability(DEVICE, pump),
    "fit_intervals": lambda pump: fit_intervals(DEVICE, pump, [5.0], kick_electrons=5e3),
    "Yamada": lambda pump: Yamada.from_device(DEVICE, pump),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("pump", [-0.1, float("nan"), float("inf"), 0.9 * THRESHOLD])
def test_what_cannot_be_a_ratio_is_refused_at_every_door(door, pump):
    """Electrons per ns above all: they used to be what the library took."""
    with pytest.raises(InputError, match="pump_ratio: got"):
        DOORS[door](pump)


def test_a_pump_in_electrons_is_told_what_to_do():
    with pytest.raises(InputError, match=r"is divided by the threshold, 24375"):
        simulate(NETWORK, [0.9, 0.9 * THRESHOLD], 1.0)


def test_ratio_times_threshold_is_the_pump():
    assert pump_electrons_per_ns(DEVICE, [[0.0, 0.96]]).tolist() == [[0.0, 0.96 * THRESHOLD]]


def test_a_ratio_means_the_same_to_equations_and_jumps():
    """Carriers of a laser in the dark: P tau, within four standard errors of Poisson numbers."""
    ratio = 0.2
    expected = ratio * THRESHOLD * DEVICE.gain.carrier_lifetime_ns
    for state in (
        quiescent_state(DEVICE, ratio).gain_electrons,
        simulate(NETWORK, ratio, 20.0).end.gain_electrons.item(),
        torch_equations.resting(DEVICE, torch.tensor([ratio])).gain_electrons.item(),
    ):
        assert state == pytest.approx(expected, abs=6 * expected**0.5)
