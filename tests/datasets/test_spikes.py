from typing import Any

import numpy as np
import pytest

from lasersampling.datasets.spike_files import load_spikes
from lasersampling.datasets.spikes import (
    SpikeData,
    SpikeSet,
    as_spike_times,
    held_out,
)
from lasersampling.errors import InputError


def test_encoding():
    times = as_spike_times([[0.0, 0.5, 1.0]], 0.2, 1.2, absent_from=0.9)
    assert times.tolist() == [[0.2, 0.7, np.inf]]
    with pytest.raises(InputError, match=r"values: got some outside \[0, 1\]"):
        as_spike_times([0.0, np.nan])
    with pytest.raises(InputError, match="latest"):
        as_spike_times([0.0], 1.0, 0.5)


ARRAYS: dict[str, Any] = {
    "train_times": np.array([[0.1, np.inf], [0.3, 0.2], [0.4, 0.2], [0.2, np.inf], [0.5, 0.5]]),
    "train_labels": np.array([0, 2, 1, 0, 1]),
    "validation_times": np.array([[0.2, 0.5]]),
    "validation_labels": np.array([2]),
    "test_times": np.array([[0.1, 0.5]]),
    "test_labels": np.array([1]),
}


def test_arrays_of_ones_own(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, **ARRAYS)
    data = load_spikes(path)
    assert (data.n_inputs, data.n_classes) == (2, 3)
    assert data.class_names == ("0", "1", "2")
    assert data.validation.labels.tolist() == [2]
    assert np.isinf(data.train.times[0, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_times": np.full((5, 2), np.nan)}, "train_times\\[0\\]\\[0\\]: got nan"),
        ({"train_times": np.full((5, 2), -1)}, "got -1 .*or inf for an absent spike"),
        ({"train_labels": np.array([0])}, "train_labels: got 1"),
        ({"train_labels": np.array([0, 2, 1, 0, -1])}, "train_labels: got 1 of 5 .* such as -1"),
        ({"train_labels": np.array([0, 2, 1, 0, 0.5])}, "train_labels: got 1 of 5 .* such as 0.5"),
        ({"train_labels": np.array([0, 2, 1, 0, np.nan])}, "train_labels: .* such as nan"),
        ({"train_labels": np.array([0, 1, 10**9, 1, 0])}, "1000000001 classes by the largest"),
        (
            {
                f"{part}_labels": np.zeros(n, int)
                for part, n in (("train", 5), ("validation", 1), ("test", 1))
            },
            "one class only",
        ),
        ({"train_labels": np.array(list("aaabb"))}, "labels: got text in some parts only"),
        ({"train_labels": np.array([1, 2, 1, 2, 2])}, "no sample of 1 of 3 classes: 0"),
        ({"test_labels": np.array([3])}, "no sample of 1 of 4 classes: 3"),
        ({"test_times": np.zeros(3)}, r"test_times: got float64 of shape \(3,\)"),
        ({"test_times": np.zeros((1, 3))}, "inputs"),
        ({"validation_labels": None}, "validation_labels: got nothing"),
        ({"test_labels": None}, "test_labels"),
    ],
)
def test_content_that_cannot_be_used_is_refused(tmp_path, changes, message):
    path = tmp_path / "mine.npz"
    kept = {key: value for key, value in (ARRAYS | changes).items() if value is not None}
    np.savez(path, **kept)
    with pytest.raises(InputError, match=message):
        load_spikes(path)


def test_names_of_classes_are_kept_in_natural_order(tmp_path):
    labels = {name: array for name, array in ARRAYS.items() if name.endswith("labels")}
    text: dict[str, Any] = {
        name: np.char.add("class", (array * 5).astype(str)) for name, array in labels.items()
    }
    np.savez(tmp_path / "mine.npz", **(ARRAYS | text))
    data = load_spikes(tmp_path / "mine.npz")
    assert data.class_names == ("class0", "class5", "class10")
    assert data.train.labels.tolist() == ARRAYS["train_labels"].tolist()


def test_without_a_validation_part_a_tenth_of_the_training_part_is_held_out(tmp_path):
    generator = np.random.default_rng(0)
    times, labels = generator.random((60, 3)), np.arange(60) % 3
    np.savez(
        tmp_path / "mine.npz", train_times=times, train_labels=labels * 1.0,
        test_times=times[:3], test_labels=labels[:3],
    )  # fmt: skip
    data = load_spikes(tmp_path / "mine.npz")
    assert np.bincount(data.validation.labels).tolist() == [2, 2, 2]
    assert not set(map(bytes, data.validation.times)) & set(map(bytes, data.train.times))
    assert len(data.train) == 54
    again = load_spikes(tmp_path / "mine.npz")
    assert np.array_equal(data.validation.times, again.validation.times)
    with pytest.raises(InputError, match="n_held: got 54"):
        held_out(data.train, 54, seed=0)


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "mine.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.npz"):
        load_spikes(path)


def test_a_single_array_is_refused(tmp_path):
    path = tmp_path / "mine.npy"
    np.save(path, np.zeros(3))
    with pytest.raises(InputError, match=r"mine\.npy"):
        load_spikes(path)


def test_parts_must_fit():
    part = SpikeSet(np.zeros((2, 3)), np.zeros(2, dtype=int))
    other = SpikeSet(np.zeros((2, 4)), np.zeros(2, dtype=int))
    with pytest.raises(InputError, match=r"inputs: got \[3, 4\]"):
        SpikeData(part, part, other)


@pytest.mark.parametrize("absent", [-1, -1.0, np.nan, -np.inf])
def test_absent_spikes_are_inf_and_nothing_else(absent):
    times = np.array([[0.5, 1.0], [0.2, absent]])
    with pytest.raises(InputError, match=r"times\[1\]\[1\]: got .*, or inf for an absent spike"):
        SpikeSet(times, np.array([0, 1]))
    times[1, 1] = np.inf
    assert SpikeSet(times, np.array([0, 1])).times[1, 1] == np.inf
