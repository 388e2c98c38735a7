"""Commands that are killed go on from what they had finished, to the same bits."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.cli.main import app
from lasersampling.lasers import long_runs
from lasersampling.results import kept_steps, read_results
from lasersampling.results.run_file import parts_of
from lasersampling.sampling import pieces

ROOT = Path(__file__).parents[2]
TIMES = {"created_at", "wall_time_s", "command", "epoch_time_s", "epoch_processor_time_s"}
"""What depends on when and how fast a run was, and how it was called."""

CHILD = """
import os, resource, signal, sys
from lasersampling.lasers import long_runs
from lasersampling.results import kept_steps
from lasersampling.sampling import pieces

pieces.VALUES_PER_PIECE = 2400
long_runs.LASER_NS_PER_PIECE, long_runs.POINTS_PER_PIECE = 500.0, 2000
left, number, *arguments = sys.argv[1:]
left, number, written = int(left), int(number), kept_steps.write_step

def write(*step):
    global left
    left -= 1
    if left == 0 and number == 0:  # as if the disk were full from now on
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    written(*step)
    if left == 0:
        os.kill(os.getpid(), number)

kept_steps.write_step = write
sys.argv = arguments
if arguments[0].endswith(".py"):
    import runpy
    sys.path.insert(0, os.path.dirname(arguments[0]))
    runpy.run_path(arguments[0], run_name="__main__")
else:
    sys.argv = ["lasersampling", *arguments, "--quiet"]
    from lasersampling.cli.main import main
    main()
"""

CALIBRATION = [
    "n_chains=8", "activation_duration_ns=100", "pair_duration_ns=200", "performance.n_copies=8",
    "performance.emission_duration_ns=40", "performance.n_chains=4",
    "performance.machine_duration_ns=200",
]  # fmt: skip
IMAGES = [
    "images_per_label=2", "free_images=3", "duration_ns=200", "window_ns=20", "burn_in_ns=20",
    "gibbs_burn_in=50", "training.n_hidden=12", "training.n_epochs=6", "adaptation_rounds=1",
    "adaptation_draws=4", "most_burn_in_ns=0",
]  # fmt: skip


def settings(*given):
    return [f"--set={one}" for one in given]


COMMANDS = {
    "gibbs": ["sample", "machine.toml", "--sampler", "gibbs", "--draws", "1000"],
    "lasers": ["sample", "machine.toml", "--duration-ns", "500", "--adapt", "1"],
    "infer": ["infer", "machine.toml", "--clamp", "0=1", "--duration-ns", "100", "--adapt", "2",
              "--draws", "200"],
    "calibrate": ["calibrate", "D6", *settings(*CALIBRATION)],
    "simulate": ["simulate", "D6", "--pump", "0.8:0.9:3", "--duration-ns", "600"],
    "generate": ["generate", "digits", *settings(*IMAGES)],
    "complete": ["generate", "--from", "digits", "--complete", "mine.png", "--occlude", "lower",
                 *settings("free_images=3", "burn_in_ns=20", "duration_ns=200",
                           "adaptation_rounds=1", "adaptation_draws=4")],
}  # fmt: skip


def run(folder, arguments, *, left=0, number=signal.SIGKILL, cache=None):
    """Run a command that gets a signal after it has kept so many steps, 0 for none.

    The signal 0 stands for a disk that is full before the last of them is kept.
    """
    command = [sys.executable, "-c", CHILD, str(left), str(int(number)), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LASERSAMPLING_CACHE": str(cache or "")}
    if cache is None:
        environment.pop("LASERSAMPLING_CACHE")
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
    picture = np.where(np.eye(8) == 1, 255, 0).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "mine.png")
    return tmp_path


@pytest.mark.parametrize(
    "kind",
    [
        kind
        if kind in ("gibbs", "infer", "simulate")
        else pytest.param(kind, marks=pytest.mark.slow)
        for kind in COMMANDS
    ],
)
def test_what_is_killed_goes_on_to_the_same_bits(folder, kind):
    whole, path, cache = folder / "whole.h5", folder / "killed.h5", folder / "cache"
    command = COMMANDS[kind]
    assert run(folder, [*command, "--out", whole.name], cache=folder / "other").returncode == 0
    assert not parts_of(whole).exists()
    killed = run(folder, [*command, "--out", path.name], left=2, cache=cache)
    assert killed.returncode == -signal.SIGKILL
    assert read_results(path).attrs["complete"] == 0
    again = run(folder, [command[0], "--resume", path.name], left=1, cache=cache)
    assert again.returncode == -signal.SIGKILL
    # From another folder, the file names its machine all the same.
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    ended = run(elsewhere, [command[0], "--resume", f"../{path.name}"], cache=cache)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert read_results(path).attrs["complete"] == 1
    same(whole, path)
    begun = str(read_results(whole).attrs["command"])
    assert read_results(path).attrs["command"] == begun.replace("whole.h5", "killed.h5")
    left = sorted(one.name for one in folder.iterdir() if one.name.startswith((".", "killed")))
    drawn = sorted(one.name for one in folder.iterdir() if one.name.startswith("whole"))
    assert left == [name.replace("whole", "killed") for name in drawn]


@pytest.mark.parametrize("kind", ["lasers", "calibrate", "generate", "complete"])
def test_what_is_interrupted_goes_on_to_the_same_bits(folder, kind, monkeypatch):
    """As above, but by an exception within this process, which is quicker."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(pieces, "VALUES_PER_PIECE", 2400)
    monkeypatch.setattr(long_runs, "LASER_NS_PER_PIECE", 500.0)
    monkeypatch.setattr(long_runs, "POINTS_PER_PIECE", 2000)
    written = kept_steps.write_step

    def ends(*arguments, left=0):
        def write(*step):
            nonlocal left
            written(*step)
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        monkeypatch.setattr(kept_steps, "write_step", write)
        return CliRunner().invoke(app, [*arguments, "--quiet"]).exit_code

    command = COMMANDS[kind]
    monkeypatch.setenv("LASERSAMPLING_CACHE", str(folder / "other"))
    assert ends(*command, "--out", "whole.h5") == 0
    monkeypatch.setenv("LASERSAMPLING_CACHE", str(folder / "cache"))
    assert ends(*command, "--out", "stopped.h5", left=2) == 130
    assert read_results("stopped.h5").attrs["complete"] == 0
    assert ends(command[0], "--resume", "stopped.h5", left=1) == 130
    assert ends(command[0], "--resume", "stopped.h5") == 0
    assert read_results("stopped.h5").attrs["complete"] == 1
    same("whole.h5", "stopped.h5")
    figure = sorted(Path().glob("stopped*.png"))[0]
    figure.unlink()
    # A complete run takes no further step, which would end it.
    assert ends(command[0], "--resume", "stopped.h5", left=1) == 0
    assert figure.exists()
    same("whole.h5", "stopped.h5")


