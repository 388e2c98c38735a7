"""Labelled samples whose inputs spike as often as they like."""

import numpy as np
import pytest

from lasersampling.datasets import EventData, EventSet, held_out, load_events
from lasersampling.datasets.spike_files import holds_events
from lasersampling.errors import InputError


def some(n=20, seed=0):
    rng = np.random.default_rng(seed)
    trains = [[rng.random(rng.integers(0, 4)) for _ in range(3)] for _ in range(n)]
    return trains, EventSet.from_trains(trains, np.arange(n) % 2)


def test_trains_become_events_in_the_order_of_time():
    trains, part = some()
    assert part.counts().tolist() == [[len(t) for t in sample] for sample in trains]
    first = [[min(t, default=np.inf) for t in sample] for sample in trains]
    assert np.array_equal(part.first(), first)
    sample = np.repeat(np.arange(len(part)), np.diff(part.offsets))
    assert (np.diff(part.time)[np.diff(sample) == 0] >= 0).all()


def test_samples_are_chosen_and_held_out():
    trains, part = some()
    chosen = part.chosen(np.array([7, 2, 7]))
    assert chosen.counts().tolist() == [[len(t) for t in trains[k]] for k in (7, 2, 7)]
    assert chosen.labels.tolist() == [1, 0, 1]
    kept, held = held_out(part, 6, 0)
    assert len(kept) + len(held) == len(part)
    assert kept.time.size + held.time.size == part.time.size


def test_a_file_gives_back_what_it_was_made_of(tmp_path):
    _, part = some()
    _, other = some(12, seed=1)
    arrays = {
        f"{name}_{key}": getattr(own, key)
        for name, own in (("train", part), ("test", other))
        for key in ("offsets", "neuron", "time", "labels")
    }
    np.savez(tmp_path / "events.npz", n_inputs=3, **arrays)
    assert holds_events(tmp_path / "events.npz")
    data = load_events(tmp_path / "events.npz")
    assert np.array_equal(data.test.time, other.time)
    assert len(data.train) + len(data.validation) == len(part)
    assert (data.n_inputs, data.n_classes) == (3, 2)
    np.savez(tmp_path / "both.npz", n_inputs=3, train_times=[[0.1]], **arrays)
    with pytest.raises(InputError, match="one of the two"):
        holds_events(tmp_path / "both.npz")
    np.savez(tmp_path / "broken.npz", n_inputs=-1, **arrays)
    with pytest.raises(InputError, match="n_inputs: got -1"):
        load_events(tmp_path / "broken.npz")
    del arrays["train_time"]
    np.savez(tmp_path / "broken.npz", **arrays)
    with pytest.raises(InputError, match="n_inputs"):
        load_events(tmp_path / "broken.npz")
    np.savez(tmp_path / "broken.npz", n_inputs=3, **arrays)
    with pytest.raises(InputError, match="train_time"):
        load_events(tmp_path / "broken.npz")


GOOD = {"offsets": [0, 2, 3], "neuron": [0, 1, 1], "time": [0.1, 0.2, 0.3], "labels": [0, 1]}


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"offsets": [0, 3]}, "offsets"),
        ({"offsets": [0, 2, 4]}, "offsets"),
        ({"offsets": [0, 4, 3]}, "offsets"),
        ({"offsets": [0.0, 2.0, 3.0]}, "offsets"),
        ({"neuron": [0, 1]}, "neuron"),
        ({"neuron": [0, 1, 2]}, "neuron"),
        ({"neuron": [0, -1, 1]}, "neuron"),
        ({"time": [0.1, np.inf, 0.3]}, "time"),
        ({"time": [0.1, np.nan, 0.3]}, "time"),
        ({"time": [0.1, -0.2, 0.3]}, "time"),
        ({"time": [[0.1], [0.2], [0.3]]}, "time"),
        ({"labels": [0, -1]}, "labels"),
        ({"labels": []}, "labels"),
        ({"n_inputs": 0}, "n_inputs"),
    ],
)
def test_lists_that_are_none_are_refused(wrong, where):
    with pytest.raises(InputError, match=where):
        EventSet(**({"n_inputs": 2} | GOOD | wrong))


def test_parts_are_of_one_kind():
    _, part = some()
    narrow = EventSet.from_trains([[[0.1]], [[0.2]]], [0, 1])
    with pytest.raises(InputError, match="inputs"):
        EventData(part, narrow, part)
    with pytest.raises(InputError, match="test"):
        EventData(part, part, None)  # type: ignore[arg-type]
