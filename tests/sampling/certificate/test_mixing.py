"""What mixes, what does not, and what only looks as if it did."""

import numpy as np

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.sampling.certificate.minima import basins, quenched
from lasersampling.sampling.certificate.mixing import Mixing, judged_mixing
from lasersampling.sampling.gibbs import Gibbs


def two_modes(weight: float, n_units: int = 8) -> BoltzmannMachine:
    """All units 0, or all 1: two modes of equal probability."""
    weights = weight * (np.ones((n_units, n_units)) - np.eye(n_units))
    return BoltzmannMachine(weights, np.full(n_units, -0.5 * weight * (n_units - 1)))


def judged(machine: BoltzmannMachine, states: np.ndarray) -> Mixing:
    return judged_mixing(machine, states, np.arange(machine.n_units), seed=0)


def drawn(machine: BoltzmannMachine) -> np.ndarray:
    return Gibbs().sample(machine, 1000, n_chains=16, seed=1).states


def test_a_weak_machine_mixes() -> None:
    machine = BoltzmannMachine.random(8, seed=1)
    found = judged(machine, drawn(machine))
    assert found.has_mixed
    assert found.worst_ess > 1000


def test_chains_in_two_modes_disagree() -> None:
    machine = two_modes(2.0)
    found = judged(machine, drawn(machine))
    assert not found.has_mixed
    assert found.worst_r_hat > 1.5


def test_a_mode_that_no_chain_visited_is_missed() -> None:
    machine = two_modes(4.0)
    states = np.zeros((16, 1000, 8), dtype=np.int8)
    found = judged(machine, states)
    assert found.held_by_field.tolist() == list(range(8))
    assert 0.4 < found.missed_weight < 0.6  # 1/2 by symmetry
    assert not found.has_mixed


def test_frozen_units_count_as_the_worst() -> None:
    machine = BoltzmannMachine.random(6, seed=2)
    states = drawn(machine).copy()
    states[:, :, 3] = 1
    found = judged(machine, states)
    assert found.frozen.tolist() == [3]
    assert found.worst_unit == 3
    assert found.worst_ess == 0.0
    assert found.worst_r_hat == np.inf


def test_a_unit_that_its_field_holds_is_no_fault() -> None:
    machine = BoltzmannMachine(np.zeros((3, 3)), np.array([0.0, 0.5, -16.0]))
    found = judged(machine, drawn(machine))
    assert found.held_by_field.tolist() == [2]
    assert found.has_mixed


def test_a_single_chain_has_not_been_seen_to_mix() -> None:
    machine = BoltzmannMachine.random(4, seed=1)
    states = Gibbs().sample(machine, 1000, n_chains=1, seed=1).states
    assert not judged(machine, states).has_mixed


def test_quenched_states_are_minima() -> None:
    machine = BoltzmannMachine.random(12, weight_std=2.0, seed=5)
    generator = np.random.default_rng(0)
    ends = quenched(machine, generator.integers(0, 2, (64, 12)).astype(np.int8))
    energy = machine.energy(ends)
    for unit in range(12):
        flipped = ends.copy()
        flipped[:, unit] = 1 - flipped[:, unit]
        assert (machine.energy(flipped) >= energy).all()


def test_basins_by_weight() -> None:
    machine = two_modes(4.0)
    machine = BoltzmannMachine(machine.weights, machine.biases + 0.1)
    found = basins(machine, np.zeros((2, 4, 8), dtype=np.int8), 64, seed=0)
    assert found.minima.tolist() == [[1] * 8, [0] * 8]
    # By hand: the energies of the two differ by 8 * 0.1, the flips around them hardly.
    assert abs(found.free_energy[1] - found.free_energy[0] - 0.8) < 0.01
    assert found.visited.tolist() == [False, True]
    assert found.missed(0.02).tolist() == [0]
