import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, state_index
from lasersampling.judging import tally
from lasersampling.judging.samples import evaluate
from lasersampling.judging.tally import Tally
from lasersampling.sampling import Gibbs, Pieces, pieces
from lasersampling.sampling.neurons.sampler import Lasers

MACHINE = BoltzmannMachine.random(4, seed=2)


def tallied(run, free=None):
    made = Tally(run, np.arange(run.shape[2]) if free is None else free)
    for piece in run.drawn():
        made.add(piece)
    return made


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(pieces, "VALUES_PER_PIECE", 4 * 4 * 370)


def test_few_draws_are_held_and_judged_as_ever(short):
    run = Pieces(Gibbs(), MACHINE, 2000, seed=3)
    found = tallied(run)
    whole = run.whole()
    assert (found.every, found.told, found.counts) == (1, "", None)
    np.testing.assert_array_equal(found.samples.states, whole.states)
    new, old = found.evaluation(found.samples), evaluate(MACHINE, whole)
    np.testing.assert_array_equal(new.ess, old.ess)
    assert new.metrics().keys() == old.metrics().keys()


def test_of_many_draws_sums_are_taken_that_tell_the_same(short, monkeypatch):
    monkeypatch.setattr(tally, "MOST_VALUES", 4 * 4 * 1500)
    run = Pieces(Gibbs(), MACHINE, 9000, seed=3)
    found, whole = tallied(run), run.whole()
    assert found.every == 6
    held = found.samples
    np.testing.assert_array_equal(held.states, whole.states[:, ::6])
    new, old = found.evaluation(held), evaluate(MACHINE, whole)
    np.testing.assert_array_equal(new.mean, old.mean)
    np.testing.assert_allclose(new.r_hat, old.r_hat, rtol=1e-12)
    # Both estimate the same number, with a relative error of some 3 % each.
    np.testing.assert_allclose(new.ess, old.ess, rtol=0.2)
    counts = np.bincount(state_index(whole.states).ravel(), minlength=16)
    np.testing.assert_array_equal(found.counts, counts)
    assert new.exact is not None
    assert "One draw of 6 is held" in found.told


def test_spikes_are_counted_and_time_and_cost_are_those_of_all(short, monkeypatch):
    monkeypatch.setattr(tally, "MOST_DRAWS", 4 * 250)
    sampler = Lasers("D6")
    run = Pieces(sampler, MACHINE, 1000, seed=3)
    found, whole = tallied(run), run.whole()
    assert whole.spikes is not None
    np.testing.assert_array_equal(found.spikes.sum(axis=0), np.diff(whole.spikes.chain_offset))
    samples = found.samples
    assert samples.interval_ns == 4 * sampler.draw_interval_ns
    cost = found.of_all(samples.certificate(MACHINE, sampler=sampler)).cost
    assert cost is not None
    assert cost.laser_time_ns == pytest.approx(4 * 1000 * sampler.draw_interval_ns)


def test_clamped_units_are_left_out(short, monkeypatch):
    monkeypatch.setattr(tally, "MOST_VALUES", 4 * 4 * 500)
    held = [-1, 1, -1, -1]
    run = Pieces(Gibbs(), MACHINE, 2000, clamped=held, seed=3)
    found = tallied(run, np.array([0, 2, 3]))
    new, old = found.evaluation(found.samples), evaluate(MACHINE, run.whole(), held)
    np.testing.assert_array_equal(new.mean, old.mean)
    assert new.free.tolist() == [0, 2, 3]
