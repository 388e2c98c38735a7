import pickle
from pathlib import Path

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.results.kept_steps import KeptSteps, read_step, write_step
from lasersampling.sampling.certificate.verdict import Verdict
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.protocol import Samples


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run.h5.parts"


def made(folder):
    return KeptSteps(folder, lambda: 1.5)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_finished_step_is_read_and_not_computed_again(folder):
    done = []

    def work(number):
        done.append(number)
        return {"number": number, "table": np.arange(number)}

    first = made(folder)
    for number in (3, 4):
        first.step("table", lambda number=number: work(number))
    again = made(folder)
    found = [again.step("table", lambda: work(0)) for _ in range(2)]
    new = again.step("table", lambda: work(5))
    assert done == [3, 4, 5]
    assert [one["number"] for one in [*found, new]] == [3, 4, 5]
    np.testing.assert_array_equal(found[1]["table"], np.arange(4))
    assert again.spent_s == 1.5
    assert [path.name for path in again.paths("table")] == [f"table-00000{k}.h5" for k in range(3)]


def test_steps_within_a_step_are_kept_until_it_is_finished(folder):
    def outer(keeper, fails):
        for _ in range(2):
            keeper.step("inner", lambda: 1)
        if fails:
            raise RuntimeError
        return keeper.step("inner", lambda: 2)

    first = made(folder)
    with pytest.raises(RuntimeError):
        first.step("outer", lambda: outer(first, True))
    inner = [f"outer-000000.inner-00000{k}.h5" for k in range(2)]
    assert names(folder) == inner
    again = made(folder)
    assert again.step("outer", lambda: outer(again, False)) == 2
    assert names(folder) == ["outer-000000.h5"]


def test_another_process_keeps_steps_within_a_piece_until_that_is_finished(folder):
    piece = made(folder).state("piece")
    inner = pickle.loads(pickle.dumps(piece.within()))
    assert [inner.step("samples", lambda k=k: k) for k in (5, 6)] == [5, 6]
    assert names(folder) == [f"piece-000000.samples-00000{k}.h5" for k in range(2)]
    assert made(folder).state("piece").within().step("samples", lambda: 7) == 5
    made(folder).step("other", lambda: 8)
    piece.save({"result": 9})
    assert names(folder) == ["other-000000.h5", "piece-000000.h5"]
    assert made(folder).state("piece").load() == {"result": 9}


def test_a_step_of_other_work_is_refused(folder):
    made(folder).step("sum", lambda: 3, {"terms": np.array([1, 2])})
    assert made(folder).step("sum", lambda: 4, {"terms": np.array([1, 2])}) == 3
    with pytest.raises(InputError, match="a step of other work"):
        made(folder).step("sum", lambda: 4, {"terms": np.array([1, 3])})


def test_forgetting_removes_steps_and_what_a_kill_left_and_nothing_else(folder):
    kept = made(folder)
    kept.forget()
    kept.step("table", lambda: 1)
    (folder / ".table-000001.h5.partial").touch()
    (folder / "mine.txt").touch()
    kept.forget()
    assert names(folder) == ["mine.txt"]
    (folder / "mine.txt").unlink()
    kept.forget()
    assert not folder.exists()


def test_objects_of_the_library_come_back(tmp_path):
    trains = SpikeTrains(np.array([0.5, 2.0]), np.array([1, 0]), np.array([0, 2]), 2, 3.0)
    states = np.array([[[0, 1], [1, 1]]], dtype=np.int8)
    samples = Samples(states, "lasers", 3, 0.5, trains, {"field": np.array([[1j]])})
    value = {
        "samples": samples,
        "lasers": Lasers("D6", chip_seed=4),
        "verdict": Verdict.AGREES,
        "place": Path("a/b"),
        "number": np.float32(0.1),
        "pair": (1, None),
    }
    path = tmp_path / "step.h5"
    write_step(path, value, 0.0, "")
    found = read_step(path)
    np.testing.assert_array_equal(found["samples"].states, states)
    np.testing.assert_array_equal(found["samples"].spikes.time_ns, trains.time_ns)
    assert found["samples"].spikes.duration_ns == 3.0
    assert found["samples"].end["field"] == 1j
    assert found["lasers"] == value["lasers"]
    assert found["verdict"] is Verdict.AGREES
    assert found["place"] == Path("a/b")
    assert (found["number"], found["number"].dtype) == (np.float32(0.1), np.float32)
    assert found["pair"] == (1, None)


@pytest.mark.parametrize(
    "structure",
    [
        "{",
        '{"$object": "os:PathLike", "fields": {}}',
        '{"$object": "lasersampling.atomic:os.abort", "fields": {}}',
        '{"$object": "lasersampling.atomic:named", "fields": {}}',
        '{"$object": "lasersampling.nothing:X", "fields": {}}',
        '{"$array": "a7", "dtype": "int8"}',
    ],
)
def test_what_is_no_step_of_ours_is_refused(tmp_path, structure, monkeypatch):
    path = tmp_path / "step.h5"
    with monkeypatch.context() as patch:
        patch.setattr("lasersampling.results.kept_steps.pack", lambda value: (structure, {}))
        write_step(path, 0, 0.0, "")
    with pytest.raises(InputError, match="a damaged one"):
        read_step(path)
