"""What only lasers have; tests/sampling/test_all_samplers.py compares them with exact answers."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, clamp, exact_distribution, exact_moments
from lasersampling.errors import InputError
from lasersampling.sampling import Gibbs
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.statistics import kl_divergence

MACHINE = BoltzmannMachine.random(4, seed=3)


def test_states_are_read_from_the_spikes():
    lasers = Lasers(interval_ns=2.0)
    samples = lasers.sample(MACHINE, 200, n_chains=3, seed=2)
    tau = lasers.neuron.refractory_time_ns
    assert samples.interval_ns == 2.0
    assert samples.spikes is not None
    assert samples.spikes.n_chains == 3
    times = tau + 2.0 * np.arange(200, dtype=np.float64)
    assert np.array_equal(samples.states, samples.spikes.states(tau, times))


def test_clamped_units_have_no_laser_and_hold_their_value():
    clamped = np.tile(clamp(4, {1: 1}), (3, 1))
    clamped[1] = clamp(4, {1: 0})
    clamped[2] = clamp(4, {0: 1, 2: 0})
    samples = Lasers().sample(MACHINE, 50, n_chains=3, clamped=clamped, seed=2)
    assert (samples.states[0, :, 1] == 1).all()
    assert (samples.states[1, :, 1] == 0).all()
    assert (samples.states[2, :, 0] == 1).all()
    assert (samples.states[2, :, 2] == 0).all()
    assert samples.spikes is not None
    counts = samples.spikes.counts()
    assert (counts[[0, 1], 1] == 0).all()
    assert (counts[2, [0, 2]] == 0).all()
    assert counts[2, 1] > 0


def test_a_machine_with_all_units_clamped_needs_no_lasers():
    samples = Lasers().sample(MACHINE, 3, n_chains=2, clamped=[1, 0, 0, 1], seed=1)
    assert samples.spikes is None
    assert (samples.states == [1, 0, 0, 1]).all()


def test_threads_do_not_change_the_draws():
    one = Lasers(n_threads=1).sample(MACHINE, 100, n_chains=20, seed=4).states
    two = Lasers(n_threads=2).sample(MACHINE, 100, n_chains=20, seed=4).states
    assert np.array_equal(one, two)


def test_spikes_of_a_run_that_goes_on_begin_before_it():
    lasers = Lasers()
    first = lasers.sample(MACHINE, 100, n_chains=3, seed=2)
    second = lasers.sample(MACHINE, 60, n_chains=3, seed=3, start=first.end)
    tau, interval = lasers.neuron.refractory_time_ns, lasers.draw_interval_ns
    assert first.spikes is not None and second.spikes is not None
    assert first.spikes.duration_ns == pytest.approx(tau + 99 * interval)
    assert second.spikes.duration_ns == pytest.approx(tau + 60 * interval)
    times = tau + interval * np.arange(1, 61, dtype=np.float64)
    assert np.array_equal(second.states, second.spikes.states(tau, times))
    # The last tau of the one is the first tau of the other, up to the step that ends a run.
    n_found = 0
    for chain in range(3):
        old, new = first.spikes.chain(chain)[0], second.spikes.chain(chain)[0]
        old = old[old > 99 * interval] - 99 * interval
        n_found += old.size
        np.testing.assert_allclose(old, new[: old.size], atol=2e-3 * lasers.neuron.step_ps, rtol=0)
    assert n_found > 1


def test_lasers_held_by_their_pumps_go_from_clamped_to_free():
    """In one network: held units nearly always spike or never do; then all are free."""
    lasers = Lasers(clamping="pump")
    tau = lasers.neuron.refractory_time_ns
    clamped = np.tile(clamp(4, {0: 1, 2: 0}), (48, 1))
    clamped[24:] = clamp(4, {1: 1, 3: 0})
    held = lasers.sample(MACHINE, 2000, n_chains=48, clamped=clamped, seed=1)
    assert held.spikes is not None
    active = held.spikes.active_fraction(tau)
    assert active[:24, 0].mean() > 1 - 1e-4
    assert active[24:, 1].mean() > 1 - 1e-4
    assert active[:24, 2].mean() < 1e-4
    assert active[24:, 3].mean() < 1e-4
    exact = exact_moments(MACHINE, clamped[0]).mean
    # RESULTS.md ("Clamping"): means off by up to 0.011; here and below four standard errors more,
    # of 0.0044 for half of the chains and 0.0032 for all.
    assert np.abs(held.states[:24].mean(axis=(0, 1)) - exact).max() < 0.028
    free = lasers.sample(MACHINE, 40, n_chains=48, seed=2, start=held.end)
    # Ten refractory times after the release, little of the clamping is left.
    released = lasers.sample(MACHINE, 2000, n_chains=48, seed=3, start=free.end)
    assert np.abs(released.mean - exact_moments(MACHINE).mean).max() < 0.024


def test_lasers_that_are_not_there_cannot_go_on():
    lasers = Lasers()
    held = lasers.sample(MACHINE, 5, n_chains=2, clamped=clamp(4, {1: 1}), seed=1)
    again = lasers.sample(MACHINE, 5, n_chains=2, clamped=clamp(4, {1: 0}), seed=1, start=held.end)
    assert (again.states[:, :, 1] == 0).all()
    with pytest.raises(InputError, match="no laser for unit 1 of chain 0.*clamping='pump'"):
        lasers.sample(MACHINE, 5, n_chains=2, seed=1, start=held.end)
    assert held.end is not None
    damaged = {**held.end, "spike_unit": held.end["spike_unit"] + np.int32(4)}
    with pytest.raises(InputError, match="start.spike_laser: got .* expected 0 to 3"):
        lasers.sample(MACHINE, 5, n_chains=2, seed=1, start=damaged)


@pytest.mark.slow
def test_a_uniform_delay_still_samples():
    """A delay shifts a pulse against z; a small one costs a little.

    Seeds 2 to 4 come to 0.0073 with a standard deviation of 0.0013, without a delay 0.0001: the
    bound is four of these above, and half of three times as much.
    """
    machine = BoltzmannMachine.random(3, seed=1)
    samples = Lasers(delay_ns=0.2).sample(machine, 4000, n_chains=16, seed=2)
    assert kl_divergence(samples.histogram(), exact_distribution(machine)) < 0.0125


def test_draws_that_fit_a_duration():
    lasers = Lasers()
    assert lasers.draw_interval_ns == lasers.neuron.refractory_time_ns / 4
    assert Lasers(interval_ns=0.1).draws_in(0.3) == 3
    assert lasers.draws_in(0.001) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "D9"}, "D2"),
        ({"refractory_time_ns": -1.0}, "refractory_time_ns: got -1.0"),
        ({"interval_ns": 0.0}, "interval_ns: got 0.0"),
        ({"burn_in_ns": float("inf")}, "burn_in_ns: got inf"),
        ({"delay_ns": -0.1}, "delay_ns: got -0.1"),
        ({"step_ps": 0.0}, "step_ps: got 0.0"),
        ({"clamping": "hard"}, "clamping: got 'hard', expected 'drive' or 'pump'"),
    ],
)
def test_lasers_that_cannot_be_made_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Lasers(**arguments)


@pytest.mark.slow
def test_ten_random_machines_by_translation_alone():
    """Published (RESULTS.md, "Random machines"): median 0.00115 +- 0.00012, worst 0.0024, of 20.

    Ten machines have 1.4 times the standard error of the median; of 1.2e5 draws chance alone makes
    some 0.0002. So the median is below 0.00115 + 4 * 0.00017 + 0.0002, and the worst below the
    published one and as much again for chance. Three times the published values fail.
    """
    lasers, found, ideal = Lasers(), [], []
    for seed in range(10):
        machine = BoltzmannMachine.random(5, seed=seed)
        target = exact_distribution(machine)
        samples = lasers.sample(machine, 5000, n_chains=24, seed=100 + seed)
        found.append(kl_divergence(samples.histogram(), target))
        gibbs = Gibbs().sample(machine, 5000, n_chains=24, seed=seed)
        ideal.append(kl_divergence(gibbs.histogram(), target))
    assert np.median(found) < 0.0020
    assert max(found) < 0.0040
    # Of 32 states: 15.5 over the number of independent draws, at least a quarter of 1.2e5.
    assert np.median(ideal) < 0.0005


@pytest.mark.slow
def test_conditional_marginals_of_a_six_unit_machine():
    """Published (RESULTS.md, "Clamping"): 0.010, 0.008 and 0.011, by other streams.

    The standard error of a mean is 0.0023 here; the bound is four of them above the published, and
    two thirds of three times as much.
    """
    machine = BoltzmannMachine.random(6, seed=11)
    for values in ({0: 1, 1: 0}, {2: 1, 5: 1}, {3: 0}):
        clamped = clamp(6, values)
        samples = Lasers().sample(machine, 5000, n_chains=24, clamped=clamped, seed=5)
        exact = exact_moments(machine, clamped).mean
        assert np.abs(samples.mean - exact).max() < 0.02
