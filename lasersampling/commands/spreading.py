"""Options of commands and experiments say who does their pieces of work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lasersampling.errors import InputError

if TYPE_CHECKING:
    from lasersampling.workers import Workers

_PANEL = "Settings"

ProcessCount = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        max=1024,
        help="Number of processes of this machine that share the work. By default a sweep has one "
        "for each core; other commands do all in their own process.",
        rich_help_panel=_PANEL,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Scheduler of dask.distributed, such as tcp://10.0.0.1:8786, whose workers do the "
        "work. Needs the extra cluster.",
        rich_help_panel=_PANEL,
    ),
]
SlurmJobs = Annotated[
    str | None,
    typer.Option(
        "--slurm",
        metavar="jobs=N,...",
        help="Jobs of Slurm that do the work: their number, and parameters of submitit, such as "
        "jobs=8,timeout_min=600. Needs the extra cluster.",
        rich_help_panel=_PANEL,
    ),
]


def workers_of(
    workers: int | None, scheduler: str | None, slurm: str | None, *, otherwise: int = 1
) -> Workers:
    """Give the workers that options name, after a check whether they are there.

    Parameters
    ----------
    workers : int or None
        Number of processes of this machine.
    scheduler : str or None
        Address of a scheduler.
    slurm : str or None
        Jobs of Slurm.
    otherwise : int
        Number of processes if none of these is given.

    Raises
    ------
    InputError
        If more than one is given, or they cannot be used.

    Examples
    --------
    >>> workers_of(2, None, None)
    Processes(count=2)
    """
    from lasersampling.workers import Processes
    from lasersampling.workers.cluster import Cluster

    given = {"--workers": workers, "--scheduler": scheduler, "--slurm": slurm}
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise InputError.single(named[0], f"beside {', '.join(named[1:])}", "one of them")
    if scheduler is not None:
        cluster = Cluster(scheduler)
        cluster.check()
        return cluster
    if slurm is not None:
        from lasersampling.workers.slurm import Slurm

        jobs, parameters = _jobs_of(slurm)
        queue = Slurm(jobs, parameters)
        queue.check()
        return queue
    return Processes(otherwise if workers is None else workers)


def _jobs_of(text: str) -> tuple[int, dict[str, int | str]]:
    """Read what stands behind ``--slurm``."""
    parameters: dict[str, int | str] = {}
    for part in text.split(","):
        key, separator, value = part.partition("=")
        if not separator or not key.strip() or not value.strip() or key.strip() in parameters:
            expected = "jobs=N, and parameters of submitit, each once, such as timeout_min=600"
            raise InputError.single("--slurm", repr(part), expected)
        parameters[key.strip()] = int(value) if value.strip().isdecimal() else value.strip()
    jobs = parameters.pop("jobs", None)
    if not isinstance(jobs, int) or jobs < 1:
        raise InputError.single("--slurm", repr(text), "jobs=N among others, with N of at least 1")
    return jobs, parameters
