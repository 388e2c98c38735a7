"""Sweeps on a real cluster of processes of this machine, beside those on this machine alone."""

import threading
from dataclasses import replace

import pytest

import lasersampling as ls
from lasersampling.workers import Cluster

GIBBS = "sample random_five --sampler gibbs"


class Watched:
    """Workers, and what happens to them after so many pieces."""

    def __init__(self, workers, events):
        self.workers, self.events = workers, events

    @property
    def count(self):
        return self.workers.count

    def results(self, work, pieces):
        for count, found in enumerate(self.workers.results(work, pieces), start=1):
            yield found
            self.events.get(count, lambda: None)()


def bits(swept):
    return {
        cell: replace(outcome, wall_time_s=0.0).to_json()
        for cell, outcome in swept.outcomes.items()
    }


def lost(process):
    process.kill()
    process.wait()


def test_a_sweep_on_a_cluster_has_the_bits_of_one_on_this_machine(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cluster.start_scheduler()
    first = cluster.start_worker()
    cluster.start_worker()
    events = {2: lambda: lost(first)}
    over = {"draws": [20, 50, 100]}
    workers = Watched(Cluster(cluster.address), events)
    swept = ls.sweep(GIBBS, over, seeds=3, out="cluster.h5", workers=workers)
    alone = ls.sweep(GIBBS, over, seeds=3, out="alone.h5")
    assert bits(swept) == bits(alone) and not swept.failures


@pytest.mark.slow
@pytest.mark.parametrize("command", [GIBBS, "fit distribution --hidden 1"])
def test_bits_stay_if_workers_and_the_scheduler_are_lost(command, cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cluster.start_scheduler()
    first = cluster.start_worker()
    cluster.start_worker()

    def restart():
        lost(cluster.scheduler)
        threading.Timer(1.0, cluster.restart).start()

    key, values = ("draws", [20, 50, 100]) if command == GIBBS else ("learning.n_updates", [3, 5])
    workers = Watched(Cluster(cluster.address), {2: lambda: lost(first), 4: restart})
    swept = ls.sweep(command, {key: values}, seeds=5, out="cluster.h5", workers=workers)
    alone = ls.sweep(command, {key: values}, seeds=5, out="alone.h5", workers=2)
    assert bits(swept) == bits(alone) and not swept.failures
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
