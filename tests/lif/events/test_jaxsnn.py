"""Spikes and gradients of a feed-forward network whose neurons spike several times, by jaxsnn."""

import numpy as np
import pytest
import torch

from lasersampling.lif import Neuron, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from lasersampling.lif.populations.spikes import SpikeEvents

jaxsnn_event = pytest.importorskip("jaxsnn.event")

END, N_STEPS = 4.0, 120


def network():
    """Five inputs, ten hidden neurons, three outputs; jaxsnn solves tau_mem = 2 tau_syn."""
    neuron = Neuron(tau_mem=2.0)
    return PopulationNetwork(
        5, [Population(10, neuron), Population(3, neuron)],
        [Connection(INPUTS, 0, 2.0, 1.0), Connection(0, 1, 0.4, 0.3)], Streams([0]),
    )  # fmt: skip


def by_jaxsnn(times, weights):
    """Spikes (time, neuron) of each sample and layer, and derivatives by the weights."""
    import jax
    import jax.numpy as jnp
    from jaxsnn.event.modules import LIF, Linear, Source
    from jaxsnn.event.modules.lif.parameters import LIFParameters
    from jaxsnn.event.topology import Topology
    from jaxsnn.event.types import Spike

    with jax.enable_x64(True):
        neuron = LIFParameters(tau_syn=1.0, tau_mem=2.0, v_th=1.0, v_reset=0.0)
        topology = Topology(t_max=END, backprop_method="eventprop")
        parts = {
            "inputs": Source(5),
            "hidden": LIF(10, N_STEPS, neuron),
            "output": LIF(3, N_STEPS, neuron),
        }
        topology.add({**parts, "weights_0": Linear(), "weights_1": Linear()})
        topology.connect(
            [
                ("inputs", "weights_0"), ("weights_0", "hidden"),
                ("hidden", "weights_1"), ("weights_1", "output"),
            ]
        )  # fmt: skip
        _, apply = topology.done()
        order = np.argsort(times, axis=1)
        inputs = Spike(
            time=jnp.asarray(np.take_along_axis(times, order, axis=1)), idx=jnp.asarray(order),
            current=jnp.zeros(times.shape), layer_idx=jnp.zeros(times.shape, dtype=int),
            internal=jnp.ones(times.shape, dtype=bool),
        )  # fmt: skip
        parameters = {f"weights_{k}": jnp.asarray(w) for k, w in enumerate(weights)}

        def loss(parameters):
            events = apply({"inputs": inputs}, parameters)
            output = events["output"]
            return jnp.where(output.internal, jnp.sin(output.time), 0.0).sum(), events

        slopes, events = jax.grad(loss, has_aux=True)(parameters)
        found = [
            [
                [(float(t), int(n)) for t, n, own in zip(*sample, strict=True) if own]
                for sample in zip(layer.time, layer.idx, layer.internal, strict=True)
            ]
            for layer in (events["hidden"], events["output"])
        ]
        return found, [np.asarray(slopes[name]) for name in parameters]


def test_spikes_and_gradients_are_those_of_jaxsnn():
    net = network()
    times = np.random.default_rng(2).uniform(0.0, 2.0, (6, 5))
    activity = run_events(
        net, SpikeEvents.from_times(torch.from_numpy(times)[None]), EventSettings(END)
    )
    activity.spikes().time.sin().sum().backward()
    expected, slopes = by_jaxsnn(times, [w[0].detach().numpy() for w in net.weights])
    for k, samples in enumerate(expected):
        own = activity.spikes(k)
        assert own.counts().max() >= 3
        assert own.neuron.tolist() == [n for sample in samples for _, n in sample]
        known = np.array([t for sample in samples for t, _ in sample])
        assert np.abs(own.time.detach().numpy() - known).max() < 1e-10
    for own, slope in zip(net.weights, slopes, strict=True):
        assert own.grad is not None
        error = np.abs(own.grad[0].numpy() - slope).max()
        assert error < 1e-8 * np.abs(slope).max()
