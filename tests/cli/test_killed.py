"""Commands that are killed go on from what they had finished, to the same bits."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.results import read_results
from lasersampling.results.run_file import parts_of

TIMES = {"created_at", "wall_time_s", "command", "epoch_time_s", "epoch_processor_time_s"}
"""What depends on when and how fast a run was, and how it was called."""

CHILD = """
import os, signal, sys
from lasersampling.results import kept_steps
from lasersampling.sampling import pieces

pieces.VALUES_PER_PIECE = 2400
left, number, *arguments = sys.argv[1:]
left, written = int(left), kept_steps.write_step

def write(*step):
    global left
    written(*step)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), int(number))

kept_steps.write_step = write
sys.argv = ["lasersampling", *arguments]
from lasersampling.cli.main import main
main()
"""

COMMANDS = {
    "gibbs": ["sample", "machine.toml", "--sampler", "gibbs", "--draws", "1000"],
    "lasers": ["sample", "machine.toml", "--duration-ns", "250", "--adapt", "0"],
    "renewal": ["sample", "machine.toml", "--sampler", "renewal", "--duration-ns", "500"],
}


def run(folder, arguments, *, left=0, number=signal.SIGKILL):
    """Run a command that gets a signal after it has kept so many steps, 0 for none."""
    command = [sys.executable, "-c", CHILD, str(left), str(int(number)), *arguments, "--quiet"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def same(one, other):
    """Assert that two results files hold the same bits, but for `TIMES`."""
    found = [read_results(path) for path in (one, other)]
    names = [set(each.contents) for each in found]
    assert names[0] == names[1]
    for name in names[0]:
        if name.rpartition("/")[2] not in TIMES:
            arrays = [each.array(name) for each in found]
            np.testing.assert_array_equal(arrays[0], arrays[1], err_msg=name)
    for key in found[0].attrs.keys() - TIMES:
        assert found[0].attrs[key] == found[1].attrs[key], key
    assert found[0].attributes == found[1].attributes
    assert found[0].config == found[1].config
    for name, metric in found[0].metrics.items():
        np.testing.assert_equal(vars(found[1].metrics[name]), vars(metric), err_msg=name)


@pytest.fixture
def folder(tmp_path):
    save_machine(tmp_path / "machine.toml", BoltzmannMachine.random(3, seed=4))
    return tmp_path


@pytest.mark.parametrize("kind", COMMANDS)
def test_what_is_killed_goes_on_to_the_same_bits(folder, kind):
    whole, path = folder / "whole.h5", folder / "killed.h5"
    assert run(folder, [*COMMANDS[kind], "--out", whole.name]).returncode == 0
    assert not parts_of(whole).exists()
    killed = run(folder, [*COMMANDS[kind], "--out", path.name], left=2)
    assert killed.returncode == -signal.SIGKILL
    assert read_results(path).attrs["complete"] == 0
    assert run(folder, [COMMANDS[kind][0], "--resume", path.name], left=1).returncode < 0
    # From another folder, the file names its machine all the same.
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    ended = run(elsewhere, [COMMANDS[kind][0], "--resume", f"../{path.name}"])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert read_results(path).attrs["complete"] == 1
    same(whole, path)
    left = sorted(one.name for one in folder.iterdir() if one.name.startswith((".", "killed")))
    drawn = sorted(one.name for one in folder.iterdir() if one.name.startswith("whole"))
    assert left == [name.replace("whole", "killed") for name in drawn]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_stopped_says_how_to_go_on(folder, number):
    stopped = run(folder, [*COMMANDS["lasers"], "--out", "my run.h5"], left=2, number=number)
    assert stopped.returncode == 130
    goes_on = "go on from the last checkpoint with: lasersampling sample --resume 'my run.h5'"
    assert stopped.stderr.strip().endswith(goes_on)
    assert len(list(parts_of(folder / "my run.h5").iterdir())) == 2
    again = run(folder, [*COMMANDS["lasers"], "--out", "my run.h5"])
    assert again.returncode == 2
    assert "a file that exists" in again.stderr
    assert len(list(parts_of(folder / "my run.h5").iterdir())) == 2


def test_a_run_does_not_go_on_with_other_inputs_or_options(folder):
    run(folder, [*COMMANDS["gibbs"], "--out", "run.h5"], left=2)
    refused = run(folder, ["sample", "--resume", "run.h5", "--seed", "3"])
    assert refused.returncode == 2
    assert "nothing else: the file says how the run was configured" in refused.stderr
    save_machine(folder / "machine.toml", BoltzmannMachine.random(3, seed=5))
    refused = run(folder, ["sample", "--resume", "run.h5"])
    assert refused.returncode == 2
    assert "another content than when the run began" in refused.stderr


def test_what_another_run_kept_is_replaced_only_if_asked(folder):
    run(folder, [*COMMANDS["gibbs"], "--out", "run.h5"], left=2)
    (folder / "run.h5").unlink()
    refused = run(folder, [*COMMANDS["gibbs"], "--out", "run.h5"])
    assert refused.returncode == 2
    assert "run.h5.parts: got what a run has kept" in refused.stderr
    assert run(folder, [*COMMANDS["gibbs"], "--out", "run.h5", "--overwrite"]).returncode == 0
    assert run(folder, [*COMMANDS["gibbs"], "--out", "whole.h5"]).returncode == 0
    same(folder / "whole.h5", folder / "run.h5")
