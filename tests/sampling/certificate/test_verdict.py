"""Verdicts on draws that are right, biased, stuck or too few: each built to have its fault."""

import numpy as np
import pytest

from lasersampling.boltzmann import exact_distribution
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.states import all_states
from lasersampling.errors import InputError
from lasersampling.sampling.certificate import Certificate, Verdict, certificate
from lasersampling.sampling.certificate.law import exact_law, moments_beside
from lasersampling.sampling.certificate.mixing import judged_mixing
from lasersampling.sampling.certificate.reference import enumerated
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import Samples
from lasersampling.statistics import jackknife_error, kl_divergence


def drawn(machine: BoltzmannMachine, n_draws: int = 1000, n_chains: int = 16) -> Samples:
    return Gibbs().sample(machine, n_draws, n_chains=n_chains, seed=1)


def two_modes(weight: float, n_units: int = 8) -> BoltzmannMachine:
    weights = weight * (np.ones((n_units, n_units)) - np.eye(n_units))
    return BoltzmannMachine(weights, np.full(n_units, -0.5 * weight * (n_units - 1)))


def frozen_halves(n_units: int = 24) -> BoltzmannMachine:
    """Two ferromagnetic halves without coupling between them."""
    half = n_units // 2
    weights = np.zeros((n_units, n_units))
    weights[:half, :half] = weights[half:, half:] = 3.0
    np.fill_diagonal(weights, 0.0)
    return BoltzmannMachine(weights, np.full(n_units, -1.5 * (half - 1)))


def judged(machine: BoltzmannMachine, samples: Samples) -> Certificate:
    found = certificate(samples, machine)
    assert str(found)
    assert isinstance(found, Certificate)
    return found


def test_exact_draws_agree() -> None:
    # By the rule (95 % of an ideal sampler and 0.01 nats more) complaints are rarer than one in
    # twenty; more than three of twenty have a chance below .02 even at that rate.
    verdicts = []
    for seed in range(20):
        machine = BoltzmannMachine.random(6, seed=seed)
        verdicts.append(judged(machine, drawn(machine)).verdict)
    assert sum(verdict is not Verdict.AGREES for verdict in verdicts) <= 3


def test_a_wrong_temperature_is_a_bias() -> None:
    machine = BoltzmannMachine.random(8, seed=3)
    other = BoltzmannMachine(0.7 * machine.weights, 0.7 * machine.biases)
    found = judged(machine, drawn(other))
    assert found.verdict is Verdict.BIASED
    assert "inverse temperature of 0.7" in str(found) or "inverse temperature of 0.6" in str(found)


@pytest.mark.parametrize("machine", [two_modes(2.0), frozen_halves()])
def test_chains_in_separate_modes_do_not_mix(machine: BoltzmannMachine) -> None:
    found = judged(machine, drawn(machine))
    assert found.verdict is Verdict.UNMIXED
    assert found.remedies


def test_all_chains_in_one_of_two_modes() -> None:
    machine = two_modes(4.0)
    found = judged(machine, Samples(np.zeros((16, 500, 8), dtype=np.int8), "none", 0))
    assert found.verdict is Verdict.UNMIXED
    assert "50 %" in found.reason


def test_a_dead_unit() -> None:
    machine = BoltzmannMachine.random(8, seed=1)
    samples = drawn(machine)
    states = samples.states.copy()
    states[:, :, 2] = 0
    found = judged(machine, Samples(states, "gibbs", 1))
    assert found.verdict is Verdict.UNMIXED
    assert found.mixing.frozen.tolist() == [2]


def test_draws_that_drift() -> None:
    machine = BoltzmannMachine.random(6, seed=1)
    first = drawn(machine).states[:, :500]
    shifted = BoltzmannMachine(machine.weights, machine.biases + 1.5)
    last = Gibbs().sample(shifted, 500, n_chains=16, seed=2).states
    found = judged(machine, Samples(np.concatenate([first, last], axis=1), "drifting", 0))
    assert found.verdict is not Verdict.AGREES


def test_chains_that_are_copies_of_one_another() -> None:
    # Equal seeds: sixteen chains are worth one, and R-hat cannot see it.
    machine = BoltzmannMachine.random(6, seed=1)
    states = np.repeat(drawn(machine, n_chains=1).states, 16, axis=0)
    found = judged(machine, Samples(states, "copied", 0))
    assert found.verdict is Verdict.UNKNOWN
    assert "same draws" in found.reason


def test_too_few_draws_and_a_single_chain() -> None:
    machine = BoltzmannMachine.random(8, seed=1)
    assert judged(machine, drawn(machine, n_draws=4, n_chains=4)).verdict is Verdict.UNKNOWN
    assert judged(machine, drawn(machine, n_chains=1)).verdict is Verdict.UNKNOWN


def test_clamped_units_are_left_out() -> None:
    machine = BoltzmannMachine.random(6, seed=1)
    held = np.array([1, -1, -1, 0, -1, -1])
    samples = Gibbs().sample(machine, 1000, n_chains=16, clamped=held, seed=1)
    found = certificate(samples, machine, held)
    assert found.verdict is Verdict.AGREES
    assert isinstance(found, Certificate)
    assert found.mixing.units.tolist() == [1, 2, 4, 5]


