from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.learning.history import History
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.outputs import Outputs
from lasersampling.results.run_file import RunFile, read_checkpoint

STATE: dict[str, Any] = {
    "epoch": 2,
    "x": torch.tensor([[1.0, np.pi]]),
    "inner": {"empty": torch.zeros(0)},
}


def history():
    made = History()
    for k in range(2):
        made.add({"loss": np.array([0.5, 0.4]) / (k + 1), "epoch_time_s": np.array(0.1)})
    return made


def opened(path, **options):
    return RunFile.open(path, command="test", seed=3, config="a = 1", **options)


def test_a_checkpoint_is_a_results_file_and_comes_back(tmp_path):
    path = tmp_path / "run.h5"
    with opened(path) as file:
        assert not path.exists()
        file.save(STATE, history())
        state, config = read_checkpoint(path)
        assert config == "a = 1"
        assert state is not None
        assert state["epoch"] == 2
        assert torch.equal(state["x"], STATE["x"])
        assert state["inner"]["empty"].numel() == 0
        results = read_results(path)
        assert results.attrs["complete"] == 0
        assert results.attrs["seed"] == 3
        assert results.array("history/loss").tolist() == [[0.5, 0.4], [0.25, 0.2]]
        with file.finish() as final:
            final.metric("accuracy", 0.9)
    assert read_results(path).attrs["complete"] == 1
    with pytest.raises(InputError, match="this one is complete, and nothing is left to do"):
        read_checkpoint(path)


def test_what_was_begun_is_told_from_what_is_kept(tmp_path):
    path = tmp_path / "run.h5"
    with opened(path) as file:
        file.begin()
        assert file.has_checkpoint and not file.has_kept_steps
    with opened(path, goes_on=True) as file:
        assert not file.has_kept_steps
        file.save(STATE, history())
        assert file.has_kept_steps
    with opened(path, goes_on=True) as file:
        assert file.has_kept_steps


def test_what_goes_wrong_leaves_the_last_checkpoint(tmp_path):
    path = tmp_path / "run.h5"
    with pytest.raises(RuntimeError), opened(path) as file:
        file.save(STATE, history())
        with file.finish():
            raise RuntimeError
    state, _ = read_checkpoint(path)
    assert state is not None
    assert state["epoch"] == 2


def test_two_runs_cannot_write_one_file(tmp_path):
    path = tmp_path / "run.h5"
    with opened(path) as file:
        file.save(STATE, history())
        with (
            pytest.raises(InputError, match="another run is writing now"),
            opened(path, overwrite=True),
        ):
            pass
        # It is not stopped, so nobody is sent to --resume, which would be refused.
        with pytest.raises(InputError, match="another run is writing now"):
            Outputs.checked(path)
    with pytest.raises(InputError, match="a run that was stopped"), opened(path):
        pass
    with pytest.raises(InputError, match="a run that was stopped, expected --resume"):
        Outputs.checked(path)
    with opened(path, overwrite=True):
        assert path.exists()


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.h5"
    with ResultsFile.create(path, command="", seed=0, config="") as file:
        file.write("checkpoint/structure", "{", units="1", description="")
    with pytest.raises(InputError, match="a damaged one"):
        read_checkpoint(path)


def test_wall_time_counts_from_the_start_and_adds_up_over_runs(tmp_path):
    path = tmp_path / "run.h5"
    with opened(path) as file:
        file.started -= 100.0
        file.save(STATE, history())
    assert read_results(path).attrs["wall_time_s"] == pytest.approx(100.0, abs=20.0)
    with opened(path, goes_on=True) as file:
        file.started -= 1000.0
        with file.finish() as results:
            results.metric("accuracy", 0.9)
    assert read_results(path).attrs["wall_time_s"] == pytest.approx(1100.0, abs=40.0)


def test_figures_of_a_run_that_goes_on_do_not_replace_others(tmp_path):
    path, figure = tmp_path / "run.h5", tmp_path / "run.png"
    with opened(path, figures=["fit"]) as file:
        file.save(STATE, history())
    figure.write_text("precious")
    with (
        pytest.raises(InputError, match="run.png: got a figure that exists.*keeps what"),
        opened(path, figures=["fit"], goes_on=True),
    ):
        pass
    with opened(path, figures=["fit"], goes_on=True, overwrite=True):
        pass
    assert figure.read_text() == "precious"


def test_a_file_that_comes_in_between_is_not_replaced(tmp_path):
    path = tmp_path / "run.h5"
    with opened(path) as file:
        path.write_text("precious")
        with pytest.raises(InputError, match="a file that exists"):
            file.save(STATE, history())
    assert path.read_text() == "precious"
