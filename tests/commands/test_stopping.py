import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.commands.reporting import Reporter
from lasersampling.commands.stopping import Stopped, stopped_by_signals


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_is_raised_where_the_program_is_and_then_ignored(name):
    number = getattr(signal, name)
    before = signal.signal(number, signal.SIG_DFL)  # under nohup SIGHUP would be ignored
    try:
        with pytest.raises(Stopped, match=name), stopped_by_signals():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)  # nothing breaks into the cleaning up
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_what_the_caller_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_run_that_is_told_to_end_cleans_up_and_ends_like_ctrl_c(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    save_machine("machine.toml", BoltzmannMachine.random(3, seed=4))
    process = subprocess.Popen(
        [sys.executable, "-m", "lasersampling", "sample", "machine.toml", "--sampler", "gibbs",
         "--draws", "40000", "--out", "run.h5", "--set", "thin=20000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stderr is not None
    told = next((line for line in process.stderr if line.startswith("sampling:")), "")
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=120)
    assert told, err
    assert process.returncode == 130, err
    told = "nothing is kept yet; the same command begins anew"
    assert err.endswith(f"lasersampling: interrupted: stopped by {name}; {told}\n")
    assert out == ""
    assert [path.name for path in Path().iterdir()] == ["machine.toml"]


@pytest.mark.parametrize(("name", "kind"), [("SIGINT", KeyboardInterrupt), ("SIGTERM", Stopped)])
def test_a_stop_that_compiled_code_swallows_is_raised_at_the_next_step(name, kind):
    """As ctypes does with what is raised in a callback: it is told of, and then forgotten."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        swallowed(name, kind)
    finally:
        signal.signal(signal.SIGINT, before)


def swallowed(name, kind):
    with stopped_by_signals(), Reporter(quiet=True, as_json=False).progress("work") as step:
        step(0.1)
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(getattr(signal, name))
        with pytest.raises(kind):
            step(0.2)
        step(0.3)  # once for each signal
