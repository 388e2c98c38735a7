import numpy as np
import pytest

from lasersampling.datasets.spikes import SpikeData, SpikeSet, as_spike_times, load_spikes
from lasersampling.errors import InputError


def test_encoding():
    times = as_spike_times([[0.0, 0.5, 1.0]], 0.2, 1.2, absent_from=0.9)
    assert times.tolist() == [[0.2, 0.7, np.inf]]
    with pytest.raises(InputError, match=r"values: got some outside \[0, 1\]"):
        as_spike_times([0.0, np.nan])
    with pytest.raises(InputError, match="latest"):
        as_spike_times([0.0], 1.0, 0.5)


ARRAYS = {
    "train_times": np.array([[0.1, np.inf], [0.3, 0.2]]),
    "train_labels": np.array([0, 2]),
    "test_times": np.array([[0.1, 0.5]]),
    "test_labels": np.array([1]),
}


def test_arrays_of_ones_own(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, **ARRAYS)
    data = load_spikes(path)
    assert (data.n_inputs, data.n_classes) == (2, 3)
    assert data.validation is data.test
    assert np.isinf(data.train.times[0, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_times": np.array([[np.nan, 1.0], [0.0, 0.0]])}, "train_times: got nan or -inf"),
        ({"train_labels": np.array([0])}, "train_labels: got 1"),
        ({"train_labels": np.array([0, -1])}, "train_labels: got -1"),
        ({"train_labels": np.array([0.0, 1.0])}, "train_labels: got float64"),
        ({"test_times": np.zeros(3)}, r"test_times: got float64 of shape \(3,\)"),
        ({"test_times": np.zeros((1, 3))}, "inputs"),
        ({"validation_times": np.zeros((1, 2))}, "validation_labels: got nothing"),
        ({"test_labels": None}, "test_labels"),
    ],
)
def test_content_that_cannot_be_used_is_refused(tmp_path, changes, message):
    path = tmp_path / "mine.npz"
    kept = {key: value for key, value in (ARRAYS | changes).items() if value is not None}
    np.savez(path, **kept)
    with pytest.raises(InputError, match=message):
        load_spikes(path)


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
