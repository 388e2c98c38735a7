"""Stacks of layers as networks of populations: the same spikes and derivatives, and more."""

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import (
    AxonalDelays,
    BiasSpikes,
    DendriticDelays,
    LIFLayer,
    Neuron,
    RepeatInputs,
    SpikingNetwork,
    Streams,
    SynapticDelays,
)
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.layered import LayeredNetwork, SpikingAgain
from lasersampling.lif.populations.spikes import SpikeEvents

NEURON = Neuron(0.8, 0.1, 0.7, 1.5)


def stack(kind="plain", seeds=(0, 1)):
    streams = Streams(list(seeds))
    synaptic = kind == "synaptic"
    layers = [
        LIFLayer(
            n_pre, n_post, streams, NEURON, weight_mean=mean,
            synaptic_delays=SynapticDelays(n_post, n_pre, streams) if synaptic else None,
        )
        for n_pre, n_post, mean in ((7, 12, 0.5), (12, 3, 0.3))
    ]  # fmt: skip
    front = [RepeatInputs(2), BiasSpikes([0.3])]
    if kind == "axonal":
        delays = [AxonalDelays(7, streams), AxonalDelays(12, streams)]
        return SpikingNetwork([*front, delays[0], layers[0], delays[1], layers[1]], streams)
    if kind == "dendritic":
        delays = [DendriticDelays(12, streams), DendriticDelays(3, streams)]
        return SpikingNetwork([*front, layers[0], delays[0], layers[1], delays[1]], streams)
    return SpikingNetwork([*front, *layers], streams)


def inputs(n_samples=9):
    generator = torch.manual_seed(2)
    return 2.0 * torch.rand(2, n_samples, 3, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("kind", ["plain", "axonal", "dendritic", "synaptic"])
def test_neurons_that_spike_once_are_those_of_the_stack(kind):
    network, times = stack(kind), inputs()
    layered = LayeredNetwork(network)
    spikes = run_events(layered, SpikeEvents.from_times(layered.prepared(times))).spikes().first()
    found, expected = layered.delayed(1, spikes), network(times)
    spiked = torch.isfinite(expected)
    assert spiked.float().mean() > 0.5
    assert bool((torch.isfinite(found) == spiked).all())
    parameters = [p for p in network.parameters() if p.requires_grad]
    slopes = [
        torch.autograd.grad(value[spiked].sin().sum(), parameters) for value in (found, expected)
    ]
    assert float((found - expected)[spiked].detach().abs().max()) < 1e-12
    for one, other in zip(*slopes, strict=True):
        assert float((one - other).abs().max()) < 1e-9 * float(other.abs().max())


def test_they_spike_again_if_they_may():
    network, times = stack(), inputs()
    layered = LayeredNetwork(network, SpikingAgain(reset=-0.1, refractory=0.2))
    spikes = run_events(
        layered, SpikeEvents.from_times(layered.prepared(times)), EventSettings(9.0)
    ).spikes(0)
    once = network.run(times).spikes[0]
    assert torch.allclose(
        torch.nan_to_num(spikes.first(), posinf=0), torch.nan_to_num(once, posinf=0)
    )
    assert int(spikes.counts().max()) > 1


def test_anything_but_delays_between_layers_is_refused():
    streams = Streams([0])
    network = SpikingNetwork(
        [LIFLayer(2, 3, streams), RepeatInputs(2), LIFLayer(6, 2, streams)], streams
    )
    with pytest.raises(InputError, match=r"stages\[1\]"):
        LayeredNetwork(network)


@pytest.mark.parametrize("wrong", [{"reset": 1.0}, {"refractory": -1.0}, {"refractory": np.nan}])
def test_what_neurons_cannot_do_after_a_spike_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        LayeredNetwork(stack(), SpikingAgain(**wrong))
