import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import BiasSpikes, LIFLayer, Neuron, RepeatInputs, first_spike_times
from lasersampling.lif.streams import Streams


def inputs(n_members=2, n_samples=30, n_pre=6):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n_members, n_samples, n_pre, dtype=torch.float64, generator=generator)


def test_a_layer_is_its_function():
    neuron = Neuron(tau_mem=2.0, conductance=0.5)
    layer = LIFLayer(6, 4, Streams([1, 2]), neuron)
    assert torch.equal(layer(inputs()), first_spike_times(inputs(), layer.weights, neuron))


def test_initial_weights_and_members():
    layer = LIFLayer(50, 40, Streams([1, 2]), weight_mean=0.5, weight_std=2.0)
    # 2000 weights a member: standard error of the mean 0.045, of the deviation 0.032.
    assert torch.allclose(layer.weights.mean((1, 2)), torch.tensor(0.5).double(), atol=0.15)
    assert torch.allclose(layer.weights.std((1, 2)), torch.tensor(2.0).double(), atol=0.1)
    alone = LIFLayer(50, 40, Streams([2]), weight_mean=0.5, weight_std=2.0)
    assert torch.equal(layer.weights[1], alone.weights[0])


def test_the_layout_follows_a_change_of_type():
    layer = LIFLayer(6, 4, Streams([1, 2]))
    double = layer(inputs())
    single = layer.float()(inputs().float())
    assert single.dtype == torch.float32
    both = torch.isfinite(double) & torch.isfinite(single)
    assert torch.allclose(single[both].double(), double[both], atol=1e-4)


def test_bias_spikes_and_copies():
    times = inputs(1, 2, 2)
    more = BiasSpikes([0.5, 1.0])(times)
    assert more[0, 1].tolist() == [*times[0, 1].tolist(), 0.5, 1.0]
    assert RepeatInputs(3)(times)[0, 0].tolist() == [*[times[0, 0, 0]] * 3, *[times[0, 0, 1]] * 3]


@pytest.mark.parametrize(
    ("build", "where"),
    [
        (lambda: LIFLayer(0, 1, Streams([0])), "n_pre"),
        (lambda: LIFLayer(1, 1, Streams([0]), weight_std=-1.0), "weight_std"),
        (lambda: LIFLayer(1, 1, Streams([0]), smallest_slope=0.0), "smallest_slope"),
        (lambda: BiasSpikes([np.nan]), r"times\[0\]"),
        (lambda: RepeatInputs(0), "copies"),
        (lambda: Neuron(threshold=0.0), "threshold"),
        (lambda: Neuron(tau_mem=0.0), "tau_mem"),
        (lambda: Neuron(tau_syn=np.nan), "tau_syn"),
        (lambda: Neuron(threshold=np.ones(2), leak=np.zeros(3)), "shapes"),
        (lambda: Neuron(threshold=np.ones((1, 1, 1))), "shapes"),
        (lambda: Streams([]), "seeds"),
        (lambda: Streams([0, -1]), r"seeds\[1\]"),
    ],
)
def test_bad_input_is_refused(build, where):
    with pytest.raises(InputError, match=where):
        build()


def test_streams_go_on_from_a_state():
    streams = Streams([4, 5])
    state = streams.state()
    first = streams.normal(3), streams.permutations(7)
    streams.set_state(state)
    assert torch.equal(streams.normal(3), first[0])
    assert torch.equal(streams.permutations(7), first[1])
    assert sorted(first[1][1].tolist()) == list(range(7))
