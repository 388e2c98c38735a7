"""Measurements that need a process of their own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def one_by_one(work: Callable[[T], R], jobs: Sequence[T]) -> Iterator[R]:
    """Do jobs one after the other, each in a process that does nothing else."""
    # glibc returns arrays to the system at once, so that memory that was free before is counted.
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "65536"
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        yield from pool.imap(work, jobs)


def largest_memory_bytes() -> float:
    """Return the largest resident memory that this process has had [byte]."""
    unit = 1.0 if sys.platform == "darwin" else 1024.0  # what ru_maxrss counts in
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
