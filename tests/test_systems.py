"""Systems that lack something: locks of files, folders that can be written, cores."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(code, folder, **environment):
    told = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=told, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result


WITHOUT_LOCKS = """
import os, pathlib, signal, socket, sys
for name in ("fcntl", "resource", "termios", "pwd", "grp"):  # Windows has none of these
    sys.modules[name] = None
for module, name in ((signal, "SIGKILL"), (socket, "AF_UNIX"), (os, "killpg")):
    if hasattr(module, name):
        delattr(module, name)
import lasersampling.cli.main, lasersampling.sampling.renewal.sampler
from lasersampling import BoltzmannMachine, Gibbs, InputError, save_machine
from lasersampling.hardware.remote import RemoteSubstrate
from lasersampling.hardware.server import Server

machine = BoltzmannMachine.random(3, seed=1)
print(Gibbs().sample(machine, 100, seed=1).states.shape)

class Nothing:
    description = None

for refused in (
    lambda: save_machine("machine.toml", machine),
    lambda: RemoteSubstrate("unix:///tmp/nobody", retries=0),
    lambda: Server(Nothing(), "unix:///tmp/nobody"),
    lambda: RemoteSubstrate(["device"], retries=0),
):
    try:
        refused()
    except InputError as error:
        print(error)
print(list(pathlib.Path().iterdir()))
"""


def test_a_system_without_locks_computes_and_refuses_to_write(tmp_path):
    lines = run(WITHOUT_LOCKS, tmp_path).stdout.splitlines()
    assert lines[0] == "(4, 100, 3)"
    assert lines[1] == (
        f"machine.toml: got a system without locks of files ({sys.platform}), expected Linux or "
        "macOS, which writing files needs; under Windows, WSL is Linux"
    )
    assert lines[2] == lines[3]
    assert lines[2].startswith("address: got 'unix:///tmp/nobody' on a system without Unix sockets")
    assert "on a system without groups of processes" in lines[4]
    assert lines[5:] == ["[]"]


# Permissions do not hold a superuser, so the folders refuse where numba asks them.
NOTHING_CAN_BE_WRITTEN = """
import tempfile
def refuse(*arguments, **options):
    raise PermissionError(13, "Permission denied")
tempfile.TemporaryFile = refuse
import lasersampling.sampling.renewal.kernel, lasersampling.lif
from lasersampling.lasers.integrator import step
print(step.positive(-2.0), step.positive(2.0))
"""


def test_where_compiled_code_cannot_be_kept_it_is_compiled_anew_and_said_once(tmp_path):
    ran = run(NOTHING_CAN_BE_WRITTEN, tmp_path)
    assert ran.stdout == "0.0 2.0\n"
    assert ran.stderr.count("LaserSamplingWarning: compiled code cannot be kept") == 1
    assert "NUMBA_CACHE_DIR" in ran.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no cores to choose from")
def test_cores_that_a_process_may_use(tmp_path):
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from lasersampling.parallel import available_cores\n"
        "print(available_cores())"
    )
    assert run(code, tmp_path).stdout == "1\n"
