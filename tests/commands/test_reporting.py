import io
import json
import sys
import warnings

import pytest
from numba.core import event
from rich.console import Console

from lasersampling.commands.progress import Bar, Lines, Pace
from lasersampling.commands.reporting import Reporter
from lasersampling.compile_clock import CompileClock


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar_on_a_terminal_only_when_there_is_progress(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    reporter = Reporter(quiet=False, as_json=False)
    with reporter.progress("resting"):
        pass
    assert terminal.getvalue() == ""
    with reporter.progress("sampling") as progress:
        progress(0.5)
        progress(1.0)
    assert "sampling" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_occasional_lines_elsewhere(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Reporter(quiet=False, as_json=False).progress("sampling") as progress:
        for now[0], fraction in ((5, 0.1), (20, 0.4), (25, 0.5), (40, 0.8)):
            progress(fraction)
    assert capsys.readouterr().err == "sampling: 40%, 30 s left\nsampling: 80%, 10 s left\n"


@pytest.mark.parametrize("quiet", [True, False])
def test_long_work_of_which_nothing_is_kept_is_warned_of_once(monkeypatch, quiet):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    reporter = Reporter(quiet=quiet, as_json=False)

    def warned(*seconds):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            now[0] = 0.0
            with reporter.progress("simulating") as progress:
                for now[0] in seconds:
                    progress(now[0] / 1e5)
        return [str(one.message) for one in told]

    assert warned(1, 8, 20) == []  # a file keeps it
    reporter.nothing_is_kept()
    assert warned(1, 3) == []  # not known yet
    (line,) = warned(1, 8, 20)
    assert line.startswith("about 28 h are left, and nothing of this run is kept if it is stopped")
    assert "--out FILE.h5" in line
    assert warned(1, 8, 20) == []


def test_work_of_some_minutes_is_not_warned_of(monkeypatch, recwarn):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    reporter = Reporter(quiet=True, as_json=False)
    reporter.nothing_is_kept()
    with reporter.progress("simulating") as progress:
        for now[0] in (1, 8, 20):
            progress(now[0] / 600)
    assert not recwarn


def test_quiet_says_nothing_but_the_result(capsys):
    reporter = Reporter(quiet=True, as_json=True)
    reporter.status("working")
    with reporter.progress("sampling") as progress:
        progress(0.5)
    reporter.result({"x": [1.0, float("nan")], "y": {"z": float("-inf")}}, "table")
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == {"x": [1.0, None], "y": {"z": None}}


def test_time_left_follows_recent_speed_and_is_unknown_at_first_and_after_a_halt():
    pace = Pace()
    pace.add(0.0, 0.001)
    pace.add(2.0, 0.002)  # compiling: hours, by this speed
    assert pace.left_s(2.0) is None
    for now in range(10, 71):
        pace.add(float(now), (now - 2) / 100)
    assert pace.left_s(70.0) == pytest.approx(32.0)
    left_s = pace.left_s(80.0)
    assert left_s is not None
    assert left_s > 32.0  # it has come to a halt, which is no progress
    assert pace.left_s(101.0) is None
    pace.add(102.0, 0.1)  # begun anew
    assert pace.left_s(102.0) is None


def test_work_that_says_nothing_or_is_done_is_told_of(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Reporter(quiet=False, as_json=False).progress("judging") as progress:
        assert isinstance(progress, Lines)
        for now[0] in (2.0, 4.0, 9.0, 15.0):
            progress.tick(now[0])
        now[0] = 16.0
        progress(1.0)
        for now[0] in (17.0, 20.0):
            progress.tick(now[0])
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == ["judging: 4 s so far", "judging: 15 s so far"]
    assert told[2] == "judging: finishing, 20 s so far"


def test_code_that_is_compiled_is_told_of(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Reporter(quiet=False, as_json=False).progress("training") as progress:
        assert isinstance(progress, Lines)
        with event.trigger_event("numba:compile"):
            now[0] = 4.0
            progress.tick(now[0])
        now[0] = 15.0
        progress.tick(now[0])
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "training: compiling, the first time only, 4 s so far",
        "training: 15 s so far",
    ]


def test_the_bar_tells_of_code_that_is_compiled(monkeypatch):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    monkeypatch.setattr("lasersampling.commands.progress.console", lambda stream: console)
    with (
        CompileClock() as clock,
        Bar("training", clock) as bar,
        event.trigger_event("numba:compile"),
    ):
        bar(0.0)
    assert "compiling, the first time only" in stream.getvalue()
