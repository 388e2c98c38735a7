"""Pumps and couplings of a machine, and the machine that they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.boltzmann.states import all_states
from lasersampling.sampling.neurons.translation import Lines, Programme, TranslationRule

MACHINE = BoltzmannMachine([[0.0, 0.8, 0.0], [0.8, 0.0, -0.4], [0.0, -0.4, 0.0]], [0.5, 0.0, -1.0])


def test_bias_becomes_pump_and_weight_pump_change():
    rule = TranslationRule(2e4, slope=40.0, midpoint=0.95, mean_effect=1.0)
    assert rule.pump_ratio(MACHINE) == pytest.approx([0.9625, 0.95, 0.925])
    assert rule.weights_electrons_per_ns(MACHINE) == pytest.approx(MACHINE.weights / 40 * 2e4)


def test_measured_strength_and_mean_effect_are_inverted():
    """What lasers do with the translated values is what the machine asks for."""
    gamma = 0.8
    rule = TranslationRule(1.0, 10.0, 1.0, 0.5, gamma)
    weights = rule.weights_electrons_per_ns(MACHINE) * 10.0 * 0.5
    np.testing.assert_allclose(gamma * weights, MACHINE.weights)


def numbers(low, high):
    return st.floats(low, high, allow_nan=False)


RULES = st.builds(
    TranslationRule,
    threshold_pump_electrons_per_ns=numbers(1e3, 1e6),
    slope=numbers(1.0, 200.0),
    midpoint=numbers(0.1, 3.0),
    mean_effect=numbers(0.1, 2.0),
    synapse_strength=numbers(0.1, 3.0),
    pump_per_drive=numbers(-2.0, -0.1) | numbers(0.1, 2.0),
)


@st.composite
def machines(draw):
    """Return a machine of up to four units and lines for it."""
    n = draw(st.integers(1, 4))
    upper = np.triu(draw(arrays(float, (n, n), elements=numbers(-10.0, 10.0))), 1)
    biases = draw(arrays(float, n, elements=numbers(-10.0, 10.0)))
    offset = draw(arrays(float, n, elements=numbers(-5.0, 5.0)))
    gain = draw(arrays(float, n, elements=numbers(0.2, 5.0)))
    return BoltzmannMachine(upper + upper.T, biases), Lines(offset, gain)


def meant(rule, pump_ratio, electrons_per_ns):
    """Weights and biases by the physics of an ideal neuron, whatever the translation did.

    A unit is 1 with log odds slope (r - midpoint). A pulse of strength one adds its mean over the
    refractory time to the pump r, through the section that it drives.
    """
    added = electrons_per_ns * rule.pump_per_drive / rule.threshold_pump_electrons_per_ns
    weights = rule.slope * rule.synapse_strength * rule.mean_effect * added
    return Programme(weights, rule.slope * (pump_ratio - rule.midpoint))


@given(RULES, machines())
def test_pumps_and_couplings_mean_the_machine_on_its_lines(rule, case):
    """In each state each unit has the log odds a + g (b + W z), and with no lines those of (W, b).

    The tolerance is for rounding: pumps near the midpoint lose up to slope x midpoint, 600, in
    units of 1e-16.
    """
    machine, lines = case
    states = all_states(machine.n_units)
    fields = states @ machine.weights + machine.biases
    for chosen, wanted in ((None, fields), (lines, lines.offset + lines.gain * fields)):
        programme = Programme.of(machine, chosen)
        found = meant(rule, rule.pump_ratio(programme), rule.weights_electrons_per_ns(programme))
        np.testing.assert_allclose(
            states @ found.weights.T + found.biases, wanted, rtol=1e-9, atol=1e-9
        )


@given(RULES, machines(), st.data())
def test_clamped_units_act_through_the_pumps_of_the_others(rule, case, data):
    """What is left of the machine when units are held has its own conditional log odds."""
    machine, lines = case
    held = np.array(data.draw(st.lists(st.booleans(), min_size=1, max_size=machine.n_units)))
    held = np.append(held, np.zeros(machine.n_units - held.size, dtype=bool))
    free, others = np.flatnonzero(~held), np.flatnonzero(held)
    programme = Programme.of(machine, lines)
    for values in all_states(others.size):
        drive = programme.weights[np.ix_(free, others)] @ values
        among = programme.among(free)
        found = meant(rule, rule.pump_ratio(among, drive), rule.weights_electrons_per_ns(among))
        states = np.zeros((2**free.size, machine.n_units))
        states[:, free], states[:, others] = all_states(free.size), values
        wanted = lines.offset + lines.gain * (states @ machine.weights + machine.biases)
        np.testing.assert_allclose(
            states[:, free] @ found.weights.T + found.biases, wanted[:, free], rtol=1e-9, atol=1e-9
        )


def test_drive_is_added_to_the_biases_of_each_chain():
    rule = TranslationRule(1.0, 10.0, 1.0, 1.0)
    drive = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]])
    pump = rule.pump_ratio(MACHINE, drive)
    assert pump.shape == (2, 3)
    np.testing.assert_allclose(pump - rule.pump_ratio(MACHINE), drive / 10.0)
