"""Gibbs sampling against exact enumeration.

Tolerances: for n_states states and N_eff independent draws, 2 N_eff D_KL is a chi-squared variable
of n_states - 1 degrees of freedom, hence D_KL lies within 5 standard deviations of its floor if it
is below floor * (1 + 5 sqrt(2 / (n_states - 1))).
"""

import math

import numpy as np
import pytest

from lasersampling.boltzmann import (
    BoltzmannMachine,
    RestrictedMachine,
    clamp,
    exact_distribution,
    exact_moments,
)
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs, gibbs
from lasersampling.statistics import compare, distribution_ess, moment_errors


def restricted_machine():
    generator = np.random.default_rng(4)
    return RestrictedMachine(
        generator.normal(size=(3, 4)),
        generator.normal(size=4),
        generator.normal(size=3),
        n_label=1,
    ).to_machine()


def general_machine():
    return BoltzmannMachine.random(6, weight_std=1.0, seed=5)


CASES = [
    ("random", general_machine()),
    ("random", restricted_machine()),
    ("block", restricted_machine()),
]


@pytest.mark.parametrize("clamping", [{}, {1: 1, 5: 0}])
@pytest.mark.parametrize(("scan", "machine"), CASES)
def test_exact_distribution(scan, machine, clamping):
    clamped = clamp(machine.n_units, clamping)
    samples = Gibbs(scan=scan).sample(machine, 20000, n_chains=4, clamped=clamped, seed=1)
    free = np.flatnonzero(clamped < 0)
    exact = exact_distribution(machine, clamped)
    ess = distribution_ess(samples.states)
    divergences = compare(samples.histogram(free.tolist()), exact, ess)
    assert divergences.kl_sample_target < divergences.floor * (1 + 5 * math.sqrt(2 / len(exact)))
    for unit, value in clamping.items():
        assert (samples.states[:, :, unit] == value).all()


@pytest.mark.parametrize(("scan", "machine"), CASES)
def test_exact_moments(scan, machine):
    samples = Gibbs(scan=scan).sample(machine, 20000, n_chains=4, seed=2)
    errors = moment_errors(samples.states, *exact_moments(machine))
    # At most 28 z-scores: one in a million runs has one above 5.5.
    assert np.abs(errors.mean.z_score).max() < 5.5
    assert np.abs(errors.pair.z_score).max() < 5.5


def test_chains_with_clampings_of_their_own():
    machine = restricted_machine()
    clamped = np.full((4, 7), -1)
    clamped[:2, 3], clamped[2:, 3] = 0, 1
    for scan in ("random", "block"):
        samples = Gibbs(scan=scan).sample(machine, 20000, n_chains=4, clamped=clamped, seed=3)
        for chains, value in ((slice(0, 2), 0), (slice(2, 4), 1)):
            exact = exact_moments(machine, clamp(7, {3: value}))
            errors = moment_errors(samples.states[chains], *exact)
            assert np.abs(errors.mean.z_score).max() < 5.5


def test_all_units_clamped():
    state = [1, 0, 0, 1, 0, 1, 1]
    for scan in ("random", "block"):
        samples = Gibbs(scan=scan).sample(restricted_machine(), 5, n_chains=2, clamped=state)
        assert (samples.states == state).all()


def test_auto_takes_blocks_for_restricted_machines():
    for machine, scan in (
        (restricted_machine(), Gibbs(scan="block")), (general_machine(), Gibbs(scan="random")),
    ):  # fmt: skip
        chosen = Gibbs().sample(machine, 50, seed=1)
        assert np.array_equal(chosen.states, scan.sample(machine, 50, seed=1).states)


def test_same_seed_same_bits_for_any_number_of_threads_and_chains(monkeypatch):
    for machine in (general_machine(), restricted_machine()):
        first = Gibbs().sample(machine, 300, n_chains=5, seed=7)
        assert first.seed == 7
        assert first.sampler == "gibbs"
        for n_threads in (1, 3):
            monkeypatch.setattr(gibbs, "available_cores", lambda n=n_threads: n)
            again = Gibbs().sample(machine, 300, n_chains=5, seed=7)
            assert np.array_equal(first.states, again.states)
            fewer = Gibbs().sample(machine, 300, n_chains=2, seed=7)
            assert np.array_equal(first.states[:2], fewer.states)
        other = Gibbs().sample(machine, 300, n_chains=5, seed=8)
        assert not np.array_equal(first.states, other.states)


