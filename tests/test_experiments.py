"""Every experiment runs on a small scale and leaves a file that can be read."""

import ast
import importlib
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import lasersampling
from lasersampling.closure import import_closure
from lasersampling.results import read_results

PACKAGE = Path(lasersampling.__file__).parent
HELPERS = sorted((PACKAGE / "experiments").glob("*.py"))
FOLDER = Path(__file__).parents[1] / "training"
SCRIPTS = sorted(FOLDER.glob("*.py"))
FILES = sorted(FOLDER.rglob("*.py"))
LONG = {
    "adapted_lasers",
    "arbitrary_distributions",
    "bayesian_inference",
    "boltzmann_distributions",
    "calibrate_chip",
    "certificate",
    "correlated_noise",
    "delays_yin_yang",
    "design_device",
    "exact_network",
    "exact_reference",
    "generate_digits",
    "generate_mnist",
    "images_in_loop",
    "imperfect_lasers",
    "integrator_convergence",
    "laser_dynamics",
    "mixing",
    "noisy_hardware",
    "online_learning",
    "renewal_sampler",
    "sample_statistics",
    "timing_tasks",
    "train_machines",
}  # whose smoke runs take a minute
TABLES_ONLY = {
    "damaged_files",
    "correlated_noise",
    "exact_network",
    "fresh_points",
    "killed_runs",
    "peak_memory",
    "images_in_loop",
    "speed_and_power",
}


COIN = '''
import builtins
import time
from dataclasses import dataclass, replace
import lasersampling as ls
from lasersampling.experiments import option

@dataclass(frozen=True)
class Settings:
    """How often a coin shows heads."""
    weight: float = option(0.5, "Chance of heads [per throw].")
    throws: int = 1000
    names: tuple[str, ...] = option((), "Of coins.")
    fail: str = option("", "How to fail.")

    def smallest(self):
        return replace(self, throws=10)

def main(settings, run):
    time.sleep(0.2)  # the work before the file is opened
    with run.results(settings) as file:
        if settings.fail:
            raise getattr(builtins, settings.fail)("it broke")
        file.metric("throws", settings.throws)

if __name__ == "__main__":
    ls.experiment(main, Settings)
'''

KEEPS = '''
from dataclasses import dataclass
import lasersampling as ls

@dataclass(frozen=True)
class Settings:
    """Two things that take long."""
    stop: str = ls.experiments.option("", "Where to stop.")

    def smallest(self):
        return self

def main(settings, run):
    path = run.kept("draws.txt")
    had = path.exists()
    path.write_text("draws")
    if settings.stop == "before":
        raise KeyboardInterrupt
    with run.results({}) as file:
        file.metric("had", had)
    if settings.stop == "after":
        raise KeyboardInterrupt

if __name__ == "__main__":
    ls.experiment(main, Settings)
'''


@dataclass(frozen=True)
class Ran:
    code: int
    err: str
    out: str = ""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a script in an empty folder, as the command line would.

    Within this process, since loading all libraries anew takes longer than most of the runs.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(FOLDER)  # where `shared` is found, as when a script is run by name

    def invoke(script, *arguments):
        if "--out" not in arguments:
            arguments = (*arguments, "--out", f"{script.stem}.h5")
        monkeypatch.setattr(sys, "argv", [str(script), *arguments])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(script), run_name="__main__")
        assert isinstance(left.value.code, int)
        written = capsys.readouterr()
        return Ran(left.value.code, written.err, written.out)

    return invoke


def test_the_usual_folder_is_made_and_units_are_in_the_help(run, tmp_path):
    script = tmp_path / "coin.py"
    script.write_text(COIN)
    helped = run(script, "--help")
    assert "Chance of heads [per throw]." in helped.out
    assert not (tmp_path / "results").exists()
    assert run(script, "--out", str(Path("results") / "coin.h5")).code == 0
    assert (tmp_path / "results" / "coin.h5").exists()
    assert run(script, "--out", str(Path("elsewhere") / "coin.h5")).code == 2


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, marks=[pytest.mark.slow] if path.stem in LONG else [], id=path.stem)
        for path in SCRIPTS
    ],
)
def test_smoke_run(run, script, tmp_path):
    ran = run(script, "--smoke", "--seed", "1", "--out", "run.h5")
    assert ran.code == 0, ran.err
    results = read_results(tmp_path / "run.h5")
    assert results.metrics
    assert list(tmp_path.glob("run*.png")) or script.stem in TABLES_ONLY
    listed = (script.parent / "README.md").read_text(encoding="utf-8")
    assert f"`{script.name}`" in listed


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_bad_options_are_refused(run, script):
    ran = run(script, "--smoke", "--out", "nowhere/run.h5")
    assert ran.code == 2
    assert "bad input: nowhere/run.h5: got no directory" in ran.err


