"""Chains that are spread have the bits of the sampler alone, whoever draws them."""

import os
import signal
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import AccuracyWarning, InputError, LaserSamplingError
from lasersampling.hardware import Drift, Imperfections, load_imperfections
from lasersampling.keeping import keeping
from lasersampling.lasers.depression import Depression
from lasersampling.sampling import Gibbs
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.neurons.substrate import LaserSubstrate
from lasersampling.sampling.neurons.tempering import Tempering
from lasersampling.sampling.pieces import Pieces
from lasersampling.sampling.renewal.hazard_measurement import HazardSettings
from lasersampling.sampling.renewal.sampler import Renewal
from lasersampling.sampling.spread import Spread
from lasersampling.sampling.substrate_sampler import SubstrateSampler
from lasersampling.workers import Cluster, Lost

MACHINE = BoltzmannMachine.random(3, seed=4)
CLAMPED = np.array(
    [[-1, 1, -1], [1, 0, 1], [-1, -1, 0], [-1, 1, -1], [-1, -1, -1], [-1, 0, -1], [-1, -1, 0]],
    dtype=np.int8,
)
"""Of seven chains, some have the same free units, and one has none."""

HARSH = load_imperfections("harsh")
DRIFT = Drift(std=0.02, correlation_time_ns=20.0)
"""It changes within the few ns of these runs."""

NOISY = replace(HARSH, dead=0.0, pump=replace(HARSH.pump, drift=DRIFT))
QUICK: dict[str, Any] = {"burn_in_ns": 10.0}
SAMPLERS: dict[str, Any] = {
    "gibbs": Gibbs(),
    "lasers": Lasers("D6", **QUICK),
    "lasers, noisy": Lasers("D6", imperfections=NOISY, **QUICK),
    "lasers, held by pumps": Lasers("D6", clamping="pump", imperfections=NOISY, **QUICK),
    "lasers, tempered": Lasers(
        "D6", tempering=Tempering(20.0, 0.4, settling_ns=2.0), imperfections=NOISY, **QUICK
    ),
    "lasers, tired synapses": Lasers("D6", depression=Depression(0.2, 20.0), **QUICK),
    "lasers of one trial": Lasers("D6", imperfections=NOISY, trial_seed=3, **QUICK),
    "other lasers": Lasers("D2", **QUICK),
    "renewal": Renewal(Lasers("D6", **QUICK), HazardSettings(0, 8, 2000.0, 150.0)),
}


@pytest.fixture(params=SAMPLERS)
def sampler(request):
    return SAMPLERS[request.param]


def assert_equal(one, other):
    assert np.array_equal(one.states, other.states)
    about = "sampler", "seed", "interval_ns"
    assert [getattr(one, name) for name in about] == [getattr(other, name) for name in about]
    assert (one.spikes is None) == (other.spikes is None)
    if one.spikes is not None:
        assert one.spikes.extent == other.spikes.extent
        for name in ("time_ns", "unit", "chain_offset"):
            assert np.array_equal(getattr(one.spikes, name), getattr(other.spikes, name))
    assert set(one.end) == set(other.end)
    for name in one.end:
        assert one.end[name].dtype == other.end[name].dtype, name
        assert np.array_equal(one.end[name], other.end[name]), name


class LastFirst:
    """Workers that do the newest piece first, which is as unfair as can be."""

    count = 3

    def results(self, work, pieces):
        done = set[int]()
        while left := [k for k in range(len(pieces)) if k not in done]:
            done.add(left[-1])
            yield left[-1], work(pieces[left[-1]])


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_draws_are_those_of_the_sampler_alone(sampler, size):
    request: dict[str, Any] = {"n_chains": 7, "clamped": CLAMPED}
    spread = Spread(sampler, LastFirst(), size)
    alone = sampler.sample(MACHINE, 20, seed=7, **request)
    before = spread.sample(MACHINE, 20, seed=7, **request)
    assert_equal(before, alone)
    assert len(set(map(bytes, before.states))) > 3
    # Chains go on from what either has drawn.
    after = spread.sample(MACHINE, 15, seed=8, start=alone.end, **request)
    assert_equal(after, sampler.sample(MACHINE, 15, seed=8, start=before.end, **request))


def test_pieces_of_long_runs_are_those_of_the_sampler_alone(sampler, monkeypatch):
    monkeypatch.setattr("lasersampling.sampling.pieces.VALUES_PER_PIECE", 21 * 16)
    alone = Pieces(sampler, MACHINE, 90, 7, CLAMPED, seed=7)
    spread = Pieces(Spread(sampler, LastFirst()), MACHINE, 90, 7, CLAMPED, seed=7)
    assert spread.lengths == alone.lengths and len(alone.lengths) > 4
    for one, other in zip(spread.drawn(), alone.drawn(), strict=True):
        assert_equal(one, other)
    assert_equal(spread.whole(), alone.whole())


class Kept:
    """Keeps steps in memory; some of them are lost."""

    def __init__(self, lost):
        self.steps, self.lost, self.place, self.computed = {}, lost, 0, []

    def step(self, name, compute, of):
        place, self.place = self.place, self.place + 1
        if place not in self.steps or place in self.lost:
            self.computed.append(place)
            self.steps[place] = compute()
        return self.steps[place]


