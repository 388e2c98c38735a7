"""What an experiment publishes: small, with its command and its code, never over another file."""

import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.experiments import code, publishing
from lasersampling.experiments.code import changed_files, code_of_command
from lasersampling.experiments.publishing import (
    LARGEST_FILE,
    plain_command,
    publish,
    published_path,
    stored_code,
)
from lasersampling.results import ResultsFile, read_results

ROOT = Path(__file__).parents[1]

COIN = '''
from dataclasses import dataclass, replace
import lasersampling as ls

@dataclass(frozen=True)
class Settings:
    """How often a coin shows heads."""
    throws: int = ls.experiments.option(10, "Throws.")

    def smallest(self):
        return replace(self, throws=1)

def main(settings, run):
    with run.results(settings) as file:
        file.metric("heads", 0.5, 0.1, description="share of heads")

if __name__ == "__main__":
    ls.experiment(main, Settings)
'''


@pytest.fixture
def results(tmp_path):
    """Return a results file with a bit of everything."""
    path = tmp_path / "run.h5"
    command = "python /home/me/training/coin.py --throws 3 --out run.h5"
    with ResultsFile.create(path, command=command, seed=7, config="throws = 3\n") as file:
        file.started -= 100.0
        file.write("samples/state", np.zeros((2, 3)), ("chain", "draw"), units="1",
                   description="draws")  # fmt: skip
        file.write("table/large", np.zeros(9000), ("cell",), units="1", description="too large")
        file.write("table/small", [1.0, 2.0], ("row",), units="ns", description="kept")
        file.write("table/name", ["a", "b"], ("row",), units="1", description="names")
        file.attributes("table", {"note": "of two rows"})
        file.metric("heads", 0.5, 0.1, "1", "share of heads", (0.3, 0.7))
        file.metric("tails", float("nan"), reason="the coin was lost")
    return path


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """Return a clone with one experiment, whose published files may be written."""
    top = tmp_path / "clone"
    (top / "training").mkdir(parents=True)
    (top / "training" / "coin.py").write_text(COIN)
    shutil.copytree(ROOT / "lasersampling", top / "lasersampling",
                    ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    monkeypatch.setattr(publishing, "CLONE", top)
    monkeypatch.chdir(tmp_path)
    return top


@pytest.fixture
def run(monkeypatch, capsys):
    def invoke(script, *arguments):
        monkeypatch.setattr(sys, "argv", [str(script), *arguments])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(script), run_name="__main__")
        return left.value.code, capsys.readouterr()

    return invoke


def test_what_is_small_is_copied_with_all_that_is_known_of_it(results, tmp_path):
    left_out = publish(results, tmp_path / "published.h5", code={"training/coin.py": "0f"})
    assert left_out == ["samples", "table/large"]
    before, after = read_results(results), read_results(tmp_path / "published.h5")
    assert after.metrics == pytest.approx(before.metrics, nan_ok=True) or str(after.metrics) == str(
        before.metrics
    )
    assert set(after.contents) == {"table/small", "table/name"}
    assert after.contents["table/small"] == before.contents["table/small"]
    assert after.attributes["table"] == {"note": "of two rows"}
    assert (after.array("table/name") == before.array("table/name")).all()
    assert after.config == before.config
    assert after.attrs["command"] == "python training/coin.py --throws 3"
    for key in ("seed", "git_commit", "created_at", "wall_time_s", "processor"):
        assert after.attrs[key] == before.attrs[key]
    assert after.attrs["left_out"] == ["samples", "table/large"]
    assert stored_code(after) == {"training/coin.py": "0f"}


def test_a_published_file_is_not_replaced_unless_this_is_asked_for(results, tmp_path):
    target = tmp_path / "published.h5"
    target.write_bytes(b"of somebody else")
    with pytest.raises(InputError, match="exists"):
        publish(results, target, code={})
    assert target.read_bytes() == b"of somebody else"
    publish(results, target, code={}, overwrite=True)
    assert read_results(target).metrics


