import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lasersampling as ls
from lasersampling.errors import InputError, LaserSamplingError, LaserSamplingWarning
from lasersampling.results import read_results
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sweeps import Cell, calling, piece, read_swept, run
from lasersampling.sweeps.record import Record, _line_of, journal_of

GIBBS = "sample random_five --sampler gibbs"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def done(monkeypatch):
    """Cells of the pieces that are done, in order."""
    cells = []
    original = piece.do_piece

    def counted(one):
        cells.append(one.cell)
        return original(one)

    monkeypatch.setattr(run, "do_piece", counted)
    return cells


def bits(swept):
    """All that does not differ from run to run, as text, where nan equals nan."""
    return {
        cell: replace(outcome, wall_time_s=0.0, commit="").to_json()
        for cell, outcome in swept.outcomes.items()
    }


def swept_here(out="s.h5", **more):
    return ls.sweep(GIBBS, {"draws": [20, 50]}, seeds=2, out=out, **more)


def test_a_piece_is_what_the_command_gives_alone(folder):
    swept = swept_here()
    assert swept.is_complete and not swept.failures
    assert sorted(path.name for path in folder.iterdir()) == ["s.h5"]
    for outcome in swept.outcomes.values():
        command = [sys.executable, "-m", *outcome.command.split(), "--out", "one.h5", "--overwrite"]
        if outcome.cell.seed == 1 and outcome.cell.values == ("50",):
            subprocess.run(command, check=True, capture_output=True)
            alone = read_results("one.h5", groups=()).metrics
            numbers = [(one.value, one.standard_error, one.interval) for one in alone.values()]
            assert list(outcome.metrics) == list(alone)
            assert repr(numbers) == repr(
                [(m.value, m.standard_error, m.interval) for m in outcome.metrics.values()]
            )
            assert outcome.commit == read_results("one.h5", groups=()).attrs["git_commit"]
    again = read_swept("s.h5")
    assert bits(again) == bits(swept)
    assert (again.words, again.grid) == (swept.words, swept.grid)
    assert [outcome.wall_time_s > 0 for outcome in again.outcomes.values()] == [True] * 4


def test_the_file_opens_as_tables_and_trees():
    swept = swept_here()
    pieces = swept.to_xarray()["pieces"]
    assert pieces["over.draws"].values.tolist() == [20, 50, 20, 50]
    assert pieces["seed"].values.tolist() == [0, 0, 1, 1]
    assert np.isfinite(pieces["kl_sample_target"].values).all()
    means = read_results("s.h5").metrics
    values = [outcome.metrics["ess_joint"].value for outcome in swept.outcomes.values()]
    assert means["ess_joint@1"].value == pytest.approx((values[1] + values[3]) / 2)
    assert swept.plot().axes[0].get_xlabel() == "draws"


def test_pieces_in_two_processes_have_the_same_bits():
    assert bits(swept_here(workers=2)) == bits(swept_here("other.h5"))


class Backwards:
    """Workers that finish what came last first."""

    count = 1

    def results(self, work, pieces):
        for place in reversed(range(len(pieces))):
            yield place, work(pieces[place])


def test_pieces_stand_in_the_order_of_the_grid_whichever_is_done_first():
    swept = swept_here(workers=Backwards())
    cells = list(swept.grid.cells())
    assert list(swept.outcomes) == list(read_swept("s.h5").outcomes) == cells
    pieces = read_results("s.h5").group("pieces")
    assert pieces["over.draws"].data.tolist() == [20, 50, 20, 50]
    assert pieces["seed"].data.tolist() == [0, 0, 1, 1]
    # Those of another grid stand behind.
    swept = ls.sweep(GIBBS, {"draws": [10, 20]}, out="s.h5", existing="resume")
    assert [cell.values[0] for cell in swept.outcomes] == ["10", "20", "50", "20", "50"]


