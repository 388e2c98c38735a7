import math

import numpy as np
import pytest
from scipy.stats import multinomial

from lasersampling.errors import InputError
from lasersampling.statistics import (
    compare,
    kl_divergence,
    kl_floor,
    kl_floor_quantile,
    total_variation,
)

P, Q = [0.5, 0.5, 0.0], [0.25, 0.5, 0.25]


def test_divergences_by_hand():
    assert kl_divergence(P, Q) == pytest.approx(0.5 * math.log(2))
    assert kl_divergence(Q, P) == math.inf
    assert total_variation(P, Q) == 0.25
    assert kl_divergence(Q, Q) == 0.0
    assert total_variation([1, 0], [0, 1]) == 1.0


def test_compare_says_which_is_which():
    divergences = compare(P, Q, ess=50)
    assert divergences.kl_sample_target == kl_divergence(P, Q)
    assert divergences.kl_target_sample == math.inf
    assert divergences.total_variation == 0.25
    assert divergences.floor == pytest.approx(enumerated_floor(Q, 50), rel=5e-4)


def enumerated_floor(law, n_draws):
    """Mean divergence over all histograms of so many draws from a law of three states."""
    pairs = [(a, b) for a in range(n_draws + 1) for b in range(n_draws + 1 - a)]
    counts = np.array([(a, b, n_draws - a - b) for a, b in pairs])
    chance = multinomial.pmf(counts, n_draws, law)
    found = [kl_divergence(row / n_draws, law) for row in counts[chance > 0]]
    return float(chance[chance > 0] @ found)


def test_floor_counts_possible_states_only():
    assert compare(P, P, ess=50).floor == pytest.approx(enumerated_floor(P, 50), rel=5e-4)


def test_floor_is_the_mean_divergence_of_independent_draws():
    generator = np.random.default_rng(1)
    target = generator.dirichlet(np.full(16, 5.0))
    n_draws = 5000
    histograms = generator.multinomial(n_draws, target, size=2000) / n_draws
    sampled = np.array([kl_divergence(histogram, target) for histogram in histograms])
    standard_error = sampled.std() / np.sqrt(len(sampled))
    # Four standard errors, and the next order in 1 / (N p), below 2 % here.
    floor = kl_floor(16, n_draws)
    assert sampled.mean() == pytest.approx(floor, abs=4 * standard_error + 0.02 * floor)


def test_floor_of_unknown_and_infinite_sample_sizes():
    assert math.isnan(kl_floor(4, math.nan))
    assert kl_floor(4, math.inf) == 0.0


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([0.5, 0.5], [1.0], "q: got 1 states, expected 2 as in p"),
        ([0.5, 0.6], [0.5, 0.5], "p: got a sum of 1.1"),
        ([1.5, -0.5], [0.5, 0.5], "p: got entries that are negative or not finite"),
        ([0.5, 0.5], [float("nan"), 1.0], "q: got entries that are negative or not finite"),
        ([], [], r"p: got shape \(0,\)"),
        ([[1.0]], [1.0], r"p: got shape \(1, 1\)"),
    ],
)
def test_tables_that_are_no_distributions(p, q, message):
    with pytest.raises(InputError, match=message):
        kl_divergence(p, q)
    with pytest.raises(InputError):
        total_variation(p, q)


def test_impossible_sample_sizes():
    with pytest.raises(InputError, match="ess: got 0"):
        compare(P, Q, ess=0)
    for unknown in (np.nan, np.float32("nan"), None, "a", True):
        with pytest.raises(InputError, match="ess: got .*, expected a number above 0"):
            compare(P, Q, ess=unknown)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="n_states: got 0"):
        kl_floor(0, 10)


def test_floor_and_its_quantile_are_those_of_independent_draws():
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.full(8, 3.0))
    counts = rng.multinomial(500, p, size=4000)
    found = np.array([kl_divergence(row / 500, p) for row in counts])
    # Standard errors: 0.8 % of the mean, and of a rate of 5 % in 4000 runs 0.35 %.
    assert found.mean() == pytest.approx(kl_floor(8, 500), rel=0.04)
    assert np.mean(found > kl_floor_quantile(8, 500, 0.95)) == pytest.approx(0.05, abs=0.014)
    assert kl_floor_quantile(1, 10.0, 0.5) == 0
    with pytest.raises(InputError, match=r"probability: got 1\.5"):
        kl_floor_quantile(8, 500, 1.5)
