from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import (
    AxonalDelays,
    BiasSpikes,
    DelayRange,
    DendriticDelays,
    LIFLayer,
    Neuron,
    RepeatInputs,
    SpikingNetwork,
    SynapticDelays,
)
from lasersampling.lif.exchange.arrays import (
    checked_arrays,
    n_inputs,
    network_from_arrays,
    network_to_arrays,
)
from lasersampling.lif.streams import Streams

SPAN = DelayRange(minimum=0.05, scale=1.3, initial_std=1.0)
OWN = Neuron(np.linspace(0.6, 0.9, 6), -0.1, 0.7, np.linspace(1.2, 2.2, 6), 0.8)


def network(seeds=(0, 1), neuron=OWN):
    """All that a network can have: 3 inputs, twice, and 1 bias; 6 hidden neurons, 2 outputs."""
    streams = Streams(seeds)
    stages = [
        RepeatInputs(2),
        BiasSpikes([0.3]),
        AxonalDelays(7, streams, SPAN, shared=[0, 0, 1, 1, 2, 2, 3]),
        LIFLayer(7, 6, streams, neuron, weight_mean=0.8),
        DendriticDelays(6, streams, SPAN),
        AxonalDelays(6, streams, DelayRange(positivity="softplus")),
        LIFLayer(6, 2, streams, synaptic_delays=SynapticDelays(2, 6, streams, SPAN)),
        DendriticDelays(2, streams, SPAN),
    ]
    return SpikingNetwork(stages, streams)