def test_a_finished_piece_is_never_done_twice(done):
    swept_here()
    assert len(done) == 4
    with pytest.raises(InputError, match=r"s\.h5: got a file that exists"):
        swept_here()
    assert bits(swept_here(existing="resume")) == bits(read_swept("s.h5"))
    assert len(done) == 4
    more = ls.sweep(GIBBS, {"draws": [20, 80]}, seeds=[1, 2], out="s.h5", existing="resume")
    new = [(("80",), 1), (("20",), 2), (("80",), 2)]
    assert [(cell.values, cell.seed) for cell in done[4:]] == new
    assert len(more.outcomes) == 7
    assert [average.n_seeds for average in more.averages] == [3, 2, 2]
    swept_here(existing="overwrite")
    assert len(done) == 11 and len(read_swept("s.h5").outcomes) == 4


@pytest.mark.parametrize(
    ("command", "over", "message"),
    [
        (GIBBS, {"chains": [4]}, "got a sweep over draws, expected one over chains"),
        (f"{GIBBS} --chains 2", {"draws": [20]}, "got a sweep of sample random_five --sampler gib"),
    ],
)
def test_a_file_of_another_sweep_is_refused(command, over, message):
    swept_here()
    before = Path("s.h5").read_bytes()
    with pytest.raises(InputError, match=message), pytest.MonkeyPatch.context() as patched:
        # It is known from the file, before values are checked.
        patched.setattr(
            calling.Call, "check", lambda *arguments: pytest.fail("values were checked")
        )
        ls.sweep(command, over, out="s.h5", existing="resume")
    assert Path("s.h5").read_bytes() == before


def test_files_of_other_commands_are_refused():
    with ls.ResultsFile.create("s.h5", command="lasersampling fit x", seed=0, config="") as file:
        file.metric("a", 1.0)
    with pytest.raises(InputError, match=r"got results of something else \(lasersampling fit x\)"):
        swept_here(existing="resume")
    with pytest.raises(InputError, match="got results of something else"):
        read_swept("s.h5")


@pytest.fixture
def faulty(monkeypatch):
    """Let draws of seed 1 fail as long as the list that is returned is empty."""
    mended: list[bool] = []
    original = Gibbs.sample

    def sample(self, *arguments, seed, **more):
        if seed == 1 and not mended:
            raise ZeroDivisionError("by mistake")
        return original(self, *arguments, seed=seed, **more)

    monkeypatch.setattr(Gibbs, "sample", sample)
    return mended


def test_a_piece_that_fails_is_told_with_its_command_and_the_rest_goes_on(faulty, done):
    swept = swept_here()
    failed = [outcome.cell.seed for outcome in swept.failures]
    assert failed == [1, 1] and len(swept.outcomes) == 4
    assert {outcome.failure for outcome in swept.failures} == {"ZeroDivisionError: by mistake"}
    command = "lasersampling sample random_five --sampler gibbs --set=draws=20 --seed 1"
    assert read_swept("s.h5").failures[0].command == command
    assert [(one.n_seeds, one.n_failed) for one in swept.averages] == [(1, 1), (1, 1)]
    # When the reason is gone, only what has failed is done again.
    faulty.append(True)
    del done[:]
    whole = swept_here(existing="resume")
    assert [cell.seed for cell in done] == [1, 1] and not whole.failures


def test_warnings_of_pieces_are_kept(monkeypatch):
    original = Gibbs.sample

    def sample(self, *arguments, **more):
        warnings.warn("draws are few", LaserSamplingWarning, stacklevel=1)
        return original(self, *arguments, **more)

    monkeypatch.setattr(Gibbs, "sample", sample)
    swept_here()
    told = {outcome.warnings for outcome in read_swept("s.h5").outcomes.values()}
    assert told == {("draws are few",)}


