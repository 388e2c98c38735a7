"""How long numba compiles, and whether it does so now."""

import numba
import pytest
from numba.core import event

from lasersampling.compile_clock import CompileClock


@pytest.fixture
def now(monkeypatch):
    """A clock that stands until it is set."""
    told = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: told[0])
    monkeypatch.setattr("time.process_time", lambda: 2.0 * told[0])
    return told


def test_only_what_is_compiled_within_counts(now):
    with CompileClock() as clock:
        assert (clock.is_running, clock.seconds) == (False, 0.0)
        now[0] += 1.0
        with event.trigger_event("numba:compile"):
            now[0] += 2.0
            with event.trigger_event("numba:compile"):
                now[0] += 4.0
                assert (clock.is_running, clock.seconds) == (True, 6.0)
            assert clock.seconds == 6.0
        now[0] += 8.0
    assert (clock.is_running, clock.seconds, clock.processor_seconds) == (False, 6.0, 12.0)
    with event.trigger_event("numba:compile"):
        now[0] += 1.0
    assert clock.seconds == 6.0


def test_numba_tells_of_what_it_compiles():
    function = numba.njit(lambda x: x + 1)
    with CompileClock() as clock:
        function(1)
        first = clock.seconds
        function(2)
    assert clock.seconds == first > 0
