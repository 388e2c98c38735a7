"""Derivatives of spike times by input times, an identity, the published form.

Those by parameters: `test_agreement`.
"""

import numpy as np
import pytest
import torch

from lasersampling.lif import Neuron, Streams
from lasersampling.lif.events.function import event_spikes
from lasersampling.lif.events.run import run_events
from lasersampling.lif.events.settings import EventSettings
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.lif.populations.population import INPUTS, Connection, Population
from tests.lif.events.networks import END, central_differences, events, recurrent, spike_train


def loss_of(network, inputs):
    """A smooth function of all spike times with a weight for each, and which neurons spiked."""
    activity = run_events(network, inputs, EventSettings(END))
    parts = [activity.spikes(k) for k in range(2)]
    times = torch.cat([part.time for part in parts])
    loss = (times * torch.sin(1.0 + torch.arange(len(times)))).sum()
    return loss, [part.neuron.tolist() for part in parts]


def test_derivatives_by_input_times_are_those_of_central_differences():
    network, inputs = recurrent(1.4), events(spike_train(n_runs=2))
    inputs.time.requires_grad_()
    loss, _ = loss_of(network, inputs)
    (found,) = torch.autograd.grad(loss, inputs.time)
    expected = central_differences(
        lambda: loss_of(network, inputs)[0], inputs.time, range(len(found))
    )
    assert np.abs(found.numpy() - expected).max() < 1e-6 * max(1.0, np.abs(expected).max())


def test_if_all_times_grow_by_a_factor_so_do_the_spikes():
    """sum of x dt/dx over time constants, periods, delays and input times is t for each spike."""
    network = recurrent(1.4)
    numbers = network.numbers()
    inputs = events(spike_train())
    inputs.time.requires_grad_()
    leaves = type(numbers)(*(n.detach().clone().requires_grad_() for n in numbers))
    spikes, _ = event_spikes(inputs, leaves, network.rows, EventSettings(END))
    timed = [leaves.delays, leaves.tau_mem, leaves.tau_syn, leaves.refractory, inputs.time]
    assert len(spikes.time) >= 12
    for time in spikes.time:
        slopes = torch.autograd.grad(time, timed, retain_graph=True)
        total = sum(float((a.detach() * b).sum()) for a, b in zip(timed, slopes, strict=True))
        assert total == pytest.approx(float(time.detach()), rel=1e-9)


def test_the_published_gradient_of_weights():
    """dL/dw = -tau_syn sum of lambda_I at arrivals, with lambda_I from a numerical integral."""
    # One neuron of conductance 1, one input that arrives twice, one spike. Backward in time s,
    # lambda_V jumps to 1 / (tau_mem U') at the spike; tau_syn dlambda_I/ds = lambda_V - lambda_I.
    mem, syn = 1.5, 0.8
    population = Population(1, Neuron(tau_mem=mem, tau_syn=syn), refractory=np.inf)
    network = PopulationNetwork(1, [population], [Connection(INPUTS, 0, 2.0, 0.0)], Streams([0]))
    inputs = events([[(0.0, 0), (0.4, 0)]], n_inputs=1)
    time = run_events(network, inputs, EventSettings(END)).spikes().time[0]
    (found,) = torch.autograd.grad(time, network.weights[0])
    t = float(time.detach())
    current = 2.0 * (np.exp(-t / syn) + np.exp(-(t - 0.4) / syn))
    jump = 1.0 / (current - 1.0)  # of lambda_V: 1 / (tau_mem U')

    def lambda_i(s, n=20001):
        grid = np.linspace(0.0, s, n)
        drive = jump * np.exp(-grid / mem) * np.exp(-(s - grid) / syn) / syn
        return np.trapezoid(drive, grid)

    expected = -syn * (lambda_i(t) + lambda_i(t - 0.4))
    assert float(found) == pytest.approx(expected, rel=1e-7)