def inputs(n=200, width=3, seed=5):
    return torch.rand(n, width, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def assert_same_spikes(one, other, atol=1e-12, width=3):
    """Compare all spikes of two networks; enough of them must be there."""
    with torch.no_grad():
        first, second = one.run(inputs(width=width)), other.run(inputs(width=width))
    pairs = zip((*first.spikes, first.output), (*second.spikes, second.output), strict=True)
    for a, b in pairs:
        assert torch.isfinite(a).double().mean() > 0.3
        assert torch.equal(torch.isfinite(a), torch.isfinite(b))
        assert torch.allclose(a, b, rtol=0, atol=atol)


def test_the_same_network_comes_back():
    made = network()
    arrays = network_to_arrays(made)
    again = network_from_arrays(arrays)
    assert_same_spikes(made, again)
    assert again.n_members == 2
    assert [type(stage) for stage in again.stages] == [type(stage) for stage in made.stages]
    for one, other in zip(made.layers, again.layers, strict=True):
        assert torch.equal(one.weights, other.weights)
    returned = network_to_arrays(again)
    assert list(returned) == list(arrays)
    for name, array in arrays.items():
        assert returned[name] == pytest.approx(array, rel=0, abs=1e-14), name
    assert set(arrays) == {
        *("input_copies", "bias_times", "axonal_delays_0", "weights_0", "dendritic_delays_0"),
        *("axonal_delays_1", "weights_1", "synaptic_delays_1", "dendritic_delays_1"),
        *(f"{n}_{k}" for k in (0, 1) for n in ("threshold", "leak", "conductance")),
        *(f"{n}_{k}" for k in (0, 1) for n in ("tau_mem", "tau_syn")),
    }
    assert n_inputs(arrays) == 3


def test_equal_neurons_stay_one_number_which_is_faster():
    again = network_from_arrays(network_to_arrays(network(neuron=Neuron(tau_mem=2.0))))
    assert again.layers[0].neuron.tau_mem == 2.0
    assert isinstance(again.layers[0].neuron.tau_mem, float)
    assert again.layers[0].layout().shared


def test_delays_are_fixed_unless_a_range_is_given():
    arrays = {"weights_0": np.ones((3, 2)), "axonal_delays_0": np.array([0.0, 3.0])}
    fixed = network_from_arrays(arrays)
    assert fixed.n_parameters == 6
    assert network_to_arrays(fixed)["axonal_delays_0"].tolist() == [[0.0, 3.0]]
    arrays["axonal_delays_0"] = np.array([0.5, 3.0])
    trained = network_from_arrays(arrays, DelayRange(scale=5.0))
    assert trained.n_parameters == 8
    delays = network_to_arrays(trained)["axonal_delays_0"][0]
    assert delays.tolist() == pytest.approx([0.5, 3.0], abs=1e-15)
    with pytest.raises(InputError, match=r"axonal_delays_0: got 0\.5 to 3, expected between 0 and"):
        network_from_arrays(arrays, DelayRange(scale=2.0))


def test_a_dictionary_of_ones_own():
    """Lists, without members and what has defaults; one number for all neurons."""
    one = network_from_arrays({"weights_0": [[2, 3], [4, 5]], "weights_1": [[3.0, 1.0]]})
    assert [tuple(layer.weights.shape) for layer in one.layers] == [(1, 2, 2), (1, 1, 2)]
    assert one.layers[0].neuron.threshold == 1.0
    two = network_from_arrays({"weights_0": np.ones((4, 3, 2)), "tau_mem_0": 2.0, "leak_0": -0.5})
    assert (two.n_members, two.layers[0].neuron.tau_mem, two.layers[0].neuron.leak) == (
        4,
        2.0,
        -0.5,
    )
    spread = checked_arrays({"weights_0": np.ones((2, 3, 2)), "axonal_delays_0": [0.1, 0.2]})
    assert spread["axonal_delays_0"].tolist() == [[0.1, 0.2], [0.1, 0.2]]


def test_all_problems_at_once():
    wrong: dict[str, Any] = {
        "weights_0": np.ones((2, 3, 4)),
        "axonal_delays_0": [0.1, -0.2, 0.1, 0.1],
        "dendritic_delays_0": np.zeros((3, 3)),
        "threshold_0": [1.0, np.nan, 1.0],
        "leak_0": "high",
        "tau_mem_0": np.ones((2, 5)),
        "weights_1": np.ones((2, 2, 7)),
        "synaptic_delays_1": np.ones(7),
        "weights_3": np.ones((2, 2)),
        "weights_01": np.ones((2, 2)),
        "colour": 1,
        "input_copies": 1.5,
        "bias_times": [[0.1]],
        "tau_syn_1": [[1.0], [1.0, 2.0]],
    }
    with pytest.raises(InputError) as caught:
        network_from_arrays(wrong)
    told = {
        problem.where: f"{problem.got} | {problem.expected}" for problem in caught.value.problems
    }
    for where, text in {
        "axonal_delays_0": "a delay of -0.2",
        "dendritic_delays_0": "3 members | 2",
        "threshold_0": "1 entries that are nan",
        "leak_0": "entries of type <U4",
        "tau_mem_0": r"shape (2, 5) | (3,)",
        "weights_1": "7 inputs | 3, the neurons of layer 0",
        "synaptic_delays_1": "shape (7,) | (member, post, pre)",
        "weights_2": "nothing",
        "weights_01": "unknown",
        "colour": "unknown name | one of: weights_k",
        "input_copies": "1.5 | a whole number",
        "bias_times": "shape (1, 1)",
        "tau_syn_1": "what is no array",
    }.items():
        assert text in told[where], where
    assert len(told) == 13


@pytest.mark.parametrize(
    ("arrays", "where", "text"),
    [
        ({}, "weights_0", "nothing"),
        ({"threshold_1000000000": 1.0, "weights_0": [[1.0]]}, "weights_1", "nothing"),
        ({"weights_0": [[1.0]], "threshold_0": [-1.0]}, "threshold_0", "above the leak"),
        ({"weights_0": [[1.0]], "tau_mem_0": 0.0}, "tau_mem_0", "above 0"),
        ({"weights_0": np.ones((2, 5)), "input_copies": 2}, "weights_0", "multiple of 2"),
        ({"weights_0": np.ones((2, 2)), "bias_times": [0.0, 1.0]}, "weights_0", "2 \\(bias_times"),
        ({"weights_0": np.ones((2, 0))}, "weights_0", "empty"),
        ({"weights_0": np.ones(2)}, "weights_0", r"\(member, post, pre\)"),
        ({"weights_0": np.ones((2, 2), dtype=bool)}, "weights_0", "type bool"),
    ],
)
def test_one_problem(arrays, where, text):
    with pytest.raises(InputError, match=f"(?m)^{where}: .*{text}"):
        network_from_arrays(arrays)


def test_stages_without_a_place_are_refused():
    streams = Streams([0])
    layer = LIFLayer(2, 3, streams)
    wrong = [
        AxonalDelays(2, streams),
        RepeatInputs(2),
        layer,
        BiasSpikes([0.1]),
        torch.nn.Identity(),
        AxonalDelays(3, streams),
    ]
    with pytest.raises(InputError) as caught:
        network_to_arrays(SpikingNetwork(wrong, streams))
    # Repeated after delays, bias spikes after a layer, a stage of another kind, delays at the end.
    places = [problem.where for problem in caught.value.problems]
    assert places == ["stages[1]", "stages[3]", "stages[4]", "stages"]
