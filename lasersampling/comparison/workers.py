"""Pieces of work in processes of their own, which share the cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

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
    """
    n_workers = min(n_workers, len(pieces))
    if n_workers <= 1:
        yield from map(work, pieces)
        return
    context = multiprocessing.get_context("spawn")  # threads do not survive a fork
    shares: Queue[list[int]] = context.Queue()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    for k in range(n_workers):
        shares.put(cores[k % len(cores) :: n_workers] if cores else [])
    with context.Pool(n_workers, _take_share, (shares,)) as pool:
        yield from pool.imap_unordered(work, pieces)


def _take_share(shares: Queue[list[int]]) -> None:
    share = shares.get()
    if share:
        os.sched_setaffinity(0, share)
