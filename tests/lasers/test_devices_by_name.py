"""Whatever takes a device takes its name or file, refuses all else, and keeps lasers apart."""

import dataclasses

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lasers import rate_equations
from lasersampling.lasers.analysis import deterministic, first_passage, stability
from lasersampling.lasers.analysis import excitability as thresholds
from lasersampling.lasers.analysis.deterministic import Trajectory
from lasersampling.lasers.analysis.emission import measure_emission
from lasersampling.lasers.analysis.yamada import Yamada
from lasersampling.lasers.device import load_device
from lasersampling.lasers.differentiable import equations
from lasersampling.lasers.euler import euler_rates
from lasersampling.lasers.jumps import simulate_jumps
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.pumps import pump_electrons_per_ns
from lasersampling.lasers.settings import JumpSettings, SimulationSettings
from lasersampling.lasers.simulation import simulate
from lasersampling.lasers.synapse import Synapse

DEVICE = load_device("D2")
PATH = Trajectory(*np.ones((4, 5)))
LEVELS = torch.tensor([0.9])
OF_DEVICES = {
    "LaserNetwork": lambda device: LaserNetwork(device, 2).device,
    "simulate": lambda device: (
        simulate(device, 0.9, 1.0, settings=SimulationSettings(burn_in_ns=0.0)).spikes.time_ns
    ),
    "simulate_jumps": lambda device: (
        simulate_jumps(device, 0.9, 1.0, settings=JumpSettings(burn_in_ns=0.0)).spikes.time_ns
    ),
    "bifurcations": lambda device: stability.bifurcations(device, 0.5, 0.6, 2),
    "fixed_points": lambda device: len(stability.fixed_points(device, 0.9)),
    "nullclines": lambda device: stability.nullclines(device, 0.9, np.ones(3))[0],
    "trajectory": lambda device: deterministic.trajectory(device, 0.9, (1, 1, 1), [0, 0.1]).photons,
    "pulse_shape": lambda device: deterministic.count_pulses(device, PATH),
    "hazard_per_ns": lambda device: first_passage.hazard_per_ns(device, 4000.0),
    "Yamada": lambda device: Yamada.from_device(device, 0.9),
    "drift": lambda device: rate_equations.drift(device, [1.0, 1.0, 1.0], 0.9),
    "net_gain": lambda device: rate_equations.net_gain(device, 1.0, 1.0),
    "spontaneous_emission": lambda device: rate_equations.spontaneous_emission(device, 1.0, 1.0),
    "steady_states": lambda device: rate_equations.steady_states(device, 0.9),
    "quiescent_state": lambda device: rate_equations.quiescent_state(device, 0.9),
    "pump_electrons_per_ns": lambda device: pump_electrons_per_ns(device, 0.9),
    "coefficients": lambda device: equations.coefficients(device).loss_per_ns.numpy(),
    "resting": lambda device: equations.resting(device, LEVELS).gain_electrons.numpy(),
}
"""Functions of a device, and something that they give."""

SLOW_OF_DEVICES = {
    "regimes": lambda device: stability.regimes(device, [0.9]),
    "excitability": lambda device: thresholds.excitability(device, 0.9),
    "threshold_kick": lambda device: thresholds.threshold_kick(device, 0.9),
    "threshold_photons": lambda device: thresholds.threshold_photons(device, 0.9),
    "refractory_curve": lambda device: thresholds.refractory_curve(
        device, 0.9, [1.0], first_kick_electrons=1e4
    ),
    "refractory_period_ns": lambda device: thresholds.refractory_period_ns(
        device, 0.9, first_kick_electrons=1e4, second_kick_electrons=1e4
    ),
    "pulse_response": lambda device: deterministic.pulse_response(device, 0.9, 1e4),
    "fit_intervals": lambda device: first_passage.fit_intervals(
        device, 0.9, np.ones(9), kick_electrons=1e4
    ),
    "measure_emission": lambda device: measure_emission(device, 0.9, n_copies=2),
    "euler_rates": lambda device: euler_rates(
        device, 0.9, 1.0, burn_in_ns=1.0, n_lasers=1, step_ps=0.2, seed=0
    ),
    "torch": lambda device: equations.simulate(device, LEVELS, 1),
}


@pytest.mark.parametrize("device", [None, 3, "D99", DEVICE.gain, ["D2"]], ids=repr)
@pytest.mark.parametrize(
    "call", [*OF_DEVICES.values(), *SLOW_OF_DEVICES.values()], ids=[*OF_DEVICES, *SLOW_OF_DEVICES]
)
def test_what_is_no_device_is_one_clear_error(device, call):
    with pytest.raises(InputError, match="(network|devices?): got"):
        call(device)


@pytest.mark.parametrize("call", OF_DEVICES.values(), ids=OF_DEVICES)
def test_devices_are_taken_by_their_names(call):
    np.testing.assert_equal(call("D2"), call(DEVICE))


@pytest.mark.parametrize("given", ["no", 1, None, []])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("spontaneous_emission", lambda given: deterministic.trajectory(
            DEVICE, 0.9, (1, 1, 1), [0, 0.1], spontaneous_emission=given)),
        ("noise", lambda given: equations.resting(DEVICE, LEVELS, noise=given)),
        ("shifted", lambda given: euler_rates(
            DEVICE, 0.9, 1.0, burn_in_ns=1.0, n_lasers=1, step_ps=0.2, seed=0, shifted=given)),
        ("noise", lambda given: SimulationSettings(noise=given)),
        ("common_step", lambda given: SimulationSettings(common_step=given)),
    ],
)  # fmt: skip
def test_what_is_true_or_false_is_nothing_else(name, call, given):
    with pytest.raises(InputError, match=rf"{name}: got .*, expected"):
        call(given)


@pytest.mark.parametrize("part", ["cavity", "gain", "absorber"])
def test_lasers_go_on_from_a_state_of_their_own(part):
    name = "photon_lifetime_ps" if part == "cavity" else "carrier_lifetime_ns"
    changed = {name: 0.9 * getattr(getattr(DEVICE, part), name)}
    own = dataclasses.replace(getattr(DEVICE, part), **changed)
    other = dataclasses.replace(DEVICE, **{part: own})
    start = simulate(DEVICE, [0.9, 1.0], 2.0, seed=1).end
    assert start.device == DEVICE
    with pytest.raises(InputError, match="start: got a state of lasers D2, expected a state of"):
        simulate(other, [0.9, 1.0], 2.0, seed=2, start=start)
    # What is no property of the laser may change; arrays alone do not say whose they are.
    stronger = dataclasses.replace(DEVICE, synapse=Synapse(duration_ns=1.0))
    simulate(stronger, [0.9, 1.0], 2.0, seed=2, start=start)
    bare = dataclasses.replace(start, device=None)
    simulate(other, [0.9, 1.0], 2.0, seed=2, start=bare)
