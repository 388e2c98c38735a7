import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import (
    AxonalDelays,
    BiasSpikes,
    LIFLayer,
    Neuron,
    SpikingNetwork,
    SynapticDelays,
    decisions,
)
from lasersampling.lif.streams import Streams

NEURON = Neuron(tau_mem=2.0, conductance=0.5)


def network(seeds):
    streams = Streams(seeds)
    synaptic = SynapticDelays(3, 8, streams)
    stages = [
        BiasSpikes([0.2]),
        AxonalDelays(5, streams),
        LIFLayer(5, 8, streams, NEURON),
        LIFLayer(8, 3, streams, NEURON, synaptic_delays=synaptic),
    ]
    return SpikingNetwork(stages, streams)


def samples(*shape):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_members_of_an_ensemble_are_as_if_alone():
    """Up to rounding: torch computes the last numbers of an array by other instructions."""
    times = samples(3, 10, 4)
    together = network([5, 6, 7])
    spikes = together(times)
    spikes[torch.isfinite(spikes)].sum().backward()
    for e, seed in enumerate([5, 6, 7]):
        alone = network([seed])
        own = alone(times[e : e + 1])
        assert torch.allclose(own[0], spikes[e], rtol=0, atol=1e-13)
        own[torch.isfinite(own)].sum().backward()
        for one, other in zip(alone.parameters(), together.parameters(), strict=True):
            assert torch.allclose(one.grad[0], other.grad[e], rtol=1e-11, atol=1e-13)
    assert together.n_parameters == 5 + 5 * 8 + 2 * 8 * 3


def test_samples_for_all_members_and_activity():
    made = network([5, 6])
    times = samples(10, 4)
    activity = made.run(times)
    assert torch.equal(activity.output, made(torch.stack([times, times])))
    assert [s.shape for s in activity.spikes] == [(2, 10, 8), (2, 10, 3)]
    assert activity.inputs[0].shape == (2, 10, 5)
    assert activity.inputs[1] is activity.spikes[0]
    assert activity.output is activity.spikes[1]


def test_bad_input_is_refused():
    made = network([5, 6])
    for times, got in [
        (samples(3, 10, 4), r"\(3, 10, 4\)"),
        (samples(10, 3), "4 neurons"),
        (torch.full((2, 4), torch.nan), "nan"),
    ]:
        with pytest.raises(InputError, match=rf"times(\[0\])*: got .*{got}"):
            made(times)
    with pytest.raises(InputError, match="stages"):
        SpikingNetwork([BiasSpikes([0.0])], Streams([0]))


def test_decisions():
    inf = torch.inf
    spikes = torch.tensor([[2.0, 1.0, inf], [inf, inf, inf], [1.0, 3.0, 1.0]])
    assert decisions(spikes).tolist() == [1, -1, 0]
