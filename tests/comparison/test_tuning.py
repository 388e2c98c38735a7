import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lasersampling.comparison.design import Cell, Design, load_comparison
from lasersampling.comparison.records import write_compared
from lasersampling.comparison.run import Compared, run_comparison
from lasersampling.comparison.settings import Comparison, Range, Search
from lasersampling.comparison.tuning import Trials, check_searchable, tune, tuned_before
from lasersampling.config import shipped_path, to_toml
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.learning.spikes import train_spikes
from lasersampling.results import ResultsFile, read_results
from lasersampling.workers import Processes

RANGES = {"learning.learning_rate": Range(1e-4, 0.1, log=True)}


@pytest.fixture
def design(table):
    for arm in table["arms"].values():
        del arm["settings"]["learning.learning_rate"]
    return Design(Comparison(**table, search=Search(trials=3, n_epochs=2, ranges=RANGES)))


def test_the_best_trial_on_the_validation_part_is_chosen(design, tmp_path):
    pytest.importorskip("optuna")
    arm, found = tune(Trials(design, "fast", tmp_path, "test"))
    assert arm == "fast"
    scores, rates = [], []
    for k in range(3):
        results = read_results(tmp_path / f"search-fast-{k}.h5")
        scores.append(results.array("history/validation_accuracy")[-1].mean())
        rates.append(float(found.tried["learning.learning_rate"][k]))
        assert f"learning_rate = {rates[-1]!r}" in results.config
        assert results.attrs["seed"] == 1_000_000
    assert found.score.tolist() == scores
    assert found.chosen == {"learning.learning_rate": rates[int(np.argmax(scores))]}


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(design, tmp_path):
    pytest.importorskip("optuna")
    _, whole = tune(Trials(design, "fast", tmp_path, "test"))
    (tmp_path / "search-fast-2.h5").unlink()
    kept = (tmp_path / "search-fast-0.h5").stat().st_mtime_ns
    _, again = tune(Trials(design, "fast", tmp_path, "test"))
    assert (tmp_path / "search-fast-0.h5").stat().st_mtime_ns == kept
    assert again.score.tolist() == whole.score.tolist()
    assert again.chosen == whole.chosen


def test_a_trial_that_fails_is_never_the_best(design, tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    begun = []

    def fails_first(data, **options):
        begun.append(0)
        if len(begun) == 1:
            raise LaserSamplingError("activity ran away")
        return train_spikes(data, **options)

    monkeypatch.setattr("lasersampling.comparison.cells.train_spikes", fails_first)
    _, found = tune(Trials(design, "fast", tmp_path, "test"))
    assert np.isnan(found.score).tolist() == [True, False, False]
    rates = found.tried["learning.learning_rate"]
    assert found.chosen == {"learning.learning_rate": rates[int(np.nanargmax(found.score))]}
    assert found.failures == ("search-fast-0.h5: activity ran away",)


def test_without_a_trial_that_succeeds_nothing_is_chosen(design, tmp_path, monkeypatch):
    pytest.importorskip("optuna")

    def fails(data, **options):
        raise LaserSamplingError("activity ran away")

    monkeypatch.setattr("lasersampling.comparison.cells.train_spikes", fails)
    with pytest.raises(LaserSamplingError, match="all trials of fast failed: search-fast-0.h5"):
        tune(Trials(design, "fast", tmp_path, "test"))


def test_trials_of_another_recipe_are_refused(design, table, tmp_path):
    pytest.importorskip("optuna")
    tune(Trials(design, "fast", tmp_path, "test"))
    longer = Design(
        replace(design.comparison, search=replace(design.comparison.search, n_epochs=3))
    )
    with pytest.raises(InputError, match="search-fast-0.h5: got networks of another recipe"):
        tune(Trials(longer, "fast", tmp_path, "test"))


def test_a_search_without_its_package_says_how_to_get_it(design, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'lasersampling\[search\]'"):
        check_searchable(design)


def test_without_trials_settings_are_taken_as_they_are(table, tmp_path):
    _, found = tune(Trials(Design(Comparison(**table)), "fast", tmp_path, "test"))
    assert found.chosen == {}
    assert not list(tmp_path.glob("search*"))


@pytest.fixture
def published(design, tmp_path):
    """Write what a search has found, in a file without trainings."""
    pytest.importorskip("optuna")
    found = dict(tune(Trials(design, arm, tmp_path, "test")) for arm in design.comparison.arms)
    path = tmp_path / "published.h5"
    config = to_toml(design.comparison)
    with ResultsFile.create(path, command="test", seed=0, config=config) as file:
        write_compared(file, Compared(design, found, {}, {}, {}, {}, {}, {}))
    return path, found


def test_settings_found_before_are_those_of_the_search(design, published, tmp_path):
    path, found = published
    study = {"few": {"about": "samples", "variants": {"30": {"train_samples": 30}}}}
    wider = Design(replace(design.comparison, members=3, studies=study))
    before = tuned_before(path, wider)
    for arm, own in found.items():
        assert before[arm].chosen == own.chosen
        assert before[arm].score.tolist() == own.score.tolist()
    (tmp_path / "fewer").mkdir()
    compared = run_comparison(
        wider, tmp_path / "fewer", command="test", workers=Processes(1), studies=("few",),
        tuned=before, progress=lambda what: contextlib.nullcontext(lambda fraction: None),
    )  # fmt: skip
    assert not compared.failures
    assert set(compared.measures) == {Cell("few", "30", "slow"), Cell("few", "30", "fast")}
    trained = read_results(tmp_path / "fewer/few-30-slow.h5", groups=()).config
    rate = found["slow"].chosen["learning.learning_rate"]
    assert f"learning_rate = {rate!r}" in trained
    assert not list((tmp_path / "fewer").glob("search*"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"settings": {"network.hidden": [4]}}, "with other settings,"),
        ({"search": Search(trials=2, n_epochs=2, ranges=RANGES)}, "with other search,"),
    ],
)
def test_settings_found_for_another_comparison_are_refused(design, published, changes, told):
    other = Design(replace(design.comparison, **changes))
    with pytest.raises(InputError, match=told):
        tuned_before(published[0], other)


def test_settings_found_for_what_the_base_was_before_are_refused(design, published, base):
    tuned_before(published[0], Design(design.comparison))
    base.write_text(base.read_text() + "# said otherwise\n")
    tuned_before(published[0], Design(design.comparison))
    base.write_text(base.read_text().replace("batch_size = 30", "batch_size = 20"))
    with pytest.raises(InputError, match="with other settings in its base"):
        tuned_before(published[0], Design(design.comparison))


def test_a_file_without_a_search_has_found_nothing(design, tmp_path):
    path = tmp_path / "other.h5"
    with ResultsFile.create(path, command="test", seed=0, config="") as file:
        file.metric("accuracy", 0.9, 0.01, description="right answers")
    with pytest.raises(InputError, match="without a search"):
        tuned_before(path, design)


def test_the_published_search_serves_the_shipped_comparison():
    """So its studies can be run by themselves: `compare yin_yang_methods --tuned ...`."""
    published = Path(__file__).parents[2] / "data" / "results" / "compared_methods.h5"
    design = load_comparison(shipped_path("recipes", "yin_yang_methods"))
    found = tuned_before(published, design)
    assert set(found) == set(design.comparison.arms)
    assert all(0 < len(own.score) == design.comparison.search.trials for own in found.values())