def test_a_file_that_stays_large_is_refused_and_leaves_nothing(tmp_path):
    noise = np.random.default_rng(0).normal(size=(LARGEST_FILE // 8000 + 1, 1000))
    with ResultsFile.create(tmp_path / "run.h5", command="c", seed=0, config="") as file:
        for k, row in enumerate(noise):
            file.write(f"table/row_{k}", row, ("cell",), units="1", description="noise")
    with pytest.raises(InputError, match=f"expected at most {LARGEST_FILE} bytes"):
        publish(tmp_path / "run.h5", tmp_path / "published.h5", code={})
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_a_training_that_was_stopped_is_not_published(tmp_path):
    with ResultsFile.create(tmp_path / "run.h5", command="c", seed=0, config="") as file:
        file.attributes("/", {"complete": False})
    with pytest.raises(InputError, match="expected a complete results file"):
        publish(tmp_path / "run.h5", tmp_path / "published.h5", code={})


@pytest.mark.parametrize("name", ["../mine", "mine.h5", "", "a b"])
def test_names_that_are_no_names_are_refused(name):
    with pytest.raises(InputError, match="letters, digits and underscores"):
        published_path(name)


def test_commands_are_stored_as_one_would_repeat_them():
    told = plain_command("python t/x.py --out=a.h5 --only 'two words' --publish x --seed 3")
    assert told == "python training/x.py --only 'two words' --seed 3"
    assert plain_command("lasersampling fit a --out b.h5") == "lasersampling fit a"


def test_an_experiment_publishes_and_a_second_one_is_refused_at_once(run, clone):
    script = clone / "training" / "coin.py"
    done, told = run(script, "--out", "run.h5", "--publish", "coins", "--seed", "3")
    assert done == 0, told.err
    published = clone / "data" / "results" / "coins.h5"
    assert str(published) in told.out
    results = read_results(published)
    assert results.attrs["command"] == "python training/coin.py --seed 3"
    assert stored_code(results) == code_of_command("python training/coin.py", clone)
    refused, told = run(script, "--out", "again.h5", "--publish", "coins")
    assert refused == 2
    assert "coins.h5" in told.err
    assert not Path("again.h5").exists()
    replaced, told = run(script, "--out", "again.h5", "--publish", "coins", "--overwrite")
    assert replaced == 0, told.err
    refused, told = run(script, "--out", "small.h5", "--publish", "small", "--smoke")
    assert refused == 2
    assert "a full run" in told.err


def test_code_counts_that_changes_numbers_and_no_other(clone):
    command = "python training/coin.py"
    (clone / "training" / "coin.py").write_text(COIN.replace("0.5", "ls.Gibbs"))
    before = code_of_command(command, clone)
    assert "lasersampling/sampling/gibbs_kernel.py" in before
    assert not [name for name in before if "/results/" in name or "/plots/" in name]
    kernel = clone / "lasersampling" / "sampling" / "gibbs_kernel.py"
    text = kernel.read_text()
    kernel.write_text("# a remark\n" + text)
    assert code_of_command(command, clone) == before
    kernel.write_text(text + "\nONE = 1\n")
    after = code_of_command(command, clone)
    assert changed_files(before, after) == ["lasersampling/sampling/gibbs_kernel.py"]


def test_scripts_and_commands_depend_on_what_they_use():
    def files(command):
        return set(code_of_command(command, ROOT))

    shared = files("python training/chip_population.py")
    assert "training/shared/chips.py" in shared
    classify = files("lasersampling classify yin_yang")
    assert "lasersampling/cli/classify.py" in classify
    assert "lasersampling/lif/network.py" in classify
    assert not [name for name in classify if "lasersampling/lasers/" in name]
    for script in sorted((ROOT / "training").glob("*.py")):
        assert f"training/{script.name}" in files(f"python training/{script.name}")


@pytest.mark.parametrize("command", ["", "python", "ls", "python nothing.py", "lasersampling sing"])
def test_other_commands_are_refused(command):
    with pytest.raises(InputError, match="expected an experiment"):
        code_of_command(command, ROOT)


def test_lazy_tables_are_those_of_the_package():
    table = code._table((ROOT / "lasersampling" / "__init__.py").read_text())
    assert table["Lasers"] == "lasersampling.sampling.neurons.sampler"
