"""Spikes of a device with the derivatives of the nominal model."""

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.hardware import Description, Grid, load_chip
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
from lasersampling.lif.chips.emulated import EmulatedChip
from lasersampling.lif.chips.in_the_loop import InTheLoop, realised
from lasersampling.lif.spike_times.first_spike import make_layout, spikes_of
from lasersampling.lif.streams import Streams


def network_with(kind, seeds=(1, 2), neuron=None):
    streams = Streams(seeds)
    neuron = Neuron(threshold=2.6) if neuron is None else neuron
    size = {"weight_mean": 2.0, "weight_std": 0.5}
    stages = [RepeatInputs(2), BiasSpikes([0.4])]
    if kind == "axonal":
        stages.append(AxonalDelays(9, streams))
    first = SynapticDelays(7, 9, streams) if kind == "synaptic" else None
    stages.append(LIFLayer(9, 7, streams, neuron, synaptic_delays=first, **size))
    if kind == "dendritic":
        stages.append(DendriticDelays(7, streams))
    if kind == "axonal":
        stages.append(AxonalDelays(7, streams))
    second = SynapticDelays(3, 7, streams) if kind == "synaptic" else None
    stages.append(LIFLayer(7, 3, streams, neuron, synaptic_delays=second, **size))
    if kind == "dendritic":
        stages.append(DendriticDelays(3, streams))
    return SpikingNetwork(stages, streams)


def inputs(n_members=2):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n_members, 30, 4, dtype=torch.float64, generator=generator)


def gradients(network, activity):
    network.zero_grad()
    torch.where(torch.isfinite(activity.output), activity.output, 0.0).square().sum().backward()
    return [parameter.grad.clone() for parameter in network.parameters()]


@pytest.mark.parametrize("kind", ["none", "axonal", "dendritic", "synaptic"])
def test_on_an_ideal_chip_spikes_and_derivatives_are_those_of_the_network(kind):
    network = network_with(kind)
    chip = EmulatedChip(load_chip("ideal"), network.sizes, (0, 1))
    plain, looped = network.run(inputs()), InTheLoop(network, chip).run(inputs())
    assert torch.isfinite(plain.output).any()
    assert torch.allclose(plain.output, looped.output, atol=1e-12)
    for one, other in zip(plain.spikes + plain.inputs, looped.spikes + looped.inputs, strict=True):
        assert torch.allclose(one, other, atol=1e-12)
    for one, other in zip(gradients(network, plain), gradients(network, looped), strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-9)


def test_derivatives_are_those_of_the_nominal_model_at_the_observed_time():
    """One input of weight 5: with t observed, dT/dw = -k(t) / (5 exp(-t) - threshold)."""
    streams = Streams([0])
    network = SpikingNetwork([LIFLayer(1, 1, streams, Neuron(threshold=1.0))], streams)
    with torch.no_grad():
        network.layers[0].weights.fill_(5.0)
    t = 0.37
    loop = InTheLoop(network, Fixed({"spikes_0": np.full((1, 1, 1), t)}, network.sizes))
    activity = loop.run(torch.zeros(1, 1, dtype=torch.float64))
    assert activity.output.item() == t
    activity.output.sum().backward()
    expected = -t * np.exp(-t) / (5.0 * np.exp(-t) - 1.0)
    assert network.layers[0].weights.grad is not None
    assert network.layers[0].weights.grad.item() == pytest.approx(expected)


class Fixed:
    """A substrate that always says the same."""

    def __init__(self, spikes, sizes, kind="lif", n_members=1):
        self.spikes, self.description = spikes, Description(kind, "fixed", sizes, n_members)

    def run(self, parameters, inputs):
        return self.spikes


