"""Adaptation that loses labels is given up; chains get the time that labels need to settle."""

from dataclasses import replace

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.sampling import adapting, settling
from lasersampling.sampling.adapting import Adaptation, adapted_where_it_helps
from lasersampling.sampling.condition_means import distance_of_means
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.translation import Lines
from lasersampling.sampling.settling import sweeps_to_settle

N_PIXELS = 6
IDEAL = Lasers(burn_in_ns=25.0)


def two_classes(pixels=0.6, label=1.2):
    """Pixels that agree with one another, and are 1 under the one label and 0 under the other."""
    n = N_PIXELS + 2
    weights = np.full((n, n), pixels)
    weights[:N_PIXELS, N_PIXELS], weights[:N_PIXELS, N_PIXELS + 1] = -label, label
    weights[N_PIXELS:] = np.pad(weights[:N_PIXELS, N_PIXELS:].T, ((0, 0), (0, 2)))
    np.fill_diagonal(weights, 0.0)
    biases = np.append(np.full(N_PIXELS, -pixels * (N_PIXELS - 1) / 2), [0.0, 0.0])
    return BoltzmannMachine(weights, biases, 2)


def held(n_chains):
    """As many chains of each label."""
    clamped = np.full((n_chains, N_PIXELS + 2), -1, dtype=np.int8)
    first = np.arange(n_chains) < n_chains // 2
    clamped[:, N_PIXELS], clamped[:, N_PIXELS + 1] = first, ~first
    return clamped


def shares(samples, clamped):
    """Share of ones among the pixels of either label."""
    pixels = samples.states[:, :, :N_PIXELS].mean(axis=(1, 2))
    return [pixels[clamped[:, N_PIXELS + k] == 1].mean() for k in range(2)]


def test_a_class_that_is_never_drawn_is_seen_in_the_means():
    """All chains show the one class, by a machine of that class alone: right unit given unit."""
    machine, clamped = two_classes(), held(24)
    right = Gibbs().sample(machine, 200, n_chains=24, clamped=clamped, seed=1).states
    again = Gibbs().sample(machine, 200, n_chains=24, clamped=clamped, seed=2).states
    one = Gibbs().sample(machine, 200, n_chains=24, clamped=clamped[-1:].repeat(24, 0), seed=3)
    lost = np.where(clamped[:, None] == -1, one.states, clamped[:, None])
    assert abs(distance_of_means(again, right, clamped)[0]) < 0.05
    distance, error = distance_of_means(lost, right, clamped)
    assert distance > 10 * error


def test_the_distance_of_means_is_that_of_the_probabilities():
    """Unbiased, whatever the number of chains: draws of p against draws of q."""
    generator = np.random.default_rng(4)
    p, q = np.array([0.3, 0.6]), np.array([0.5, 0.6])
    for n_chains in (3, 12):
        held = np.full((n_chains, 2), -1, dtype=np.int8)
        found = []
        for _ in range(400):
            one, other = (
                (generator.random((n_chains, 50, 2)) < mean).astype(np.int8) for mean in (p, q)
            )
            found.append(distance_of_means(one, other, held)[0])
        error = np.std(found) / np.sqrt(len(found))
        # Half of 0.2^2 / 0.25; the variance of q is estimated too, to a few per cent.
        assert abs(np.mean(found) - 0.08) < 3.5 * error + 0.004


@pytest.mark.parametrize("n_labelled", [1, 2])
def test_conditions_with_one_chain_each_are_taken_together(n_labelled):
    clamped = held(2 * n_labelled)
    states = np.where(clamped < 0, 0, clamped)[:, None].repeat(3, 1).astype(np.int8)
    assert distance_of_means(states, states, clamped)[0] == 0.0


