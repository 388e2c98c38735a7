import contextlib
from pathlib import Path

import numpy as np
import pytest

from lasersampling.comparison.cells import TAKEN, Job, run_jobs, trained_cell
from lasersampling.comparison.design import Cell, Design
from lasersampling.comparison.measures import measures_of
from lasersampling.comparison.records import metrics_of, write_compared
from lasersampling.comparison.run import _work_of, run_comparison
from lasersampling.comparison.settings import MAIN, Comparison
from lasersampling.errors import InputError
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.figures import draw
from lasersampling.statistics import paired_difference
from lasersampling.workers import Processes
from tests.datasets.heidelberg import write

ALONE = Processes(1)


@contextlib.contextmanager
def silent(what):
    yield lambda fraction: None


def compared_in(folder, table, workers=ALONE):
    design = Design(Comparison(**table))
    Path(folder).mkdir(exist_ok=True)
    return run_comparison(design, Path(folder), command="test", workers=workers, progress=silent)


@pytest.fixture
def job(table, tmp_path):
    design = Design(Comparison(**table))
    return Job(tmp_path / "cell.h5", design.recipe(Cell(MAIN, "", "fast"), {}), "test")


def test_a_finished_training_is_not_done_again(job):
    first = trained_cell(job)
    written = job.path.stat().st_mtime_ns
    again = trained_cell(job)
    assert job.path.stat().st_mtime_ns == written
    assert (first.array("test/accuracy") == again.array("test/accuracy")).all()


def test_a_training_of_another_recipe_is_not_taken_for_this_one(job, table):
    trained_cell(job)
    other = Design(Comparison(**table)).recipe(Cell(MAIN, "", "slow"), {})
    with pytest.raises(InputError, match="networks of another recipe"):
        trained_cell(Job(job.path, other, "test"))


def test_networks_judged_on_other_points_are_not_taken_for_these(job, table, monkeypatch):
    table["settings"] = {"data": "yin_yang", "train_samples": 60, "learning.n_epochs": 1}
    recipe = Design(Comparison(**table)).recipe(Cell(MAIN, "", "fast"), {})
    few = Job(job.path.with_name("yy.h5"), recipe, "test", 40)
    assert trained_cell(few).array("fresh/accuracy").shape == (2,)
    with pytest.raises(InputError, match="judged on 40 fresh points, expected 50"):
        trained_cell(Job(few.path, recipe, "test", 50))


def test_spikes_are_counted_over_the_samples_that_each_variant_trains_on(table, base):
    """Variants may keep more speakers for validation, and so train on fewer samples."""
    generator = np.random.default_rng(0)
    for part in ("train", "test"):
        times = 0.01 + 0.03 * (np.arange(60) % 2)[:, None] + 0.01 * generator.random((60, 6))
        samples = {
            "times": list(times), "units": [np.arange(6)] * 60, "labels": np.arange(60) % 2,
            "speaker": np.arange(60) // 2 % 6,
        }  # fmt: skip
        write(Path(f"shd_{part}.h5"), samples, keys=("to", "fro"))
    base.write_text(
        base.read_text().replace("mine.npz", "shd_train.h5")
        + "[event_files]\ntime_unit_s = 0.02\nn_channels = 6\n"
    )
    table["settings"] = {
        "network.weight_mean": 1.0, "network.after_spike.refractory": 0.2, "learning.n_epochs": 1,
    }  # fmt: skip
    for arm in table["arms"].values():
        arm["settings"]["method"] = "eventprop"
    variants = {f"{n}": {"event_files.validation_speakers": n} for n in (1, 3)}
    table["studies"] = {"held": {"about": "speakers held", "variants": variants}}
    table["goal"] = 1e-6
    done = compared_in("runs", table)
    assert not done.failures
    found = done.measures
    for n_speakers, n_train in (("1", 50), ("3", 30)):
        own = found[Cell("held", n_speakers, "fast")]
        assert own.hidden_spikes.min() > 0
        assert own.spikes_to_goal == pytest.approx(n_train * own.hidden_spikes)


