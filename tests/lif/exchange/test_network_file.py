from typing import Any

import h5py
import numpy as np
import pytest
import torch
import xarray

from lasersampling.errors import InputError
from lasersampling.lif import AxonalDelays, DelayRange, SpikingNetwork
from lasersampling.lif.exchange.arrays import network_from_arrays
from lasersampling.lif.exchange.network_file import is_network_file, load_network, save_network
from lasersampling.lif.exchange.networks import arrays_of

RNG = np.random.default_rng(3)
ARRAYS: dict[str, Any] = {
    "input_copies": 2,
    "bias_times": [0.2],
    "weights_0": RNG.normal(1.0, 1.0, (2, 8, 5)),
    "axonal_delays_0": RNG.uniform(0.0, 1.0, (2, 5)),
    "tau_mem_0": np.full((2, 8), 1.0 / 3.0),
    "weights_1": RNG.normal(1.0, 1.0, (2, 3, 8)),
    "synaptic_delays_1": RNG.uniform(0.0, 1.0, (2, 3, 8)),
    "dendritic_delays_1": RNG.uniform(0.0, 1.0, (2, 3)),
}
NETWORK = network_from_arrays(ARRAYS)


def save(path, **options):
    about = {"command": "test", "trained_on": "yin_yang", "accuracy": [0.91, 0.92]}
    save_network(path, NETWORK, **(about | options))
    return path


def test_round_trip(tmp_path):
    stored = load_network(save(tmp_path / "network.h5"))
    assert (stored.trained_on, stored.command) == ("yin_yang", "test")
    assert stored.accuracy is not None
    assert stored.accuracy.tolist() == [0.91, 0.92]
    one, other = arrays_of(NETWORK), arrays_of(stored.network)
    assert set(one) == set(other)
    for name, array in one.items():
        assert other[name] == pytest.approx(array, rel=0, abs=1e-15), name
        if "delays" not in name:
            assert np.array_equal(other[name], array), name
    times = torch.rand(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(NETWORK(times), stored.network(times), rtol=0, atol=1e-12)


def test_single_precision_is_of_weights_and_delays_only(tmp_path):
    stored = load_network(save(tmp_path / "network.h5", single=True))
    arrays = arrays_of(stored.network)
    assert np.array_equal(arrays["weights_0"], ARRAYS["weights_0"].astype(np.float32))
    assert arrays["axonal_delays_0"] == pytest.approx(ARRAYS["axonal_delays_0"], abs=1e-7)
    assert (arrays["tau_mem_0"] == 1.0 / 3.0).all()
    assert arrays["bias_times"] == [0.2]


def test_what_is_not_known_is_left_out(tmp_path):
    path = tmp_path / "network.h5"
    save_network(path, NETWORK, command="")
    stored = load_network(path, DelayRange(scale=2.0))
    assert (stored.trained_on, stored.accuracy, stored.command) == ("", None, "")
    assert isinstance(stored.network, SpikingNetwork)
    delays = stored.network.stages[2]
    assert isinstance(delays, AxonalDelays)
    assert delays.span.trainable


def test_xarray_shows_dimensions_units_and_descriptions(tmp_path):
    path = save(tmp_path / "network.h5")
    with xarray.open_dataset(path, group="network", engine="h5netcdf") as opened:
        assert opened["weights_1"].dims == ("member", "neuron_1", "neuron_0")
        assert opened["axonal_delays_0"].dims == ("member", "input")
        assert opened["accuracy"].dims == ("member",)
        for name, values in opened.variables.items():
            is_time = any(word in str(name) for word in ("delays", "tau", "times"))
            assert values.attrs["units"] == ("tau_syn" if is_time else "1"), name
            assert values.attrs["long_name"], name
    with h5py.File(path) as file:
        assert file.attrs["time_unit"] == "tau_syn"
        assert file.attrs["form_version"] == 1


def test_bad_accuracies_are_refused_and_nothing_is_written(tmp_path):
    for accuracy in ([0.9], [0.9, 1.2], [0.9, np.nan]):
        with pytest.raises(InputError, match="accuracy: got .*2 numbers from 0 to 1"):
            save(tmp_path / "network.h5", accuracy=accuracy)
    save(tmp_path / "network.h5")
    with pytest.raises(InputError, match="a file that exists"):
        save(tmp_path / "network.h5", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["network.h5"]


def test_every_truncation_is_one_clear_error(tmp_path):
    content = save(tmp_path / "network.h5").read_bytes()
    cut = tmp_path / "cut.h5"
    for length in [0, 4, 8, 100, *range(500, len(content), 3000), len(content) - 1]:
        cut.write_bytes(content[:length])
        with pytest.raises(InputError) as caught:
            load_network(cut)
        (problem,) = caught.value.problems
        assert problem.where == str(cut)
        assert problem.expected.startswith("a network file written by lasersampling")


def test_damaged_bytes_give_an_input_error_or_a_network(tmp_path):
    """Not another exception; what lies within the numbers cannot be noticed."""
    content = bytearray(save(tmp_path / "network.h5").read_bytes())
    broken = tmp_path / "broken.h5"
    refused = 0
    for place in range(0, len(content), max(1, len(content) // 60)):
        damaged = bytearray(content)
        damaged[place : place + 8] = bytes(255 - byte for byte in damaged[place : place + 8])
        broken.write_bytes(damaged)
        try:
            load_network(broken)
        except InputError:
            refused += 1
    assert refused > 8


def test_foreign_files(tmp_path):
    def refused(path, text):
        with pytest.raises(InputError, match=text):
            load_network(path)
        assert not is_network_file(path)

    refused(tmp_path / "none.h5", "no such file")
    refused(tmp_path, "got a directory")
    (tmp_path / "text.h5").write_text("weights = [1]")
    refused(tmp_path / "text.h5", "begins with b'weights '")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["network/weights_0"] = np.ones((2, 2))
    refused(tmp_path / "other.h5", "of another form")


def test_problems_within_are_named_with_the_file(tmp_path):
    path = save(tmp_path / "network.h5")
    assert is_network_file(path)
    with h5py.File(path, "a") as file:
        file["network/threshold_0"][:] = np.nan
        file["network/colour"] = 1.0
    with pytest.raises(InputError) as caught:
        load_network(path)
    places = {problem.where for problem in caught.value.problems}
    assert places == {f"{path}: /network/colour", f"{path}: /network/threshold_0"}
    for key, value in [("form_version", 3), ("time_unit", "ms")]:
        with h5py.File(save(path), "a") as file:
            file.attrs[key] = value
        with pytest.raises(InputError, match=f"{key}: got .*{value}"):
            load_network(path)
