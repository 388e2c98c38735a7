import numpy as np
import pytest

from lasersampling.comparison.design import Design
from lasersampling.comparison.settings import Comparison, Range, Search
from lasersampling.comparison.tuning import Trials, check_searchable, tune
from lasersampling.errors import InputError
from lasersampling.results import read_results

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


def test_a_search_without_its_package_says_how_to_get_it(design, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'lasersampling\[search\]'"):
        check_searchable(design)


def test_without_trials_settings_are_taken_as_they_are(table, tmp_path):
    _, found = tune(Trials(Design(Comparison(**table)), "fast", tmp_path, "test"))
    assert found.chosen == {}
    assert not list(tmp_path.glob("search*"))
