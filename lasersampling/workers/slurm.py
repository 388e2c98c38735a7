"""Pieces of work on a machine that is shared through Slurm: its jobs are workers of a cluster.

This process runs the scheduler of `dask.distributed`. If it ends, so do the jobs.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lasersampling.checks import integer_problems, refuse
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.workers.cluster import Cluster, import_distributed
from lasersampling.workers.pieces import Lost

T = TypeVar("T")
R = TypeVar("R")

_MINUTES = 60


@dataclass(frozen=True)
class Slurm:
    """Workers that are jobs of Slurm, submitted by submitit.

    Attributes
    ----------
    jobs : int
        Number of jobs. Each does one piece at a time, with all cores that it has.
    parameters : mapping of str to int or str
        Parameters of the jobs as submitit names them, such as ``timeout_min``, ``cpus_per_task``,
        ``mem_gb`` and ``slurm_partition``; an hour if no time is given.
    system : "slurm" or "local"
        Where jobs run: "local" starts processes of this machine, to try it out.

    Raises
    ------
    InputError
        If the number of jobs is out of range. When pieces are to be done: if the extra `cluster` is
        missing, there is no Slurm, or it refuses a parameter.
    """

    jobs: int
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    system: str = "slurm"

    def __post_init__(self) -> None:
        refuse(integer_problems("jobs", self.jobs, 1))

    @property
    def count(self) -> int:
        """Number of jobs."""
        return self.jobs

    def results(
        self, work: Callable[[T], R], pieces: Sequence[T]
    ) -> Iterator[tuple[int, R | Lost]]:
        """Do pieces of work; see `Workers.results`."""
        if not pieces:
            return
        with self._cluster(min(self.jobs, len(pieces))) as cluster:
            yield from cluster.results(work, pieces)

    def check(self) -> None:
        """Find out whether jobs can be submitted.

        Raises
        ------
        InputError
            If not.
        """
        import_distributed()
        with tempfile.TemporaryDirectory(prefix="lasersampling-") as folder:
            self._executor(folder)

    @contextlib.contextmanager
    def _cluster(self, n_jobs: int) -> Iterator[Cluster]:
        """Start a scheduler here, and jobs that are its workers."""
        distributed = import_distributed()
        with tempfile.TemporaryDirectory(prefix="lasersampling-") as folder:
            executor = self._executor(folder)
            try:
                scheduler = distributed.LocalCluster(
                    n_workers=0, host=self._address, dashboard_address=":0", silence_logs=50
                )
            except OSError as error:
                raise LaserSamplingError(f"no scheduler could be started ({error})") from None
            with scheduler:
                address = scheduler.scheduler_address
                jobs = [executor.submit(be_worker, address) for _ in range(n_jobs)]
                try:
                    yield Cluster(address, lambda: not all(job.done() for job in jobs))
                finally:
                    for job in jobs:
                        with contextlib.suppress(Exception):
                            job.cancel()

    def _executor(self, folder: str) -> Any:
        try:
            import submitit
        except ModuleNotFoundError:
            expected = "submitit: python -m pip install 'lasersampling[cluster]'"
            raise InputError.single("--slurm", "no library for Slurm", expected) from None
        try:
            executor = submitit.AutoExecutor(folder, cluster=self.system)
            executor.update_parameters(**{"timeout_min": _MINUTES, **self.parameters})
        except (RuntimeError, NameError, TypeError, ValueError) as error:
            got = " ".join(str(error).split())[:200]
            expected = "a machine with Slurm, and parameters of submitit, such as timeout_min"
            raise InputError.single("--slurm", got, expected) from None
        return executor

    @property
    def _address(self) -> str:
        """Address of this machine, as the jobs see it."""
        distributed = import_distributed()
        return "127.0.0.1" if self.system == "local" else str(distributed.utils.get_ip())


def be_worker(address: str) -> int:
    """Be a worker of a scheduler, as the work of a job; ends when the scheduler does."""
    words = ["-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    limits = ["--no-dashboard", "--death-timeout", str(_MINUTES)]
    return subprocess.call([sys.executable, *words, *limits])