def test_networks_of_timing_tasks_have_about_equally_many_parameters():
    from lasersampling.comparison import TIMING_ARCHITECTURES, TIMING_TASKS, timing_recipe
    from lasersampling.datasets import EventData
    from lasersampling.learning.spikes import load_data
    from lasersampling.learning.spikes.networks import network_of

    for task in ("intervals", "coincidences"):
        data = load_data(task)
        assert isinstance(data, EventData)
        for name, own in TIMING_ARCHITECTURES.items():
            recipe = timing_recipe(task, name, data, 2, 0)
            network = network_of(recipe, data.n_inputs, data.n_classes)
            (hidden,) = recipe.network.hidden
            assert network.n_parameters == own.n_parameters(data.n_inputs, hidden, data.n_classes)
            assert network.n_parameters == pytest.approx(TIMING_TASKS[task].n_parameters, rel=0.08)


def test_networks_that_were_trained_are_not_trained_again(run, tmp_path):
    """The experiment that takes an hour goes on where it was stopped."""
    script = next(path for path in SCRIPTS if path.stem == "delays_yin_yang")

    def again(*more):
        for name in ("run.h5", "run.png"):
            (tmp_path / name).unlink(missing_ok=True)
        return run(script, "--smoke", "--out", "run.h5", *more)

    assert again().code == 0
    kept = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    first = read_results(tmp_path / "run.h5").array("sizes/accuracy_axonal")
    assert len(kept) == 6
    (tmp_path / "run" / "none_5.h5").unlink()
    assert again().code == 0
    assert (read_results(tmp_path / "run.h5").array("sizes/accuracy_axonal") == first).all()
    del kept[tmp_path / "run" / "none_5.h5"]
    assert all(path.read_bytes() == content for path, content in kept.items())
    other = again("--seed", "5")
    assert other.code == 2
    assert "networks of another recipe" in other.err


def test_no_file_is_left_for_a_machine_that_is_not_there(run, tmp_path):
    script = FOLDER / "generate_digits.py"
    refused = run(script, "--smoke", "--model", "letters")
    assert refused.code == 2
    assert "bad input: model: got 'letters'" in refused.err
    assert list(tmp_path.iterdir()) == []


