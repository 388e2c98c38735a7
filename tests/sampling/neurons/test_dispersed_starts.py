"""Chains that start anew start apart, so that R-hat finds modes that they do not leave."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.sampling import Gibbs
from lasersampling.sampling.neurons.dispersed_starts import first_spikes
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.statistics import r_hat

BISTABLE = BoltzmannMachine(2.0 * (1.0 - np.eye(8)), np.full(8, -7.0))
"""All units 0 or all 1, by symmetry equally often; the chance of changing over is negligible."""


def samplers(analytic):
    return {"gibbs": Gibbs(), "renewal": analytic(), "lasers": Lasers(burn_in_ns=25.0)}


@pytest.mark.parametrize("name", ["gibbs", "renewal", "lasers"])
def test_r_hat_tells_that_chains_do_not_change_modes(name, analytic):
    sampler = samplers(analytic)[name]
    # Were each mode found by half of the chains, all 16 would agree once in 2 ** 15 seeds.
    states = sampler.sample(BISTABLE, 40, n_chains=16, seed=1).states
    modes = states.mean(axis=(1, 2)) > 0.5
    assert 0 < modes.sum() < 16
    assert r_hat(states).min() > 1.1


@pytest.mark.parametrize("name", ["renewal", "lasers"])
def test_starts_follow_the_seed_and_runs_that_go_on_do_not_start_again(name, analytic):
    sampler = samplers(analytic)[name]
    first = sampler.sample(BISTABLE, 8, n_chains=6, seed=1)
    again = sampler.sample(BISTABLE, 8, n_chains=6, seed=1)
    np.testing.assert_array_equal(first.states, again.states)
    later = sampler.sample(BISTABLE, 40, n_chains=6, seed=2, start=first.end).states
    modes = first.states[:, -1].mean(axis=1) > 0.5
    np.testing.assert_array_equal(later.mean(axis=(1, 2)) > 0.5, modes)


def test_first_spikes():
    held = np.full((50, 40), -1, dtype=np.int8)
    held[:, 0], held[:, 1] = 0, 1
    spikes = first_spikes(held, 2.5, seed=3)
    assert spikes.time_ns.min() >= -2.5 and spikes.time_ns.max() <= 0.0
    order = np.lexsort((spikes.time_ns, spikes.chain))
    np.testing.assert_array_equal(order, np.arange(len(order)))
    count = np.zeros((50, 40), dtype=int)
    np.add.at(count, (spikes.chain, spikes.unit), 1)
    assert count.max() == 1
    assert not count[:, 0].any() and count[:, 1].all()
    # 1900 coins: a standard deviation of 0.0115.
    assert count[:, 2:].mean() == pytest.approx(0.5, abs=0.04)
    # A chain does not depend on how many there are.
    fewer = first_spikes(held[:3], 2.5, seed=3)
    own = spikes.chain < 3
    np.testing.assert_array_equal(fewer.time_ns, spikes.time_ns[own])
    among = spikes.among(np.array([1, 2]), np.array([1, 5]), 40)
    both = np.isin(spikes.chain, [1, 2]) & np.isin(spikes.unit, [1, 5])
    np.testing.assert_array_equal(among.time_ns, spikes.time_ns[both])
    np.testing.assert_array_equal(among.chain, spikes.chain[both] - 1)
    np.testing.assert_array_equal(among.unit, (spikes.unit[both] == 5).astype(int))
