import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.sampling.neurons.translation import TranslationRule

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


def test_drive_is_added_to_the_biases_of_each_chain():
    rule = TranslationRule(1.0, 10.0, 1.0, 1.0)
    drive = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]])
    pump = rule.pump_ratio(MACHINE, drive)
    assert pump.shape == (2, 3)
    np.testing.assert_allclose(pump - rule.pump_ratio(MACHINE), drive / 10.0)
