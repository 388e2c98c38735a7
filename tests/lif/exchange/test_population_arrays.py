"""Networks of populations as arrays and as files."""

from typing import Any

import h5py
import numpy as np
import pytest
import torch
import xarray
from hypothesis import HealthCheck, given, settings

from lasersampling.errors import InputError
from lasersampling.lif import DelayRange, LIFLayer, Neuron, SpikingNetwork, Streams
from lasersampling.lif.delays import Delays
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.exchange.network_file import load_network, save_network
from lasersampling.lif.exchange.population_arrays import (
    population_arrays,
    population_network_from_arrays,
)
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents
from tests.lif.exchange.random_populations import SPAN, assert_same, networks


@settings(max_examples=40, deadline=None, derandomize=True)
@given(networks())
def test_arrays_make_the_network_that_they_are_made_from(network):
    assert_same(network, population_network_from_arrays(population_arrays(network)))


@settings(
    max_examples=15, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(networks())
def test_a_file_keeps_all(tmp_path, network):
    accuracy = np.linspace(0.1, 1.0, network.n_members)
    save_network(
        tmp_path / "network.h5", network, command="test", trained_on="yin_yang", accuracy=accuracy
    )
    stored = load_network(tmp_path / "network.h5")
    assert isinstance(stored.network, PopulationNetwork)
    assert_same(network, stored.network)
    assert (stored.command, stored.trained_on) == ("test", "yin_yang")
    assert stored.accuracy is not None
    assert np.array_equal(stored.accuracy, accuracy)


LOOP: dict[str, Any] = {
    "n_inputs": 2,
    "connections": [[-1, 0], [0, 0], [0, 1]],
    "spiking": [1, 0],
    "weights_0": [[1.5, 1.0], [0.5, 2.0], [1.0, 1.0]],
    "weights_1": np.full((3, 3), 0.3),
    "weights_2": [[1.0, 0.5, -0.5]],
    "axonal_delays_0": [0.0, 0.4],
    "axonal_delays_1": [0.1, 0.2, 0.3],
    "synaptic_delays_1": np.arange(9.0).reshape(3, 3) / 10,
    "dendritic_delays_1": [0.2],
    "refractory_0": [0.2, 0.5, np.inf],
    "reset_0": -0.2,
    "tau_mem_1": 2.0,
}


def test_the_network_is_the_one_that_the_arrays_say():
    """Against the same network made by hand: what leads where, and which way round."""
    read = population_network_from_arrays(LOOP)
    inputs = SpikeEvents.from_trains([[(0.1, 0), (0.2, 1), (0.9, 1), (1.5, 0), (1.6, 1)]], 2)
    populations = [
        Population(3, reset=-0.2, refractory=np.array([0.2, 0.5, np.inf]), axonal=SPAN),
        Population(1, Neuron(tau_mem=2.0), spiking=False, dendritic=SPAN),
    ]
    connections = [
        Connection(INPUTS, 0), Connection(0, 0, delays=SPAN), Connection(0, 1)
    ]  # fmt: skip
    made = PopulationNetwork(2, populations, connections, [0], axonal=SPAN)
    span = DelayRange(scale=2.0)
    with torch.no_grad():
        for k, weights in enumerate(made.weights):
            given = np.asarray(LOOP[f"weights_{k}"])
            for post, pre in np.ndindex(given.shape):
                weights[0, pre, post] = given[post, pre]
        for stage, name in [
            (made.axonal[0], "axonal_delays_0"), (made.axonal[1], "axonal_delays_1"),
            (made.dendritic[1], "dendritic_delays_1"), (made.synaptic[1], "synaptic_delays_1"),
        ]:  # fmt: skip
            assert isinstance(stage, Delays)
            stage.span = span
            values = torch.tensor(np.asarray(LOOP[name]) / 2.0)
            stage.raw[0] = torch.logit(values.T if values.ndim == 2 else values)
    settings_ = EventSettings(end=5.0)
    one, other = run_events(read, inputs, settings_), run_events(made, inputs, settings_)
    assert torch.equal(one.spikes(0).neuron, other.spikes(0).neuron)
    assert len(one.spikes(0).time) > 5
    assert torch.allclose(one.spikes(0).time, other.spikes(0).time, rtol=0, atol=1e-12)
    maxima = one.voltages().maximum(), other.voltages().maximum()
    assert torch.allclose(*maxima, rtol=0, atol=1e-12)


def test_a_stack_of_layers_has_the_old_names():
    names: dict[str, Any] = {
        "weights_0": [[1.0, 2.0]],
        "weights_1": [[3.0]],
        "dendritic_delays_0": [0.5],
    }
    network = population_network_from_arrays(
        names | {"n_inputs": 2, "connections": [[-1, 0], [0, 1]], "spiking": [True, True]}
    )
    assert [(c.source, c.target) for c in network.connections] == [(-1, 0), (0, 1)]
    assert network.n_parameters == 3


def test_delays_can_be_trained():
    with pytest.raises(InputError, match=r"axonal_delays_0: got 0 to 0\.4"):
        population_network_from_arrays(LOOP, DelayRange(scale=1.0))
    arrays = LOOP | {"axonal_delays_0": [0.1, 0.4], "synaptic_delays_1": np.full((3, 3), 0.3)}
    network = population_network_from_arrays(arrays, DelayRange(scale=1.0))
    assert network.n_parameters == 6 + 9 + 3 + 2 + 3 + 9 + 1


@pytest.mark.parametrize(
    ("changes", "where", "text"),
    [
        ({"connections": None}, "connections", "nothing"),
        ({"n_inputs": None}, "n_inputs", "nothing"),
        ({"spiking": None}, "spiking", "nothing"),
        ({"weights_1": None}, "weights_1", "nothing"),
        ({"colour": 1.0}, "colour", "unknown name"),
        ({"weights_3": [[1.0]]}, "weights_3", "one below 3: connections"),
        ({"leak_2": 0.1}, "leak_2", "one below 2: populations"),
        ({"axonal_delays_3": [0.1]}, "axonal_delays_3", "one below 3: sources"),
        ({"connections": [[-1, 0], [0, 2], [0, 1]]}, r"connections\[1\]", "to 1, the populations"),
        ({"connections": [[-1, 0], [1, 0], [0, 1]]}, r"connections\[1\]", "a read-out"),
        ({"connections": [[-1, 0], [0.5, 0], [0, 1]]}, r"connections\[1\]", "from 0.5 to 0"),
        ({"connections": [[-1, 0], [0, 0], [0, 0]]}, "connections", "none to population 1"),
        ({"connections": [-1, 0]}, "connections", r"shape \(2,\)"),
        ({"spiking": [1, 2]}, "spiking", "other values"),
        ({"spiking": [0, 0]}, "spiking|connections", "read-out|at least one"),
        ({"n_inputs": 1.5}, "n_inputs", "whole number"),
        ({"n_inputs": 3}, "weights_0", r"shape \(3, 2\), expected \(3, 3\)"),
        ({"n_inputs": 1e15}, "n_inputs", "half of this computer's memory"),
        ({"weights_1": np.ones((3, 2))}, "weights_1", r"expected \(3, 3\)"),
        ({"weights_1": np.ones((2, 3, 3)), "leak_0": np.zeros((3, 3))}, "leak_0", "3 members"),
        ({"weights_0": [[1.0, np.nan]] * 3}, "weights_0", "3 entries that are nan"),
        ({"refractory_0": np.nan}, "refractory_0", "nan"),
        ({"tau_mem_0": np.inf}, "tau_mem_0", "nan or inf"),
        ({"refractory_0": -1.0}, "refractory_0", "at least 0"),
        ({"reset_0": 1.0}, "reset_0", "below the threshold"),
        ({"initial_0": 1.0}, "initial_0", "below the threshold"),
        ({"threshold_0": -1.0}, "threshold_0", "above the leak"),
        ({"tau_syn_1": 0.0}, "tau_syn_1", "above 0"),
        ({"axonal_delays_1": [0.1, -0.2, 0.1]}, "axonal_delays_1", "a delay of -0.2"),
        ({"axonal_delays_2": [0.1]}, "axonal_delays_2", "nothing is sent"),
        (
            {"dendritic_delays_0": np.ones(3), "initial_0": 0.1},
            "dendritic_delays_0",
            "not the leak",
        ),
    ],
)
def test_faults(changes, where, text):
    arrays = {name: a for name, a in (LOOP | changes).items() if a is not None}
    with pytest.raises(InputError, match=f"(?m)^{where}: .*{text}"):
        population_network_from_arrays(arrays)


def test_what_cannot_be_read_again_is_not_written(tmp_path):
    network = PopulationNetwork(
        1, [Population(2, learned=("threshold", "tau_mem"))], [Connection(INPUTS, 0)], [0]
    )
    threshold, tau_mem = (dict(network.neurons[0].named_parameters())[n] for n in (
        "threshold", "log_tau_mem"
    ))  # fmt: skip
    for parameter, value in [(threshold, -1.0), (tau_mem, np.nan)]:
        before = parameter.detach().clone()
        with torch.no_grad():
            parameter[0, 1] = value
        with pytest.raises(InputError, match=r"populations\[0\]"):
            save_network(tmp_path / "network.h5", network)
        with torch.no_grad():
            parameter.copy_(before)
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="expected a PopulationNetwork"):
        population_arrays(SpikingNetwork([LIFLayer(1, 1, s := Streams([0]))], s))  # type: ignore[arg-type]


def test_files_have_dimensions_units_and_the_version(tmp_path):
    path = tmp_path / "network.h5"
    save_network(path, population_network_from_arrays(LOOP), single=True)
    with xarray.open_dataset(path, group="network", engine="h5netcdf") as opened:
        assert opened["weights_0"].dims == ("member", "neuron_0", "input")
        assert opened["weights_1"].dims == ("member", "neuron_0", "sending_neuron_0")
        assert opened["axonal_delays_1"].dims == ("member", "neuron_0")
        for name, values in opened.variables.items():
            is_time = any(word in str(name) for word in ("delays", "tau", "refractory"))
            assert values.attrs["units"] == ("tau_syn" if is_time else "1"), name
            assert values.attrs["long_name"], name
        assert opened["weights_1"].dtype == np.float32
        assert opened["weights_1"].attrs["long_name"].endswith("from population 0 to population 0")
    with h5py.File(path, "a") as file:
        assert file.attrs["form_version"] == 2
        file["network/connections"][0] = [-1, 7]
    with pytest.raises(InputError, match=r"network\.h5: /network/connections\[0\]: got from -1 to"):
        load_network(path)
