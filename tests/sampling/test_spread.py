from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, exact_distribution
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.sampling import Gibbs
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.renewal.sampler import Renewal
from lasersampling.sampling.spread import SPREAD_STREAM, Spread
from lasersampling.seeds import seed_of_piece
from lasersampling.statistics import kl_divergence
from lasersampling.workers import Lost

MACHINE = BoltzmannMachine.random(3, seed=4)
CLAMPED = np.array([[-1, 1, -1]] * 3 + [[-1, -1, 0]] * 2, dtype=np.int8)


def assert_equal(one, other):
    assert np.array_equal(one.states, other.states)
    assert (one.sampler, one.seed, one.interval_ns) == (
        other.sampler,
        other.seed,
        other.interval_ns,
    )
    assert (one.spikes is None) == (other.spikes is None)
    if one.spikes is not None:
        for name in ("time_ns", "unit", "chain_offset"):
            assert np.array_equal(getattr(one.spikes, name), getattr(other.spikes, name))
    assert set(one.end) == set(other.end)
    assert all(np.array_equal(one.end[name], other.end[name]) for name in one.end)


@pytest.mark.parametrize(
    "sampler",
    [
        pytest.param(Gibbs(), id="gibbs"),
        pytest.param(Lasers("D6"), id="lasers", marks=pytest.mark.slow),
        pytest.param(Renewal("D6"), id="renewal", marks=pytest.mark.slow),
    ],
)
def test_draws_do_not_depend_on_the_number_of_workers(sampler):
    request: dict[str, Any] = {"n_chains": 5, "clamped": CLAMPED, "seed": 7}
    spread = [Spread(sampler, n, chains_per_piece=2).sample(MACHINE, 20, **request) for n in (1, 2)]
    assert_equal(*spread)
    assert spread[0].states.shape == (5, 20, 3)
    # The pieces are those of the sampler alone.
    for number, chains in enumerate([slice(0, 2), slice(2, 4), slice(4, 5)]):
        held = CLAMPED[chains]
        alone = sampler.sample(
            MACHINE,
            20,
            n_chains=len(held),
            clamped=held,
            seed=seed_of_piece(7, SPREAD_STREAM, number),
        )
        assert np.array_equal(spread[0].states[chains], alone.states)


def test_few_chains_are_those_of_the_sampler_alone():
    spread = Spread(Gibbs()).sample(MACHINE, 30, n_chains=16, seed=3)
    assert np.array_equal(spread.states, Gibbs().sample(MACHINE, 30, n_chains=16, seed=3).states)


def test_chains_go_on():
    spread = Spread(Lasers("D6"), chains_per_piece=2)
    before = spread.sample(MACHINE, 10, n_chains=4, seed=1)
    after = spread.sample(MACHINE, 10, n_chains=4, seed=2, start=before.end)
    assert after.states.shape == (4, 10, 3)
    with pytest.raises(InputError, match="got a state of 2 pieces of chains, expected the `end`"):
        spread.sample(MACHINE, 10, n_chains=2, seed=2, start=before.end)
    alone = Lasers("D6").sample(MACHINE, 10, n_chains=2, seed=1)
    with pytest.raises(InputError, match="the `end` of chains that were spread alike"):
        spread.sample(MACHINE, 10, n_chains=2, seed=2, start=alone.end)


def test_chains_of_different_pieces_are_independent_draws_of_the_machine():
    samples = Spread(Gibbs(), chains_per_piece=1).sample(MACHINE, 4000, n_chains=8, seed=5)
    assert len({chain.tobytes() for chain in samples.states}) == 8
    # 32,000 draws of 8 states: exact ones would have 7 / 64,000 on average.
    assert kl_divergence(samples.histogram(), exact_distribution(MACHINE)) < 0.001


def test_progress_and_problems_are_told():
    seen: list[float] = []
    Spread(Gibbs(), chains_per_piece=2).sample(MACHINE, 5, n_chains=6, progress=seen.append)
    assert seen == pytest.approx([1 / 3, 2 / 3, 1])
    with pytest.raises(InputError, match="n_chains: got 0"):
        Spread(Gibbs()).sample(MACHINE, 5, n_chains=0)
    with pytest.raises(InputError, match="chains_per_piece: got 0"):
        Spread(Gibbs(), chains_per_piece=0)
    with pytest.raises(InputError, match="workers: got 0"):
        Spread(Gibbs(), 0)


def test_chains_that_are_lost_are_an_error():
    class Losing:
        def results(self, work, pieces):
            yield 0, Lost("the process of a piece was ended")

    with pytest.raises(LaserSamplingError, match="some chains could not be drawn: the process of"):
        Spread(Gibbs(), Losing()).sample(MACHINE, 5)
