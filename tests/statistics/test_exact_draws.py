"""What exact draws show of their own law: against draws, and in the limit of frequent states."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, exact_distribution
from lasersampling.errors import InputError
from lasersampling.statistics import kl_floor, kl_floor_quantile
from lasersampling.statistics.exact_draws import divergence_of_draws, floor_of


def drawn(law: np.ndarray, n_draws: int, n_runs: int) -> np.ndarray:
    counts = np.random.default_rng(0).multinomial(n_draws, law, size=n_runs) / n_draws
    return np.array([(row[row > 0] * np.log(row[row > 0] / law[row > 0])).sum() for row in counts])


@pytest.mark.parametrize(
    ("n_units", "std", "n_draws"), [(4, 0.6, 1000), (8, 0.6, 500), (10, 2, 300)]
)
def test_mean_and_quantile_are_those_of_draws(n_units: int, std: float, n_draws: int) -> None:
    # From frequent states alone to most states rare: the mean is met to its Monte-Carlo error, and
    # the quantile is exceeded in 5 % of the runs, to four standard errors (.011) and .01 for the
    # gamma distribution.
    law = exact_distribution(BoltzmannMachine.random(n_units, weight_std=std, seed=1))
    seen = drawn(law, n_draws, 400)
    found = divergence_of_draws(law, n_draws)
    assert abs(seen.mean() - found.mean_nats) < 4.0 * seen.std() / 20.0
    assert found.std_nats == pytest.approx(seen.std(), rel=0.2)
    assert abs(np.mean(seen > found.quantile(0.95)) - 0.05) < 0.054


def test_frequent_states_give_the_usual_floor() -> None:
    law = np.full(16, 1.0 / 16.0)
    found = divergence_of_draws(law, 1e5)
    assert found.mean_nats == pytest.approx(kl_floor(16, 1e5), rel=1e-3)
    assert found.quantile(0.95) == pytest.approx(kl_floor_quantile(16, 1e5, 0.95), rel=1e-3)


def test_states_that_never_occur_add_nothing() -> None:
    some = divergence_of_draws([0.25] * 4, 1000.0)
    rare = np.full(1000, 1e-15)
    more = divergence_of_draws(np.append([0.25] * 4, rare), 1000.0)
    assert more.mean_nats == pytest.approx(some.mean_nats, rel=1e-6)
    assert divergence_of_draws([1.0, 0.0], 10.0).quantile(0.95) == 0.0


@pytest.mark.parametrize("n_draws", [0.0, -1.0, np.nan])
def test_no_draws_are_refused(n_draws: float) -> None:
    with pytest.raises(InputError, match="n_draws"):
        divergence_of_draws([0.5, 0.5], n_draws)


@pytest.mark.parametrize("ess", ["a", None, True, [1.0], 0.0, -1.0, -np.inf])
def test_what_is_no_number_of_draws_is_refused(ess) -> None:
    with pytest.raises(InputError, match="ess"):
        floor_of([0.5, 0.5], ess)
