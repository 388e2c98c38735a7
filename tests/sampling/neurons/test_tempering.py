"""Swinging pumps and couplings: schedule, law of the draws, chains that go on."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, exact_distribution
from lasersampling.errors import InputError
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.tempering import Tempering, timetable
from lasersampling.statistics import distribution_ess, kl_divergence, kl_floor

SWING = Tempering(period_ns=40.0, hot_fraction=0.25, lowest_beta=0.2, steps=3, settling_ns=5.0)
MACHINE = BoltzmannMachine.random(4, seed=3)


def planned(n_draws, last=None, swing=SWING):
    return timetable(
        swing, n_draws, spacing_ns=4.0, refractory_time_ns=2.0, step_ps=8.0, last=last
    )  # fmt: skip


def test_levels_go_down_to_the_lowest_and_up_again():
    assert SWING.betas == pytest.approx([0.8, 0.2, 0.8])
    for steps in (1, 2, 5, 8):
        betas = Tempering(steps=steps, lowest_beta=0.3).betas
        assert betas.min() == pytest.approx(0.3)
        assert betas == pytest.approx(betas[::-1])


def test_draws_are_taken_at_full_strength():
    plan = planned(20)
    assert SWING.draws_per_period(4.0) == 7  # in 25 ns
    expected = [2.0 + 40.0 * (k // 7) + 4.0 * (k % 7) for k in range(20)]
    assert plan.draws_ns == pytest.approx(expected)
    edges = np.cumsum([part.duration_ns for part in plan.parts])
    assert edges[-1] == pytest.approx(plan.draws_ns[-1])
    # A draw in the very last moment before the hot part belongs to what was before.
    at = np.searchsorted(edges, plan.draws_ns - 0.01)
    assert all(plan.parts[k].beta == 1.0 for k in at)
    # And lasers have had time to settle: beta was 1 for that long before.
    hot = [k for k, part in enumerate(plan.parts) if part.beta < 1.0]
    since = [min(t - edges[k] for k in hot if edges[k] < t) for t in plan.draws_ns[7:]]
    assert min(since) > SWING.settling_ns - 0.01


def test_time_at_each_level():
    time = dict.fromkeys((1.0, 0.8, 0.2), 0.0)
    for part in planned(70).parts:
        time[round(part.beta, 6)] += part.duration_ns
    whole = 2.0 + 9 * 40.0 + 24.0  # nine periods and the draws of the tenth
    assert sum(time.values()) == pytest.approx(whole)
    # Nine hot parts, each edge rounded to steps of 8 ps.
    assert time[0.8] == pytest.approx(9 * 20.0 / 3, abs=9 * 0.016)
    assert time[0.2] == pytest.approx(9 * 10.0 / 3, abs=9 * 0.016)


@pytest.mark.parametrize("swing", [SWING, None])
@pytest.mark.parametrize("n_first", [1, 6, 7, 8, 15])
def test_a_plan_in_two_runs_is_the_plan_in_one(swing, n_first):
    whole, first = planned(30, swing=swing), planned(n_first, swing=swing)
    second = planned(30 - n_first, first.last, swing)
    shift = first.draws_ns[-1] - 2.0
    assert second.draws_ns + shift == pytest.approx(whole.draws_ns[n_first:])

    def hot(plan):
        return sum(part.duration_ns for part in plan.parts if part.beta < 1.0)

    assert hot(first) + hot(second) == pytest.approx(hot(whole), abs=0.1)
    total = sum(part.duration_ns for part in first.parts + second.parts)
    assert total == pytest.approx(whole.draws_ns[-1])


def test_interval_is_the_laser_time_per_draw():
    lasers = Lasers(tempering=SWING, interval_ns=4.0)
    assert lasers.draw_interval_ns == pytest.approx(40.0 / 7)
    assert lasers.draws_in(400.0) == 70
    samples = lasers.sample(MACHINE, 14, n_chains=2, seed=1)
    assert samples.interval_ns == lasers.draw_interval_ns
    assert samples.spikes is not None
    assert samples.spikes.duration_ns == pytest.approx(2.5 + 40.0 + 24.0)


def test_draws_have_the_law_of_the_machine():
    """Of one mode: where there are no barriers tempering does no harm. And the hot part is hot."""
    target = exact_distribution(MACHINE)

    def divergence(swing, n_draws):
        samples = Lasers(tempering=swing, interval_ns=2.0).sample(
            MACHINE, n_draws, n_chains=24, seed=4
        )
        floor = kl_floor(target.size, distribution_ess(samples.states))
        return kl_divergence(samples.histogram(), target) - floor, floor

    found, floor = divergence(SWING, 600)
    # Plain lasers are off by 0.0010 here (in RESULTS.md machines have a median of 0.00115 and
    # a worst of 0.0024); chance adds some 0.0005, of a floor of 0.0006. Three times that fails.
    assert floor < 0.001
    assert found < 0.003
    # The test can fail: as good as no settling, and nearly all of it hot.
    hot = Tempering(period_ns=10.0, hot_fraction=0.9, lowest_beta=0.0, steps=1, settling_ns=0.0)
    assert divergence(hot, 60)[0] > 0.05


def test_chains_go_on_within_their_period():
    lasers = Lasers(tempering=SWING, interval_ns=4.0)
    first = lasers.sample(MACHINE, 9, n_chains=2, seed=1)
    assert first.end is not None
    assert first.end["draw_of_period"].tolist() == [1]
    second = lasers.sample(MACHINE, 5, n_chains=2, seed=2, start=first.end)
    assert second.end is not None and second.spikes is not None
    assert second.end["draw_of_period"].tolist() == [6]
    # From a refractory time before the last draw, spikes of five draws 4 ns apart.
    assert second.spikes.duration_ns == pytest.approx(2.5 + 20.0)
    third = lasers.sample(MACHINE, 1, n_chains=2, seed=3, start=second.end)
    assert third.spikes is not None
    assert third.spikes.duration_ns == pytest.approx(2.5 + 16.0)
    with pytest.raises(InputError, match="draw_of_period"):
        Lasers(interval_ns=4.0).sample(MACHINE, 9, n_chains=2, seed=1, start=first.end)


@pytest.mark.parametrize("swing", [None, SWING], ids=["plain", "tempered"])
def test_a_barrier_is_crossed_more_often_with_tempering(swing):
    """Two groups of four lasers, one on and one off: changes per us, plain and tempered."""
    machine = two_modes(4)
    samples = Lasers(tempering=swing, interval_ns=2.5, n_threads=1).sample(
        machine, 250, n_chains=16, seed=2
    )
    balance = samples.states[:, :, :4].sum(axis=2) - samples.states[:, :, 4:].sum(axis=2)
    # Modes are balance > 2 and balance < -2; what is between belongs to the mode before.
    switches = sum(np.count_nonzero(np.diff(b[np.abs(b) > 2] > 0)) for b in balance)
    assert samples.interval_ns is not None
    duration_us = 16 * 250 * samples.interval_ns * 1e-3
    rate = switches / duration_us
    assert rate < 4.0 if swing is None else rate > 8.0


def two_modes(n, within=2.0, between=-2.0):
    """Two groups that support themselves and suppress each other; the mean drive is balanced."""
    sign = np.repeat([1.0, -1.0], n)
    weights = np.where(np.outer(sign, sign) > 0, within, between)
    np.fill_diagonal(weights, 0.0)
    return BoltzmannMachine(weights, -0.5 * weights.sum(axis=1))


def test_a_period_without_draws_is_refused():
    with pytest.raises(InputError, match="settling_ns: got 30, expected less than the 30 ns"):
        Tempering(period_ns=40.0, hot_fraction=0.25, settling_ns=30.0)
    with pytest.raises(InputError, match="lowest_beta"):
        Tempering(lowest_beta=1.0)