@pytest.mark.parametrize("lost", [{4, 5, 6}, {1, 3}, {0}, set()])
def test_a_run_that_was_stopped_goes_on_spread(lost, monkeypatch):
    monkeypatch.setattr("lasersampling.sampling.pieces.VALUES_PER_PIECE", 21 * 16)
    run = Pieces(Gibbs(), MACHINE, 110, 7, CLAMPED, seed=7)
    keeper: Any = Kept(lost)
    with keeping(keeper):
        before = list(run.drawn())
        keeper.place, keeper.computed = 0, []
        seen: list[float] = []
        spread = Pieces(Spread(Gibbs(), LastFirst()), MACHINE, 110, 7, CLAMPED, seed=7)
        after = list(spread.drawn(seen.append))
    for one, other in zip(after, before, strict=True):
        assert_equal(one, other)
    assert keeper.computed == sorted(lost)
    assert (seen == sorted(seen) and seen[-1] == 1.0) or len(lost) < 3


@pytest.mark.parametrize("name", ["gibbs", "lasers, noisy"])
def test_processes_draw_the_same(name, monkeypatch):
    monkeypatch.setattr("lasersampling.sampling.pieces.VALUES_PER_PIECE", 21 * 16)
    sampler = SAMPLERS[name]
    spread = Pieces(Spread(sampler, 2), MACHINE, 90, 7, CLAMPED, seed=7).whole()
    assert_equal(spread, Pieces(sampler, MACHINE, 90, 7, CLAMPED, seed=7).whole())


@dataclass(frozen=True)
class Dying(Gibbs):
    """Ends its process once, when it is to go on with chain 2."""

    mark: str = ""

    def sample_chains(self, request, chains, start=None, progress=None):
        if 2 in chains and start is not None and not Path(self.mark).exists():
            Path(self.mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().sample_chains(request, chains, start, progress)


def test_a_worker_that_is_lost_changes_no_bit(tmp_path, monkeypatch):
    monkeypatch.setattr("lasersampling.sampling.pieces.VALUES_PER_PIECE", 21 * 16)
    mark = tmp_path / "lost"
    run = Pieces(Spread(Dying(mark=str(mark)), 2), MACHINE, 90, 7, CLAMPED, seed=7)
    assert_equal(run.whole(), Pieces(Gibbs(), MACHINE, 90, 7, CLAMPED, seed=7).whole())
    assert mark.exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_cluster_whose_worker_is_lost_draws_the_same(name, cluster, monkeypatch):
    """Workers do not see that pieces are short here: steps are made by the process that asks."""
    monkeypatch.setattr("lasersampling.sampling.pieces.VALUES_PER_PIECE", 21 * 16)
    cluster.start_scheduler()
    first = cluster.start_worker()
    cluster.start_worker()
    sampler = SAMPLERS[name]
    run = Pieces(Spread(sampler, Cluster(cluster.address), 2), MACHINE, 200, 7, CLAMPED, seed=7)
    drawn = run.drawn()
    pieces = [next(drawn)]
    first.kill()
    first.wait()
    pieces += drawn
    alone = Pieces(sampler, MACHINE, 200, 7, CLAMPED, seed=7).drawn()
    for one, other in zip(pieces, alone, strict=True):
        assert_equal(one, other)


def test_steps_that_wait_for_others_are_few(monkeypatch):
    """A worker that is slow does not let the others fill the memory."""
    monkeypatch.setattr("lasersampling.sampling.pieces.VALUES_PER_PIECE", 21 * 16)
    given: list[int] = []

    class FirstIsSlow(LastFirst):
        def results(self, work, pieces):
            for place, result in super().results(work, pieces):
                given.append(place)
                yield place, result

    run = Pieces(Spread(Gibbs(), FirstIsSlow()), MACHINE, 16 * 40, 7, seed=7)
    drawn = run.drawn()
    next(drawn)
    # Three groups, three steps at a time: the first step is complete when two groups are at most
    # two pieces ahead of the last.
    assert len(given) <= 5
    assert sum(piece.n_draws for piece in drawn) == 16 * 39


def test_a_state_that_does_not_fit_is_refused(sampler):
    before = sampler.sample(MACHINE, 5, n_chains=7, clamped=CLAMPED, seed=1)
    with pytest.raises(InputError, match="start"):
        Spread(sampler).sample(MACHINE, 5, n_chains=4, clamped=CLAMPED[:4], start=before.end)
    with pytest.raises(InputError, match="start"):
        Spread(sampler).sample(MACHINE, 5, n_chains=7, start={"pump": np.zeros((7, 3))})


def test_what_workers_warn_of_is_told_once():
    about = Imperfections(delay={"mismatch": {"mean": 0.0, "std": 0.01, "relative": False}})  # type: ignore[arg-type]
    spread = Spread(Lasers("D6", imperfections=about, burn_in_ns=1.0), chains_per_piece=1)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        spread.sample(BoltzmannMachine.random(12, seed=1), 2)
    assert {one.category for one in told} == {AccuracyWarning}
    assert any("delays of this chip are shorter" in str(one.message) for one in told)
    assert len({str(one.message) for one in told}) == len(told)


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
    together = SubstrateSampler(LaserSubstrate(Lasers("D6"), 3))
    with pytest.raises(InputError, match="got SubstrateSampler, which draws all chains"):
        Spread(together)  # type: ignore[arg-type]


def test_chains_that_are_lost_are_an_error():
    class Losing:
        count = 2

        def results(self, work, pieces):
            yield 0, Lost("the process of a piece was ended")

    with pytest.raises(LaserSamplingError, match="some chains could not be drawn: the process of"):
        Spread(Gibbs(), Losing()).sample(MACHINE, 5)
