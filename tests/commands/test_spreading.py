import pytest

from lasersampling.commands.spreading import workers_of
from lasersampling.errors import InputError
from lasersampling.workers import Processes
from lasersampling.workers.slurm import Slurm


def test_processes_are_the_usual_workers():
    assert workers_of(None, None, None, otherwise=3) == Processes(3)
    assert workers_of(2, None, None, otherwise=3) == Processes(2)


def test_jobs_have_parameters(monkeypatch):
    monkeypatch.setattr(Slurm, "check", lambda self: None)
    made = workers_of(None, None, "jobs=8,timeout_min=600,slurm_partition=cpu")
    assert made == Slurm(8, {"timeout_min": 600, "slurm_partition": "cpu"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, "tcp://a:1", None), "--workers: got beside --scheduler, expected one of them"),
        ((None, "tcp://a:1", "jobs=1"), "--scheduler: got beside --slurm"),
        ((None, None, "8"), "--slurm: got '8', expected jobs=N"),
        ((None, None, "timeout_min=3"), "--slurm: got 'timeout_min=3', expected jobs=N among"),
        ((None, None, "jobs=0"), "--slurm: got 'jobs=0', expected jobs=N among others"),
        ((None, None, "jobs=x"), "--slurm: got 'jobs=x', expected jobs=N among others"),
        ((None, None, "jobs=1,jobs=2"), "--slurm: got 'jobs=2', expected jobs=N, and"),
        ((None, None, "jobs=1,"), "--slurm: got '', expected jobs=N"),
    ],
)
def test_bad_options_are_told(arguments, message):
    with pytest.raises(InputError) as caught:
        workers_of(*arguments)
    assert str(caught.value).startswith(message)