@pytest.mark.parametrize("with_delays", [False, True])
def test_tensor_operations_and_compiled_loops_agree(with_delays):
    """Observed times that the model would not give: early, late, and before all inputs."""
    generator = torch.Generator().manual_seed(3)
    times = torch.rand(2, 20, 6, dtype=torch.float64, generator=generator)
    times[:, :, 0] = torch.inf
    weights = torch.randn(2, 5, 6, dtype=torch.float64, generator=generator) + 1.0
    delays = torch.rand(2, 5, 6, dtype=torch.float64, generator=generator) if with_delays else None
    seen = 3.0 * torch.rand(2, 20, 5, dtype=torch.float64, generator=generator) - 0.5
    seen[:, :5, 1] = torch.inf
    found = []
    for is_compiled in (True, False):
        given = [v.clone().requires_grad_() for v in (times, weights, delays) if v is not None]
        layout = make_layout(Neuron(), weights, 0.05, compiled=is_compiled)
        spikes = spikes_of(given[0], given[1], given[2] if with_delays else None, layout, seen)
        assert torch.equal(spikes, seen)
        torch.where(torch.isfinite(spikes), spikes, 0.0).square().sum().backward()
        found.append([g.grad for g in given if g.grad is not None])
        assert len(found[-1]) == len(given)
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)
        assert bool((one != 0).any())
    # A spike before all of its inputs owes nothing to them.
    assert found[0][0][:, :, 0].abs().max() == 0.0


def test_another_gradient_slots_in():
    """A made-up one: every causal input moves the spike by its weight."""
    network = network_with("none", seeds=(1,))
    layers = []

    def by_weight(times, weights, delays, layout, observed):
        layers.append(tuple(weights.shape))
        moved = (weights - weights.detach()).sum(2)[:, None]
        return torch.where(torch.isfinite(observed), observed + moved, observed)

    chip = EmulatedChip(load_chip("ideal"), network.sizes, (0,))
    activity = InTheLoop(network, chip, gradient=by_weight).run(inputs(1))
    plain = InTheLoop(network, chip).run(inputs(1))
    assert torch.equal(activity.output, plain.output)
    n_spikes = torch.isfinite(activity.output).sum((0, 1))
    torch.where(torch.isfinite(activity.output), activity.output, 0.0).sum().backward()
    assert layers == [(1, 7, 9), (1, 3, 7)]
    assert torch.equal(network.layers[1].weights.grad[0, :, 0], n_spikes.to(torch.float64))


def test_what_is_programmed_has_the_names_of_the_protocol():
    axonal = network_with("axonal")
    chip = EmulatedChip(load_chip("ideal"), axonal.sizes, (0, 1))
    settings = {"note": np.ones(1)}
    names = set(InTheLoop(axonal, chip, settings=settings).parameters())
    assert names == {"weights_0", "weights_1", "axonal_delays_0", "axonal_delays_1", "note"}
    synaptic = network_with("synaptic")
    names = set(InTheLoop(synaptic, chip).parameters())
    assert names == {"weights_0", "weights_1", "synaptic_delays_0", "synaptic_delays_1"}


def test_coarse_and_bounded_weights_pass_their_derivatives_on():
    weights = torch.tensor([[0.3, 0.39, -5.0]], requires_grad=True)
    coarse = realised(weights, Grid(step=0.25, lowest=-1.1, highest=1.1))
    assert torch.allclose(coarse, torch.tensor([[0.25, 0.5, -1.1]]))
    coarse.sum().backward()
    assert weights.grad is not None
    assert torch.equal(weights.grad, torch.ones(1, 3))
    assert realised(weights, Grid()) is weights


def test_networks_and_substrates_that_do_not_fit_are_refused():
    network = network_with("none")
    ideal = load_chip("ideal")
    with pytest.raises(InputError, match="substrate: got layers of"):
        InTheLoop(network, EmulatedChip(ideal, (9, 7, 4), (0, 1)))
    with pytest.raises(InputError, match="substrate: got 1 chips, expected 2"):
        InTheLoop(network, EmulatedChip(ideal, network.sizes, (0,)))
    with pytest.raises(InputError, match="a device of kind 'lasers'"):
        InTheLoop(network, Fixed({}, (5,), "lasers"))
    streams, span = Streams([0]), DelayRange()
    layer = LIFLayer(2, 2, streams)
    for stages in (
        [layer, AxonalDelays(2, streams, span)],
        [DendriticDelays(2, streams), layer],
        [AxonalDelays(2, streams), RepeatInputs(1), layer],
        [layer, RepeatInputs(1), LIFLayer(2, 2, streams)],
        [layer, DendriticDelays(2, streams), DendriticDelays(2, streams)],
    ):
        with pytest.raises(InputError, match="network: got .*expected prepared inputs"):
            InTheLoop(SpikingNetwork(stages, streams), Fixed({}, (2, 2)))
