import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.parallel import available_cores
from lasersampling.workers import Lost, Processes, finished


def square(number):
    return number * number


def test_pieces_may_come_while_others_are_done():
    for count in (1, 2, 3):
        pieces, found = [0, 1], dict[int, object]()
        for place, result in Processes(count).results(square, pieces):
            found[place] = result
            if len(pieces) < 6:
                pieces += [len(pieces), len(pieces) + 1]
        assert found == {k: k * k for k in range(6)}


def threads_and_cores(number):
    import torch

    return torch.get_num_threads(), len(os.sched_getaffinity(0)), os.environ["OMP_NUM_THREADS"]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen here")
@pytest.mark.parametrize("given", [None, "1"])
def test_libraries_use_no_more_threads_than_a_worker_has_cores(given, monkeypatch):
    """Threads of torch that share a core wait for each other in a loop, five times as long."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    for _, result in Processes(2).results(threads_and_cores, [0, 1]):
        assert not isinstance(result, Lost)
        threads, cores, told = result
        fewest = max(available_cores() // 2, 1)
        assert threads == (fewest if given is None else 1) <= cores
        assert told == str(threads)
    assert os.environ.get("OMP_NUM_THREADS") == given


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(place):
    """Kill the worker in the first try of a piece, which the file `place` remembers."""
    number, folder = place
    mark = Path(folder) / str(number)
    if number == 1 and not mark.exists():
        mark.touch()
        die(number)
    return number


def refuse(number):
    raise InputError.single("number", number, "another")


class Untold(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def fail(number):
    raise Untold(number, "two")


def cores_of(number):
    time.sleep(0.2)  # so that the other process gets its piece
    return sorted(os.sched_getaffinity(0))


def test_pieces_are_done_side_by_side_and_processes_end():
    before = set(multiprocessing.active_children())
    found = dict(Processes(2).results(square, range(5)))
    assert found == {0: 0, 1: 1, 2: 4, 3: 9, 4: 16}
    assert list(finished(Processes(1), square, range(3))) == [0, 1, 4]
    assert list(Processes(3).results(square, [])) == []
    assert set(multiprocessing.active_children()) == before


def test_a_lost_worker_costs_its_unfinished_piece_only(tmp_path):
    pieces = [(number, str(tmp_path)) for number in range(6)]
    assert dict(Processes(2).results(die_once, pieces)) == {k: k for k in range(6)}


def test_a_piece_that_ends_its_workers_is_given_up_and_the_rest_goes_on():
    found = dict(Processes(2).results(_die_of_three, range(6)))
    lost = found.pop(3)
    assert found == {k: k for k in (0, 1, 2, 4, 5)}
    assert isinstance(lost, Lost)
    expected = "the process of a piece was ended by SIGKILL, perhaps for want of memory, 3 times"
    assert lost.reason == expected


def _die_of_three(number):
    return die(number) if number == 3 else number


def test_where_no_piece_may_be_lost_a_killed_process_is_an_error():
    with pytest.raises(LaserSamplingError, match="ended by SIGKILL.*3 times"):
        list(finished(Processes(2), die, range(3)))


@pytest.mark.parametrize("count", [1, 2])
def test_what_a_piece_raises_is_raised(count):
    with pytest.raises(InputError, match="number: got 0"):
        list(Processes(count).results(refuse, [0, 0]))
    assert not multiprocessing.active_children()


def test_an_exception_that_does_not_travel_is_told_in_words():
    with pytest.raises(LaserSamplingError, match="Untold: 0 and two"):
        list(Processes(2).results(fail, [0, 0]))


def test_processes_share_the_cores():
    known = sorted(os.sched_getaffinity(0))
    shares = list(finished(Processes(2), cores_of, range(2)))
    assert sorted({core for share in shares for core in share}) == known
    if len(known) > 1:
        assert not set(shares[0]) & set(shares[1])


def test_processes_end_if_the_one_that_started_them_is_killed(tmp_path):
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_processes import wait_long
from lasersampling.workers import Processes
if __name__ == "__main__":
    list(Processes(2).results(wait_long, [{str(tmp_path)!r}] * 2))
"""
    script = tmp_path / "script.py"
    script.write_text(program)
    parent = subprocess.Popen([sys.executable, str(script)])
    workers: set[int] = set()
    while len(workers) < 2:
        assert parent.poll() is None
        time.sleep(0.05)
        workers = {int(path.name) for path in tmp_path.glob("[0-9]*")}
    parent.kill()
    parent.wait()
    end = time.monotonic() + 30
    while any(_is_alive(worker) for worker in workers) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(_is_alive(worker) for worker in workers)


def wait_long(folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def _is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_number_of_workers_is_checked():
    with pytest.raises(InputError, match="workers: got 0, expected a whole number of at least 1"):
        Processes(0)