def test_beyond_enumeration() -> None:
    machine = BoltzmannMachine.random(24, weight_std=0.3, seed=1)
    found = judged(machine, drawn(machine))
    assert found.verdict is Verdict.AGREES
    assert found.moments is not None
    other = BoltzmannMachine(0.8 * machine.weights, 0.8 * machine.biases)
    assert judged(machine, drawn(other)).verdict is Verdict.BIASED


def test_samples_of_another_machine_are_refused() -> None:
    with pytest.raises(InputError, match="6 units"):
        certificate(drawn(BoltzmannMachine.random(6, seed=1)), BoltzmannMachine.random(5, seed=1))


def exactly_drawn(machine: BoltzmannMachine, law: np.ndarray, shape: tuple[int, int]) -> Samples:
    """Independent draws of a law over all states of a machine."""
    numbers = np.random.default_rng(0).choice(law.size, size=shape, p=law)
    states = (numbers[..., None] >> np.arange(machine.n_units)) & 1
    return Samples(states.astype(np.int8), "drawn", 0)


def test_many_states_are_judged_by_their_moments() -> None:
    # A histogram over 2**14 states says nothing with 12,800 draws; means and log odds do.
    machine = BoltzmannMachine.random(14, weight_std=0.3, seed=1)
    found = judged(machine, exactly_drawn(machine, exact_distribution(machine), (16, 800)))
    assert found.verdict is Verdict.AGREES
    assert found.exact is not None
    assert found.exact.is_coarse
    assert "the exact law" in found.reason
    other = BoltzmannMachine(0.8 * machine.weights, 0.8 * machine.biases)
    biased = judged(machine, exactly_drawn(machine, exact_distribution(other), (16, 800)))
    assert biased.verdict is Verdict.BIASED


def test_few_states_of_many_units_are_judged_by_their_histogram() -> None:
    # Strong weights: of 2**14 states some dozens are ever drawn, and the floor counts only those.
    machine = BoltzmannMachine.random(14, weight_std=1.5, seed=1)
    found = judged(machine, exactly_drawn(machine, exact_distribution(machine), (16, 3000)))
    assert found.exact is not None
    assert not found.exact.is_coarse
    assert found.verdict is Verdict.AGREES


def test_draws_too_few_to_show_a_bias_are_not_called_right() -> None:
    machine = BoltzmannMachine.random(10, seed=1)
    found = judged(machine, exactly_drawn(machine, exact_distribution(machine), (8, 60)))
    assert found.verdict is Verdict.UNKNOWN
    assert "times as many" in found.reason


def test_a_wrong_energy_is_a_bias_where_all_means_are_right() -> None:
    # Two groups against each other: all means are 1/2 by symmetry at any temperature.
    machine = BoltzmannMachine.random(6, weight_std=0.6, bias_std=0.0, seed=2)
    machine = BoltzmannMachine(machine.weights, -0.5 * machine.weights.sum(axis=1))
    units = np.arange(6)
    reference = enumerated(machine, exact_distribution(machine))
    for beta, off in ((1.0, False), (0.6, True)):
        hot = BoltzmannMachine(beta * machine.weights, beta * machine.biases)
        states = exactly_drawn(machine, exact_distribution(hot), (16, 500)).states
        mixing = judged_mixing(machine, states, units, 0)
        moments = moments_beside(machine, states, mixing, reference)
        assert not moments.differs(0.01)
        assert moments.energy_differs(0.01) == off


def test_the_exact_reference_is_that_of_all_states() -> None:
    machine = BoltzmannMachine.random(5, weight_std=2.0, seed=3)
    law = exact_distribution(machine)
    energy = machine.energy(all_states(5))
    found = enumerated(machine, law)
    assert found.energy == pytest.approx(law @ energy, rel=1e-9)
    assert found.energy_std == pytest.approx(np.sqrt(law @ (energy - law @ energy) ** 2), rel=1e-9)
    assert found.mean == pytest.approx(law @ all_states(5), rel=1e-9)


def test_the_divergence_of_a_histogram_and_its_jackknife() -> None:
    # Out of the states that were visited alone, against tables over all states.
    machine = BoltzmannMachine.random(6, weight_std=1.0, seed=4)
    law = exact_distribution(machine)
    samples = drawn(machine, n_draws=200, n_chains=8)
    found = exact_law(law, samples.states)
    without = [
        Samples(np.delete(samples.states, chain, axis=0), "gibbs", 1).histogram()
        for chain in range(8)
    ]
    assert found.divergence_nats == pytest.approx(kl_divergence(samples.histogram(), law))
    expected = jackknife_error([kl_divergence(table, law) for table in without])
    assert found.error_nats == pytest.approx(expected, rel=1e-9)


def test_what_moments_cannot_see_is_not_called_right() -> None:
    # Weights of quadruples, not of means or pairs: p (1 + a s1 s2 s3 s4) with s = 2 z - 1 is off by
    # about a**2 / 2 nats, and all its means and log odds given the field are right.
    machine = BoltzmannMachine(np.zeros((11, 11)), np.zeros(11))
    signs = 2.0 * all_states(11) - 1.0
    law = exact_distribution(machine) * (1.0 + 0.22 * signs[:, :4].prod(axis=1))
    found = judged(machine, exactly_drawn(machine, law, (16, 400)))
    assert found.exact is not None
    assert found.exact.is_coarse
    assert found.verdict is not Verdict.AGREES
    right = judged(machine, exactly_drawn(machine, exact_distribution(machine), (16, 400)))
    assert right.verdict is Verdict.AGREES