def imported(path):
    """Give the modules and names that a script imports from the package, and what it asks of it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "lasersampling":
                    yield alias.name, None
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.partition(".")[0] == "lasersampling":
                yield from ((node.module, alias.name) for alias in node.names)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "ls"
        ):
            yield "lasersampling", node.attr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_experiments_use_the_public_interface_alone(path):
    """Names of `lasersampling` itself, and those that its packages export; no modules."""
    used = set(imported(path))
    assert not [module for module, name in used if name is None and module != "lasersampling"]
    names = {(module, name) for module, name in used if name is not None}
    for module, name in names:
        package = importlib.import_module(module)
        assert hasattr(package, "__path__"), f"{module} is a module, not a package"
        assert not module.startswith("lasersampling.cli")
        assert name in package.__all__, f"{module} does not export {name}"
        # What stands at the top is taken from there.
        if module != "lasersampling" and name in lasersampling.__all__:
            assert getattr(lasersampling, name) is not getattr(package, name), f"ls.{name}"
    assert path.parent.name == "shared" or names or "shared" in path.read_text(encoding="utf-8")


def test_what_runs_an_experiment_knows_nothing_of_the_command_line_of_the_package():
    """Also within functions; `lasersampling.commands` holds what both share."""
    modules = [f"lasersampling.experiments.{name.stem}" for name in HELPERS]
    read = {path.relative_to(PACKAGE).parts[0] for path in import_closure(*modules)}
    assert "commands" in read
    assert "cli" not in read


def test_ctrl_c_and_errors_of_an_experiment_are_told_without_a_traceback(run, tmp_path):
    script = tmp_path / "coin.py"
    script.write_text(COIN)
    stopped = run(script, "--fail", "KeyboardInterrupt")
    assert (stopped.code, stopped.err) == (
        130, "lasersampling: interrupted: stopped by the keyboard; nothing is finished yet; "
        "the same command begins anew\n",
    )  # fmt: skip
    failed = run(script, "--fail", "OSError")
    assert (failed.code, failed.err) == (1, "lasersampling: failed: it broke\n")
    assert not (tmp_path / "coin.h5").exists()
    endless = run(script, "--weight", "inf")
    assert endless.code == 2
    assert endless.err == "lasersampling: bad input: --weight: got inf, expected a finite number\n"
    done = run(script, "--seed", "3", "--smoke")
    assert done.code == 0, done.err
    results = read_results(tmp_path / "coin.h5")
    assert results.attrs["seed"] == 3
    assert results.attrs["wall_time_s"] > 0.2  # that of the whole run
    assert results.attrs["command"] == f"python {script} --seed 3 --smoke --out coin.h5"
    assert results.config == 'weight = 0.5\nthrows = 10\nnames = []\nfail = ""\n'


def test_ctrl_c_behind_the_results_costs_nothing(run, tmp_path):
    """As while figures are drawn."""
    script = tmp_path / "keeps.py"
    script.write_text(KEEPS)
    stopped = run(script, "--stop", "after")
    assert stopped.code == 130
    told = f"the results are complete; missing figures are drawn if you go on with: python {script}"
    assert told in stopped.err
    assert read_results(tmp_path / "keeps.h5").attrs["complete"] == 1
    before = (tmp_path / "keeps.h5").read_bytes()
    again = run(script, "--stop", "after", "--resume")  # nothing is computed, and so nothing stops
    assert (again.code, again.out) == (0, "keeps.h5: the results were complete already\n"), (
        again.err
    )
    other = run(script, "--stop", "after", "--seed", "8", "--resume")
    assert other.code == 2
    assert "got other options" in other.err
    assert (tmp_path / "keeps.h5").read_bytes() == before


def test_ctrl_c_before_anything_is_written_leaves_an_earlier_file(run, tmp_path):
    script = tmp_path / "keeps.py"
    script.write_text(KEEPS)
    assert run(script).code == 0
    stopped = run(script, "--overwrite", "--stop", "before")
    told = "kept in keeps; move keeps.h5 away, and the same command without --overwrite goes on"
    assert told in stopped.err
    earlier = tmp_path / "keeps.h5"
    assert read_results(earlier).attrs["complete"] == 1
    earlier.rename(tmp_path / "earlier.h5")
    assert run(script).code == 0
    assert read_results(earlier).metrics["had"].value == 1


@pytest.mark.parametrize("resume", [(), ("--resume",)])
def test_what_is_kept_beside_a_file_that_was_never_written_is_gone_on_from(run, tmp_path, resume):
    script = tmp_path / "keeps.py"
    script.write_text(KEEPS)
    stopped = run(script, "--stop", "before")
    assert "what was finished is kept in keeps; the same command goes on from it" in stopped.err
    assert not (tmp_path / "keeps.h5").exists()
    ran = run(script, *resume)
    assert ran.code == 0, ran.err
    assert read_results(tmp_path / "keeps.h5").metrics["had"].value == 1
    assert run(script, "--resume", "--out", "elsewhere.h5").code == 2


@pytest.mark.parametrize("name", ["plain.h5", "recipe.toml", "key=plain.h5"])
def test_an_experiment_never_writes_over_what_it_reads(run, tmp_path, name):
    """A text among its settings may name a file, which may be a recipe that names others."""
    script = tmp_path / "coin.py"
    script.write_text(COIN)
    (tmp_path / "plain.h5").write_bytes(b"of the user's")
    (tmp_path / "recipe.toml").write_text('[data]\nsource = "plain.h5"\n')
    refused = run(script, "--names", name, "--out", "plain.h5", "--overwrite")
    assert refused.code == 2
    assert "plain.h5" in refused.err
    assert (tmp_path / "plain.h5").read_bytes() == b"of the user's"


PIECES = '''
from dataclasses import dataclass
from typing import NamedTuple
import lasersampling as ls

class Drawn(NamedTuple):
    values: object

@dataclass(frozen=True)
class Settings:
    """Means of normal numbers."""
    seeds: int = ls.experiments.option(4, "Seeds.", min=1)
    fail: bool = ls.experiments.option(False, "Fail in a piece.")
    def smallest(self):
        return self

def mean_of(piece):
    import numpy as np
    seed, fail = piece
    if fail:
        raise ls.InputError.single("seed", seed, "another")
    draw = lambda: Drawn(np.random.default_rng(seed).normal(size=100))
    return float(ls.experiments.kept("draw", draw).values.mean())

def main(settings, run):
    with run.results(settings) as file:
        pieces = [(run.seed + k, settings.fail) for k in range(settings.seeds)]
        found = run.each(mean_of, pieces, "drawing")
        file.write("means/mean", found, ("seed",), units="1", description="means")

if __name__ == "__main__":
    ls.experiment(main, Settings)
'''


def test_independent_pieces_are_done_by_workers_with_the_same_bits(tmp_path):
    script = tmp_path / "means.py"
    script.write_text(PIECES)

    def called(*words):
        command = [sys.executable, str(script), *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    for n_workers in "12":
        ran = called("--workers", n_workers, "--out", f"{n_workers}.h5")
        assert ran.returncode == 0, ran.stderr
    one, two = (read_results(tmp_path / f"{n}.h5").array("means/mean") for n in (1, 2))
    assert np.array_equal(one, two) and len(set(one)) == 4
    failed = called("--workers", "2", "--fail", "--out", "3.h5")
    assert failed.returncode == 2 and "bad input: seed: got" in failed.stderr
    assert not (tmp_path / "3.h5").exists()
    none = called("--workers", "2", "--seeds", "1", "--out", "4.h5")
    assert "no pieces" not in none.stderr
    (tmp_path / "coin.py").write_text(COIN)
    script = tmp_path / "coin.py"
    none = called("--workers", "2", "--smoke", "--out", "5.h5")
    assert "this experiment has no pieces that workers could do side by side" in none.stderr
    script = tmp_path / "means.py"
    both = called("--workers", "2", "--scheduler", "tcp://127.0.0.1:1")
    assert both.returncode == 2 and "--workers: got beside --scheduler" in both.stderr
