import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import lasersampling
from lasersampling.cli import main
from lasersampling.errors import InputError, LaserSamplingError, Problem

HEAVY = ("arviz_stats", "h5py", "matplotlib", "numba", "numpy", "pydantic", "scipy", "torch")


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "lasersampling", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background of a shell ignores Ctrl-C, and children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            InputError([Problem("a", "1", "2"), Problem("b", "3", "4")]),
            2,
            "lasersampling: bad input: a: got 1, expected 2\n"
            "lasersampling: bad input: b: got 3, expected 4\n",
        ),
        (LaserSamplingError("it broke"), 1, "lasersampling: failed: it broke\n"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "lasersampling: failed: [Errno 28] No space left on device\n",
        ),
        (
            MemoryError(),
            2,
            "lasersampling: bad input: more was asked for than fits into memory; "
            "ask for less at a time\n",
        ),
        (KeyboardInterrupt(), 130, "lasersampling: interrupted: stopped by the keyboard\n"),
    ],
)
def test_exit_codes(error, code, text, monkeypatch):
    def fail(path):
        raise error

    monkeypatch.setattr("lasersampling.cli.info._find", fail)
    result = CliRunner().invoke(main.app, ["info", "x"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", text)


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["info"], ["info", "a", "b"], ["sample", "m", "--draws", "x"], ["info", "--no"]],
)
def test_usage_errors(arguments):
    result = CliRunner().invoke(main.app, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage: " in result.stderr


def test_help_names_every_command_and_loads_nothing_heavy():
    code = (
        "import sys\nfrom lasersampling.cli.main import main\n"
        "sys.argv = ['lasersampling', '--help']\n"
        f"try: main()\nfinally: print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("simulate", "calibrate", "sample", "info"):
        assert f" {command} " in done.stdout
    assert done.stdout.endswith("[]\n")


def test_version():
    result = CliRunner().invoke(main.app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"{lasersampling.__version__}\n")


def test_ctrl_c_stops_a_long_run_and_leaves_no_file(machine_file):
    process = start(
        "sample", machine_file, "--sampler", "gibbs", "--draws", 4000, "--out", "run.h5",
        "--set", "thin=20000",
    )  # fmt: skip
    deadline = time.monotonic() + 300  # a busy machine imports for long
    while not Path(".run.h5.lock").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(3.0)  # by now it samples, for some twenty seconds if it is let
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    told = "stopped by the keyboard; nothing is kept yet; the same command begins anew\n"
    assert err.endswith(told)
    assert out == ""
    assert [path.name for path in Path().iterdir()] == ["machine.toml"]


def test_reader_that_goes_away_gets_no_traceback(machine_file):
    process = start("info", machine_file)
    process.stdout.close()
    err = process.stderr.read()
    process.wait(timeout=300)
    process.stderr.close()
    assert "Traceback" not in err
