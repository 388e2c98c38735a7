"""Losses on numbers of spikes, with the derivative of 1 by voltage that is taken for presence."""

import numpy as np
import pytest
import torch

from lasersampling.lif import Neuron, Streams
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from tests.lif.events.networks import END, events, recurrent, spike_train


def one_neuron(weight, refractory):
    """One neuron of equal time constants, and one input."""
    population = Population(1, Neuron(), refractory=refractory, learned=("threshold",))
    return PopulationNetwork(1, [population], [Connection(INPUTS, 0, weight, 0.0)], Streams([0]))


def output(network, train=((0.0, 0),)):
    return run_events(network, events([list(train)], n_inputs=1), EventSettings(END)).spikes()


def slopes(loss, network):
    """Derivatives by the weight and by the threshold of `one_neuron`."""
    found = torch.autograd.grad(loss, [network.weights[0], network.neurons[0].threshold])
    return [float(slope) for slope in found]


def test_one_spike_by_hand():
    """The weight raises U by t exp(-t), and the threshold lowers U - G by 1."""
    network = one_neuron(5.0, np.inf)
    spikes = output(network)
    t = float(spikes.time[0].detach())
    assert spikes.counts().tolist() == [[[1.0]]]
    found = slopes(3.0 * spikes.counts().sum(), network)
    assert found == pytest.approx([3.0 * t * np.exp(-t), -3.0], rel=1e-12)


def test_two_spikes_by_hand():
    """What the second is worth moves the first as well, since voltages begin anew behind it."""
    network = one_neuron(4.0, 0.0)
    spikes = output(network)
    first, second = spikes.time.detach().tolist()
    since = second - first
    current = 4.0 * np.exp(-first)
    at_release = np.exp(-since)  # p_U behind the first spike
    by_voltage = 1.0 + at_release * current / (current - 1.0)
    by_current = since * np.exp(-since)
    expected = by_current * np.exp(-first) + by_voltage * first * np.exp(-first)
    found = slopes(spikes.counts().sum(), network)
    assert found == pytest.approx([expected, -1.0 - by_voltage], rel=1e-12)


def test_a_loss_that_wants_more_spikes_asks_for_larger_weights():
    network = one_neuron(4.0, 0.0)
    few, many = (
        slopes((output(network).counts().sum() - wanted).square(), network)
        for wanted in (50.0, 0.0)
    )
    assert few[0] < 0 < many[0]
    assert few[1] > 0 > many[1]


def test_presence_goes_through_views_and_delays():
    """Parts of the neurons, and spikes that dendrites delay beyond the end."""
    network = recurrent()
    activity = run_events(network, events(spike_train(n_runs=2)), EventSettings(END))
    hidden, sent = activity.spikes(0), activity.spikes(1)
    assert hidden.presence is not None and sent.presence is not None
    pairs = [
        (hidden.of(1, 3).counts(), hidden.counts()[..., 1:3]),
        (sent.counts().sum(), torch.tensor(float(len(sent.time)))),
    ]
    for one, other in pairs:
        assert one.requires_grad
        assert torch.equal(one, other.to(one))
    (slope,) = torch.autograd.grad(hidden.of(1, 3).counts().sum(), hidden.presence)
    assert torch.equal(slope > 0, (hidden.neuron >= 1) & (hidden.neuron < 3))


def test_losses_that_do_not_count_are_as_they_were():
    """To the bit, with the counts in the graph or not."""
    network = recurrent(1.4)
    spikes = run_events(network, events(spike_train(n_runs=3)), EventSettings(END)).spikes()
    parameters = list(network.parameters())
    plain, counted = (
        torch.autograd.grad(loss, parameters, retain_graph=True)
        for loss in (
            spikes.time.sin().sum(),
            spikes.time.sin().sum() + 0.0 * spikes.counts().sum(),
        )
    )
    assert all(torch.equal(one, other) for one, other in zip(plain, counted, strict=True))