def test_measures_are_those_of_the_history(job):
    results = trained_cell(job)
    validation = results.array("history/validation_accuracy")
    found = measures_of(results, 0.6, 60)
    for member in range(2):
        reached = np.flatnonzero(validation[:, member] >= 0.6)
        expected = reached[0] + 1 if len(reached) else np.inf
        assert found.epochs_to_goal[member] == expected
        spikes = results.array("history/hidden_spikes")[:, member]
        total = 60 * spikes[: reached[0] + 1].sum() if len(reached) else np.inf
        assert found.spikes_to_goal[member] == pytest.approx(total)
    assert np.isnan(found.fresh_accuracy).all()
    assert np.isnan(found.voltage_bytes).all()
    assert (found.hidden_spikes > 0).all()


def test_a_goal_that_is_never_reached_is_never_reached(job):
    found = measures_of(trained_cell(job), 1.1, 60)
    assert np.isinf(found.epochs_to_goal).all()
    assert np.isinf(found.processor_time_to_goal_s).all()


def test_a_comparison_is_written_drawn_and_tested_by_pairs(table, tmp_path):
    table["studies"] = {"few": {"about": "samples", "variants": {"30": {"train_samples": 30}}}}
    table["claims"] = {"speed": {"about": "faster is better", "pairs": [["fast", "slow"]]}}
    compared = compared_in("runs", table)
    with ResultsFile.create(tmp_path / "c.h5", command="test", seed=0, config="") as file:
        write_compared(file, compared)
    results = read_results(tmp_path / "c.h5")
    assert list(results.attributes["main"]["arms"]) == ["slow", "fast"]
    accuracy = results.array("main/accuracy")
    assert accuracy.shape == (1, 2, 2)
    expected = paired_difference(accuracy[0, 1], accuracy[0, 0])
    metric = results.metric("difference_fast")
    assert metric.value == pytest.approx(expected.mean)
    assert metric.interval == pytest.approx((expected.low, expected.high))
    claimed = results.metric("difference_fast_from_slow")
    assert (claimed.value, claimed.interval) == (metric.value, metric.interval)
    assert results.attributes["claim_speed"]["verdict"].startswith("cannot be told")
    cells = [read_results(f"runs/main-{arm}.h5", groups=()) for arm in ("slow", "fast")]
    took = sum(cell.attrs["wall_time_s"] for cell in cells)
    assert results.attributes["main"]["wall_time_s"] == pytest.approx(took)
    trained_at = {str(cell.attrs["git_commit"]) for cell in cells}
    assert set(results.attributes["main"]["commits"].split(", ")) == trained_at
    for name in ("linear_test_accuracy", "kernel_test_accuracy"):
        cell = read_results("runs/main-slow.h5", groups=()).metric(name)
        assert results.metric(name) == cell
    assert results.array("few/accuracy").shape == (1, 2, 2)
    assert results.array("curves/fast").shape == (3, 2)
    assert len(draw(tmp_path / "c.h5", "comparison").axes) == 3


def test_variants_of_one_recipe_are_trained_once(table):
    table["studies"] = {
        "few": {
            "about": "samples",
            "variants": {"30": {"train_samples": 30}, "all": {}},
            "arms": ("fast",),
        }
    }
    compared = compared_in("runs", table)
    names = sorted(path.stem for path in Path("runs").glob("*.h5"))
    assert names == ["few-30-fast", "main-fast", "main-slow"]
    main, same = (
        compared.measures[c] for c in (Cell(MAIN, "", "fast"), Cell("few", "all", "fast"))
    )
    assert same.accuracy.tolist() == main.accuracy.tolist()


