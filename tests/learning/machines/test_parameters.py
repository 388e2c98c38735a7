"""Parameters of a machine: their gradient against finite differences, limits, connectivity."""

import numpy as np
import pytest
import torch

from lasersampling.boltzmann import (
    BoltzmannMachine,
    completed_moments,
    target_from_table,
    visible_distribution,
)
from lasersampling.errors import InputError
from lasersampling.learning.machines.parameters import MachineParameters, connected_pairs

N_VISIBLE, N_HIDDEN = 3, 2


def machine(seed: int = 0) -> BoltzmannMachine:
    drawn = BoltzmannMachine.random(N_VISIBLE + N_HIDDEN, weight_std=1.0, seed=seed)
    return BoltzmannMachine(drawn.weights, drawn.biases, n_hidden=N_HIDDEN)


def loss(parameters: MachineParameters, target: np.ndarray) -> float:
    return -float(target @ np.log(visible_distribution(parameters.machine())))


def test_gradient_is_that_of_the_log_likelihood() -> None:
    target = target_from_table(np.random.default_rng(1).dirichlet(np.ones(2**N_VISIBLE)))
    parameters = MachineParameters(machine(), [0.3, 0.6, 0.2, 0.5, 0.5])
    chosen = parameters.machine()
    parameters.write_gradient(
        completed_moments(chosen, target.probabilities),
        completed_moments(chosen, visible_distribution(chosen)),
    )
    step = 1e-5
    for values in parameters.named().values():
        gradient = values.grad
        assert gradient is not None
        for k in range(len(values)):
            sides = []
            for sign in (1, -1):
                values[k] += sign * step
                sides.append(loss(parameters, target.probabilities))
                values[k] -= sign * step
            slope = (sides[0] - sides[1]) / (2 * step)
            assert slope == pytest.approx(float(gradient[k]), abs=1e-8)


def test_the_machine_comes_back_whatever_the_centre() -> None:
    chosen = machine()
    for centre in (np.zeros(5), np.linspace(0.1, 0.9, 5)):
        again = MachineParameters(chosen, centre).machine()
        np.testing.assert_allclose(again.weights, chosen.weights, atol=1e-15)
        np.testing.assert_allclose(again.biases, chosen.biases, atol=1e-14)
        assert again.n_hidden == N_HIDDEN


def test_limits_hold_for_the_plain_machine() -> None:
    parameters = MachineParameters(machine(), np.full(5, 0.5))
    with torch.no_grad():
        parameters.couplings.mul_(10.0)
        parameters.biases.add_(7.0)
    parameters.limit(1.5, 2.0)
    limited = parameters.machine()
    assert np.abs(limited.weights).max() == 1.5
    assert np.abs(limited.biases).max() <= 2.0 + 1e-12


@pytest.mark.parametrize(
    ("connectivity", "n_pairs"), [("full", 10), ("semirestricted", 9), ("restricted", 6)]
)
def test_connectivity(connectivity, n_pairs: int) -> None:  # type: ignore[no-untyped-def]
    first, second = connected_pairs(machine(), connectivity)
    assert len(first) == n_pairs
    hidden = first >= N_VISIBLE, second >= N_VISIBLE
    if connectivity != "full":
        assert not (hidden[0] & hidden[1]).any()
    if connectivity == "restricted":
        assert (hidden[0] != hidden[1]).all()


def test_weights_that_are_not_connected_are_refused() -> None:
    with pytest.raises(InputError, match="restricted connections"):
        MachineParameters(machine(), np.full(5, 0.5), "restricted")
