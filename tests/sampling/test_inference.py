import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    clamp,
    exact_moments,
    load_bayesian_network,
    target_from_machine,
    target_from_table,
)
from lasersampling.config import shipped_path
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.inference import exact_posterior, infer
from lasersampling.sampling.neurons.sampler import Lasers

MACHINE = BoltzmannMachine.random(5, seed=2)
CASES = Evidence(
    np.array([[1, -1, -1, -1, 0], [-1, -1, -1, -1, -1], [-1, 1, -1, 0, -1], [0, -1, -1, -1, 0]]),
    np.array([[0, 0, 1.5, 0, 0], [0, -0.5, 1.5, 0, 0], [0] * 5, [0, 0, 1.5, 0, 0]]),
)


def test_exact_posterior_adds_log_odds_to_biases():
    exact = exact_posterior(MACHINE, CASES)
    shifted = BoltzmannMachine(MACHINE.weights, MACHINE.biases + CASES.log_odds[0])
    np.testing.assert_allclose(exact[0], exact_moments(shifted, clamp(5, {0: 1, 4: 0})).mean)
    np.testing.assert_allclose(exact[2], exact_moments(MACHINE, clamp(5, {1: 1, 3: 0})).mean)


def test_all_cases_in_one_run_meet_the_exact_posterior():
    posterior = infer(Gibbs(), MACHINE, CASES, n_draws=4000, n_chains=8, seed=1)
    assert posterior.samples.states.shape[:2] == (32, 4000)
    held = CASES.clamped != -1
    np.testing.assert_array_equal(posterior.mean[held], CASES.clamped[held])
    assert not posterior.standard_error[held].any()
    z = posterior.error / posterior.standard_error[posterior.is_free]
    # 14 units: the largest of as many normal deviates exceeds 3.5 with probability 0.007.
    assert z.size == 14
    assert np.abs(z).max() < 3.5
    assert posterior.mean_abs_error < 3 * posterior.ideal_abs_error


def test_evidence_that_is_not_used_would_be_noticed():
    ignorant = Evidence(CASES.clamped, np.zeros((4, 5)))
    posterior = infer(Gibbs(), MACHINE, ignorant, n_draws=4000, n_chains=8, seed=1)
    soft = posterior.mean[0, 2] - exact_posterior(MACHINE, CASES)[0, 2]
    assert abs(soft) > 20 * posterior.standard_error[0, 2]


def test_a_network_is_the_truth_beside_its_machine():
    network = load_bayesian_network(shipped_path("bayesian_networks", "visual_perception"))
    evidence = Evidence.single(4, {2: 1}, {3: 0.9})
    posterior = infer(
        Gibbs(), network.machine(), evidence, n_draws=20_000, n_chains=8, seed=3, truth=network
    )
    assert posterior.mean.shape == (1, 4)
    z = posterior.error / posterior.standard_error[posterior.is_free]
    assert np.abs(z).max() < 3.5
    np.testing.assert_allclose(posterior.exact, exact_posterior(network.machine(), evidence))


def test_large_machines_have_no_exact_posterior():
    machine = BoltzmannMachine(np.zeros((22, 22)), np.zeros(22))
    evidence = Evidence.single(22, {0: 1})
    posterior = infer(Gibbs(), machine, evidence, n_draws=10, n_chains=2)
    assert np.isnan(posterior.exact).all()
    assert not np.isnan(exact_posterior(machine, Evidence.single(22, {0: 1, 1: 1}))).any()


def test_bad_requests():
    with pytest.raises(InputError, match=r"n_draws: got 3[\s\S]*n_chains: got 0"):
        infer(Gibbs(), MACHINE, CASES, n_draws=3, n_chains=0)
    with pytest.raises(InputError, match="6 units, expected at most 5"):
        infer(Gibbs(), MACHINE, Evidence.single(6, {0: 1}), n_draws=10)


@pytest.mark.slow
def test_lasers_infer_with_soft_evidence():
    lasers = Lasers("D6")
    posterior = infer(lasers, MACHINE, CASES, n_draws=lasers.draws_in(5000.0), n_chains=16, seed=4)
    assert posterior.mean_abs_error < 0.02


def test_a_target_is_the_truth_of_its_own_units_only():
    target = target_from_machine(MACHINE, [0, 1, 2])
    evidence = Evidence(
        np.array([[1, -1, -1, -1, -1], [-1, -1, -1, 1, -1]]),
        np.array([[0, 0, 1.5, 0, 0], [0] * 5]),
    )
    posterior = infer(Gibbs(), MACHINE, evidence, n_draws=10, n_chains=2, truth=target)
    assert posterior.exact_of == "target"
    # Nothing was observed of the others, so the target's posterior is the machine's.
    whole = exact_posterior(MACHINE, evidence)
    np.testing.assert_allclose(posterior.exact[0, :3], whole[0, :3], rtol=1e-12)
    assert np.isnan(posterior.exact[0, 3:]).all()
    # Evidence on a unit that the target does not know.
    assert np.isnan(posterior.exact[1]).all()
    assert posterior.is_known.tolist() == [[False, True, True, False, False], [False] * 5]
    assert posterior.error.shape == (2,)


def test_evidence_that_a_target_never_shows_has_no_posterior():
    target = target_from_table([0.5, 0.5, 0.0, 0.0])
    exact = exact_posterior(target, Evidence.single(2, {1: 1}))
    assert np.isnan(exact).all()


def test_each_case_may_have_a_sampler_of_its_own():
    evidence = Evidence(CASES.clamped[:2], CASES.log_odds[:2])
    samplers = [Gibbs(burn_in=0), Gibbs()]
    posterior = infer(samplers, MACHINE, evidence, n_draws=4000, n_chains=8, seed=1)
    z = posterior.error / posterior.standard_error[posterior.is_free]
    # Eight units: the largest of as many normal deviates exceeds 3.5 with probability 0.004.
    assert np.abs(z).max() < 3.5
    first = posterior.samples_of(0)
    assert first.states.shape == (8, 4000, posterior.machine.n_units)
    assert posterior.mean[0] == pytest.approx(first.states[:, :, :5].mean(axis=(0, 1)))
    with pytest.raises(InputError, match="got 2 samplers, expected one, or 4"):
        infer(samplers, MACHINE, CASES, n_draws=10)


def test_hidden_units_can_be_left_out():
    posterior = infer(Gibbs(), MACHINE, CASES, n_draws=100, n_chains=2, seed=1)
    first = posterior.of_first(3)
    assert first.mean.shape == first.exact.shape == (4, 3)
    np.testing.assert_array_equal(first.mean, posterior.mean[:, :3])
    assert first.evidence.n_units == 3
    assert first.error.size == first.is_free.sum()