def test_results_of_pieces_are_kept_if_asked(folder):
    ls.sweep(GIBBS, {"draws": [20, 50]}, out="s.h5", keep=True)
    kept = ["draws=20,seed=0.h5", "draws=50,seed=0.h5"]
    assert sorted(path.name for path in (folder / "s").iterdir()) == kept
    assert read_results(folder / "s" / kept[1]).samples().n_draws == 50
    (folder / "s.h5").unlink()
    with pytest.raises(InputError, match="got pieces of an earlier sweep"):
        ls.sweep(GIBBS, {"draws": [20, 50]}, out="s.h5")


def test_files_in_the_folder_that_are_of_no_piece_stay(folder):
    (folder / "s").mkdir()
    (folder / "s" / "mine.h5").write_text("mine")
    swept_here()
    swept_here(existing="overwrite")
    assert (folder / "s" / "mine.h5").read_text() == "mine"


def test_what_is_only_in_the_journal_is_not_lost(done):
    swept_here()
    journal = journal_of(Path("s.h5"))
    lines = [_line_of(outcome) for outcome in read_swept("s.h5").outcomes.values()]
    with ls.ResultsFile.create(
        "s.h5", command="", seed=0, config=read_swept("s.h5").config(), overwrite=True
    ) as file:
        file.attributes("/", {"complete": False})
    # One line is torn, and one has another number than was found.
    flipped = lines[0].replace(b'"wall_time_s": ', b'"wall_time_s": 1')
    journal.write_bytes(b"".join([flipped, *lines[1:3], lines[3][:40], b"\xff\xfe"]))
    assert read_swept("s.h5").outcomes == {}
    del done[:]
    assert len(swept_here(existing="resume").outcomes) == 4
    assert [(cell.values, cell.seed) for cell in done] == [(("20",), 0), (("50",), 1)]
    assert not journal.exists()


def test_a_file_that_appears_while_values_are_checked_is_not_replaced():
    swept = swept_here()
    about = replace(swept, outcomes={}), "lasersampling sweep", time.monotonic()
    with (
        pytest.raises(InputError, match="a file that exists"),
        Record.open(*about, existing="refuse"),
    ):
        pass
    with Record.open(*about, existing="resume") as record:
        assert bits(record.swept) == bits(swept)


@pytest.fixture
def full_disk():
    """Return a function after which no file may grow beyond so many bytes, or be as before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size=soft: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_costs_the_pieces_that_are_not_kept(monkeypatch, full_disk):
    original, cells = piece.do_piece, []

    def last_but_one(one):
        cells.append(one.cell)
        outcome = original(one)
        if len(cells) == 3:
            full_disk(1000)
        return outcome

    monkeypatch.setattr(run, "do_piece", last_but_one)
    with pytest.raises(LaserSamplingError, match="could not be written .File too large."):
        swept_here()
    full_disk()
    again = swept_here(existing="resume")
    assert cells[2:] == [*cells[2:3], *list(again.grid.cells())[2:]]
    assert bits(again) == bits(swept_here(out="whole.h5"))


SCRIPT = """
import time
import lasersampling as ls
from lasersampling.sampling.gibbs import Gibbs
original = Gibbs.sample
def slow(self, *arguments, **more):
    time.sleep(0.2)
    return original(self, *arguments, **more)
