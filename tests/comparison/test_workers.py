import multiprocessing
import os
import signal

import pytest

from lasersampling.comparison.workers import in_processes
from lasersampling.errors import LaserSamplingError


def square(number):
    return number * number


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def test_pieces_are_done_side_by_side_and_processes_end():
    before = set(multiprocessing.active_children())
    assert sorted(in_processes(square, range(5), 2)) == [0, 1, 4, 9, 16]
    assert list(in_processes(square, range(3), 1)) == [0, 1, 4]
    left = set(multiprocessing.active_children()) - before
    for child in left:
        child.join(10)
    assert not any(child.is_alive() for child in left)


def test_a_process_that_is_killed_is_told():
    with pytest.raises(LaserSamplingError, match="ended from outside"):
        list(in_processes(die, range(3), 2))
