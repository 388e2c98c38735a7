"""Measurements that need a process of their own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def alone(work: Callable[[T], R], job: T, *, of_memory: bool = False) -> R:
    """Do a job in a process that does nothing else.

    For measurements of memory, arrays are returned to the system at once, so that memory that was
    free before is counted; they lie at other places then, and some take longer.
    """
    name = "MALLOC_MMAP_THRESHOLD_"  # of glibc
    before = os.environ.get(name)
    if of_memory:
        os.environ[name] = "65536"
    try:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return pool.apply(work, (job,))
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def largest_memory_bytes() -> float:
    """Return the largest resident memory that this process has had [byte]."""
    unit = 1.0 if sys.platform == "darwin" else 1024.0  # what ru_maxrss counts in
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