Gibbs.sample = slow
ls.sweep({command!r}, {{"draws": [20, 50, 80]}}, seeds=4, out="s.h5", existing="resume")
"""


def test_a_sweep_that_is_killed_goes_on_to_the_same_bits(folder):
    script = folder / "script.py"
    script.write_text(SCRIPT.format(command=GIBBS))
    for pieces in (2, 5):
        process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE)
        end = time.monotonic() + 120
        while _n_kept() < pieces and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr and process.stderr.read()
        assert process.stderr is not None
        process.stderr.close()
        assert 0 < _n_kept() < 12
        assert not read_results("s.h5").attrs["complete"]
    again = ls.sweep(GIBBS, {"draws": [20, 50, 80]}, seeds=4, out="s.h5", existing="resume")
    whole = ls.sweep(GIBBS, {"draws": [20, 50, 80]}, seeds=4, out="whole.h5")
    assert bits(again) == bits(whole)
    assert not [path for path in folder.iterdir() if path.name.startswith(".s.h5.pieces")]


def _n_kept():
    """Pieces that are on the disk, in the file or in the journal."""
    found: set[Cell] = set()
    if Path("s.h5").exists():
        found = set(read_swept("s.h5").outcomes)
    journal = journal_of(Path("s.h5"))
    if journal.exists():
        for line in journal.read_text().splitlines():
            try:
                held = json.loads(line.partition(" ")[2])["cell"]
            except ValueError:
                continue
            found.add(Cell(tuple(held["values"]), held["seed"]))
    return len(found)


def test_a_training_goes_on_from_the_last_checkpoint_of_its_piece(folder, monkeypatch):
    """As after a kill: the results file of the piece holds a checkpoint."""
    words = "fit distribution --hidden 1 --set=learning.n_updates=8"
    words += " --set=checkpoint_interval_s=0.001"
    seen = []

    def stopped(self):
        seen.append(self.path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("lasersampling.results.run_file.RunFile.finish", stopped)
        ls.sweep(words, {}, out="s.h5")
    kept = folder / "s" / "seed=0.h5"
    assert not read_results(kept, groups=()).attrs["complete"]
    calls = []
    original = calling.call

    def counted(words, purpose):
        calls.append(words)
        return original(words, purpose)

    monkeypatch.setattr(piece, "call", counted)
    again = ls.sweep(words, {}, out="s.h5", existing="resume")
    assert calls[0][1] == "--resume"
    whole = ls.sweep(words, {}, out="whole.h5")
    assert bits(again) == bits(whole) and not again.failures


def test_a_file_without_a_checkpoint_is_begun_anew(folder):
    words = ("fit", "distribution", "--hidden", "1", "--set=learning.n_updates=2", "--seed", "0")
    file = folder / "seed=0.h5"
    with ls.ResultsFile.create(file, command="", seed=0, config="") as begun:
        begun.attributes("/", {"complete": False})
    done = piece.do_piece(piece.Piece(Cell((), 0), words, file, can_resume=True, is_kept=True))
    assert done.failure is None, done.failure
    assert read_results(file, groups=()).attrs["complete"]


def test_a_file_that_another_worker_is_writing_is_left_to_it(folder):
    words = ("sample", "random_five", "--sampler", "gibbs", "--draws", "20", "--seed", "0")
    file = folder / "seed=0.h5"
    with ls.ResultsFile.create(file, command="", seed=0, config=""):
        done = piece.do_piece(piece.Piece(Cell((), 0), words, file, can_resume=False, is_kept=True))
        assert done.failure is None, done.failure
        assert "its results file is not kept" in done.warnings[0]
    assert read_results(file, groups=()).attrs["command"] == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": 0}, "--seeds: got no seed"),
        ({"seeds": "3"}, "seeds: got '3', expected a whole number, or a list of seeds"),
        ({"seeds": True}, "seeds: got True"),
        ({"workers": 0}, "workers: got 0, expected a whole number of at least 1"),
        ({"existing": "keep"}, "existing: got 'keep', expected 'refuse' or 'resume'"),
        ({"keep": "yes"}, "keep: got 'yes'"),
        ({"out": "s.txt"}, "s.txt: got"),
        ({"over": {"draws": ["x"]}}, "--over draws: got 'x', expected a whole number"),
    ],
)
def test_bad_arguments_are_told_before_anything_is_done(arguments, message, done):
    usual = {"command": GIBBS, "over": {"draws": [20]}, "out": "s.h5"}
    with pytest.raises(InputError) as caught:
        ls.sweep(**{**usual, **arguments})
    assert str(caught.value).startswith(message)
    assert not done and not list(Path().iterdir())
