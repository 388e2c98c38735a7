"""A real cluster on this machine; see local_cluster.py."""

import gc
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from lasersampling.errors import InputError, LaserSamplingError, LaserSamplingWarning
from lasersampling.workers import Lost, Processes
from lasersampling.workers.cluster import Cluster
from lasersampling.workers.slurm import Slurm
from tests.workers.cluster_work import die, recorded, slow_square

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def test_pieces_are_done_by_a_cluster_whose_worker_and_scheduler_are_lost(cluster, tmp_path):
    """What is done is not done again, and what is not is done by those that are left."""
    cluster.start_scheduler()
    first = cluster.start_worker()
    cluster.start_worker()
    pieces = [(number, str(tmp_path)) for number in range(12)]
    found: dict[int, object] = {}
    begun: dict[int, int] = {}
    for place, result in Cluster(cluster.address).results(recorded, pieces):
        found[place] = result
        if len(found) == 2:
            first.kill()
            first.wait()
        if len(found) == 5:
            begun = {k: _tries(tmp_path, k) for k in found}
            cluster.scheduler.kill()
            cluster.scheduler.wait()
            threading.Timer(1.0, cluster.restart).start()
    assert found == {k: k for k in range(12)}
    assert {k: _tries(tmp_path, k) for k in begun} == begun
    # A piece is begun again only if its worker was lost, or the scheduler with its result: once for
    # each, and how many were on their way depends on how busy the machine is.
    assert max(_tries(tmp_path, k) for k in range(12)) <= 3


def test_pieces_may_come_while_others_are_done(cluster):
    cluster.start_scheduler()
    cluster.start_worker()
    assert Cluster(cluster.address).count == 1
    pieces, found = [0], dict[int, object]()
    for place, result in Cluster(cluster.address).results(slow_square, pieces):
        found[place] = result
        if len(pieces) < 5:
            pieces += [len(pieces), len(pieces) + 1]
    assert found == {k: k * k for k in range(5)}


def _tries(folder: Path, number: int) -> int:
    return len((folder / str(number)).read_text().splitlines())


def test_a_piece_that_ends_its_workers_is_given_up_and_the_rest_goes_on(cluster, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
    # A worker has no piece beside the one that it does, which would be taken for as guilty.
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION", "1.0")
    cluster.start_scheduler()
    for _ in range(6):
        cluster.start_worker()
    found = dict(Cluster(cluster.address).results(die, range(4)))
    lost = found.pop(1)
    assert isinstance(lost, Lost) and "the workers of a piece were lost" in lost.reason
    assert found == {0: 0, 2: 2, 3: 3}


def test_a_scheduler_without_workers_is_told_of_and_not_waited_for_without_end(
    cluster, monkeypatch
):
    for name, time_s in ("_ASK_S", 0.1), ("_TELL_S", 0.3), ("_RETURN_S", 1.0):
        monkeypatch.setattr(f"lasersampling.workers.cluster.{name}", time_s)
    cluster.start_scheduler()
    with (
        pytest.warns(LaserSamplingWarning, match="has no workers: pieces wait until one is there"),
        pytest.raises(LaserSamplingError, match=r"no workers for .* --resume"),
    ):
        list(Cluster(cluster.address).results(slow_square, range(2)))


def test_workers_that_are_expected_are_waited_for(cluster, monkeypatch):
    """Jobs may stand in a queue for longer than workers that were lost are waited for."""
    asked: list[bool] = []

    def expected():
        if not asked:
            cluster.start_worker()
        asked.append(True)
        return True

    monkeypatch.setattr("lasersampling.workers.cluster._ASK_S", 0.1)
    monkeypatch.setattr("lasersampling.workers.cluster._RETURN_S", 0.3)
    cluster.start_scheduler()
    found = dict(Cluster(cluster.address, expected).results(slow_square, range(2)))
    assert found == {0: 0, 1: 1}
    assert asked


def test_jobs_of_a_queue_are_workers(monkeypatch):
    """Slurm itself is not here: submitit starts processes in its place."""
    pytest.importorskip("submitit")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    found = dict(Slurm(2, system="local").results(slow_square, range(4)))
    assert found == dict(Processes(1).results(slow_square, range(4)))


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        (Cluster("nowhere"), "--scheduler: got 'nowhere': no host and port"),
        (Cluster("tcp://host:port"), "--scheduler: got 'tcp://host:port': no host and port"),
        (Cluster("tcp://:8786"), "--scheduler: got 'tcp://:8786': no host"),
        (Cluster("tcp://host:99999"), "--scheduler: got 'tcp://host:99999': the port 99999"),
        (Cluster("http://host:8786"), "--scheduler: got 'http://host:8786': the protocol 'http'"),
        (Cluster("tcp://127.0.0.1:1"), "--scheduler: got tcp://127.0.0.1:1, where no scheduler"),
        (Slurm(2), "--slurm: got"),
        (Slurm(1, {"cores_of_a_job": 3}, system="local"), "--slurm: got"),
    ],
)
def test_clusters_that_are_not_there_are_told(workers, message, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setattr("lasersampling.workers.cluster._CONNECT_S", 1.0)
    with pytest.raises(InputError) as caught:
        workers.check()
    assert str(caught.value).startswith(message)


def test_no_client_waits_for_an_address_of_another_form(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed.Client, "__init__", lambda *_, **__: pytest.fail("a client"))
    with pytest.raises(InputError, match="no host and port"):
        Cluster("foo").check()


def test_a_client_that_found_no_scheduler_is_closed_without_waiting(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("lasersampling.workers.cluster._CONNECT_S", 1.0)
    closed = []

    def told(client, timeout=None):
        closed.append(timeout)
        raise TimeoutError  # as when nobody answers; a message of this would be an error of a test

    monkeypatch.setattr(distributed.Client, "close", told)
    with pytest.raises(InputError, match="where no scheduler answers"):
        Cluster("tcp://127.0.0.1:1").check()
    gc.collect()
    assert closed
    assert all(timeout is not None and timeout <= 2 for timeout in closed)


def test_a_worker_with_other_code_is_refused(cluster, monkeypatch):
    cluster.start_scheduler()
    cluster.start_worker()
    end = time.monotonic() + 60
    here = os.getpid()
    monkeypatch.setattr(
        "lasersampling.workers.cluster.code_of_library",
        lambda: "one" if os.getpid() == here else "another",
    )
    while time.monotonic() < end:  # until the worker is there
        try:
            Cluster(cluster.address).check()
        except InputError as error:
            assert "a worker with another lasersampling" in str(error)
            return
    pytest.fail("the worker was not refused")


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'lasersampling\[cluster\]'"):
        Cluster("tcp://127.0.0.1:1").check()
