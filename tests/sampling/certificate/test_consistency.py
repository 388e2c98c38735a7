"""Conditional log odds of draws: right for exact draws, and wrong by known amounts otherwise."""

import numpy as np
import pytest

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.certificate.consistency import conditional_consistency
from lasersampling.sampling.gibbs import Gibbs

N_UNITS, N_CHAINS, N_DRAWS = 8, 16, 2000
UNITS = np.arange(N_UNITS)


def drawn(machine: BoltzmannMachine, seed: int = 1) -> np.ndarray:
    return Gibbs().sample(machine, N_DRAWS, n_chains=N_CHAINS, seed=seed).states


def test_exact_draws_are_consistent() -> None:
    # Twenty machines: p-values below .05 in one of them on average, so in no more than four
    # (binomial, chance of more .003).
    p_values = []
    for seed in range(20):
        machine = BoltzmannMachine.random(N_UNITS, seed=seed)
        found = conditional_consistency(machine, drawn(machine, seed), UNITS)
        p_values.append(found.p_value)
        off = abs(found.inverse_temperature - 1.0) / found.inverse_temperature_se
        assert off < 4.0
        assert found.divergence_nats < 4.0 * found.divergence_nats_se
    assert sum(p < 0.05 for p in p_values) <= 4


@pytest.mark.parametrize("beta", [0.8, 1.25])
def test_a_wrong_temperature_is_measured(beta: float) -> None:
    machine = BoltzmannMachine.random(N_UNITS, seed=3)
    other = BoltzmannMachine(beta * machine.weights, beta * machine.biases)
    found = conditional_consistency(machine, drawn(other), UNITS)
    assert abs(found.inverse_temperature - beta) < 4.0 * found.inverse_temperature_se
    assert found.inverse_temperature_se < 0.02
    assert found.p_value < 1e-6


def test_the_unit_with_a_wrong_bias_is_named() -> None:
    machine = BoltzmannMachine.random(N_UNITS, seed=4)
    shift = np.zeros(N_UNITS)
    shift[5] = 0.4
    found = conditional_consistency(
        machine, drawn(BoltzmannMachine(machine.weights, machine.biases + shift)), UNITS
    )
    unit, measured, error = found.worst()[0]
    assert unit == 5
    assert abs(measured - 0.4) < 4.0 * error < 0.3


def test_the_divergence_is_that_of_the_conditionals() -> None:
    # Independent units with biases that are off by d: the conditional law is that of one unit, and
    # its mean D_KL is d**2 p (1 - p) / 2 to second order.
    machine = BoltzmannMachine(np.zeros((4, 4)), np.zeros(4))
    other = BoltzmannMachine(np.zeros((4, 4)), np.full(4, 0.2))
    states = drawn(other)
    found = conditional_consistency(machine, states, np.arange(4))
    expected = 4 * 0.2**2 * 0.25 / 2
    assert abs(found.divergence_nats - expected) < 4.0 * found.divergence_nats_se + 0.001
    assert np.isnan(found.slope).all()  # no field changes, so no slope can be seen


def test_units_that_never_change_give_no_certainty() -> None:
    machine = BoltzmannMachine(np.zeros((2, 2)), np.array([-14.0, 0.0]))
    states = drawn(machine)
    assert states[:, :, 0].max() == 0
    found = conditional_consistency(machine, states, np.arange(2))
    assert found.p_value > 0.001
    assert found.shift_se[0] > 1.0