def test_an_experiment_goes_on_to_the_same_bits(folder):
    script = [str(ROOT / "training" / "sample_statistics.py"), "--smoke", "--out"]
    assert run(folder, [*script, "whole.h5"]).returncode == 0
    assert run(folder, [*script, "killed.h5"], left=2).returncode == -signal.SIGKILL
    stopped = run(folder, [*script, "killed.h5", "--resume"], left=1, number=signal.SIGTERM)
    assert stopped.returncode == 130
    assert "go on from what was finished with: python" in stopped.stderr
    assert "a run that was stopped, expected --resume" in run(folder, [*script, "killed.h5"]).stderr
    other = run(folder, [*script, "killed.h5", "--resume", "--seed", "3"])
    ended = run(folder, [*script, "killed.h5", "--resume"])
    assert other.returncode == 2
    assert "--resume: got other options" in other.stderr
    assert ended.returncode == 0
    same(folder / "whole.h5", folder / "killed.h5")


PIECES = '''
from dataclasses import dataclass
from functools import partial
import lasersampling as ls
from lasersampling.experiments import kept

@dataclass(frozen=True)
class Settings:
    """Means of samples."""
    def smallest(self):
        return self

def mean_of(seed):
    print("piece", seed)
    draw = partial(ls.Gibbs().sample, ls.BoltzmannMachine.random(3, seed=1), 20)
    return sum(kept("samples", partial(draw, seed=seed + k)).states.mean() for k in (0, 10))

def main(settings, run):
    with run.results(settings) as file:
        found = run.each(mean_of, [1, 2, 3], "drawing")
        file.write("means/mean", found, ("piece",), units="1", description="means")

if __name__ == "__main__":
    ls.experiment(main, Settings)
'''


