"""Work on several threads: their number, the progress, and results in order."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["Meter", "available_cores", "side_by_side"]

T = TypeVar("T")
R = TypeVar("R")


def available_cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Meter:
    """Adds up the progress of parallel work.

    Parameters
    ----------
    report : callable or None
        Called with the fraction done, by one thread at a time.
    total : float
        Total amount of work, in any unit.
    """

    def __init__(self, report: Callable[[float], None] | None, total: float) -> None:
        self._report, self._total, self._done = report, total, 0.0
        self._lock = threading.Lock()

    def add(self, amount: float) -> None:
        """Count work that was done, and report the fraction."""
        if self._report is None:
            return
        with self._lock:
            self._done += amount
            fraction = self._done / self._total
            # The parts add up to the whole within rounding.
            self._report(1.0 if fraction > 1.0 - 1e-9 else fraction)


def side_by_side(
    work: Callable[[T, threading.Event], R], parts: Sequence[T], n_threads: int
) -> list[R]:
    """Do the parts of some work on threads.

    Parameters
    ----------
    work : callable
        Does a part. It is given an event, and ends early once that is set, because another part has
        failed or the user has pressed Ctrl-C.
    parts : sequence
        The parts.
    n_threads : int
        Number of threads.

    Returns
    -------
    list
        Results of `work`, in the order of the parts.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(n_threads) as pool:
        futures = [pool.submit(work, part, stop) for part in parts]
        try:
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