def test_chains_differ():
    states = Gibbs().sample(general_machine(), 100, n_chains=6, seed=0).states
    assert len({chain.tobytes() for chain in states}) == 6


def test_thinning_and_burn_in_leave_draws_out():
    machine = general_machine()
    every = Gibbs(burn_in=0).sample(machine, 60, seed=1).states
    assert np.array_equal(
        Gibbs(burn_in=0, thin=3).sample(machine, 20, seed=1).states, every[:, 2::3]
    )
    assert np.array_equal(Gibbs(burn_in=10).sample(machine, 50, seed=1).states, every[:, 10:])


def test_burn_in_forgets_the_start():
    # Two modes of equal weight, all units on and all off; without coupling to the start half of
    # 2,000 chains should be in each after burn-in: standard error 0.011.
    weights = 0.6 * (1 - np.eye(6))
    machine = BoltzmannMachine(weights, -weights.sum(axis=1) / 2)
    samples = Gibbs(burn_in=50).sample(machine, 1, n_chains=2000, seed=3)
    assert samples.mean.mean() == pytest.approx(0.5, abs=0.05)


def test_fields_far_out():
    machine = BoltzmannMachine([[0, 2000.0], [2000.0, 0]], [-1000.0, -3000.0])
    samples = Gibbs(burn_in=5).sample(machine, 10)
    assert not samples.states.any()


def test_progress_rises_to_one():
    for n_draws in (1, 7, 1000):
        told: list[float] = []
        Gibbs(burn_in=0).sample(general_machine(), n_draws, progress=told.append)
        assert told == sorted(told)
        assert told[0] > 0
        assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_draws": 0}, "n_draws: got 0, expected a whole number of at least 1"),
        ({"n_draws": 1.5}, "n_draws: got 1.5"),
        ({"n_draws": 1, "n_chains": 0}, "n_chains: got 0"),
        ({"n_draws": 1, "seed": -1}, "seed: got -1"),
        ({"n_draws": 1, "seed": None}, "seed: got None"),
        ({"n_draws": 1, "clamped": [0, 1]}, r"clamped: got shape \(2,\)"),
        ({"n_draws": 1, "clamped": [0, 1, 2, 0, 0, 0]}, r"clamped\[2\]: got 2"),
        ({"n_draws": 1, "clamped": np.zeros((3, 6)), "n_chains": 4}, r"or \(4, 6\)"),
    ],
)
def test_bad_requests(arguments, message):
    with pytest.raises(InputError, match=message):
        Gibbs().sample(general_machine(), **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scan": "systematic"}, "scan: got 'systematic', expected one of 'auto'"),
        ({"burn_in": -1}, "burn_in: got -1"),
        ({"thin": 0}, "thin: got 0"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(InputError, match=message):
        Gibbs(**arguments)


def test_block_scan_of_a_general_machine():
    with pytest.raises(InputError, match="weights within a layer"):
        Gibbs(scan="block").sample(general_machine(), 1)


def test_a_state_of_other_values_is_refused():
    start = Gibbs().sample(BoltzmannMachine.random(3, seed=1), 5, n_chains=2).end
    assert start is not None
    broken = {"states": start["states"] + np.int8(2)}
    with pytest.raises(InputError, match="start.states: got .* expected 0 and 1"):
        Gibbs().sample(BoltzmannMachine.random(3, seed=1), 5, n_chains=2, start=broken)


def test_clamped_values_hold_from_the_start():
    machine = BoltzmannMachine.random(3, seed=1)
    start = Gibbs().sample(machine, 5, n_chains=2, clamped=[1, -1, -1]).end
    again = Gibbs().sample(machine, 5, n_chains=2, clamped=[-1, 0, -1], start=start)
    assert (again.states[:, :, 1] == 0).all()