def test_pieces_of_an_experiment_go_on_from_what_each_has_kept(folder):
    (folder / "means.py").write_text(PIECES)
    script = [str(folder / "means.py"), "--out"]
    assert run(folder, [*script, "whole.h5"]).returncode == 0
    assert run(folder, [*script, "killed.h5"], left=4).returncode == -signal.SIGKILL
    left = sorted(path.name for path in parts_of(folder / "killed.h5").iterdir())
    assert left == ["piece-000000.h5", "piece-000001.samples-000000.h5"]
    ended = run(folder, [*script, "killed.h5", "--resume"])
    assert (ended.returncode, ended.stdout.count("piece")) == (0, 2), ended.stderr
    same(folder / "whole.h5", folder / "killed.h5")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_stopped_says_how_to_go_on(folder, number):
    stopped = run(folder, [*COMMANDS["lasers"], "--out", "my run.h5"], left=2, number=number)
    assert stopped.returncode == 130
    goes_on = "go on from the last checkpoint with: lasersampling sample --resume 'my run.h5'"
    assert stopped.stderr.strip().endswith(goes_on)
    assert len(list(parts_of(folder / "my run.h5").iterdir())) == 2
    again = run(folder, [*COMMANDS["lasers"], "--out", "my run.h5"])
    assert again.returncode == 2
    assert "a run that was stopped, expected --resume" in again.stderr
    assert len(list(parts_of(folder / "my run.h5").iterdir())) == 2


@pytest.mark.parametrize(
    "kind",
    [
        "gibbs",
        pytest.param("infer", marks=pytest.mark.slow),
        pytest.param("complete", marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_costs_the_step_that_did_not_fit(folder, kind):
    command = COMMANDS[kind]
    stopped = run(folder, [*command, "--out", "run.h5"], left=2, number=0)
    assert stopped.returncode == 1
    assert "could not be written (File too large)" in stopped.stderr
    goes_on = f"go on from the last checkpoint with: lasersampling {command[0]} --resume run.h5"
    assert stopped.stderr.strip().endswith(goes_on)
    assert len(list(parts_of(folder / "run.h5").iterdir())) == 1
    assert run(folder, [command[0], "--resume", "run.h5"]).returncode == 0
    assert run(folder, [*command, "--out", "whole.h5"]).returncode == 0
    same(folder / "whole.h5", folder / "run.h5")


def test_a_run_does_not_go_on_with_other_inputs_or_options(folder):
    run(folder, [*COMMANDS["gibbs"], "--out", "run.h5"], left=2)
    refused = run(folder, ["sample", "--resume", "run.h5", "--seed", "3"])
    assert refused.returncode == 2
    assert "nothing else: the file says how the run was configured" in refused.stderr
    other = run(folder, ["generate", "--resume", "run.h5"])
    assert other.returncode == 2
    assert "a run of another command" in other.stderr
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


@pytest.mark.slow
def test_each_kind_is_killed_at_twenty_random_moments(folder):
    """What RESULTS counts: kill -9 of each kind of run."""
    script = ROOT / "training" / "killed_runs.py"
    done = run(folder, [str(script), "--kills", "20", "--out", "counted.h5"])
    assert done.returncode == 0, done.stderr
    found = read_results(folder / "counted.h5")
    kinds, kills, runs, same = (
        found.array(f"killed/{name}").tolist() for name in ("kind", "kills", "runs", "same")
    )
    assert len(kinds) == 10
    assert min(kills) >= 20
    assert dict(zip(kinds, same, strict=True)) == dict(zip(kinds, runs, strict=True))


@pytest.mark.slow
def test_ten_million_draws_and_spikes_fit_into_memory(folder):
    """What RESULTS states: at most 500 MB resident."""
    script = ROOT / "training" / "peak_memory.py"
    done = run(folder, [str(script), "--repeats", "1", "--out", "peaks.h5"])
    assert done.returncode == 0, done.stderr
    found = read_results(folder / "peaks.h5").metrics
    assert {name for name in found if name.startswith("peak_mb_")} > {"peak_mb_draws"}
    for name, metric in found.items():
        assert not name.startswith("peak_mb_") or metric.value < 500.0
