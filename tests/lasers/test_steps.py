"""Steps beyond the device's own, and times that are no whole steps, are said or refused."""

import dataclasses

import numpy as np
import pytest
import torch

from lasersampling.errors import AccuracyWarning, InputError
from lasersampling.lasers.analysis.emission import measure_emission
from lasersampling.lasers.device import load_device
from lasersampling.lasers.differentiable import equations as torch_equations
from lasersampling.lasers.euler import euler_rates
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.settings import StepSettings
from lasersampling.lasers.simulation import SimulationSettings, simulate
from lasersampling.lasers.steps import timing_problems
from lasersampling.lasers.synapse import Synapse
from lasersampling.sampling.neurons.activation import measure_activation
from lasersampling.sampling.neurons.sampler import Lasers

DEVICE = load_device("D2")  # 4 ps
PAIR = np.array([[0.0, 50.0], [0.0, 0.0]])

DOORS = {
    "own steps": lambda step: simulate(
        LaserNetwork(DEVICE, 1), 0.5, 1.0, settings=SimulationSettings(step_ps=step)
    ),
    "common step": lambda step: simulate(
        LaserNetwork(DEVICE, 1),
        0.5,
        1.0,
        settings=SimulationSettings(step_ps=step, common_step=True),
    ),
    "coupled": lambda step: simulate(
        LaserNetwork(DEVICE, 2, PAIR), 0.5, 1.0, settings=SimulationSettings(step_ps=step)
    ),
    "torch": lambda step: torch_equations.simulate(
        DEVICE, torch.tensor([0.5]), 2, settings=StepSettings(step_ps=step)
    ),
    "emission": lambda step: measure_emission(
        DEVICE, 0.5, duration_ns=1.0, n_copies=2, settings=SimulationSettings(step_ps=step)
    ),
    "Lasers": lambda step: Lasers(DEVICE, step_ps=step),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_long_step_is_said_and_a_very_long_one_refused(door):
    with pytest.warns(AccuracyWarning, match="a step of 6 ps is longer than the 4 ps that device"):
        DOORS[door](6.0)
    with pytest.raises(InputError, match="step_ps: got 40, expected at most 8 ps: device D2"):
        DOORS[door](40.0)


def test_activation_curves_take_no_long_step():
    with pytest.raises(InputError, match="at most 8 ps"):
        measure_activation(DEVICE, 4.0, duration_ns=1.0, n_chains=2, seed=0, step_ps=9.0)


def test_the_plain_loop_has_limits_of_its_own():
    def rates(step):
        return euler_rates(DEVICE, 0.5, 1.0, n_lasers=2, step_ps=step, seed=0, burn_in_ns=0.0)

    with pytest.warns(AccuracyWarning, match="plain Euler scheme"):
        rates(1.0)
    with pytest.raises(InputError, match="at most 2 ps"):
        rates(4.0)


def test_a_device_can_state_another_step():
    """Who has measured that a longer step is right says so in the device."""
    device = dataclasses.replace(DEVICE, step_ps=12.0)
    simulate(LaserNetwork(device, 1), 0.5, 1.0, settings=SimulationSettings(step_ps=12.0))


def test_lengths_that_no_computer_holds_are_refused():
    """Before anything is computed, and whatever overflows on the way."""
    for ns in (1e12, 1e18, 1e300):
        with pytest.raises(InputError, match=r"duration_ns.*expected at most"):
            simulate(LaserNetwork(DEVICE, 5), 0.5, ns)
    with pytest.raises(InputError, match=r"burn_in_ns: got 1e\+300, expected at most"):
        simulate(LaserNetwork(DEVICE, 1), 0.5, 1.0, settings=SimulationSettings(burn_in_ns=1e300))
    with pytest.raises(InputError, match=r"burn_in_ns: got 1e\+300, expected at most"):
        Lasers(DEVICE, burn_in_ns=1e300)
    with pytest.raises(InputError, match=r"duration_ns: got 1e\+300, expected at most"):
        Lasers(DEVICE, interval_ns=1e-300).draws_in(1e300)
    with pytest.raises(InputError, match=r"refractory_time_ns|duration_ns"):
        simulate(
            LaserNetwork(DEVICE, 1),
            0.5,
            1e6,
            settings=SimulationSettings(refractory_time_ns=1e-300),
        )
    for ns in (1e6, 1e300):
        with pytest.raises(InputError, match=r"delay_ns: got 1e\+\d+, expected at most"):
            simulate(LaserNetwork(DEVICE, 2, PAIR, delay_ns=ns), 0.5, 1.0)
        with pytest.raises(InputError, match=r"delay_ns: got 1e\+\d+, expected at most"):
            Lasers(DEVICE, delay_ns=ns)
        with pytest.raises(InputError, match=r"duration_ns: got 1e\+\d+, expected at most"):
            simulate(LaserNetwork(DEVICE, 2, PAIR, 0.0, Synapse(duration_ns=ns)), 0.5, 1.0)


def test_delays_and_pulses_of_no_step_are_refused():
    """Otherwise a delay of 1.4 ps would be none, at a step of 4 ps, without a word."""
    network = LaserNetwork(DEVICE, 2, PAIR, delay_ns=0.0014)
    with pytest.raises(InputError, match=r"delay_ns: got 0\.0014, expected 0, or more than half"):
        simulate(network, 0.5, 1.0)
    with pytest.raises(InputError, match=r"delay_ns: got 0\.0014"):
        Lasers(DEVICE, delay_ns=0.0014)
    for synapse, name in (
        (Synapse(duration_ns=0.001), "duration_ns"),
        (Synapse("exponential", time_constant_ns=0.001), "time_constant_ns"),
    ):
        with pytest.raises(InputError, match=f"{name}: got 0.001, expected at least half a step"):
            simulate(LaserNetwork(DEVICE, 2, PAIR, 0.0, synapse), 0.5, 1.0)
    # Where nobody listens there is no delay.
    simulate(LaserNetwork(DEVICE, 2, delay_ns=0.0014), 0.5, 1.0)


@pytest.mark.parametrize(
    ("delay", "synapse", "message"),
    [
        (0.01, Synapse(), "a delay of 0.01 ns acts as 0.008 ns"),
        ([0.0, 0.01, 0.014, 2.0], Synapse(), "a delay of 0.01 ns acts as 0.008 ns and 1 other"),
        (0.0, Synapse(duration_ns=0.01), "a pulse of 0.01 ns acts as 0.008 ns"),
        # The drive is w for a whole step, then w exp(-h/t), and so on: a charge of
        # w h / (1 - exp(-h/t)), here with h/t = 0.2.
        (
            0.0,
            Synapse("exponential", time_constant_ns=0.02),
            f"acts as {0.004 / -np.expm1(-0.2):.4g} ns",
        ),
    ],
)
def test_what_whole_steps_change_is_said_with_the_time_that_acts(delay, synapse, message):
    with pytest.warns(AccuracyWarning, match=message):
        assert timing_problems(delay, synapse, 4.0, 4.0) == []


def test_what_they_hardly_change_is_not():
    assert timing_problems([0.0, 0.1, 0.037, 2.0], Synapse(), 4.001, 4.0) == []
    assert timing_problems(0.0, Synapse("exponential", time_constant_ns=0.1), 4.0, 4.0) == []
