"""Stacks of layers with delays of each kind, for tests that run them in several ways."""

import torch

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

KINDS = ("plain", "axonal", "dendritic", "synaptic")
"""Which delays `stack` has."""


def stack(kind="plain", seeds=(0, 1), *, tau_mem=1.5):
    """Three inputs, given twice with a bias spike, twelve hidden and three output neurons."""
    streams = Streams(list(seeds))
    synaptic = kind == "synaptic"
    layers = [
        LIFLayer(
            n_pre, n_post, streams, Neuron(0.8, 0.1, 0.7, tau_mem), weight_mean=mean,
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


def inputs(n_samples=9, n_members=2):
    """Input times, (member, sample, input)."""
    generator = torch.manual_seed(2)
    shape = (n_members, n_samples, 3)
    return 2.0 * torch.rand(shape, dtype=torch.float64, generator=generator)
