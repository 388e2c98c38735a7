"""Synapses that tire, through the laser sampler: their resource from the start on, their law.

The kernel's own tests are in tests/lasers/test_depression.py. Here unit 0 is clamped by its pump,
so that its laser fires at nearly equal intervals, and unit 1 listens to it.
"""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import InputError
from lasersampling.lasers.depression import Depression
from lasersampling.sampling.neurons.sampler import Lasers

TIRING = Depression(utilisation=0.5, recovery_time_ns=10.0)
HELD = [1, -1]


def listening(weight):
    return BoltzmannMachine([[0.0, weight], [weight, 0.0]], [0.0, -1.0])


def lasers(depression=TIRING, **more):
    return Lasers(clamping="pump", depression=depression, **more)


def train(run, chain, unit):
    times, units = run.spikes.chain(chain)
    return times[units == unit]


def tired(spikes_ns, end_ns, resource=1.0):
    """Resource at `end_ns`, and what the last spike transmitted, by the equations, from 0 ns on."""
    now, amplitude = 0.0, np.nan
    for time in spikes_ns:
        amplitude = 1.0 - (1.0 - resource) * np.exp(-(time - now) / TIRING.recovery_time_ns)
        resource, now = amplitude * (1.0 - TIRING.utilisation), time
    left = np.exp(-(end_ns - now) / TIRING.recovery_time_ns)
    return 1.0 - (1.0 - resource) * left, amplitude


def test_chains_begin_rested_and_go_on_as_tired_as_they_ended():
    """The resource of each laser is that of all its spikes, over two runs, to a step of 8 ps."""
    sampler = lasers(burn_in_ns=0.0)
    first = sampler.sample(listening(2.0), 40, n_chains=3, clamped=HELD, seed=1)
    second = sampler.sample(
        listening(2.0), 60, n_chains=3, clamped=HELD, seed=2, start=first.end
    )  # fmt: skip
    tau = sampler.neuron.refractory_time_ns
    for chain in range(3):
        old, new = ([train(run, chain, unit) for unit in (0, 1)] for run in (first, second))
        for unit in (0, 1):
            resource, amplitude = tired(old[unit], first.spikes.duration_ns)
            assert first.end["resource"][chain, unit] == pytest.approx(resource, abs=1e-3)
            mine = (first.end["spike_chain"] == chain) & (first.end["spike_unit"] == unit)
            if mine.any():
                last = np.flatnonzero(mine)[first.end["spike_time_ns"][mine].argmax()]
                told = first.end["spike_amplitude"][last]
                assert told == pytest.approx(amplitude, abs=1e-3)
            # The spikes of the second run begin with those of the last tau of the first.
            fresh = new[unit][new[unit] > tau] - tau
            more = second.spikes.duration_ns - tau
            resource, _ = tired(fresh, more, first.end["resource"][chain, unit])
            assert second.end["resource"][chain, unit] == pytest.approx(resource, abs=1e-3)
        assert len(old[0]) > 5
    assert first.end["resource"][:, 0].max() < 0.6  # far from rested


def test_the_same_state_and_seed_give_the_same_bits_and_a_rested_one_others():
    sampler = lasers(burn_in_ns=0.0)
    start = sampler.sample(listening(2.0), 40, n_chains=3, clamped=HELD, seed=1).end
    copied = {name: np.array(values) for name, values in start.items()}

    def go_on(state):
        return sampler.sample(listening(2.0), 200, n_chains=3, clamped=HELD, seed=2, start=state)

    one, two = go_on(start), go_on(copied)
    assert np.array_equal(one.states, two.states)
    assert np.array_equal(one.spikes.time_ns, two.spikes.time_ns)
    assert all(np.array_equal(one.end[name], two.end[name]) for name in one.end)
    rested = go_on(copied | {"resource": np.ones_like(copied["resource"])})
    assert not np.array_equal(one.spikes.time_ns, rested.spikes.time_ns)
    with pytest.raises(InputError, match=r"start"):
        go_on({name: value for name, value in copied.items() if name != "resource"})


def test_a_tired_synapse_is_as_strong_as_the_closed_form_says():
    """A weight that tires acts as one that does not, times R* of the interval of the spikes.

    Held far up, lasers fire each 1.5 ns. Unit 1 is then 1 with a chance of .37; at full strength
    that would be .73, and .27 if nothing recovered. The tolerance is four standard errors over
    chains, and .01 for intervals that vary.
    """
    weight, n_chains, n_draws = 2.0, 48, 800
    run = lasers().sample(listening(weight), n_draws, n_chains=n_chains, clamped=HELD, seed=3)
    interval_ns = run.spikes.duration_ns * n_chains / run.spikes.counts()[:, 0].sum()
    strength = TIRING.steady_state(interval_ns)
    assert 0.15 < strength < 0.35
    same = lasers(None).sample(
        listening(weight * strength), n_draws, n_chains=n_chains, clamped=HELD, seed=4
    )
    means = [one.states[:, :, 1].mean(axis=1) for one in (run, same)]
    error = np.hypot(*(mean.std(ddof=1) / np.sqrt(n_chains) for mean in means))
    assert error < 0.012
    assert abs(means[0].mean() - means[1].mean()) < 4 * error + 0.01