def test_a_training_that_fails_does_not_stop_the_others(table):
    # The untrained network spikes after the time that stands for an absent spike.
    table["arms"]["fast"]["settings"]["loss.absent_time"] = 0.01
    compared = compared_in("runs", table)
    assert list(compared.failures) == ["main-fast"]
    assert "loss.absent_time" in compared.failures["main-fast"]
    assert np.isnan(compared.measures[Cell(MAIN, "", "fast")].accuracy).all()
    metric = metrics_of(compared)["accuracy_fast"]
    assert np.isnan(metric.value)
    assert metric.reason == compared.failures["main-fast"]
    assert compared.differences("accuracy") == {}
    table["arms"]["slow"]["settings"]["loss.absent_time"] = 0.01
    compared = compared_in("none", table)
    with ResultsFile.create("none.h5", command="test", seed=0, config="") as file:
        write_compared(file, compared)
    results = read_results("none.h5")
    assert np.isnan(results.array("main/accuracy")).all()
    assert set(results.attributes["failures"]) == {"main-fast", "main-slow"}


def test_workers_find_what_one_process_finds(table):
    pytest.importorskip("optuna")
    table["search"] = {
        "trials": 2, "n_epochs": 1,
        "ranges": {"loss.temperature": {"low": 0.05, "high": 1.0, "log": True}},
    }  # fmt: skip
    alone, together = compared_in("a", table), compared_in("b", table, Processes(2))
    for arm in table["arms"]:
        assert dict(alone.tuned[arm].chosen) == dict(together.tuned[arm].chosen)
        cell = Cell(MAIN, "", arm)
        assert (alone.measures[cell].accuracy == together.measures[cell].accuracy).all()


def test_jobs_side_by_side_tell_failures(job, table):
    bad = Design(Comparison(**{**table, "settings": {"loss.absent_time": 0.01}}))
    other = Job(job.path.with_name("bad.h5"), bad.recipe(Cell(MAIN, "", "slow"), {}), "test")
    told: list[float] = []
    outcomes = {o.path.name: o.failure for o in run_jobs([job, other], ALONE, told.append)}
    assert outcomes["cell.h5"] is None
    assert "loss.absent_time" in str(outcomes["bad.h5"])
    assert told[-1] == 1.0


def test_a_worker_that_does_not_see_the_folder_of_trainings_is_refused(job, table):
    away = Job(job.path.parent / "elsewhere" / "cell.h5", job.recipe, "test")
    with pytest.raises(InputError, match="elsewhere: got .*, a machine that does not see this"):
        list(run_jobs([away], ALONE))


@pytest.mark.parametrize("method", ["closed-form", "eventprop"])
def test_networks_that_do_not_see_their_chips_are_trained_once_for_all_of_them(
    table, base, tmp_path, method
):
    base.write_text(base.read_text().replace("neuron =", "# neuron ="))  # that of the chip
    variants = {}
    for name, std in (("weak", 0.01), ("strong", 0.3)):
        off = {"threshold": {"mismatch": {"std": std, "relative": False}}}
        for way in ("blind", "in_the_loop"):
            variants[f"{name}, {way}"] = {
                "chip.training": way,
                "chip.model.imperfections": off,
            }
    table["settings"] = {
        "learning.n_epochs": 2,
        "chip.model": {
            "sample_period": 8.0,
            "neuron": {"threshold": 1.0, "conductance": 0.5, "tau_mem": 2.0},
        },
    }
    if method == "eventprop":
        table["settings"]["network.after_spike"] = {"refractory": 0.2}
    for arm in table["arms"].values():
        arm["settings"]["method"] = method
    table["studies"] = {"chips": {"about": "chips", "variants": variants}}
    done = compared_in("runs", table)
    assert not done.failures
    _check_work(done)
    for arm in ("slow", "fast"):
        found = {
            name: read_results(f"runs/chips-{name}-{arm}.h5", groups=("parameters", "test", "chip"))
            for name in variants
        }
        weights = {name: own.array("parameters/weights_0") for name, own in found.items()}
        assert np.array_equal(weights["weak, blind"], weights["strong, blind"])
        assert not np.array_equal(weights["weak, in_the_loop"], weights["strong, in_the_loop"])
        seen = [found[f"{k}, blind"].array("test/output_time") for k in ("weak", "strong")]
        assert not np.array_equal(seen[0], seen[1])
        # What is trained for a chip alone is the same, to the bit.
        recipe = done.design.recipe(Cell("chips", "strong, blind", arm), {})
        alone = trained_cell(Job(tmp_path / f"alone-{arm}.h5", recipe, "test"))
        moved = found["strong, blind"]
        for name in ("test/output_time", "test/accuracy"):
            assert np.array_equal(alone.array(name), moved.array(name), equal_nan=True)
        one, two = (
            read_results(own, groups=("history",))
            for own in (tmp_path / f"alone-{arm}.h5", f"runs/chips-strong, blind-{arm}.h5")
        )
        assert one.attributes["parameters"] == two.attributes["parameters"]
        assert set(one.metrics) == set(two.metrics)
        for name in ("history/loss", "history/validation_accuracy", "history/epoch"):
            assert np.array_equal(one.array(name), two.array(name), equal_nan=True)


