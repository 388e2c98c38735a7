import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    Layers,
    all_states,
    annealed_log_partition,
    layered_log_partition,
    log_probability,
    visible_distribution,
)
from lasersampling.boltzmann.partition import LogPartition
from lasersampling.errors import InputError


def random_machine(n_visible, hidden, n_label, scale, seed=0):
    layers = Layers(n_visible, hidden, n_label)
    generator = np.random.default_rng(seed)
    allowed = layers.connectivity()
    return layers.machine(
        generator.normal(0, scale, allowed.shape) * allowed,
        generator.normal(0, scale, len(layers.even)),
        generator.normal(0, scale, len(layers.odd)),
    )


def log_sum(machine):
    return np.log(np.exp(-machine.energy(all_states(machine.n_units))).sum())


RESTRICTED = random_machine(7, (5,), 2, 1.2)
DEEP = random_machine(5, (4, 3), 2, 1.2, seed=1)


@pytest.mark.parametrize("machine", [RESTRICTED, DEEP], ids=["restricted", "deep"])
def test_listing_one_side_is_listing_all_states(machine):
    found = layered_log_partition(machine)
    assert found.is_exact
    assert found.standard_error == 0
    assert found.value == pytest.approx(log_sum(machine), abs=1e-10)


@pytest.mark.parametrize("machine", [RESTRICTED, DEEP], ids=["restricted", "deep"])
def test_annealing_meets_the_exact_value_within_its_error(machine):
    """Twenty seeds: errors in units of the standard error have a mean square near 1.

    Its standard deviation is sqrt(2 / 20) = .32 for normal errors.
    """
    exact = log_sum(machine)
    found = [
        annealed_log_partition(machine, n_chains=60, n_steps=50, seed=seed) for seed in range(20)
    ]
    error = np.array([one.value - exact for one in found])
    claimed = np.array([one.standard_error for one in found])
    assert 0.005 < claimed.mean() < 0.15
    assert 0.3 < np.mean((error / claimed) ** 2) < 2.0
    assert abs(error.mean()) < 4 * claimed.mean() / np.sqrt(20)


def test_more_steps_make_smaller_errors():
    errors = [
        annealed_log_partition(RESTRICTED, n_steps=n, seed=3).standard_error for n in (5, 500)
    ]
    assert errors[1] < errors[0] / 4


def test_a_better_beginning_changes_nothing_but_the_error():
    exact = log_sum(RESTRICTED)
    table = visible_distribution(RESTRICTED)
    base = (table @ all_states(9))[:7]
    for means in (base, np.full(7, 0.5), np.zeros(7)):
        found = annealed_log_partition(RESTRICTED, base=means, n_steps=300, seed=2)
        assert abs(found.value - exact) < 4 * found.standard_error
        assert found.standard_error < 0.1


def test_large_machines_are_estimated():
    machine = random_machine(30, (25,), 0, 0.1)
    found = layered_log_partition(machine, n_steps=100)
    assert found.n_chains == 200
    assert not found.is_exact
    again = layered_log_partition(machine, n_steps=100)
    assert found == again
    # Weak weights: log Z of the machine without any, plus little.
    alone = np.logaddexp(0, machine.biases).sum()
    assert 0 < found.value - alone < 10


def test_probabilities_of_all_states_sum_to_one():
    states = all_states(9)
    logs = log_probability(RESTRICTED, states, layered_log_partition(RESTRICTED))
    np.testing.assert_allclose(np.exp(logs), visible_distribution(RESTRICTED), atol=1e-12)
    bound = log_probability(DEEP, all_states(7), layered_log_partition(DEEP))
    exact = np.log(visible_distribution(DEEP))
    assert (bound < exact + 1e-12).all()
    assert np.exp(bound).sum() > 0.7


def test_bad_arguments():
    with pytest.raises(InputError, match="weights between neighbouring layers only"):
        layered_log_partition(BoltzmannMachine.random(6, seed=0))
    with pytest.raises(InputError, match=r"n_chains: got 1.*\n.*n_steps: got 0"):
        annealed_log_partition(RESTRICTED, n_chains=1, n_steps=0)
    with pytest.raises(InputError, match=r"base: got shape \(3,\), expected \(7,\)"):
        annealed_log_partition(RESTRICTED, base=np.zeros(3))
    with pytest.raises(InputError, match=r"base: got other values"):
        annealed_log_partition(RESTRICTED, base=np.full(7, 1.5))
    with pytest.raises(InputError, match=r"given: got shape \(2, 4\)"):
        log_probability(RESTRICTED, np.zeros((2, 4)), LogPartition(0.0, 0.0, 0))
