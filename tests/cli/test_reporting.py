import io
import json
import sys

from lasersampling.cli import progress as shown
from lasersampling.cli.reporting import Reporter


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar_on_a_terminal_only_when_there_is_progress(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    reporter = Reporter(quiet=False, as_json=False)
    with reporter.progress("resting"):
        pass
    assert sys.stderr.getvalue() == ""
    with reporter.progress("sampling") as progress:
        progress(0.5)
        progress(1.0)
    assert "sampling" in sys.stderr.getvalue()
    assert "100%" in sys.stderr.getvalue()


def test_occasional_lines_elsewhere(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    with Reporter(quiet=False, as_json=False).progress("sampling") as progress:
        for now[0], fraction in ((5, 0.1), (20, 0.4), (25, 0.5), (40, 0.8)):
            progress(fraction)
    assert capsys.readouterr().err == "sampling: 40%, 30 s left\nsampling: 80%, 10 s left\n"


def test_quiet_says_nothing_but_the_result(capsys):
    reporter = Reporter(quiet=True, as_json=True)
    reporter.status("working")
    with reporter.progress("sampling") as progress:
        progress(0.5)
    reporter.result({"x": [1.0, float("nan")], "y": {"z": float("-inf")}}, "table")
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == {"x": [1.0, None], "y": {"z": None}}