def _check_work(done):
    """Compare the time of a study with that of its files, of which some took their networks."""
    files = {Path(f"runs/{cell.name}.h5") for cell in done.measures if cell.study == "chips"}
    whole = {path: read_results(path, groups=()) for path in files}
    took = sum(float(own.attrs["wall_time_s"]) for own in whole.values())
    assert done.wall_time_s["chips"] == pytest.approx(took)
    taken = {path.stem: own.attributes[TAKEN] for path, own in whole.items()
             if TAKEN in own.attributes}  # fmt: skip
    assert {name: origin["file"] for name, origin in taken.items()} == {
        f"chips-strong, blind-{arm}": f"chips-weak, blind-{arm}.h5" for arm in ("slow", "fast")
    }
    # A study by itself has the time of those whose networks it takes.
    one = read_results("runs/chips-strong, blind-fast.h5", groups=("history", "test"))
    source = whole[Path("runs/chips-weak, blind-fast.h5")].attrs
    assert _work_of(one) == {
        own_name: (str(attrs["git_commit"]), float(attrs["wall_time_s"]))
        for own_name, attrs in (
            ("chips-strong, blind-fast.h5", one.attrs), ("chips-weak, blind-fast.h5", source)
        )
    }  # fmt: skip


def test_networks_that_others_failed_to_train_are_trained_after_all(table, tmp_path):
    recipe = Design(Comparison(**table)).recipe(Cell(MAIN, "", "fast"), {})
    job = Job(tmp_path / "moved.h5", recipe, "test", networks_of=tmp_path / "none.h5")
    (outcome,) = run_jobs([job], ALONE)
    assert outcome.failure is None
    assert TAKEN not in read_results(job.path, groups=()).attributes


def test_networks_with_delays_are_trained_for_each_chip(table, base):
    base.write_text(base.read_text().replace("neuron =", "# neuron ="))
    off = {"threshold": {"mismatch": {"std": 0.1, "relative": False}}}
    neuron = {"threshold": 1.0, "conductance": 0.5, "tau_mem": 2.0}
    table["settings"] = {
        "learning.n_epochs": 1, "network.delays": "synaptic",
        "chip.model": {"sample_period": 8.0, "neuron": neuron},
    }  # fmt: skip
    variants = {
        name: {"chip.training": "blind", "chip.model.imperfections": imperfections}
        for name, imperfections in (("ideal", {}), ("off", off))
    }
    table["studies"] = {"chips": {"about": "chips", "variants": variants}}
    done = compared_in("runs", table)
    assert not done.failures
    found = [
        read_results(f"runs/chips-{name}-fast.h5", groups=("parameters",))
        for name in ("ideal", "off")
    ]
    assert found[0].attributes["parameters"] == found[1].attributes["parameters"]
    assert not any(TAKEN in own.attributes for own in found)
