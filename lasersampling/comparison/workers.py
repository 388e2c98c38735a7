"""Pieces of work in processes of their own, which share the cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, TypeVar

from lasersampling.errors import LaserSamplingError

if TYPE_CHECKING:
    from multiprocessing import Queue

T = TypeVar("T")
R = TypeVar("R")


def in_processes(work: Callable[[T], R], pieces: Sequence[T], n_workers: int) -> Iterator[R]:
    """Do pieces of work, in this process if there is one worker.

    Parameters
    ----------
    work : callable
        Does a piece; it stands in a module, as all that is sent to processes.
    pieces : sequence
        The pieces.
    n_workers : int
        Number of processes. Each may use an equal share of the cores. They end at once if the
        results are no longer asked for, because of an error or of Ctrl-C.

    Yields
    ------
    object
        What `work` returns, in the order in which pieces are done.

    Raises
    ------
    LaserSamplingError
        If a process is ended from outside.
    """
    n_workers = min(n_workers, len(pieces))
    if n_workers <= 1:
        yield from map(work, pieces)
        return
    context = multiprocessing.get_context("spawn")  # threads do not survive a fork
    others = set(multiprocessing.active_children())
    shares: Queue[list[int]] = context.Queue()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    for k in range(n_workers):
        shares.put(cores[k % len(cores) :: n_workers] if cores else [])
    executor = ProcessPoolExecutor(n_workers, context, _take_share, (shares,))
    try:
        for done in as_completed([executor.submit(work, piece) for piece in pieces]):
            yield done.result()
    except BrokenProcessPool:
        raise LaserSamplingError(
            "a process that trains was ended from outside, perhaps for want of memory: take fewer "
            "workers, and go on from what is done with --resume"
        ) from None
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()


def _take_share(shares: Queue[list[int]]) -> None:
    share = shares.get()
    if share:
        os.sched_setaffinity(0, share)