def test_an_adaptation_that_loses_a_label_is_not_used_and_that_is_said(monkeypatch):
    """In place of one by too few draws: pixels are drawn to the class of ones under any label."""
    machine, clamped = two_classes(), held(8)
    bad = Lines(np.append(np.full(N_PIXELS, 3.0), [0.0, 0.0]), np.ones(N_PIXELS + 2))
    monkeypatch.setattr(adapting, "adapt", lambda lasers, *_, **__: replace(lasers, lines=bad))
    plan = Adaptation(rounds=1, n_draws=100, n_chains=8, seed=3)
    found = adapted_where_it_helps(IDEAL, machine, clamped, plan)
    assert not found.is_adapted
    assert found.lasers is IDEAL
    assert found.after_nats is not None and found.before_nats is not None
    assert found.after_nats > found.before_nats
    assert "not adapted, since 1 round did not help" in found.sentence
    assert "adaptation_draws" in found.sentence
    drawn = found.lasers.sample(machine, 100, n_chains=8, clamped=clamped, seed=5)
    low, high = shares(drawn, clamped)
    assert low < 0.2
    assert high > 0.8


def test_means_decide_only_beyond_their_errors():
    kept = adapting._Judged(0.02, 0.001, 0.0, 0.01, 0.02)
    assert adapting._Judged(0.01, 0.001, 0.0, 1.0, 0.1).means_differ(kept)
    assert not adapting._Judged(0.01, 0.001, 0.0, 0.05, 0.03).means_differ(kept)
    # Errors of one chain for each condition are not known.
    assert not adapting._Judged(0.01, 0.001, 0.0, 1.0, np.nan).means_differ(kept)


def test_a_label_that_is_lost_outweighs_the_conditional_law(monkeypatch):
    """Units are right given units, but one class is never drawn any more."""
    monkeypatch.setattr(adapting, "adapt", lambda lasers, *_, **__: lasers)
    told = iter(
        [
            adapting._Judged(0.02, 0.001, 0.0, 0.01, 0.02),
            adapting._Judged(0.01, 0.001, 0.0, 1.0, 0.1),
        ]
    )
    monkeypatch.setattr(adapting._Work, "judged", lambda *given: next(told))
    found = adapted_where_it_helps(IDEAL, two_classes(), held(8), Adaptation(rounds=1))
    assert not found.is_adapted
    assert "from 0.01 to 1 nats, as when a label is lost" in found.sentence


def test_an_adaptation_that_helps_is_used():
    """Pumps of the laboratory chip are off by up to three logits, and labels are lost."""
    machine, clamped = two_classes(), held(8)
    chip = replace(IDEAL, imperfections="laboratory", chip_seed=1)
    fractions: list[float] = []
    found = adapted_where_it_helps(
        chip, machine, clamped, Adaptation(rounds=2, n_chains=24, seed=3), progress=fractions.append
    )
    assert found.rounds == 2
    assert found.lasers.lines is not None
    assert found.after_nats is not None and found.before_nats is not None
    assert found.before_nats > found.after_nats + 0.1
    assert found.sentence.startswith("The lasers were adapted, in 2 rounds: ")
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_chains_that_must_leave_another_class_need_longer():
    """Pixels that hold together more strongly, under labels that pull less."""
    assert sweeps_to_settle(two_classes(), held(8)) == 16
    # 64 with seeds 0 to 2.
    longer = sweeps_to_settle(two_classes(1.5, 0.5), held(8), n_chains=200)
    assert longer is not None
    assert longer >= 32


@pytest.mark.parametrize(
    ("sweeps", "least_ns", "most_ns", "expected_ns", "told"),
    [
        (64, 20.0, 500.0, 160.0, "settled; the burn-in of 20 ns has 8 refractory"),
        (64, 20.0, 60.0, 60.0, "may be too short; most_burn_in_ns"),
        (None, 20.0, 60.0, 60.0, "more sweeps than were tried"),
        (16, 40.0, 60.0, 40.0, ""),
        (64, 60.0, 0.0, 60.0, ""),
    ],
)
def test_the_burn_in_is_lengthened_within_bounds(
    monkeypatch, sweeps, least_ns, most_ns, expected_ns, told
):
    monkeypatch.setattr(settling, "sweeps_to_settle", lambda *_, **__: sweeps)
    found_ns, sentence = settling.settled_burn_in_ns(
        two_classes(), held(8), 2.5, least_ns=least_ns, most_ns=most_ns
    )
    assert found_ns == expected_ns
    assert told in sentence
    assert bool(told) == bool(sentence)
